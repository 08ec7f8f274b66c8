-- Copyright (C) the Pupil authors
--
-- Teachers who sign up outside of a school, into a tenant whose controller is
-- the provider (docs/operations.md).  Nobody is a person here before the address
-- is known to be theirs: what they say is sealed in one value, under the
-- tenant's key, for a day; whose it is stands in no index.  Their account is
-- made by pupilctl work, as nginx's role writes none.
--
-- compatible_from: 16

-- Its MAC covers all of it.  subject: whose account it will be.
CREATE TABLE pupil.sign_up (
    tenant        uuid NOT NULL,
    subject       uuid NOT NULL,
    institution   uuid NOT NULL,
    trial         integer NOT NULL CHECK (trial BETWEEN 1 AND 366),  -- days
    language      text NOT NULL CHECK (octet_length(language) <= 8),
    asked_at      timestamptz NOT NULL,
    confirmed_at  timestamptz,
    sealed        bytea NOT NULL,
    mac           bytea NOT NULL CHECK (octet_length(mac) = 32),
    PRIMARY KEY (tenant, subject)
);
CREATE INDEX sign_up_confirmed ON pupil.sign_up (tenant, confirmed_at)
    WHERE confirmed_at IS NOT NULL;
SELECT pupil.isolate('pupil.sign_up');
GRANT SELECT, INSERT, UPDATE (confirmed_at, sealed, mac) ON pupil.sign_up
    TO pupil_gateway;
GRANT SELECT, DELETE ON pupil.sign_up TO pupil_operator;


-- Whom pupilctl work looks at: when a trial ends says the role, under its MAC.
-- told: of which end its owner has heard.
CREATE TABLE pupil.trial (
    tenant    uuid NOT NULL,
    subject   uuid NOT NULL,
    ends      date NOT NULL,
    told      date,
    language  text NOT NULL CHECK (octet_length(language) <= 8),
    PRIMARY KEY (tenant, subject)
);
CREATE INDEX trial_ends ON pupil.trial (tenant, ends);
SELECT pupil.isolate('pupil.trial');
GRANT SELECT, INSERT, DELETE, UPDATE (ends, told) ON pupil.trial
    TO pupil_operator;

-- That a trial ends is told by mail, too.
GRANT INSERT ON pupil.outbox TO pupil_operator;


-- As in 129_import_image.sql; and who signed up.
CREATE OR REPLACE FUNCTION pupil.erased_from() RETURNS text[] LANGUAGE sql
    IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['pupil.role', 'pupil.enrolment', 'pupil.session',
                 'pupil.blind_index', 'pupil.imported', 'pupil.outbox',
                 'pupil.support_grant', 'pupil.notice', 'pupil.import_image',
                 'pupil.sign_up', 'pupil.trial']
$$;

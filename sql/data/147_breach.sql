-- Copyright (C) the Pupil authors
--
-- Breaches of personal data (GDPR articles 33 and 34): what is known of each,
-- since when, and when it was noticed, from which the 72 hours run; whom and
-- what it was found to reach; who was told.
--
-- compatible_from: 16

-- what, references and reason are the operator's words, which name nobody.
-- until NULL: it goes on.  told: how many people were told of it here.
CREATE TABLE pupil.breach (
    tenant               uuid NOT NULL,
    breach               integer NOT NULL CHECK (breach > 0),
    what                 text NOT NULL CHECK (what <> ''),
    reference            text NOT NULL CHECK (reference <> ''),
    since                timestamptz NOT NULL,
    until                timestamptz CHECK (until > since),
    noticed_at           timestamptz NOT NULL,
    opened_at            timestamptz NOT NULL DEFAULT now(),
    authority_at         timestamptz,
    authority_reference  text,
    told                 bigint NOT NULL DEFAULT 0,
    told_at              timestamptz,
    closed_at            timestamptz,
    reason               text CHECK (reason <> ''),
    PRIMARY KEY (tenant, breach),
    CHECK (num_nonnulls(authority_at, authority_reference) IN (0, 2)),
    CHECK (num_nonnulls(closed_at, reason) IN (0, 2))
);
SELECT pupil.isolate('pupil.breach');
-- Nobody deletes one: article 33(5).
GRANT SELECT, INSERT, UPDATE (authority_at, authority_reference, told,
    told_at, closed_at, reason) ON pupil.breach TO pupil_operator;

-- Which are open beyond the 72 hours while nobody says that the authority was
-- notified, and for how many hours by now: for pupilctl check, which asks as the
-- gateway, who reads nothing else of them.
CREATE FUNCTION pupil.breaches_late() RETURNS TABLE (breach integer, hours bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.breach, extract(epoch FROM now() - b.noticed_at)::bigint / 3600
      FROM pupil.breach AS b
     WHERE b.tenant = pupil.current_tenant() AND b.closed_at IS NULL
       AND b.authority_at IS NULL
       AND b.noticed_at + interval '72 hours' < now()
     ORDER BY b.breach
$$;
REVOKE ALL ON FUNCTION pupil.breaches_late() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.breaches_late() TO pupil_gateway;

-- Each time that its scope was computed: what was asked and what was found, as
-- JSON, in counts; and a hash of whom and what was found.
CREATE TABLE pupil.breach_scope (
    tenant   uuid NOT NULL,
    breach   integer NOT NULL,
    scope    integer NOT NULL CHECK (scope > 0),
    made_at  timestamptz NOT NULL DEFAULT now(),
    asked    text NOT NULL,
    found    text NOT NULL,
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant, breach, scope)
);
SELECT pupil.isolate('pupil.breach_scope');
GRANT SELECT, INSERT ON pupil.breach_scope TO pupil_operator;

-- Whom the last of them found, and what of them: shown and changed by the log,
-- could by what somebody was able to read.  Until the breach is closed.
CREATE TABLE pupil.breach_found (
    tenant    uuid NOT NULL,
    breach    integer NOT NULL,
    scope     integer NOT NULL,
    how       text NOT NULL CHECK (how IN ('shown', 'changed', 'could')),
    subject   uuid NOT NULL,
    category  text NOT NULL,
    fields    text[] NOT NULL,
    PRIMARY KEY (tenant, breach, scope, how, subject, category)
);
CREATE INDEX breach_found_subject ON pupil.breach_found (tenant, subject);
SELECT pupil.isolate('pupil.breach_found');
GRANT SELECT, INSERT, DELETE ON pupil.breach_found TO pupil_operator;

-- Who was told, so that nobody is twice.  Until the breach is closed.
CREATE TABLE pupil.breach_told (
    tenant   uuid NOT NULL,
    breach   integer NOT NULL,
    subject  uuid NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (tenant, breach, subject)
);
CREATE INDEX breach_told_subject ON pupil.breach_told (tenant, subject);
SELECT pupil.isolate('pupil.breach_told');
GRANT SELECT, INSERT, DELETE ON pupil.breach_told TO pupil_operator;


-- As in 146_requests.sql; and whom a breach reached.
CREATE OR REPLACE FUNCTION pupil.erased_from() RETURNS text[] LANGUAGE sql
    IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['pupil.role', 'pupil.enrolment', 'pupil.session',
                 'pupil.blind_index', 'pupil.imported', 'pupil.outbox',
                 'pupil.support_grant', 'pupil.notice', 'pupil.import_image',
                 'pupil.sign_up', 'pupil.trial', 'pupil.request_text',
                 'pupil.breach_found', 'pupil.breach_told']
$$;

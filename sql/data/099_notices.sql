-- Copyright (C) the Pupil authors
--
-- What people are told of their own account: a kind and when, and no value of
-- anybody's.  A row comes with what its owner, support or the operator does, and
-- never with what a stranger does: of failures there is a count in the throttle,
-- and the next log-in that succeeds tells.  None is kept for longer than 90 days.
--
-- compatible_from: 16

-- Its MAC covers all but whether it was seen.
CREATE TABLE pupil.notice (
    tenant   uuid NOT NULL,
    notice   uuid NOT NULL,
    subject  uuid NOT NULL,
    kind     text NOT NULL CHECK (octet_length(kind) <= 32),
    at       timestamptz NOT NULL,
    mac      bytea NOT NULL CHECK (octet_length(mac) = 32),
    seen_at  timestamptz,
    PRIMARY KEY (tenant, notice)
);
CREATE INDEX notice_subject ON pupil.notice (tenant, subject, at, notice);
SELECT pupil.isolate('pupil.notice');
GRANT SELECT, INSERT, UPDATE (seen_at) ON pupil.notice TO pupil_gateway;
GRANT SELECT, INSERT ON pupil.notice TO pupil_operator;

-- The most failures that there were at once since that was told.
ALTER TABLE pupil.login_throttle ADD COLUMN burst integer NOT NULL DEFAULT 0;
GRANT UPDATE (burst) ON pupil.login_throttle TO pupil_gateway;


-- As in 098_support_grants.sql; a burst of failures for a week; and notices, but
-- for those of whom the law lets nobody delete anything.
CREATE OR REPLACE FUNCTION pupil.sweep()
    RETURNS TABLE (sessions bigint, failures bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (DELETE FROM pupil.session AS s
        WHERE s.tenant = pupil.current_tenant() AND s.expires_at < now()
        RETURNING 1),
    f AS (DELETE FROM pupil.login_throttle AS t
        WHERE t.tenant = pupil.current_tenant()
          AND t.last_at < now() - CASE WHEN t.burst > 5 THEN interval '7 days'
                                       ELSE interval '1 day' END RETURNING 1),
    g AS (DELETE FROM pupil.support_grant AS g
        WHERE g.tenant = pupil.current_tenant() AND g.expires_at < now()),
    n AS (DELETE FROM pupil.notice AS n
        WHERE n.tenant = pupil.current_tenant()
          AND n.at < now() - interval '90 days'
          AND NOT EXISTS (SELECT FROM pupil.owner AS o
              WHERE o.tenant = n.tenant AND o.owner = n.subject
                AND o.state = 'restricted'))
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM f)
$$;


-- As in 098_support_grants.sql; and notices.
CREATE OR REPLACE FUNCTION pupil.erased_from() RETURNS text[] LANGUAGE sql
    IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['pupil.role', 'pupil.enrolment', 'pupil.session',
                 'pupil.blind_index', 'pupil.imported', 'pupil.outbox',
                 'pupil.support_grant', 'pupil.notice']
$$;

-- Copyright (C) the Pupil authors
--
-- The end of a tenant's audit.  The key that seals it goes with the tenant's
-- others, so what is stored later is never sealed: from the tenant's entry in
-- the ledger on, this database takes no record of it.  What workers declare of
-- their numbers comes until all else is sealed.
--
-- compatible_from: 16

CREATE TABLE pupil.audit_end (
    tenant  uuid PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    closed  boolean NOT NULL        -- nothing comes any more
);

-- Those that have ended before this.
ALTER TABLE pupil.ledger NO FORCE ROW LEVEL SECURITY;
INSERT INTO pupil.audit_end (tenant, closed)
    SELECT DISTINCT l.tenant, true FROM pupil.ledger AS l
     WHERE l.kind = 'tenant';
ALTER TABLE pupil.ledger FORCE ROW LEVEL SECURITY;

SELECT pupil.isolate('pupil.audit_end');
GRANT SELECT ON pupil.audit_end TO pupil_gateway;
GRANT SELECT, INSERT ON pupil.audit_end TO pupil_operator;
GRANT UPDATE (at, closed) ON pupil.audit_end TO pupil_operator;


-- PU004: the tenant has ended, and nothing is written.
CREATE FUNCTION pupil.tenant_ended() RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the tenant has ended: nothing of it goes on record'
        USING ERRCODE = 'PU004';
END $$;

-- One look into an index that is nearly empty, once for all rows of an insert.
CREATE POLICY ended ON pupil.audit_record AS RESTRICTIVE FOR INSERT
    TO pupil_gateway, pupil_operator
    WITH CHECK (CASE (SELECT e.closed FROM pupil.audit_end AS e
                       WHERE e.tenant = (SELECT pupil.current_tenant()))
                WHEN true THEN pupil.tenant_ended()
                WHEN false THEN role = 'gateway' OR pupil.tenant_ended()
                ELSE true END);


-- Until all that may not have seen the end have stored what they store, or have
-- failed: they hold the table before they look (033_writers.sql).
CREATE FUNCTION pupil.audit_settled() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT pupil.wait_for_writers('pupil.audit_record') $$;

REVOKE ALL ON FUNCTION pupil.audit_settled() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.audit_settled() TO pupil_operator;


-- As in 052_retained.sql; this stays with the audit.
CREATE OR REPLACE FUNCTION pupil.offboarded() RETURNS TABLE (name text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant'
                            AND NOT a.attisdropped
     WHERE n.nspname IN ('data', 'pupil') AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
       AND (n.nspname = 'data' OR c.relname NOT IN ('ledger', 'erasure',
            'exported', 'audit_record', 'audit_end', 'audit_subject', 'seal',
            'seal_tile', 'seal_writer', 'seal_retained'))
     ORDER BY c.oid = 'pupil.tenant'::regclass, 1
$$;


-- What is dated before this and is not sealed, nobody is told of.  A record is
-- dated by a clock that may be a minute behind, and the sealer looks for such
-- ones every thirty seconds.
CREATE FUNCTION pupil.unsealed_since() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest((SELECT z.until - interval '100 seconds'
                       FROM pupil.sealer AS z WHERE z.one),
                    now() - interval '160 seconds')
$$;

-- As in 044_who_looked.sql but for that.
CREATE OR REPLACE FUNCTION pupil.audit_of(subject uuid, before timestamptz,
    before_writer bigint, before_number bigint, most integer)
    RETURNS TABLE (at timestamptz, writer bigint, number bigint, event bigint,
        leaf bigint, request uuid, actor uuid, role text, institution uuid,
        shape bytea, policy bytea, outcome text, network text, subjects text,
        note text, mac bytea, accesses text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.at, p.writer, p.number, p.event, p.leaf, r.request, r.actor,
           r.role, r.institution, r.shape, r.policy, r.outcome,
           format('%s', r.network), r.subjects::text, r.note, r.mac, s.accesses
      FROM ((
        SELECT l.at, l.writer, l.number, l.event, l.leaf
          FROM pupil.audit_subject AS l
         WHERE l.tenant = pupil.current_tenant() AND l.subject = $1
           AND l.at <= before AND (l.at, l.writer, l.number)
               < (before, before_writer, before_number)
         ORDER BY l.at DESC, l.writer DESC, l.number DESC LIMIT most
      ) UNION ALL (
        SELECT r.at, r.writer, r.number, NULL, NULL
          FROM (SELECT r.* FROM pupil.audit_record AS r
                 WHERE r.tenant = pupil.current_tenant()
                   AND r.at >= (SELECT pupil.unsealed_since())
                   AND r.at <= before AND (r.at, r.writer, r.number)
                       < (before, before_writer, before_number)
                   AND (r.actor = $1 OR $1 = ANY (r.subjects)) OFFSET 0) AS r
         WHERE r.number > coalesce((SELECT w.number FROM pupil.seal_writer AS w
                WHERE w.tenant = pupil.current_tenant()
                  AND w.writer = r.writer), 0)
           AND ($1 = ANY (r.subjects) OR EXISTS (
                SELECT FROM pupil.audit_shape AS s WHERE s.shape = r.shape
                   AND strpos(s.accesses, '"about":"actor"') > 0))
         ORDER BY r.at DESC, r.writer DESC, r.number DESC LIMIT most
      )) AS p
      LEFT JOIN LATERAL (
        SELECT r.* FROM pupil.audit_record AS r
         WHERE r.tenant = pupil.current_tenant() AND r.at = p.at
           AND r.writer = p.writer AND r.number = p.number LIMIT 1) AS r ON true
      LEFT JOIN LATERAL (
        SELECT s.accesses FROM pupil.audit_shape AS s
         WHERE s.shape = r.shape OFFSET 0) AS s ON true
     ORDER BY p.at DESC, p.writer DESC, p.number DESC LIMIT most
$$;


CREATE OR REPLACE FUNCTION pupil.audit_at(subject uuid, writer bigint,
    number bigint) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT l.at FROM pupil.audit_subject AS l
         WHERE l.tenant = pupil.current_tenant() AND l.subject = $1
           AND l.writer = $2 AND l.number = $3 LIMIT 1), (
        SELECT r.at FROM pupil.audit_record AS r
         WHERE r.tenant = pupil.current_tenant()
           AND r.at >= (SELECT pupil.unsealed_since())
           AND r.writer = $2 AND r.number = $3
           AND ($1 = ANY (r.subjects) OR r.actor = $1) LIMIT 1))
$$;

REVOKE ALL ON FUNCTION pupil.unsealed_since() FROM PUBLIC;

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

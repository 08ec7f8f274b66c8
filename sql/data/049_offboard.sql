-- Copyright (C) the Pupil authors
--
-- The end of a tenant: what it was handed back, and the rows that are deleted
-- once its keys are gone.
--
-- compatible_from: 16

-- Each archive that was made of a tenant.
CREATE TABLE pupil.exported (
    tenant   uuid NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    files    bigint NOT NULL,
    records  bigint NOT NULL,
    PRIMARY KEY (tenant, at)
);
SELECT pupil.isolate('pupil.exported');
GRANT SELECT, INSERT ON pupil.exported TO pupil_operator;


-- As the operator, outside of any tenant: whose entries there are, where a key
-- store that was restored lacks them, and the tenant has no row any more.
CREATE POLICY any_tenant ON pupil.ledger FOR SELECT TO pupil_operator
    USING ((SELECT pupil.current_tenant()) IS NULL);


-- The tables that have rows of tenants, in the order in which they are emptied:
-- the tenant's own row is the last.  The audit, its seal, and what proves the
-- end itself stay.
CREATE FUNCTION pupil.offboarded() RETURNS TABLE (name text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant'
                            AND NOT a.attisdropped
     WHERE n.nspname IN ('data', 'pupil') AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
       AND (n.nspname = 'data' OR c.relname NOT IN ('ledger', 'erasure',
            'exported', 'audit_record', 'audit_subject', 'seal', 'seal_tile',
            'seal_writer'))
     ORDER BY c.oid = 'pupil.tenant'::regclass, 1
$$;


-- Deletes what an open one of these has, and says how many rows; NULL: somebody
-- else has done it.  Security definer, as pupilctl's role may delete nobody's
-- records but by this; row security binds the definer, too.
CREATE FUNCTION pupil.offboard(number bigint, name text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    target CONSTANT regclass := (SELECT to_regclass(o.name)
        FROM pupil.offboarded() AS o WHERE o.name = offboard.name);
    count bigint;
BEGIN
    PERFORM FROM pupil.erasure AS e
      WHERE e.tenant = this AND e.number = offboard.number
        AND e.name = offboard.name AND e.state = 'open' FOR UPDATE;

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF target IS NULL OR NOT EXISTS (
        SELECT FROM pupil.ledger AS l WHERE l.tenant = this
           AND l.number = offboard.number AND l.kind = 'tenant')
    THEN
        RAISE EXCEPTION 'entry % empties nothing in %', offboard.number,
              offboard.name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    PERFORM pupil.wait_for_writers(target);

    EXECUTE format('DELETE FROM %s WHERE tenant = $1', target) USING this;
    GET DIAGNOSTICS count = ROW_COUNT;

    UPDATE pupil.erasure AS e
       SET state = 'done', records = e.records + count, at = now()
     WHERE e.tenant = this AND e.number = offboard.number
       AND e.name = offboard.name;

    RETURN count;
END $$;

-- One of them that has rows of the tenant, or NULL.
CREATE FUNCTION pupil.offboard_left() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target text;
    found  boolean;
BEGIN
    FOR target IN SELECT o.name FROM pupil.offboarded() AS o LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant = $1)',
                       target::regclass) INTO found
            USING pupil.current_tenant();

        IF found THEN
            RETURN target;
        END IF;
    END LOOP;

    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION pupil.offboarded(), pupil.offboard(bigint, text),
    pupil.offboard_left() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.offboarded(), pupil.offboard(bigint, text),
    pupil.offboard_left() TO pupil_operator;

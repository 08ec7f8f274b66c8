-- Copyright (C) the Pupil authors
--
-- What is being written of a person while they are erased goes with them.
-- Whatever begins after the fence finds the owner erased, and writes nothing;
-- what began before is waited for, then deleted with the rest.
--
-- compatible_from: 16

-- As in 031_erasure.sql.  A statement locks the tables that it writes before
-- it takes its snapshot: so whoever does not see the fence has this one locked.
-- Nobody waits for this, as it takes no lock of the table before.
CREATE OR REPLACE FUNCTION pupil.erase(number bigint, name text)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    whom CONSTANT uuid := (SELECT l.subject FROM pupil.ledger AS l
        WHERE l.tenant = this AND l.number = erase.number);
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
         WHERE c.oid = to_regclass(erase.name) AND c.relkind = 'r'
           AND (c.relnamespace = 'data'::regnamespace
                OR erase.name IN ('pupil.role', 'pupil.enrolment',
                    'pupil.session', 'pupil.blind_index', 'pupil.imported')));
    whose CONSTANT text := (SELECT a.attname FROM pg_attribute AS a
         WHERE a.attrelid = target AND a.attname IN ('owner', 'subject')
           AND NOT a.attisdropped ORDER BY a.attname LIMIT 1);
    count bigint;
BEGIN
    PERFORM FROM pupil.erasure AS e
      WHERE e.tenant = this AND e.number = erase.number
        AND e.name = erase.name AND e.state = 'open' FOR UPDATE;

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF whose IS NULL OR EXISTS (
        SELECT FROM pupil.owner AS o WHERE o.tenant = this AND o.owner = whom
           AND (o.kind <> 'subject' OR o.state <> 'erased'))
    THEN
        RAISE EXCEPTION 'erasure % deletes nothing in %', erase.number,
              erase.name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    PERFORM pupil.wait_for_writers(target);

    EXECUTE format('DELETE FROM %s WHERE tenant = $1 AND %I = $2', target,
                   whose) USING this, whom;
    GET DIAGNOSTICS count = ROW_COUNT;

    UPDATE pupil.erasure AS e SET state = 'done', records = count, at = now()
     WHERE e.tenant = this AND e.number = erase.number
       AND e.name = erase.name;

    RETURN count;
END $$;


-- Until each transaction has ended that writes this table now.
CREATE FUNCTION pupil.wait_for_writers(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    writers CONSTANT text[] := ARRAY(
        SELECT l.virtualtransaction FROM pg_locks AS l
         WHERE l.locktype = 'relation' AND l.relation = target
           AND l.database = (SELECT d.oid FROM pg_database AS d
                              WHERE d.datname = current_database())
           AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
           AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid());
BEGIN
    WHILE EXISTS (SELECT FROM pg_locks AS l
                   WHERE l.virtualtransaction = ANY (writers))
    LOOP
        IF clock_timestamp() > statement_timestamp() + interval '1 minute' THEN
            RAISE EXCEPTION 'somebody has been writing % for a minute', target
                  USING ERRCODE = 'object_in_use';
        END IF;

        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;


-- As in 021_terms.sql, for nobody who was erased.  The lock is that of a
-- writer, before the snapshot that the owner is looked at with.
CREATE OR REPLACE FUNCTION pupil.index_also(category text, field text,
    old bytea, term bytea, owner uuid, record uuid, mac bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here  CONSTANT uuid := pupil.current_tenant();
BEGIN
    PERFORM FROM pupil.blind_index AS b JOIN pupil.owner AS o
         ON o.tenant = here AND o.owner = $5 AND o.state <> 'erased'
      WHERE b.tenant = here AND b.term = $3 AND b.category = $1
        AND b.field = $2 AND b.owner = $5 AND b.record = $6
        FOR SHARE OF b;

    IF NOT FOUND THEN
        RETURN false;
    END IF;

    INSERT INTO pupil.blind_index AS b
        (tenant, category, field, term, owner, record, mac)
        VALUES (here, $1, $2, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING;

    UPDATE pupil.blind_index AS b SET other = n.owner
      FROM (SELECT nullif(i.owner, $5) AS owner FROM pupil.blind_index AS i
             WHERE i.tenant = here AND i.term = $4 AND i.category = $1
               AND i.field = $2) AS n
     WHERE b.tenant = here AND b.term = $3 AND b.category = $1
       AND b.field = $2 AND b.other IS DISTINCT FROM n.owner;

    RETURN true;
END $$;

REVOKE ALL ON FUNCTION pupil.wait_for_writers(regclass) FROM PUBLIC;

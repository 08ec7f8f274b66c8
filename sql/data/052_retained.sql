-- Copyright (C) the Pupil authors
--
-- Retention of the audit: whole months of a tenant go once their time is over,
-- as far as they are sealed.  Tiles, batches and checkpoints stay, by which
-- what is left proves itself; how far the rest is gone is said in a note that
-- the log's key signs, so that whoever deletes records cannot say that it was
-- retention.
--
-- compatible_from: 16

-- batch: the last that is gone.  note: see core/audit/retained.h.
CREATE TABLE pupil.seal_retained (
    tenant  uuid NOT NULL,
    batch   bigint NOT NULL,
    note    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, batch)
);
SELECT pupil.isolate('pupil.seal_retained');
GRANT SELECT, INSERT ON pupil.seal_retained TO pupil_operator;

-- Row security binds the owner, too, as whom the function below deletes.
CREATE POLICY retain ON pupil.audit_record FOR DELETE TO CURRENT_USER
    USING (tenant = (SELECT pupil.current_tenant()));


-- As in 049_offboard.sql; this stays with the rest of the log.
CREATE OR REPLACE FUNCTION pupil.offboarded() RETURNS TABLE (name text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant'
                            AND NOT a.attisdropped
     WHERE n.nspname IN ('data', 'pupil') AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
       AND (n.nspname = 'data' OR c.relname NOT IN ('ledger', 'erasure',
            'exported', 'audit_record', 'audit_subject', 'seal', 'seal_tile',
            'seal_writer', 'seal_retained'))
     ORDER BY c.oid = 'pupil.tenant'::regclass, 1
$$;


-- The first month that is kept where so many days are, and no less than a year;
-- or will be, in so many days.
CREATE FUNCTION pupil.audit_before(days integer, ahead integer DEFAULT 0)
    RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC'
                      + (ahead - greatest(days, 365)) * interval '1 day')
           AT TIME ZONE 'UTC'
$$;


-- The last batch of those from the first on that are all from before; none: no
-- row.  fresh: events of it that did not go before.
CREATE FUNCTION pupil.audit_over(before timestamptz)
    RETURNS TABLE (batch bigint, events bigint, leaves bigint, fresh bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        SELECT coalesce(max(r.batch), 0) AS batch FROM pupil.seal_retained AS r
         WHERE r.tenant = pupil.current_tenant()
    ), kept AS (
        SELECT min(s.batch) AS batch FROM pupil.seal AS s, gone AS g
         WHERE s.tenant = pupil.current_tenant() AND s.batch > g.batch
           AND s.until >= before
    )
    SELECT s.batch, s.event + s.events, s.size,
           s.event + s.events - coalesce((
               SELECT o.event + o.events FROM pupil.seal AS o, gone AS g
                WHERE o.tenant = s.tenant AND o.batch = g.batch), 0)
      FROM pupil.seal AS s, gone AS g, kept AS k
     WHERE s.tenant = pupil.current_tenant() AND s.batch > g.batch
       AND (k.batch IS NULL OR s.batch < k.batch)
     ORDER BY s.batch DESC LIMIT 1
$$;


-- Deletes a day of what a note says is gone, with under whom it is listed, and
-- says how many records; 0: there is no more.  What gateways declare of numbers
-- is kept for a day longer than these, as one may be sealed later.
CREATE FUNCTION pupil.expire_audit(days integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    before CONSTANT timestamptz := pupil.audit_before(days);
    upto CONSTANT bigint := (SELECT max(r.batch) FROM pupil.seal_retained AS r
                              WHERE r.tenant = this);
    begun CONSTANT timestamptz := (SELECT min(r.at) FROM pupil.audit_record AS r
                                    WHERE r.tenant = this);
    writers bigint[];
    numbers bigint[];
    day timestamptz;
    count bigint;
BEGIN
    SELECT array_agg(w.writer), array_agg(w.number) INTO writers, numbers
      FROM (SELECT u.writer, max(u.number) AS number FROM pupil.seal AS s
             CROSS JOIN unnest(s.writers, s.lasts) AS u (writer, number)
             WHERE s.tenant = this AND s.batch <= upto AND s.until >= begun
             GROUP BY u.writer) AS w;

    SELECT r.at INTO day FROM pupil.audit_record AS r
      LEFT JOIN unnest(writers, numbers) AS w (writer, number)
             USING (writer)
     WHERE r.tenant = this AND r.at < before
       AND (r.number IS NULL OR r.number <= w.number)
       AND (r.role <> 'gateway' OR r.at < before - interval '1 day')
     ORDER BY r.at LIMIT 1;

    IF NOT FOUND THEN
        RETURN 0;
    END IF;

    DELETE FROM pupil.audit_subject AS l
     WHERE l.tenant = this AND l.at < least(before, day + interval '1 day')
       AND l.event < (SELECT s.event + s.events FROM pupil.seal AS s
                       WHERE s.tenant = this AND s.batch = upto);

    DELETE FROM pupil.audit_record AS d
     USING (SELECT r.tableoid, r.ctid FROM pupil.audit_record AS r
              LEFT JOIN unnest(writers, numbers) AS w (writer, number)
                     USING (writer)
             WHERE r.tenant = this
               AND r.at < least(before, day + interval '1 day')
               AND (r.number IS NULL OR r.number <= w.number)
               AND (r.role <> 'gateway' OR r.at < before - interval '1 day'))
           AS g (part, place)
     WHERE d.tenant = this AND d.tableoid = g.part AND d.ctid = g.place;
    GET DIAGNOSTICS count = ROW_COUNT;

    RETURN count;
END $$;


-- Months of which no tenant keeps anything any more.  Who writes waits for this
-- no longer than that: a month for which there is no lock is for the next run.
CREATE FUNCTION pupil.drop_audit_months() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    used boolean;
    count integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '200ms', true);

    FOR part IN
        SELECT c.oid::regclass AS records,
               to_regclass(format('pupil.%I', replace(c.relname, 'record',
                                                      'subject'))) AS listed
          FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'pupil.audit_record'::regclass
           AND (regexp_match(pg_get_expr(c.relpartbound, c.oid),
                             'TO \(''([^'']+)''\)'))[1]::timestamptz
               <= now() - interval '365 days'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s) OR EXISTS (SELECT FROM'
                       ' %s)', part.records, part.listed) INTO used;
        CONTINUE WHEN used IS NOT false;

        BEGIN
            EXECUTE format('DROP TABLE %s, %s', part.records, part.listed);
            count := count + 1;
        EXCEPTION WHEN lock_not_available THEN
            EXIT;
        END;
    END LOOP;

    RETURN count;
END $$;

REVOKE ALL ON FUNCTION pupil.audit_before(integer, integer),
    pupil.audit_over(timestamptz), pupil.expire_audit(integer),
    pupil.drop_audit_months() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.audit_before(integer, integer),
    pupil.audit_over(timestamptz), pupil.expire_audit(integer),
    pupil.drop_audit_months() TO pupil_operator;

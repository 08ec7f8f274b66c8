-- Copyright (C) the Pupil authors
--
-- What expires some days after an enrolment has ended is counted from the day
-- that it is where the tenant is, as enrolments are: it was UTC's.  The key
-- store has the zone, so pupilctl says the day; one of before does not, and has
-- UTC's.
--
-- compatible_from: 16

CREATE FUNCTION pupil.today() RETURNS date
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(nullif(current_setting('pupil.today', true), '')::date,
                    current_date)
$$;
REVOKE ALL ON FUNCTION pupil.today() FROM PUBLIC;


-- As in 045_recovery.sql.
CREATE OR REPLACE FUNCTION pupil.expired(category text, event text)
    RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 't.tenant = $1 AND t.owner <> ALL ($3) AND ' || CASE event
        WHEN 'created' THEN 't.updated_at < now() - $2 * interval ''1 day'''
        WHEN 'account_closed' THEN format('EXISTS (SELECT FROM pupil.closed'
            ' AS c WHERE c.tenant = $1 AND c.subject = t.owner'
            ' AND c.at < now() - (%s + $2) * interval ''1 day'')',
            pupil.recovery_days())
        WHEN 'enrolment_ended' THEN format('EXISTS (SELECT FROM'
            ' pupil.enrolment AS e'
            ' WHERE e.tenant = $1 AND e.subject = t.owner)'
            ' AND NOT EXISTS (SELECT FROM pupil.enrolment AS e'
            ' WHERE e.tenant = $1 AND e.subject = t.owner'
            ' AND (e.valid_to IS NULL OR e.valid_to >= DATE %L - $2))'
            ' AND NOT EXISTS (SELECT FROM pupil.closed AS c'
            ' WHERE c.tenant = $1 AND c.subject = t.owner'
            ' AND c.at >= now() - (%s + $2) * interval ''1 day'')',
            pupil.today(), pupil.recovery_days())
        END || coalesce((SELECT string_agg(format(
            ' AND NOT EXISTS (SELECT FROM %s AS r WHERE r.tenant = $1'
            ' AND r.%I = t.record)', a.attrelid::regclass, a.attname), '')
          FROM pg_attribute AS a JOIN pg_class AS k ON k.oid = a.attrelid
         WHERE k.relnamespace = 'data'::regnamespace AND k.relkind = 'r'
           AND a.attname = category || '_id' AND NOT a.attisdropped), '')
$$;


-- As in 047_upcoming.sql.
CREATE OR REPLACE FUNCTION pupil.expire_enrolments(days integer, held uuid[],
    before text[], most integer) RETURNS TABLE (owner uuid, records bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    expired CONSTANT text := 'e.tenant = $1 AND e.subject <> ALL ($2)'
        || format(' AND e.valid_to < DATE %L - $3', pupil.today()) ||
        ' AND NOT EXISTS (SELECT FROM pupil.closed AS c'
        ' WHERE c.tenant = $1 AND c.subject = e.subject'
        ' AND c.at >= now() - (pupil.recovery_days() + $3)'
        ' * interval ''1 day'')'
        || ' AND (EXISTS (SELECT FROM pupil.enrolment AS n'
        ' WHERE n.tenant = $1 AND n.subject = e.subject'
        ' AND (coalesce(n.valid_to, ''infinity''), n.enrolment)'
        ' > (e.valid_to, e.enrolment)) OR true'
        || coalesce((SELECT string_agg(format(' AND NOT EXISTS (SELECT FROM'
            ' data.%I AS t WHERE t.tenant = $1 AND t.owner = e.subject)', b),
            '') FROM unnest(before) AS b), '') || ')';
BEGIN
    IF days < 1 THEN
        RAISE EXCEPTION 'no enrolment expires'
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF most = 0 THEN
        RETURN QUERY EXECUTE format('SELECT e.subject, count(*) FROM'
            ' pupil.enrolment AS e WHERE %s GROUP BY e.subject', expired)
            USING this, held, days;
        RETURN;
    END IF;

    RETURN QUERY EXECUTE format('WITH gone AS (DELETE FROM pupil.enrolment'
        ' AS e WHERE e.tenant = $1 AND e.enrolment = ANY (ARRAY('
        'SELECT e.enrolment FROM pupil.enrolment AS e WHERE %s'
        ' ORDER BY e.enrolment LIMIT $4)) AND %s RETURNING e.subject)'
        ' SELECT g.subject, count(*) FROM gone AS g GROUP BY g.subject'
        ' ORDER BY g.subject', expired, expired)
        USING this, held, days, most;
END $$;

CREATE OR REPLACE FUNCTION pupil.upcoming(category text, event text,
    days integer, held uuid[], ahead integer, OUT records bigint, OUT owners bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    today CONSTANT date := pupil.today();
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
        WHERE c.oid = to_regclass(format('data.%I', upcoming.category))
          AND c.relkind = 'r');
    expired CONSTANT text := pupil.expired(upcoming.category, upcoming.event);
BEGIN
    IF upcoming.category = 'enrolment' THEN
        SELECT count(*), count(DISTINCT e.subject) INTO records, owners
          FROM pupil.enrolment AS e
         WHERE e.tenant = this AND e.subject <> ALL (held)
           AND e.valid_to < today - (days - ahead)
           AND NOT EXISTS (SELECT FROM pupil.closed AS c
                WHERE c.tenant = this AND c.subject = e.subject
                  AND c.at >= now() - (pupil.recovery_days() + days - ahead)
                                      * interval '1 day');
        RETURN;
    END IF;

    IF target IS NULL OR expired IS NULL THEN
        RAISE EXCEPTION 'nothing of % expires', upcoming.category
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    EXECUTE format('SELECT count(*), count(DISTINCT t.owner) FROM %s AS t'
        ' WHERE %s', target, expired)
        INTO records, owners USING this, days - ahead, held;
END $$;

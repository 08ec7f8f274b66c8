-- Copyright (C) the Pupil authors
--
-- What will expire is seen before, and a category can be held.  What a roster
-- had of people who have left goes with the rest that nobody looks at.
--
-- compatible_from: 16

-- Categories of which nothing expires for now, by which decision.
CREATE TABLE pupil.retention_hold (
    tenant     uuid NOT NULL,
    category   text NOT NULL,
    reference  text NOT NULL CHECK (reference <> ''),
    held_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, category)
);
SELECT pupil.isolate('pupil.retention_hold');
GRANT SELECT, INSERT, DELETE ON pupil.retention_hold TO pupil_operator;
GRANT UPDATE (reference) ON pupil.retention_hold TO pupil_operator;


-- As in 045_recovery.sql.  The last enrolment of a person is kept while something
-- of theirs is left in these categories: what counts from its end needs it for as
-- long as it waits, for a day on which it is counted, or by a decision.
CREATE FUNCTION pupil.expire_enrolments(days integer, held uuid[],
    before text[], most integer) RETURNS TABLE (owner uuid, records bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    expired CONSTANT text := 'e.tenant = $1 AND e.subject <> ALL ($2)'
        ' AND e.valid_to < current_date - $3'
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


-- How many records of a category will have expired in so many days, with those
-- that have already, and of how many owners.
CREATE FUNCTION pupil.upcoming(category text, event text, days integer,
    held uuid[], ahead integer, OUT records bigint, OUT owners bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
        WHERE c.oid = to_regclass(format('data.%I', upcoming.category))
          AND c.relkind = 'r');
    expired CONSTANT text := pupil.expired(upcoming.category, upcoming.event);
BEGIN
    IF upcoming.category = 'enrolment' THEN
        SELECT count(*), count(DISTINCT e.subject) INTO records, owners
          FROM pupil.enrolment AS e
         WHERE e.tenant = this AND e.subject <> ALL (held)
           AND e.valid_to < current_date - (days - ahead)
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


-- As in 037_retention.sql; fingerprints of the roster rows of people who have
-- neither a role nor an enrolment any more, too.  A roster that has them again
-- writes what it has.
DROP FUNCTION pupil.sweep();
CREATE FUNCTION pupil.sweep() RETURNS TABLE (sessions bigint,
    failures bigint, fingerprints bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (DELETE FROM pupil.session AS s
        WHERE s.tenant = pupil.current_tenant() AND s.expires_at < now()
        RETURNING 1),
    f AS (DELETE FROM pupil.login_throttle AS t
        WHERE t.tenant = pupil.current_tenant()
          AND t.last_at < now() - interval '1 day' RETURNING 1),
    i AS (DELETE FROM pupil.imported AS i USING pupil.subject AS u
        WHERE i.tenant = pupil.current_tenant() AND u.tenant = i.tenant
          AND u.subject = i.owner
          AND NOT EXISTS (SELECT FROM pupil.enrolment AS e
                WHERE e.tenant = i.tenant AND e.subject = i.owner)
          AND NOT EXISTS (SELECT FROM pupil.role AS r
                WHERE r.tenant = i.tenant AND r.subject = i.owner
                  AND (r.valid_to IS NULL OR r.valid_to >= current_date))
        RETURNING 1)
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM f),
           (SELECT count(*) FROM i)
$$;

REVOKE ALL ON FUNCTION pupil.sweep(),
    pupil.expire_enrolments(integer, uuid[], text[], integer),
    pupil.upcoming(text, text, integer, uuid[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.sweep(),
    pupil.expire_enrolments(integer, uuid[], text[], integer),
    pupil.upcoming(text, text, integer, uuid[], integer) TO pupil_operator;

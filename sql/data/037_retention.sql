-- Copyright (C) the Pupil authors
--
-- Retention (GDPR article 5(1)(e)): records whose time is over, by what their
-- plugins declare, are deleted by functions alone, as pupilctl's role may delete
-- nobody's records.
--
-- compatible_from: 16

-- Since when an account is closed.
CREATE TABLE pupil.closed (
    tenant   uuid NOT NULL,
    subject  uuid NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, subject)
);

-- Without the tenants' policies, which hide what this has to copy.
ALTER TABLE pupil.subject NO FORCE ROW LEVEL SECURITY;
INSERT INTO pupil.closed (tenant, subject)
SELECT s.tenant, s.subject FROM pupil.subject AS s WHERE s.status = 'closed';
ALTER TABLE pupil.subject FORCE ROW LEVEL SECURITY;

SELECT pupil.isolate('pupil.closed');
GRANT SELECT, INSERT, DELETE ON pupil.closed TO pupil_operator;

CREATE FUNCTION pupil.note_closed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'closed' THEN
        INSERT INTO pupil.closed (tenant, subject)
        VALUES (NEW.tenant, NEW.subject) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM pupil.closed AS c
         WHERE c.tenant = NEW.tenant AND c.subject = NEW.subject;
    END IF;

    RETURN NULL;
END $$;
CREATE TRIGGER note_closed AFTER UPDATE OF status ON pupil.subject
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION pupil.note_closed();
CREATE TRIGGER note_closed_new AFTER INSERT ON pupil.subject
    FOR EACH ROW WHEN (NEW.status = 'closed')
    EXECUTE FUNCTION pupil.note_closed();


-- The condition under which a record t of a category has expired: of $1 the
-- tenant, $2 the days, $3 who is held.  A closed account can be opened again
-- for a year, and its days count from the end of that.  A record is kept while
-- another one names it, in a column that is called after its category.
CREATE FUNCTION pupil.expired(category text, event text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 't.tenant = $1 AND t.owner <> ALL ($3) AND ' || CASE event
        WHEN 'created' THEN 't.updated_at < now() - $2 * interval ''1 day'''
        WHEN 'account_closed' THEN 'EXISTS (SELECT FROM pupil.closed AS c'
            ' WHERE c.tenant = $1 AND c.subject = t.owner'
            ' AND c.at < now() - (365 + $2) * interval ''1 day'')'
        WHEN 'enrolment_ended' THEN 'EXISTS (SELECT FROM pupil.enrolment AS e'
            ' WHERE e.tenant = $1 AND e.subject = t.owner)'
            ' AND NOT EXISTS (SELECT FROM pupil.enrolment AS e'
            ' WHERE e.tenant = $1 AND e.subject = t.owner'
            ' AND (e.valid_to IS NULL OR e.valid_to >= current_date - $2))'
        END || coalesce((SELECT string_agg(format(
            ' AND NOT EXISTS (SELECT FROM %s AS r WHERE r.tenant = $1'
            ' AND r.%I = t.record)', a.attrelid::regclass, a.attname), '')
          FROM pg_attribute AS a JOIN pg_class AS k ON k.oid = a.attrelid
         WHERE k.relnamespace = 'data'::regnamespace AND k.relkind = 'r'
           AND a.attname = category || '_id' AND NOT a.attisdropped), '')
$$;


-- Deletes up to most records of a category that have expired, with what finds
-- them and what a roster had of them, and says whose they were; most 0: only
-- says.  Row security binds the definer, too.
CREATE FUNCTION pupil.expire(category text, event text, days integer,
    held uuid[], most integer) RETURNS TABLE (owner uuid, records bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
        WHERE c.oid = to_regclass(format('data.%I', expire.category))
          AND c.relkind = 'r');
    expired CONSTANT text := pupil.expired(expire.category, expire.event);
BEGIN
    IF target IS NULL OR expired IS NULL OR days < 1 THEN
        RAISE EXCEPTION 'nothing of % expires', expire.category
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF most = 0 THEN
        RETURN QUERY EXECUTE format('SELECT t.owner, count(*) FROM %s AS t'
            ' WHERE %s GROUP BY t.owner', target, expired)
            USING this, days, held;
        RETURN;
    END IF;

    RETURN QUERY EXECUTE format('WITH gone AS ('
        'DELETE FROM %s AS t WHERE t.ctid = ANY (ARRAY('
        'SELECT t.ctid FROM %s AS t WHERE %s LIMIT $4)) AND %s'
        ' RETURNING t.owner, t.record),'
        ' terms AS (DELETE FROM pupil.blind_index AS b USING gone AS g'
        ' WHERE b.tenant = $1 AND b.category = $5 AND b.owner = g.owner'
        ' AND b.record = g.record),'
        ' prints AS (DELETE FROM pupil.imported AS i USING gone AS g'
        ' WHERE i.tenant = $1 AND i.category = $5 AND i.owner = g.owner)'
        ' SELECT g.owner, count(*) FROM gone AS g GROUP BY g.owner'
        ' ORDER BY g.owner', target, target, expired, expired)
        USING this, days, held, most, category;
END $$;


-- Enrolments, which are the host's: after what counts from their end.
CREATE FUNCTION pupil.expire_enrolments(days integer, held uuid[],
    most integer) RETURNS TABLE (owner uuid, records bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    keys uuid[];
BEGIN
    IF days < 1 THEN
        RAISE EXCEPTION 'no enrolment expires'
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    keys := ARRAY(SELECT e.enrolment FROM pupil.enrolment AS e
         WHERE e.tenant = this AND e.subject <> ALL (held)
           AND e.valid_to < current_date - days
         ORDER BY e.enrolment LIMIT NULLIF(most, 0));

    IF most = 0 THEN
        RETURN QUERY SELECT e.subject, count(*) FROM pupil.enrolment AS e
            WHERE e.tenant = this AND e.enrolment = ANY (keys)
            GROUP BY e.subject;
        RETURN;
    END IF;

    RETURN QUERY WITH gone AS (
        DELETE FROM pupil.enrolment AS e
         WHERE e.tenant = this AND e.enrolment = ANY (keys)
           AND e.valid_to < current_date - days
        RETURNING e.subject)
    SELECT g.subject, count(*) FROM gone AS g GROUP BY g.subject
     ORDER BY g.subject;
END $$;


-- What nobody looks at any more: sessions that have expired, and failures to
-- log in that are a day old.
CREATE FUNCTION pupil.sweep() RETURNS TABLE (sessions bigint, failures bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (DELETE FROM pupil.session AS s
        WHERE s.tenant = pupil.current_tenant() AND s.expires_at < now()
        RETURNING 1),
    f AS (DELETE FROM pupil.login_throttle AS t
        WHERE t.tenant = pupil.current_tenant()
          AND t.last_at < now() - interval '1 day' RETURNING 1)
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM f)
$$;

REVOKE ALL ON FUNCTION pupil.note_closed(), pupil.expired(text, text),
    pupil.expire(text, text, integer, uuid[], integer),
    pupil.expire_enrolments(integer, uuid[], integer), pupil.sweep()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.expire(text, text, integer, uuid[], integer),
    pupil.expire_enrolments(integer, uuid[], integer), pupil.sweep()
    TO pupil_operator;

-- Copyright (C) the Pupil authors
--
-- A closed account is in recovery before its periods begin to count: nobody
-- reads what is held of the person, and the account can be opened again.  Then
-- they are erased (sql/data/031_erasure.sql).
--
-- compatible_from: 16

ALTER TABLE pupil.owner
    DROP CONSTRAINT owner_state_check,
    ADD CONSTRAINT owner_state_check CHECK (state IN ('active', 'restricted',
        'recovery', 'erased'));


-- As in 034_restricted.sql; who is in recovery is counted in no class either.
CREATE OR REPLACE FUNCTION pupil.note_restricted() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.state IN ('restricted', 'recovery') THEN
        INSERT INTO pupil.restricted (tenant, owner)
        VALUES (NEW.tenant, NEW.owner) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM pupil.restricted AS r
         WHERE r.tenant = NEW.tenant AND r.owner = NEW.owner;
    END IF;

    RETURN NULL;
END $$;
DROP TRIGGER note_restricted_new ON pupil.owner;
CREATE TRIGGER note_restricted_new AFTER INSERT ON pupil.owner
    FOR EACH ROW WHEN (NEW.state IN ('restricted', 'recovery'))
    EXECUTE FUNCTION pupil.note_restricted();


-- What a tenant has decided to keep for less time than plugins declare, and by
-- which decision.  name: a category, or recovery.
CREATE TABLE pupil.retention (
    tenant     uuid NOT NULL,
    name       text NOT NULL,
    days       integer NOT NULL CHECK (days > 0),
    reference  text NOT NULL CHECK (reference <> ''),
    set_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, name)
);
SELECT pupil.isolate('pupil.retention');
GRANT SELECT, INSERT ON pupil.retention TO pupil_operator;
GRANT UPDATE (days, reference, set_at) ON pupil.retention TO pupil_operator;

-- For how long a closed account can be opened again: a year at most.
CREATE FUNCTION pupil.recovery_days() RETURNS integer
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(365, (SELECT r.days FROM pupil.retention AS r
                        WHERE r.tenant = pupil.current_tenant()
                          AND r.name = 'recovery'))
$$;


-- As in 037_retention.sql; nothing that counts from the end of an account or of
-- an enrolment expires before its days have passed since the end of recovery.
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
            ' AND (e.valid_to IS NULL OR e.valid_to >= current_date - $2))'
            ' AND NOT EXISTS (SELECT FROM pupil.closed AS c'
            ' WHERE c.tenant = $1 AND c.subject = t.owner'
            ' AND c.at >= now() - (%s + $2) * interval ''1 day'')',
            pupil.recovery_days())
        END || coalesce((SELECT string_agg(format(
            ' AND NOT EXISTS (SELECT FROM %s AS r WHERE r.tenant = $1'
            ' AND r.%I = t.record)', a.attrelid::regclass, a.attname), '')
          FROM pg_attribute AS a JOIN pg_class AS k ON k.oid = a.attrelid
         WHERE k.relnamespace = 'data'::regnamespace AND k.relkind = 'r'
           AND a.attname = category || '_id' AND NOT a.attisdropped), '')
$$;

CREATE OR REPLACE FUNCTION pupil.expire_enrolments(days integer, held uuid[],
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
           AND NOT EXISTS (SELECT FROM pupil.closed AS c
                WHERE c.tenant = this AND c.subject = e.subject
                  AND c.at >= now() - (pupil.recovery_days() + days)
                                      * interval '1 day')
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


-- Whose time is over: closed before recovery, and so many days after its end.
CREATE FUNCTION pupil.leavers(days integer, held uuid[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.subject FROM pupil.closed AS c
      JOIN pupil.owner AS o ON o.tenant = c.tenant AND o.owner = c.subject
     WHERE c.tenant = pupil.current_tenant() AND o.state <> 'erased'
       AND c.subject <> ALL (held)
       AND c.at < now() - (pupil.recovery_days() + days) * interval '1 day'
     ORDER BY c.subject
$$;

REVOKE ALL ON FUNCTION pupil.recovery_days(), pupil.leavers(integer, uuid[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.recovery_days(), pupil.leavers(integer, uuid[])
    TO pupil_operator;

-- Copyright (C) the Pupil authors
--
-- What is left of records that were anonymised: of groups, how many persons
-- they were and how many of these had which value.  No id of a person, and
-- nothing of fewer than ten.
--
-- compatible_from: 16

-- The days on which everything that had expired of a category was counted.
CREATE TABLE pupil.release (
    tenant    uuid NOT NULL,
    category  text NOT NULL,
    released  date NOT NULL,
    PRIMARY KEY (tenant, category, released)
);
SELECT pupil.isolate('pupil.release');
GRANT SELECT, INSERT ON pupil.release TO pupil_operator;

-- value '': all persons of the group.
CREATE TABLE pupil.aggregate (
    tenant    uuid NOT NULL,
    category  text NOT NULL,
    released  date NOT NULL,
    grouped   text NOT NULL,
    value     text NOT NULL,
    persons   integer NOT NULL CHECK (persons >= 10),
    PRIMARY KEY (tenant, category, released, grouped, value),
    FOREIGN KEY (tenant, category, released) REFERENCES pupil.release
);
SELECT pupil.isolate('pupil.aggregate');
GRANT SELECT, INSERT ON pupil.aggregate TO pupil_operator;

-- Whatever a plugin's hook lets through.
CREATE FUNCTION pupil.nobody_in_aggregate() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM regexp_matches(NEW.grouped || ' ' || NEW.value,
            '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'gi') AS m (id)
         JOIN pupil.subject AS s
              ON s.tenant = NEW.tenant AND s.subject = m.id[1]::uuid)
    THEN
        RAISE EXCEPTION 'a group of % names a person: its plugin has to leave'
              ' that out', NEW.category USING ERRCODE = 'check_violation';
    END IF;

    RETURN NEW;
END $$;
CREATE TRIGGER nobody_in_aggregate BEFORE INSERT OR UPDATE ON pupil.aggregate
    FOR EACH ROW EXECUTE FUNCTION pupil.nobody_in_aggregate();


-- Deletes all of a category that has expired, as pupil.expire() does, and
-- returns what is to be counted: columns of the record's own table, as text and
-- as what is sealed.
CREATE FUNCTION pupil.anonymise(category text, event text, days integer,
    held uuid[], plain text[], sealed text[])
    RETURNS TABLE (owner uuid, record uuid, state text, key_version integer,
                   at bigint, texts text[], sealed_values bytea[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
        WHERE c.oid = to_regclass(format('data.%I', anonymise.category))
          AND c.relkind = 'r');
    expired CONSTANT text := pupil.expired(anonymise.category,
                                           anonymise.event);
BEGIN
    IF target IS NULL OR expired IS NULL OR days < 1 THEN
        RAISE EXCEPTION 'nothing of % expires', anonymise.category
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    RETURN QUERY EXECUTE format('WITH gone AS ('
        'DELETE FROM %s AS t WHERE %s RETURNING t.owner, t.record,'
        ' t.key_version, (extract(epoch FROM t.updated_at) * 1000000)::bigint'
        ' AS at, ARRAY[%s]::text[] AS texts,'
        ' ARRAY[%s]::bytea[] AS sealed_values),'
        ' terms AS (DELETE FROM pupil.blind_index AS b USING gone AS g'
        ' WHERE b.tenant = $1 AND b.category = $4 AND b.owner = g.owner'
        ' AND b.record = g.record),'
        ' prints AS (DELETE FROM pupil.imported AS i USING gone AS g'
        ' WHERE i.tenant = $1 AND i.category = $4 AND i.owner = g.owner)'
        ' SELECT g.owner, g.record, o.state, g.key_version, g.at, g.texts,'
        ' g.sealed_values FROM gone AS g JOIN pupil.owner AS o ON o.tenant = $1'
        ' AND o.owner = g.owner ORDER BY g.owner',
        target, expired,
        (SELECT string_agg(format('t.%I', c), ', ') FROM unnest(plain) AS c),
        (SELECT string_agg(format('t.%I', c), ', ') FROM unnest(sealed) AS c))
        USING this, days, held, category;
END $$;

REVOKE ALL ON FUNCTION pupil.nobody_in_aggregate(), pupil.anonymise(text, text,
    integer, uuid[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.anonymise(text, text, integer, uuid[], text[],
    text[]) TO pupil_operator;

-- Copyright (C) the Pupil authors
--
-- Exercises of homework are the gateway's to change, as its title is: until the
-- first answer is in (PUPIL_HOMEWORK_EDIT).
--
-- compatible_from: 16

-- As in 066_own.sql.  A table of before may lack the column of keys: it gets
-- its rights with it.
CREATE OR REPLACE FUNCTION pupil.plugin_privileges(category text,
    grants jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target  CONSTANT regclass := to_regclass(format('data.%I', category));
    common  text[] := '{key_version,source,updated_at}';
    facts    text[] := '{}';
    operator text[];
    persons  text[];
    login    text[];
    security text[];
BEGIN
    IF target IS NULL
       OR (SELECT c.relkind FROM pg_class AS c WHERE c.oid = target) = 'v'
    THEN
        RETURN;
    END IF;

    SELECT array_agg(g.field) FILTER (WHERE g.relation = 'system'
               AND g.purpose IN ('rostering', 'administration')),
           array_agg(g.field) FILTER (WHERE g.relation <> 'system'),
           array_agg(g.field) FILTER (WHERE g.relation = 'system'
               AND g.purpose = 'authentication'),
           array_agg(g.field) FILTER (WHERE g.relation = 'system'
               AND g.purpose = 'security')
      INTO operator, persons, login, security
      FROM jsonb_to_recordset(grants)
           AS g (field text, purpose text, relation text, operation text)
     WHERE g.operation = 'write';

    IF EXISTS (SELECT FROM jsonb_to_recordset(grants) AS g (bound boolean)
                WHERE g.bound)
    THEN
        facts := '{facts}';

        -- Not of what is stored already: that is bound by pupilctl facts.
        IF NOT EXISTS (SELECT FROM pg_constraint AS k
                        WHERE k.conrelid = target AND k.conname = 'has_facts')
        THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT has_facts'
                           ' CHECK (facts IS NOT NULL) NOT VALID', target);
        END IF;
    END IF;

    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s'
                   ' FROM pupil_gateway, pupil_operator', target);

    IF operator IS NOT NULL THEN
        EXECUTE format('GRANT INSERT, UPDATE (%s) ON %s TO pupil_operator',
                       pupil.columns(operator || common || facts), target);

    ELSIF facts <> '{}' THEN
        EXECUTE format('GRANT UPDATE (facts) ON %s TO pupil_operator', target);
    END IF;

    IF persons IS NOT NULL THEN
        EXECUTE format('GRANT INSERT, UPDATE (%s) ON %s TO pupil_gateway',
            pupil.columns(CASE category
            WHEN 'homework' THEN
                ARRAY(SELECT a.attname::text FROM pg_attribute AS a
                       WHERE a.attrelid = target AND a.attname = ANY (
                           '{title,description,due_at,exercises,exercise_ids,keys,deleted_at,updated_at}'))
                || facts
            WHEN 'progress' THEN '{superseded}'
            ELSE persons || common || facts END), target);
    END IF;

    IF login IS NOT NULL THEN
        EXECUTE format('GRANT UPDATE (%s) ON %s TO pupil_gateway',
                       pupil.columns(login || facts
                           || '{updated_at}'::text[]), target);
    END IF;

    IF security IS NOT NULL THEN
        EXECUTE format('GRANT INSERT ON %s TO pupil_gateway', target);
    END IF;
END $$;

UPDATE pupil.plugin SET category = category;

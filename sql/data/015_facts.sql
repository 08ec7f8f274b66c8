-- Copyright (C) the Pupil authors
--
-- compatible_from: 15
--
-- Facts: what binds the plain columns of a record that decide something, and
-- its sealed values, to each other (docs/architecture.md, "Facts").  Whoever
-- has no key can change a column and cannot make the facts that go with it.
-- An older program writes records without facts, which no newer one shows: a
-- constraint refuses them, as a worker that runs asks for the schema only when
-- it connects.
-- Records from before get theirs from pupilctl facts, once for each tenant;
-- until then they are not shown.

-- What a plugin's SQL file calls for its table data.<category>.
CREATE OR REPLACE FUNCTION pupil.protect(category text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pupil.isolate(format('data.%I', category)::regclass);
    EXECUTE format('ALTER TABLE data.%I ADD COLUMN IF NOT EXISTS facts bytea',
                   category);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON data.%I TO pupil_gateway',
                   category);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON data.%I'
                   ' TO pupil_operator', category);
END $$;


-- As in 013_privileges.sql; where the plugin has bound fields, who may change
-- a record may change its facts, and the operator adds them to records that
-- have none.
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
                '{title,description,due_at,deleted_at,updated_at}' || facts
            WHEN 'progress' THEN '{superseded}'
            ELSE persons || common || facts END), target);
    END IF;

    IF login IS NOT NULL THEN
        EXECUTE format('GRANT UPDATE (%s) ON %s TO pupil_gateway',
                       pupil.columns(login || facts), target);
    END IF;

    IF security IS NOT NULL THEN
        EXECUTE format('GRANT INSERT ON %s TO pupil_gateway', target);
    END IF;
END $$;


-- The tables that are there.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT p.category FROM pupil.plugin AS p
          JOIN pg_class AS c ON c.oid = to_regclass(format('data.%I',
                                                           p.category))
         WHERE c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE data.%I ADD COLUMN IF NOT EXISTS'
                       ' facts bytea', name);
    END LOOP;
END $$;

UPDATE pupil.plugin SET category = category;

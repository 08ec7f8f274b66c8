-- Copyright (C) the Pupil authors
--
-- The roles of nginx and pupilctl may do what their statements do, and nothing
-- else: whoever gets hold of one cannot change what its program never changes.
-- UPDATE is given by columns.  t/privileges.t has the whole as a table.
--
-- compatible_from: 1

REVOKE INSERT, UPDATE, DELETE ON pupil.blind_index FROM pupil_gateway;
REVOKE UPDATE ON pupil.session, pupil.login_throttle FROM pupil_gateway;
REVOKE SELECT ON pupil.audit_shape, pupil.policy FROM pupil_gateway;

GRANT UPDATE (seen_at, mac) ON pupil.session TO pupil_gateway;
GRANT UPDATE (failures, last_at, not_before) ON pupil.login_throttle
    TO pupil_gateway;


REVOKE UPDATE ON pupil.owner, pupil.subject, pupil.institution, pupil.class,
    pupil.role, pupil.enrolment, pupil.blind_index, pupil.imported,
    pupil.session, pupil.plugin FROM pupil_operator;
REVOKE DELETE ON pupil.enrolment, pupil.imported FROM pupil_operator;
REVOKE INSERT ON pupil.session FROM pupil_operator;
REVOKE ALL ON pupil.login_throttle FROM pupil_operator;

GRANT UPDATE (status, mac) ON pupil.subject TO pupil_operator;
GRANT UPDATE (title, updated_at) ON pupil.institution TO pupil_operator;
GRANT UPDATE (institution, title, updated_at) ON pupil.class
    TO pupil_operator;
GRANT UPDATE (valid_from, valid_to, source, mac) ON pupil.role
    TO pupil_operator;
GRANT UPDATE (institution, valid_from, valid_to, source, mac)
    ON pupil.enrolment TO pupil_operator;
GRANT UPDATE (fingerprint) ON pupil.imported TO pupil_operator;
GRANT UPDATE (version, grants, accepted_at, accepted_by) ON pupil.plugin
    TO pupil_operator;


-- What the accepted grants of a plugin need of its table.  pupil.protect()
-- gives more, as it does not know them; a plugin's SQL file calls it, and is
-- registered in pupil.plugin in the same transaction, which leads here.
--
-- The system's grants to write for rostering and administration are pupilctl's,
-- all others the gateway's: log-in changes what is there, security adds what is
-- not, and a person's do both.  Homework and progress have endpoints of their
-- own, which change less of a record than they add.
CREATE FUNCTION pupil.plugin_privileges(category text, grants jsonb)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target  CONSTANT regclass := to_regclass(format('data.%I', category));
    common  CONSTANT text[] := '{key_version,source,updated_at}';
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

    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s'
                   ' FROM pupil_gateway, pupil_operator', target);

    IF operator IS NOT NULL THEN
        EXECUTE format('GRANT INSERT, UPDATE (%s) ON %s TO pupil_operator',
                       pupil.columns(operator || common), target);
    END IF;

    IF persons IS NOT NULL THEN
        EXECUTE format('GRANT INSERT, UPDATE (%s) ON %s TO pupil_gateway',
            CASE category
            WHEN 'homework' THEN
                'title, description, due_at, deleted_at, updated_at'
            WHEN 'progress' THEN 'superseded'
            ELSE pupil.columns(persons || common) END, target);
    END IF;

    IF login IS NOT NULL THEN
        EXECUTE format('GRANT UPDATE (%s) ON %s TO pupil_gateway',
                       pupil.columns(login), target);
    END IF;

    IF security IS NOT NULL THEN
        EXECUTE format('GRANT INSERT ON %s TO pupil_gateway', target);
    END IF;
END $$;

-- A list of columns, each once.
CREATE FUNCTION pupil.columns(names text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(DISTINCT quote_ident(n), ', ') FROM unnest(names) AS n
$$;


-- Rows of the blind index are the gateway's to write when persons may write a
-- field that has one.
CREATE FUNCTION pupil.plugin_accepted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pupil.plugin_privileges(NEW.category, NEW.grants);

    IF EXISTS (SELECT FROM pupil.plugin AS p,
                      jsonb_to_recordset(p.grants) AS g (relation text,
                          operation text, indexed boolean)
                WHERE g.operation = 'write' AND g.relation <> 'system'
                  AND g.indexed)
    THEN
        GRANT INSERT, DELETE ON pupil.blind_index TO pupil_gateway;
    ELSE
        REVOKE INSERT, DELETE ON pupil.blind_index FROM pupil_gateway;
    END IF;

    RETURN NULL;
END $$;
CREATE TRIGGER plugin_accepted AFTER INSERT OR UPDATE ON pupil.plugin
    FOR EACH ROW EXECUTE FUNCTION pupil.plugin_accepted();

UPDATE pupil.plugin SET category = category;


-- What runs with the owner's rights finds no type of its caller's.
ALTER FUNCTION pupil.audit_covered_until()
    SET search_path = pg_catalog, pg_temp;

REVOKE ALL ON FUNCTION pupil.isolate(regclass), pupil.protect(text),
    pupil.plugin_privileges(text, jsonb), pupil.columns(text[]),
    pupil.plugin_accepted(), pupil.audit_partitions(integer) FROM PUBLIC;

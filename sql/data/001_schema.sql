-- Copyright (C) the Pupil authors
--
-- The data database: controllers, owners of keys, subjects, classes, the rows
-- that authorise, sessions.  Applied by `pupilctl migrate` in a transaction,
-- as role pupil_owner.
--
-- Every row carries its tenant, and every primary key starts with it, so that
-- a tenant can move to a cluster of its own.  Row-level security stands behind
-- the code's own filter (invariant I10).  Columns named *_sealed or of type
-- bytea in schema data are ciphertext (I5); what is plain is justified in
-- docs/privacy.md.  Rows with a column mac are authentic: the code that relies
-- on them checks a keyed hash over all their columns (I18).

CREATE SCHEMA pupil;
CREATE SCHEMA data;

GRANT USAGE ON SCHEMA pupil, data TO pupil_gateway, pupil_operator;


-- The tenant of this transaction; NULL, and so no row, when none was set.
CREATE FUNCTION pupil.current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('pupil.tenant', true), '')::uuid;


-- Row-level security by tenant for a table; FORCE binds its owner as well.  As
-- a sub-select the tenant is looked up once for each statement and table, and
-- not each time that a loop enters an index.
CREATE FUNCTION pupil.isolate(target regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('DROP POLICY IF EXISTS tenant_isolation ON %s', target);
    EXECUTE format(
        'CREATE POLICY tenant_isolation ON %s'
        ' USING (tenant = (SELECT pupil.current_tenant()))'
        ' WITH CHECK (tenant = (SELECT pupil.current_tenant()))', target);
END $$;


-- What a plugin's SQL file calls for its table data.<category>.
CREATE FUNCTION pupil.protect(category text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pupil.isolate(format('data.%I', category)::regclass);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON data.%I TO pupil_gateway',
                   category);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON data.%I'
                   ' TO pupil_operator', category);
END $$;


-- A controller (GDPR article 4(7)).  The name is an organisation's.
CREATE TABLE pupil.tenant (
    tenant      uuid PRIMARY KEY,
    name        text NOT NULL,
    decoy       uuid NOT NULL,      -- the subject that unknown log-ins meet
    created_at  timestamptz NOT NULL DEFAULT now()
);
SELECT pupil.isolate('pupil.tenant');
GRANT SELECT ON pupil.tenant TO pupil_gateway;
GRANT SELECT, INSERT ON pupil.tenant TO pupil_operator;
-- The operator chooses among the controllers; no person is named here.
CREATE POLICY operator_list ON pupil.tenant FOR SELECT TO pupil_operator
    USING (true);


-- Whose key seals a record, and the version of that key that is in force.
-- The key itself is in the key store.  A cached key is used only when both
-- state and version match this row; erasure and restriction write it first.
CREATE TABLE pupil.owner (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('subject', 'class',
                                               'institution')),
    state        text NOT NULL DEFAULT 'active'
                 CHECK (state IN ('active', 'restricted', 'erased')),
    key_version  integer NOT NULL DEFAULT 1 CHECK (key_version > 0),
    PRIMARY KEY (tenant, owner)
);
SELECT pupil.isolate('pupil.owner');
GRANT SELECT ON pupil.owner TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE ON pupil.owner TO pupil_operator;


-- A data subject, known everywhere by a random pseudonym.
-- mac: subject, status.
CREATE TABLE pupil.subject (
    tenant      uuid NOT NULL,
    subject     uuid NOT NULL,
    status      text NOT NULL CHECK (status IN ('active', 'locked',
                                                'closed')),
    source      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    mac         bytea NOT NULL,
    PRIMARY KEY (tenant, subject)
);
SELECT pupil.isolate('pupil.subject');
GRANT SELECT ON pupil.subject TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE ON pupil.subject TO pupil_operator;


-- A school.  title: sealed, category enrolment, field school_title, owner and
-- record the institution.
CREATE TABLE pupil.institution (
    tenant       uuid NOT NULL,
    institution  uuid NOT NULL,
    title        bytea NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, institution)
);
SELECT pupil.isolate('pupil.institution');
GRANT SELECT ON pupil.institution TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE ON pupil.institution TO pupil_operator;


-- A class or group.  title: sealed, category enrolment, field class_title,
-- owner and record the class.
CREATE TABLE pupil.class (
    tenant       uuid NOT NULL,
    class        uuid NOT NULL,
    institution  uuid NOT NULL,
    title        bytea NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, class)
);
SELECT pupil.isolate('pupil.class');
GRANT SELECT ON pupil.class TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE ON pupil.class TO pupil_operator;


-- Who may act in which role where.  institution is all zero for roles of the
-- whole tenant.  mac: every other column.
CREATE TABLE pupil.role (
    tenant       uuid NOT NULL,
    subject      uuid NOT NULL,
    institution  uuid NOT NULL,
    role         text NOT NULL CHECK (role IN ('pupil', 'teacher',
                     'school_admin', 'tenant_admin', 'dpo', 'support')),
    valid_from   date NOT NULL,
    valid_to     date,
    source       text NOT NULL,
    mac          bytea NOT NULL,
    PRIMARY KEY (tenant, subject, institution, role)
);
SELECT pupil.isolate('pupil.role');
GRANT SELECT ON pupil.role TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.role TO pupil_operator;


-- Who learns or teaches in which class.  mac: every other column.
CREATE TABLE pupil.enrolment (
    tenant       uuid NOT NULL,
    enrolment    uuid NOT NULL,
    subject      uuid NOT NULL,
    class        uuid NOT NULL,
    institution  uuid NOT NULL,
    role         text NOT NULL CHECK (role IN ('pupil', 'teacher')),
    valid_from   date NOT NULL,
    valid_to     date,
    source       text NOT NULL,
    mac          bytea NOT NULL,
    PRIMARY KEY (tenant, enrolment),
    UNIQUE (tenant, subject, class, role)
);
CREATE INDEX enrolment_class ON pupil.enrolment (tenant, class, role);
SELECT pupil.isolate('pupil.enrolment');
GRANT SELECT ON pupil.enrolment TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.enrolment TO pupil_operator;


-- Exact look-up of sealed values: term is a keyed hash under a key of tenant
-- and field.  Category 'source' maps the ids of a roster.  mac: every other
-- column.
CREATE TABLE pupil.blind_index (
    tenant    uuid NOT NULL,
    category  text NOT NULL,
    field     text NOT NULL,
    term      bytea NOT NULL,
    owner     uuid NOT NULL,
    record    uuid NOT NULL,
    mac       bytea NOT NULL,
    PRIMARY KEY (tenant, term, category, field)
);
CREATE INDEX blind_index_owner ON pupil.blind_index (tenant, owner);
SELECT pupil.isolate('pupil.blind_index');
GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.blind_index
    TO pupil_gateway, pupil_operator;


-- What an import last wrote of an owner's category, as a keyed fingerprint, so
-- that the next import knows what has changed without opening a sealed value.
CREATE TABLE pupil.imported (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    category     text NOT NULL,
    fingerprint  bytea NOT NULL,
    PRIMARY KEY (tenant, owner, category)
);
SELECT pupil.isolate('pupil.imported');
GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.imported TO pupil_operator;


-- A log-in.  token_hash is keyed; the token itself is never stored.  No index
-- on what a request touches, so that it is a heap-only update.
-- mac: every other column.
CREATE TABLE pupil.session (
    tenant       uuid NOT NULL,
    token_hash   bytea NOT NULL,
    subject      uuid NOT NULL,
    role         text NOT NULL,
    institution  uuid NOT NULL,
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,      -- absolute
    mac          bytea NOT NULL,
    PRIMARY KEY (tenant, token_hash)
) WITH (fillfactor = 80);
CREATE INDEX session_subject ON pupil.session (tenant, subject);
SELECT pupil.isolate('pupil.session');
GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.session
    TO pupil_gateway, pupil_operator;


-- Attempts to log in, reserved before the password is looked at.  bucket is a
-- keyed hash of what is limited (an identifier, a device, a network).
CREATE TABLE pupil.login_throttle (
    tenant      uuid NOT NULL,
    bucket      bytea NOT NULL,
    failures    integer NOT NULL,
    last_at     timestamptz NOT NULL,
    not_before  timestamptz NOT NULL,
    PRIMARY KEY (tenant, bucket)
) WITH (fillfactor = 70);
SELECT pupil.isolate('pupil.login_throttle');
GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.login_throttle
    TO pupil_gateway, pupil_operator;


-- The plugins whose grants the operator has accepted, and their SQL files.
-- Not a tenant's: a plugin serves them all.
CREATE TABLE pupil.plugin (
    category     text PRIMARY KEY,
    version      text NOT NULL,
    grants       jsonb NOT NULL,
    sql_sha256   bytea,
    accepted_at  timestamptz NOT NULL DEFAULT now(),
    accepted_by  text NOT NULL
);
GRANT SELECT ON pupil.plugin TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE ON pupil.plugin TO pupil_operator;

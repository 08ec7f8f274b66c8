-- Copyright (C) the Pupil authors
--
-- The audit log.  One row per request that touched, or was refused, personal
-- data; the categories and fields that it touched are its shape, of which
-- there are few dozens per configuration, so that the row is small and one
-- insert, with one index entry, pays for the whole access.  The view
-- pupil.audit_event shows one line per category.
--
-- Append-only for the roles that nginx uses (invariant I9): INSERT, no SELECT,
-- no privilege on the partitions, which do not inherit policies.

-- What accesses of one kind have in common.  The key is the hash of the
-- content, so that an edited shape no longer matches its records.
-- accesses: [{"category","fields":[],"purpose","relation","operation",
-- "about":"actor"|"subjects"|"none"}], in canonical form.
CREATE TABLE pupil.audit_shape (
    shape     bytea PRIMARY KEY CHECK (octet_length(shape) = 32),
    accesses  text NOT NULL,
    CHECK (shape = sha256(convert_to(accesses, 'UTF8')))
);
GRANT SELECT, INSERT ON pupil.audit_shape TO pupil_gateway, pupil_operator;


-- The policies that were ever in force, by the hash that records carry.
CREATE TABLE pupil.policy (
    policy      bytea PRIMARY KEY CHECK (octet_length(policy) = 32),
    document    text NOT NULL,
    first_seen  timestamptz NOT NULL DEFAULT now(),
    CHECK (policy = sha256(convert_to(document, 'UTF8')))
);
GRANT SELECT, INSERT ON pupil.policy TO pupil_gateway, pupil_operator;


-- Nothing is computed from a row when it is written: hashes of events are made
-- when they are sealed and numbered.  What is computed here, a default or a
-- constraint besides, is read and planned anew by each insert.
CREATE TABLE pupil.audit_record (
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant       uuid NOT NULL,
    request      uuid NOT NULL,
    actor        uuid,              -- NULL: nobody was logged in
    role         text NOT NULL,     -- of the session; 'operator', 'none'
    institution  uuid,
    shape        bytea NOT NULL,
    policy       bytea NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('allowed', 'not_granted',
                     'not_found', 'refused', 'throttled', 'tampered',
                     'restricted', 'conflict')),
    network      inet,              -- truncated: /24 or /48
    subjects     uuid[] NOT NULL DEFAULT '{}',
    note         text               -- the operator's account and ticket; what
                                    -- was tampered with.  Never a value
) PARTITION BY RANGE (at);

CREATE INDEX audit_record_at ON pupil.audit_record (tenant, at);

ALTER TABLE pupil.audit_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE pupil.audit_record FORCE ROW LEVEL SECURITY;
CREATE POLICY append ON pupil.audit_record FOR INSERT
    TO pupil_gateway, pupil_operator WITH CHECK (true);
CREATE POLICY read ON pupil.audit_record FOR SELECT TO pupil_operator
    USING (tenant = (SELECT pupil.current_tenant()));
GRANT INSERT ON pupil.audit_record TO pupil_gateway;
GRANT SELECT, INSERT ON pupil.audit_record TO pupil_operator;


-- One line per category touched, for the operator; one without a category for
-- what touched none, such as a session that somebody edited.
CREATE VIEW pupil.audit_event WITH (security_invoker = true) AS
    SELECT r.at, r.tenant, r.request, r.actor, r.role, r.institution,
           a.category, a.fields, a.purpose, a.relation, a.operation,
           CASE a.about WHEN 'actor' THEN ARRAY[r.actor]
                        WHEN 'subjects' THEN r.subjects
                        ELSE '{}' END AS subjects,
           r.outcome, r.network, r.policy, r.note
      FROM pupil.audit_record r
      JOIN pupil.audit_shape s USING (shape)
      LEFT JOIN LATERAL jsonb_to_recordset(s.accesses::jsonb)
           AS a(category text, fields text[], purpose text, relation text,
                operation text, about text) ON true;
GRANT SELECT ON pupil.audit_event TO pupil_operator;


-- Makes the partitions of this month and the months ahead; returns the first
-- instant that none covers.  Called by each `pupilctl migrate`.
CREATE FUNCTION pupil.audit_partitions(ahead integer DEFAULT 13)
    RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', now() AT TIME ZONE 'UTC');
BEGIN
    FOR i IN 0 .. ahead LOOP
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS pupil.%I PARTITION OF'
            ' pupil.audit_record FOR VALUES FROM (%L) TO (%L)',
            to_char(month, '"audit_record_"YYYY_MM'),
            month::timestamp AT TIME ZONE 'UTC',
            (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        month := month + interval '1 month';
    END LOOP;

    RETURN month::timestamp AT TIME ZONE 'UTC';
END $$;

SELECT pupil.audit_partitions();


-- The first instant that no partition covers, for /status, which warns when it
-- is less than 35 days away.
CREATE FUNCTION pupil.audit_covered_until() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid),
                             'TO \(''([^'']+)''\)'))[1]::timestamptz)
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'pupil.audit_record'::regclass
$$;

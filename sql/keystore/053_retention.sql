-- Copyright (C) the Pupil authors
--
-- What decides that a record is not kept any longer, and with it that a key is
-- destroyed, stands where the keys are: no hand in the data database shortens a
-- period or ends a hold, and no backup of it takes back that a day's release of
-- statistics was made.
--
-- compatible_from: 10

-- What a tenant has decided to keep for less time than plugins declare, and by
-- which decision.  name: a category, recovery or legal.
CREATE TABLE keystore.retention (
    tenant     uuid NOT NULL,
    name       text NOT NULL,
    days       integer NOT NULL CHECK (days > 0),
    reference  text NOT NULL CHECK (reference <> ''),
    set_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, name)
);

-- Categories of which nothing expires for now, by which decision.
CREATE TABLE keystore.retention_hold (
    tenant     uuid NOT NULL,
    category   text NOT NULL,
    reference  text NOT NULL CHECK (reference <> ''),
    held_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, category)
);

-- The days on which what had expired of a category was counted.
CREATE TABLE keystore.release (
    tenant    uuid NOT NULL,
    category  text NOT NULL,
    released  date NOT NULL,
    PRIMARY KEY (tenant, category, released)
);

ALTER TABLE keystore.retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.retention FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.retention
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
ALTER TABLE keystore.retention_hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.retention_hold FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.retention_hold
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
ALTER TABLE keystore.release ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.release FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.release
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));

GRANT SELECT, INSERT ON keystore.retention, keystore.release
    TO pupil_operator;
GRANT UPDATE (days, reference, set_at) ON keystore.retention
    TO pupil_operator;
GRANT SELECT, INSERT, DELETE ON keystore.retention_hold TO pupil_operator;
GRANT UPDATE (reference) ON keystore.retention_hold TO pupil_operator;


-- They go with the keys of their tenant.
CREATE FUNCTION keystore.forget_decisions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.retention AS r WHERE r.tenant = NEW.tenant;
    DELETE FROM keystore.retention_hold AS h WHERE h.tenant = NEW.tenant;
    DELETE FROM keystore.release AS r WHERE r.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_decisions AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_decisions();

REVOKE ALL ON FUNCTION keystore.forget_decisions() FROM PUBLIC;

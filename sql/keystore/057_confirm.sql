-- Copyright (C) the Pupil authors
--
-- Categories of which nothing goes that nobody has confirmed, by which decision,
-- and when it was confirmed last, by which.  Where the keys are, as in
-- 053_retention.sql.
--
-- compatible_from: 10

CREATE TABLE keystore.retention_confirm (
    tenant        uuid NOT NULL,
    category      text NOT NULL,
    reference     text NOT NULL CHECK (reference <> ''),
    asked_at      timestamptz NOT NULL DEFAULT now(),
    confirmed_at  timestamptz,
    confirmation  text CHECK (confirmation <> ''),
    PRIMARY KEY (tenant, category)
);

ALTER TABLE keystore.retention_confirm ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.retention_confirm FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.retention_confirm
    TO pupil_operator, CURRENT_USER
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT, INSERT, DELETE ON keystore.retention_confirm TO pupil_operator;
GRANT UPDATE (reference, asked_at, confirmed_at, confirmation)
    ON keystore.retention_confirm TO pupil_operator;


-- They go with the keys of their tenant.
CREATE FUNCTION keystore.forget_confirmations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.retention_confirm AS c WHERE c.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_confirmations AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_confirmations();

REVOKE ALL ON FUNCTION keystore.forget_confirmations() FROM PUBLIC;

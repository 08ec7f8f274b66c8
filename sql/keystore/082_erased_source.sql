-- Copyright (C) the Pupil authors
--
-- By which id somebody who was erased is in the school's system, as the keyed
-- hash that pupil.blind_index had, with the entry of the ledger: a data
-- database that is restored from before they came has no row of them, and a
-- replay puts back what tells them.  It goes as pupil.erased_source does.
--
-- compatible_from: 10

CREATE TABLE keystore.erased_source (
    tenant  uuid NOT NULL,
    number  bigint NOT NULL,
    term    bytea NOT NULL,
    PRIMARY KEY (tenant, number, term)
);
ALTER TABLE keystore.erased_source ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.erased_source FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.erased_source
    TO pupil_operator, CURRENT_USER
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT, INSERT, DELETE ON keystore.erased_source TO pupil_operator;

CREATE FUNCTION keystore.forget_erased() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.erased_source AS e WHERE e.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_erased AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_erased();

REVOKE ALL ON FUNCTION keystore.forget_erased() FROM PUBLIC;

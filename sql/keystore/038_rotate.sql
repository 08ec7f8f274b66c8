-- Copyright (C) the Pupil authors
--
-- Epochs of the key file are retired (pupilctl key rotate and key retire): each
-- knows how many keys of tenants it wraps, of all tenants, which nobody can
-- count who is bound by their policies.
--
-- compatible_from: 10

ALTER TABLE keystore.kek_epoch ADD COLUMN keys bigint NOT NULL DEFAULT 0;

ALTER TABLE keystore.tenant_key NO FORCE ROW LEVEL SECURITY;
UPDATE keystore.kek_epoch AS e SET keys =
    (SELECT count(*) FROM keystore.tenant_key AS k WHERE k.epoch = e.epoch);
ALTER TABLE keystore.tenant_key FORCE ROW LEVEL SECURITY;

-- One that somebody has retired by hand, and that opens what is there, is not.
UPDATE keystore.kek_epoch SET retired_at = NULL WHERE keys <> 0;

-- Neither is an epoch retired that wraps something, nor is anything wrapped
-- under one that is.
ALTER TABLE keystore.kek_epoch
    ADD CONSTRAINT retired CHECK (retired_at IS NULL OR keys = 0);

CREATE FUNCTION keystore.epoch_used() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE keystore.kek_epoch SET keys = keys - 1 WHERE epoch = OLD.epoch;
    END IF;

    IF TG_OP <> 'DELETE' THEN
        UPDATE keystore.kek_epoch SET keys = keys + 1 WHERE epoch = NEW.epoch;
    END IF;

    RETURN NULL;
END $$;
CREATE TRIGGER epoch_used AFTER INSERT OR DELETE OR UPDATE OF epoch
    ON keystore.tenant_key
    FOR EACH ROW EXECUTE FUNCTION keystore.epoch_used();
REVOKE ALL ON FUNCTION keystore.epoch_used() FROM PUBLIC;

GRANT UPDATE (epoch, wrapped) ON keystore.tenant_key TO pupil_operator;
GRANT UPDATE (retired_at) ON keystore.kek_epoch TO pupil_operator;

-- Copyright (C) the Pupil authors
--
-- The address of a person that another took the place of stays so, also where
-- the row of before is put back (invariant I18): else a link to a new password
-- would go to who reads the mailbox that they had.  The key store knows which is
-- the last address that was written.
--
-- compatible_from: 16

ALTER TABLE keystore.floor ADD COLUMN address integer NOT NULL DEFAULT 0;

CREATE TRIGGER address_rises BEFORE UPDATE ON keystore.floor
    FOR EACH ROW WHEN (NEW.address < OLD.address)
    EXECUTE FUNCTION keystore.never_back();


-- A number for another address of each, above all that there were, which count
-- no more from the commit of this on.
CREATE FUNCTION keystore.give_addresses(subjects uuid[])
    RETURNS TABLE (subject uuid, number integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    PERFORM keystore.lock_floors(subjects);

    RETURN QUERY
        UPDATE keystore.floor AS f SET address = f.address + 1
         WHERE f.tenant = this AND f.subject = ANY (subjects)
        RETURNING f.subject, f.address;
END $$;

REVOKE ALL ON FUNCTION keystore.give_addresses(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.give_addresses(uuid[]) TO pupil_operator;

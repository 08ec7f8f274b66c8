-- Copyright (C) the Pupil authors
--
-- The mark counts the copies that there are, and not how often one was made: a
-- database whose mark was restored without its ledger copies again, and a session
-- whose triggers do not fire counts nothing.
--
-- compatible_from: 16

-- The owner, whom row security binds as well, counts those of all tenants.
CREATE POLICY counted ON pupil.ledger FOR SELECT TO CURRENT_USER USING (true);

-- Whoever counts waits for whoever does, and sees what that has copied.
CREATE FUNCTION pupil.count_mark() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counted bigint;
BEGIN
    PERFORM FROM pupil.mark FOR UPDATE;
    SELECT count(*) INTO counted FROM pupil.ledger;
    UPDATE pupil.mark SET copied = counted WHERE copied <> counted;
    RETURN counted;
END $$;

-- As in 032_mark.sql but for that.
CREATE OR REPLACE FUNCTION pupil.mark_copied() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pupil.count_mark();
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION pupil.count_mark() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.count_mark() TO pupil_operator;

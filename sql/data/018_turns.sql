-- Copyright (C) the Pupil authors
--
-- Whose turn it is to write about somebody, as one of several workers, is
-- asked for and not waited for: who waited in the database would hold up all
-- that was sent behind it.  Who comes too early gets an error, as anybody who
-- meets a lock does, and comes again.
--
-- compatible_from: 16

CREATE FUNCTION pupil.take_turn(tenant integer, subject integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(tenant, subject) THEN
        RAISE EXCEPTION 'somebody else has the turn'
            USING ERRCODE = 'lock_not_available';
    END IF;
END $$;

REVOKE ALL ON FUNCTION pupil.take_turn(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.take_turn(integer, integer) TO pupil_gateway;

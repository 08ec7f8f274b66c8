-- Copyright (C) the Pupil authors
--
-- Whose turn it is to write about somebody, as one of several workers, is
-- asked for and not waited for: who waited in the database would hold up all
-- that was sent behind it.  Who comes too early gets an error, as anybody who
-- meets a lock does, and comes again.
--
-- compatible_from: 16

-- Where pg_try_advisory_xact_lock() was false.
CREATE FUNCTION pupil.no_turn() RETURNS bigint
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'somebody else has the turn'
        USING ERRCODE = 'lock_not_available';
END $$;

REVOKE ALL ON FUNCTION pupil.no_turn() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.no_turn() TO pupil_gateway;

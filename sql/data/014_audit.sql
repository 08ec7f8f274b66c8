-- Copyright (C) the Pupil authors
--
-- Not audited is not answered: what the gateway needs of the database to know
-- that a record is stored, and to see in time that none can be.
--
-- compatible_from: 1


-- A write whose record was not stored must not happen: its statement counts
-- what was stored, and calls this where that is not what was to be.  SQLSTATE
-- PU001 is Pupil's own.
CREATE FUNCTION pupil.not_recorded() RETURNS bigint
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit record was not stored' USING ERRCODE = 'PU001';
END $$;

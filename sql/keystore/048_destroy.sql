-- Copyright (C) the Pupil authors
--
-- Half a call destroys no key: the mark that it goes by, and the entry that it
-- is for, are both there, or nothing is done.
--
-- compatible_from: 10

-- As in 032_mark.sql.
CREATE OR REPLACE FUNCTION keystore.destroy_key(number bigint, copied bigint)
    RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    whom CONSTANT uuid := (SELECT l.subject FROM keystore.ledger AS l
        WHERE l.tenant = this AND l.number = destroy_key.number);
    marked keystore.mark;
BEGIN
    IF whom IS NULL OR copied IS NULL THEN
        RAISE EXCEPTION 'entry % of the erasure ledger is not there, or not how'
              ' many the data database has', destroy_key.number
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    UPDATE keystore.mark AS m
       SET destroyed = greatest(m.destroyed, destroy_key.copied)
    RETURNING m.* INTO marked;

    IF marked.destroyed > marked.entered THEN
        RAISE EXCEPTION 'the data database has % entries of the erasure ledger'
              ' and the key store %', destroy_key.copied, marked.entered
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    UPDATE keystore.owner_key AS k
       SET state = 'erased', wrapped = NULL, changed_at = now()
     WHERE k.tenant = this AND k.owner = whom AND k.state <> 'erased';

    PERFORM keystore.tell_mark();

    RETURN (SELECT k.changed_at FROM keystore.owner_key AS k
             WHERE k.tenant = this AND k.owner = whom);
END $$;

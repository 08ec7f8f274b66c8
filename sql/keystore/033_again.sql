-- Copyright (C) the Pupil authors
--
-- A key store that was restored lacks the last entries of the erasure ledger,
-- which its signed file has.
--
-- compatible_from: 10

-- Enters one of them behind the end, as it was.  at: microseconds since 1970.
CREATE FUNCTION keystore.enter_again(number bigint, subject uuid, at bigint,
    hash bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    head  keystore.ledger;
    entry keystore.ledger;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || this, 0));

    SELECT l.* INTO head FROM keystore.ledger AS l
     WHERE l.tenant = this ORDER BY l.number DESC LIMIT 1;

    entry.tenant := this;
    entry.number := enter_again.number;
    entry.kind := 'erasure';
    entry.subject := enter_again.subject;
    entry.at := timestamptz 'epoch'
                + enter_again.at * interval '1 microsecond';
    entry.hash := keystore.ledger_hash(head.hash, entry);

    IF entry.number <> coalesce(head.number, 0) + 1
       OR entry.hash <> enter_again.hash
    THEN
        RAISE EXCEPTION 'entry % does not follow entry % of the erasure ledger',
              entry.number, coalesce(head.number, 0)
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    INSERT INTO keystore.ledger SELECT entry.*;
END $$;

REVOKE ALL ON FUNCTION keystore.enter_again(bigint, uuid, bigint, bytea)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.enter_again(bigint, uuid, bigint, bytea)
    TO pupil_operator;

-- Copyright (C) the Pupil authors
--
-- The mark: which copies of the erasure ledger this key store can be used with
-- (invariant I8).  entered: how many entries there are, of all tenants.
-- destroyed: how many of them the data database had a copy of when the last key
-- was destroyed, its mark (sql/data/032_mark.sql).  As an entry is copied
-- before its key is destroyed, and entered before it is copied,
--
--     destroyed <= copied <= entered
--
-- and a data database with less was restored from a backup that is older than
-- an erasure, one with more has a key store that was.
--
-- compatible_from: 10

CREATE TABLE keystore.mark (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    entered    bigint NOT NULL,
    destroyed  bigint NOT NULL
);
GRANT SELECT ON keystore.mark TO pupil_keeper, pupil_operator;

-- Without the tenants' policies, which hide what this has to count.
ALTER TABLE keystore.ledger NO FORCE ROW LEVEL SECURITY;
ALTER TABLE keystore.owner_key NO FORCE ROW LEVEL SECURITY;
INSERT INTO keystore.mark (entered, destroyed)
SELECT count(*), count(*) FILTER (WHERE k.state = 'erased')
  FROM keystore.ledger AS l LEFT JOIN keystore.owner_key AS k
    ON k.tenant = l.tenant AND k.owner = l.subject;
ALTER TABLE keystore.ledger FORCE ROW LEVEL SECURITY;
ALTER TABLE keystore.owner_key FORCE ROW LEVEL SECURITY;

CREATE TRIGGER only_rises BEFORE UPDATE ON keystore.mark
    FOR EACH ROW WHEN (NEW.entered < OLD.entered
                       OR NEW.destroyed < OLD.destroyed)
    EXECUTE FUNCTION keystore.never_back();
CREATE TRIGGER never_goes BEFORE DELETE ON keystore.mark
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();


-- Workers know it, when it is committed.
CREATE FUNCTION keystore.tell_mark() RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_notify('pupil_keystore',
                     concat_ws(' ', 'mark', m.entered, m.destroyed))
      FROM keystore.mark AS m
$$;

CREATE FUNCTION keystore.mark_entered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE keystore.mark SET entered = entered + 1;
    PERFORM keystore.tell_mark();
    RETURN NULL;
END $$;
CREATE TRIGGER mark_entered AFTER INSERT ON keystore.ledger
    FOR EACH ROW EXECUTE FUNCTION keystore.mark_entered();


-- As in 031_ledger.sql, with the mark that the data database has by now.
DROP FUNCTION keystore.destroy_key(bigint);
CREATE FUNCTION keystore.destroy_key(number bigint, copied bigint)
    RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    whom CONSTANT uuid := (SELECT l.subject FROM keystore.ledger AS l
        WHERE l.tenant = this AND l.number = destroy_key.number);
    marked keystore.mark;
BEGIN
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

REVOKE ALL ON FUNCTION keystore.tell_mark(), keystore.mark_entered(),
    keystore.destroy_key(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.destroy_key(bigint, bigint)
    TO pupil_operator;

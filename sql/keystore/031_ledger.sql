-- Copyright (C) the Pupil authors
--
-- The erasure ledger: what was erased, numbered for each tenant without a gap,
-- each entry bound to the one before it by its hash.  It is authoritative, and
-- the data database has a copy (sql/data/031_erasure.sql): a copy that ends
-- before the ledger does is of a database that was restored.
--
-- compatible_from: 10

CREATE TABLE keystore.ledger (
    tenant   uuid NOT NULL,
    number   bigint NOT NULL CHECK (number > 0),
    kind     text NOT NULL CHECK (kind IN ('erasure')),
    subject  uuid NOT NULL,
    at       timestamptz NOT NULL,
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, subject, kind)
);
ALTER TABLE keystore.ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.ledger
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT ON keystore.ledger TO pupil_operator;

CREATE TRIGGER never_back BEFORE UPDATE OR DELETE ON keystore.ledger
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();


-- The hash of an entry.  previous: of the one before it, NULL for the first.
CREATE FUNCTION keystore.ledger_hash(previous bytea, entry keystore.ledger)
    RETURNS bytea LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(coalesce(previous, '') || convert_to(concat_ws(' ',
        entry.tenant, entry.number, entry.kind, entry.subject,
        (extract(epoch FROM entry.at) * 1000000)::bigint), 'UTF8'))
$$;


-- Enters an erasure, or finds the entry that there is.  Whoever enters one
-- waits for whoever does for the same tenant: numbers have no gaps.
CREATE FUNCTION keystore.enter_erasure(subject uuid) RETURNS SETOF
    keystore.ledger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    head  keystore.ledger;
    entry keystore.ledger;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || this, 0));

    SELECT l.* INTO entry FROM keystore.ledger AS l
     WHERE l.tenant = this AND l.subject = enter_erasure.subject
       AND l.kind = 'erasure';

    IF NOT FOUND THEN
        SELECT l.* INTO head FROM keystore.ledger AS l
         WHERE l.tenant = this ORDER BY l.number DESC LIMIT 1;

        entry.tenant := this;
        entry.number := coalesce(head.number, 0) + 1;
        entry.kind := 'erasure';
        entry.subject := enter_erasure.subject;
        entry.at := clock_timestamp();
        entry.hash := keystore.ledger_hash(head.hash, entry);

        INSERT INTO keystore.ledger SELECT entry.*;
    END IF;

    RETURN NEXT entry;
END $$;


-- Destroys the key of whose erasure is in the ledger, and says when: again is
-- no harm.  Its trigger tells all workers.  Nobody can do it without an entry.
CREATE FUNCTION keystore.destroy_key(number bigint) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    whom CONSTANT uuid := (SELECT l.subject FROM keystore.ledger AS l
        WHERE l.tenant = this AND l.number = destroy_key.number);
BEGIN
    UPDATE keystore.owner_key AS k
       SET state = 'erased', wrapped = NULL, changed_at = now()
     WHERE k.tenant = this AND k.owner = whom AND k.state <> 'erased';

    RETURN (SELECT k.changed_at FROM keystore.owner_key AS k
             WHERE k.tenant = this AND k.owner = whom);
END $$;

REVOKE ALL ON FUNCTION keystore.ledger_hash(bytea, keystore.ledger),
    keystore.enter_erasure(uuid), keystore.destroy_key(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.ledger_hash(bytea, keystore.ledger),
    keystore.enter_erasure(uuid), keystore.destroy_key(bigint)
    TO pupil_operator;

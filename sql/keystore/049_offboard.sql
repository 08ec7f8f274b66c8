-- Copyright (C) the Pupil authors
--
-- The end of a tenant: an entry of its own in the erasure ledger, whose subject
-- is the tenant itself, and then all of its keys are gone, for ever.
--
-- compatible_from: 10

ALTER TABLE keystore.ledger DROP CONSTRAINT ledger_kind_check;
ALTER TABLE keystore.ledger ADD CONSTRAINT ledger_kind_check
    CHECK (kind = CASE WHEN subject = tenant THEN 'tenant' ELSE 'erasure' END);

-- Whose keys were destroyed, and when.
CREATE TABLE keystore.gone (
    tenant  uuid PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE keystore.gone ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.gone FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.gone
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT ON keystore.gone TO pupil_operator;
CREATE TRIGGER never_back BEFORE UPDATE OR DELETE ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();


-- What never goes goes with its tenant, and nobody makes its keys anew.
CREATE FUNCTION keystore.is_gone(tenant uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM keystore.gone AS g
                    WHERE g.tenant = is_gone.tenant)
$$;

CREATE OR REPLACE TRIGGER never_goes BEFORE DELETE ON keystore.floor
    FOR EACH ROW WHEN (NOT keystore.is_gone(OLD.tenant))
    EXECUTE FUNCTION keystore.never_back();
CREATE OR REPLACE TRIGGER never_goes BEFORE DELETE ON keystore.owner_key
    FOR EACH ROW WHEN (NOT keystore.is_gone(OLD.tenant))
    EXECUTE FUNCTION keystore.never_back();
CREATE TRIGGER never_again BEFORE INSERT ON keystore.tenant_key
    FOR EACH ROW WHEN (keystore.is_gone(NEW.tenant))
    EXECUTE FUNCTION keystore.never_back();


-- Enters the end of the tenant, or finds the entry that there is.  Of nobody
-- who is held.
CREATE FUNCTION keystore.enter_offboard() RETURNS SETOF keystore.ledger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    head  keystore.ledger;
    entry keystore.ledger;
    held  bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || this, 0));

    SELECT l.* INTO entry FROM keystore.ledger AS l
     WHERE l.tenant = this AND l.kind = 'tenant';

    IF NOT FOUND THEN
        SELECT count(*) INTO held FROM keystore.hold AS h
         WHERE h.tenant = this;

        IF held <> 0 THEN
            RAISE EXCEPTION '% of this tenant''s people are held', held
                  USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;

        SELECT l.* INTO head FROM keystore.ledger AS l
         WHERE l.tenant = this ORDER BY l.number DESC LIMIT 1;

        entry.tenant := this;
        entry.number := coalesce(head.number, 0) + 1;
        entry.kind := 'tenant';
        entry.subject := this;
        entry.at := clock_timestamp();
        entry.hash := keystore.ledger_hash(head.hash, entry);

        INSERT INTO keystore.ledger SELECT entry.*;
    END IF;

    RETURN NEXT entry;
END $$;


-- Destroys all keys of the tenant whose end is in the ledger, and says when:
-- again is no harm.  Workers are told in one word.
CREATE FUNCTION keystore.destroy_tenant(number bigint, copied bigint)
    RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    marked keystore.mark;
BEGIN
    IF copied IS NULL OR NOT EXISTS (
        SELECT FROM keystore.ledger AS l WHERE l.tenant = this
           AND l.number = destroy_tenant.number AND l.kind = 'tenant')
    THEN
        RAISE EXCEPTION 'entry % of the erasure ledger does not end this tenant,'
              ' or the data database has no mark', destroy_tenant.number
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    UPDATE keystore.mark AS m
       SET destroyed = greatest(m.destroyed, destroy_tenant.copied)
    RETURNING m.* INTO marked;

    IF marked.destroyed > marked.entered THEN
        RAISE EXCEPTION 'the data database has % entries of the erasure ledger'
              ' and the key store %', destroy_tenant.copied, marked.entered
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    INSERT INTO keystore.gone (tenant) VALUES (this) ON CONFLICT DO NOTHING;
    DELETE FROM keystore.owner_key AS k WHERE k.tenant = this;
    DELETE FROM keystore.service_key AS k WHERE k.tenant = this;
    DELETE FROM keystore.tenant_key AS k WHERE k.tenant = this;
    DELETE FROM keystore.floor AS f WHERE f.tenant = this;
    DELETE FROM keystore.ended AS e WHERE e.tenant = this;
    DELETE FROM keystore.fetch AS f WHERE f.tenant = this;

    PERFORM pg_notify('pupil_keystore', 'gone ' || this);
    PERFORM keystore.tell_mark();

    RETURN (SELECT g.at FROM keystore.gone AS g WHERE g.tenant = this);
END $$;


-- As in 033_again.sql.
CREATE OR REPLACE FUNCTION keystore.enter_again(number bigint, subject uuid,
    at bigint, hash bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
    entry.kind := CASE WHEN enter_again.subject = this THEN 'tenant'
                       ELSE 'erasure' END;
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

REVOKE ALL ON FUNCTION keystore.is_gone(uuid), keystore.enter_offboard(),
    keystore.destroy_tenant(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.is_gone(uuid), keystore.enter_offboard(),
    keystore.destroy_tenant(bigint, bigint) TO pupil_operator;

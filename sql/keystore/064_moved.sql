-- Copyright (C) the Pupil authors
--
-- The move of a tenant to another installation is an entry of the ledger, too,
-- of a kind of its own, that says where to.  From then on no worker is given a
-- key of it here, from no backup either; what is left of it goes with its end
-- (049_offboard.sql).
--
-- compatible_from: 10

ALTER TABLE keystore.ledger ADD COLUMN place text;
ALTER TABLE keystore.ledger DROP CONSTRAINT ledger_kind_check;
ALTER TABLE keystore.ledger ADD CONSTRAINT ledger_kind_check CHECK (
    CASE kind
    WHEN 'erasure' THEN subject <> tenant AND place IS NULL
    WHEN 'tenant' THEN subject = tenant AND place IS NULL
    WHEN 'moved' THEN subject = tenant
                      AND coalesce(place ~ '^[A-Za-z0-9._:-]{1,64}$', false)
    ELSE false END);

-- Tenants that workers are told to be elsewhere.
CREATE TABLE keystore.moved (
    tenant  uuid PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE keystore.moved ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.moved FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.moved
    TO pupil_keeper, pupil_operator, CURRENT_USER
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT ON keystore.moved TO pupil_keeper, pupil_operator;
CREATE TRIGGER never_back BEFORE UPDATE OR DELETE ON keystore.moved
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();

-- Without it nothing of the tenant opens, whichever program asks.
CREATE POLICY moved ON keystore.tenant_key AS RESTRICTIVE FOR SELECT
    TO pupil_keeper
    USING (NOT EXISTS (SELECT FROM keystore.moved AS m
            WHERE m.tenant = (SELECT NULLIF(current_setting('pupil.tenant',
                                                            true), '')::uuid)));


-- A program that takes such an entry for an erasure is refused, from the first
-- one on.
CREATE FUNCTION keystore.kind_entered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.pupil_migration SET compatible_from = 64
     WHERE number = 64 AND compatible_from < 64;
    RETURN NULL;
END $$;
CREATE TRIGGER kind_entered AFTER INSERT ON keystore.ledger
    FOR EACH ROW WHEN (NEW.kind = 'moved')
    EXECUTE FUNCTION keystore.kind_entered();


-- As in 031_ledger.sql, with the place where there is one.
CREATE OR REPLACE FUNCTION keystore.ledger_hash(previous bytea,
    entry keystore.ledger) RETURNS bytea LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(coalesce(previous, '') || convert_to(concat_ws(' ',
        entry.tenant, entry.number, entry.kind, entry.subject,
        (extract(epoch FROM entry.at) * 1000000)::bigint, entry.place),
        'UTF8'))
$$;


-- What would be the next entry of the tenant, whose lock is taken with it.
CREATE FUNCTION keystore.ledger_next(kind text, subject uuid, at timestamptz,
    place text) RETURNS keystore.ledger LANGUAGE plpgsql
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
    entry.number := coalesce(head.number, 0) + 1;
    entry.kind := ledger_next.kind;
    entry.subject := ledger_next.subject;
    entry.at := ledger_next.at;
    entry.place := ledger_next.place;
    entry.hash := keystore.ledger_hash(head.hash, entry);

    RETURN entry;
END $$;


-- As in 034_hold.sql; of a tenant that was moved nobody is erased here.
CREATE OR REPLACE FUNCTION keystore.enter_erasure(subject uuid) RETURNS SETOF
    keystore.ledger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    entry keystore.ledger;
    held  text;
    moved text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || this, 0));

    SELECT l.* INTO entry FROM keystore.ledger AS l
     WHERE l.tenant = this AND l.subject = enter_erasure.subject
       AND l.kind = 'erasure';

    IF NOT FOUND THEN
        SELECT h.reference INTO held FROM keystore.hold AS h
         WHERE h.tenant = this AND h.subject = enter_erasure.subject;

        IF FOUND THEN
            RAISE EXCEPTION '% is held (%)', enter_erasure.subject, held
                  USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;

        SELECT l.place INTO moved FROM keystore.ledger AS l
         WHERE l.tenant = this AND l.kind = 'moved';

        IF FOUND THEN
            RAISE EXCEPTION 'the tenant was moved to %: erase there', moved
                  USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;

        entry := keystore.ledger_next('erasure', enter_erasure.subject,
                                      clock_timestamp(), NULL);
        INSERT INTO keystore.ledger SELECT entry.*;
    END IF;

    RETURN NEXT entry;
END $$;


-- As in 049_offboard.sql; holds of a tenant that was moved are held there.
CREATE OR REPLACE FUNCTION keystore.enter_offboard() RETURNS SETOF
    keystore.ledger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    entry keystore.ledger;
    held  bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || this, 0));

    SELECT l.* INTO entry FROM keystore.ledger AS l
     WHERE l.tenant = this AND l.kind = 'tenant';

    IF NOT FOUND THEN
        SELECT count(*) INTO held FROM keystore.hold AS h
         WHERE h.tenant = this AND NOT EXISTS (
               SELECT FROM keystore.moved AS m WHERE m.tenant = this);

        IF held <> 0 THEN
            RAISE EXCEPTION '% of this tenant''s people are held', held
                  USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;

        entry := keystore.ledger_next('tenant', this, clock_timestamp(), NULL);
        INSERT INTO keystore.ledger SELECT entry.*;
    END IF;

    RETURN NEXT entry;
END $$;

CREATE FUNCTION keystore.forget_held() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.hold AS h WHERE h.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_held AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_held();


-- Enters the move of the tenant, or finds the entry that there is.
CREATE FUNCTION keystore.enter_moved(place text) RETURNS SETOF keystore.ledger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    entry keystore.ledger;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || this, 0));

    SELECT l.* INTO entry FROM keystore.ledger AS l
     WHERE l.tenant = this AND l.subject = this ORDER BY l.number LIMIT 1;

    IF NOT FOUND THEN
        entry := keystore.ledger_next('moved', this, clock_timestamp(),
                                      enter_moved.place);
        INSERT INTO keystore.ledger SELECT entry.*;

    ELSIF entry.kind <> 'moved' OR entry.place <> enter_moved.place THEN
        RAISE EXCEPTION 'the tenant has ended, or was moved to %',
              coalesce(entry.place, 'nowhere')
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    RETURN NEXT entry;
END $$;


-- The tenant is served no more, and says since when: again is no harm.
CREATE FUNCTION keystore.leave(number bigint, copied bigint)
    RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    marked keystore.mark;
BEGIN
    IF copied IS NULL OR NOT EXISTS (
        SELECT FROM keystore.ledger AS l WHERE l.tenant = this
           AND l.number = leave.number AND l.kind = 'moved')
    THEN
        RAISE EXCEPTION 'entry % of the erasure ledger does not move this'
              ' tenant, or the data database has no mark', leave.number
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    UPDATE keystore.mark AS m
       SET destroyed = greatest(m.destroyed, leave.copied)
    RETURNING m.* INTO marked;

    IF marked.destroyed > marked.entered THEN
        RAISE EXCEPTION 'the data database has % entries of the erasure ledger'
              ' and the key store %', leave.copied, marked.entered
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    INSERT INTO keystore.moved (tenant) VALUES (this) ON CONFLICT DO NOTHING;

    PERFORM pg_notify('pupil_keystore', 'gone ' || this);
    PERFORM keystore.tell_mark();

    RETURN (SELECT m.at FROM keystore.moved AS m WHERE m.tenant = this);
END $$;


-- As in 049_offboard.sql, with what the entry says of itself.
DROP FUNCTION keystore.enter_again(bigint, uuid, bigint, bytea);
CREATE FUNCTION keystore.enter_again(number bigint, kind text, subject uuid,
    at bigint, place text, hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry keystore.ledger;
BEGIN
    entry := keystore.ledger_next(enter_again.kind, enter_again.subject,
        timestamptz 'epoch' + enter_again.at * interval '1 microsecond',
        enter_again.place);

    IF entry.number <> enter_again.number OR entry.hash <> enter_again.hash
    THEN
        RAISE EXCEPTION 'entry % does not follow entry % of the erasure ledger',
              enter_again.number, entry.number - 1
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    INSERT INTO keystore.ledger SELECT entry.*;
END $$;

REVOKE ALL ON FUNCTION keystore.kind_entered(),
    keystore.ledger_next(text, uuid, timestamptz, text),
    keystore.forget_held(), keystore.enter_moved(text),
    keystore.leave(bigint, bigint),
    keystore.enter_again(bigint, text, uuid, bigint, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.enter_moved(text),
    keystore.leave(bigint, bigint),
    keystore.enter_again(bigint, text, uuid, bigint, text, bytea)
    TO pupil_operator;

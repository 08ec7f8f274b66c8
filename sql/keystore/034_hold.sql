-- Copyright (C) the Pupil authors
--
-- Legal holds (GDPR article 17(3)): whoever is held is not erased.  They stand
-- where erasures are entered, so that no restored data database loses one.
--
-- compatible_from: 10

CREATE TABLE keystore.hold (
    tenant     uuid NOT NULL,
    subject    uuid NOT NULL,
    reference  text NOT NULL CHECK (reference <> ''),
    held_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, subject)
);
ALTER TABLE keystore.hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.hold FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.hold
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT, INSERT, DELETE ON keystore.hold TO pupil_operator;
GRANT UPDATE (reference) ON keystore.hold TO pupil_operator;


-- An erasure and a hold of one person wait for each other; the ledger's lock
-- is taken first, as by enter_erasure().
CREATE FUNCTION keystore.hold_first() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended('ledger ' || NEW.tenant, 0));

    IF EXISTS (SELECT FROM keystore.ledger AS l WHERE l.tenant = NEW.tenant
                  AND l.subject = NEW.subject AND l.kind = 'erasure')
    THEN
        RAISE EXCEPTION '% was erased', NEW.subject
              USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    RETURN NEW;
END $$;
CREATE TRIGGER hold_first BEFORE INSERT ON keystore.hold
    FOR EACH ROW EXECUTE FUNCTION keystore.hold_first();


-- As in 031_ledger.sql, of nobody who is held.
CREATE OR REPLACE FUNCTION keystore.enter_erasure(subject uuid) RETURNS SETOF
    keystore.ledger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    head  keystore.ledger;
    entry keystore.ledger;
    held  text;
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

REVOKE ALL ON FUNCTION keystore.hold_first() FROM PUBLIC;

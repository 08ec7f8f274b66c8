-- Copyright (C) the Pupil authors
--
-- Somebody lets support in five times at most: each grant has a slot of its
-- own, so that no two that are made at the same moment are the sixth.  A program
-- from before gives none, and counts as it did.
--
-- compatible_from: 16

ALTER TABLE pupil.support_grant
    ADD COLUMN slot smallint CHECK (slot BETWEEN 1 AND 5);

UPDATE pupil.support_grant AS g SET slot = n.slot
  FROM (SELECT tenant, support_grant, row_number() OVER
               (PARTITION BY tenant, subject ORDER BY created_at) AS slot
          FROM pupil.support_grant) AS n
 WHERE g.tenant = n.tenant AND g.support_grant = n.support_grant
   AND n.slot <= 5;

ALTER TABLE pupil.support_grant ADD UNIQUE (tenant, subject, slot);
DROP INDEX pupil.support_grant_subject;


-- The slot that it has, NULL: there is none.  Whoever asks at the same moment
-- is waited for, and what they have is seen.
CREATE FUNCTION pupil.let_in(support_grant uuid, subject uuid, code bytea,
                             created_at timestamptz, expires_at timestamptz,
                             mac bytea)
    RETURNS smallint LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
BEGIN
    IF (SELECT count(*) FROM pupil.support_grant AS g
         WHERE g.tenant = this AND g.subject = let_in.subject) >= 5
    THEN
        RETURN NULL;
    END IF;

    FOR n IN 1 .. 5 LOOP
        INSERT INTO pupil.support_grant (tenant, support_grant, subject, code,
               created_at, expires_at, mac, slot)
        VALUES (this, let_in.support_grant, let_in.subject, let_in.code,
                let_in.created_at, let_in.expires_at, let_in.mac, n)
        ON CONFLICT ON CONSTRAINT support_grant_tenant_subject_slot_key
            DO NOTHING;

        IF FOUND THEN
            RETURN n;
        END IF;
    END LOOP;

    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION pupil.let_in(uuid, uuid, bytea, timestamptz, timestamptz,
    bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.let_in(uuid, uuid, bytea, timestamptz,
    timestamptz, bytea) TO pupil_gateway;

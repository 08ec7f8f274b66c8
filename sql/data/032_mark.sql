-- Copyright (C) the Pupil authors
--
-- The mark: how many entries of the erasure ledger this database has a copy of,
-- of all tenants, as a database is restored whole (invariant I8).  The key
-- store knows how many there have to be (sql/keystore/032_mark.sql).
--
-- compatible_from: 16

CREATE TABLE pupil.mark (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    copied  bigint NOT NULL
);
GRANT SELECT ON pupil.mark TO pupil_gateway, pupil_operator;

-- Without the tenants' policies, which hide what this has to count.
ALTER TABLE pupil.ledger NO FORCE ROW LEVEL SECURITY;
INSERT INTO pupil.mark (copied) SELECT count(*) FROM pupil.ledger;
ALTER TABLE pupil.ledger FORCE ROW LEVEL SECURITY;


-- Whoever copies an entry waits for whoever does: a mark stands for all that
-- was copied before.
CREATE FUNCTION pupil.mark_copied() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE pupil.mark SET copied = copied + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_copied AFTER INSERT ON pupil.ledger
    FOR EACH ROW EXECUTE FUNCTION pupil.mark_copied();

REVOKE ALL ON FUNCTION pupil.mark_copied() FROM PUBLIC;

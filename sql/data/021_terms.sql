-- Copyright (C) the Pupil authors
--
-- Identifiers are compared as NFC and case-folded by Unicode.  Rows of the
-- blind index from before were folded by ASCII letters alone: a log-in finds
-- them, too, and indexes the account as it would be now.
--
-- compatible_from: 16

-- Of a row from before: whose the row is that it would become.  Nobody relies
-- on it; pupilctl check names the two.
ALTER TABLE pupil.blind_index ADD COLUMN other uuid;
CREATE INDEX blind_index_other ON pupil.blind_index (tenant)
    WHERE other IS NOT NULL;


-- Beside the owner's row old, one of term, unless somebody has that; the role
-- of nginx may add no other.  The old row stays for workers of an older
-- version.  mac: of the new row.
CREATE FUNCTION pupil.index_also(category text, field text, old bytea,
    term bytea, owner uuid, record uuid, mac bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here  CONSTANT uuid := pupil.current_tenant();
BEGIN
    PERFORM FROM pupil.blind_index AS b
      WHERE b.tenant = here AND b.term = $3 AND b.category = $1
        AND b.field = $2 AND b.owner = $5 AND b.record = $6;

    IF NOT FOUND THEN
        RETURN false;
    END IF;

    INSERT INTO pupil.blind_index AS b
        (tenant, category, field, term, owner, record, mac)
        VALUES (here, $1, $2, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING;

    UPDATE pupil.blind_index AS b SET other = n.owner
      FROM (SELECT nullif(i.owner, $5) AS owner FROM pupil.blind_index AS i
             WHERE i.tenant = here AND i.term = $4 AND i.category = $1
               AND i.field = $2) AS n
     WHERE b.tenant = here AND b.term = $3 AND b.category = $1
       AND b.field = $2 AND b.other IS DISTINCT FROM n.owner;

    RETURN true;
END $$;

REVOKE ALL ON FUNCTION pupil.index_also(text, text, bytea, bytea, uuid, uuid,
    bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.index_also(text, text, bytea, bytea, uuid,
    uuid, bytea) TO pupil_gateway;

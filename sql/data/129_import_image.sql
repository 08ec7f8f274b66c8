-- Copyright (C) the Pupil authors
--
-- What was there before a run of an import changed it, of each account, class
-- and school that it changed, for pupilctl import undo.  image: sealed under
-- the owner's key, so that nobody reads what is left of one once that is
-- erased.  keystore.import_run says which runs there are.  Rows go when their
-- run is undone, or cannot be any more.
--
-- compatible_from: 16

CREATE TABLE pupil.import_image (
    tenant  uuid NOT NULL,
    run     uuid NOT NULL,
    record  uuid NOT NULL,
    owner   uuid NOT NULL,
    image   bytea NOT NULL,
    mac     bytea NOT NULL CHECK (octet_length(mac) = 32),
    PRIMARY KEY (tenant, run, record)
);
CREATE INDEX import_image_owner ON pupil.import_image (tenant, owner, run);
SELECT pupil.isolate('pupil.import_image');
GRANT SELECT, INSERT, DELETE ON pupil.import_image TO pupil_operator;


-- As in 098_support_grants.sql; and the images.
CREATE OR REPLACE FUNCTION pupil.erase(number bigint, name text)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    whom CONSTANT uuid := (SELECT l.subject FROM pupil.ledger AS l
        WHERE l.tenant = this AND l.number = erase.number);
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
         WHERE c.oid = to_regclass(erase.name) AND c.relkind = 'r'
           AND (c.relnamespace = 'data'::regnamespace
                OR erase.name IN ('pupil.role', 'pupil.enrolment',
                    'pupil.session', 'pupil.blind_index', 'pupil.imported',
                    'pupil.outbox', 'pupil.support_grant', 'pupil.notice',
                    'pupil.import_image')));
    whose CONSTANT text := (SELECT a.attname FROM pg_attribute AS a
         WHERE a.attrelid = target AND a.attname IN ('owner', 'subject')
           AND NOT a.attisdropped ORDER BY a.attname LIMIT 1);
    count bigint;
BEGIN
    PERFORM FROM pupil.erasure AS e
      WHERE e.tenant = this AND e.number = erase.number
        AND e.name = erase.name AND e.state = 'open' FOR UPDATE;

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF whose IS NULL OR EXISTS (
        SELECT FROM pupil.owner AS o WHERE o.tenant = this AND o.owner = whom
           AND (o.kind <> 'subject' OR o.state <> 'erased'))
    THEN
        RAISE EXCEPTION 'erasure % deletes nothing in %', erase.number,
              erase.name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    PERFORM pupil.wait_for_writers(target);

    EXECUTE format('DELETE FROM %s WHERE tenant = $1 AND %I = $2', target,
                   whose) USING this, whom;
    GET DIAGNOSTICS count = ROW_COUNT;

    UPDATE pupil.erasure AS e SET state = 'done', records = count, at = now()
     WHERE e.tenant = this AND e.number = erase.number
       AND e.name = erase.name;

    RETURN count;
END $$;

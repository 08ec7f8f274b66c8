-- Copyright (C) the Pupil authors
--
-- Mail to members of staff that pupilctl work has to send.  Neither an address
-- nor a text stands here: whom it is to says the pseudonym, and the address is
-- opened when it is sent.  A row goes when a relay has taken it, or after three
-- days.
--
-- compatible_from: 16

CREATE TABLE pupil.outbox (
    tenant      uuid NOT NULL,
    mail        uuid NOT NULL,      -- of the request that caused it
    subject     uuid NOT NULL,
    kind        text NOT NULL CHECK (octet_length(kind) <= 32),
    language    text NOT NULL CHECK (octet_length(language) <= 8),
    created_at  timestamptz NOT NULL,
    mac         bytea NOT NULL CHECK (octet_length(mac) = 32),
    due         timestamptz NOT NULL DEFAULT now(),
    tries       integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, mail)
);
SELECT pupil.isolate('pupil.outbox');
GRANT INSERT ON pupil.outbox TO pupil_gateway;
GRANT SELECT, UPDATE (due, tries), DELETE ON pupil.outbox TO pupil_operator;


-- As in 033_writers.sql; and the outbox.
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
                    'pupil.outbox')));
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

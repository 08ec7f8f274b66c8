-- Copyright (C) the Pupil authors
--
-- Erasure (GDPR article 17).  The ledger is a copy of the key store's
-- (sql/keystore/031_ledger.sql).  What is to be deleted of an erasure stands
-- beside it, table by table, until it is done: whoever finds one that is open
-- can go on with it.
--
-- compatible_from: 16

CREATE TABLE pupil.ledger (
    tenant   uuid NOT NULL,
    number   bigint NOT NULL,
    kind     text NOT NULL,
    subject  uuid NOT NULL,
    at       timestamptz NOT NULL,
    hash     bytea NOT NULL,
    PRIMARY KEY (tenant, number)
);
SELECT pupil.isolate('pupil.ledger');
GRANT SELECT, INSERT ON pupil.ledger TO pupil_operator;

CREATE FUNCTION pupil.never_back() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of a row of pupil.% is refused', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER never_back BEFORE UPDATE OR DELETE ON pupil.ledger
    FOR EACH ROW EXECUTE FUNCTION pupil.never_back();


-- name: of a table, such as data.identity.  waived: its plugin was not there,
-- and the operator went on without it.
CREATE TABLE pupil.erasure (
    tenant   uuid NOT NULL,
    number   bigint NOT NULL,
    name     text NOT NULL,
    state    text NOT NULL CHECK (state IN ('open', 'done', 'waived')),
    records  bigint NOT NULL DEFAULT 0,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, number, name),
    FOREIGN KEY (tenant, number) REFERENCES pupil.ledger
);
CREATE INDEX erasure_open ON pupil.erasure (tenant, number)
    WHERE state = 'open';
SELECT pupil.isolate('pupil.erasure');
GRANT SELECT, INSERT ON pupil.erasure TO pupil_operator;
GRANT UPDATE (state) ON pupil.erasure TO pupil_operator;


-- Deletes what an open erasure has in this table, and says how many rows; NULL:
-- somebody else has done it.  The column that says whose a row is: the owner,
-- or the subject of a row that authorises.  Security definer, as pupilctl's role may delete nobody's records
-- but by this; row security binds the definer, too.
CREATE FUNCTION pupil.erase(number bigint, name text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    whom CONSTANT uuid := (SELECT l.subject FROM pupil.ledger AS l
        WHERE l.tenant = this AND l.number = erase.number);
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
         WHERE c.oid = to_regclass(erase.name) AND c.relkind = 'r'
           AND (c.relnamespace = 'data'::regnamespace
                OR erase.name IN ('pupil.role', 'pupil.enrolment',
                    'pupil.session', 'pupil.blind_index', 'pupil.imported')));
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

    EXECUTE format('DELETE FROM %s WHERE tenant = $1 AND %I = $2', target,
                   whose) USING this, whom;
    GET DIAGNOSTICS count = ROW_COUNT;

    UPDATE pupil.erasure AS e SET state = 'done', records = count, at = now()
     WHERE e.tenant = this AND e.number = erase.number
       AND e.name = erase.name;

    RETURN count;
END $$;

REVOKE ALL ON FUNCTION pupil.erase(bigint, text), pupil.never_back()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.erase(bigint, text) TO pupil_operator;

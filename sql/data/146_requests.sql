-- Copyright (C) the Pupil authors
--
-- What people ask for of their data (GDPR articles 7 and 15 to 22), and what
-- became of it.  That it was asked, and when, and what was decided outlives
-- their key, without a word of theirs: an erasure has to be proved once it is
-- done.  What they said, and were told, is sealed beside it and goes with them.
--
-- compatible_from: 16

-- Its MAC covers all but the slot.  subject NULL: whoever it is of was not
-- found.  erasure: the entry of the ledger that it was executed by.
CREATE TABLE pupil.request (
    tenant       uuid NOT NULL,
    request      uuid NOT NULL,
    subject      uuid,
    kind         text NOT NULL CHECK (octet_length(kind) <= 32),
    state        text NOT NULL CHECK (octet_length(state) <= 32),
    condition    text NOT NULL DEFAULT '' CHECK (octet_length(condition) <= 1),
    reference    text NOT NULL DEFAULT '' CHECK (octet_length(reference) <= 200),
    received_on  date NOT NULL,
    due_on       date NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    erasure      bigint NOT NULL DEFAULT 0,
    mac          bytea NOT NULL CHECK (octet_length(mac) = 32),
    slot         smallint CHECK (slot BETWEEN 1 AND 10),
    PRIMARY KEY (tenant, request),
    UNIQUE (tenant, subject, slot)
);
CREATE INDEX request_subject
    ON pupil.request (tenant, subject, created_at, request);
CREATE INDEX request_due ON pupil.request (tenant, due_on)
    WHERE state IN ('received', 'extended', 'granted', 'partly');
SELECT pupil.isolate('pupil.request');
GRANT SELECT, INSERT ON pupil.request TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE (subject, state, condition, reference, due_on,
    changed_at, erasure, mac, slot) ON pupil.request TO pupil_operator;

-- categories and text: of whoever asks; extension and reason: what they are
-- told; behalf: who asked for them, and who checked that they may.
CREATE TABLE pupil.request_text (
    tenant      uuid NOT NULL,
    request     uuid NOT NULL,
    subject     uuid NOT NULL,
    categories  bytea,
    text        bytea,
    extension   bytea,
    reason      bytea,
    behalf      bytea,
    PRIMARY KEY (tenant, request)
);
CREATE INDEX request_text_subject ON pupil.request_text (tenant, subject);
SELECT pupil.isolate('pupil.request_text');
GRANT SELECT, INSERT ON pupil.request_text TO pupil_gateway;
GRANT SELECT, INSERT, UPDATE (text, extension, reason, behalf)
    ON pupil.request_text TO pupil_operator;


-- The slot that it has; 0: the id is taken; NULL: there is none, as ten are
-- open.  Whoever is being erased meanwhile asks for nothing: as the table is
-- written to, an erasure that is not seen waits for this.
CREATE FUNCTION pupil.file_request(request uuid, subject uuid, kind text,
                                   received_on date, due_on date,
                                   created_at timestamptz, mac bytea,
                                   categories bytea, text bytea)
    RETURNS smallint LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
BEGIN
    FOR n IN 1 .. 10 LOOP
        INSERT INTO pupil.request (tenant, request, subject, kind, state,
               received_on, due_on, created_at, changed_at, mac, slot)
        VALUES (this, file_request.request, file_request.subject,
                file_request.kind, 'received', file_request.received_on,
                file_request.due_on, file_request.created_at,
                file_request.created_at, file_request.mac, n)
        ON CONFLICT DO NOTHING;

        IF FOUND THEN
            INSERT INTO pupil.request_text (tenant, request, subject,
                   categories, text)
            VALUES (this, file_request.request, file_request.subject,
                    file_request.categories, file_request.text);

            IF NOT EXISTS (SELECT FROM pupil.owner AS o
                            WHERE o.tenant = this
                              AND o.owner = file_request.subject
                              AND o.state IN ('active', 'restricted'))
            THEN
                PERFORM pupil.no_turn();
            END IF;

            RETURN n;
        END IF;

        IF EXISTS (SELECT FROM pupil.request AS r WHERE r.tenant = this
                      AND r.request = file_request.request)
        THEN
            RETURN 0;
        END IF;
    END LOOP;

    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION pupil.file_request(uuid, uuid, text, date, date,
    timestamptz, bytea, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.file_request(uuid, uuid, text, date, date,
    timestamptz, bytea, bytea, bytea) TO pupil_gateway;


-- As in 099_notices.sql; and requests that were closed five years ago, but for
-- those of whom the law lets nobody delete anything.
CREATE OR REPLACE FUNCTION pupil.sweep()
    RETURNS TABLE (sessions bigint, failures bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (DELETE FROM pupil.session AS s
        WHERE s.tenant = pupil.current_tenant() AND s.expires_at < now()
        RETURNING 1),
    f AS (DELETE FROM pupil.login_throttle AS t
        WHERE t.tenant = pupil.current_tenant()
          AND t.last_at < now() - CASE WHEN t.burst > 5 THEN interval '7 days'
                                       ELSE interval '1 day' END RETURNING 1),
    g AS (DELETE FROM pupil.support_grant AS g
        WHERE g.tenant = pupil.current_tenant() AND g.expires_at < now()),
    n AS (DELETE FROM pupil.notice AS n
        WHERE n.tenant = pupil.current_tenant()
          AND n.at < now() - interval '90 days'
          AND NOT EXISTS (SELECT FROM pupil.owner AS o
              WHERE o.tenant = n.tenant AND o.owner = n.subject
                AND o.state = 'restricted')),
    r AS (DELETE FROM pupil.request AS r
        WHERE r.tenant = pupil.current_tenant()
          AND r.state IN ('refused', 'executed', 'forwarded')
          AND r.changed_at < now() - interval '5 years'
          AND NOT EXISTS (SELECT FROM pupil.owner AS o
              WHERE o.tenant = r.tenant AND o.owner = r.subject
                AND o.state = 'restricted')
        RETURNING r.tenant, r.request),
    t AS (DELETE FROM pupil.request_text AS t USING r
        WHERE t.tenant = r.tenant AND t.request = r.request)
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM f)
$$;


-- As in 135_sign_up.sql; and what was said in requests.
CREATE OR REPLACE FUNCTION pupil.erased_from() RETURNS text[] LANGUAGE sql
    IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['pupil.role', 'pupil.enrolment', 'pupil.session',
                 'pupil.blind_index', 'pupil.imported', 'pupil.outbox',
                 'pupil.support_grant', 'pupil.notice', 'pupil.import_image',
                 'pupil.sign_up', 'pupil.trial', 'pupil.request_text']
$$;

-- Copyright (C) the Pupil authors
--
-- Who looked, as 044_who_looked.sql has it, by a sealer's time that is not yet:
-- it says of nothing that it is sealed, so that a minute is looked through.
--
-- compatible_from: 16

CREATE OR REPLACE FUNCTION pupil.audit_of(subject uuid, before timestamptz,
    before_writer bigint, before_number bigint, most integer)
    RETURNS TABLE (at timestamptz, writer bigint, number bigint, event bigint,
        leaf bigint, request uuid, actor uuid, role text, institution uuid,
        shape bytea, policy bytea, outcome text, network text, subjects text,
        note text, mac bytea, accesses text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.at, p.writer, p.number, p.event, p.leaf, r.request, r.actor,
           r.role, r.institution, r.shape, r.policy, r.outcome,
           format('%s', r.network), r.subjects::text, r.note, r.mac, s.accesses
      FROM ((
        SELECT l.at, l.writer, l.number, l.event, l.leaf
          FROM pupil.audit_subject AS l
         WHERE l.tenant = pupil.current_tenant() AND l.subject = $1
           AND l.at <= before AND (l.at, l.writer, l.number)
               < (before, before_writer, before_number)
         ORDER BY l.at DESC, l.writer DESC, l.number DESC LIMIT most
      ) UNION ALL (
        SELECT r.at, r.writer, r.number, NULL, NULL
          FROM (SELECT r.* FROM pupil.audit_record AS r
                 WHERE r.tenant = pupil.current_tenant() AND r.at >= greatest(
                       (SELECT z.until - interval '10 seconds'
                          FROM pupil.sealer AS z
                         WHERE z.one AND z.until <= now()),
                       now() - interval '1 minute')
                   AND r.at <= before AND (r.at, r.writer, r.number)
                       < (before, before_writer, before_number)
                   AND (r.actor = $1 OR $1 = ANY (r.subjects)) OFFSET 0) AS r
         WHERE r.number > coalesce((SELECT w.number FROM pupil.seal_writer AS w
                WHERE w.tenant = pupil.current_tenant()
                  AND w.writer = r.writer), 0)
           AND ($1 = ANY (r.subjects) OR EXISTS (
                SELECT FROM pupil.audit_shape AS s WHERE s.shape = r.shape
                   AND strpos(s.accesses, '"about":"actor"') > 0))
         ORDER BY r.at DESC, r.writer DESC, r.number DESC LIMIT most
      )) AS p
      LEFT JOIN LATERAL (
        SELECT r.* FROM pupil.audit_record AS r
         WHERE r.tenant = pupil.current_tenant() AND r.at = p.at
           AND r.writer = p.writer AND r.number = p.number LIMIT 1) AS r ON true
      LEFT JOIN LATERAL (
        SELECT s.accesses FROM pupil.audit_shape AS s
         WHERE s.shape = r.shape OFFSET 0) AS s ON true
     ORDER BY p.at DESC, p.writer DESC, p.number DESC LIMIT most
$$;


CREATE OR REPLACE FUNCTION pupil.audit_at(subject uuid, writer bigint,
    number bigint)
    RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT l.at FROM pupil.audit_subject AS l
         WHERE l.tenant = pupil.current_tenant() AND l.subject = $1
           AND l.writer = $2 AND l.number = $3 LIMIT 1), (
        SELECT r.at FROM pupil.audit_record AS r
         WHERE r.tenant = pupil.current_tenant() AND r.at >= greatest(
               (SELECT z.until - interval '10 seconds' FROM pupil.sealer AS z
                 WHERE z.one AND z.until <= now()), now() - interval '1 minute')
           AND r.writer = $2 AND r.number = $3
           AND ($1 = ANY (r.subjects) OR r.actor = $1) LIMIT 1))
$$;

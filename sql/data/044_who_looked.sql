-- Copyright (C) the Pupil authors
--
-- Who looked: what a worker reads of the audit is what is about one person, for
-- that person, through these functions; it has no SELECT on the audit itself.
-- What a record says, and that it is authentic and about whom is asked for, the
-- worker sees by its MAC.
--
-- compatible_from: 16

-- Row security binds the owner, too, as whom these functions run.
ALTER POLICY read ON pupil.audit_record TO pupil_operator, CURRENT_USER;


-- Records about a person, newest first, up to most, before a place in their
-- order.  event, leaf: NULL of what is not sealed yet, which is looked for among
-- what is not older than a minute, or than what is sealed.  role NULL: the
-- record is not there any more.
CREATE FUNCTION pupil.audit_of(subject uuid, before timestamptz,
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
                          FROM pupil.sealer AS z WHERE z.one), now() - interval '1 minute')
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


-- One of them, which may not be sealed yet.
CREATE FUNCTION pupil.audit_at(subject uuid, writer bigint, number bigint)
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
                 WHERE z.one), now() - interval '1 minute')
           AND r.writer = $2 AND r.number = $3
           AND ($1 = ANY (r.subjects) OR r.actor = $1) LIMIT 1))
$$;


-- The tiles that a proof of this leaf is made of, those above it and those of
-- the right edge, with the last checkpoint.
CREATE FUNCTION pupil.audit_tiles(leaf bigint)
    RETURNS TABLE (size bigint, note text, level integer, tile bigint,
        hashes bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    WITH head AS MATERIALIZED (
        SELECT s.size, s.note FROM pupil.seal AS s
         WHERE s.tenant = pupil.current_tenant() ORDER BY s.batch DESC LIMIT 1)
    SELECT h.size, h.note, t.level, t.tile, t.hashes
      FROM head AS h CROSS JOIN generate_series(0, 6) AS n (level)
     CROSS JOIN LATERAL (
           SELECT leaf >> (8 * n.level + 8) UNION
           SELECT h.size >> (8 * n.level + 8)) AS w (tile)
      JOIN LATERAL (
           SELECT t.* FROM pupil.seal_tile AS t
            WHERE t.tenant = pupil.current_tenant() AND t.level = n.level
              AND t.tile = w.tile OFFSET 0) AS t ON true
$$;

REVOKE ALL ON FUNCTION
    pupil.audit_of(uuid, timestamptz, bigint, bigint, integer),
    pupil.audit_at(uuid, bigint, bigint), pupil.audit_tiles(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    pupil.audit_of(uuid, timestamptz, bigint, bigint, integer),
    pupil.audit_at(uuid, bigint, bigint), pupil.audit_tiles(bigint)
    TO pupil_gateway;

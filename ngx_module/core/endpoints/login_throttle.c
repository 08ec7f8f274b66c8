/*
 * Copyright (C) the Pupil authors
 *
 * The throttle: of log-ins, and of whatever else is guessed at.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/login.h"
#include "core/endpoints/login_sql.h"


/* Parameters and columns of each are told in login.h. */

/*
 * Reserves the attempt in all buckets, or in none, before anything is looked
 * at (pitfall 31): it counts as a failure until a log-in takes it back.
 * Delays double and end (pitfall 32).  Rows are locked in the order of their
 * ids (pitfall 12).
 *
 * Of attempts that wait, one is recorded for each bucket and window, or
 * whoever has no session could fill the log.
 *
 * Of "asked", who is new where the last of these buckets counts is held up by
 * the first alone, and the others by the second: what those do often keeps
 * nobody from doing it once.
 */
const char  pupil_login_reserve_sql[] =
    "WITH asked AS MATERIALIZED ("
    "SELECT a.bucket, a.free, a.forget, a.longest"
    " FROM unnest($8, $9, $10, $11) WITH ORDINALITY"
    " AS a (bucket, free, forget, longest, n)"
    " WHERE $12 = 0 OR a.n <> CASE WHEN EXISTS ("
    "SELECT FROM pupil.login_throttle AS t WHERE t.tenant = $2"
    " AND t.bucket = $8[cardinality($8)]"
    " AND t.last_at > clock_timestamp() - $12 * interval '1 second'"
    " AND " PUPIL_SQL_OF_NOW ")"
    " THEN 1 ELSE 2 END),"
    " held AS MATERIALIZED ("
    "SELECT t.bucket, t.not_before, t.told_at,"
    " t.not_before > clock_timestamp() AND " PUPIL_SQL_OF_NOW " AS blocks"
    " FROM pupil.login_throttle AS t"
    " WHERE t.tenant = $2"
    " AND t.bucket = ANY (ARRAY(SELECT a.bucket FROM asked AS a))"
    " ORDER BY t.bucket FOR UPDATE),"
    " wait AS MATERIALIZED ("
    "SELECT max(greatest(1, ceil(extract(epoch FROM h.not_before"
    " - clock_timestamp()))::integer)) AS seconds"
    " FROM held AS h WHERE h.blocks),"
    " put AS ("
    "INSERT INTO pupil.login_throttle AS t"
    " (tenant, bucket, failures, last_at, not_before)"
    " SELECT $2, a.bucket, 1, clock_timestamp(), clock_timestamp()"
    " FROM asked AS a WHERE (SELECT w.seconds FROM wait AS w) IS NULL"
    " ORDER BY a.bucket"
    " ON CONFLICT (tenant, bucket) DO UPDATE"
    " SET (failures, burst, last_at, not_before) = ("
    "SELECT n.failures, greatest(t.burst, n.failures), clock_timestamp(),"
    " clock_timestamp()"
    " + CASE WHEN n.failures <= a.free THEN interval '0'"
    " ELSE least(a.longest, power(2, least(n.failures - a.free, 20)))"
    " * interval '1 second' END"
    " FROM asked AS a CROSS JOIN LATERAL (SELECT greatest(0, t.failures"
    " - floor(greatest(0, extract(epoch FROM clock_timestamp() - t.last_at))"
    " / a.forget)::integer) + 1) AS n (failures)"
    " WHERE a.bucket = t.bucket)"
    " WHERE NOT (t.not_before > clock_timestamp() AND " PUPIL_SQL_OF_NOW ")"
    " RETURNING 1),"
    PUPIL_SQL_PURGED("$8")
    " SELECT $1::bigint, coalesce((SELECT w.seconds FROM wait AS w),"
    " CASE WHEN (SELECT count(*) FROM put)"
    " < (SELECT count(*) FROM asked) THEN 1 ELSE 0 END)::integer,"
    " EXISTS (SELECT FROM held AS h WHERE h.blocks"
    " AND h.told_at IS DISTINCT FROM h.not_before)";

const char  pupil_login_tell_sql[] =
    "WITH held AS MATERIALIZED ("
    "SELECT t.bucket FROM pupil.login_throttle AS t"
    " WHERE t.tenant = $2 AND t.bucket = ANY ($8)"
    " AND t.not_before > clock_timestamp() AND " PUPIL_SQL_OF_NOW
    " AND t.told_at IS DISTINCT FROM t.not_before"
    " ORDER BY t.bucket FOR UPDATE),"
    " told AS ("
    "UPDATE pupil.login_throttle AS t SET told_at = t.not_before"
    " FROM held AS h WHERE t.tenant = $2 AND t.bucket = h.bucket"
    " RETURNING 1),"
    " one AS (SELECT FROM told LIMIT 1),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, {macs}, 'throttled' FROM one"
    " RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "SELECT count(*) FROM one",
                                  "SELECT count(*) FROM one");

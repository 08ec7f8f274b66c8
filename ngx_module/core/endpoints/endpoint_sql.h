/*
 * Copyright (C) the Pupil authors
 *
 * Pieces of SQL that the endpoints' templates share.  e and r are literals:
 * table aliases of pupil.enrolment and pupil.role.  Whoever reads their columns
 * names them by columns.h.
 */

#ifndef PUPIL_ENDPOINT_SQL_H
#define PUPIL_ENDPOINT_SQL_H


/*
 * Enrolments and roles begin and end with days of the tenant's time zone.
 * Which day it is comes from the key store, and goes with each exchange; where
 * nobody has said it, nothing is live.
 */
#define PUPIL_DAY_SETTING  "pupil.day"
#define PUPIL_SQL_TODAY                                                       \
    "(DATE '1970-01-01' + current_setting('" PUPIL_DAY_SETTING "',"           \
    " true)::integer)"

#define PUPIL_SQL_LIVE(e)                                                     \
    e ".valid_from <= " PUPIL_SQL_TODAY                                       \
    " AND (" e ".valid_to IS NULL OR " e ".valid_to >= " PUPIL_SQL_TODAY ")"

/*
 * Whoever cannot have its turn at once begins anew: waiting here would hold
 * others on the connection.  Released with the transaction.
 */
#define PUPIL_SQL_TURN(taken)                                                 \
    "SELECT CASE WHEN " taken " THEN $1::bigint ELSE pupil.no_turn() END"

/* An enrolment as evidence: the columns that its MAC covers, and it. */
#define PUPIL_SQL_ENROLMENT(e)                                                \
    e ".enrolment, " e ".subject, " e ".class, " e ".institution, "           \
    e ".role, (" e ".valid_from - DATE '1970-01-01') AS valid_from,"          \
    " (" e ".valid_to - DATE '1970-01-01') AS valid_to, "                     \
    e ".source, " e ".mac"

/* The same of one that was read so. */
#define PUPIL_SQL_EVIDENCE(e)                                                 \
    e ".enrolment, " e ".subject, " e ".class, " e ".institution, "           \
    e ".role, " e ".valid_from, " e ".valid_to, " e ".source, " e ".mac"

/* A live enrolment of who counts: restriction hides (GDPR article 18). */
#define PUPIL_SQL_COUNTED(e)                                                  \
    e ".subject <> ALL (ARRAY(SELECT r.owner FROM pupil.restricted AS r"      \
    " WHERE r.tenant = $2)) AND " PUPIL_SQL_LIVE(e)

/* A role as evidence: the columns that its MAC covers, and it. */
#define PUPIL_SQL_ROLE(r)                                                     \
    r ".subject, " r ".institution, " r ".role, "                             \
    "(" r ".valid_from - DATE '1970-01-01') AS valid_from, "                  \
    "(" r ".valid_to - DATE '1970-01-01') AS valid_to, "                      \
    r ".source, " r ".mac"

/* A session: the columns that its MAC covers beside the hash, and it. */
#define PUPIL_SQL_SESSION(s)                                                  \
    s ".subject, " s ".role, " s ".institution, " s ".created_at, "           \
    s ".seen_at, " s ".expires_at, " s ".proved_at, "                         \
    s ".provider_session, " s ".provider_subject, " s ".mac"

/* A row of pupil.session, in the order in which statements write one. */
#define PUPIL_SQL_SESSION_ROW                                                 \
    "pupil.session (tenant, token_hash, subject, role, institution,"          \
    " created_at, seen_at, expires_at, mac, provider_session,"                \
    " provider_subject, proved_at)"

/* A session that is gone is open as a revocation until the key store knows. */
#define PUPIL_SQL_OPENED                                                      \
    " opened AS ("                                                            \
    "INSERT INTO pupil.revocation (tenant, revocation, subject, token_hash,"  \
    " until) SELECT $2, $3, g.subject, g.token_hash, g.expires_at"            \
    " FROM gone AS g)"

/* A support grant: the columns that its MAC covers, and it. */
#define PUPIL_SQL_SUPPORT(g)                                                  \
    g ".support_grant, " g ".subject, " g ".code, " g ".created_at, "         \
    g ".expires_at, " g ".redeemed_at, " g ".actor, " g ".session, "          \
    g ".mac"

/* A request of a data subject: the columns that its MAC covers, and it. */
#define PUPIL_SQL_REQUEST(r)                                                  \
    r ".request, " r ".subject, " r ".kind, " r ".state, " r ".condition, "   \
    r ".reference, (" r ".received_on - DATE '1970-01-01') AS received_on, "  \
    "(" r ".due_on - DATE '1970-01-01') AS due_on, "                          \
    r ".created_at, " r ".changed_at, " r ".erasure, " r ".mac"

/* The same of one that was read so. */
#define PUPIL_SQL_REQUEST_READ(r)                                             \
    r ".request, " r ".subject, " r ".kind, " r ".state, " r ".condition, "   \
    r ".reference, " r ".received_on, " r ".due_on, "                         \
    r ".created_at, " r ".changed_at, " r ".erasure, " r ".mac"

/* PUPIL_DATE_NONE, an open end, as parameters have it. */
#define PUPIL_SQL_NO_DATE  "2147483647"

/* The actor's own live enrolments, through the session's institution. */
#define PUPIL_SQL_MINE(e)                                                     \
    e ".tenant = $2 AND " e ".subject = $4 AND " e ".institution = $6"        \
    " AND " e ".role = $5 AND " PUPIL_SQL_LIVE(e)

/*
 * A table reached from rows that are there already: one walk of an index for
 * each, whatever the planner believes of the sizes (docs/architecture.md).
 * To be joined ON true.
 */
#define PUPIL_SQL_EACH(select)  "LATERAL (" select " OFFSET 0)"

/* The row that says which key of an owner is in force. */
#define PUPIL_SQL_OWNER(o, id)                                                \
    PUPIL_SQL_EACH("SELECT " o ".owner, " o ".state, " o ".key_version"       \
                   " FROM pupil.owner AS " o                                  \
                   " WHERE " o ".tenant = $2 AND " o ".owner = " id) " AS " o

/*
 * The nonce of a write that carries its audit record in the CTE a, which has
 * to return a row each: where not as many were stored as expected, the
 * statement fails, and nothing is written (invariant I2).  Then which they
 * are, PUPIL_RECORDED: chosen gives a bit for each.
 */
#define PUPIL_SQL_RECORDED(a, expected, chosen)                               \
    "CASE WHEN (SELECT count(*) FROM " a ") = (" expected ")"                 \
    " THEN $1::bigint ELSE pupil.not_recorded() END, (" chosen ")::integer"

/* The MAC of a record that SQL chooses, from 0. */
#define PUPIL_SQL_MAC(choice)  "substr({macs}, 16 * " choice " + 1, 16)"

/* The hash of a record's facts, which are commitments and it. */
#define PUPIL_SQL_FACTS_HASH(t)                                               \
    "substr(" t ".facts, octet_length(" t ".facts) - 31)"

/*
 * Buckets of the throttle that nobody touched for a day weigh nothing, but
 * that a burst of failures is told to its owner, for a week.  Each
 * that is touched looks at a few behind it, which are anybody's, as buckets are
 * hashes, and takes those away: rows of the CTE purged.  these: the array of
 * those that are touched, of which the first is looked behind.
 */
#define PUPIL_SQL_PURGED(these)                                               \
    " over AS MATERIALIZED ("                                                 \
    "SELECT t.bucket FROM ("                                                  \
    "SELECT o.bucket FROM pupil.login_throttle AS o"                          \
    " WHERE o.tenant = $2 AND o.bucket > (" these ")[1]"                      \
    " ORDER BY o.bucket LIMIT 16) AS a CROSS JOIN LATERAL ("                  \
    "SELECT t.bucket FROM pupil.login_throttle AS t"                          \
    " WHERE t.tenant = $2 AND t.bucket = a.bucket"                            \
    " AND t.last_at < now() - CASE WHEN t.burst > 5"                          \
    " THEN interval '7 days' ELSE interval '1 day' END"                       \
    " FOR UPDATE SKIP LOCKED) AS t WHERE t.bucket <> ALL (" these ")),"       \
    " purged AS ("                                                            \
    "DELETE FROM pupil.login_throttle AS t USING over AS o"                   \
    " WHERE t.tenant = $2 AND t.bucket = o.bucket)"

/* A number that the preprocessor knows. */
#define PUPIL_SQL_NUMBER(n)   PUPIL_SQL_NUMBER_(n)
#define PUPIL_SQL_NUMBER_(n)  #n

/* At least one row, the nonce first (invariant I12). */
#define PUPIL_SQL_ONE  "(VALUES (1)) AS one (one)"

#endif /* PUPIL_ENDPOINT_SQL_H */

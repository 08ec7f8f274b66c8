/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/progress.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/progress.h"


#define READ      PUPIL_OPERATION_READ
#define WRITE     PUPIL_OPERATION_WRITE
#define REQUIRED  PUPIL_WANT_REQUIRED

/* A pupil's own work. */
#define OWN                                                                   \
    .category = "progress", .purpose = PUPIL_PURPOSE_LEARNING,                \
    .relation = PUPIL_RELATION_SELF, .about = PUPIL_ABOUT_ACTOR


static const char  evidence_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, "
    PUPIL_SQL_ENROLMENT("e")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.owner AS o ON o.tenant = $2 AND o.owner = $4"
    " LEFT JOIN pupil.enrolment AS e ON " PUPIL_SQL_MINE("e");

/* Released with the transaction. */
static const char  lock_sql[] =
    "SELECT $1::bigint, pg_advisory_xact_lock($8, $9)";

/*
 * Each item is on its own.  What is stored already is compared, before the
 * assignment is looked at, so that a replay succeeds even after the homework
 * was taken back or the pupil left the class.  Of items with one id the first
 * that is assigned is stored.  Homework that is due is still accepted: work
 * that was done without a network must not be lost (pitfall 38).
 *
 * An enrolment counts while all its columns are those whose MAC was checked
 * (invariant I18): the MAC alone would not tell that somebody has edited the
 * row beside it.  go: false when the evidence is an old one and does not do
 * for all items; then nothing is written, and fresh evidence says why.
 */
static const char  submit_sql[] =
    "WITH item AS MATERIALIZED ("
    "SELECT i.*, (SELECT p.fingerprint FROM data.progress AS p"
    " WHERE p.tenant = $2 AND p.owner = $4 AND p.record = i.id) AS stored"
    " FROM unnest($8, $9, $10, $11, $12, $13, $14) WITH ORDINALITY"
    " AS i (id, homework, exercise, answer, result, fingerprint, done, n)),"
    " fit AS MATERIALIZED ("
    "SELECT FROM pupil.owner AS o WHERE o.tenant = $2 AND o.owner = $4"
    " AND o.state = 'active' AND o.key_version = $15),"
    " able AS MATERIALIZED ("
    "SELECT e.class FROM unnest($16, $17, $18, $19, $20, $21)"
    " AS v (enrolment, class, valid_from, valid_to, source, mac)"
    " JOIN " PUPIL_SQL_EACH("SELECT e.class FROM pupil.enrolment AS e"
    " WHERE e.enrolment = v.enrolment"
    " AND e.class = v.class AND e.source = v.source AND e.mac = v.mac"
    " AND e.valid_from - DATE '1970-01-01' = v.valid_from"
    " AND e.valid_to - DATE '1970-01-01' IS NOT DISTINCT FROM"
    " NULLIF(v.valid_to, " PUPIL_SQL_NO_DATE ")"
    " AND " PUPIL_SQL_MINE("e") " AND e.role = 'pupil'") " AS e ON true),"
    " w AS MATERIALIZED ("
    "SELECT DISTINCT ON (i.id) i.*, e.class FROM item AS i"
    " JOIN able AS e ON true"
    " JOIN " PUPIL_SQL_EACH("SELECT FROM data.homework AS h"
    " WHERE h.tenant = $2 AND h.owner = e.class AND h.record = i.homework"
    " AND h.deleted_at IS NULL AND h.assigned_at <= now()"
    " AND i.exercise = ANY (h.exercise_ids)") " AS h ON true"
    " WHERE i.stored IS NULL AND EXISTS (SELECT FROM fit)"
    " ORDER BY i.id, i.n),"
    " done AS MATERIALIZED ("
    "SELECT i.n, CASE"
    " WHEN i.stored = i.fingerprint THEN 'replayed'"
    " WHEN i.stored IS NOT NULL THEN 'conflict'"
    " WHEN w.n = i.n THEN 'stored'"
    " WHEN w.n IS NULL OR w.n > i.n THEN 'refused'"
    " WHEN w.fingerprint = i.fingerprint THEN 'replayed'"
    " ELSE 'conflict' END AS status"
    " FROM item AS i LEFT JOIN w ON w.id = i.id),"
    " go AS MATERIALIZED ("
    "SELECT $22 = 1 OR (EXISTS (SELECT FROM fit) AND NOT EXISTS ("
    "SELECT FROM done AS d WHERE d.status = 'refused')) AS go),"
    " gone AS ("
    "UPDATE data.progress AS p SET superseded = true FROM w"
    " WHERE (SELECT go.go FROM go)"
    " AND p.tenant = $2 AND p.owner = $4 AND NOT p.superseded"
    " AND p.homework_id = w.homework AND p.exercise_id = w.exercise),"
    " put AS ("
    "INSERT INTO data.progress (tenant, owner, record, key_version, source,"
    " updated_at, homework_id, class_id, exercise_id, done, answer, result,"
    " fingerprint, superseded)"
    " SELECT $2, $4, w.id, $15, 'gateway',"
    " now() + w.n * interval '1 microsecond', w.homework, w.class,"
    " w.exercise, w.done = 1, w.answer, w.result, w.fingerprint,"
    " EXISTS (SELECT FROM w AS later WHERE later.homework = w.homework"
    " AND later.exercise = w.exercise AND later.n > w.n)"
    " FROM w WHERE (SELECT go.go FROM go)),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, outcome)"
    " SELECT {audit_values}, a.outcome FROM (SELECT DISTINCT CASE d.status"
    " WHEN 'refused' THEN 'not_found' WHEN 'conflict' THEN 'conflict'"
    " ELSE 'allowed' END AS outcome FROM done AS d"
    " WHERE (SELECT go.go FROM go)) AS a)"
    " SELECT $1::bigint, CASE WHEN (SELECT go.go FROM go) THEN d.status"
    " ELSE 'stale' END FROM done AS d ORDER BY d.n";

static const char  history_sql[] =
    "WITH p AS MATERIALIZED ("
    "SELECT p.record, p.updated_at, p.owner{p} FROM data.progress AS p"
    " WHERE p.tenant = $2 AND p.owner = $4"
    " AND ($8 IS NULL OR p.homework_id = $8)"
    " AND (p.updated_at, p.record) < ($9, $10)"
    " ORDER BY p.updated_at DESC, p.record DESC LIMIT $11 + 1)"
    " SELECT $1::bigint, p.record, p.updated_at,"
    " (SELECT count(*) FROM p) > $11, o.owner, o.state, o.key_version{p}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (p JOIN " PUPIL_SQL_OWNER("o", "$4") " ON true) ON true"
    " ORDER BY p.updated_at DESC, p.record DESC LIMIT $11";


static const pupil_want_t  submit_wants[] = {
    { .field = "answer", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "result", OWN, .operation = WRITE },
    { .field = "homework_id", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "class_id", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "exercise_id", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "done", OWN, .operation = WRITE, .flags = REQUIRED }
};

static const pupil_want_t  history_wants[] = {
    { .alias = "p", .field = "homework_id", OWN, .operation = READ,
      .flags = REQUIRED },
    { .alias = "p", .field = "exercise_id", OWN, .operation = READ },
    { .alias = "p", .field = "answer", OWN, .operation = READ },
    { .alias = "p", .field = "result", OWN, .operation = READ }
};


const pupil_template_t  pupil_progress_templates[PUPIL_PROGRESS_COUNT] = {

    [PUPIL_PROGRESS_EVIDENCE] = {
        .name = "progress_evidence",
        .sql = evidence_sql,
        .fixed = PUPIL_PE_COLUMNS
    },

    [PUPIL_PROGRESS_LOCK] = {
        .name = "progress_lock",
        .sql = lock_sql,
        .fixed = 2,
        .params = { PUPIL_PARAM_INT4, PUPIL_PARAM_INT4 }
    },

    [PUPIL_PROGRESS_SUBMIT] = {
        .name = "progress_submit",
        .sql = submit_sql,
        .fixed = PUPIL_PS_COLUMNS,
        PUPIL_WANTS(submit_wants),
        .params = { PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4,
                    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_PROGRESS_HISTORY] = {
        .name = "progress_history",
        .sql = history_sql,
        .fixed = PUPIL_PH_COLUMNS,
        PUPIL_WANTS(history_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_UUID, PUPIL_PARAM_INT4 }
    }
};

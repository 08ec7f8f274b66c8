/*
 * Copyright (C) the Pupil authors
 *
 * /v1/progress: what clients send, and the statements.
 */

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/progress.h"
#include "core/input/rule.h"


#define READ      PUPIL_OPERATION_READ
#define WRITE     PUPIL_OPERATION_WRITE
#define REQUIRED  PUPIL_WANT_REQUIRED

/* A pupil's own work. */
#define OWN                                                                   \
    .category = "progress", .purpose = PUPIL_PURPOSE_LEARNING,                \
    .relation = PUPIL_RELATION_SELF, .about = PUPIL_ABOUT_ACTOR


enum {
    SUBMISSION_ID = 0
};

static const pupil_rule_t  submission_rules[] = {
    [SUBMISSION_ID] =
    { .name = "id", .kind = RULE_UUID, .flags = RULE_REQUIRED,
      .offset = offsetof(pupil_input_submission_t, id) },
    { .name = "homework_id", .kind = RULE_UUID, .flags = RULE_REQUIRED,
      .offset = offsetof(pupil_input_submission_t, homework_id) },
    { .name = "exercise_id", .kind = RULE_UUID, .flags = RULE_REQUIRED,
      .offset = offsetof(pupil_input_submission_t, exercise_id) },
    { .name = "answer", .kind = RULE_RAW, .flags = RULE_REQUIRED,
      .max = PUPIL_ANSWER_ESSAY_MAX,
      .offset = offsetof(pupil_input_submission_t, answer) },
    { .name = "score", .kind = RULE_OBJECT },
    { .name = "success", .kind = RULE_BOOL,
      .offset = offsetof(pupil_input_submission_t, success) },
    { .name = "completion", .kind = RULE_BOOL,
      .offset = offsetof(pupil_input_submission_t, completion) },
    { .name = "duration", .kind = RULE_DURATION,
      .offset = offsetof(pupil_input_submission_t, duration) },
    { .name = "timestamp", .kind = RULE_TIME,
      .min = PUPIL_INPUT_PAST_DAYS, .max = 1,
      .offset = offsetof(pupil_input_submission_t, timestamp) }
};


static const pupil_rule_t  score_rules[] = {
    { .name = "raw", .kind = RULE_NUMBER, .flags = RULE_REQUIRED,
      .max = PUPIL_INPUT_POINTS_MAX,
      .offset = offsetof(pupil_input_submission_t, score_raw) },
    { .name = "max", .kind = RULE_NUMBER,
      .flags = RULE_REQUIRED | RULE_EXCLUSIVE,
      .max = PUPIL_INPUT_POINTS_MAX,
      .offset = offsetof(pupil_input_submission_t, score_max) }
};


/* The array that a body may be; each element is on its own. */
static const pupil_rule_t  batch_rule = {
    .name = "",
    .kind = RULE_LIST,
    .min = 1,
    .max = PUPIL_INPUT_BATCH_MAX
};


const pupil_argument_t  pupil_progress_arguments[] = {
    { .name = "homework_id", .set = pupil_argument_uuid,
      .offset = offsetof(pupil_progress_query_t, homework_id) },
    PUPIL_PAGE_ARGUMENTS(pupil_progress_query_t),
    { .name = NULL }
};


static const char  evidence_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, "
    PUPIL_SQL_ENROLMENT("e")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.owner AS o ON o.tenant = $2 AND o.owner = $4"
    " LEFT JOIN pupil.enrolment AS e ON " PUPIL_SQL_MINE("e");

static const char  assigned_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, h.record{h}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_OWNER("o", "e.class") " ON true"
    " CROSS JOIN unnest($8) AS i (record)"
    " JOIN " PUPIL_SQL_EACH("SELECT h.record{h} FROM data.homework AS h"
    " WHERE h.tenant = $2 AND h.owner = e.class AND h.record = i.record"
    " AND h.deleted_at IS NULL") " AS h ON true)"
    " ON " PUPIL_SQL_MINE("e");

static const char  lock_sql[] =
    PUPIL_SQL_TURN("pg_try_advisory_xact_lock($8, $9)"
                   " AND pg_try_advisory_xact_lock_shared($10, $11)");

static const char  lock_many_sql[] =
    PUPIL_SQL_TURN("pg_try_advisory_xact_lock($8, $9) AND NOT EXISTS ("
                   "SELECT FROM unnest($10, $11) AS h (a, b)"
                   " WHERE NOT pg_try_advisory_xact_lock_shared(h.a, h.b))");

#define TEXT(...)    #__VA_ARGS__
#define TEXT_OF(...)  TEXT(__VA_ARGS__)

/*
 * Each item is on its own.  What is stored already is compared, before the
 * assignment is looked at, so that a replay succeeds even after the homework
 * was taken back or the pupil left the class.  Of items with one id the first
 * that is assigned is stored.  Homework that is due is still accepted: work
 * that was done without a network must not be lost (pitfall 38).
 *
 * What was assigned the gateway has decided, by rows that it has checked
 * (invariants I18 and I20).  Here it is only held against what is stored: an
 * enrolment by all its columns, as the MAC alone would not tell that somebody
 * has edited the row beside it; a homework by the hash of its facts, which is
 * another after each change.
 *
 * told: the kinds of outcome that there are, 1 what is stored, 2 a conflict, 4
 * what is refused; 0 when what is relied on is no longer so: then nothing is
 * written, and it is read and judged anew.  Each kind has a record: r has
 * pupil_progress_choices, and which kinds, among those up to its own, choose
 * it.  What is superseded is found by its exercise, then taken by its key: a
 * join that is free is planned as a walk through all that a pupil handed in.
 */
#define GO  "(SELECT t.kinds FROM told AS t) <> 0"

static const char  submit_sql[] =
    "WITH item AS MATERIALIZED ("
    "SELECT i.*, (SELECT p.fingerprint FROM data.progress AS p"
    " WHERE p.tenant = $2 AND p.owner = $4 AND p.record = i.id) AS stored"
    " FROM unnest($8, $9, $10, $11, $12, $13, $14, $22, $23, $24)"
    " WITH ORDINALITY AS i (id, homework, exercise, answer, result,"
    " fingerprint, done, enrolment, hash, facts, n)),"
    " fit AS MATERIALIZED ("
    "SELECT FROM pupil.owner AS o WHERE o.tenant = $2 AND o.owner = $4"
    " AND o.state = 'active' AND o.key_version = $15),"
    " able AS MATERIALIZED ("
    "SELECT e.class, v.k FROM unnest($16, $17, $18, $19, $20, $21)"
    " WITH ORDINALITY"
    " AS v (enrolment, class, valid_from, valid_to, source, mac, k)"
    " JOIN " PUPIL_SQL_EACH("SELECT e.* FROM pupil.enrolment AS e"
    " WHERE e.tenant = $2 AND e.enrolment = v.enrolment") " AS e"
    " ON e.class = v.class AND e.source = v.source AND e.mac = v.mac"
    " AND e.valid_from - DATE '1970-01-01' = v.valid_from"
    " AND e.valid_to - DATE '1970-01-01' IS NOT DISTINCT FROM"
    " NULLIF(v.valid_to, " PUPIL_SQL_NO_DATE ")"
    " AND " PUPIL_SQL_MINE("e") " AND e.role = 'pupil'),"
    " w AS MATERIALIZED ("
    "SELECT DISTINCT ON (i.id) i.*, e.class FROM item AS i"
    " JOIN able AS e ON e.k = i.enrolment"
    " JOIN " PUPIL_SQL_EACH("SELECT FROM data.homework AS h"
    " WHERE h.tenant = $2 AND h.owner = e.class AND h.record = i.homework"
    " AND " PUPIL_SQL_FACTS_HASH("h") " = i.hash") " AS h ON true"
    " WHERE i.stored IS NULL AND EXISTS (SELECT FROM fit)"
    " ORDER BY i.id, i.n),"
    " done AS MATERIALIZED ("
    "SELECT i.n, i.enrolment, CASE"
    " WHEN i.stored = i.fingerprint THEN 'replayed'"
    " WHEN i.stored IS NOT NULL THEN 'conflict'"
    " WHEN w.n = i.n THEN 'stored'"
    " WHEN w.n IS NULL OR w.n > i.n THEN 'refused'"
    " WHEN w.fingerprint = i.fingerprint THEN 'replayed'"
    " ELSE 'conflict' END AS status"
    " FROM item AS i LEFT JOIN w ON w.id = i.id),"
    " told AS MATERIALIZED ("
    "SELECT t.kinds, (t.kinds & 1) + (t.kinds >> 1 & 1) + (t.kinds >> 2)"
    " AS records, (ARRAY[" TEXT_OF(PUPIL_PROGRESS_DUE) "])[t.kinds + 1] AS due"
    " FROM (SELECT CASE WHEN EXISTS (SELECT FROM fit)"
    " AND NOT bool_or(d.status = 'refused' AND d.enrolment <> 0)"
    " THEN bit_or(CASE d.status"
    " WHEN 'refused' THEN 4 WHEN 'conflict' THEN 2 ELSE 1 END)"
    " ELSE 0 END AS kinds FROM done AS d) AS t),"
    " gone AS ("
    "UPDATE data.progress AS p SET superseded = true FROM w JOIN "
    PUPIL_SQL_EACH(
        "SELECT o.record FROM data.progress AS o"
        " WHERE o.tenant = $2 AND o.owner = $4 AND o.homework_id = w.homework"
        " AND o.exercise_id = w.exercise AND NOT o.superseded")
    " AS o ON true WHERE p.tenant = $2 AND p.owner = $4"
    " AND p.record = o.record AND " GO "),"
    " put AS ("
    "INSERT INTO data.progress (tenant, owner, record, key_version, source,"
    " updated_at, homework_id, class_id, exercise_id, done, answer, result,"
    " fingerprint, facts, superseded)"
    " SELECT $2, $4, w.id, $15, 'gateway',"
    " now() + w.n * interval '1 microsecond', w.homework, w.class,"
    " w.exercise, w.done = 1, w.answer, w.result, w.fingerprint, w.facts,"
    " EXISTS (SELECT FROM w AS later WHERE later.homework = w.homework"
    " AND later.exercise = w.exercise AND later.n > w.n)"
    " FROM w WHERE " GO "),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number} + r.before, "
    PUPIL_SQL_MAC("r.which") ", r.outcome"
    " FROM told AS t JOIN (VALUES"
    " (0, 0, 1, 1, 'allowed'), (1, 0, 3, 2, 'conflict'),"
    " (2, 0, 7, 4, 'not_found'), (3, 1, 3, 3, 'conflict'),"
    " (4, 1, 7, 5, 'not_found'), (4, 1, 7, 6, 'not_found'),"
    " (5, 2, 7, 7, 'not_found'))"
    " AS r (which, before, among, kinds, outcome)"
    " ON t.kinds & r.among = r.kinds RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "t.records", "t.due") ","
    " CASE WHEN t.kinds <> 0 THEN d.status ELSE 'stale' END"
    " FROM done AS d CROSS JOIN told AS t ORDER BY d.n";

/*
 * A submission alone, as most are: the same rules without arrays and without
 * the parts that one has no use for, which is a third of what the database
 * spends on it.  same: what is stored by its id is it; NULL: nothing is.
 */
static const char  submit_one_sql[] =
    "WITH told AS MATERIALIZED ("
    "SELECT i.new, CASE WHEN NOT i.fit THEN 0 WHEN i.same OR i.new THEN 1"
    " WHEN NOT i.same THEN 2 WHEN $16 IS NULL THEN 4 ELSE 0 END AS kinds"
    " FROM (SELECT f.fit, f.same, f.fit AND f.same IS NULL AND EXISTS ("
    "SELECT FROM pupil.enrolment AS e WHERE e.tenant = $2"
    " AND e.enrolment = $16 AND e.class = $17"
    " AND e.valid_from - DATE '1970-01-01' = $18"
    " AND e.valid_to - DATE '1970-01-01' IS NOT DISTINCT FROM"
    " NULLIF($19, " PUPIL_SQL_NO_DATE ") AND e.source = $20 AND e.mac = $21"
    " AND " PUPIL_SQL_MINE("e") " AND e.role = 'pupil' OFFSET 0) AND EXISTS ("
    "SELECT FROM data.homework AS h"
    " WHERE h.tenant = $2 AND h.owner = $17 AND h.record = $9"
    " AND " PUPIL_SQL_FACTS_HASH("h") " = $22 OFFSET 0) AS new"
    " FROM (SELECT EXISTS ("
    "SELECT FROM pupil.owner AS o WHERE o.tenant = $2 AND o.owner = $4"
    " AND o.state = 'active' AND o.key_version = $15 OFFSET 0) AS fit,"
    " (SELECT p.fingerprint = $13 FROM data.progress AS p"
    " WHERE p.tenant = $2 AND p.owner = $4 AND p.record = $8) AS same"
    " OFFSET 0) AS f OFFSET 0) AS i),"
    " gone AS ("
    "UPDATE data.progress AS p SET superseded = true FROM told AS t JOIN "
    PUPIL_SQL_EACH(
        "SELECT o.record FROM data.progress AS o"
        " WHERE o.tenant = $2 AND o.owner = $4 AND o.homework_id = $9"
        " AND o.exercise_id = $10 AND NOT o.superseded")
    " AS o ON t.new WHERE p.tenant = $2 AND p.owner = $4"
    " AND p.record = o.record),"
    " put AS ("
    "INSERT INTO data.progress (tenant, owner, record, key_version, source,"
    " updated_at, homework_id, class_id, exercise_id, done, answer, result,"
    " fingerprint, facts, superseded)"
    " SELECT $2, $4, $8, $15, 'gateway', now(), $9, $17, $10, $14 = 1, $11,"
    " $12, $13, $23, false FROM told AS t WHERE t.new),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("(t.kinds >> 1)") ","
    " CASE t.kinds WHEN 1 THEN 'allowed' WHEN 2 THEN 'conflict'"
    " ELSE 'not_found' END FROM told AS t WHERE t.kinds <> 0 RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "sign(t.kinds)", "t.kinds") ","
    " CASE t.kinds WHEN 0 THEN 'stale' WHEN 2 THEN 'conflict'"
    " WHEN 4 THEN 'refused' ELSE CASE WHEN t.new THEN 'stored'"
    " ELSE 'replayed' END END FROM told AS t";

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


/* As record says: by how many there are before it, then by what it is. */
const pupil_audit_choice_t  pupil_progress_choices[PUPIL_PROGRESS_CHOICES] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED },
    { .outcome = PUPIL_OUTCOME_CONFLICT, .choice = 1 },
    { .outcome = PUPIL_OUTCOME_NOT_FOUND, .choice = 2 },
    { .outcome = PUPIL_OUTCOME_CONFLICT, .number = 1, .choice = 1 },
    { .outcome = PUPIL_OUTCOME_NOT_FOUND, .number = 1, .choice = 2 },
    { .outcome = PUPIL_OUTCOME_NOT_FOUND, .number = 2, .choice = 2 }
};


/* By which a score is judged. */
#define EXERCISES                                                             \
    .category = "homework", .field = "exercises",                             \
    .purpose = PUPIL_PURPOSE_LEARNING,                                        \
    .relation = PUPIL_RELATION_TAUGHT_BY, .operation = READ

/* What the worker scores by, and nobody is shown. */
#define KEYS                                                                  \
    .category = "homework", .field = "keys",                                  \
    .purpose = PUPIL_PURPOSE_LEARNING,                                        \
    .relation = PUPIL_RELATION_SYSTEM, .operation = READ

static const pupil_want_t  assigned_wants[] = {
    { .alias = "h", EXERCISES },
    { .alias = "h", KEYS }
};

static const pupil_want_t  submit_wants[] = {
    { .field = "answer", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "result", OWN, .operation = WRITE },
    { .field = "homework_id", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "class_id", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "exercise_id", OWN, .operation = WRITE, .flags = REQUIRED },
    { .field = "done", OWN, .operation = WRITE, .flags = REQUIRED },
    { EXERCISES },
    { KEYS }
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

    [PUPIL_PROGRESS_ASSIGNED] = {
        .name = "progress_assigned",
        .sql = assigned_sql,
        .fixed = PUPIL_PA_COLUMNS,
        .tables = { "homework" },
        .facts = "h",
        .facts_of = "homework",
        PUPIL_WANTS(assigned_wants),
        .params = { PUPIL_PARAM_UUID_ARRAY }
    },

    [PUPIL_PROGRESS_LOCK] = {
        .name = "progress_lock",
        .sql = lock_sql,
        .fixed = 1,
        .params = { PUPIL_PARAM_INT4, PUPIL_PARAM_INT4, PUPIL_PARAM_INT4,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_PROGRESS_LOCK_MANY] = {
        .name = "progress_lock_many",
        .sql = lock_many_sql,
        .fixed = 1,
        .params = { PUPIL_PARAM_INT4, PUPIL_PARAM_INT4,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY }
    },

    [PUPIL_PROGRESS_SUBMIT] = {
        .name = "progress_submit",
        .sql = submit_sql,
        .fixed = PUPIL_PS_COLUMNS,
        .tables = { "progress", "homework" },
        .facts_of = "progress",
        PUPIL_WANTS(submit_wants),
        .params = { PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4,
                    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_BYTEA_ARRAY },
        .records = PUPIL_PROGRESS_CHOICES
    },

    [PUPIL_PROGRESS_SUBMIT_ONE] = {
        .name = "progress_submit_one",
        .sql = submit_one_sql,
        .fixed = PUPIL_PS_COLUMNS,
        .tables = { "progress", "homework" },
        .facts_of = "progress",
        PUPIL_WANTS(submit_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_INT4, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_UUID, PUPIL_PARAM_INT4, PUPIL_PARAM_INT4,
                    PUPIL_PARAM_TEXT, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA },
        .records = PUPIL_PROGRESS_KINDS
    },

    [PUPIL_PROGRESS_HISTORY] = {
        .name = "progress_history",
        .sql = history_sql,
        .fixed = PUPIL_PH_COLUMNS,
        .tables = { "progress" },
        .facts = "p",
        .facts_of = "progress",
        PUPIL_WANTS(history_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_UUID, PUPIL_PARAM_INT4 }
    }
};


const pupil_endpoint_t  pupil_progress_endpoint = {
    .name = "progress",
    .directive = "pupil_progress",
    .category = "progress",
    .templates = pupil_progress_templates,
    .count = PUPIL_PROGRESS_COUNT
};


/* The optional score of a submission: 0 <= raw <= max, max > 0. */
static pupil_rc_t
submission_score(pupil_body_t *in, uint32_t object,
    pupil_input_submission_t *item)
{
    uint32_t    score;
    pupil_rc_t  rc;

    score = pupil_json_member(&in->json, object, "score");
    if (score == PUPIL_JSON_NONE) {
        return PUPIL_OK;
    }

    rc = pupil_rule_object(in, score, score_rules,
                           pupil_rule_count(score_rules), item, NULL);

    if (rc == PUPIL_OK
        && pupil_decimal_compare(item->score_raw.value, item->score_max.value)
           > 0)
    {
        return pupil_rule_refuse_member(in, score, "raw", "maximum");
    }

    return rc;
}


static pupil_rc_t
progress_submission(pupil_body_t *in, uint32_t node,
    pupil_input_submission_t *item)
{
    uint32_t    id;
    pupil_rc_t  rc;

    memset(item, 0, sizeof(pupil_input_submission_t));
    item->timestamp = PUPIL_TIME_NONE;

    in->fault = &item->fault;

    /* first, so that what is refused for anything else still has its id */
    id = pupil_json_member(&in->json, node,
                           submission_rules[SUBMISSION_ID].name);
    if (id != PUPIL_JSON_NONE
        && pupil_rule_member(in, id, &submission_rules[SUBMISSION_ID], item)
           == PUPIL_NO_MEMORY)
    {
        return PUPIL_NO_MEMORY;
    }

    rc = pupil_rule_object(in, node, submission_rules,
                           pupil_rule_count(submission_rules), item, NULL);
    if (rc == PUPIL_OK) {
        rc = submission_score(in, node, item);
    }

    item->rc = rc;

    return rc;
}


pupil_rc_t
pupil_input_progress(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_time_t now, pupil_input_progress_t *out, pupil_fault_t *fault)
{
    uint32_t      i, node;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_progress_t));

    rc = pupil_input_parse(&in, alloc, body, now, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    out->is_array = pupil_json_type(&in.json, 0) == PUPIL_JSON_ARRAY;
    out->count = 1;
    node = 0;

    if (out->is_array) {
        rc = pupil_rule_member(&in, 0, &batch_rule, out);
        if (rc != PUPIL_OK) {
            return rc;
        }

        out->count = in.json.nodes[0].children;
        node = pupil_json_first(&in.json, 0);
    }

    out->items = alloc->alloc(alloc->ctx,
                              out->count * sizeof(pupil_input_submission_t));
    if (out->items == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (i = 0; i < out->count; i++) {
        rc = progress_submission(&in, node, &out->items[i]);
        if (rc == PUPIL_NO_MEMORY) {
            return rc;
        }

        node = pupil_json_next(&in.json, node);
    }

    if (!out->is_array && rc != PUPIL_OK) {
        *fault = out->items[0].fault;
        return rc;
    }

    return PUPIL_OK;
}


/* Where an item's fault is: behind its number, in an array. */
static pupil_rc_t
submission_refuse(const pupil_input_progress_t *in,
    pupil_input_submission_t *item, const char *at, const char *rule)
{
    char  field[sizeof(item->fault.field)];

    field[0] = '\0';

    if (in->is_array) {
        snprintf(field, sizeof(field), "/%u", (unsigned) (item - in->items));
    }

    snprintf(field + strlen(field), sizeof(field) - strlen(field), "%s", at);
    item->rc = pupil_fault_set(&item->fault, 422, field, rule);

    return item->rc;
}


/* Whether what the client says of the result may be said. */
static pupil_rc_t
submission_claim(const pupil_input_progress_t *in,
    pupil_input_submission_t *item, const pupil_question_t *question,
    unsigned claims)
{
    int  accepted;

    accepted = !question->keyed
               && (claims == PUPIL_CLAIMS_ON
                   || (claims == PUPIL_CLAIMS_KINDLESS
                       && question->kind == PUPIL_KIND_NONE));

    if (item->score_max.raw.data != NULL && !accepted) {
        return submission_refuse(in, item, "/score", "not-accepted");
    }

    if (item->success != PUPIL_INPUT_ABSENT && question->keyed) {
        return submission_refuse(in, item, "/success", "not-accepted");
    }

    if (item->score_max.raw.data != NULL && item->max_score != 0
        && pupil_decimal_compare(item->score_max.value, item->max_score) != 0)
    {
        return submission_refuse(in, item, "/score/max", "const");
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_submission_fits(const pupil_alloc_t *alloc,
    const pupil_input_progress_t *in, pupil_input_submission_t *item,
    const pupil_question_t *question, pupil_decimal_t max_score,
    unsigned claims)
{
    unsigned       right;
    pupil_rc_t     rc;
    pupil_fault_t  fault;

    item->max_score = max_score;

    rc = pupil_answer_fits(alloc, question, item->answer, &right, &fault);

    if (rc == PUPIL_INVALID) {
        return submission_refuse(in, item, fault.field, fault.rule);
    }

    if (rc == PUPIL_OK) {
        rc = submission_claim(in, item, question, claims);
    }

    item->scored = question->keyed ? (right ? PUPIL_SCORED_RIGHT
                                            : PUPIL_SCORED_WRONG)
                   : question->kind != PUPIL_KIND_NONE ? PUPIL_SCORED_CLAIM
                                                       : PUPIL_SCORED_NOT;

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/homework.  One exchange reads the evidence and the
 * data at once; each statement works the relation out again by itself, so
 * that a row shows up only for who is related, and the host shows only the
 * rows whose evidence is authentic (invariant I18).
 */

#include "core/endpoints/answers.h"
#include "core/endpoints/assessment.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/homework.h"
#include "core/endpoints/homework_sql.h"


/* The actor's own of it are all done. */
#define DONE                                                                  \
    "(SELECT count(*) FROM data.progress AS p WHERE p.tenant = $2"            \
    " AND p.owner = $4 AND p.homework_id = h.record AND NOT p.superseded"     \
    " AND p.done AND p.exercise_id = ANY (h.exercise_ids))"                   \
    " >= cardinality(h.exercise_ids)"

/* Is it there, or was it withdrawn and can be given again? */
#define THERE  " AND h.deleted_at IS NULL"
#define WITHDRAWN                                                             \
    " AND h.deleted_at > $9 - "                                               \
    PUPIL_SQL_NUMBER(PUPIL_HOMEWORK_RESTORE_DAYS) " * interval '24 hours'"

/*
 * A page of the homework of the actor's classes, of either end of a window: way
 * is "" or " DESC".  A pupil never meets one before it is assigned.
 */
#define PAGE(name, columns, limit, there, way)                                \
    name " AS MATERIALIZED ("                                                 \
    "SELECT h.* FROM pupil.enrolment AS mine"                                 \
    " JOIN LATERAL (SELECT h.owner, h.record, h.due_at AS due" columns        \
    " FROM data.homework AS h"                                                \
    " WHERE h.tenant = $2 AND h.owner = mine.class" there                     \
    " AND ($13 IS NULL OR h.record = $13)"                                    \
    " AND ($8 OR (h.due_at > $9 AND h.assigned_at <= $9))"                    \
    " AND ($5 = 'teacher' OR h.assigned_at <= $9)"                            \
    " AND (h.due_at, h.record) > ($10, $11)"                                  \
    " AND (h.due_at, h.record) < ($14, $15)"                                  \
    " AND ($16 IS NULL OR $16 = (" DONE "))"                                  \
    " ORDER BY h.due_at" way ", h.record" way " LIMIT " limit ")"             \
    " AS h ON true WHERE " PUPIL_SQL_MINE("mine")                             \
    " ORDER BY h.due" way ", h.record" way " LIMIT " limit ")"

/* Which state of what a class owns is stored. */
#define VERSION                                                               \
    PUPIL_SQL_EACH("SELECT v.version FROM data.homework_version AS v"         \
                   " WHERE v.tenant = $2 AND v.class = e.class") " AS v"


#define EVIDENCE(there)                                                       \
    "SELECT $1::bigint, " PUPIL_SQL_ENROLMENT("e") ","                        \
    " o.owner, o.state, o.key_version, h.record, h.assigned_at"               \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN (pupil.enrolment AS e"                                        \
    " JOIN " PUPIL_SQL_OWNER("o", "e.class") " ON true"                       \
    " LEFT JOIN " PUPIL_SQL_EACH(                                             \
        "SELECT h.record, h.assigned_at FROM data.homework AS h"              \
        " WHERE h.tenant = $2 AND h.owner = e.class AND h.record = $8" there) \
    " AS h ON true)"                                                          \
    " ON " PUPIL_SQL_MINE("e")

/* One more than the page, to know if there is another. */
#define LIST(there, way)                                                      \
    "WITH " PAGE("h", ", h.assigned_by AS teacher{h}", "$12 + 1", there, way) \
    ","                                                                       \
    " p AS MATERIALIZED ("                                                    \
    "SELECT k.record AS page, "                                               \
    PUPIL_SQL_ENROLMENT("t")                                                  \
    " FROM (SELECT h.owner, h.record, h.teacher FROM h"                       \
    " ORDER BY h.due" way ", h.record" way " LIMIT $12) AS k"                 \
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT t.* FROM pupil.enrolment AS t"       \
    " WHERE t.tenant = $2 AND t.subject = k.teacher AND t.class = k.owner"    \
    " AND t.role = 'teacher' AND " PUPIL_SQL_LIVE("t"))                       \
    " AS t ON true)"                                                          \
    " SELECT $1::bigint, h.record, h.owner, h.due,"                           \
    " (SELECT count(*) FROM h) > $12,"                                        \
    " p.enrolment, p.subject, p.class, p.institution, p.role, p.valid_from,"  \
    " p.valid_to, p.source, p.mac, o.owner, o.state, o.key_version"           \
    "{h}{c}{i}"                                                               \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN (p JOIN h ON h.record = p.page"                               \
    " JOIN " PUPIL_SQL_EACH("SELECT c.title AS class_title"                   \
    " FROM pupil.class AS c WHERE c.tenant = $2 AND c.class = h.owner")       \
    " AS c ON true"                                                           \
    " LEFT JOIN " PUPIL_SQL_OWNER("o", "p.subject") " ON true"                \
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT i.owner{i}"                          \
    " FROM data.identity AS i"                                                \
    " WHERE i.tenant = $2 AND i.owner = p.subject") " AS i ON true)"          \
    " ON true ORDER BY h.due, h.record"

#define PROGRESS(way)                                                         \
    "WITH " PAGE("k", "", "$12", THERE, way)                                  \
    " SELECT $1::bigint, p.record, p.updated_at,"                             \
    " o.owner, o.state, o.key_version{p}"                                     \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN (" PUPIL_SQL_OWNER("o", "$4")                                 \
    " JOIN " PUPIL_SQL_EACH("SELECT p.* FROM k JOIN " PUPIL_SQL_EACH(         \
        "SELECT p.record, p.updated_at{p}"                                    \
        " FROM data.progress AS p WHERE p.tenant = $2 AND p.owner = $4"       \
        " AND p.homework_id = k.record AND NOT p.superseded")                 \
    " AS p ON true") " AS p ON true) ON true"

/*
 * The open list, of which the gateway keeps what classes own.  Who teaches is
 * read each time: persons are never kept.
 */
static const char  feed_sql[] =
    "SELECT $1::bigint, " PUPIL_SQL_ENROLMENT("e") ","
    " o.owner, o.state, o.key_version, v.version, "
    PUPIL_SQL_ENROLMENT("t") ", a.owner, a.state, a.key_version{i}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_OWNER("o", "e.class") " ON true"
    " LEFT JOIN " VERSION " ON true"
    " LEFT JOIN (" PUPIL_SQL_EACH("SELECT t.* FROM pupil.enrolment AS t"
    " WHERE t.tenant = $2 AND t.class = e.class AND t.role = 'teacher'"
    " AND " PUPIL_SQL_LIVE("t")) " AS t"
    " LEFT JOIN " PUPIL_SQL_OWNER("a", "t.subject") " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT i.owner{i} FROM data.identity AS i"
    " WHERE i.tenant = $2 AND i.owner = t.subject") " AS i ON true) ON true)"
    " ON " PUPIL_SQL_MINE("e");

/* The version is that of the rows: one snapshot. */
static const char  definitions_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, v.version,"
    " h.record{h}{c}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_OWNER("o", "e.class") " ON true"
    " JOIN " PUPIL_SQL_EACH("SELECT c.class{c} FROM pupil.class"
    " AS c (tenant, class, institution, class_title)"
    " WHERE c.tenant = $2 AND c.class = e.class") " AS c ON true"
    " LEFT JOIN " VERSION " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT h.record, h.due_at AS due{h}"
    " FROM data.homework AS h WHERE h.tenant = $2 AND h.owner = e.class"
    " AND h.deleted_at IS NULL AND h.due_at > $9"
    " ORDER BY h.due_at, h.record LIMIT $10") " AS h ON true)"
    " ON " PUPIL_SQL_MINE("e") " AND e.class = ANY ($8)"
    " ORDER BY o.owner, h.due, h.record";

static const char  current_sql[] =
    "SELECT $1::bigint, p.record, p.updated_at,"
    " o.owner, o.state, o.key_version{p}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (" PUPIL_SQL_OWNER("o", "$4")
    " JOIN " PUPIL_SQL_EACH("SELECT p.* FROM pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_EACH("SELECT h.record FROM data.homework AS h"
    " WHERE h.tenant = $2 AND h.owner = e.class AND h.deleted_at IS NULL"
    " AND h.due_at > $8") " AS h ON true"
    " JOIN " PUPIL_SQL_EACH("SELECT p.record, p.updated_at{p}"
    " FROM data.progress AS p WHERE p.tenant = $2 AND p.owner = $4"
    " AND p.homework_id = h.record AND NOT p.superseded") " AS p ON true"
    " WHERE " PUPIL_SQL_MINE("e")) " AS p ON true) ON true";

/*
 * Counted over the live pupils of each class, from plain facts alone, but for
 * whom restriction hides (GDPR article 18).
 */
#define SUMMARY(way)                                                          \
    "WITH " PAGE("k", ", h.exercise_ids", "$12", THERE, way) ","              \
    " e AS MATERIALIZED ("                                                    \
    "SELECT c.owner, e.subject FROM (SELECT DISTINCT k.owner FROM k) AS c"    \
    " JOIN " PUPIL_SQL_EACH("SELECT e.subject FROM pupil.enrolment AS e"      \
    " WHERE e.tenant = $2 AND e.class = c.owner AND e.role = 'pupil'"         \
    " AND " PUPIL_SQL_COUNTED("e")) " AS e ON true),"                         \
    " s AS ("                                                                 \
    "SELECT k.record, (SELECT count(*) FROM e WHERE e.owner = k.owner)::int4" \
    " AS pupils, q.completed, q.in_progress FROM k CROSS JOIN LATERAL ("      \
    "SELECT (count(*) FILTER (WHERE p.completed AND p.live))::int4"           \
    " AS completed,"                                                          \
    " (count(*) FILTER (WHERE NOT p.completed AND p.live))::int4"             \
    " AS in_progress"                                                         \
    " FROM (SELECT count(*) FILTER (WHERE p.done"                             \
    " AND p.exercise_id = ANY (k.exercise_ids))"                              \
    " >= cardinality(k.exercise_ids) AS completed,"                           \
    " (k.owner, p.owner) IN (SELECT e.owner, e.subject FROM e) AS live"       \
    " FROM data.progress AS p WHERE p.tenant = $2"                            \
    " AND p.homework_id = k.record AND NOT p.superseded"                      \
    " GROUP BY p.owner) AS p) AS q)"                                          \
    " SELECT $1::bigint, s.record, s.pupils, s.completed, s.in_progress"      \
    " FROM " PUPIL_SQL_ONE " LEFT JOIN s ON true"

/* The homework that a write is about, as it is stored. */
#define TARGET(there)                                                         \
    "SELECT $1::bigint, h.record{h}"                                          \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN (pupil.enrolment AS e"                                        \
    " JOIN " PUPIL_SQL_EACH("SELECT h.record{h}"                              \
    " FROM data.homework AS h WHERE h.tenant = $2 AND h.owner = e.class"      \
    " AND h.record = $8" there) " AS h ON true)"                              \
    " ON " PUPIL_SQL_MINE("e")

static const char  edit_target_sql[] =
    "SELECT $1::bigint, h.record, h.answered{h}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_EACH("SELECT h.record, "
    PUPIL_SQL_HOMEWORK_ANSWERED " AS answered{h}"
    " FROM data.homework AS h WHERE h.tenant = $2 AND h.owner = e.class"
    " AND h.record = $8 AND h.deleted_at IS NULL") " AS h ON true)"
    " ON " PUPIL_SQL_MINE("e");

static const char  turn_sql[] =
    PUPIL_SQL_TURN("pg_try_advisory_xact_lock($8, $9)");

static const char  overview_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_MINE
    " SELECT $1::bigint, " PUPIL_SQL_EVIDENCE("e") ","
    " o.owner, o.state, o.key_version{i}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k"
    " JOIN " PUPIL_SQL_EACH("SELECT " PUPIL_SQL_ENROLMENT("e")
    " FROM pupil.enrolment AS e WHERE e.tenant = $2 AND e.class = k.owner"
    " AND e.role = 'pupil' AND " PUPIL_SQL_LIVE("e")) " AS e ON true"
    " JOIN " PUPIL_SQL_OWNER("o", "e.subject") " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT i.owner{i} FROM data.identity AS i"
    " WHERE i.tenant = $2 AND i.owner = e.subject AND i.record = e.subject")
    " AS i ON true)"
    " ON true ORDER BY e.subject";

static const char  results_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_MINE
    " SELECT $1::bigint, p.record, p.owner, p.updated_at{p}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k JOIN " PUPIL_SQL_EACH("SELECT p.record, p.owner,"
    " p.updated_at{p} FROM data.progress AS p WHERE p.tenant = $2"
    " AND p.homework_id = k.record AND p.class_id = k.owner"
    " AND NOT p.superseded") " AS p ON true)"
    " ON true ORDER BY p.owner";


#define DEFINITIONS_PARAMS                                                    \
    { PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_INT4 }

#define PAGE_PARAMS                                                           \
    { PUPIL_PARAM_BOOL, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ,     \
      PUPIL_PARAM_UUID, PUPIL_PARAM_INT4, PUPIL_PARAM_UUID,                   \
      PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_UUID, PUPIL_PARAM_BOOL }


/* Which records the statement shows, if their facts are what is stored. */
#define HOMEWORK_FACTS  .facts = "h", .facts_of = "homework"
#define PROGRESS_FACTS  .facts = "p", .facts_of = "progress"
#define ASSESSMENT_FACTS  .facts = "s", .facts_of = "assessment"

#define LISTED(there, way)                                                    \
    .sql = LIST(there, way),                                                  \
    .fixed = PUPIL_HL_COLUMNS,                                                \
    .tables = { "homework", "progress", "identity" },                         \
    HOMEWORK_FACTS,                                                           \
    .params = PAGE_PARAMS

/* What stands beside a list is not shown of what was withdrawn. */
#define WITHDRAWN_WANTS                                                       \
    .wants = pupil_homework_teacher_list_wants, .wants_count = PUPIL_HL_WANTS

/* Anew, or as a copy of another. */
#define CREATED(what)                                                         \
    .sql = pupil_homework_create_sql,                                         \
    .fixed = PUPIL_HW_COLUMNS,                                                \
    .tables = { "homework" },                                                 \
    .facts_of = "homework",                                                   \
    PUPIL_WANTS(what),                                                        \
    .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,        \
                PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,       \
                PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID_ARRAY,                    \
                PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ,             \
                PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },                       \
    .records = 1

#define WORTH(worth)                                                          \
    .sql = pupil_worth_sql,                                                   \
    .fixed = PUPIL_HQ_COLUMNS,                                                \
    .tables = { "homework" },                                                 \
    HOMEWORK_FACTS,                                                           \
    PUPIL_WANTS(worth),                                                       \
    .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ }


const pupil_template_t  pupil_homework_templates[PUPIL_HOMEWORK_COUNT] = {

    [PUPIL_HOMEWORK_EVIDENCE] = {
        .name = "homework_evidence",
        .sql = EVIDENCE(THERE),
        .fixed = PUPIL_HE_COLUMNS,
        .tables = { "homework" },
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_PUPIL_LIST] = {
        .name = "homework_pupil_list",
        LISTED(THERE, ""),
        PUPIL_WANTS(pupil_homework_pupil_list_wants)
    },

    [PUPIL_HOMEWORK_PUPIL_LIST_BACK] = {
        .name = "homework_pupil_list_back",
        LISTED(THERE, " DESC"),
        PUPIL_WANTS(pupil_homework_pupil_list_wants)
    },

    [PUPIL_HOMEWORK_PUPIL_PROGRESS] = {
        .name = "homework_pupil_progress",
        .sql = PROGRESS(""),
        .fixed = PUPIL_HP_COLUMNS,
        .tables = { "homework", "progress" },
        PROGRESS_FACTS,
        PUPIL_WANTS(pupil_homework_pupil_progress_wants),
        .params = PAGE_PARAMS
    },

    [PUPIL_HOMEWORK_PUPIL_PROGRESS_BACK] = {
        .name = "homework_pupil_progress_back",
        .sql = PROGRESS(" DESC"),
        .fixed = PUPIL_HP_COLUMNS,
        .tables = { "homework", "progress" },
        PROGRESS_FACTS,
        PUPIL_WANTS(pupil_homework_pupil_progress_wants),
        .params = PAGE_PARAMS
    },

    [PUPIL_HOMEWORK_PUPIL_FEED] = {
        .name = "homework_pupil_feed",
        .sql = feed_sql,
        .fixed = PUPIL_HF_COLUMNS,
        .tables = { "homework", "identity" },
        PUPIL_WANTS(pupil_homework_pupil_feed_wants)
    },

    [PUPIL_HOMEWORK_PUPIL_DEFINITIONS] = {
        .name = "homework_pupil_definitions",
        .sql = definitions_sql,
        .fixed = PUPIL_HD_COLUMNS,
        .tables = { "homework" },
        HOMEWORK_FACTS,
        PUPIL_WANTS(pupil_homework_pupil_definitions_wants),
        .params = DEFINITIONS_PARAMS
    },

    [PUPIL_HOMEWORK_PUPIL_CURRENT] = {
        .name = "homework_pupil_current",
        .sql = current_sql,
        .fixed = PUPIL_HP_COLUMNS,
        .tables = { "homework", "progress" },
        PROGRESS_FACTS,
        PUPIL_WANTS(pupil_homework_pupil_progress_wants),
        .params = { PUPIL_PARAM_TIMESTAMPTZ }
    },

    [PUPIL_HOMEWORK_TEACHER_FEED] = {
        .name = "homework_teacher_feed",
        .sql = feed_sql,
        .fixed = PUPIL_HF_COLUMNS,
        .tables = { "homework", "identity" },
        PUPIL_WANTS(pupil_homework_teacher_feed_wants)
    },

    [PUPIL_HOMEWORK_TEACHER_DEFINITIONS] = {
        .name = "homework_teacher_definitions",
        .sql = definitions_sql,
        .fixed = PUPIL_HD_COLUMNS,
        .tables = { "homework" },
        HOMEWORK_FACTS,
        PUPIL_WANTS(pupil_homework_teacher_definitions_wants),
        .params = DEFINITIONS_PARAMS
    },

    [PUPIL_HOMEWORK_TEACHER_LIST] = {
        .name = "homework_teacher_list",
        LISTED(THERE, ""),
        PUPIL_WANTS(pupil_homework_teacher_list_wants)
    },

    [PUPIL_HOMEWORK_TEACHER_LIST_BACK] = {
        .name = "homework_teacher_list_back",
        LISTED(THERE, " DESC"),
        PUPIL_WANTS(pupil_homework_teacher_list_wants)
    },

    [PUPIL_HOMEWORK_TEACHER_SUMMARY] = {
        .name = "homework_teacher_summary",
        .sql = SUMMARY(""),
        .fixed = PUPIL_HS_COLUMNS,
        .tables = { "homework", "progress" },
        PUPIL_WANTS(pupil_homework_summary_wants),
        .params = PAGE_PARAMS
    },

    [PUPIL_HOMEWORK_TEACHER_SUMMARY_BACK] = {
        .name = "homework_teacher_summary_back",
        .sql = SUMMARY(" DESC"),
        .fixed = PUPIL_HS_COLUMNS,
        .tables = { "homework", "progress" },
        PUPIL_WANTS(pupil_homework_summary_wants),
        .params = PAGE_PARAMS
    },

    [PUPIL_HOMEWORK_WITHDRAWN] = {
        .name = "homework_withdrawn",
        LISTED(WITHDRAWN, ""),
        WITHDRAWN_WANTS
    },

    [PUPIL_HOMEWORK_WITHDRAWN_BACK] = {
        .name = "homework_withdrawn_back",
        LISTED(WITHDRAWN, " DESC"),
        WITHDRAWN_WANTS
    },

    [PUPIL_HOMEWORK_TARGET] = {
        .name = "homework_target",
        .sql = TARGET(THERE),
        .fixed = PUPIL_HT_COLUMNS,
        .tables = { "homework" },
        HOMEWORK_FACTS,
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_CREATE] = {
        .name = "homework_create",
        CREATED(pupil_homework_create_wants)
    },

    [PUPIL_HOMEWORK_SOURCE] = {
        .name = "homework_source",
        .sql = pupil_homework_source_sql,
        .fixed = PUPIL_HU_COLUMNS,
        .tables = { "homework" },
        HOMEWORK_FACTS,
        PUPIL_WANTS(pupil_homework_source_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_COPY] = {
        .name = "homework_copy",
        CREATED(pupil_homework_copy_wants)
    },

    [PUPIL_HOMEWORK_PATCH] = {
        .name = "homework_patch",
        .sql = pupil_homework_patch_sql,
        .fixed = PUPIL_HW_COLUMNS,
        .tables = { "homework" },
        .facts_of = "homework",
        PUPIL_WANTS(pupil_homework_patch_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BOOL,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },
        .records = 1
    },

    [PUPIL_HOMEWORK_EDIT_TARGET] = {
        .name = "homework_edit_target",
        .sql = edit_target_sql,
        .fixed = PUPIL_HX_COLUMNS,
        .tables = { "homework", "progress" },
        HOMEWORK_FACTS,
        PUPIL_WANTS(pupil_homework_edit_target_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_TURN] = {
        .name = "homework_turn",
        .sql = turn_sql,
        .fixed = 1,
        .params = { PUPIL_PARAM_INT4, PUPIL_PARAM_INT4 }
    },

    [PUPIL_HOMEWORK_EDIT] = {
        .name = "homework_edit",
        .sql = pupil_homework_edit_sql,
        .fixed = PUPIL_HW_COLUMNS,
        .tables = { "homework", "progress" },
        .facts_of = "homework",
        PUPIL_WANTS(pupil_homework_edit_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BOOL,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_BYTEA },
        .records = 1
    },

    [PUPIL_HOMEWORK_DELETE] = {
        .name = "homework_delete",
        .sql = pupil_homework_delete_sql,
        .fixed = PUPIL_HW_COLUMNS,
        .tables = { "homework" },
        .facts_of = "homework",
        PUPIL_WANTS(pupil_homework_delete_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },
        .records = 1
    },

    [PUPIL_HOMEWORK_EVER_EVIDENCE] = {
        .name = "homework_ever_evidence",
        .sql = EVIDENCE(""),
        .fixed = PUPIL_HE_COLUMNS,
        .tables = { "homework" },
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_EVER_TARGET] = {
        .name = "homework_ever_target",
        .sql = TARGET(""),
        .fixed = PUPIL_HT_COLUMNS,
        .tables = { "homework" },
        HOMEWORK_FACTS,
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_RESTORE] = {
        .name = "homework_restore",
        .sql = pupil_homework_restore_sql,
        .fixed = PUPIL_HW_COLUMNS,
        .tables = { "homework" },
        .facts_of = "homework",
        PUPIL_WANTS(pupil_homework_delete_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },
        .records = 1
    },

    [PUPIL_HOMEWORK_ANSWERS] = {
        .name = "homework_answers",
        .sql = pupil_answers_sql,
        .fixed = PUPIL_HC_COLUMNS,
        .tables = { "homework", "identity" },
        PUPIL_WANTS(pupil_answers_wants),
        .params = PUPIL_ANSWERS_PARAMS
    },

    [PUPIL_HOMEWORK_GIVEN] = {
        .name = "homework_given",
        .sql = pupil_answers_given_sql,
        .fixed = PUPIL_HR_COLUMNS,
        .tables = { "homework", "progress" },
        PROGRESS_FACTS,
        PUPIL_WANTS(pupil_answers_given_wants),
        .params = PUPIL_ANSWERS_PARAMS
    },

    [PUPIL_HOMEWORK_ASSESSED] = {
        .name = "homework_assessed",
        .sql = pupil_answers_assessed_sql,
        .fixed = PUPIL_HD_ASSESSED_COLUMNS,
        .tables = { "homework", "assessment" },
        .optional = "assessment",
        ASSESSMENT_FACTS,
        PUPIL_WANTS(pupil_assessment_wants),
        .params = PUPIL_ANSWERS_PARAMS
    },

    [PUPIL_HOMEWORK_PUPIL_WORTH] = {
        .name = "homework_pupil_worth",
        WORTH(pupil_worth_wants)
    },

    [PUPIL_HOMEWORK_TEACHER_WORTH] = {
        .name = "homework_teacher_worth",
        WORTH(pupil_worth_teacher_wants)
    },

    [PUPIL_HOMEWORK_ASSESSMENT] = {
        .name = "homework_assessment",
        .sql = pupil_assessment_sql,
        .fixed = PUPIL_HA_COLUMNS,
        .tables = { "homework", "assessment" },
        .optional = "assessment",
        ASSESSMENT_FACTS,
        PUPIL_WANTS(pupil_assessment_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_OWN_ASSESSMENT] = {
        .name = "homework_own_assessment",
        .sql = pupil_assessment_own_sql,
        .fixed = PUPIL_HN_COLUMNS,
        .tables = { "assessment" },
        .optional = "assessment",
        ASSESSMENT_FACTS,
        PUPIL_WANTS(pupil_assessment_own_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_ASSESS] = {
        .name = "homework_assess",
        .sql = pupil_assessment_write_sql,
        .fixed = PUPIL_HW_COLUMNS,
        .tables = { "homework", "assessment" },
        .optional = "assessment",
        .facts_of = "assessment",
        PUPIL_WANTS(pupil_assess_wants),
        .params = PUPIL_ASSESSMENT_PARAMS,
        .records = 1
    },

    [PUPIL_HOMEWORK_RETURN] = {
        .name = "homework_return",
        .sql = pupil_assessment_write_sql,
        .fixed = PUPIL_HW_COLUMNS,
        .tables = { "homework", "assessment" },
        .optional = "assessment",
        .facts_of = "assessment",
        PUPIL_WANTS(pupil_return_wants),
        .params = PUPIL_ASSESSMENT_PARAMS,
        .records = 1
    },

    [PUPIL_HOMEWORK_OVERVIEW] = {
        .name = "homework_overview",
        .sql = overview_sql,
        .fixed = PUPIL_HO_COLUMNS,
        .tables = { "homework", "identity" },
        PUPIL_WANTS(pupil_homework_overview_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_HOMEWORK_RESULTS] = {
        .name = "homework_results",
        .sql = results_sql,
        .fixed = PUPIL_HR_COLUMNS,
        .tables = { "homework", "progress" },
        PROGRESS_FACTS,
        PUPIL_WANTS(pupil_homework_results_wants),
        .params = { PUPIL_PARAM_UUID }
    }
};


const pupil_endpoint_t  pupil_homework_endpoint = {
    .name = "homework",
    .directive = "pupil_homework",
    .category = "homework",
    .templates = pupil_homework_templates,
    .count = PUPIL_HOMEWORK_COUNT
};

/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/classes.  The rows that show are those that prove: the
 * host shows only what is authentic (invariant I18).
 */

#include "core/endpoints/classes.h"
#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"


#define READ      .operation = PUPIL_OPERATION_READ
#define REQUIRED  .flags = PUPIL_WANT_REQUIRED

/* Who asks is told about themselves, for the purpose of their role. */
#define AS_PUPIL                                                              \
    .category = "enrolment", .purpose = PUPIL_PURPOSE_LEARNING,               \
    .relation = PUPIL_RELATION_SELF, .about = PUPIL_ABOUT_ACTOR, READ
#define AS_TEACHER                                                            \
    .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES, READ

#define OF_CLASS   AS_TEACHER, .about = PUPIL_ABOUT_NONE
#define OF_PUPILS  AS_TEACHER, .about = PUPIL_ABOUT_SUBJECTS


#define CLASSES(pupils)                                                       \
    "SELECT $1::bigint, " PUPIL_SQL_ENROLMENT("e") ","                        \
    " o.owner, o.state, o.key_version, " pupils "{c}"                         \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN (pupil.enrolment AS e"                                        \
    " JOIN " PUPIL_SQL_OWNER("o", "e.class") " ON true"                       \
    " JOIN " PUPIL_SQL_EACH("SELECT c.class{c} FROM pupil.class"              \
        " AS c (tenant, class, institution, class_title)"                     \
        " WHERE c.tenant = $2 AND c.class = e.class") " AS c ON true)"        \
    " ON " PUPIL_SQL_MINE("e")                                                \
    " ORDER BY e.class"

static const char  pupil_sql[] = CLASSES("NULL::integer");

static const char  teacher_sql[] = CLASSES(
    "(SELECT count(DISTINCT p.subject)::integer FROM pupil.enrolment AS p"
    " WHERE p.tenant = $2 AND p.class = e.class AND p.role = 'pupil'"
    " AND " PUPIL_SQL_COUNTED("p") ")");

static const char  evidence_sql[] =
    "SELECT $1::bigint, " PUPIL_SQL_ENROLMENT("e") ","
    " o.owner, o.state, o.key_version, NULL::uuid, NULL::timestamptz"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_OWNER("o", "e.class") " ON true)"
    " ON " PUPIL_SQL_MINE("e") " AND e.class = $8";

/* The class, if the actor teaches it. */
#define MINE                                                                  \
    "k AS MATERIALIZED ("                                                     \
    "SELECT e.class FROM pupil.enrolment AS e WHERE " PUPIL_SQL_MINE("e")     \
    " AND e.role = 'teacher' AND e.class = $8 LIMIT 1)"

/* Its pupils, or the one that is asked for. */
#define LEARNERS(columns)                                                     \
    PUPIL_SQL_EACH("SELECT " columns " FROM pupil.enrolment AS e"             \
        " WHERE e.tenant = $2 AND e.class = k.class AND e.role = 'pupil'"     \
        " AND ($9 IS NULL OR e.subject = $9)"                                 \
        " AND " PUPIL_SQL_LIVE("e")) " AS e ON true"

/*
 * How much homework goes with that many pupils: of the limit, what makes no
 * more than $14 places with them, and one at least.
 */
#define MOST                                                                  \
    "n AS MATERIALIZED ("                                                     \
    "SELECT least($13, greatest(1, $14 / greatest(1, count(*)::int4)))"       \
    " AS most FROM k JOIN " LEARNERS("e.subject") ")"

#define MOST_OF(more)  "(SELECT n.most" more " FROM n)"

/* What it was given, latest first. */
#define HOMEWORK(columns, limit)                                              \
    PUPIL_SQL_EACH("SELECT h.owner, h.record, h.due_at AS due" columns        \
        " FROM data.homework AS h"                                            \
        " WHERE h.tenant = $2 AND h.owner = k.class"                          \
        " AND h.deleted_at IS NULL AND h.assigned_at <= $10"                  \
        " AND (h.due_at, h.record) < ($11, $12)"                              \
        " ORDER BY h.due_at DESC, h.record DESC LIMIT " limit)                \
    " AS h ON true"

static const char  learners_sql[] =
    "WITH " MINE
    " SELECT $1::bigint, " PUPIL_SQL_EVIDENCE("e") ","
    " o.owner, o.state, o.key_version{i}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k JOIN " LEARNERS(PUPIL_SQL_ENROLMENT("e"))
    " JOIN " PUPIL_SQL_OWNER("o", "e.subject") " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT i.owner{i} FROM data.identity AS i"
    " WHERE i.tenant = $2 AND i.owner = e.subject AND i.record = e.subject")
    " AS i ON true)"
    " ON true ORDER BY e.subject";

static const char  homework_sql[] =
    "WITH " MINE ", " MOST
    " SELECT $1::bigint, h.record, " MOST_OF("") "{h}{c}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k"
    " JOIN " PUPIL_SQL_EACH("SELECT c.class{c} FROM pupil.class"
    " AS c (tenant, class, institution, class_title)"
    " WHERE c.tenant = $2 AND c.class = k.class") " AS c ON true"
    " LEFT JOIN " HOMEWORK("{h}", MOST_OF(" + 1")) ")"
    " ON true ORDER BY h.due DESC, h.record DESC";

static const char  results_sql[] =
    "WITH " MINE ", " MOST
    " SELECT $1::bigint, p.record, p.owner{p}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k JOIN " HOMEWORK("", MOST_OF(""))
    " JOIN " PUPIL_SQL_EACH("SELECT p.record, p.owner{p}"
    " FROM data.progress AS p WHERE p.tenant = $2"
    " AND p.homework_id = h.record AND p.class_id = h.owner"
    " AND ($9 IS NULL OR p.owner = $9) AND NOT p.superseded")
    " AS p ON true) ON true ORDER BY p.owner";

static const char  assessed_sql[] =
    "WITH " MINE ", " MOST ","
    " h AS MATERIALIZED ("
    "SELECT h.record FROM k JOIN " HOMEWORK("", MOST_OF("")) ")"
    " SELECT $1::bigint, s.record, s.owner{s}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k JOIN " LEARNERS("e.subject")
    " JOIN " PUPIL_SQL_EACH("SELECT s.record, s.owner{s}"
    " FROM data.assessment AS s WHERE s.tenant = $2 AND s.owner = e.subject"
    " AND s.record = ANY (ARRAY(SELECT h.record FROM h))")
    " AS s ON true) ON true ORDER BY s.owner";


static const pupil_want_t  pupil_wants[] = {
    [PUPIL_CL_WANT_ID] = { .field = "class_id", AS_PUPIL, REQUIRED },
    [PUPIL_CL_WANT_TITLE] = {
        .alias = "c", .field = "class_title", AS_PUPIL }
};

static const pupil_want_t  teacher_wants[] = {
    [PUPIL_CL_WANT_ID] = {
        .category = "enrolment", .field = "class_id", AS_TEACHER,
        .about = PUPIL_ABOUT_ACTOR, REQUIRED },
    [PUPIL_CL_WANT_TITLE] = {
        .alias = "c", .category = "enrolment", .field = "class_title",
        AS_TEACHER, .about = PUPIL_ABOUT_ACTOR },
    [PUPIL_CL_WANT_ROLE] = {
        .category = "enrolment", .field = "role", AS_TEACHER,
        .about = PUPIL_ABOUT_ACTOR, REQUIRED }
};

/* The record says all that is shown of these pupils. */
static const pupil_want_t  learners_wants[PUPIL_CP_WANTS] = {
    [PUPIL_HO_WANT_GIVEN_NAME] = {
        .alias = "i", .category = "identity", .field = "given_name",
        OF_PUPILS },
    [PUPIL_HO_WANT_FAMILY_NAME] = {
        .alias = "i", .category = "identity", .field = "family_name",
        OF_PUPILS },
    { .category = "progress", .field = "exercise_id", OF_PUPILS, REQUIRED },
    { .category = "progress", .field = "done", OF_PUPILS, REQUIRED },
    { .category = "assessment", .field = "returned_at", OF_PUPILS }
};

static const pupil_want_t  homework_wants[PUPIL_CH_WANTS] = {
    [PUPIL_CH_WANT_TITLE] = {
        .alias = "h", .category = "homework", .field = "title", OF_CLASS },
    [PUPIL_CH_WANT_EXERCISES] = {
        .alias = "h", .category = "homework", .field = "exercises",
        OF_CLASS, REQUIRED },
    [PUPIL_CH_WANT_ASSIGNED_AT] = {
        .alias = "h", .category = "homework", .field = "assigned_at",
        OF_CLASS, REQUIRED },
    [PUPIL_CH_WANT_DUE_AT] = {
        .alias = "h", .category = "homework", .field = "due_at",
        OF_CLASS, REQUIRED },
    [PUPIL_CH_WANT_CLASS_TITLE] = {
        .alias = "c", .category = "enrolment", .field = "class_title",
        OF_CLASS }
};

static const pupil_want_t  results_wants[PUPIL_CLR_WANTS] = {
    [PUPIL_CLR_WANT_EXERCISE] = {
        .alias = "p", .category = "progress", .field = "exercise_id",
        OF_PUPILS, REQUIRED },
    [PUPIL_CLR_WANT_DONE] = {
        .alias = "p", .category = "progress", .field = "done",
        OF_PUPILS, REQUIRED }
};

static const pupil_want_t  assessed_wants[] = {
    { .alias = "s", .category = "assessment", .field = "returned_at",
      OF_PUPILS, REQUIRED }
};


static const pupil_template_t  classes_templates[PUPIL_CLASSES_COUNT] = {

    [PUPIL_CLASSES_PUPIL] = {
        .name = "classes_pupil",
        .sql = pupil_sql,
        .fixed = PUPIL_CL_COLUMNS,
        PUPIL_WANTS(pupil_wants)
    },

    [PUPIL_CLASSES_TEACHER] = {
        .name = "classes_teacher",
        .sql = teacher_sql,
        .fixed = PUPIL_CL_COLUMNS,
        PUPIL_WANTS(teacher_wants)
    },

    [PUPIL_CLASSES_EVIDENCE] = {
        .name = "classes_evidence",
        .sql = evidence_sql,
        .fixed = PUPIL_HE_COLUMNS,
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_CLASSES_LEARNERS] = {
        .name = "classes_learners",
        .sql = learners_sql,
        .fixed = PUPIL_HO_COLUMNS,
        .tables = { "identity" },
        PUPIL_WANTS(learners_wants),
        .params = PUPIL_CLASSES_PARAMS
    },

    [PUPIL_CLASSES_HOMEWORK] = {
        .name = "classes_homework",
        .sql = homework_sql,
        .fixed = PUPIL_CH_COLUMNS,
        .tables = { "homework" },
        .facts = "h",
        .facts_of = "homework",
        PUPIL_WANTS(homework_wants),
        .params = PUPIL_CLASSES_PARAMS
    },

    [PUPIL_CLASSES_RESULTS] = {
        .name = "classes_results",
        .sql = results_sql,
        .fixed = PUPIL_CLR_COLUMNS,
        .tables = { "homework", "progress" },
        .facts = "p",
        .facts_of = "progress",
        PUPIL_WANTS(results_wants),
        .params = PUPIL_CLASSES_PARAMS
    },

    [PUPIL_CLASSES_ASSESSED] = {
        .name = "classes_assessed",
        .sql = assessed_sql,
        .fixed = PUPIL_CLR_COLUMNS,
        .tables = { "homework", "assessment" },
        .optional = "assessment",
        .facts = "s",
        .facts_of = "assessment",
        PUPIL_WANTS(assessed_wants),
        .params = PUPIL_CLASSES_PARAMS
    }
};


const pupil_endpoint_t  pupil_classes_endpoint = {
    .name = "classes",
    .directive = "pupil_classes",
    .category = "enrolment",
    .templates = classes_templates,
    .count = PUPIL_CLASSES_COUNT
};


const pupil_argument_t  pupil_classes_arguments[] = {
    { .name = "limit", .set = pupil_argument_limit,
      .offset = offsetof(pupil_page_t, limit) },
    { .name = "cursor", .set = pupil_argument_cursor,
      .offset = offsetof(pupil_page_t, cursor) },
    { .name = NULL }
};

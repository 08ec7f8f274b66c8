/*
 * Copyright (C) the Pupil authors
 *
 * What a class has handed in of one homework: statements of /v1/homework.  Each
 * works out by itself which pupils are on the page, so that all come at once.
 */

#include "core/endpoints/answers.h"
#include "core/endpoints/homework_sql.h"


#define AS_TEACHER                                                            \
    .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,    \
    .operation = PUPIL_OPERATION_READ, .about = PUPIL_ABOUT_SUBJECTS

#define REQUIRED  .flags = PUPIL_WANT_REQUIRED

/*
 * The pupils of the homework's class, in the order of their ids: found by the
 * class, and then sorted, or a plan might walk a whole tenant in that order.
 */
#define PEOPLE(limit)                                                         \
    PUPIL_SQL_HOMEWORK_MINE ","                                               \
    " e AS MATERIALIZED ("                                                    \
    "SELECT e.* FROM k JOIN " PUPIL_SQL_EACH(                                 \
        "SELECT " PUPIL_SQL_ENROLMENT("e")                                    \
        " FROM pupil.enrolment AS e WHERE e.tenant = $2"                      \
        " AND e.class = k.owner AND e.role = 'pupil'"                         \
        " AND " PUPIL_SQL_LIVE("e")) " AS e ON true"                          \
    " WHERE ($9 IS NULL OR e.subject = $9) AND e.subject > $10"               \
    " ORDER BY e.subject LIMIT " limit ")"


const char  pupil_answers_sql[] =
    "WITH " PEOPLE("$11 + 1")
    " SELECT $1::bigint, " PUPIL_SQL_EVIDENCE("e") ","
    " o.owner, o.state, o.key_version, (SELECT count(*) FROM e) > $11{i}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN ((SELECT * FROM e ORDER BY e.subject LIMIT $11) AS e"
    " JOIN " PUPIL_SQL_OWNER("o", "e.subject") " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT i.owner{i} FROM data.identity AS i"
    " WHERE i.tenant = $2 AND i.owner = e.subject AND i.record = e.subject")
    " AS i ON true)"
    " ON true ORDER BY e.subject";

const char  pupil_answers_given_sql[] =
    "WITH " PEOPLE("$11")
    " SELECT $1::bigint, p.record, p.owner, p.updated_at{p}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k JOIN e ON true JOIN " PUPIL_SQL_EACH(
        "SELECT p.record, p.owner, p.updated_at{p} FROM data.progress AS p"
        " WHERE p.tenant = $2 AND p.homework_id = k.record"
        " AND p.owner = e.subject AND p.class_id = k.owner"
        " AND ($12 IS NULL OR p.exercise_id = $12) AND NOT p.superseded")
    " AS p ON true) ON true"
    " ORDER BY p.owner, p.exercise_id";

const char  pupil_answers_assessed_sql[] =
    "WITH " PEOPLE("$11")
    " SELECT $1::bigint, s.record, s.owner{s}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k JOIN e ON true JOIN " PUPIL_SQL_EACH(
        "SELECT s.record, s.owner{s} FROM data.assessment AS s"
        " WHERE s.tenant = $2 AND s.owner = e.subject"
        " AND s.record = k.record") " AS s ON true) ON true"
    " ORDER BY s.owner";


/* The record says all that is shown of these pupils. */
const pupil_want_t  pupil_answers_wants[PUPIL_HC_WANTS] = {
    [PUPIL_HO_WANT_GIVEN_NAME] = {
        .alias = "i", .category = "identity", .field = "given_name",
        AS_TEACHER },
    [PUPIL_HO_WANT_FAMILY_NAME] = {
        .alias = "i", .category = "identity", .field = "family_name",
        AS_TEACHER },
    { .category = "progress", .field = "exercise_id", AS_TEACHER, REQUIRED },
    { .category = "progress", .field = "done", AS_TEACHER, REQUIRED },
    { .category = "progress", .field = "result", AS_TEACHER },
    { .category = "progress", .field = "answer", AS_TEACHER, REQUIRED },
    { .category = "assessment", .field = "points", AS_TEACHER },
    { .category = "assessment", .field = "comment", AS_TEACHER },
    { .category = "assessment", .field = "returned_at", AS_TEACHER }
};

const pupil_want_t  pupil_answers_given_wants[PUPIL_HG_WANTS] = {
    { .alias = "p", .category = "progress", .field = "exercise_id",
      AS_TEACHER, REQUIRED },
    { .alias = "p", .category = "progress", .field = "done", AS_TEACHER,
      REQUIRED },
    { .alias = "p", .category = "progress", .field = "result", AS_TEACHER },
    [PUPIL_HG_WANT_ANSWER] = {
        .alias = "p", .category = "progress", .field = "answer", AS_TEACHER,
        REQUIRED }
};


const pupil_argument_t  pupil_answers_arguments[] = {
    { .name = "exercise", .set = pupil_argument_uuid,
      .offset = offsetof(pupil_answers_query_t, exercise) },
    { .name = "pupil", .set = pupil_argument_uuid,
      .offset = offsetof(pupil_answers_query_t, pupil) },
    PUPIL_PAGE_ARGUMENTS(pupil_answers_query_t),
    { .name = NULL }
};

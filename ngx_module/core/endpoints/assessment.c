/*
 * Copyright (C) the Pupil authors
 *
 * What a teacher says of a pupil's homework: statements of /v1/homework.  It
 * is the pupil's, and the teacher's way to it leads through the homework's
 * class, whose live enrolments of both are the evidence (invariant I18).
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/assessment.h"
#include "core/endpoints/homework_sql.h"
#include "core/endpoints/progress.h"
#include "core/input/rule.h"


/* A purpose goes with the relation that it is for. */
#define AS_TEACHER                                                            \
    .category = "assessment", .purpose = PUPIL_PURPOSE_TEACHING,              \
    .relation = PUPIL_RELATION_TEACHES, .about = PUPIL_ABOUT_SUBJECTS
#define AS_PUPIL                                                              \
    .category = "assessment", .purpose = PUPIL_PURPOSE_LEARNING,              \
    .relation = PUPIL_RELATION_SELF, .about = PUPIL_ABOUT_ACTOR

#define TO_READ   .operation = PUPIL_OPERATION_READ
#define TO_WRITE  .operation = PUPIL_OPERATION_WRITE
#define REQUIRED  .flags = PUPIL_WANT_REQUIRED


const char  pupil_worth_sql[] =
    "SELECT $1::bigint, h.record, h.owner{h}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_EACH("SELECT h.record, h.owner{h}"
    " FROM data.homework AS h WHERE h.tenant = $2 AND h.owner = e.class"
    " AND h.record = $8 AND h.deleted_at IS NULL"
    " AND ($5 = 'teacher' OR h.assigned_at <= $9)") " AS h ON true)"
    " ON " PUPIL_SQL_MINE("e");

const char  pupil_assessment_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_MINE
    " SELECT $1::bigint, " PUPIL_SQL_EVIDENCE("e") ","
    " o.owner, o.state, o.key_version, s.record{s}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (k"
    " JOIN " PUPIL_SQL_EACH("SELECT " PUPIL_SQL_ENROLMENT("e")
    " FROM pupil.enrolment AS e WHERE e.tenant = $2 AND e.subject = $9"
    " AND e.class = k.owner AND e.role = 'pupil' AND " PUPIL_SQL_LIVE("e"))
    " AS e ON true"
    " JOIN " PUPIL_SQL_OWNER("o", "e.subject") " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT s.record{s}"
    " FROM data.assessment AS s WHERE s.tenant = $2 AND s.owner = e.subject"
    " AND s.record = k.record") " AS s ON true)"
    " ON true";

const char  pupil_assessment_own_sql[] =
    "SELECT $1::bigint, o.owner, o.state, o.key_version, s.record{s}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (" PUPIL_SQL_OWNER("o", "$4")
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT s.record{s}"
    " FROM data.assessment AS s WHERE s.tenant = $2 AND s.owner = $4"
    " AND s.record = $8 AND s.returned_at <= now()") " AS s ON true)"
    " ON true";

/* One that is there is written while its facts are those that were checked. */
const char  pupil_assessment_write_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_ABLE ","
    " b AS MATERIALIZED ("
    "SELECT e.subject, a.class FROM a JOIN pupil.enrolment AS e"
    " ON e.tenant = $2 AND e.subject = $11 AND e.class = a.class"
    " AND e.role = 'pupil' AND e.enrolment = $13 AND e.mac = $14"
    " AND " PUPIL_SQL_LIVE("e")
    " WHERE EXISTS (SELECT FROM data.homework AS h WHERE h.tenant = $2"
    " AND h.owner = a.class AND h.record = $10 AND h.deleted_at IS NULL)"
    " AND EXISTS (SELECT FROM pupil.owner AS o WHERE o.tenant = $2"
    " AND o.owner = $11 AND o.state = 'active' AND o.key_version = $12)"
    " AND EXISTS (SELECT FROM data.assessment AS s WHERE s.tenant = $2"
    " AND s.owner = $11 AND s.record = $10) = ($20 IS NOT NULL)),"
    " w AS ("
    "INSERT INTO data.assessment AS s (tenant, owner, record, key_version,"
    " source, homework_id, class_id, assessed_by, points, comment,"
    " returned_at, facts)"
    " SELECT $2, b.subject, $10, $12, 'gateway', $10, b.class, $17, $15, $16,"
    " $18, $19 FROM b"
    " ON CONFLICT (tenant, owner, record) DO UPDATE SET updated_at = now(),"
    " key_version = excluded.key_version, source = excluded.source,"
    " class_id = excluded.class_id, assessed_by = excluded.assessed_by,"
    " points = excluded.points, comment = excluded.comment,"
    " returned_at = excluded.returned_at, facts = excluded.facts"
    " WHERE s.facts = $20"
    " RETURNING s.record),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects)"
    " SELECT {audit_values}, {number}, {macs}, 'allowed', ARRAY[$11] FROM w"
    " RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "SELECT count(*) FROM w",
                                  "SELECT count(*) FROM w") ","
    " w.record FROM " PUPIL_SQL_ONE
    " LEFT JOIN w ON true";


/* The most that it can give is all that is shown of the homework. */
const pupil_want_t  pupil_worth_wants[PUPIL_HQ_WANTS] = {
    [PUPIL_HQ_WANT_EXERCISES] = {
        .alias = "h", .category = "homework", .field = "exercises",
        .purpose = PUPIL_PURPOSE_LEARNING,
        .relation = PUPIL_RELATION_TAUGHT_BY, .about = PUPIL_ABOUT_NONE,
        TO_READ }
};

const pupil_want_t  pupil_worth_teacher_wants[PUPIL_HQ_WANTS] = {
    [PUPIL_HQ_WANT_EXERCISES] = {
        .alias = "h", .category = "homework", .field = "exercises",
        .purpose = PUPIL_PURPOSE_TEACHING,
        .relation = PUPIL_RELATION_TEACHES, .about = PUPIL_ABOUT_NONE,
        TO_READ }
};

const pupil_want_t  pupil_assessment_wants[PUPIL_HA_WANTS] = {
    [PUPIL_HA_WANT_POINTS] = {
        .alias = "s", .field = "points", AS_TEACHER, TO_READ },
    [PUPIL_HA_WANT_COMMENT] = {
        .alias = "s", .field = "comment", AS_TEACHER, TO_READ },
    [PUPIL_HA_WANT_RETURNED_AT] = {
        .alias = "s", .field = "returned_at", AS_TEACHER, TO_READ, REQUIRED }
};

const pupil_want_t  pupil_assessment_own_wants[PUPIL_HA_WANTS] = {
    [PUPIL_HA_WANT_POINTS] = {
        .alias = "s", .field = "points", AS_PUPIL, TO_READ },
    [PUPIL_HA_WANT_COMMENT] = {
        .alias = "s", .field = "comment", AS_PUPIL, TO_READ },
    [PUPIL_HA_WANT_RETURNED_AT] = {
        .alias = "s", .field = "returned_at", AS_PUPIL, TO_READ, REQUIRED }
};

const pupil_want_t  pupil_assess_wants[5] = {
    { .field = "homework_id", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "class_id", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "assessed_by", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "points", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "comment", AS_TEACHER, TO_WRITE, REQUIRED }
};

const pupil_want_t  pupil_return_wants[1] = {
    { .field = "returned_at", AS_TEACHER, TO_WRITE, REQUIRED }
};


static const pupil_rule_t  assessment_rules[] = {
    { .name = "points", .kind = RULE_NUMBER, .flags = RULE_NULLABLE,
      .max = PUPIL_INPUT_POINTS_MAX,
      .offset = offsetof(pupil_input_assessment_t, points) },
    { .name = "comment", .kind = RULE_TEXT, .flags = RULE_NULLABLE,
      .min = 1, .max = PUPIL_INPUT_COMMENT_MAX,
      .offset = offsetof(pupil_input_assessment_t, comment) },
    { .name = "version", .kind = RULE_UUID, .flags = RULE_NULLABLE,
      .offset = offsetof(pupil_input_assessment_t, version) }
};


pupil_rc_t
pupil_input_assessment(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_assessment_t *out, pupil_fault_t *fault)
{
    uint32_t      node;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_assessment_t));

    rc = pupil_rule_body(&in, alloc, body, assessment_rules,
                         pupil_rule_count(assessment_rules), out, fault);

    if (rc == PUPIL_OK && out->points.raw.data == NULL
        && out->comment.data == NULL)
    {
        return pupil_rule_refuse(&in, 0, "minProperties");
    }

    if (rc == PUPIL_OK) {
        node = pupil_json_member(&in.json, 0, "version");
        out->first = node != PUPIL_JSON_NONE
                     && pupil_uuid_is_zero(&out->version);
    }

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Relations as SQL: worked out from live enrolments and roles, never taken
 * from a client.
 */

#include <stddef.h>

#include "core/endpoints/data.h"


/* Valid today; the alias stands in front. */
#define PUPIL_LIVE(alias)                                                     \
    alias ".valid_from <= (now() AT TIME ZONE 'UTC')::date AND ("             \
    alias ".valid_to IS NULL OR " alias                                       \
    ".valid_to >= (now() AT TIME ZONE 'UTC')::date)"

/* The actor in a role, of the whole tenant or of the session's school. */
#define PUPIL_ACTS_AS(role, institution)                                      \
    "a.tenant = $2 AND a.subject = $4 AND a.role = '" role "'"                \
    " AND a.institution = " institution " AND " PUPIL_LIVE("a")

#define PUPIL_EVERYWHERE  "'00000000-0000-0000-0000-000000000000'::uuid"

/* The subject belongs to the session's school. */
#define PUPIL_OF_SCHOOL(alias)                                                \
    alias ".tenant = $2 AND " alias ".subject = $8 AND "                      \
    alias ".institution = $6 AND " PUPIL_LIVE(alias)

/* Actor and subject in one class of the session's school. */
#define PUPIL_PAIR(actor, subject)                                            \
    "FROM pupil.enrolment a JOIN pupil.enrolment s ON s.tenant = a.tenant"    \
    " AND s.class = a.class AND s.institution = a.institution"                \
    " WHERE a.tenant = $2 AND a.subject = $4 AND a.role = '" actor "'"        \
    " AND a.institution = $6 AND " PUPIL_LIVE("a")                            \
    " AND s.subject = $8 AND s.role = '" subject "' AND " PUPIL_LIVE("s")

/* The actor in the class that owns. */
#define PUPIL_MEMBER(actor)                                                   \
    "FROM pupil.enrolment a WHERE a.tenant = $2 AND a.subject = $4"           \
    " AND a.role = '" actor "' AND a.institution = $6 AND a.class = $8"       \
    " AND " PUPIL_LIVE("a")

#define PUPIL_ROLE_COLUMNS(alias)                                             \
    alias ".subject, " alias ".institution, " alias ".role, "                 \
    alias ".valid_from - DATE '1970-01-01', "                                 \
    alias ".valid_to - DATE '1970-01-01', " alias ".source, " alias ".mac"

#define PUPIL_ENROLMENT_COLUMNS(alias)                                        \
    alias ".enrolment, " alias ".subject, " alias ".class, "                  \
    alias ".institution, " alias ".role, "                                    \
    alias ".valid_from - DATE '1970-01-01', "                                 \
    alias ".valid_to - DATE '1970-01-01', " alias ".source, " alias ".mac"

#define PUPIL_NO_ROLE                                                         \
    "NULL::uuid, NULL::uuid, NULL::text, NULL::int4, NULL::int4,"             \
    " NULL::text, NULL::bytea"

#define PUPIL_NO_ENROLMENT                                                    \
    "NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid, NULL::text,"             \
    " NULL::int4, NULL::int4, NULL::text, NULL::bytea"

/* The evidence: at least one row, as every statement returns. */
#define PUPIL_EVIDENCE(rows)                                                  \
    "SELECT $1::bigint, e.* FROM (VALUES (1)) AS one"                         \
    " LEFT JOIN (" rows " LIMIT 64) AS e ON true"

#define PUPIL_PAIR_EVIDENCE(actor, subject)                                   \
    PUPIL_EVIDENCE("SELECT " PUPIL_NO_ROLE ", "                               \
        PUPIL_ENROLMENT_COLUMNS("a") ", " PUPIL_ENROLMENT_COLUMNS("s") ", "   \
        PUPIL_NO_ROLE " " PUPIL_PAIR(actor, subject))

#define PUPIL_MEMBER_EVIDENCE(actor)                                          \
    PUPIL_EVIDENCE("SELECT " PUPIL_NO_ROLE ", "                               \
        PUPIL_ENROLMENT_COLUMNS("a") ", " PUPIL_NO_ENROLMENT ", "             \
        PUPIL_NO_ROLE " " PUPIL_MEMBER(actor))

#define PUPIL_ROLE_EVIDENCE(role, institution)                                \
    PUPIL_EVIDENCE("SELECT " PUPIL_ROLE_COLUMNS("a") ", "                     \
        PUPIL_NO_ENROLMENT ", " PUPIL_NO_ENROLMENT ", " PUPIL_NO_ROLE         \
        " FROM pupil.role a WHERE " PUPIL_ACTS_AS(role, institution))

#define PUPIL_SCHOOL_EVIDENCE                                                 \
    PUPIL_EVIDENCE("(SELECT " PUPIL_ROLE_COLUMNS("a") ", "                    \
        PUPIL_NO_ENROLMENT ", " PUPIL_ENROLMENT_COLUMNS("s") ", "             \
        PUPIL_NO_ROLE " FROM pupil.role a, pupil.enrolment s WHERE "          \
        PUPIL_ACTS_AS("school_admin", "$6") " AND " PUPIL_OF_SCHOOL("s")      \
        " LIMIT 32) UNION ALL (SELECT " PUPIL_ROLE_COLUMNS("a") ", "          \
        PUPIL_NO_ENROLMENT ", " PUPIL_NO_ENROLMENT ", "                       \
        PUPIL_ROLE_COLUMNS("s") " FROM pupil.role a, pupil.role s WHERE "     \
        PUPIL_ACTS_AS("school_admin", "$6") " AND " PUPIL_OF_SCHOOL("s")      \
        " LIMIT 32)")

/* Whoever acts for the whole tenant, for somebody or some class of it. */
#define PUPIL_TENANT_RELATES(role, what)                                      \
    "SELECT NULL::uuid AS class FROM pupil.role a WHERE "                     \
    PUPIL_ACTS_AS(role, PUPIL_EVERYWHERE) " AND EXISTS (SELECT FROM pupil."   \
    what " x WHERE x.tenant = $2 AND x." what " = $8)"

#define PUPIL_TENANT(purpose, relation, role)                                 \
    { PUPIL_RELATION_##relation, PUPIL_OWNER_SUBJECT,                         \
      PUPIL_PURPOSE_##purpose, PUPIL_TENANT_RELATES(role, "subject"),         \
      { role " evidence", PUPIL_ROLE_EVIDENCE(role, PUPIL_EVERYWHERE),        \
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },              \
      { { NULL, NULL } } },                                                   \
    { PUPIL_RELATION_##relation, PUPIL_OWNER_CLASS,                           \
      PUPIL_PURPOSE_##purpose, PUPIL_TENANT_RELATES(role, "class"),           \
      { role " evidence", PUPIL_ROLE_EVIDENCE(role, PUPIL_EVERYWHERE),        \
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },              \
      { { NULL, NULL } } }


static const pupil_relates_t  pupil_relates[] = {
    { PUPIL_RELATION_SELF, PUPIL_OWNER_SUBJECT, PUPIL_PURPOSE_SUBJECT_ACCESS,
      "SELECT NULL::uuid AS class WHERE $8 = $4",
      { NULL, NULL, 0, NULL, 0, { 0 } },
      { { NULL, NULL } } },

    { PUPIL_RELATION_TEACHES, PUPIL_OWNER_SUBJECT, PUPIL_PURPOSE_TEACHING,
      "SELECT a.class " PUPIL_PAIR("teacher", "pupil"),
      { "teaches evidence", PUPIL_PAIR_EVIDENCE("teacher", "pupil"),
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },
      { { "class_id", "SELECT class FROM r" } } },

    { PUPIL_RELATION_TEACHES, PUPIL_OWNER_CLASS, PUPIL_PURPOSE_TEACHING,
      "SELECT a.class " PUPIL_MEMBER("teacher"),
      { "teaches evidence", PUPIL_MEMBER_EVIDENCE("teacher"),
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },
      { { NULL, NULL } } },

    { PUPIL_RELATION_TAUGHT_BY, PUPIL_OWNER_SUBJECT, PUPIL_PURPOSE_LEARNING,
      "SELECT a.class " PUPIL_PAIR("pupil", "teacher"),
      { "taught_by evidence", PUPIL_PAIR_EVIDENCE("pupil", "teacher"),
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },
      { { "class_id", "SELECT class FROM r" } } },

    { PUPIL_RELATION_TAUGHT_BY, PUPIL_OWNER_CLASS, PUPIL_PURPOSE_LEARNING,
      "SELECT a.class " PUPIL_MEMBER("pupil"),
      { "taught_by evidence", PUPIL_MEMBER_EVIDENCE("pupil"),
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },
      { { NULL, NULL } } },

    { PUPIL_RELATION_SCHOOL_ADMIN, PUPIL_OWNER_SUBJECT,
      PUPIL_PURPOSE_ADMINISTRATION,
      "SELECT NULL::uuid AS class FROM pupil.role a WHERE "
      PUPIL_ACTS_AS("school_admin", "$6")
      " AND (EXISTS (SELECT FROM pupil.enrolment e WHERE "
      PUPIL_OF_SCHOOL("e") ") OR EXISTS (SELECT FROM pupil.role o WHERE "
      PUPIL_OF_SCHOOL("o") "))",
      { "school_admin evidence", PUPIL_SCHOOL_EVIDENCE,
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },
      { { "school_id", "SELECT $6" },
        { "class_id", "SELECT x.class FROM pupil.class x"
                      " WHERE x.tenant = $2 AND x.institution = $6" } } },

    { PUPIL_RELATION_SCHOOL_ADMIN, PUPIL_OWNER_CLASS,
      PUPIL_PURPOSE_ADMINISTRATION,
      "SELECT NULL::uuid AS class FROM pupil.role a WHERE "
      PUPIL_ACTS_AS("school_admin", "$6")
      " AND EXISTS (SELECT FROM pupil.class x WHERE x.tenant = $2"
      " AND x.class = $8 AND x.institution = $6)",
      { "school_admin evidence", PUPIL_ROLE_EVIDENCE("school_admin", "$6"),
        PUPIL_EVIDENCE_COLUMNS, NULL, 0, { PUPIL_PARAM_UUID } },
      { { NULL, NULL } } },

    PUPIL_TENANT(ADMINISTRATION, TENANT_ADMIN, "tenant_admin"),
    PUPIL_TENANT(ACCOUNTABILITY, DPO, "dpo")
};


const pupil_relates_t *
pupil_relates_find(uint32_t relation, uint32_t owner)
{
    size_t  i;

    for (i = 0; i < sizeof(pupil_relates) / sizeof(pupil_relates[0]); i++) {
        if (pupil_relates[i].relation == relation
            && pupil_relates[i].owner == owner)
        {
            return &pupil_relates[i];
        }
    }

    return NULL;
}


uint32_t
pupil_generic_purpose(uint32_t relation)
{
    const pupil_relates_t  *relates;

    if (relation == PUPIL_RELATION_SUPPORT_GRANT) {
        return PUPIL_PURPOSE_SUPPORT;
    }

    relates = pupil_relates_find(relation, PUPIL_OWNER_SUBJECT);

    return relates != NULL ? relates->purpose : PUPIL_PURPOSE_NONE;
}


const pupil_template_t *
pupil_generic_evidence(uint32_t relation, uint32_t owner)
{
    const pupil_relates_t  *relates;

    relates = pupil_relates_find(relation, owner);

    return relates != NULL && relates->evidence.sql != NULL
           ? &relates->evidence : NULL;
}

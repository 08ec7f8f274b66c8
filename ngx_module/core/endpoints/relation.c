/*
 * Copyright (C) the Pupil authors
 */

#include <stddef.h>
#include <string.h>

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/relation.h"


/* The actor in a role, of the whole tenant or of the session's school. */
#define ACTS_AS(role, institution)                                            \
    "a.tenant = $2 AND a.subject = $4 AND a.role = '" role "'"                \
    " AND a.institution = " institution " AND " PUPIL_SQL_LIVE("a")

/*
 * What the subject has granted to the actor, who is in support.  By which of
 * their sessions, and that it was not ended, is for the host to see.
 */
#define GRANTED                                                               \
    "FROM pupil.support_grant AS g WHERE g.tenant = $2 AND g.subject = $8"    \
    " AND g.actor = $4 AND g.expires_at > now()"

#define EVERYWHERE  "'00000000-0000-0000-0000-000000000000'::uuid"

/* The subject belongs to the session's school. */
#define OF_SCHOOL(alias)                                                      \
    alias ".tenant = $2 AND " alias ".subject = $8 AND "                      \
    alias ".institution = $6 AND " PUPIL_SQL_LIVE(alias)

/* Actor and subject in one class of the session's school. */
#define PAIR(actor, subject)                                                  \
    "FROM pupil.enrolment a JOIN pupil.enrolment s ON s.tenant = a.tenant"    \
    " AND s.class = a.class AND s.institution = a.institution"                \
    " WHERE a.tenant = $2 AND a.subject = $4 AND a.role = '" actor "'"        \
    " AND a.institution = $6 AND " PUPIL_SQL_LIVE("a")                        \
    " AND s.subject = $8 AND s.role = '" subject "' AND " PUPIL_SQL_LIVE("s")

/* The actor in the class that owns. */
#define MEMBER(actor)                                                         \
    "FROM pupil.enrolment a WHERE a.tenant = $2 AND a.subject = $4"           \
    " AND a.role = '" actor "' AND a.institution = $6 AND a.class = $8"       \
    " AND " PUPIL_SQL_LIVE("a")

#define NO_ROLE                                                               \
    "NULL::uuid, NULL::uuid, NULL::text, NULL::int4, NULL::int4,"             \
    " NULL::text, NULL::bytea"

#define NO_ENROLMENT                                                          \
    "NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid, NULL::text,"             \
    " NULL::int4, NULL::int4, NULL::text, NULL::bytea"

/* The evidence: at least one row, as every statement returns. */
#define EVIDENCE(rows)                                                        \
    "SELECT $1::bigint, e.* FROM (VALUES (1)) AS one"                         \
    " LEFT JOIN (" rows " LIMIT 64) AS e ON true"

#define PAIR_EVIDENCE(actor, subject)                                         \
    EVIDENCE("SELECT " NO_ROLE ", "                                           \
        PUPIL_SQL_ENROLMENT("a") ", " PUPIL_SQL_ENROLMENT("s") ", "           \
        NO_ROLE " " PAIR(actor, subject))

#define MEMBER_EVIDENCE(actor)                                                \
    EVIDENCE("SELECT " NO_ROLE ", "                                           \
        PUPIL_SQL_ENROLMENT("a") ", " NO_ENROLMENT ", "                       \
        NO_ROLE " " MEMBER(actor))

#define ROLE_EVIDENCE(role, institution)                                      \
    EVIDENCE("SELECT " PUPIL_SQL_ROLE("a") ", "                               \
        NO_ENROLMENT ", " NO_ENROLMENT ", " NO_ROLE                           \
        " FROM pupil.role a WHERE " ACTS_AS(role, institution))

#define SCHOOL_EVIDENCE                                                       \
    EVIDENCE("(SELECT " PUPIL_SQL_ROLE("a") ", "                              \
        NO_ENROLMENT ", " PUPIL_SQL_ENROLMENT("s") ", "                       \
        NO_ROLE " FROM pupil.role a, pupil.enrolment s WHERE "                \
        ACTS_AS("school_admin", "$6") " AND " OF_SCHOOL("s")                  \
        " LIMIT 32) UNION ALL (SELECT " PUPIL_SQL_ROLE("a") ", "              \
        NO_ENROLMENT ", " NO_ENROLMENT ", "                                   \
        PUPIL_SQL_ROLE("s") " FROM pupil.role a, pupil.role s WHERE "         \
        ACTS_AS("school_admin", "$6") " AND " OF_SCHOOL("s")                  \
        " LIMIT 32)")

/* The class is the school's, as anybody's row of it says. */
#define CLASS_EVIDENCE                                                        \
    EVIDENCE("SELECT " PUPIL_SQL_ROLE("a") ", "                               \
        NO_ENROLMENT ", " PUPIL_SQL_ENROLMENT("s") ", " NO_ROLE               \
        " FROM pupil.role a, pupil.enrolment s WHERE "                        \
        ACTS_AS("school_admin", "$6") " AND s.tenant = $2"                    \
        " AND s.class = $8 AND s.institution = $6")

/* Whoever acts for the whole tenant, for somebody or some class of it. */
#define TENANT_RELATES(role, what)                                            \
    "SELECT NULL::uuid AS class FROM pupil.role a WHERE "                     \
    ACTS_AS(role, EVERYWHERE) " AND EXISTS (SELECT FROM pupil."               \
    what " x WHERE x.tenant = $2 AND x." what " = $8)"

/* What these rows must be about. */
#define PAIR_GROUPS(actor, subject)                                           \
    .groups = { { .column = PUPIL_DE_ACTOR_ENROLMENT, .role = actor },        \
                { .column = PUPIL_DE_SUBJECT_ENROLMENT, .role = subject,      \
                  .whose = PUPIL_PROOF_SUBJECT,                               \
                  .in_class = PUPIL_PROOF_SAME_CLASS } },                     \
    .needed = 2

#define MEMBER_GROUPS(actor)                                                  \
    .groups = { { .column = PUPIL_DE_ACTOR_ENROLMENT, .role = actor,          \
                  .in_class = PUPIL_PROOF_OWNER_CLASS } },                    \
    .needed = 1

#define SCHOOL_ADMIN_GROUP                                                    \
    { .column = PUPIL_DE_ACTOR_ROLE, .is_role = 1, .role = "school_admin" }

/* The subject learns or teaches there, or has a role there. */
#define SCHOOL_GROUPS                                                         \
    .groups = { SCHOOL_ADMIN_GROUP,                                           \
                { .column = PUPIL_DE_SUBJECT_ENROLMENT,                       \
                  .whose = PUPIL_PROOF_SUBJECT },                             \
                { .column = PUPIL_DE_SUBJECT_ROLE, .is_role = 1,              \
                  .whose = PUPIL_PROOF_SUBJECT } },                           \
    .needed = 2

#define CLASS_GROUPS                                                          \
    .groups = { SCHOOL_ADMIN_GROUP,                                           \
                { .column = PUPIL_DE_SUBJECT_ENROLMENT,                       \
                  .whose = PUPIL_PROOF_ANYBODY,                               \
                  .in_class = PUPIL_PROOF_OWNER_CLASS } },                    \
    .needed = 2

#define TENANT_GROUPS(actor)                                                  \
    .groups = { { .column = PUPIL_DE_ACTOR_ROLE, .is_role = 1,                \
                  .everywhere = 1, .role = actor } },                         \
    .needed = 1

const char  pupil_teaches_sql[] = PAIR_EVIDENCE("teacher", "pupil");

#define PROVED_BY(label, text)                                                \
    .evidence = { .name = label " evidence", .sql = text,                     \
                  .fixed = PUPIL_DE_COLUMNS,                                  \
                  .params = { PUPIL_PARAM_UUID } }


static const pupil_relates_t  pupil_relates[] = {

    { .relation = PUPIL_RELATION_SELF,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relates = "SELECT NULL::uuid AS class WHERE $8 = $4" },

    { .relation = PUPIL_RELATION_TEACHES,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_TEACHING,
      .relates = "SELECT a.class " PAIR("teacher", "pupil"),
      PROVED_BY("teaches", pupil_teaches_sql),
      PAIR_GROUPS("teacher", "pupil"),
      .scopes = { { .field = "class_id", .among = "SELECT class FROM r" } } },

    { .relation = PUPIL_RELATION_TEACHES,
      .owner = PUPIL_OWNER_CLASS,
      .purpose = PUPIL_PURPOSE_TEACHING,
      .relates = "SELECT a.class " MEMBER("teacher"),
      PROVED_BY("teaches", MEMBER_EVIDENCE("teacher")),
      MEMBER_GROUPS("teacher") },

    { .relation = PUPIL_RELATION_TAUGHT_BY,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_LEARNING,
      .relates = "SELECT a.class " PAIR("pupil", "teacher"),
      PROVED_BY("taught_by", PAIR_EVIDENCE("pupil", "teacher")),
      PAIR_GROUPS("pupil", "teacher"),
      .scopes = { { .field = "class_id", .among = "SELECT class FROM r" } } },

    { .relation = PUPIL_RELATION_TAUGHT_BY,
      .owner = PUPIL_OWNER_CLASS,
      .purpose = PUPIL_PURPOSE_LEARNING,
      .relates = "SELECT a.class " MEMBER("pupil"),
      PROVED_BY("taught_by", MEMBER_EVIDENCE("pupil")),
      MEMBER_GROUPS("pupil") },

    { .relation = PUPIL_RELATION_SCHOOL_ADMIN,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relates =
          "SELECT NULL::uuid AS class FROM pupil.role a WHERE "
          ACTS_AS("school_admin", "$6")
          " AND (EXISTS (SELECT FROM pupil.enrolment e WHERE "
          OF_SCHOOL("e") ") OR EXISTS (SELECT FROM pupil.role o WHERE "
          OF_SCHOOL("o") "))",
      PROVED_BY("school_admin", SCHOOL_EVIDENCE),
      SCHOOL_GROUPS,
      .scopes = { { .field = "school_id", .among = "SELECT $6" },
                  { .field = "class_id",
                    .among = "SELECT x.class FROM pupil.class x"
                             " WHERE x.tenant = $2 AND x.institution = $6" } }
    },

    { .relation = PUPIL_RELATION_SCHOOL_ADMIN,
      .owner = PUPIL_OWNER_CLASS,
      .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relates =
          "SELECT NULL::uuid AS class FROM pupil.role a WHERE "
          ACTS_AS("school_admin", "$6")
          " AND EXISTS (SELECT FROM pupil.class x WHERE x.tenant = $2"
          " AND x.class = $8 AND x.institution = $6)",
      PROVED_BY("school_admin", CLASS_EVIDENCE),
      CLASS_GROUPS },

    { .relation = PUPIL_RELATION_TENANT_ADMIN,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relates = TENANT_RELATES("tenant_admin", "subject"),
      PROVED_BY("tenant_admin", ROLE_EVIDENCE("tenant_admin", EVERYWHERE)),
      TENANT_GROUPS("tenant_admin") },

    { .relation = PUPIL_RELATION_TENANT_ADMIN,
      .owner = PUPIL_OWNER_CLASS,
      .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relates = TENANT_RELATES("tenant_admin", "class"),
      PROVED_BY("tenant_admin", ROLE_EVIDENCE("tenant_admin", EVERYWHERE)),
      TENANT_GROUPS("tenant_admin") },

    { .relation = PUPIL_RELATION_DPO,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relates = TENANT_RELATES("dpo", "subject"),
      PROVED_BY("dpo", ROLE_EVIDENCE("dpo", EVERYWHERE)),
      TENANT_GROUPS("dpo") },

    { .relation = PUPIL_RELATION_DPO,
      .owner = PUPIL_OWNER_CLASS,
      .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relates = TENANT_RELATES("dpo", "class"),
      PROVED_BY("dpo", ROLE_EVIDENCE("dpo", EVERYWHERE)),
      TENANT_GROUPS("dpo") },

    /* no groups: the host asks the key store about each row, too */
    { .relation = PUPIL_RELATION_SUPPORT_GRANT,
      .owner = PUPIL_OWNER_SUBJECT,
      .purpose = PUPIL_PURPOSE_SUPPORT,
      .relates = "SELECT NULL::uuid AS class " GRANTED,
      .evidence = { .name = "support_grant evidence",
                    .sql = EVIDENCE("SELECT " PUPIL_SQL_SUPPORT("g")
                                    " " GRANTED),
                    .fixed = PUPIL_DE_SUPPORT + PUPIL_SUPPORT_COLUMNS,
                    .params = { PUPIL_PARAM_UUID } } }
};


void
pupil_proof_expect(const pupil_proof_group_t *group,
    const pupil_proof_about_t *about, pupil_expected_t *expected)
{
    static const pupil_uuid_t  everywhere;

    memset(expected, 0, sizeof(*expected));

    expected->institution = group->everywhere ? &everywhere
                                              : about->institution;
    if (group->role != NULL) {
        expected->role.data = (const uint8_t *) group->role;
        expected->role.len = strlen(group->role);
    }

    if (group->whose != PUPIL_PROOF_ANYBODY) {
        expected->subject = group->whose == PUPIL_PROOF_ACTOR ? about->actor
                                                              : about->owner;
        expected->day = about->day;
    }

    if (group->in_class == PUPIL_PROOF_SAME_CLASS) {
        expected->class_id = about->class_id;

    } else if (group->in_class == PUPIL_PROOF_OWNER_CLASS) {
        expected->class_id = about->owner;
    }
}


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

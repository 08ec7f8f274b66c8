/*
 * Copyright (C) the Pupil authors
 *
 * /v1/login: the statements.  Whoever fails, and why, the same ones run:
 * reserve, find, refuse (invariant I13).  And those of /v1/me/password, of
 * somebody who is known already.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/login.h"
#include "core/endpoints/login_sql.h"


#define READ      PUPIL_OPERATION_READ
#define WRITE     PUPIL_OPERATION_WRITE
#define REQUIRED  PUPIL_WANT_REQUIRED
#define ACTOR     PUPIL_ABOUT_ACTOR
#define SUBJECTS  PUPIL_ABOUT_SUBJECTS

/* Who the account itself is, and what the log-in does without it. */
#define AUTHENTICATION_SELF                                                   \
    .purpose = PUPIL_PURPOSE_AUTHENTICATION, .relation = PUPIL_RELATION_SELF
#define AUTHENTICATION_SYSTEM                                                 \
    .purpose = PUPIL_PURPOSE_AUTHENTICATION, .relation = PUPIL_RELATION_SYSTEM
#define SECURITY_SYSTEM                                                       \
    .purpose = PUPIL_PURPOSE_SECURITY, .relation = PUPIL_RELATION_SYSTEM


/* Parameters and columns of each are told in login.h. */

/*
 * Whom "who" says, in a row for each of their roles; with their address, or
 * not.
 */
#define FOUND(email, contact)                                                 \
    " SELECT $1::bigint, w.decoy, w.category, w.field, w.term, w.owner,"      \
    " w.record, w.mac, u.subject, u.status, u.source, u.mac,"                 \
    " o.owner, o.state, o.key_version, " PUPIL_SQL_ROLE("r") ","              \
    " c.updated_at{c}" email                                                  \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN (who AS w"                                                    \
    " LEFT JOIN " PUPIL_SQL_EACH(                                             \
        "SELECT u.* FROM pupil.subject AS u"                                  \
        " WHERE u.tenant = $2 AND u.subject = w.id") " AS u ON true"          \
    " LEFT JOIN " PUPIL_SQL_OWNER("o", "w.id") " ON true"                     \
    " LEFT JOIN " PUPIL_SQL_EACH(                                             \
        "SELECT c.updated_at{c} FROM data.credential AS c"                    \
        " WHERE c.tenant = $2 AND c.owner = w.id AND c.record = w.id")        \
    " AS c ON true"                                                           \
    contact                                                                   \
    " LEFT JOIN " PUPIL_SQL_EACH(                                             \
        "SELECT r.* FROM pupil.role AS r"                                     \
        " WHERE r.tenant = $2 AND r.subject = w.id") " AS r ON true)"         \
    " ON true"                                                                \
    " ORDER BY r.institution, r.role"

#define CONTACT                                                               \
    " LEFT JOIN " PUPIL_SQL_EACH(                                             \
        "SELECT e.owner{e} FROM data.contact AS e"                            \
        " WHERE e.tenant = $2 AND e.owner = w.id AND e.record = w.id")        \
    " AS e ON true"

/* Who is known by an id, and by no name. */
#define THIS                                                                  \
    "WITH who AS MATERIALIZED ("                                              \
    "SELECT t.decoy, $8::uuid AS id, NULL::text AS category,"                 \
    " NULL::text AS field, NULL::bytea AS term, NULL::uuid AS owner,"         \
    " NULL::uuid AS record, NULL::bytea AS mac"                               \
    " FROM pupil.tenant AS t WHERE t.tenant = $2)"

static const char  find_sql[] =
    "WITH found AS MATERIALIZED ("
    "SELECT b.* FROM (VALUES (0, 'credential', 'login_id', $8),"
    " (1, 'credential', 'login_id', $9), (2, 'contact', 'email', $10),"
    " (3, 'contact', 'email', $11),"
    " (-1, 'credential', 'external_id', $12)) AS a (n, category, field, term)"
    " JOIN " PUPIL_SQL_EACH(
        "SELECT b.category, b.field, b.term, b.owner, b.record, b.mac"
        " FROM pupil.blind_index AS b WHERE b.tenant = $2 AND b.term = a.term"
        " AND b.category = a.category AND b.field = a.field")
    " AS b ON true"
    " ORDER BY a.n LIMIT 1),"
    " who AS MATERIALIZED ("
    "SELECT t.decoy, coalesce(f.owner, t.decoy) AS id, f.category, f.field,"
    " f.term, f.owner, f.record, f.mac"
    " FROM pupil.tenant AS t LEFT JOIN found AS f ON true"
    " WHERE t.tenant = $2)"
    FOUND("{e}", CONTACT);

static const char  again_sql[] = THIS FOUND("{e}", CONTACT);

const char  pupil_login_pupil_sql[] = THIS FOUND("", "");

static const char  index_sql[] =
    "SELECT $1::bigint, pupil.index_also($8, $9, $10, $11, $4, $12, $13)::text";

/* Who is as they were when the password was looked at. */
#define UNCHANGED                                                             \
    "WITH ok AS MATERIALIZED ("                                               \
    "SELECT u.subject FROM pupil.subject AS u JOIN pupil.owner AS o"          \
    " ON o.tenant = $2 AND o.owner = u.subject"                               \
    " WHERE u.tenant = $2 AND u.subject = $4 AND u.status = 'active'"         \
    " AND u.mac = $17 AND o.state = 'active' AND o.key_version = $16"         \
    " AND EXISTS (SELECT FROM data.credential AS c WHERE c.tenant = $2"       \
    " AND c.owner = $4 AND c.record = $4 AND c.updated_at = $18"              \
    " AND c.facts = $20)),"

/* Attempts that are held were none; of the network's, this one. */
#define TAKEN_BACK(network)                                                   \
    " back AS ("                                                              \
    "UPDATE pupil.login_throttle AS t SET"                                    \
    " failures = CASE WHEN t.bucket = " network                               \
    " THEN greatest(t.failures - 1, 0) ELSE 0 END,"                           \
    " not_before = CASE WHEN t.bucket = " network " THEN t.not_before"        \
    " ELSE t.last_at END"                                                     \
    " FROM held WHERE t.tenant = $2 AND t.bucket = held.bucket),"

/* The session of whom "who" has, and all that goes with it; more columns. */
#define ACCEPTED(who, more, note)                                             \
    " old AS ("                                                               \
    "DELETE FROM pupil.session AS s WHERE s.tenant = $2 AND s.subject = $4"   \
    " AND s.expires_at < $9),"                                                \
    " made AS ("                                                              \
    "INSERT INTO " PUPIL_SQL_SESSION_ROW                                      \
    " SELECT $2, $8, w.subject, $5, $6, $9, $9, $10, $11, $22, $23, $24"      \
    " FROM " who " AS w RETURNING 1),"                                        \
    " held AS MATERIALIZED ("                                                 \
    "SELECT t.bucket FROM pupil.login_throttle AS t WHERE t.tenant = $2"      \
    " AND t.bucket = ANY ($12) AND EXISTS (SELECT FROM " who ")"              \
    " ORDER BY t.bucket FOR UPDATE),"                                         \
    TAKEN_BACK("$13")                                                         \
    " network AS ("                                                           \
    "INSERT INTO data.network (tenant, owner, record, key_version, source,"   \
    " updated_at, address, seen_at)"                                          \
    " SELECT $2, w.subject, $14, $16, 'gateway', $9, $15, $9"                 \
    " FROM " who " AS w WHERE $15 IS NOT NULL),"                              \
    " which AS MATERIALIZED ("                                                \
    "SELECT (NOT EXISTS (SELECT FROM " who "))::integer AS choice),"          \
    " audit AS ("                                                             \
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, note)"    \
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","        \
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END, " note          \
    " FROM which AS w RETURNING 1)"                                           \
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"        \
                                                " FROM which AS w") ","       \
    " (SELECT count(*) FROM made)" more "{i}"                                 \
    " FROM " PUPIL_SQL_ONE                                                    \
    " LEFT JOIN data.identity AS i ON i.tenant = $2 AND i.owner = $4"         \
    " AND i.record = $4 AND EXISTS (SELECT FROM " who ")"

/*
 * By the word of a provider: not where that has said meanwhile that they have
 * logged out there, as a bucket of the throttle tells (PUPIL_SESSION_HEAR).
 * Both write it, so that whichever is second waits for the other, and sees what
 * that did.
 */
static const char  accept_sql[] =
    UNCHANGED
    " renewed AS ("
    "UPDATE data.credential AS c SET password_hash = $19, facts = $21"
    " FROM ok"
    " WHERE c.tenant = $2 AND c.owner = $4 AND c.record = $4"
    " AND c.updated_at = $18 AND c.facts = $20 AND $19 IS NOT NULL),"
    " there AS ("
    "INSERT INTO pupil.login_throttle AS t (tenant, bucket, failures, last_at,"
    " not_before) SELECT $2, a.bucket, 0, clock_timestamp(), '-infinity'"
    " FROM unnest($25) AS a (bucket) ORDER BY a.bucket"
    " ON CONFLICT (tenant, bucket) DO UPDATE SET last_at = clock_timestamp()"
    " WHERE t.not_before < $26 RETURNING 1),"
    PUPIL_SQL_PURGED("$25") ","
    " here AS MATERIALIZED ("
    "SELECT ok.subject FROM ok"
    " WHERE (SELECT count(*) FROM there) = cardinality($25)),"
    ACCEPTED("here", "", "$27");

/*
 * Of many at once that bring one code, the one whose row still has the facts
 * that it read has a session (pitfall 34): facts change with each code.
 */
static const char  prove_sql[] =
    UNCHANGED
    " used AS ("
    "UPDATE data.credential AS c SET facts = $21, second_factor = $25,"
    " password_hash = coalesce($19, c.password_hash),"
    " updated_at = CASE WHEN $26 IS NULL THEN c.updated_at ELSE now() END"
    " FROM ok WHERE c.tenant = $2 AND c.owner = $4 AND c.record = $4"
    " AND c.updated_at = $18 AND c.facts = $20 RETURNING c.owner AS subject),"
    " gone AS ("
    "DELETE FROM pupil.session AS s USING used AS u"
    " WHERE s.tenant = $2 AND s.subject = u.subject AND s.expires_at >= $9"
    " AND $26 IS NOT NULL RETURNING s.token_hash),"
    " opened AS ("
    "INSERT INTO pupil.revocation (tenant, revocation, subject, session,"
    " credential, own) SELECT $2, $3, u.subject, $26, $27, true"
    " FROM used AS u WHERE $26 IS NOT NULL),"
    ACCEPTED("used", ", (SELECT string_agg(pg_notify('pupil_session',"
                     " encode(g.token_hash, 'hex'))::text, '')"
                     " FROM gone AS g)", "$28");

static const char  half_sql[] =
    "WITH held AS MATERIALIZED ("
    "SELECT t.bucket FROM pupil.login_throttle AS t WHERE t.tenant = $2"
    " AND t.bucket = ANY ($9) ORDER BY t.bucket FOR UPDATE),"
    TAKEN_BACK("$10")
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects)"
    " SELECT {audit_values}, {number}, {macs}, 'allowed', $8 RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "1");

static const char  refuse_sql[] =
    "WITH audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects)"
    " SELECT {audit_values}, {number}, {macs}, 'refused', $8 RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "1");

static const char  own_sql[] =
    "SELECT $1::bigint, u.subject, u.status, u.source, u.mac,"
    " o.owner, o.state, o.key_version, c.updated_at{c}{e}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.subject AS u ON u.tenant = $2 AND u.subject = $4"
    " LEFT JOIN pupil.owner AS o ON o.tenant = $2 AND o.owner = $4"
    " LEFT JOIN data.credential AS c ON c.tenant = $2 AND c.owner = $4"
    " AND c.record = $4"
    " LEFT JOIN data.contact AS e ON e.tenant = $2 AND e.owner = $4"
    " AND e.record = $4";

static const char  back_sql[] =
    "WITH held AS MATERIALIZED ("
    "SELECT t.bucket FROM pupil.login_throttle AS t"
    " WHERE t.tenant = $2 AND t.bucket = ANY ($8)"
    " ORDER BY t.bucket FOR UPDATE),"
    " back AS ("
    "UPDATE pupil.login_throttle AS t SET"
    " failures = greatest(t.failures - 1, 0), not_before = t.last_at"
    " FROM held AS h WHERE t.tenant = $2 AND t.bucket = h.bucket RETURNING 1)"
    " SELECT $1::bigint, (SELECT count(*) FROM back)";

/*
 * Of many at once the one whose session, and whose code, still were there.  A
 * code that was used stays so, whatever becomes of the session.
 */
static const char  step_up_sql[] =
    "WITH ok AS MATERIALIZED ("
    "SELECT u.subject FROM pupil.subject AS u JOIN pupil.owner AS o"
    " ON o.tenant = $2 AND o.owner = u.subject"
    " WHERE u.tenant = $2 AND u.subject = $4 AND u.status = 'active'"
    " AND u.mac = $18 AND o.state = 'active' AND o.key_version = $17"
    " AND EXISTS (SELECT FROM data.credential AS c WHERE c.tenant = $2"
    " AND c.owner = $4 AND c.record = $4 AND c.updated_at = $19"
    " AND c.facts = $20)),"
    " used AS ("
    "UPDATE data.credential AS c SET second_factor = $21, facts = $22 FROM ok"
    " WHERE c.tenant = $2 AND c.owner = $4 AND c.record = $4"
    " AND c.updated_at = $19 AND c.facts = $20 AND $21 IS NOT NULL"
    " RETURNING 1),"
    " gone AS ("
    "DELETE FROM pupil.session AS s WHERE s.tenant = $2"
    " AND s.token_hash = $8 AND CASE WHEN $21 IS NULL"
    " THEN EXISTS (SELECT FROM ok) ELSE EXISTS (SELECT FROM used) END"
    " RETURNING s.token_hash, s.subject, s.expires_at),"
    PUPIL_SQL_OPENED ","
    " made AS ("
    "INSERT INTO " PUPIL_SQL_SESSION_ROW
    " SELECT $2, $9, g.subject, $5, $6, $10, $11, $12, $13, $23, $24, $14"
    " FROM gone AS g"
    " WHERE g.subject = $4 RETURNING 1),"
    " held AS MATERIALIZED ("
    "SELECT t.bucket FROM pupil.login_throttle AS t WHERE t.tenant = $2"
    " AND t.bucket IN ($15, $16) AND EXISTS (SELECT FROM made)"
    " ORDER BY t.bucket FOR UPDATE),"
    TAKEN_BACK("NULL")
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM made))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, note)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END,"
    " '" PUPIL_LOGIN_NOTE_STEP_UP "' FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM made),"
    " (SELECT string_agg(pg_notify('pupil_session',"
    " encode(g.token_hash, 'hex'))::text, '') FROM gone AS g)";


/* As which says. */
const pupil_audit_choice_t  pupil_login_choices[PUPIL_LOGIN_CHOICES] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED },
    { .outcome = PUPIL_OUTCOME_REFUSED, .choice = 1 }
};

const pupil_audit_choice_t  pupil_login_refused[1] = {
    { .outcome = PUPIL_OUTCOME_REFUSED }
};

const pupil_audit_choice_t  pupil_login_half[1] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED }
};

const pupil_audit_choice_t  pupil_login_throttled[1] = {
    { .outcome = PUPIL_OUTCOME_THROTTLED }
};


/* All of a credential, so that its facts tell what is gone of it. */
#define CREDENTIAL_READ(c, e, who)                                            \
    { .alias = c, .category = "credential", .field = "login_id",              \
      AUTHENTICATION_SYSTEM, .operation = READ, .about = who,                 \
      .flags = REQUIRED },                                                    \
    { .alias = e, .category = "contact", .field = "email",                    \
      AUTHENTICATION_SYSTEM, .operation = READ, .about = who },               \
    { .alias = c, .category = "credential", .field = "password_hash",         \
      AUTHENTICATION_SYSTEM, .operation = READ, .about = who,                 \
      .flags = REQUIRED },                                                    \
    { .alias = c, .category = "credential", .field = "second_factor",         \
      AUTHENTICATION_SYSTEM, .operation = READ, .about = who },               \
    { .alias = c, .category = "credential", .field = "external_id",           \
      AUTHENTICATION_SYSTEM, .operation = READ, .about = who }

static const pupil_want_t  look_wants[] = {
    CREDENTIAL_READ("c", "e", SUBJECTS)
};

static const pupil_want_t  refuse_wants[] = {
    CREDENTIAL_READ(NULL, NULL, SUBJECTS)
};

#define ACCEPT_WANTS                                                          \
    { .alias = "i", .category = "identity", .field = "given_name",            \
      AUTHENTICATION_SELF, .operation = READ, .about = ACTOR },               \
    { .alias = "i", .category = "identity", .field = "family_name",           \
      AUTHENTICATION_SELF, .operation = READ, .about = ACTOR },               \
    CREDENTIAL_READ(NULL, NULL, ACTOR),                                       \
    { .category = "network", .field = "address",                              \
      SECURITY_SYSTEM, .operation = WRITE, .about = ACTOR }

static const pupil_want_t  accept_wants[] = {
    ACCEPT_WANTS
};

static const pupil_want_t  renew_wants[] = {
    ACCEPT_WANTS,
    { .category = "credential", .field = "password_hash",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR }
};

static const pupil_want_t  prove_wants[] = {
    ACCEPT_WANTS,
    { .category = "credential", .field = "second_factor",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR }
};

static const pupil_want_t  enrol_wants[] = {
    ACCEPT_WANTS,
    { .category = "credential", .field = "second_factor",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR },
    { .category = "credential", .field = "password_hash",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR }
};

static const pupil_want_t  change_wants[] = {
    CREDENTIAL_READ(NULL, NULL, ACTOR),
    { .category = "credential", .field = "password_hash",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR,
      .flags = REQUIRED }
};

static const pupil_want_t  codes_wants[] = {
    CREDENTIAL_READ(NULL, NULL, ACTOR),
    { .category = "credential", .field = "second_factor",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR },
    { .category = "credential", .field = "password_hash",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR }
};

static const pupil_want_t  step_up_wants[] = {
    CREDENTIAL_READ(NULL, NULL, ACTOR)
};

static const pupil_want_t  step_up_code_wants[] = {
    CREDENTIAL_READ(NULL, NULL, ACTOR),
    { .category = "credential", .field = "second_factor",
      AUTHENTICATION_SYSTEM, .operation = WRITE, .about = ACTOR }
};

#define STEP_UP_PARAMS                                                        \
    { PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,          \
      PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,    \
      PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,          \
      PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,           \
      PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,                \
      PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA }
#define CHANGED_PARAMS                                                        \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,            \
    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,      \
    PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA,             \
    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,            \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_INT4, PUPIL_PARAM_INT4,                    \
    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA
#define SESSION_PARAMS                                                        \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ,      \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA,            \
    PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_INT4,                    \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,            \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,                  \
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ
#define ACCEPT_PARAMS                                                         \
    { SESSION_PARAMS, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_TIMESTAMPTZ,       \
      PUPIL_PARAM_TEXT }
#define PROVE_PARAMS                                                          \
    { SESSION_PARAMS, PUPIL_PARAM_BYTEA, PUPIL_PARAM_INT4, PUPIL_PARAM_INT4,  \
      PUPIL_PARAM_TEXT }


const pupil_template_t  pupil_login_templates[PUPIL_LOGIN_COUNT] = {

    [PUPIL_LOGIN_RESERVE] = {
        .name = "login reserve",
        .sql = pupil_login_reserve_sql,
        .fixed = PUPIL_LR_COLUMNS,
        PUPIL_WANTS(refuse_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_LOGIN_TELL] = {
        .name = "login tell",
        .sql = pupil_login_tell_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(refuse_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY },
        .records = 1
    },

    [PUPIL_LOGIN_FIND] = {
        .name = "login find",
        .sql = find_sql,
        .fixed = PUPIL_LF_COLUMNS,
        .tables = { "credential", "contact" },
        .facts = "c",
        .facts_of = "credential",
        PUPIL_WANTS(look_wants),
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA }
    },

    [PUPIL_LOGIN_INDEX] = {
        .name = "login index",
        .sql = index_sql,
        .fixed = 2,
        .params = { PUPIL_PARAM_TEXT, PUPIL_PARAM_TEXT, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA }
    },

    [PUPIL_LOGIN_ACCEPT] = {
        .name = "login accept",
        .sql = accept_sql,
        .fixed = PUPIL_LA_COLUMNS,
        .tables = { "credential", "network", "identity" },
        .facts_of = "credential",
        PUPIL_WANTS(accept_wants),
        .params = ACCEPT_PARAMS,
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_RENEW] = {
        .name = "login renew",
        .sql = accept_sql,
        .fixed = PUPIL_LA_COLUMNS,
        .tables = { "credential", "network", "identity" },
        .facts_of = "credential",
        PUPIL_WANTS(renew_wants),
        .params = ACCEPT_PARAMS,
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_HALF] = {
        .name = "login half",
        .sql = half_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(refuse_wants),
        .params = { PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_BYTEA },
        .records = 1
    },

    [PUPIL_LOGIN_AGAIN] = {
        .name = "login again",
        .sql = again_sql,
        .fixed = PUPIL_LF_COLUMNS,
        .tables = { "credential", "contact" },
        .facts = "c",
        .facts_of = "credential",
        PUPIL_WANTS(look_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_LOGIN_PROVE] = {
        .name = "login prove",
        .sql = prove_sql,
        .fixed = PUPIL_LP_COLUMNS,
        .tables = { "credential", "network", "identity" },
        .facts_of = "credential",
        PUPIL_WANTS(prove_wants),
        .params = PROVE_PARAMS,
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_ENROL] = {
        .name = "login enrol",
        .sql = prove_sql,
        .fixed = PUPIL_LP_COLUMNS,
        .tables = { "credential", "network", "identity" },
        .facts_of = "credential",
        PUPIL_WANTS(enrol_wants),
        .params = PROVE_PARAMS,
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_REFUSE] = {
        .name = "login refuse",
        .sql = refuse_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(refuse_wants),
        .params = { PUPIL_PARAM_UUID_ARRAY },
        .records = 1
    },

    [PUPIL_LOGIN_OWN] = {
        .name = "login own",
        .sql = own_sql,
        .fixed = PUPIL_LO_COLUMNS,
        .tables = { "credential", "contact" },
        .facts = "c",
        .facts_of = "credential",
        PUPIL_WANTS(look_wants)
    },

    [PUPIL_LOGIN_BACK] = {
        .name = "login back",
        .sql = back_sql,
        .fixed = 2,
        .params = { PUPIL_PARAM_BYTEA_ARRAY }
    },

    [PUPIL_LOGIN_CHANGE] = {
        .name = "login change",
        .sql = pupil_login_change_sql,
        .fixed = PUPIL_LC_COLUMNS,
        .tables = { "credential" },
        .facts_of = "credential",
        PUPIL_WANTS(change_wants),
        .params = { CHANGED_PARAMS, PUPIL_PARAM_TEXT, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_TEXT },
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_CODES] = {
        .name = "login codes",
        .sql = pupil_login_codes_sql,
        .fixed = PUPIL_LC_COLUMNS,
        .tables = { "credential" },
        .facts_of = "credential",
        PUPIL_WANTS(codes_wants),
        .params = { CHANGED_PARAMS, PUPIL_PARAM_BYTEA },
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_FORGOTTEN] = {
        .name = "login forgotten",
        .sql = pupil_login_forgotten_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(refuse_wants),
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_UUID, PUPIL_PARAM_TEXT, PUPIL_PARAM_TEXT,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_INT8 },
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_MAIL] = {
        .name = "login mail",
        .sql = pupil_login_mail_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(refuse_wants),
        .params = { PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_UUID, PUPIL_PARAM_TEXT,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA },
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_SIGN_UP] = {
        .name = "login sign up",
        .sql = pupil_login_sign_up_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(pupil_login_sign_up_wants),
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_TEXT,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TEXT, PUPIL_PARAM_BYTEA },
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_SIGNED_UP] = {
        .name = "login signed up",
        .sql = pupil_login_signed_up_sql,
        .fixed = PUPIL_LS_COLUMNS,
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_LOGIN_CONFIRM] = {
        .name = "login confirm",
        .sql = pupil_login_confirm_sql,
        .fixed = PUPIL_LC_MADE + 1,
        PUPIL_WANTS(pupil_login_confirm_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA },
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_STEP_UP] = {
        .name = "login step up",
        .sql = step_up_sql,
        .fixed = PUPIL_LT_COLUMNS,
        .tables = { "credential" },
        .facts_of = "credential",
        PUPIL_WANTS(step_up_wants),
        .params = STEP_UP_PARAMS,
        .records = PUPIL_LOGIN_CHOICES
    },

    [PUPIL_LOGIN_STEP_UP_CODE] = {
        .name = "login step up by a code",
        .sql = step_up_sql,
        .fixed = PUPIL_LT_COLUMNS,
        .tables = { "credential" },
        .facts_of = "credential",
        PUPIL_WANTS(step_up_code_wants),
        .params = STEP_UP_PARAMS,
        .records = PUPIL_LOGIN_CHOICES
    }
};


const pupil_endpoint_t  pupil_login_endpoint = {
    .name = "login",
    .directive = "pupil_login",
    .templates = pupil_login_templates,
    .count = PUPIL_LOGIN_COUNT
};

const pupil_endpoint_t  pupil_password_endpoint = {
    .name = "password",
    .directive = "pupil_password",
    .templates = pupil_login_templates,
    .count = PUPIL_LOGIN_COUNT
};

/*
 * Copyright (C) the Pupil authors
 *
 * /v1/session: what a client sends, and the statements, of which every endpoint
 * runs the first.
 */

#include <string.h>

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/notice.h"
#include "core/endpoints/session.h"
#include "core/input/rule.h"


#define ROLE_MAX  32        /* bytes, of any role's name */
#define MOST      "1000"    /* PUPIL_SESSIONS_MOST */

/* What the account itself is shown of it. */
#define OWN                                                                   \
    .purpose = PUPIL_PURPOSE_AUTHENTICATION, .relation = PUPIL_RELATION_SELF, \
    .operation = PUPIL_OPERATION_READ, .about = PUPIL_ABOUT_ACTOR

/*
 * For the record alone, as there is no category of that name: where somebody is
 * logged in is theirs to see and to end, by no plugin's grant.
 */
#define OWN_SESSIONS                                                          \
    .category = "session", .purpose = PUPIL_PURPOSE_AUTHENTICATION,           \
    .relation = PUPIL_RELATION_SELF, .about = PUPIL_ABOUT_ACTOR,              \
    .flags = PUPIL_WANT_ASKED

static const pupil_rule_t  institution_rules[] = {
    { .name = "institution_id", .kind = RULE_UUID,
      .flags = RULE_REQUIRED | RULE_NULLABLE,
      .offset = offsetof(pupil_input_institution_t, institution_id) },
    { .name = "role", .kind = RULE_NAME, .min = 1, .max = ROLE_MAX,
      .offset = offsetof(pupil_input_institution_t, role_name) }
};


/* Parameters and columns of each are told in session.h. */

static const char  load_sql[] =
    "SELECT $1::bigint, " PUPIL_SQL_SESSION("s") ", " PUPIL_SQL_ROLE("r") ","
    " u.subject, u.status, u.source, u.mac, o.state"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.session AS s"
    " LEFT JOIN " PUPIL_SQL_EACH(
        "SELECT r.* FROM pupil.role AS r WHERE r.tenant = $2"
        " AND r.subject = s.subject AND r.institution = s.institution"
        " AND r.role = s.role") " AS r ON true"
    " LEFT JOIN " PUPIL_SQL_EACH(
        "SELECT u.* FROM pupil.subject AS u WHERE u.tenant = $2"
        " AND u.subject = s.subject") " AS u ON true"
    " LEFT JOIN " PUPIL_SQL_OWNER("o", "s.subject") " ON true)"
    " ON s.tenant = $2 AND s.token_hash = $8";

static const char  touch_sql[] =
    "WITH touched AS ("
    "UPDATE pupil.session SET seen_at = $9, mac = $10"
    " WHERE tenant = $2 AND token_hash = $8 AND seen_at < $9 RETURNING 1)"
    " SELECT $1::bigint, (SELECT count(*) FROM touched)";

static const char  show_sql[] =
    "SELECT $1::bigint, " PUPIL_SQL_ROLE("r") ","
    " o.owner, o.state, o.key_version, p.owner, p.state, p.key_version{i}{t}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.owner AS o ON o.tenant = $2 AND o.owner = $4"
    " LEFT JOIN data.identity AS i ON i.tenant = $2 AND i.owner = $4"
    " AND i.record = $4"
    " LEFT JOIN (pupil.role AS r"
    " LEFT JOIN " PUPIL_SQL_OWNER("p", "r.institution") " ON true"
    " LEFT JOIN " PUPIL_SQL_EACH(
        "SELECT n.title AS school_title FROM pupil.institution AS n"
        " WHERE n.tenant = $2 AND n.institution = r.institution")
    " AS t ON true) ON r.tenant = $2 AND r.subject = $4"
    " ORDER BY r.institution, r.role";

/* Recorded here, by the session that asked, with what the answer shows whoever
 * it is: without a record nothing is switched (invariant I2). */
static const char  switch_sql[] =
    "WITH gone AS ("
    "DELETE FROM pupil.session WHERE tenant = $2 AND token_hash = $8"
    " RETURNING token_hash, subject, expires_at),"
    PUPIL_SQL_OPENED ","
    " made AS ("
    "INSERT INTO " PUPIL_SQL_SESSION_ROW
    " SELECT $2, $9, g.subject, $10, $11, $12, $13, $14, $15, $17, $18, $16"
    " FROM gone AS g"
    " WHERE g.subject = $4 RETURNING institution, role),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, note)"
    " SELECT {audit_values}, {number}, {macs}, 'allowed',"
    " '" PUPIL_SESSION_NOTE "' || m.institution"
    " || '" PUPIL_SESSION_NOTE_AS "' || m.role"
    " FROM made AS m RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "SELECT count(*) FROM made",
                                  "SELECT count(*) FROM made") ","
    " (SELECT count(*) FROM made),"
    " (SELECT string_agg(pg_notify('pupil_session',"
    " encode(g.token_hash, 'hex'))::text, '') FROM gone AS g)";

/* Without a record: nothing is shown, and a log that cannot be written must not
 * keep a session open that its owner ends. */
static const char  end_sql[] =
    "WITH gone AS ("
    "DELETE FROM pupil.session WHERE tenant = $2 AND token_hash = $8"
    " RETURNING token_hash, subject, expires_at),"
    PUPIL_SQL_OPENED
    " SELECT $1::bigint, (SELECT count(*) FROM gone),"
    " (SELECT string_agg(pg_notify('pupil_session',"
    " encode(g.token_hash, 'hex'))::text, '') FROM gone AS g)";

static const char  close_sql[] =
    "WITH closed AS ("
    "DELETE FROM pupil.revocation WHERE tenant = $2 AND revocation = ANY ($8)"
    " RETURNING 1)"
    " SELECT $1::bigint, (SELECT count(*) FROM closed)";

/*
 * Of too many those that were seen last: who asks is always among them, and
 * what somebody writes there crowds out as little as can be (invariant I20).
 */
static const char  list_sql[] =
    "SELECT $1::bigint, s.token_hash, " PUPIL_SQL_SESSION("s")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (SELECT s.* FROM pupil.session AS s WHERE s.tenant = $2"
    " AND s.subject = $4 ORDER BY (s.token_hash = $8) DESC, s.seen_at DESC,"
    " s.created_at DESC, s.token_hash LIMIT " MOST ")"
    " AS s ON true ORDER BY s.created_at, s.token_hash";

/* Each is open as a revocation of its own. */
#define OPENED_EACH                                                           \
    " opened AS ("                                                            \
    "INSERT INTO pupil.revocation (tenant, revocation, subject, token_hash,"  \
    " until) SELECT $2, a.revocation, g.subject, g.token_hash, g.expires_at"  \
    " FROM gone AS g JOIN unnest($8, $9) AS a (token_hash, revocation)"       \
    " ON a.token_hash = g.token_hash)"

static const char  end_these_sql[] =
    "WITH gone AS ("
    "DELETE FROM pupil.session AS s WHERE s.tenant = $2 AND s.subject = $4"
    " AND s.token_hash = ANY ($8)"
    " RETURNING s.token_hash, s.subject, s.expires_at),"
    OPENED_EACH ","
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, {macs}, 'allowed' RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "1") ","
    " (SELECT count(*) FROM gone),"
    " (SELECT string_agg(pg_notify('pupil_session',"
    " encode(g.token_hash, 'hex'))::text, '') FROM gone AS g)";

/*
 * Whose log-in began before that and is not done yet will have no session: it
 * meets this bucket of the throttle (PUPIL_LOGIN_ACCEPT), or this waits for it,
 * and what looks for sessions behind this sees the one that it has made.
 */
static const char  hear_sql[] =
    "WITH heard AS ("
    "INSERT INTO pupil.login_throttle AS t (tenant, bucket, failures, last_at,"
    " not_before) SELECT $2, $8, 0, clock_timestamp(), $9"
    " WHERE NOT EXISTS (SELECT FROM pupil.login_throttle AS u"
    " WHERE u.tenant = $2 AND u.bucket = $10)"
    " ON CONFLICT (tenant, bucket) DO UPDATE SET last_at = clock_timestamp(),"
    " not_before = greatest(t.not_before, $9) RETURNING 1)"
    " SELECT $1::bigint, (SELECT count(*) FROM heard)";

/*
 * A session of a provider's, of that subject if it says so, or all of a
 * subject's: an index walk either way.
 */
static const char  there_sql[] =
    "SELECT $1::bigint, s.token_hash, " PUPIL_SQL_SESSION("s") ","
    " EXISTS (SELECT FROM pupil.login_throttle AS t WHERE t.tenant = $2"
    " AND t.bucket = $10)"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (SELECT s.* FROM pupil.session AS s WHERE s.tenant = $2"
    " AND s.provider_session = $8"
    " AND ($9 IS NULL OR s.provider_subject = $9)"
    " UNION ALL SELECT s.* FROM pupil.session AS s WHERE s.tenant = $2"
    " AND s.provider_subject = $9 AND $8 IS NULL"
    " LIMIT " MOST ") AS s ON true ORDER BY s.subject, s.token_hash";

/* What the key store has not heard of: revocations by one token begin alike. */
static const char  open_there_sql[] =
    "SELECT $1::bigint, r.revocation, r.token_hash"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.revocation AS r ON r.tenant = $2"
    " AND r.revocation BETWEEN $8 AND $9 AND r.token_hash IS NOT NULL";

static const char  end_there_sql[] =
    "WITH gone AS ("
    "DELETE FROM pupil.session AS s WHERE s.tenant = $2"
    " AND s.token_hash = ANY ($8)"
    " RETURNING s.token_hash, s.subject, s.expires_at),"
    OPENED_EACH ","
    " once AS MATERIALIZED (SELECT FROM gone LIMIT 1),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, {macs}, 'allowed', $10, $11"
    " FROM once RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "SELECT count(*) FROM once",
                                  "SELECT count(*) FROM once") ","
    " (SELECT string_agg(pg_notify('pupil_session',"
    " encode(g.token_hash, 'hex'))::text, '') FROM gone AS g)";

/*
 * The token that asks counts once, on all workers and hosts, by a bucket of the
 * throttle.
 */
static const char  spend_sql[] =
    "WITH used AS ("
    "INSERT INTO pupil.login_throttle (tenant, bucket, failures, last_at,"
    " not_before) SELECT $2, a.bucket, 1, clock_timestamp(), clock_timestamp()"
    " FROM unnest($8) AS a (bucket)"
    " ON CONFLICT DO NOTHING RETURNING 1),"
    PUPIL_SQL_PURGED("$8") ","
    " once AS MATERIALIZED (SELECT FROM used WHERE $10 IS NOT NULL),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, subjects,"
    " note) SELECT {audit_values}, {number}, {macs}, 'not_found', $9, $10"
    " FROM once RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "SELECT count(*) FROM once",
                                  "SELECT count(*) FROM once") ","
    " (SELECT count(*) FROM used)";

/*
 * Who writes a bucket meanwhile is not waited for, or two log-ins could wait
 * for each other (pitfall 12): the next one tells.
 */
static const char  notice_sql[] =
    "WITH done AS MATERIALIZED ("
    "SELECT WHERE ($13 IS NULL OR EXISTS (SELECT FROM pupil.session AS s"
    " WHERE s.tenant = $2 AND s.token_hash = $13 AND s.subject = $8))"
    " AND ($14 IS NULL OR EXISTS (SELECT FROM pupil.support_grant AS g"
    " WHERE g.tenant = $2 AND g.subject = $8 AND g.mac = $14))"
    " AND ($16 IS NULL OR EXISTS (SELECT FROM pupil.revocation AS v"
    " WHERE v.tenant = $2 AND v.revocation = $16 AND v.subject = $8))),"
    " burst AS MATERIALIZED ("
    "SELECT t.bucket FROM pupil.login_throttle AS t WHERE t.tenant = $2"
    " AND t.bucket = ANY ($15) AND t.burst > " PUPIL_NOTICE_BURST
    " AND EXISTS (SELECT FROM done) FOR UPDATE SKIP LOCKED),"
    " quiet AS ("
    "UPDATE pupil.login_throttle AS t SET burst = 0 FROM burst AS b"
    " WHERE t.tenant = $2 AND t.bucket = b.bucket),"
    " told AS ("
    "INSERT INTO pupil.notice (tenant, notice, subject, kind, at, mac)"
    " SELECT $2, n.notice, $8, n.kind, $11, n.mac"
    " FROM done, unnest($9, $10, $12) AS n (notice, kind, mac)"
    " WHERE n.kind <> '" PUPIL_NOTICE_FAILED_LOGINS "'"
    " OR EXISTS (SELECT FROM burst) RETURNING 1)"
    " SELECT $1::bigint, (SELECT count(*) FROM told)";


static const pupil_want_t  show_wants[] = {
    { .alias = "i", .category = "identity", .field = "given_name", OWN },
    { .alias = "i", .category = "identity", .field = "family_name", OWN },
    { .alias = "t", .category = "enrolment", .field = "school_title", OWN },
    { .category = "enrolment", .field = "school_id", OWN },
    { .category = "enrolment", .field = "role", OWN }
};

/* For the record; whether a name opens is known when the answer is made. */
static const pupil_want_t  switch_wants[] = {
    { .category = "enrolment", .field = "school_title", OWN },
    { .category = "enrolment", .field = "school_id", OWN },
    { .category = "enrolment", .field = "role", OWN }
};

static const pupil_want_t  list_wants[] = {
    { .field = "", OWN_SESSIONS, .operation = PUPIL_OPERATION_READ }
};

static const pupil_want_t  end_these_wants[] = {
    { .field = "", OWN_SESSIONS, .operation = PUPIL_OPERATION_WRITE }
};

static const pupil_want_t  end_there_wants[] = {
    { .category = "session", .field = "",
      .purpose = PUPIL_PURPOSE_AUTHENTICATION,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .about = PUPIL_ABOUT_SUBJECTS, .flags = PUPIL_WANT_ASKED }
};

const pupil_audit_choice_t  pupil_session_nobody[1] = {
    { .outcome = PUPIL_OUTCOME_NOT_FOUND }
};


const pupil_template_t  pupil_session_templates[PUPIL_SESSION_COUNT] = {

    [PUPIL_SESSION_LOAD] = {
        .name = "session load",
        .sql = load_sql,
        .fixed = PUPIL_SL_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SESSION_TOUCH] = {
        .name = "session touch",
        .sql = touch_sql,
        .fixed = PUPIL_ST_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SESSION_SHOW] = {
        .name = "session show",
        .sql = show_sql,
        .fixed = PUPIL_SS_COLUMNS,
        .tables = { "identity" },
        PUPIL_WANTS(show_wants)
    },

    [PUPIL_SESSION_SWITCH] = {
        .name = "session switch",
        .sql = switch_sql,
        .fixed = PUPIL_SW_COLUMNS,
        PUPIL_WANTS(switch_wants),
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_TEXT,
                    PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },
        .records = 1
    },

    [PUPIL_SESSION_END] = {
        .name = "session end",
        .sql = end_sql,
        .fixed = PUPIL_SE_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SESSION_CLOSE] = {
        .name = "session close",
        .sql = close_sql,
        .fixed = PUPIL_SC_COLUMNS,
        .params = { PUPIL_PARAM_UUID_ARRAY }
    },

    [PUPIL_SESSION_LIST] = {
        .name = "session list",
        .sql = list_sql,
        .fixed = PUPIL_SO_COLUMNS,
        PUPIL_WANTS(list_wants),
        .params = { PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SESSION_END_THESE] = {
        .name = "session end these",
        .sql = end_these_sql,
        .fixed = PUPIL_SN_COLUMNS,
        PUPIL_WANTS(end_these_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_UUID_ARRAY },
        .records = 1
    },

    [PUPIL_SESSION_NOTICE] = {
        .name = "session notice",
        .sql = notice_sql,
        .fixed = PUPIL_SZ_COLUMNS,
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA_ARRAY,
                    PUPIL_PARAM_UUID }
    },

    [PUPIL_SESSION_HEAR] = {
        .name = "session hear",
        .sql = hear_sql,
        .fixed = PUPIL_SH_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SESSION_THERE] = {
        .name = "session there",
        .sql = there_sql,
        .fixed = PUPIL_SY_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA }
    },

    [PUPIL_SESSION_OPEN_THERE] = {
        .name = "session open there",
        .sql = open_there_sql,
        .fixed = PUPIL_SR_COLUMNS,
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID }
    },

    [PUPIL_SESSION_END_THERE] = {
        .name = "session end there",
        .sql = end_there_sql,
        .fixed = PUPIL_SX_COLUMNS,
        PUPIL_WANTS(end_there_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_TEXT },
        .records = 1
    },

    [PUPIL_SESSION_SPEND] = {
        .name = "session spend",
        .sql = spend_sql,
        .fixed = PUPIL_SP_COLUMNS,
        PUPIL_WANTS(end_there_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_UUID_ARRAY,
                    PUPIL_PARAM_TEXT },
        .records = 1
    }
};


const pupil_endpoint_t  pupil_session_endpoint = {
    .name = "session",
    .directive = "pupil_session",
    .templates = pupil_session_templates,
    .count = PUPIL_SESSION_COUNT
};


pupil_rc_t
pupil_input_institution(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_institution_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_institution_t));
    out->role = PUPIL_ROLE_NONE;

    rc = pupil_rule_body(&in, alloc, body, institution_rules,
                         pupil_rule_count(institution_rules), out, fault);

    if (rc != PUPIL_OK || out->role_name.data == NULL) {
        return rc;
    }

    out->role = pupil_role_find(out->role_name);

    return out->role != PUPIL_ROLE_NONE
           ? PUPIL_OK : pupil_rule_refuse_member(&in, 0, "role", "enum");
}

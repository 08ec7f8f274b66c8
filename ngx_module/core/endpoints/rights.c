/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/me/.  No plugin grants somebody their own audit, and
 * none can take it away: everybody who has a session may read it (GDPR article
 * 15), restricted or not.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/login.h"
#include "core/endpoints/requests.h"
#include "core/endpoints/rights.h"
#include "core/endpoints/support.h"


/* For the record alone, as there is no category of that name. */
#define OWN_AUDIT                                                             \
    .category = "audit", .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,             \
    .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,       \
    .about = PUPIL_ABOUT_ACTOR, .flags = PUPIL_WANT_ASKED

/* The same of whom one lets in. */
#define OWN_SUPPORT                                                           \
    .category = "support_grant", .field = "",                                 \
    .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF, \
    .about = PUPIL_ABOUT_ACTOR, .flags = PUPIL_WANT_ASKED

/* And of what one is told. */
#define OWN_NOTICES                                                           \
    .category = "notice", .field = "",                                        \
    .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF, \
    .about = PUPIL_ABOUT_ACTOR, .flags = PUPIL_WANT_ASKED

/* And of what one asks for. */
#define OWN_REQUESTS                                                          \
    .category = "request", .field = "",                                       \
    .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF, \
    .about = PUPIL_ABOUT_ACTOR, .flags = PUPIL_WANT_ASKED

/* The largest number: an id is a client's, and one more must be one, too. */
#define LAST  "9223372036854775807"

#define ROWS  "64"      /* PUPIL_SUPPORT_ROWS */


const pupil_argument_t  pupil_rights_arguments[] = {
    PUPIL_PAGE_ARGUMENTS(pupil_rights_query_t),
    { .name = NULL }
};


/* A sealer's time that is not yet says nothing. */
static const char  audit_sql[] =
    "SELECT $1::bigint, (SELECT s.until FROM pupil.sealer AS s WHERE s.one"
    " AND s.until <= clock_timestamp() + interval '1 minute'), a.*"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.audit_of($4, $8, $9, $10, $11) AS a ON true"
    " ORDER BY a.at DESC, a.writer DESC, a.number DESC";

static const char  proof_sql[] =
    "SELECT $1::bigint, a.*, t.size, t.note, t.level, t.tile, t.hashes"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.audit_at($4, $8, $9) AS f (at)"
    " JOIN LATERAL pupil.audit_of($4, f.at, $8, least($9, " LAST " - 1) + 1, 1)"
    " AS a ON a.writer = $8 AND a.number = $9"
    " LEFT JOIN LATERAL pupil.audit_tiles(a.leaf) AS t ON true) ON true";


/* old locks the table before the statement has a snapshot: pupil.erase(). */
static const char  support_make_sql[] =
    "WITH old AS ("
    "DELETE FROM pupil.support_grant AS g WHERE g.tenant = $2"
    " AND g.subject = $4 AND g.expires_at < now() RETURNING 1),"
    " made AS MATERIALIZED ("
    "SELECT pupil.let_in($8, $4, $9, $10, $11, $12) AS slot"
    " FROM (SELECT count(*) FROM old OFFSET 0) AS o"
    " WHERE EXISTS (SELECT FROM pupil.owner AS o WHERE o.tenant = $2"
    " AND o.owner = $4 AND o.state = 'active')),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM made AS m WHERE m.slot IS NOT NULL))"
    "::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'refused' END"
    " FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM made AS m WHERE m.slot IS NOT NULL)";

static const char  support_list_sql[] =
    "SELECT $1::bigint, " PUPIL_SQL_SUPPORT("g")
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (SELECT g.* FROM pupil.support_grant AS g WHERE g.tenant = $2"
    " AND g.subject = $4 AND g.expires_at > now() LIMIT " ROWS
    ") AS g ON true ORDER BY g.created_at, g.support_grant";

/* As a session that ends (session.c). */
static const char  support_end_sql[] =
    "WITH gone AS ("
    "DELETE FROM pupil.support_grant AS g WHERE g.tenant = $2"
    " AND g.subject = $4 AND g.support_grant = $8 RETURNING g.subject),"
    " opened AS ("
    "INSERT INTO pupil.revocation (tenant, revocation, subject, token_hash,"
    " until) SELECT $2, $3, g.subject, $9, $10 FROM gone AS g),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM gone))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'not_found' END"
    " FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM gone)";

static const char  notices_sql[] =
    "SELECT $1::bigint, n.notice, n.subject, n.kind, n.at, n.seen_at,"
    " n.mac"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (SELECT n.* FROM pupil.notice AS n WHERE n.tenant = $2"
    " AND n.subject = $4 AND (n.at, n.notice) < ($8, $9)"
    " ORDER BY n.at DESC, n.notice DESC LIMIT $10) AS n ON true"
    " ORDER BY n.at DESC, n.notice DESC";

static const char  notice_sql[] =
    "SELECT $1::bigint, n.notice, n.subject, n.kind, n.at, n.seen_at,"
    " n.mac"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.notice AS n ON n.tenant = $2 AND n.subject = $4"
    " AND n.notice = $8";

static const char  notice_seen_sql[] =
    "WITH seen AS ("
    "UPDATE pupil.notice AS n SET seen_at = coalesce(n.seen_at, $9)"
    " WHERE n.tenant = $2 AND n.subject = $4 AND n.notice = $8"
    " AND n.mac = $10 RETURNING 1),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM seen))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'not_found' END"
    " FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM seen)";


static const pupil_want_t  audit_wants[] = {
    { .field = "", OWN_AUDIT }
};

static const pupil_want_t  proof_wants[] = {
    { .field = "proof", OWN_AUDIT }
};

static const pupil_want_t  support_list_wants[] = {
    { OWN_SUPPORT, .operation = PUPIL_OPERATION_READ }
};

static const pupil_want_t  support_wants[] = {
    { OWN_SUPPORT, .operation = PUPIL_OPERATION_WRITE }
};

static const pupil_want_t  notices_wants[] = {
    { OWN_NOTICES, .operation = PUPIL_OPERATION_READ }
};

static const pupil_want_t  notice_seen_wants[] = {
    { OWN_NOTICES, .operation = PUPIL_OPERATION_WRITE }
};

static const pupil_want_t  requests_wants[] = {
    { OWN_REQUESTS, .operation = PUPIL_OPERATION_READ }
};

static const pupil_want_t  request_wants[] = {
    { OWN_REQUESTS, .operation = PUPIL_OPERATION_WRITE }
};


const pupil_template_t  pupil_rights_templates[PUPIL_RIGHTS_COUNT] = {

    [PUPIL_RIGHTS_AUDIT] = {
        .name = "rights_audit",
        .sql = audit_sql,
        .fixed = PUPIL_RA_COLUMNS,
        PUPIL_WANTS(audit_wants),
        .params = { PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_INT8,
                    PUPIL_PARAM_INT8, PUPIL_PARAM_INT4 }
    },

    [PUPIL_RIGHTS_PROOF] = {
        .name = "rights_proof",
        .sql = proof_sql,
        .fixed = PUPIL_RP_COLUMNS,
        PUPIL_WANTS(proof_wants),
        .params = { PUPIL_PARAM_INT8, PUPIL_PARAM_INT8 }
    },

    [PUPIL_RIGHTS_SUPPORT_MAKE] = {
        .name = "rights support make",
        .sql = support_make_sql,
        .fixed = PUPIL_RM_COLUMNS,
        PUPIL_WANTS(support_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA },
        .records = PUPIL_SUPPORT_CHOICES
    },

    [PUPIL_RIGHTS_SUPPORT_LIST] = {
        .name = "rights support list",
        .sql = support_list_sql,
        .fixed = PUPIL_RL_COLUMNS,
        PUPIL_WANTS(support_list_wants)
    },

    [PUPIL_RIGHTS_SUPPORT_END] = {
        .name = "rights support end",
        .sql = support_end_sql,
        .fixed = PUPIL_RE_COLUMNS,
        PUPIL_WANTS(support_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_TIMESTAMPTZ },
        .records = PUPIL_SUPPORT_CHOICES
    },

    [PUPIL_RIGHTS_SUPPORT_RESERVE] = {
        .name = "rights support reserve",
        .sql = pupil_login_reserve_sql,
        .fixed = PUPIL_LR_COLUMNS,
        .params = { PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_INT4_ARRAY,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_RIGHTS_SUPPORT_TELL] = {
        .name = "rights support tell",
        .sql = pupil_login_tell_sql,
        .fixed = PUPIL_RECORDED + 1,
        PUPIL_WANTS(support_wants),
        .params = { PUPIL_PARAM_BYTEA_ARRAY },
        .records = 1
    },

    [PUPIL_RIGHTS_NOTICES] = {
        .name = "rights notices",
        .sql = notices_sql,
        .fixed = PUPIL_RO_COLUMNS,
        PUPIL_WANTS(notices_wants),
        .params = { PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_RIGHTS_NOTICE] = {
        .name = "rights notice",
        .sql = notice_sql,
        .fixed = PUPIL_RO_COLUMNS,
        PUPIL_WANTS(notices_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_RIGHTS_NOTICE_SEEN] = {
        .name = "rights notice seen",
        .sql = notice_seen_sql,
        .fixed = PUPIL_RZ_COLUMNS,
        PUPIL_WANTS(notice_seen_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA },
        .records = PUPIL_SUPPORT_CHOICES
    },

    [PUPIL_RIGHTS_REQUEST_LOOK] = {
        .name = "rights request look",
        .sql = pupil_request_look_sql,
        .fixed = PUPIL_RQ_COLUMNS,
        PUPIL_WANTS(requests_wants),
        .params = { PUPIL_PARAM_UUID }
    },

    [PUPIL_RIGHTS_REQUEST_MAKE] = {
        .name = "rights request make",
        .sql = pupil_request_make_sql,
        .fixed = PUPIL_RN_COLUMNS,
        PUPIL_WANTS(request_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_TEXT, PUPIL_PARAM_INT4,
                    PUPIL_PARAM_INT4, PUPIL_PARAM_TIMESTAMPTZ,
                    PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA },
        .records = PUPIL_SUPPORT_CHOICES
    },

    [PUPIL_RIGHTS_REQUESTS] = {
        .name = "rights requests",
        .sql = pupil_requests_sql,
        .fixed = PUPIL_RQ_COLUMNS,
        PUPIL_WANTS(requests_wants),
        .params = { PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4 }
    }
};


const pupil_endpoint_t  pupil_rights_endpoint = {
    .name = "rights",
    .directive = "pupil_rights",
    .templates = pupil_rights_templates,
    .count = PUPIL_RIGHTS_COUNT
};


void
pupil_rights_id(uint64_t writer, uint64_t number, pupil_uuid_t *id)
{
    int  i;

    for (i = 7; i >= 0; i--) {
        id->b[i] = (uint8_t) writer;
        id->b[8 + i] = (uint8_t) number;
        writer >>= 8;
        number >>= 8;
    }
}


void
pupil_rights_id_read(const pupil_uuid_t *id, uint64_t *writer,
    uint64_t *number)
{
    int  i;

    *writer = 0;
    *number = 0;

    for (i = 0; i < 8; i++) {
        *writer = *writer << 8 | id->b[i];
        *number = *number << 8 | id->b[8 + i];
    }
}

/*
 * Copyright (C) the Pupil authors
 */

#include <arpa/inet.h>
#include <string.h>

#include "core/audit/audit.h"


/* By pupil_outcome_t, as the table's CHECK lists them. */
static const char *const  pupil_outcomes[] = {
    "allowed", "not_granted", "not_found", "refused", "throttled",
    "tampered", "restricted", "conflict"
};

const pupil_audit_choice_t  pupil_audit_allowed[1] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED }
};

/* The record is written by pupil_audit_group_sql: only its shape is made. */
static const char  pupil_audit_sql[] = "SELECT $1::bigint";

const char  pupil_audit_group_sql[] =
    "WITH a AS ("
    "INSERT INTO pupil.audit_record (tenant, request, actor, role,"
    " institution, network, shape, policy, outcome, subjects, note, at, writer,"
    " number, mac) SELECT $2, r.request,"
    " NULLIF(r.actor, '00000000-0000-0000-0000-000000000000'), r.role,"
    " CASE WHEN r.actor <> '00000000-0000-0000-0000-000000000000'"
    " THEN r.institution END, r.network::inet, r.shape, r.policy, r.outcome,"
    " r.subjects::uuid[], r.note, " PUPIL_SQL_AT("$13") ", $14,"
    " $15 + r.behind, r.mac"
    " FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $16, $17)"
    " AS r (request, actor, role, institution, network, shape, policy,"
    " outcome, subjects, note, behind, mac) RETURNING 1)"
    " SELECT $1::bigint, (SELECT count(*) FROM a)";

const char  pupil_audit_shape_sql[] =
    "INSERT INTO pupil.audit_shape (shape, accesses) VALUES ($1::bytea, $2)"
    " ON CONFLICT DO NOTHING";

const char  pupil_audit_policy_sql[] =
    "INSERT INTO pupil.policy (policy, document) VALUES ($1::bytea, $2)"
    " ON CONFLICT DO NOTHING";

const uint8_t  pupil_audit_group_params[PUPIL_AUDIT_GROUP_PARAMS] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID_ARRAY,
    PUPIL_PARAM_UUID_ARRAY, PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_UUID_ARRAY,
    PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
    PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_TEXT_ARRAY,
    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_INT8, PUPIL_PARAM_INT8,
    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_BYTEA_ARRAY
};

/* The hash is that of the text: t/unit/test_audit.c. */
const char     pupil_audit_nothing[] = "[]";
const uint8_t  pupil_audit_nothing_shape[PUPIL_HASH_LEN] = {
    0x4f, 0x53, 0xcd, 0xa1, 0x8c, 0x2b, 0xaa, 0x0c,
    0x03, 0x54, 0xbb, 0x5f, 0x9a, 0x3e, 0xcb, 0xe5,
    0xed, 0x12, 0xab, 0x4d, 0x8e, 0x11, 0xba, 0x87,
    0x3c, 0x2f, 0x11, 0x16, 0x12, 0x02, 0xb9, 0x45
};


const char *
pupil_outcome_name(pupil_outcome_t outcome)
{
    size_t  i = (size_t) outcome;

    return i < sizeof(pupil_outcomes) / sizeof(pupil_outcomes[0])
           ? pupil_outcomes[i] : "?";
}


void
pupil_network_truncate(const uint8_t *address, size_t len,
    char out[PUPIL_NETWORK_LEN])
{
    uint8_t  bytes[16];

    static const uint8_t  mapped[12] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
    };

    out[0] = '\0';

    if (len != 4 && len != 16) {
        return;
    }

    /* An IPv4 client of a socket that serves both families. */
    if (len == 16 && memcmp(address, mapped, sizeof(mapped)) == 0) {
        address += sizeof(mapped);
        len = 4;
    }

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, address, len == 4 ? 3 : 6);

    /* The longest, ffff:ffff:ffff::/48, has 19 bytes: it always fits. */
    if (inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, out,
                  PUPIL_NETWORK_LEN - 4) == NULL)
    {
        out[0] = '\0';
        return;
    }

    memcpy(out + strlen(out), len == 4 ? "/24" : "/48", 4);
}


pupil_rc_t
pupil_audit_template(const pupil_template_t *refused,
    const pupil_alloc_t *alloc, pupil_template_t **template)
{
    uint32_t           i, count;
    pupil_want_t      *wants;
    pupil_template_t  *t;

    *template = NULL;
    count = refused->wants_count;

    t = alloc->alloc(alloc->ctx, sizeof(*t));
    wants = alloc->alloc(alloc->ctx, (count + 1) * sizeof(pupil_want_t));
    if (t == NULL || wants == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (i = 0; i < count; i++) {
        wants[i] = refused->wants[i];
        wants[i].alias = NULL;
        wants[i].flags = PUPIL_WANT_ASKED;
    }

    memset(t, 0, sizeof(*t));
    t->name = refused->name;
    t->sql = pupil_audit_sql;
    t->fixed = 1;
    t->wants = wants;
    t->wants_count = count;

    *template = t;

    return PUPIL_OK;
}

/*
 * Copyright (C) the Pupil authors
 *
 * The audit of what operators do (invariant I19): role "operator", the
 * operating-system account and the ticket in the note, the purpose fixed by
 * the command.
 */

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "core/audit/audit.h"
#include "core/audit/record.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/record.h"


/* Of a SHA-256 as the literal of a bytea. */
#define HASH_SIZE  CTL_BYTEA_SIZE(crypto_hash_sha256_BYTES)


#define ROLE  "operator"

/* Of a number or a time in decimal digits. */
#define DIGITS_SIZE  24


/* Fails when the record is taken away without an error, as the gateway's do. */
static const char  record_sql[] =
    "WITH audit AS ("
    "INSERT INTO pupil.audit_record (tenant, request, role, shape, policy,"
    " outcome, subjects, note, at, writer, number, mac)"
    " SELECT $1::uuid, $2::uuid, '" ROLE "', $3::bytea, $4::bytea, $5,"
    " $6::uuid[], $7, " PUPIL_SQL_AT("$8::timestamptz") ", $9::bigint,"
    " $10::bigint, $11::bytea RETURNING 1)"
    " SELECT CASE WHEN (SELECT count(*) FROM audit) = 1 THEN 1"
    " ELSE pupil.not_recorded() END";


static void accesses_text(const ctl_access_t *access, ctl_buf_t *buf);
static void note_text(const ctl_t *ctl, const char *detail, ctl_buf_t *buf);
static uint64_t record_number(ctl_t *ctl);
static int record_insert(ctl_t *ctl, const pupil_audit_record_t *record);
static int register_shape(ctl_t *ctl, const char *shape,
    const char *accesses);
static int register_policy(ctl_t *ctl, const char *policy);


int
ctl_record(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const char *subjects, const char *detail)
{
    int                   rc;
    char                  shape[HASH_SIZE], policy[HASH_SIZE];
    uint8_t               sha256[crypto_hash_sha256_BYTES];
    ctl_buf_t             accesses, note;
    pupil_audit_record_t  record;

    ctl_buf_init(&accesses);
    ctl_buf_init(&note);

    accesses_text(access, &accesses);
    note_text(ctl, detail, &note);

    crypto_hash_sha256(sha256, (uint8_t *) accesses.data, accesses.len);

    memset(&record, 0, sizeof(record));
    record.tenant = ctl->tenant;
    pupil_uuid_random(&record.request);
    record.role = ctl_str(ROLE);
    record.shape.data = sha256;
    record.shape.len = sizeof(sha256);
    record.policy.data = ctl->policy_hash;
    record.policy.len = sizeof(ctl->policy_hash);
    record.outcome = ctl_str(outcome);
    record.subjects = ctl_str(subjects);
    record.note = ctl_str(note.data);

    ctl_bytea(sha256, sizeof(sha256), shape);
    ctl_bytea(ctl->policy_hash, sizeof(ctl->policy_hash), policy);

    rc = register_shape(ctl, shape, accesses.data);

    if (rc == 0) {
        rc = register_policy(ctl, policy);
    }

    if (rc == 0) {
        record.number = record_number(ctl);
        record.writer = ctl->writer;
        record.at = ctl_now();
        rc = record_insert(ctl, &record);
    }

    ctl_buf_free(&accesses);
    ctl_buf_free(&note);

    return rc;
}


/*
 * Each run is a writer, for each tenant another.  Nothing that the database
 * says numbers: it could have a number given twice, and one of the two removed.
 */
static uint64_t
record_number(ctl_t *ctl)
{
    if (pupil_uuid_compare(&ctl->writer_tenant, &ctl->tenant) != 0) {
        ctl->writer_tenant = ctl->tenant;
        randombytes_buf(&ctl->writer, sizeof(ctl->writer));
        ctl->writer >>= 1;                   /* a bigint, and not negative */
        memset(&ctl->written, 0, sizeof(ctl->written));
    }

    return ++ctl->written.last;
}


static int
record_insert(ctl_t *ctl, const pupil_audit_record_t *record)
{
    char                request[PUPIL_UUID_TEXT_LEN + 1];
    char                shape[HASH_SIZE], policy[HASH_SIZE];
    char                mac_text[CTL_BYTEA_SIZE(PUPIL_AUDIT_MAC_LEN)];
    char                at[PUPIL_TIME_TEXT_MAX + 1];
    char                writer[DIGITS_SIZE], number[DIGITS_SIZE];
    uint8_t             mac[PUPIL_AUDIT_MAC_LEN];
    const char         *params[11];
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    pupil_audit_mac(key, record, mac);
    pupil_stack_wipe();

    at[pupil_time_format(record->at, (uint8_t *) at)] = '\0';
    snprintf(writer, sizeof(writer), "%" PRIu64, record->writer);
    snprintf(number, sizeof(number), "%" PRIu64, record->number);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&record->request, request);
    params[2] = ctl_bytea(record->shape.data, record->shape.len, shape);
    params[3] = ctl_bytea(record->policy.data, record->policy.len, policy);
    params[4] = (const char *) record->outcome.data;
    params[5] = (const char *) record->subjects.data;
    params[6] = (const char *) record->note.data;
    params[7] = at;
    params[8] = writer;
    params[9] = number;
    params[10] = ctl_bytea(mac, sizeof(mac), mac_text);

    return ctl_exec(ctl->data, record_sql, 11, params);
}


/* [{"category","fields","purpose","relation","operation","about"}] */
static void
accesses_text(const ctl_access_t *access, ctl_buf_t *buf)
{
    size_t       len;
    const char  *p;

    ctl_buf_printf(buf, "[{\"category\":\"%s\",\"fields\":[",
                   access->category);

    for (p = access->fields; *p != '\0'; p += len) {
        if (*p == ' ') {
            p++;
        }

        len = strcspn(p, " ");
        ctl_buf_printf(buf, "%s\"%.*s\"", p == access->fields ? "" : ",",
                       (int) len, p);
    }

    ctl_buf_printf(buf, "],\"purpose\":\"%s\",\"relation\":\"system\","
                   "\"operation\":\"%s\",\"about\":\"%s\"}]",
                   pupil_purpose_name(access->purpose),
                   pupil_operation_name(access->operation), access->about);
}


/* A ticket is one line in the audit, whatever was typed. */
static void
note_text(const ctl_t *ctl, const char *detail, ctl_buf_t *buf)
{
    const char  *p;

    ctl_buf_printf(buf, "os=%s", ctl->account);

    if (ctl->opt.ticket != NULL) {
        ctl_buf_text(buf, " ticket=");

        for (p = ctl->opt.ticket; *p != '\0'; p++) {
            ctl_buf_add(buf, (unsigned char) *p < ' ' ? " " : p, 1);
        }
    }

    if (detail != NULL) {
        ctl_buf_printf(buf, " %s", detail);
    }
}


static int
register_shape(ctl_t *ctl, const char *shape, const char *accesses)
{
    const char  *params[PUPIL_AUDIT_STORE_PARAMS];

    params[0] = shape;
    params[1] = accesses;

    return ctl_exec(ctl->data, pupil_audit_shape_sql,
                    PUPIL_AUDIT_STORE_PARAMS, params);
}


static int
register_policy(ctl_t *ctl, const char *policy)
{
    const char  *params[PUPIL_AUDIT_STORE_PARAMS];

    params[0] = policy;
    params[1] = (const char *) ctl->policy_document.data;

    return ctl_exec(ctl->data, pupil_audit_policy_sql,
                    PUPIL_AUDIT_STORE_PARAMS, params);
}


int
ctl_record_one(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const pupil_uuid_t *subject, const char *detail)
{
    int        rc;
    ctl_buf_t  subjects;

    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    if (subject != NULL) {
        ctl_array_uuid(&subjects, subject);
    }

    ctl_array_end(&subjects);

    rc = ctl_record(ctl, access, outcome, subjects.data, detail);
    ctl_buf_free(&subjects);

    return rc;
}

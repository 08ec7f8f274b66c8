/*
 * Copyright (C) the Pupil authors
 *
 * The audit of what operators do (invariant I19): role "operator", the
 * operating-system account and the ticket in the note, the purpose fixed by
 * the command.
 */

#include <string.h>

#include "ctl/base/ctl.h"


/* [{"category","fields","purpose","relation","operation","about"}] */
static void
accesses_text(const ctl_access_t *access, ctl_buf_t *buf)
{
    size_t       len;
    const char  *p;

    ctl_buf_printf(buf, "[{\"category\":\"%s\",\"fields\":[",
                   access->category);
    for (p = access->fields; *p != '\0'; p += len) {
        p += *p == ' ';
        len = strcspn(p, " ");
        ctl_buf_printf(buf, "%s\"%.*s\"", p == access->fields ? "" : ",",
                       (int) len, p);
    }
    ctl_buf_printf(buf, "],\"purpose\":\"%s\",\"relation\":\"system\","
                   "\"operation\":\"%s\",\"about\":\"%s\"}]",
                   pupil_purpose_name(access->purpose),
                   pupil_operation_name(access->operation), access->about);
}


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
register_policy(ctl_t *ctl, const char *policy)
{
    const char  *params[2];

    params[0] = policy;
    params[1] = (const char *) ctl->policy_document.data;

    return ctl_exec(ctl->data, "INSERT INTO pupil.policy (policy, document)"
                    " VALUES ($1::bytea, $2) ON CONFLICT DO NOTHING", 2,
                    params);
}


static void
hash_text(const uint8_t hash[32], char out[67])
{
    memcpy(out, "\\x", 2);
    pupil_hex_encode(hash, 32, (uint8_t *) out + 2);
    out[66] = '\0';
}


int
ctl_record(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const char *subjects, const char *detail)
{
    int           rc = -1;
    char          policy[67], shape[67], request[PUPIL_UUID_TEXT_LEN + 1];
    uint8_t       hash[32];
    ctl_buf_t     accesses = { NULL, 0, 0 }, note = { NULL, 0, 0 };
    const char   *params[7];
    pupil_uuid_t  id;

    accesses_text(access, &accesses);
    note_text(ctl, detail, &note);
    ctl_sha256(accesses.data, accesses.len, hash);
    hash_text(hash, shape);
    hash_text(ctl->policy_hash, policy);
    pupil_uuid_random(&id);

    params[0] = shape;
    params[1] = accesses.data;
    if (ctl_exec(ctl->data, "INSERT INTO pupil.audit_shape (shape, accesses)"
                 " VALUES ($1::bytea, $2) ON CONFLICT DO NOTHING", 2, params)
        != 0 || register_policy(ctl, policy) != 0)
    {
        goto done;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&id, request);
    params[2] = shape;
    params[3] = policy;
    params[4] = outcome;
    params[5] = subjects;
    params[6] = note.data;

    rc = ctl_exec(ctl->data, "INSERT INTO pupil.audit_record (tenant, request,"
                  " role, shape, policy, outcome, subjects, note) VALUES"
                  " ($1::uuid, $2::uuid, 'operator', $3::bytea, $4::bytea, $5,"
                  " $6::uuid[], $7)", 7, params);

done:

    ctl_buf_free(&accesses);
    ctl_buf_free(&note);

    return rc;
}


int
ctl_record_one(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const pupil_uuid_t *subject, const char *detail)
{
    int        rc;
    ctl_buf_t  subjects = { NULL, 0, 0 };

    ctl_array_begin(&subjects);
    if (subject != NULL) {
        ctl_array_uuid(&subjects, subject);
    }
    ctl_array_end(&subjects);
    rc = ctl_record(ctl, access, outcome, subjects.data, detail);
    ctl_buf_free(&subjects);

    return rc;
}

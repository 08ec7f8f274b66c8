/*
 * Copyright (C) the Pupil authors
 *
 * Finding a person by what they log in with, and storing their password.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/ctl.h"


static const ctl_access_t  find_tampered = {
    "credential", "login_id", PUPIL_PURPOSE_ADMINISTRATION,
    PUPIL_OPERATION_READ, "subjects"
};


int
ctl_index_mac(ctl_t *ctl, const char *category, const char *field,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner,
    const pupil_uuid_t *record, uint8_t mac[PUPIL_MAC_LEN])
{
    const pupil_key_t  *key;
    pupil_index_row_t   row;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row.tenant = ctl->tenant;
    row.category = ctl_str(category);
    row.field = ctl_str(field);
    row.term.data = term;
    row.term.len = PUPIL_TERM_LEN;
    row.owner = *owner;
    row.record = *record;
    pupil_mac_index(key, &row, mac);

    return 0;
}


/* The blind term of a log-in name; 1, 0 when none can be, -1. */
static int
login_term(ctl_t *ctl, const char *login, uint8_t term[PUPIL_TERM_LEN])
{
    int32_t             field = -1;
    pupil_str_t         value, clear;
    pupil_fault_t       fault;
    pupil_category_t   *category;
    const pupil_key_t  *key;

    category = ctl_plugin_find(ctl, "credential");
    if (category != NULL) {
        field = pupil_category_field(category, ctl_str("login_id"));
    }
    if (field < 0) {
        return ctl_error("the plugin credential is not in %s",
                         ctl->opt.plugins);
    }

    key = ctl_key_index(ctl, "credential", "login_id");
    if (key == NULL) {
        return -1;
    }

    if (pupil_value_accept_text(category, (uint32_t) field, ctl_str(login),
                                &ctl->alloc, &clear, &fault) != PUPIL_OK
        || pupil_value_term(category, (uint32_t) field, clear, &ctl->alloc,
                            &value) != PUPIL_OK)
    {
        return 0;
    }
    pupil_blind_term(key, value, term);

    return 1;
}


int
ctl_subject_find(ctl_t *ctl, const char *login, pupil_uuid_t *subject)
{
    int           rc;
    char          hex[2 * PUPIL_TERM_LEN + 3];
    uint8_t       term[PUPIL_TERM_LEN], mac[PUPIL_MAC_LEN];
    uint8_t       stored[PUPIL_MAC_LEN];
    PGresult     *res;
    const char   *params[1];
    pupil_str_t   s = { stored, 0 };
    pupil_uuid_t  record;

    rc = login_term(ctl, login, term);
    if (rc <= 0) {
        return rc;
    }

    memcpy(hex, "\\x", 2);
    pupil_hex_encode(term, PUPIL_TERM_LEN, (uint8_t *) hex + 2);
    hex[sizeof(hex) - 1] = '\0';
    params[0] = hex;
    res = ctl_query(ctl->data, "SELECT owner, record, mac FROM"
                    " pupil.blind_index WHERE category = 'credential' AND"
                    " field = 'login_id' AND term = $1::bytea", 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res);
    if (rc == 1) {
        ctl_get_uuid(res, 0, 0, subject);
        ctl_get_uuid(res, 0, 1, &record);
        ctl_get_bytes(res, 0, 2, stored, sizeof(stored), &s.len);
        if (ctl_index_mac(ctl, "credential", "login_id", term, subject,
                          &record, mac) != 0)
        {
            rc = -1;
        } else if (pupil_mac_check(mac, s) != PUPIL_OK) {
            /* as if it were not there (I18), and said */
            rc = 0;
            if (ctl_record_one(ctl, &find_tampered, "tampered", subject,
                               "row=blind_index") != 0)
            {
                rc = -1;
            }
        }
    }
    PQclear(res);

    return rc;
}


int
ctl_subject_owner(ctl_t *ctl, const pupil_uuid_t *subject, ctl_owner_t *owner)
{
    char          text[PUPIL_UUID_TEXT_LEN + 1];
    uint32_t      version;
    PGresult     *res;
    const char   *params[1];
    ctl_owner_t  *list[1] = { owner };

    memset(owner, 0, sizeof(ctl_owner_t));
    owner->id = *subject;
    params[0] = ctl_uuid_text(subject, text);
    res = ctl_query(ctl->data, "SELECT state, key_version FROM pupil.owner"
                    " WHERE owner = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) != 1) {
        PQclear(res);
        return ctl_error("this person has no row in pupil.owner");
    }
    owner->state = pupil_owner_state(ctl_get_str(res, 0, 0));
    version = (uint32_t) ctl_get_int(res, 0, 1, 0);
    PQclear(res);

    if (owner->state != PUPIL_OWNER_STATE_ACTIVE) {
        return ctl_error("the data of this person is %s",
                         owner->state == PUPIL_OWNER_STATE_RESTRICTED
                         ? "restricted" : "erased");
    }

    if (ctl_owners_fetch(ctl, list, 1) != 0) {
        return -1;
    }

    if (owner->state != PUPIL_OWNER_STATE_ACTIVE || owner->version != version)
    {
        return ctl_error("data database and key store disagree about this"
                         " person's key");
    }

    return 0;
}


int
ctl_password_cost(ctl_t *ctl, pupil_password_cost_t *cost)
{
    char           *end;
    unsigned long   memory, passes;
    const char     *text = ctl->opt.password_hash;

    cost->memory = 19456;
    cost->iterations = 2;
    if (text == NULL) {
        return 0;
    }

    if (strncmp(text, "m=", 2) != 0) {
        goto invalid;
    }
    memory = strtoul(text + 2, &end, 10);
    if (strncmp(end, ",t=", 3) != 0) {
        goto invalid;
    }
    passes = strtoul(end + 3, &end, 10);
    if (*end != '\0' || memory < 19456 || memory > 1048576 || passes < 2
        || passes > 10)
    {
        goto invalid;
    }

    cost->memory = (uint32_t) memory;
    cost->iterations = (uint32_t) passes;

    return 0;

invalid:

    return ctl_error("--password-hash is m=KIB,t=PASSES, m from 19456 to"
                     " 1048576, t from 2 to 10");
}


/* In the caller's transaction, which also records it. */
int
ctl_password_store(ctl_t *ctl, const ctl_owner_t *owner, pupil_str_t password)
{
    int                    rc = -1;
    char                   hash[PUPIL_PASSWORD_HASH_LEN], version[16];
    char                   id[PUPIL_UUID_TEXT_LEN + 1];
    ctl_buf_t              buf = { NULL, 0, 0 };
    const char            *params[4];
    pupil_str_t            sealed;
    pupil_password_cost_t  cost;

    if (ctl_password_cost(ctl, &cost) != 0) {
        return -1;
    }

    if (pupil_password_hash(password, &cost, hash) != PUPIL_OK) {
        return ctl_error("the password cannot be hashed: out of memory");
    }

    if (ctl_seal(ctl, &ctl->pool, owner, "credential", "password_hash",
                 &owner->id, ctl_str(hash), &sealed) == 0)
    {
        ctl_array_begin(&buf);
        ctl_array_bytes(&buf, sealed.data, sealed.len);
        ctl_array_end(&buf);
        snprintf(version, sizeof(version), "%u", owner->version);
        params[0] = ctl->tenant_text;
        params[1] = ctl_uuid_text(&owner->id, id);
        params[2] = version;
        params[3] = buf.data;
        rc = ctl_exec(ctl->data, "INSERT INTO data.credential (tenant, owner,"
                      " record, key_version, source, password_hash) VALUES"
                      " ($1::uuid, $2::uuid, $2::uuid, $3::integer, 'operator',"
                      " ($4::bytea[])[1]) ON CONFLICT (tenant, owner, record)"
                      " DO UPDATE SET password_hash = EXCLUDED.password_hash,"
                      " key_version = EXCLUDED.key_version, updated_at ="
                      " now()", 4, params);
    }

    sodium_memzero(hash, sizeof(hash));
    ctl_buf_free(&buf);

    return rc;
}


int
ctl_sessions_end(ctl_t *ctl, const pupil_uuid_t *subject)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);

    return ctl_exec(ctl->data, "WITH gone AS (DELETE FROM pupil.session WHERE"
                    " tenant = $1::uuid AND subject = $2::uuid RETURNING"
                    " token_hash) SELECT pg_notify('pupil_session',"
                    " encode(token_hash, 'hex')) FROM gone", 2, params);
}

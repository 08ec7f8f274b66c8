/*
 * Copyright (C) the Pupil authors
 *
 * A person: found by what they log in with, their key, their sessions.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/plugin/fold.h"
#include "core/plugin/value.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/credential.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/subject.h"
#include "ctl/store/whom.h"


static int index_row(ctl_t *ctl, const PGresult *res,
    const uint8_t term[PUPIL_TERM_LEN], pupil_uuid_t *subject);
static int term_stored(ctl_t *ctl, const char *category, const char *field,
    const ctl_login_t *sought);
static int named(ctl_t *ctl, const uint8_t term[PUPIL_TERM_LEN],
    const pupil_uuid_t *subject);
static int name_read(ctl_t *ctl, const ctl_owner_t *owner, const char **name);
static int name_open(ctl_t *ctl, const ctl_owner_t *owner, const char *hex,
    const char **name);


static const ctl_access_t  find_tampered = {
    .category = "credential",
    .fields = "login_id",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};


int
ctl_subject_find(ctl_t *ctl, const char *login, pupil_uuid_t *subject)
{
    int             rc;
    char            before[CTL_BYTEA_SIZE(PUPIL_TERM_LEN)];
    char            today[CTL_BYTEA_SIZE(PUPIL_TERM_LEN)];
    PGresult       *res;
    const char     *params[2];
    ctl_login_t     sought;
    const uint8_t  *term;

    rc = ctl_subject_login(ctl, "login_id", login, &sought);
    if (rc <= 0) {
        return rc;
    }

    params[0] = ctl_bytea(sought.before, PUPIL_TERM_LEN, before);
    params[1] = ctl_bytea(sought.term, PUPIL_TERM_LEN, today);

    /* as a log-in finds it */
    res = ctl_query(ctl->data, "SELECT owner, record, mac, (term ="
                    " $1::bytea)::integer FROM pupil.blind_index WHERE"
                    " category = 'credential' AND field = 'login_id' AND term"
                    " IN ($1::bytea, $2::bytea) ORDER BY 4 DESC LIMIT 1", 2,
                    params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res);

    if (rc == 1) {
        term = ctl_get_int(res, 0, 3, 0) ? sought.before : sought.term;
        rc = index_row(ctl, res, term, subject);

        if (rc == 1) {
            rc = named(ctl, term, subject);
        }
    }

    PQclear(res);

    return rc;
}


/*
 * The name that is in force is the one that is sealed: a row of the index from
 * before it changed has a MAC that fits, too (invariant I18).  Of an account
 * that is closed, whose key opens nothing, the row is believed.
 */
static int
named(ctl_t *ctl, const uint8_t term[PUPIL_TERM_LEN],
    const pupil_uuid_t *subject)
{
    int           rc;
    const char   *name;
    ctl_login_t   is;
    ctl_owner_t   owner, *list[1];

    memset(&owner, 0, sizeof(ctl_owner_t));
    owner.id = *subject;
    list[0] = &owner;

    if (ctl_owners_fetch(ctl, list, 1) != 0) {
        return -1;
    }

    if (owner.state != PUPIL_OWNER_STATE_ACTIVE
        && owner.state != PUPIL_OWNER_STATE_RESTRICTED)
    {
        return 1;
    }

    name = NULL;
    rc = name_read(ctl, &owner, &name);

    if (rc == 1) {
        rc = ctl_subject_login(ctl, "login_id", name, &is);
    }

    if (rc < 0) {
        return -1;
    }

    if (rc == 1
        && (memcmp(is.before, term, PUPIL_TERM_LEN) == 0
            || memcmp(is.term, term, PUPIL_TERM_LEN) == 0))
    {
        return 1;
    }

    return ctl_record_one(ctl, &find_tampered, "tampered", subject,
                          "row=blind_index");
}


/* 1; 0: there is none. */
static int
name_read(ctl_t *ctl, const ctl_owner_t *owner, const char **name)
{
    int          rc;
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl_uuid_text(&owner->id, id);

    res = ctl_query(ctl->data, "SELECT login_id FROM data.credential WHERE"
                    " owner = $1::uuid AND record = $1::uuid AND login_id IS"
                    " NOT NULL", 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0
         ? 0 : name_open(ctl, owner, PQgetvalue(res, 0, 0), name);

    PQclear(res);

    return rc;
}


/* hex: of a bytea.  Ownership: *name lies in the command's pool. */
static int
name_open(ctl_t *ctl, const ctl_owner_t *owner, const char *hex,
    const char **name)
{
    size_t                 len, size;
    uint8_t               *sealed, *out;
    pupil_str_t            value;
    ctl_place_t            place;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    ctl_credential_place(owner, "login_id", &place);

    if (ctl_place_key(ctl, &place, 1, &where, &key) != 0) {
        return -1;
    }

    size = strlen(hex) / 2 + 1;
    sealed = ctl_pool_alloc(&ctl->pool, size);
    out = ctl_pool_alloc(&ctl->pool, size);

    if (pupil_hex_decode((const uint8_t *) hex + 2, strlen(hex) - 2, sealed,
                         size, &len) != PUPIL_OK
        || pupil_open(key, &where, sealed, len, out, &value) != PUPIL_OK)
    {
        return ctl_error("the log-in name of a person is not what was stored:"
                         " restore data.credential from a backup");
    }

    *name = ctl_pool_text(&ctl->pool, value.data, value.len);

    return 1;
}


int
ctl_subject_login(ctl_t *ctl, const char *field, const char *login,
    ctl_login_t *out)
{
    if (ctl_plugin_find(ctl, "credential") == NULL) {
        return ctl_error("the plugin credential is not in %s",
                         ctl->opt.plugins);
    }

    return ctl_subject_terms(ctl, "credential", field, login, out);
}


int
ctl_subject_linked(ctl_t *ctl, const char *name)
{
    int          rc;
    ctl_login_t  sought;

    rc = ctl_subject_login(ctl, "external_id", name, &sought);

    return rc <= 0 ? rc : term_stored(ctl, "credential", "external_id",
                                      &sought);
}


int
ctl_subject_address(ctl_t *ctl, const char *login)
{
    int          rc;
    ctl_login_t  sought;

    if (ctl_plugin_find(ctl, "contact") == NULL) {
        return 0;
    }

    rc = ctl_subject_terms(ctl, "contact", "email", login, &sought);

    return rc <= 0 ? rc : term_stored(ctl, "contact", "email", &sought);
}


static int
term_stored(ctl_t *ctl, const char *category, const char *field,
    const ctl_login_t *sought)
{
    int          rc;
    char         before[CTL_BYTEA_SIZE(PUPIL_TERM_LEN)];
    char         today[CTL_BYTEA_SIZE(PUPIL_TERM_LEN)];
    PGresult    *res;
    const char  *params[4];

    params[0] = ctl_bytea(sought->before, PUPIL_TERM_LEN, before);
    params[1] = ctl_bytea(sought->term, PUPIL_TERM_LEN, today);
    params[2] = category;
    params[3] = field;

    res = ctl_query(ctl->data, "SELECT FROM pupil.blind_index WHERE category ="
                    " $3 AND field = $4 AND term IN ($1::bytea, $2::bytea)"
                    " LIMIT 1", 4, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res);
    PQclear(res);

    return rc;
}


/* 1; 0 for what no such field can hold. */
int
ctl_subject_terms(ctl_t *ctl, const char *name, const char *field,
    const char *login, ctl_login_t *out)
{
    int32_t             f;
    pupil_str_t         before, value;
    pupil_fault_t       fault;
    pupil_category_t   *category;
    const pupil_key_t  *key;

    category = ctl_plugin_find(ctl, name);
    f = pupil_category_field(category, ctl_str(field));

    if (f < 0) {
        return ctl_error("the plugin %s has no field %s", name, field);
    }

    key = ctl_key_index(ctl, name, field);
    if (key == NULL) {
        return -1;
    }

    if (pupil_value_accept_text(category, (uint32_t) f, ctl_str(login),
                                &ctl->alloc, &out->clear, &fault) != PUPIL_OK
        || pupil_value_term_before(category, (uint32_t) f, out->clear,
                                   &ctl->alloc, &before) != PUPIL_OK
        || pupil_fold(before, &ctl->alloc, &value) != PUPIL_OK)
    {
        return 0;
    }

    pupil_blind_term(key, before, out->before);
    pupil_blind_term(key, value, out->term);

    return 1;
}


/* A row that is not authentic is as if it were not there (I18), and said. */
static int
index_row(ctl_t *ctl, const PGresult *res, const uint8_t term[PUPIL_TERM_LEN],
    pupil_uuid_t *subject)
{
    int           rc;
    uint8_t       made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t   mac;
    pupil_uuid_t  record;

    mac.data = stored;

    if (ctl_get_uuid(res, 0, 0, subject) != 0
        || ctl_get_uuid(res, 0, 1, &record) != 0)
    {
        return ctl_error("a row of pupil.blind_index is malformed");
    }

    ctl_get_bytes(res, 0, 2, stored, sizeof(stored), &mac.len);

    rc = ctl_index_mac(ctl, "credential", "login_id", term, subject, &record,
                       made);
    if (rc != 0) {
        return -1;
    }

    if (pupil_mac_check(made, mac) == PUPIL_OK) {
        return 1;
    }

    return ctl_record_one(ctl, &find_tampered, "tampered", subject,
                          "row=blind_index");
}


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


int
ctl_subject_owner(ctl_t *ctl, const pupil_uuid_t *subject, ctl_owner_t *owner)
{
    char          text[PUPIL_UUID_TEXT_LEN + 1];
    uint32_t      version;
    PGresult     *res;
    const char   *params[1];
    ctl_owner_t  *list[1];

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
        return ctl_error("the data of this person is in the state %s",
                         ctl_state_name(owner->state));
    }

    list[0] = owner;

    if (ctl_owners_fetch(ctl, list, 1) != 0) {
        return -1;
    }

    /* a restored key store may be older than the data */
    if (owner->state != PUPIL_OWNER_STATE_ACTIVE || owner->version != version)
    {
        return ctl_error("data database and key store disagree about this"
                         " person's key");
    }

    return 0;
}


int
ctl_subject_mac(ctl_t *ctl, const pupil_uuid_t *subject, const char *source,
    const char *status, uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    const pupil_key_t    *key;
    pupil_subject_row_t   row;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row.tenant = ctl->tenant;
    row.subject = *subject;
    row.status = ctl_str(status);
    row.source = ctl_str(source);
    row.number = number;
    pupil_mac_subject(key, &row, mac);

    return 0;
}


int
ctl_subject_add(ctl_t *ctl, const pupil_uuid_t *subject, const char *source,
    const char *status)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    char         text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t      mac[PUPIL_MAC_LEN];
    const char  *params[5];

    if (ctl_subject_mac(ctl, subject, source, status, 0, mac) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);
    params[2] = status;
    params[3] = source;
    params[4] = ctl_bytea(mac, pupil_mac_len(mac), text);

    if (ctl_exec(ctl->data, "INSERT INTO pupil.owner (tenant, owner, kind)"
                 " VALUES ($1::uuid, $2::uuid, 'subject')", 2, params) != 0)
    {
        return -1;
    }

    return ctl_exec(ctl->data, "INSERT INTO pupil.subject (tenant, subject,"
                    " status, source, mac) VALUES ($1::uuid, $2::uuid, $3,"
                    " $4, $5::bytea)", 5, params);
}


int
ctl_subject_status(ctl_t *ctl, const pupil_uuid_t *subject,
    const char *source, const char *status, uint32_t number)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    char         text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t      mac[PUPIL_MAC_LEN];
    const char  *params[4];

    if (ctl_subject_mac(ctl, subject, source, status, number, mac) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);
    params[2] = status;
    params[3] = ctl_bytea(mac, pupil_mac_len(mac), text);

    return ctl_exec(ctl->data, "UPDATE pupil.subject SET status = $3, mac ="
                    " $4::bytea WHERE tenant = $1::uuid AND subject ="
                    " $2::uuid", 4, params);
}


/* More than a hash is more than a NOTIFY takes, and no session of ours. */
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
                    " encode(token_hash, 'hex')) FROM gone WHERE"
                    " octet_length(token_hash) = 32", 2, params);
}

/*
 * Copyright (C) the Pupil authors
 *
 * An account of who signed up.  The row's id is the person's: whoever puts a
 * row back meets the account, its key that was destroyed, or its floors, which
 * the rows that are written here are below (invariant I18).  The end of the
 * trial is counted from when the address was confirmed, which is under the
 * row's MAC: no row from before makes a later one.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/login/password.h"
#include "core/plugin/value.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/people/account.h"
#include "ctl/people/role.h"
#include "ctl/people/sign_up.h"
#include "ctl/people/trial.h"
#include "ctl/people/user.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"
#include "ctl/store/turn.h"
#include "ctl/store/zone.h"


#define ROWS  "100"             /* of a run */

/* What is to be stored. */
typedef struct {
    ctl_sign_up_t     sign_up;
    ctl_owner_t       owner;
    ctl_login_t       login, email;
    pupil_str_t       given_name, family_name;
    pupil_role_row_t  role;
} account_t;


static int account_each(ctl_t *ctl, const PGresult *res, int row);
static int account_take(ctl_t *ctl, account_t *account);
static int account_judge(ctl_t *ctl, account_t *account, const char **why);
static int account_values(ctl_t *ctl, account_t *account, const char **why);
static int value_accept(ctl_t *ctl, const char *category, const char *field,
    pupil_str_t said, pupil_str_t *clear);
static int account_there(ctl_t *ctl, ctl_owner_t *owner);
static int account_refuse(ctl_t *ctl, const account_t *account,
    const char *why);
static int account_record(ctl_t *ctl, const account_t *account);
static int account_make(ctl_t *ctl, account_t *account);
static int account_write(ctl_t *ctl, const account_t *account);
static int row_delete(ctl_t *ctl, const pupil_uuid_t *subject);
static int columns_read(const PGresult *res, ctl_pool_t *pool,
    pupil_sign_up_row_t *row, pupil_str_t *mac);


static const ctl_access_t  contact_access = {
    .category = "contact",
    .fields = "email",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const ctl_access_t  identity_access = {
    .category = "identity",
    .fields = "given_name family_name",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const ctl_access_t  credential_access = {
    .category = "credential",
    .fields = "login_id password_hash",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const char  row_sql[] =
    "SELECT subject, institution, trial, language,"
    " (extract(epoch FROM asked_at) * 1000000)::bigint,"
    " (extract(epoch FROM confirmed_at) * 1000000)::bigint, sealed, mac"
    " FROM pupil.sign_up WHERE tenant = $1::uuid AND subject = $2::uuid";

enum {
    ROW_SUBJECT = 0,
    ROW_INSTITUTION,
    ROW_TRIAL,
    ROW_LANGUAGE,
    ROW_ASKED_AT,               /* microseconds */
    ROW_CONFIRMED_AT,           /* the same, or NULL */
    ROW_SEALED,
    ROW_MAC
};


int
ctl_sign_ups_make(ctl_t *ctl)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    return ctl_turn_rows(ctl, ctl_ask(ctl, ctl->data, "SELECT subject FROM"
                         " pupil.sign_up WHERE tenant = $1::uuid AND"
                         " confirmed_at IS NOT NULL ORDER BY confirmed_at"
                         " LIMIT " ROWS, 1, params), account_each);
}


static int
account_each(ctl_t *ctl, const PGresult *res, int row)
{
    int        rc;
    account_t  account;

    memset(&account, 0, sizeof(account_t));

    rc = ctl_get_uuid(res, row, 0, &account.owner.id) == 0
         ? account_take(ctl, &account) : -1;

    ctl_sign_up_wipe(&account.sign_up);

    return rc;
}


static int
account_take(ctl_t *ctl, account_t *account)
{
    int          rc;
    const char  *why;

    why = NULL;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    rc = ctl_sign_up_read(ctl, &ctl->pool, &account->owner.id,
                          &account->sign_up, &why);

    if (rc == 0 && why == NULL) {
        return -1;              /* it has gone, in spite of the turn */
    }

    if (rc < 0 || (rc == 1 && account_judge(ctl, account, &why) != 0)) {
        return -1;
    }

    if (why != NULL) {
        return account_refuse(ctl, account, why);
    }

    return account_record(ctl, account) == 0
           && account_make(ctl, account) == 0
           ? ctl_commit(ctl->data) : -1;
}


/* *why: no account is made of it. */
static int
account_judge(ctl_t *ctl, account_t *account, const char **why)
{
    int                         taken, there;
    char                       *address;
    const pupil_sign_up_row_t  *row;

    row = &account->sign_up.row;
    *why = "refused";

    if (row->confirmed_at == PUPIL_TIME_NONE
        || row->confirmed_at - row->asked_at
           > PUPIL_SIGN_UP_LIFETIME * PUPIL_TIME_SECOND)
    {
        return 0;
    }

    account->role.subject = row->subject;
    account->role.institution = row->institution;
    account->role.role = ctl_str("teacher");
    account->role.source = ctl_str(CTL_SIGN_UP_SOURCE);

    if (ctl_zone_day(ctl, row->confirmed_at, &account->role.valid_from) != 0) {
        return -1;
    }

    account->role.valid_to = account->role.valid_from + (int32_t) row->trial;

    if (account->role.valid_to < ctl->today) {
        return 0;
    }

    if (account_values(ctl, account, why) != 0) {
        return -1;
    }

    address = ctl_pool_text(&ctl->pool, account->sign_up.said.email.data,
                            account->sign_up.said.email.len);
    taken = ctl_account_named(ctl, address);
    there = taken == 0 ? account_there(ctl, &account->owner) : 0;
    sodium_memzero(address, strlen(address));

    if (taken < 0 || there < 0
        || ctl_role_institution(ctl, &account->role) != 0)
    {
        return -1;
    }

    if (taken == 0 && there == 0 && account->email.clear.len != 0) {
        *why = NULL;
    }

    return 0;
}


/* As the plugins take them; email.clear is empty where one does not. */
static int
account_values(ctl_t *ctl, account_t *account, const char **why)
{
    char                   *address;
    const pupil_sign_up_t  *said;

    said = &account->sign_up.said;

    if (ctl_plugin_find(ctl, "contact") == NULL
        || ctl_plugin_find(ctl, "identity") == NULL)
    {
        return ctl_error("who signs up needs the plugins contact and"
                         " identity, which are not in %s", ctl->opt.plugins);
    }

    if (!value_accept(ctl, "identity", "given_name", said->given_name,
                      &account->given_name)
        || (said->family_name.len != 0
            && !value_accept(ctl, "identity", "family_name",
                             said->family_name, &account->family_name)))
    {
        *why = "refused";
        return 0;
    }

    address = ctl_pool_text(&ctl->pool, said->email.data, said->email.len);

    if (ctl_subject_terms(ctl, "credential", "login_id", address,
                          &account->login) < 0
        || ctl_subject_terms(ctl, "contact", "email", address,
                             &account->email) < 0)
    {
        return -1;
    }

    if (account->login.clear.len == 0) {
        account->email.clear.len = 0;
    }

    return 0;
}


static int
value_accept(ctl_t *ctl, const char *category, const char *field,
    pupil_str_t said, pupil_str_t *clear)
{
    int32_t            f;
    pupil_fault_t      fault;
    pupil_category_t  *of;

    of = ctl_plugin_find(ctl, category);
    f = pupil_category_field(of, ctl_str(field));

    return f < 0
           || pupil_value_accept_text(of, (uint32_t) f, said, &ctl->alloc,
                                      clear, &fault) == PUPIL_OK;
}


/* Whether there is somebody of this id, or was, by either database. */
static int
account_there(ctl_t *ctl, ctl_owner_t *owner)
{
    int           there;
    char          text[PUPIL_UUID_TEXT_LEN + 1];
    PGresult     *res;
    const char   *params[2];
    ctl_owner_t  *owners[1];

    owners[0] = owner;
    owner->state = PUPIL_OWNER_STATE_ACTIVE;

    if (ctl_owners_fetch(ctl, owners, 1) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&owner->id, text);

    res = ctl_query(ctl->data, "SELECT FROM pupil.owner WHERE tenant ="
                    " $1::uuid AND owner = $2::uuid", 2, params);
    if (res == NULL) {
        return -1;
    }

    there = PQntuples(res) != 0 || owner->state != PUPIL_OWNER_STATE_ACTIVE;
    PQclear(res);

    return there;
}


/* On record, and it goes. */
static int
account_refuse(ctl_t *ctl, const account_t *account, const char *why)
{
    return ctl_record_one(ctl, &contact_access, why, NULL, "row=sign_up") == 0
           && row_delete(ctl, &account->owner.id) == 0
           ? ctl_commit(ctl->data) : -1;
}


/*
 * Committed before anything is signed, and whoever keeps what was signed has it
 * on record (invariant I19).
 */
static int
account_record(ctl_t *ctl, const account_t *account)
{
    size_t                i;
    static const char     note[] = "user=sign-up";
    const ctl_access_t   *all[] = { &contact_access, &identity_access,
                                    &credential_access };

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (ctl_record_one(ctl, all[i], "allowed", &account->owner.id, note)
            != 0)
        {
            return -1;
        }
    }

    return ctl_role_record(ctl, &account->role, note) == 0
           && ctl_commit(ctl->data) == 0
           ? ctl_begin(ctl->data, &ctl->tenant) : -1;
}


static int
account_make(ctl_t *ctl, account_t *account)
{
    ctl_owner_t          *owner;
    ctl_account_value_t   email = { "email", account->email.clear };
    ctl_account_value_t   names[] = {
        { "given_name", account->given_name },
        { "family_name", account->family_name }
    };

    owner = &account->owner;

    /* whoever was killed has left one that nothing is sealed under */
    if (owner->wrapped_len == 0 && ctl_owners_make(ctl, &owner, 1) != 0) {
        return -1;
    }

    return ctl_subject_add(ctl, &owner->id, CTL_SIGN_UP_SOURCE, "active") == 0
           && ctl_account_values(ctl, owner, "contact", CTL_SIGN_UP_SOURCE,
                                 &email, 1) == 0
           && ctl_account_values(ctl, owner, "identity", CTL_SIGN_UP_SOURCE,
                                 names, 2) == 0
           && account_write(ctl, account) == 0
           && ctl_user_index(ctl, "credential", "login_id",
                             account->login.term, &owner->id) == 0
           && ctl_user_index(ctl, "contact", "email", account->email.term,
                             &owner->id) == 0
           && ctl_role_write(ctl, &account->role, 0) == 0
           && ctl_trial_add(ctl, &owner->id, account->role.valid_to,
                            account->sign_up.row.language) == 0
           ? row_delete(ctl, &owner->id) : -1;
}


/* The log-in name, which is the address, and the password. */
static int
account_write(ctl_t *ctl, const account_t *account)
{
    int                      rc;
    char                     stored[PUPIL_PASSWORD_STORED_LEN];
    ctl_account_value_t      values[2];
    pupil_password_stored_t  password = { .number = 0 };

    password.hash = account->sign_up.said.hash;

    values[0].field = "login_id";
    values[0].clear = account->login.clear;
    values[1].field = "password_hash";
    values[1].clear.data = (uint8_t *) stored;
    values[1].clear.len = pupil_password_write(&password, stored);

    rc = ctl_account_values(ctl, &account->owner, "credential",
                            CTL_SIGN_UP_SOURCE, values, 2);
    sodium_memzero(stored, sizeof(stored));

    return rc;
}


static int
row_delete(ctl_t *ctl, const pupil_uuid_t *subject)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);

    return ctl_exec(ctl->data, "DELETE FROM pupil.sign_up WHERE tenant ="
                    " $1::uuid AND subject = $2::uuid", 2, params);
}


int
ctl_sign_up_read(ctl_t *ctl, ctl_pool_t *pool, const pupil_uuid_t *subject,
    ctl_sign_up_t *sign_up, const char **why)
{
    int                 rc;
    char                id[PUPIL_UUID_TEXT_LEN + 1];
    uint8_t             made[PUPIL_MAC_LEN];
    PGresult           *res;
    const char         *params[2];
    const pupil_key_t  *token, *key;

    token = ctl_key(ctl, "token");
    key = ctl_key(ctl, "mac");

    if (token == NULL || key == NULL) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(subject, id);

    res = ctl_query(ctl->data, row_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res);

    if (rc == 1 && columns_read(res, pool, &sign_up->row, &sign_up->mac) != 0)
    {
        *why = "tampered";
        rc = 0;
    }

    PQclear(res);

    if (rc == 0) {
        return 0;
    }

    sign_up->row.tenant = ctl->tenant;
    pupil_mac_sign_up(key, &sign_up->row, made);
    sign_up->room = ctl_pool_alloc(pool, PUPIL_SIGN_UP_SEALED);

    if (pupil_mac_check(made, sign_up->mac) == PUPIL_OK
        && pupil_sign_up_open(token, &ctl->tenant, subject,
                              sign_up->row.sealed, sign_up->room,
                              &sign_up->said) == PUPIL_OK)
    {
        return 1;
    }

    *why = "tampered";

    return 0;
}


static int
columns_read(const PGresult *res, ctl_pool_t *pool, pupil_sign_up_row_t *row,
    pupil_str_t *mac)
{
    uint8_t  *sealed, *stored;

    sealed = ctl_pool_alloc(pool, PUPIL_SIGN_UP_SEALED);
    stored = ctl_pool_alloc(pool, PUPIL_MAC_LEN);

    row->trial = (uint32_t) ctl_get_int(res, 0, ROW_TRIAL, 0);
    row->language = ctl_str(ctl_pool_text(pool,
        PQgetvalue(res, 0, ROW_LANGUAGE),
        strlen(PQgetvalue(res, 0, ROW_LANGUAGE))));
    row->asked_at = strtoll(PQgetvalue(res, 0, ROW_ASKED_AT), NULL, 10);
    row->confirmed_at = PQgetisnull(res, 0, ROW_CONFIRMED_AT)
        ? PUPIL_TIME_NONE
        : strtoll(PQgetvalue(res, 0, ROW_CONFIRMED_AT), NULL, 10);
    row->sealed.data = sealed;
    mac->data = stored;

    return ctl_get_uuid(res, 0, ROW_SUBJECT, &row->subject) == 0
           && ctl_get_uuid(res, 0, ROW_INSTITUTION, &row->institution) == 0
           && ctl_get_bytes(res, 0, ROW_SEALED, sealed, PUPIL_SIGN_UP_SEALED,
                            &row->sealed.len) == 0
           && ctl_get_bytes(res, 0, ROW_MAC, stored, PUPIL_MAC_LEN, &mac->len)
              == 0
           ? 0 : -1;
}


void
ctl_sign_up_wipe(ctl_sign_up_t *sign_up)
{
    if (sign_up->room != NULL) {
        sodium_memzero(sign_up->room, PUPIL_SIGN_UP_SEALED);
    }
}


/* By this database's clock; what is of this day is judged by its MAC. */
int
ctl_sign_ups_forget(ctl_t *ctl)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    return ctl_write(ctl, ctl->data, "DELETE FROM pupil.sign_up WHERE tenant ="
                     " $1::uuid AND asked_at < now() - CASE WHEN confirmed_at"
                     " IS NULL THEN interval '1 day' ELSE interval '4 days'"
                     " END", 1, params);
}

/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user add: an account with a role and a log-in name, for somebody
 * whom no roster has.  A password is the next command.
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/people/add.h"
#include "ctl/people/role.h"
#include "ctl/people/user.h"
#include "ctl/store/credential.h"
#include "ctl/store/facts.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"


#define SOURCE  "operator"

/* What is to be stored. */
typedef struct {
    ctl_owner_t       owner;
    ctl_login_t       login;
    pupil_role_row_t  role;
} account_t;


static int account_check(ctl_t *ctl, account_t *account);
static int account_record(ctl_t *ctl, const account_t *account);
static int account_make(ctl_t *ctl, account_t *account);
static int credential_add(ctl_t *ctl, account_t *account);
static int credential_write(ctl_t *ctl, const account_t *account,
    pupil_str_t sealed, pupil_str_t facts);


static const ctl_access_t  login_access = {
    .category = "credential",
    .fields = "login_id",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_user_add(ctl_t *ctl)
{
    char       id[PUPIL_UUID_TEXT_LEN + 1];
    account_t  account;

    memset(&account, 0, sizeof(account_t));

    if (ctl_role_words(ctl, &account.role) != 0) {
        return CTL_USAGE;
    }

    pupil_uuid_random(&account.owner.id);
    account.role.subject = account.owner.id;

    if (ctl_user_write(ctl) != 0 || account_check(ctl, &account) != 0
        || account_record(ctl, &account) != 0
        || account_make(ctl, &account) != 0 || ctl_commit(ctl->data) != 0)
    {
        return CTL_FAILED;
    }

    ctl_uuid_text(&account.owner.id, id);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "id", id));
    } else {
        printf("%s\n", id);
    }

    return CTL_DONE;
}


/* Before a key is made, which nobody takes back. */
static int
account_check(ctl_t *ctl, account_t *account)
{
    int           rc;
    const char   *login;
    pupil_uuid_t  other;

    login = ctl->args[0];

    if (ctl_granted(ctl, "credential", "login_id",
                    PUPIL_PURPOSE_ADMINISTRATION, PUPIL_OPERATION_WRITE, NULL)
        < 0)
    {
        return ctl_error("no plugin grants credential.login_id to"
                         " administration through system");
    }

    rc = ctl_subject_login(ctl, "login_id", login, &account->login);

    if (rc == 0 || (rc == 1 && account->login.clear.len == 0)) {
        return ctl_error("this is no log-in name: at most 200 bytes, without"
                         " blanks and control characters");
    }

    if (rc < 0) {
        return -1;
    }

    rc = ctl_subject_find(ctl, login, &other);

    if (rc == 0) {
        rc = ctl_subject_linked(ctl, login);
    }

    if (rc == 1) {
        return ctl_error("somebody logs in with this name already");
    }

    /* a log-in asks for a name first: it would be the other's no more */
    if (rc == 0) {
        rc = ctl_subject_address(ctl, login);
    }

    if (rc == 1) {
        return ctl_error("this is somebody's e-mail address, by which they"
                         " log in");
    }

    return rc == 0 ? ctl_role_institution(ctl, &account->role) : -1;
}


/*
 * Committed before anything is signed, and whoever keeps what was signed has it
 * on record (invariant I19).
 */
static int
account_record(ctl_t *ctl, const account_t *account)
{
    const pupil_uuid_t  *id;

    id = &account->owner.id;

    if (ctl_record_one(ctl, &login_access, "allowed", id, "user=add") != 0
        || ctl_role_record(ctl, &account->role, "user=add") != 0
        || ctl_commit(ctl->data) != 0)
    {
        return -1;
    }

    return ctl_begin(ctl->data, &ctl->tenant);
}


static int
account_make(ctl_t *ctl, account_t *account)
{
    ctl_owner_t  *owners[1];

    owners[0] = &account->owner;

    if (ctl_owners_make(ctl, owners, 1) != 0
        || ctl_subject_add(ctl, &account->owner.id, SOURCE, "active") != 0
        || credential_add(ctl, account) != 0
        || ctl_user_index(ctl, "login_id", account->login.term,
                          &account->owner.id)
           != 0)
    {
        return -1;
    }

    return ctl_role_write(ctl, &account->role, 0);
}


static int
credential_add(ctl_t *ctl, account_t *account)
{
    ctl_place_t         place;
    pupil_str_t         sealed, facts;
    pupil_category_t   *category;
    pupil_bound_row_t  *bound;

    ctl_credential_place(&account->owner, "login_id", &place);

    if (ctl_seal(ctl, &ctl->pool, &place, account->login.clear, &sealed)
        != 0)
    {
        return -1;
    }

    memset(&facts, 0, sizeof(pupil_str_t));
    category = ctl_plugin_find(ctl, "credential");

    if (category->bound) {
        bound = ctl_pool_alloc(&ctl->pool, sizeof(pupil_bound_row_t));
        memset(bound, 0, sizeof(pupil_bound_row_t));
        ctl_bound_set(category, "login_id", sealed, bound);

        if (ctl_facts_make(ctl, &ctl->pool, category, &account->owner,
                           &account->owner.id, bound, &facts) != 0)
        {
            return -1;
        }
    }

    return credential_write(ctl, account, sealed, facts);
}


/* facts: without data where the plugin binds nothing. */
static int
credential_write(ctl_t *ctl, const account_t *account, pupil_str_t sealed,
    pupil_str_t facts)
{
    int          bound;
    char        *text;
    char         id[PUPIL_UUID_TEXT_LEN + 1], version[16];
    ctl_buf_t    sql;
    const char  *params[5];

    bound = facts.data != NULL;

    text = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(sealed.len));
    snprintf(version, sizeof(version), "%u", account->owner.version);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&account->owner.id, id);
    params[2] = version;
    params[3] = ctl_bytea(sealed.data, sealed.len, text);

    if (bound) {
        text = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(facts.len));
        params[4] = ctl_bytea(facts.data, facts.len, text);
    }

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "INSERT INTO data.credential (tenant, owner, record,"
                   " key_version, source, login_id%s) VALUES ($1::uuid,"
                   " $2::uuid, $2::uuid, $3::integer, '" SOURCE "',"
                   " $4::bytea%s)", bound ? ", facts" : "",
                   bound ? ", $5::bytea" : "");

    bound = ctl_exec(ctl->data, sql.data, 4 + bound, params);
    ctl_buf_free(&sql);

    return bound;
}

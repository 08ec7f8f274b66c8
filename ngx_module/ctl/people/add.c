/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user add: an account with a role and a log-in name, for somebody
 * whom no roster has.  A password is the next command.
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/people/account.h"
#include "ctl/people/add.h"
#include "ctl/people/role.h"
#include "ctl/people/user.h"
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
    int          rc;
    const char  *login;

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

    rc = ctl_account_named(ctl, login);

    if (rc == 1) {
        return ctl_error("somebody logs in with this name already, or with"
                         " this e-mail address");
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
    ctl_owner_t          *owners[1];
    ctl_account_value_t   login = { "login_id", account->login.clear };

    owners[0] = &account->owner;

    if (ctl_owners_make(ctl, owners, 1) != 0
        || ctl_subject_add(ctl, &account->owner.id, SOURCE, "active") != 0
        || ctl_account_values(ctl, &account->owner, "credential", SOURCE,
                              &login, 1) != 0
        || ctl_user_index(ctl, "credential", "login_id", account->login.term,
                          &account->owner.id)
           != 0)
    {
        return -1;
    }

    ctl_role_today(ctl, &account->role);

    return ctl_role_write(ctl, &account->role, 0);
}

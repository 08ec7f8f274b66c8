/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user token: with which somebody enrols a second factor, so that
 * nobody does who knows the password alone.  A factor that is there stays until
 * another takes its place: a token that is not used takes nothing away.
 * pupilctl user factor remove: that does, with the sessions, for good: the
 * credential goes under a new number, to which the floor rises (I18).
 */

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "core/login/factor.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/people/token.h"
#include "ctl/people/user.h"
#include "ctl/store/credential.h"
#include "ctl/store/facts.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/notice.h"
#include "ctl/store/numbers.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"


#define TOKEN_SECONDS  86400    /* it counts */


static int factor_empty(ctl_t *ctl, ctl_owner_t *owner);
static int password_renumber(ctl_t *ctl, ctl_owner_t *owner, uint32_t number);
static int credential_open(ctl_t *ctl, ctl_owner_t *owner, const char *name,
    pupil_str_t *text);
static int token_store(ctl_t *ctl, ctl_owner_t *owner, const char *code);
static int token_stored(ctl_t *ctl, ctl_owner_t *owner,
    pupil_factor_t *factor);
static int token_seal(ctl_t *ctl, ctl_owner_t *owner,
    const pupil_factor_t *factor);


static const ctl_access_t  token_access = {
    .category = "credential",
    .fields = "second_factor",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const ctl_access_t  remove_access = {
    .category = "credential",
    .fields = "password_hash second_factor",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_user_token(ctl_t *ctl)
{
    int          rc;
    char         code[PUPIL_PASSWORD_CODE_LEN];
    ctl_owner_t  owner;

    if (ctl_user_write(ctl) != 0
        || ctl_user_credential(ctl, &token_access, "second_factor",
                               "second_factor=token", &owner) != 0)
    {
        return CTL_FAILED;
    }

    pupil_password_code(code);

    rc = token_store(ctl, &owner, code);

    if (rc == 0) {
        rc = ctl_commit(ctl->data);
    }

    if (rc == 0) {
        puts(code);
    }

    sodium_memzero(code, sizeof(code));

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


int
ctl_cmd_user_factor_remove(ctl_t *ctl)
{
    ctl_owner_t     owner;
    pupil_floors_t  to = { 0 };

    if (ctl_user_write(ctl) != 0
        || ctl_user_credential(ctl, &remove_access, "second_factor",
                               "second_factor=remove", &owner) != 0
        || ctl_revoke_begin(ctl, &owner.id) != 0
        || ctl_number_take(ctl, &owner.id, CTL_FLOOR_SESSION, &to) != 0
        || ctl_number_take(ctl, &owner.id, CTL_FLOOR_CREDENTIAL, &to) != 0
        || factor_empty(ctl, &owner) != 0
        || password_renumber(ctl, &owner, to.credential) != 0
        || ctl_notice(ctl, &owner.id, PUPIL_NOTICE_FACTOR_CHANGED) != 0)
    {
        return CTL_FAILED;
    }

    return ctl_credential_end(ctl, &owner.id, &to) == 0 ? CTL_DONE
                                                        : CTL_FAILED;
}


/* Codes of recovery and a token go with it. */
static int
factor_empty(ctl_t *ctl, ctl_owner_t *owner)
{
    int             there;
    pupil_factor_t  factor;

    if (token_stored(ctl, owner, &factor) != 0) {
        return -1;
    }

    there = factor.enrolled || factor.until != 0;

    pupil_factor_wipe(&factor);
    memset(&factor, 0, sizeof(factor));

    return there ? token_seal(ctl, owner, &factor)
                 : ctl_error("there is no second factor to remove");
}


/* The same password: what is put back from before is of a number below. */
static int
password_renumber(ctl_t *ctl, ctl_owner_t *owner, uint32_t number)
{
    int                      rc;
    pupil_str_t              text;
    pupil_password_stored_t  password;

    if (credential_open(ctl, owner, "password_hash", &text) != 0
        || pupil_password_read(text, &password) != PUPIL_OK)
    {
        return ctl_error("the password that is stored cannot be read");
    }

    password.number = number;

    rc = ctl_password_write(ctl, owner, &password);
    sodium_memzero((uint8_t *) text.data, text.len);

    return rc;
}


static int
token_store(ctl_t *ctl, ctl_owner_t *owner, const char *code)
{
    int                 rc;
    pupil_factor_t      factor;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "token");

    if (key == NULL || token_stored(ctl, owner, &factor) != 0) {
        return -1;
    }

    if (ctl_number_token(ctl, &owner->id, &factor.number) != 0) {
        pupil_factor_wipe(&factor);
        return -1;
    }

    factor.until = (int64_t) time(NULL) + TOKEN_SECONDS;

    rc = pupil_factor_hash(key, "token", &owner->id, ctl_str(code),
                           factor.token) == PUPIL_OK
         ? token_seal(ctl, owner, &factor) : -1;

    pupil_factor_wipe(&factor);

    return rc;
}


static int
token_stored(ctl_t *ctl, ctl_owner_t *owner, pupil_factor_t *factor)
{
    pupil_str_t  text;

    if (credential_open(ctl, owner, "second_factor", &text) != 0
        || pupil_factor_read(&ctl->alloc, text, factor) != PUPIL_OK)
    {
        return ctl_error("the second factor that is stored cannot be read");
    }

    return 0;
}


/* Its row is locked, so that no code is used meanwhile.  Empty: not there. */
static int
credential_open(ctl_t *ctl, ctl_owner_t *owner, const char *name,
    pupil_str_t *text)
{
    int32_t             field;
    ctl_owner_t        *owners[1];
    ctl_place_t         place;
    pupil_category_t   *category;
    pupil_bound_row_t  *bound;

    ctl_credential_place(owner, name, &place);

    category = ctl_plugin_find(ctl, place.category);
    field = pupil_category_field(category, ctl_str(name));
    owners[0] = owner;

    bound = ctl_pool_alloc(&ctl->pool, sizeof(pupil_bound_row_t));
    memset(bound, 0, sizeof(pupil_bound_row_t));

    if (ctl_bound_stored(ctl, &ctl->pool, category, owners, 1, bound) != 0) {
        return -1;
    }

    memset(text, 0, sizeof(pupil_str_t));

    return bound->cells[field].len == 0
           ? 0 : ctl_open(ctl, &ctl->pool, &place, bound->cells[field], text);
}


static int
token_seal(ctl_t *ctl, ctl_owner_t *owner, const pupil_factor_t *factor)
{
    int          rc;
    pupil_str_t  text;

    if (pupil_factor_write(&ctl->alloc, factor, &text) != PUPIL_OK) {
        return ctl_error("out of memory");
    }

    rc = ctl_credential_put(ctl, owner, "second_factor", text);
    sodium_memzero((uint8_t *) text.data, text.len);

    return rc;
}

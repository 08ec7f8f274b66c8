/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user link: the name that a national log-in knows somebody by, beside
 * the one that they have for a password, so that both ways end in one account.
 * It counts with the row that has their password, whose number says whether it
 * is of now; so unlink, which ends what came of it, writes that anew under the
 * number that the floor rises to.
 */

#include <sodium.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/people/link.h"
#include "ctl/people/user.h"
#include "ctl/store/credential.h"
#include "ctl/store/facts.h"
#include "ctl/store/floors.h"
#include "ctl/store/numbers.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"
#include "ctl/store/told.h"


/* A credential as it is stored. */
typedef struct {
    ctl_owner_t              owner;
    int                      linked;
    int                      current;       /* its password counts */
    pupil_password_stored_t  password;
    pupil_str_t              text;          /* of it, to be wiped */
} credential_t;


static int credential_read(ctl_t *ctl, credential_t *credential);
static int password_read(ctl_t *ctl, credential_t *credential,
    pupil_str_t sealed);
static int name_check(ctl_t *ctl, ctl_login_t *name);
static int name_add(ctl_t *ctl, credential_t *credential,
    const ctl_login_t *name);
static int name_end(ctl_t *ctl, credential_t *credential);


static const ctl_access_t  link_access = {
    .category = "credential",
    .fields = "external_id",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_user_link(ctl_t *ctl)
{
    int           rc;
    ctl_login_t   name;
    credential_t  credential;

    memset(&credential, 0, sizeof(credential_t));

    /* what is signed is on record before (invariant I19) */
    if (ctl_user_write(ctl) != 0 || name_check(ctl, &name) != 0
        || ctl_user_credential(ctl, &link_access, "external_id", "user=link",
                               &credential.owner) != 0
        || ctl_commit(ctl->data) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return CTL_FAILED;
    }

    rc = credential_read(ctl, &credential);

    if (rc == 0 && credential.linked) {
        rc = ctl_error("this account has a second name already: pupilctl user"
                       " unlink takes it away");
    }

    if (rc == 0 && !credential.current) {
        rc = ctl_error("this account has no password that counts: an account"
                       " that has none has its one name changed");
    }

    if (rc == 0) {
        rc = name_add(ctl, &credential, &name);
    }

    if (rc == 0) {
        rc = ctl_told_name(ctl, &credential.owner.id);
    }

    if (rc == 0) {
        rc = ctl_commit(ctl->data);
    }

    sodium_memzero((uint8_t *) credential.text.data, credential.text.len);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


int
ctl_cmd_user_unlink(ctl_t *ctl)
{
    int             rc;
    credential_t    credential;
    pupil_floors_t  to = { 0 };

    memset(&credential, 0, sizeof(credential_t));

    if (ctl_user_write(ctl) != 0
        || ctl_user_credential(ctl, &link_access, "external_id",
                               "user=unlink", &credential.owner) != 0
        || ctl_revoke_begin(ctl, &credential.owner.id) != 0)
    {
        return CTL_FAILED;
    }

    rc = credential_read(ctl, &credential);

    if (rc == 0 && !credential.linked) {
        rc = ctl_error("this account has no second name");
    }

    if (rc == 0) {
        rc = ctl_number_take(ctl, &credential.owner.id, CTL_FLOOR_SESSION,
                             &to);
    }

    if (rc == 0) {
        rc = ctl_number_take(ctl, &credential.owner.id, CTL_FLOOR_CREDENTIAL,
                             &to);
    }

    if (rc == 0 && credential.current) {
        credential.password.number = to.credential;
        rc = ctl_password_write(ctl, &credential.owner, &credential.password);
    }

    sodium_memzero((uint8_t *) credential.text.data, credential.text.len);

    return rc == 0 && name_end(ctl, &credential) == 0
           && ctl_told_name(ctl, &credential.owner.id) == 0
           && ctl_credential_end(ctl, &credential.owner.id, &to) == 0
           ? CTL_DONE : CTL_FAILED;
}


/* Locked, and checked: what somebody changed is not signed anew. */
static int
credential_read(ctl_t *ctl, credential_t *credential)
{
    ctl_owner_t         *owners[1];
    pupil_category_t    *category;
    pupil_bound_row_t   *bound;

    category = ctl_plugin_find(ctl, "credential");
    owners[0] = &credential->owner;
    bound = ctl_pool_alloc(&ctl->pool, sizeof(pupil_bound_row_t));

    if (ctl_bound_stored(ctl, &ctl->pool, category, owners, 1, bound) != 0) {
        return -1;
    }

    credential->linked =
        bound->cells[pupil_category_field(category, ctl_str("external_id"))]
            .data != NULL;

    return password_read(ctl, credential,
        bound->cells[pupil_category_field(category,
                                          ctl_str("password_hash"))]);
}


static int
password_read(ctl_t *ctl, credential_t *credential, pupil_str_t sealed)
{
    ctl_place_t     place;
    pupil_floors_t  floors;

    if (sealed.data == NULL) {
        return 0;
    }

    ctl_credential_place(&credential->owner, "password_hash", &place);

    if (ctl_open(ctl, &ctl->pool, &place, sealed, &credential->text) != 0
        || ctl_floors_read(ctl, &credential->owner.id, &floors) != 0)
    {
        return -1;
    }

    if (pupil_password_read(credential->text, &credential->password)
        != PUPIL_OK)
    {
        return ctl_error("the password that is stored cannot be read");
    }

    credential->current = credential->password.number >= floors.credential;

    return 0;
}


/* Nobody else may log in with it, by either of their names. */
static int
name_check(ctl_t *ctl, ctl_login_t *name)
{
    int           rc;
    pupil_uuid_t  other;

    rc = ctl_subject_login(ctl, "external_id", ctl->args[1], name);

    if (rc == 0 || (rc == 1 && name->clear.len == 0)) {
        return ctl_error("this is no log-in name: at most 200 bytes, without"
                         " blanks and control characters");
    }

    if (rc == 1) {
        rc = ctl_subject_find(ctl, ctl->args[1], &other);
    }

    if (rc == 0) {
        rc = ctl_subject_linked(ctl, ctl->args[1]);
    }

    return rc == 1 ? ctl_error("somebody logs in with this name already") : rc;
}


static int
name_add(ctl_t *ctl, credential_t *credential, const ctl_login_t *name)
{
    return ctl_credential_put(ctl, &credential->owner, "external_id",
                              name->clear) == 0
           ? ctl_user_index(ctl, "credential", "external_id", name->term,
                            &credential->owner.id)
           : -1;
}


static int
name_end(ctl_t *ctl, credential_t *credential)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[2];
    pupil_str_t  none;

    memset(&none, 0, sizeof(pupil_str_t));

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&credential->owner.id, id);

    if (ctl_exec(ctl->data, "DELETE FROM pupil.blind_index WHERE tenant ="
                 " $1::uuid AND category = 'credential' AND field ="
                 " 'external_id' AND owner = $2::uuid", 2, params) != 0)
    {
        return -1;
    }

    return ctl_credential_write(ctl, &credential->owner, "external_id", none);
}

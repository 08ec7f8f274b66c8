/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user token: with which somebody enrols a second factor, so that
 * nobody does who knows the password alone.  A factor that is there stays until
 * another takes its place: a token that is not used takes nothing away.
 */

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "core/login/factor.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/people/token.h"
#include "ctl/people/user.h"
#include "ctl/store/facts.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"


#define TOKEN_SECONDS  86400    /* it counts */


static int token_store(ctl_t *ctl, const ctl_place_t *place,
    ctl_owner_t *owner, const char *code);
static int token_stored(ctl_t *ctl, const ctl_place_t *place,
    ctl_owner_t *owner, pupil_factor_t *factor);
static int token_seal(ctl_t *ctl, const ctl_place_t *place,
    ctl_owner_t *owner, const pupil_factor_t *factor);


static const ctl_access_t  token_access = {
    .category = "credential",
    .fields = "second_factor",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_user_token(ctl_t *ctl)
{
    int           rc;
    char          code[PUPIL_PASSWORD_CODE_LEN];
    ctl_owner_t   owner;
    ctl_place_t   place;
    pupil_uuid_t  subject;

    if (ctl_user_write(ctl) != 0) {
        return CTL_FAILED;
    }

    if (ctl_granted(ctl, "credential", "second_factor",
                    PUPIL_PURPOSE_ADMINISTRATION, PUPIL_OPERATION_WRITE, NULL)
        < 0)
    {
        ctl_error("no plugin grants credential.second_factor to"
                  " administration through system");
        return CTL_FAILED;
    }

    if (ctl_user_find(ctl, &token_access, &subject) != 0
        || ctl_subject_owner(ctl, &subject, &owner) != 0
        || ctl_record_one(ctl, &token_access, "allowed", &subject,
                          "second_factor=token") != 0)
    {
        return CTL_FAILED;
    }

    place.owner = &owner;
    place.category = "credential";
    place.field = "second_factor";
    place.record = &owner.id;

    pupil_password_code(code);

    rc = token_store(ctl, &place, &owner, code);

    if (rc == 0) {
        rc = ctl_commit(ctl->data);
    }

    if (rc == 0) {
        puts(code);
    }

    sodium_memzero(code, sizeof(code));

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


static int
token_store(ctl_t *ctl, const ctl_place_t *place, ctl_owner_t *owner,
    const char *code)
{
    int                 rc;
    pupil_factor_t      factor;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "token");

    if (key == NULL || token_stored(ctl, place, owner, &factor) != 0) {
        return -1;
    }

    factor.until = (int64_t) time(NULL) + TOKEN_SECONDS;

    rc = pupil_factor_hash(key, "token", &owner->id, ctl_str(code),
                           factor.token) == PUPIL_OK
         ? token_seal(ctl, place, owner, &factor) : -1;

    pupil_factor_wipe(&factor);

    return rc;
}


/* Its row is locked, so that no code is used meanwhile. */
static int
token_stored(ctl_t *ctl, const ctl_place_t *place, ctl_owner_t *owner,
    pupil_factor_t *factor)
{
    int32_t             field;
    ctl_owner_t        *owners[1];
    pupil_str_t         text;
    pupil_category_t   *category;
    pupil_bound_row_t  *bound;

    category = ctl_plugin_find(ctl, place->category);
    field = pupil_category_field(category, ctl_str(place->field));
    owners[0] = owner;

    bound = ctl_pool_alloc(&ctl->pool, sizeof(pupil_bound_row_t));
    memset(bound, 0, sizeof(pupil_bound_row_t));

    if (ctl_bound_stored(ctl, &ctl->pool, category, owners, 1, bound) != 0) {
        return -1;
    }

    memset(&text, 0, sizeof(pupil_str_t));

    if ((bound->cells[field].len != 0
         && ctl_open(ctl, &ctl->pool, place, bound->cells[field], &text) != 0)
        || pupil_factor_read(&ctl->alloc, text, factor) != PUPIL_OK)
    {
        return ctl_error("the second factor that is stored cannot be read");
    }

    return 0;
}


static int
token_seal(ctl_t *ctl, const ctl_place_t *place, ctl_owner_t *owner,
    const pupil_factor_t *factor)
{
    int          rc;
    pupil_str_t  text, sealed;

    if (pupil_factor_write(&ctl->alloc, factor, &text) != PUPIL_OK) {
        return ctl_error("out of memory");
    }

    rc = ctl_seal(ctl, &ctl->pool, place, text, &sealed);
    sodium_memzero((uint8_t *) text.data, text.len);

    return rc == 0 ? ctl_credential_write(ctl, owner, place->field, sealed)
                   : -1;
}

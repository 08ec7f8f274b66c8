/*
 * Copyright (C) the Pupil authors
 *
 * The state of an owner, in both databases: the stricter is in force, so that
 * whoever is killed between the two leaves a restriction, and the same command
 * again finishes.  The key store tells all workers; which purposes are left
 * says pupil_restriction_opens().
 */

#include "ctl/base/db.h"
#include "ctl/lifecycle/restrict.h"
#include "ctl/store/hold.h"
#include "ctl/store/whom.h"


typedef struct {
    pupil_owner_state_t  state;
    const char          *detail;        /* for the record */
} change_t;


static int state_change(ctl_t *ctl, const change_t *change);
static int state_refuse(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change);
static int state_write(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change);
static int keys_write(ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change);
static void state_print(const ctl_t *ctl, const ctl_whom_t *whom,
    const change_t *change);


static const ctl_access_t  restrict_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const change_t  change_restrict = {
    .state = PUPIL_OWNER_STATE_RESTRICTED,
    .detail = "state=restricted"
};

static const change_t  change_unrestrict = {
    .state = PUPIL_OWNER_STATE_ACTIVE,
    .detail = "state=active"
};


int
ctl_cmd_subject_restrict(ctl_t *ctl)
{
    return state_change(ctl, &change_restrict);
}


int
ctl_restrict_person(ctl_t *ctl, ctl_whom_t *whom)
{
    return ctl_whom_find(ctl, &restrict_access, whom) == 0
           && state_refuse(ctl, whom, &change_restrict) == 0
           ? state_write(ctl, whom, &change_restrict) : -1;
}


int
ctl_cmd_subject_unrestrict(ctl_t *ctl)
{
    return state_change(ctl, &change_unrestrict);
}


static int
state_change(ctl_t *ctl, const change_t *change)
{
    ctl_whom_t  whom;

    if (ctl_whom_words(ctl, &whom) != 0) {
        return CTL_USAGE;
    }

    if (ctl_whom_find(ctl, &restrict_access, &whom) != 0
        || state_refuse(ctl, &whom, change) != 0
        || state_write(ctl, &whom, change) != 0)
    {
        return CTL_FAILED;
    }

    state_print(ctl, &whom, change);

    return CTL_DONE;
}


static int
state_refuse(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change)
{
    if (ctl_whom_state(whom) != PUPIL_OWNER_STATE_ERASED) {
        return 0;
    }

    (void) ctl_whom_refuse(ctl, &restrict_access, whom, change->detail);

    return ctl_error("this person was erased");
}


/*
 * The data first: a restriction without a record would be the worse.  Whose
 * account is closed stays so; the key store knows what they are behind that.
 */
static int
state_write(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = whom->text;
    params[2] = ctl_state_name(change->state);

    if (ctl_exec(ctl->data, "UPDATE pupil.owner SET state = $3 WHERE tenant ="
                 " $1::uuid AND owner = $2::uuid AND state NOT IN ('erased',"
                 " 'recovery', $3)", 3, params) != 0
        || ctl_record_one(ctl, &restrict_access, "allowed", &whom->id,
                          change->detail) != 0
        || ctl_commit(ctl->data) != 0)
    {
        return -1;
    }

    if (keys_write(ctl, whom, change) != 0) {
        ctl_rollback(ctl->keys);
        return ctl_error("the key store was not changed, and the stricter of"
                         " the two is in force: run this again");
    }

    return change->state == PUPIL_OWNER_STATE_RESTRICTED ? ctl_hold_settle(ctl)
                                                         : 0;
}


static int
keys_write(ctl_t *ctl, const ctl_whom_t *whom, const change_t *change)
{
    const char  *params[2];

    params[0] = whom->text;
    params[1] = change->state == PUPIL_OWNER_STATE_RESTRICTED ? "t" : "f";

    return ctl_write(ctl, ctl->keys, "SELECT keystore.restrict($1::uuid,"
                     " $2::boolean)", 2, params);
}


static void
state_print(const ctl_t *ctl, const ctl_whom_t *whom, const change_t *change)
{
    int          changed;
    const char  *before, *state;

    before = ctl_state_name(ctl_whom_state(whom));
    state = ctl_state_name(change->state);
    changed = whom->data != change->state || whom->keys != change->state;

    if (ctl_whom_state(whom) == PUPIL_OWNER_STATE_RECOVERY) {
        ctl_note("this account is closed: %s once it is opened again", state);
        state = before;
        changed = 0;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:s,s:b}", "id", whom->text,
                                 "before", before, "state", state,
                                 "changed", changed));
    } else {
        printf("%s %s%s%s\n", whom->text, state, changed ? ", was " : "",
               changed ? before : "");
    }
}

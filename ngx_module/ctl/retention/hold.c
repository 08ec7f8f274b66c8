/*
 * Copyright (C) the Pupil authors
 *
 * The record is committed first, as a hold that nobody can account for would be
 * the worse; and while it is, nobody changes the hold.
 */

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/retention/hold.h"
#include "ctl/retention/period.h"
#include "ctl/store/hold.h"
#include "ctl/store/whom.h"


static int hold_find(ctl_t *ctl, ctl_whom_t *whom, const char *detail);
static int hold_change(ctl_t *ctl, const ctl_whom_t *whom,
    const char *reference, const char *detail);
static int hold_commit(ctl_t *ctl, const pupil_uuid_t *subject,
    const char *detail);


static const ctl_access_t  hold_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_subject_hold(ctl_t *ctl)
{
    ctl_whom_t   whom;
    const char  *reference;

    reference = ctl->opt.reference;

    if (ctl_whom_words(ctl, &whom) != 0) {
        return CTL_USAGE;
    }

    if (ctl_reference_given(ctl) != 0) {
        return CTL_USAGE;
    }

    if (hold_find(ctl, &whom, "hold=held") != 0
        || hold_change(ctl, &whom, reference, "hold=held") != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s}", "id", whom.text, "hold",
                                 reference));
    } else {
        printf("%s held: %s\n", whom.text, reference);
    }

    return CTL_DONE;
}


int
ctl_cmd_subject_release(ctl_t *ctl)
{
    ctl_whom_t   whom;
    const char  *before;

    if (ctl_whom_words(ctl, &whom) != 0) {
        return CTL_USAGE;
    }

    if (hold_find(ctl, &whom, "hold=released") != 0
        || ctl_hold_read(ctl, whom.text, &before) != 0
        || hold_change(ctl, &whom, NULL, "hold=released") != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s?}", "id", whom.text, "before",
                                 before));
    } else if (before != NULL) {
        printf("%s released, was held: %s\n", whom.text, before);
    } else {
        printf("%s is not held\n", whom.text);
    }

    return CTL_DONE;
}


static int
hold_find(ctl_t *ctl, ctl_whom_t *whom, const char *detail)
{
    if (ctl_whom_find(ctl, &hold_access, whom) != 0) {
        return -1;
    }

    if (ctl_whom_state(whom) != PUPIL_OWNER_STATE_ERASED) {
        return 0;
    }

    (void) ctl_whom_refuse(ctl, &hold_access, whom, detail);

    return ctl_error("this person was erased");
}


static int
hold_change(ctl_t *ctl, const ctl_whom_t *whom, const char *reference,
    const char *detail)
{
    if (ctl_hold_write(ctl, whom->text, reference) != 0
        || hold_commit(ctl, &whom->id, detail) != 0)
    {
        return -1;
    }

    return reference != NULL ? ctl_hold_settle(ctl) : 0;
}


/* Both transactions are open. */
static int
hold_commit(ctl_t *ctl, const pupil_uuid_t *subject, const char *detail)
{
    if (ctl_record_one(ctl, &hold_access, "allowed", subject, detail) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        ctl_rollback(ctl->keys);
        return -1;
    }

    return ctl_commit(ctl->keys) == 0 ? 0
           : ctl_error("the key store was not changed: run this again");
}


int
ctl_hold_end(ctl_t *ctl, const char *subject, int days)
{
    int           rc;
    pupil_uuid_t  id;

    if (ctl_uuid_parse(subject, &id) != 0) {
        return -1;
    }

    rc = ctl_hold_expire(ctl, subject, days);
    if (rc != 1) {
        return rc;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return hold_commit(ctl, &id, "hold=over") == 0 ? 1 : -1;
}

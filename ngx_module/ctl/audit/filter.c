/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/audit/audit.h"
#include "core/base/time.h"
#include "ctl/audit/filter.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


static int time_check(const char *text, const char *option);
static int name_check(const char *text);
static int outcome_check(const char *text);


static const ctl_access_t  audit_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};


int
audit_filter(const ctl_t *ctl, const char *params[FILTER_PARAMS])
{
    const ctl_options_t  *opt;

    opt = &ctl->opt;

    if (ctl_id_check(opt->subject, "--subject") != 0
        || ctl_id_check(opt->actor, "--actor") != 0
        || name_check(opt->category) != 0 || outcome_check(opt->outcome) != 0
        || time_check(opt->since, "--since") != 0
        || time_check(opt->until, "--until") != 0)
    {
        return -1;
    }

    params[0] = opt->subject;
    params[1] = opt->actor;
    params[2] = opt->category;
    params[3] = opt->outcome;
    params[4] = opt->since;
    params[5] = opt->until;

    return 0;
}


static int
time_check(const char *text, const char *option)
{
    pupil_time_t  time;

    if (text != NULL
        && pupil_time_parse((const uint8_t *) text, strlen(text), &time)
           != PUPIL_OK)
    {
        return ctl_error("%s is a time such as 2026-11-21T08:00:00Z", option);
    }

    return 0;
}


/* One that is not loaded any more may be on record. */
static int
name_check(const char *text)
{
    static const char  letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    if (text != NULL
        && (text[0] == '\0' || strspn(text, letters) != strlen(text)))
    {
        return ctl_error("--category is the name of one");
    }

    return 0;
}


static int
outcome_check(const char *text)
{
    pupil_outcome_t  outcome;

    if (text == NULL) {
        return 0;
    }

    for (outcome = 0; outcome <= PUPIL_OUTCOME_CONFLICT; outcome++) {
        if (strcmp(text, pupil_outcome_name(outcome)) == 0) {
            return 0;
        }
    }

    return ctl_error("--outcome is allowed, not_granted, not_found, refused,"
                     " throttled, tampered, restricted or conflict");
}


int
audit_filter_open(ctl_t *ctl, int *ended)
{
    const char  *when, *place;

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_keys_ended(ctl, &when) != 0
        || ctl_keys_moved(ctl, &place) != 0)
    {
        return -1;
    }

    *ended = when != NULL;

    if (!*ended) {
        return ctl_plugins_open(ctl) == 0 ? ctl_keys_open(ctl) : -1;
    }

    if (place != NULL) {
        ctl_note("the tenant was moved to %s, and its log here has ended: that"
                 " this is read here is not on record", place);
    } else {
        ctl_note("the tenant ended at %s, and its keys with it: that this is"
                 " read is not on record", when);
    }

    return 0;
}


int
audit_filter_record(ctl_t *ctl, const char *detail, int ended)
{
    pupil_uuid_t  subject;

    if (ended) {
        return 0;
    }

    if (ctl->opt.subject == NULL) {
        return ctl_record_one(ctl, &audit_access, "allowed", NULL, detail);
    }

    ctl_uuid_parse(ctl->opt.subject, &subject);

    return ctl_record_one(ctl, &audit_access, "allowed", &subject, detail);
}

/*
 * Copyright (C) the Pupil authors
 *
 * What is written, and its record, are one transaction, in which nobody else
 * writes the register.
 */

#include <string.h>

#include "core/base/time.h"
#include "ctl/base/db.h"
#include "ctl/recipient/entry.h"
#include "ctl/recipient/recipient.h"
#include "ctl/recipient/register.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"


#define REFERENCE_MAX  200      /* characters */

typedef enum {
    STEP_INSTRUCT = 0,
    STEP_WITHDRAW,
    STEP_END
} step_t;


static int entry_add(ctl_t *ctl, const json_t *all, const json_t *entry);
static int application_taken(const json_t *all, const json_t *entry);
static int names_share(const json_t *a, const json_t *b, const char **name);
static int added_print(const ctl_t *ctl, const json_t *entry, int number,
    int fresh);
static int step_take(ctl_t *ctl, step_t step);
static int step_words(ctl_t *ctl, char date[PUPIL_DATE_TEXT_LEN + 1]);
static int step_do(ctl_t *ctl, step_t step, const json_t *entry,
    const char *date);
static int step_may(step_t step, const json_t *entry);
static int step_is(step_t step, const json_t *entry, const char *reference,
    const char *date);
static int step_print(const ctl_t *ctl, step_t step, const json_t *entry,
    const char *date);


static const char *const  done[] = {
    [STEP_INSTRUCT] = "instructed",
    [STEP_WITHDRAW] = "withdrawn",
    [STEP_END] = "ended"
};


int
ctl_cmd_recipient_add(ctl_t *ctl)
{
    int      rc;
    json_t  *entry, *all;

    entry = ctl_recipient_entry(ctl);
    if (entry == NULL) {
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_recipient_whole(ctl, entry) != 0
        || ctl_keys_tenant(ctl) != 0)
    {
        json_decref(entry);
        return CTL_FAILED;
    }

    if (ctl_recipient_day(ctl->opt.evidence_date, "evidence-date", ctl->today)
        != 0)
    {
        json_decref(entry);
        return CTL_USAGE;
    }

    rc = CTL_FAILED;

    if (ctl_register_begin(ctl, &all) == 0) {
        rc = entry_add(ctl, all, entry);
        json_decref(all);
    }

    json_decref(entry);

    return rc;
}


/* In the transaction, which it ends. */
static int
entry_add(ctl_t *ctl, const json_t *all, const json_t *entry)
{
    int            number;
    const json_t  *was;

    was = ctl_register_find(all, ctl->args[0]);
    number = (int) json_integer_value(json_object_get(was, "number"));

    if (was != NULL && strcmp(ctl_register_state(was), done[STEP_END]) != 0) {
        ctl_rollback(ctl->data);

        if (ctl_register_same(was, entry)) {
            return added_print(ctl, entry, number, 0);
        }

        (void) ctl_error("%s is there, and says something else: end it first",
                         ctl->args[0]);

        return CTL_FAILED;
    }

    if (application_taken(all, entry)
        || ctl_register_add(ctl, entry, number + 1) != 0)
    {
        ctl_rollback(ctl->data);
        return CTL_FAILED;
    }

    return ctl_commit(ctl->data) == 0
           ? added_print(ctl, entry, number + 1, 1) : CTL_FAILED;
}


/* Or what it was told would be counted twice. */
static int
application_taken(const json_t *all, const json_t *entry)
{
    size_t       i;
    json_t      *other;
    const char  *name;

    json_array_foreach(all, i, other) {
        if (strcmp(ctl_register_state(other), done[STEP_END]) != 0
            && names_share(json_object_get(other, "applications"),
                           json_object_get(entry, "applications"), &name))
        {
            (void) ctl_error("the application %s is %s's", name,
                             ctl_register_text(other, "recipient"));
            return 1;
        }
    }

    return 0;
}


static int
names_share(const json_t *a, const json_t *b, const char **name)
{
    size_t   i, k;
    json_t  *left, *right;

    json_array_foreach(a, i, left) {
        json_array_foreach(b, k, right) {
            if (json_equal(left, right)) {
                *name = json_string_value(left);
                return 1;
            }
        }
    }

    return 0;
}


static int
added_print(const ctl_t *ctl, const json_t *entry, int number, int fresh)
{
    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:O,s:i,s:b}", "recipient",
                                 json_object_get(entry, "recipient"),
                                 "number", number, "added", fresh));
    } else {
        printf("%s %d %s\n", ctl->args[0], number,
               fresh ? "added, by no instruction yet"
                     : "is there as it is said");
    }

    return CTL_DONE;
}


int
ctl_cmd_recipient_instruct(ctl_t *ctl)
{
    return step_take(ctl, STEP_INSTRUCT);
}


int
ctl_cmd_recipient_withdraw(ctl_t *ctl)
{
    return step_take(ctl, STEP_WITHDRAW);
}


int
ctl_cmd_recipient_end(ctl_t *ctl)
{
    return step_take(ctl, STEP_END);
}


static int
step_take(ctl_t *ctl, step_t step)
{
    int            rc;
    char           date[PUPIL_DATE_TEXT_LEN + 1];
    json_t        *all;
    const json_t  *entry;

    if (ctl_reference_given(ctl) != 0
        || ctl_recipient_line(ctl->opt.reference, "reference", REFERENCE_MAX)
           != 0
        || ctl_recipient_name_check(ctl->args[0]) != 0)
    {
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    if (step_words(ctl, date) != 0) {
        return CTL_USAGE;
    }

    if (ctl_register_begin(ctl, &all) != 0) {
        return CTL_FAILED;
    }

    entry = ctl_register_find(all, ctl->args[0]);

    if (entry == NULL) {
        (void) ctl_error("%s is not in the register", ctl->args[0]);
        ctl_rollback(ctl->data);
        rc = CTL_FAILED;

    } else {
        rc = step_do(ctl, step, entry, date);
    }

    json_decref(all);

    return rc;
}


/* The day of the decision: that of today, unless it is said. */
static int
step_words(ctl_t *ctl, char date[PUPIL_DATE_TEXT_LEN + 1])
{
    if (ctl->opt.date != NULL) {
        if (ctl_recipient_day(ctl->opt.date, "date", ctl->today) != 0) {
            return -1;
        }

        memcpy(date, ctl->opt.date, PUPIL_DATE_TEXT_LEN);

    } else {
        (void) pupil_date_format(ctl->today, (uint8_t *) date);
    }

    date[PUPIL_DATE_TEXT_LEN] = '\0';

    return 0;
}


/* In the transaction, which it ends. */
static int
step_do(ctl_t *ctl, step_t step, const json_t *entry, const char *date)
{
    const char  *reference;

    reference = ctl->opt.reference;

    if (step_is(step, entry, reference, date)) {
        ctl_rollback(ctl->data);
        return step_print(ctl, step, entry, date);
    }

    if (step_may(step, entry) != 0
        || ctl_register_step(ctl, entry, done[step], reference, date) != 0)
    {
        ctl_rollback(ctl->data);
        return CTL_FAILED;
    }

    return ctl_commit(ctl->data) == 0 ? step_print(ctl, step, entry, date)
                                      : CTL_FAILED;
}


/* It is the last step already. */
static int
step_is(step_t step, const json_t *entry, const char *reference,
    const char *date)
{
    const json_t  *steps, *last;

    steps = json_object_get(entry, "steps");

    if (json_array_size(steps) == 0) {
        return 0;
    }

    last = json_array_get(steps, json_array_size(steps) - 1);

    return strcmp(ctl_register_text(last, "what"), done[step]) == 0
           && strcmp(ctl_register_text(last, "reference"), reference) == 0
           && strcmp(ctl_register_text(last, "date"), date) == 0;
}


static int
step_may(step_t step, const json_t *entry)
{
    const char  *name, *state;

    name = ctl_register_text(entry, "recipient");
    state = ctl_register_state(entry);

    if (strcmp(state, done[STEP_END]) == 0) {
        return ctl_error("%s has ended: add it again", name);
    }

    if (step == STEP_WITHDRAW && strcmp(state, done[STEP_INSTRUCT]) != 0) {
        return ctl_error("%s is %s: there is no instruction to withdraw",
                         name, state);
    }

    return 0;
}


static int
step_print(const ctl_t *ctl, step_t step, const json_t *entry,
    const char *date)
{
    int  number;

    number = (int) json_integer_value(json_object_get(entry, "number"));

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:i,s:s,s:s,s:s}", "recipient",
                                 ctl->args[0], "number", number, "state",
                                 done[step], "reference", ctl->opt.reference,
                                 "date", date));
    } else {
        printf("%s %d %s on %s: %s\n", ctl->args[0], number, done[step], date,
               ctl->opt.reference);
    }

    return CTL_DONE;
}

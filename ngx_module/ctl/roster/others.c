/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/roster/others.h"
#include "ctl/roster/print.h"


/* What a row says of a record that an import has written before. */
typedef enum {
    KNOWN_NOT = 0,              /* nothing: there is nothing to go by */
    KNOWN_SAME,
    KNOWN_OTHER                 /* or gone */
} known_t;


static const char  reason_other[] =
    "neither its name nor its log-in name is as it was: is this id that of"
    " somebody else?";

static const char  reason_unknown[] =
    "not known who it was: neither a name nor a log-in name is kept of what"
    " this source said before";


/* -1 with the error said.  What stays is no other. */
static int
record_known(roster_t *roster, const roster_item_t *user,
    roster_record_t record)
{
    uint8_t                print[ROSTER_PRINT_LEN];
    const roster_state_t  *state;

    state = &user->states[record];

    if (user->keeps[record]) {
        return KNOWN_NOT;
    }

    if (!state->has_print) {
        return state->lost ? KNOWN_OTHER : KNOWN_NOT;
    }

    if (roster_print(roster, ROSTER_USER, user, record, print) != 0) {
        return -1;
    }

    if (memcmp(print, state->print, ROSTER_PRINT_LEN) != 0) {
        return KNOWN_OTHER;
    }

    return roster_record_there(ROSTER_USER, user, record) ? KNOWN_SAME
                                                          : KNOWN_NOT;
}


/* By what somebody logs in: an address where there is, or was, no name. */
static int
login_known(roster_t *roster, const roster_item_t *user)
{
    int  known;

    known = record_known(roster, user, ROSTER_CREDENTIAL);

    if (known < 0
        || (known != KNOWN_NOT
            && roster_record_there(ROSTER_USER, user, ROSTER_CREDENTIAL)))
    {
        return known;
    }

    return record_known(roster, user, ROSTER_CONTACT) == KNOWN_SAME
           ? KNOWN_SAME : known;
}


/* Whether anything of who they are would be written. */
static int
user_gets(const roster_item_t *user)
{
    roster_record_t  record;

    for (record = 0; record < ROSTER_RECORDS; record++) {
        if (!user->keeps[record]
            && roster_record_there(ROSTER_USER, user, record))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * One of the two has to say that they are who they were: a record that is gone,
 * was not there or whose fingerprint is, says nothing.  *reason: NULL for who
 * is, or stays who they are, as nothing is said of them.  -1 with the error
 * said.
 */
static int
user_other(roster_t *roster, const roster_item_t *user, const char **reason)
{
    int  name, login;

    name = record_known(roster, user, ROSTER_IDENTITY);
    login = login_known(roster, user);

    if (name < 0 || login < 0) {
        return -1;
    }

    if (name == KNOWN_SAME || login == KNOWN_SAME) {
        *reason = NULL;

    } else if (name == KNOWN_OTHER || login == KNOWN_OTHER) {
        *reason = reason_other;

    } else {
        *reason = user_gets(user) ? reason_unknown : NULL;
    }

    return 0;
}


/* Who has no given name has lost it, if it is not as it was. */
static int
record_lost(const roster_item_t *user, roster_record_t record)
{
    return (record == ROSTER_IDENTITY && user->one_name)
           || !roster_record_there(ROSTER_USER, user, record);
}


/* Whom a run knows and takes. */
static int
user_known(const roster_item_t *user)
{
    return user->known && !user->refused && !user->leaves;
}


int
roster_lost(roster_t *roster, roster_record_t record, uint32_t *lost,
    uint32_t *had)
{
    int                   rc;
    uint32_t              i;
    const roster_item_t  *user;

    *lost = 0;
    *had = 0;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (!user_known(user) || !user->states[record].has_print) {
            continue;
        }

        (*had)++;

        if (!record_lost(user, record)) {
            continue;
        }

        rc = record_known(roster, user, record);
        if (rc < 0) {
            return -1;
        }

        *lost += rc == KNOWN_OTHER;
    }

    return 0;
}


int
roster_others(roster_t *roster, roster_others_t *others)
{
    uint32_t              i, all;
    const char           *reason;
    roster_other_t       *other;
    const roster_item_t  *user;

    all = roster->items[ROSTER_USER].count;
    others->list = ctl_memory((all + 1) * sizeof(roster_other_t));
    others->count = 0;
    others->changed = 0;

    for (i = 0; i < all; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (!user_known(user)) {
            continue;
        }

        if (user_other(roster, user, &reason) != 0) {
            return -1;
        }

        if (reason != NULL) {
            other = &others->list[others->count++];
            other->user = i;
            other->reason = reason;
            others->changed += reason == reason_other;
        }
    }

    return 0;
}


void
roster_others_refuse(roster_t *roster, const roster_others_t *others)
{
    uint32_t               i;
    const roster_other_t  *other;

    for (i = 0; i < others->count; i++) {
        other = &others->list[i];

        roster_item_refuse(roster, ROSTER_USER,
                           roster_item(roster, ROSTER_USER, other->user),
                           other->reason);
    }
}

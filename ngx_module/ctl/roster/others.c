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


/* -1 with the error said.  What stays is no other. */
static int
record_known(roster_t *roster, const roster_item_t *user,
    roster_record_t record)
{
    uint8_t                print[ROSTER_PRINT_LEN];
    const roster_state_t  *state;

    state = &user->states[record];

    if (!state->has_print || user->keeps[record]) {
        return KNOWN_NOT;
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


/* By what somebody logs in: an address where there is no log-in name. */
static int
login_known(roster_t *roster, const roster_item_t *user)
{
    int  known;

    known = record_known(roster, user, ROSTER_CREDENTIAL);

    if (known < 0 || roster_record_there(ROSTER_USER, user, ROSTER_CREDENTIAL))
    {
        return known;
    }

    return record_known(roster, user, ROSTER_CONTACT) == KNOWN_SAME
           ? KNOWN_SAME : known;
}


/*
 * 1, 0, or -1.  One of the two has to say that they are who they were, once the
 * other has changed: a record that is gone, was not there or whose fingerprint
 * is, says nothing.
 */
static int
user_other(roster_t *roster, const roster_item_t *user)
{
    int  name, login;

    name = record_known(roster, user, ROSTER_IDENTITY);
    login = login_known(roster, user);

    if (name < 0 || login < 0) {
        return -1;
    }

    return name != KNOWN_SAME && login != KNOWN_SAME
           && (name == KNOWN_OTHER || login == KNOWN_OTHER);
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
    int                   rc;
    uint32_t              i, all;
    const roster_item_t  *user;

    all = roster->items[ROSTER_USER].count;
    others->users = ctl_memory((all + 1) * sizeof(uint32_t));
    others->count = 0;

    for (i = 0; i < all; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        rc = user_known(user) ? user_other(roster, user) : 0;
        if (rc < 0) {
            return -1;
        }

        if (rc == 1) {
            others->users[others->count++] = i;
        }
    }

    return 0;
}


void
roster_others_refuse(roster_t *roster, const roster_others_t *others)
{
    uint32_t  i;

    for (i = 0; i < others->count; i++) {
        roster_item_refuse(roster, ROSTER_USER,
                           roster_item(roster, ROSTER_USER, others->users[i]),
                           "neither its name nor its log-in name is as it was:"
                           " is this id that of somebody else?");
    }
}

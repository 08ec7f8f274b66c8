/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/roster/others.h"
#include "ctl/roster/print.h"


/* Whether a record that was there is another one: 1, 0, or -1. */
static int
record_other(roster_t *roster, const roster_item_t *user,
    roster_record_t record)
{
    uint8_t                print[ROSTER_PRINT_LEN];
    const roster_state_t  *state;

    state = &user->states[record];

    if (!state->has_print || user->keeps[record]) {
        return 0;
    }

    if (roster_print(roster, ROSTER_USER, user, record, print) != 0) {
        return -1;
    }

    return memcmp(print, state->print, ROSTER_PRINT_LEN) != 0;
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

        rc = record_other(roster, user, record);
        if (rc < 0) {
            return -1;
        }

        *lost += (uint32_t) rc;
    }

    return 0;
}


int
roster_others(roster_t *roster, uint32_t **others, uint32_t *count)
{
    int                   rc;
    uint32_t              i, all;
    const roster_item_t  *user;

    all = roster->items[ROSTER_USER].count;
    *others = ctl_memory((all + 1) * sizeof(uint32_t));
    *count = 0;

    for (i = 0; i < all; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (!user_known(user)
            || !roster_record_there(ROSTER_USER, user, ROSTER_IDENTITY)
            || !roster_record_there(ROSTER_USER, user, ROSTER_CREDENTIAL))
        {
            continue;
        }

        rc = record_other(roster, user, ROSTER_CREDENTIAL);
        if (rc == 1) {
            rc = record_other(roster, user, ROSTER_IDENTITY);
        }

        if (rc < 0) {
            return -1;
        }

        if (rc == 1) {
            (*others)[(*count)++] = i;
        }
    }

    return 0;
}


void
roster_others_refuse(roster_t *roster, const uint32_t *others,
    uint32_t count)
{
    uint32_t  i;

    for (i = 0; i < count; i++) {
        roster_item_refuse(roster, ROSTER_USER,
                           roster_item(roster, ROSTER_USER, others[i]),
                           "its name and its log-in name are others: is this"
                           " id that of somebody else?");
    }
}

/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "ctl/roster/settle.h"


static void
address_drop(roster_t *roster, roster_item_t *user)
{
    void         *data;
    const char   *column, *reason;
    pupil_str_t  *address;

    if (user->refused) {
        column = "email (of refused users)";
        reason = "the user is refused";

    } else {
        column = "email (of pupils)";
        reason = "pupils' contact details are never taken";
    }

    address = &user->values[ROSTER_EMAIL];
    user->address = NULL;

    /* the pool's own memory, const only in the view */
    if (address->len != 0) {
        memcpy(&data, &address->data, sizeof(data));
        sodium_memzero(data, address->len);
        address->len = 0;
    }

    roster_not_taken(roster, user->place.file, column, 1, reason);
}


/*
 * What a pupil logs in with where the tenant chose so: a name that is found by
 * its blind index, and no contact.  Who has none has the name of the roster.
 */
static void
address_name(roster_t *roster, roster_item_t *user)
{
    int32_t            field;
    pupil_str_t       *address, *login;
    pupil_category_t  *plugin;

    address = &user->values[ROSTER_EMAIL];
    login = &user->values[ROSTER_LOGIN];

    field = roster_granted(roster,
                           roster_category(ROSTER_USER, ROSTER_CREDENTIAL),
                           roster_values[ROSTER_LOGIN].field, &plugin);

    if (field < 0 || user->address != NULL
        || address->len > plugin->plugin->fields[field].max_size)
    {
        roster_remark(roster, &user->place, "its e-mail cannot be a log-in"
                      " name, and what it has stays");
        login->len = 0;
        user->keeps[ROSTER_CREDENTIAL] = 1;

    } else {
        *login = *address;
    }

    address->len = 0;
    user->address = NULL;
}


/* One that cannot be taken is left out, and what is stored stays. */
static void
address_settle(roster_t *roster, roster_item_t *user)
{
    char  text[160];

    if (!user->refused && (user->roles & ROSTER_PUPIL)
        && roster->ctl->opt.pupil_login_email)
    {
        address_name(roster, user);

    } else if (user->refused || (user->roles & ROSTER_PUPIL)) {
        address_drop(roster, user);

    } else if (user->address != NULL) {
        snprintf(text, sizeof(text), "email breaks the rule \"%s\" and was"
                 " left out", user->address);
        roster_remark(roster, &user->place, text);
        user->keeps[ROSTER_CONTACT] = 1;
    }
}


static int
record_empty(const roster_item_t *user, const roster_record_def_t *record)
{
    unsigned  i;

    for (i = 0; i < record->count; i++) {
        if (user->values[record->values[i]].len != 0) {
            return 0;
        }
    }

    return 1;
}


/* A record has all of its required fields, or there is none. */
static void
record_check(roster_t *roster, roster_item_t *user,
    const roster_record_def_t *record)
{
    char               text[160];
    int32_t            field;
    unsigned           i;
    const char        *name;
    pupil_category_t  *plugin;

    if (record_empty(user, record)) {
        return;
    }

    for (i = 0; i < record->count; i++) {
        name = roster_values[record->values[i]].field;
        field = roster_granted(roster, record->category, name, &plugin);

        if (field >= 0 && user->values[record->values[i]].len == 0
            && (plugin->plugin->fields[field].flags & PUPIL_FIELD_REQUIRED))
        {
            snprintf(text, sizeof(text), "%s is empty", name);
            roster_item_refuse(roster, ROSTER_USER, user, text);
        }
    }
}


/*
 * Who has one name has that as the given one, unless nobody has a given name:
 * then it is a column that is gone (pitfall 46).
 */
static void
names_settle(roster_t *roster)
{
    int             given;
    uint32_t        i;
    roster_item_t  *user;

    given = 0;

    for (i = 0; !given && i < roster->items[ROSTER_USER].count; i++) {
        given = roster_item(roster, ROSTER_USER, i)->values[ROSTER_GIVEN].len
                != 0;
    }

    for (i = 0; given && i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->values[ROSTER_GIVEN].len == 0) {
            user->one_name = 1;
            user->values[ROSTER_GIVEN] = user->values[ROSTER_FAMILY];
            user->values[ROSTER_FAMILY].len = 0;
        }
    }
}


static void
heads_check(roster_t *roster)
{
    uint32_t              i;
    const roster_item_t  *school;

    for (i = 0; i < roster->items[ROSTER_INSTITUTION].count; i++) {
        school = roster_item(roster, ROSTER_INSTITUTION, i);

        if (school->head.len != 0 && !school->headed) {
            roster_remark(roster, &school->place, "its principal is no teacher"
                          " of it, and administers nothing");
        }
    }
}


/* Guardians, relatives and others stay out; who is one now leaves. */
static void
role_missing(roster_t *roster, roster_item_t *user)
{
    if (user->elsewhere) {
        roster->counts[ROSTER_USER].other += !user->refused;
        user->refused = 1;
        user->skipped = 1;
        return;
    }

    if (!user->other) {
        roster_item_refuse(roster, ROSTER_USER, user, "has no role");
        return;
    }

    roster->counts[ROSTER_USER].other += !user->refused;
    user->refused = 1;
    user->leaves = 1;
}


void
roster_settle(roster_t *roster)
{
    uint32_t        i;
    unsigned        r;
    roster_item_t  *user;

    heads_check(roster);
    names_settle(roster);

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->leaves) {
            continue;
        }

        if (user->roles == 0) {
            role_missing(roster, user);
        }

        if (user->values[ROSTER_EMAIL].len != 0 || user->address != NULL) {
            address_settle(roster, user);
        }

        roster->no_login += !user->refused
                            && user->values[ROSTER_LOGIN].len == 0;

        for (r = 0; r < ROSTER_RECORDS; r++) {
            record_check(roster, user, &roster_records[r]);
        }
    }
}

/*
 * Copyright (C) the Pupil authors
 *
 * Which values of a row are taken: those that a plugin grants to rostering,
 * by the plugin's own rules (invariant I3).
 */

#include <sodium.h>
#include <string.h>

#include "ctl/roster/roster.h"


static const struct {
    const char  *category, *field;
} value_fields[ROSTER_VALUES] = {
    { "identity", "given_name" },
    { "identity", "family_name" },
    { "credential", "login_id" },
    { "contact", "email" }
};


static void
item_refuse(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    const char *reason)
{
    if (!item->refused) {
        item->refused = 1;
        roster_refuse(roster, kind, &item->place, reason);
    }
}


void
roster_take(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    roster_value_t value, pupil_str_t cell)
{
    char               text[160];
    int32_t            field;
    const char        *category, *name;
    ctl_pool_t         pool = { NULL };
    pupil_str_t        clear;
    pupil_fault_t      fault;
    pupil_alloc_t      alloc = { ctl_pool_alloc, &pool };
    pupil_category_t  *plugin;

    category = kind == ROSTER_USER ? value_fields[value].category
                                   : "enrolment";
    name = kind == ROSTER_USER ? value_fields[value].field
           : kind == ROSTER_CLASS ? "class_title" : "school_title";
    field = ctl_granted(roster->ctl, category, name, PUPIL_PURPOSE_ROSTERING,
                        PUPIL_OPERATION_WRITE, &plugin);

    if (field < 0) {
        if (cell.len != 0) {
            roster_not_taken(roster, item->place.file, name, 1,
                             "no plugin grants it to rostering");
        }
        return;
    }

    if (cell.len == 0) {
        /* a user's records may be absent as a whole: see below */
        if (kind != ROSTER_USER
            && (plugin->plugin->fields[field].flags & PUPIL_FIELD_REQUIRED))
        {
            snprintf(text, sizeof(text), "%s is empty", name);
            item_refuse(roster, kind, item, text);
        }
        return;
    }

    if (pupil_value_accept_text(plugin, (uint32_t) field, cell, &alloc,
                                &clear, &fault) == PUPIL_OK)
    {
        item->values[value] = ctl_pool_str(&roster->pool, clear.data,
                                           clear.len);
    } else {
        snprintf(text, sizeof(text), "%s breaks the rule \"%s\"", name,
                 fault.rule);
        item_refuse(roster, kind, item, text);
    }
    ctl_pool_free(&pool);
}


/* A record has all of its required fields, or there is none. */
static void
required_check(roster_t *roster, roster_item_t *user)
{
    char               text[160];
    int32_t            field;
    unsigned           a, b;
    pupil_category_t  *plugin;

    for (a = 0; a < ROSTER_VALUES; a++) {
        field = ctl_granted(roster->ctl, value_fields[a].category,
                            value_fields[a].field, PUPIL_PURPOSE_ROSTERING,
                            PUPIL_OPERATION_WRITE, &plugin);
        if (field < 0 || user->values[a].len != 0
            || !(plugin->plugin->fields[field].flags & PUPIL_FIELD_REQUIRED))
        {
            continue;
        }
        for (b = 0; b < ROSTER_VALUES; b++) {
            if (user->values[b].len != 0
                && strcmp(value_fields[a].category, value_fields[b].category)
                   == 0)
            {
                snprintf(text, sizeof(text), "%s is empty",
                         value_fields[a].field);
                item_refuse(roster, ROSTER_USER, user, text);
            }
        }
    }
}


/* Pupils are never asked for contact details, nor are theirs kept (M17). */
void
roster_settle(roster_t *roster)
{
    void            *address;
    uint32_t         i;
    roster_item_t   *user;
    roster_items_t  *users = &roster->items[ROSTER_USER];

    for (i = 0; i < users->count; i++) {
        user = users->items[i];
        if (user->roles == 0) {
            item_refuse(roster, ROSTER_USER, user, "has no role that is"
                        " taken: guardians, relatives and others stay out");
        }
        if (user->values[ROSTER_EMAIL].len != 0
            && (user->refused || (user->roles & ROSTER_PUPIL)))
        {
            /* the pool's own memory, const only in the view */
            memcpy(&address, &user->values[ROSTER_EMAIL].data,
                   sizeof(address));
            sodium_memzero(address, user->values[ROSTER_EMAIL].len);
            user->values[ROSTER_EMAIL].len = 0;
            roster_not_taken(roster, user->place.file,
                             user->refused ? "email (of refused users)"
                                           : "email (of pupils)", 1,
                             user->refused ? "the user is refused"
                             : "pupils' contact details are never taken");
        }
        required_check(roster, user);
    }
}

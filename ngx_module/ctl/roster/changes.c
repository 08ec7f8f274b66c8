/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/changes.h"
#include "ctl/roster/print.h"


#define PEOPLE_KEPT  1000       /* of a kind of change */

typedef enum {
    CHANGE_JOINS = 0,           /* who has no pseudonym yet */
    CHANGE_LEAVES,
    CHANGE_RETURNS,
    CHANGE_RENAMED,
    CHANGE_LOGINS,
    CHANGE_SCHOOLS,
    CHANGE_ROLES,
    CHANGE_CLASSES,
    CHANGES
} change_t;

/* What a user has before and behind the roster. */
typedef struct {
    unsigned   before, after;           /* kinds of roles */
    uint32_t   gained[ROSTER_KINDS], lost[ROSTER_KINDS];
    uint8_t    school;                  /* of another school than before */
} user_change_t;

typedef struct {
    uint32_t   joins, leaves, comes, goes;
} school_change_t;

typedef struct {
    roster_t          *roster;
    user_change_t     *users;
    school_change_t   *schools;
    ctl_map_t          institutions;    /* schools by their owners */
    json_t            *people[CHANGES];
    size_t             counts[CHANGES];
} changes_t;


static const char *const  change_names[CHANGES] = {
    [CHANGE_JOINS] = "joins",
    [CHANGE_LEAVES] = "leaves",
    [CHANGE_RETURNS] = "returns",
    [CHANGE_RENAMED] = "renamed",
    [CHANGE_LOGINS] = "logins",
    [CHANGE_SCHOOLS] = "schools",
    [CHANGE_ROLES] = "roles",
    [CHANGE_CLASSES] = "classes"
};


static void
change_add(changes_t *changes, change_t change, const pupil_uuid_t *who)
{
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    changes->counts[change]++;

    if (who != NULL && changes->counts[change] <= PEOPLE_KEPT) {
        json_array_append_new(changes->people[change],
                              json_string(ctl_uuid_text(who, text)));
    }
}


static school_change_t *
school_of(const changes_t *changes, const pupil_uuid_t *institution)
{
    ctl_slot_t   *slot;
    pupil_str_t   key;

    key.data = institution->b;
    key.len = PUPIL_UUID_LEN;
    slot = ctl_map_get(&changes->institutions, key);

    return slot == NULL ? NULL : &changes->schools[slot->value];
}


static void
links_see(changes_t *changes, const roster_table_t *table)
{
    uint32_t                i;
    roster_t               *roster;
    user_change_t          *user;
    const roster_link_t    *link;
    const roster_stored_t  *row;

    roster = changes->roster;

    for (i = 0; i < roster->links[table->kind].count; i++) {
        link = &roster->links[table->kind].links[i];
        user = &changes->users[link->user];

        if (roster_link_leaves(roster, table->kind, link)) {
            continue;
        }

        row = roster_stored_find(roster, table, link);

        if (row != NULL && roster_stored_live(roster, row)) {
            user->before |= link->role;
            user->after |= link->role;

        } else if (!roster_link_refused(roster, table->kind, link)) {
            user->after |= link->role;
            user->gained[table->kind]++;
        }
    }
}


/* Of rows that the roster does not have. */
static void
rows_see(changes_t *changes, const roster_table_t *table)
{
    size_t                  i;
    user_change_t          *user;
    const roster_stored_t  *row;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        if (row->matched || row->user == ROSTER_NONE
            || !roster_stored_live(changes->roster, row))
        {
            continue;
        }

        user = &changes->users[row->user];
        user->before |= row->role;

        if (row->ends) {
            user->lost[table->kind]++;

        } else {
            user->after |= row->role;
        }
    }
}


/* Whether a record that is stored of somebody would be another. */
static int
record_changes(roster_t *roster, const roster_item_t *user,
    roster_record_t record)
{
    uint8_t                print[ROSTER_PRINT_LEN];
    const roster_state_t  *state;

    state = &user->states[record];

    if (user->keeps[record] || !state->has_print) {
        return 0;
    }

    return roster_print(roster, ROSTER_USER, user, record, print) != 0
           ? -1 : memcmp(print, state->print, ROSTER_PRINT_LEN) != 0;
}


static int
known_see(changes_t *changes, const roster_item_t *item, user_change_t *user)
{
    int                  name, login;
    const pupil_uuid_t  *who;

    who = &item->owner.id;
    name = record_changes(changes->roster, item, ROSTER_IDENTITY);
    login = record_changes(changes->roster, item, ROSTER_CREDENTIAL);

    if (name < 0 || login < 0) {
        return -1;
    }

    if (name) {
        change_add(changes, CHANGE_RENAMED, who);
    }

    if (login) {
        change_add(changes, CHANGE_LOGINS, who);
    }

    if (item->returns) {
        change_add(changes, CHANGE_RETURNS, who);
        return 0;
    }

    if (user->before != 0 && user->before != user->after) {
        change_add(changes, CHANGE_ROLES, who);

    } else if (user->gained[ROSTER_ROLE] != 0 && user->lost[ROSTER_ROLE] != 0)
    {
        user->school = 1;
        change_add(changes, CHANGE_SCHOOLS, who);
    }

    if (user->before != 0
        && user->gained[ROSTER_ENROLMENT] + user->lost[ROSTER_ENROLMENT] != 0)
    {
        change_add(changes, CHANGE_CLASSES, who);
    }

    return 0;
}


static int
users_see(changes_t *changes)
{
    uint32_t              i;
    const roster_t       *roster;
    const roster_item_t  *user;

    roster = changes->roster;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->refused || user->leaves) {
            continue;
        }

        if (!user->known) {
            change_add(changes, CHANGE_JOINS, NULL);

        } else if (known_see(changes, user, &changes->users[i]) != 0) {
            return -1;
        }
    }

    for (i = 0; i < roster->leavers.count; i++) {
        change_add(changes, CHANGE_LEAVES, &roster->leavers.list[i]);
    }

    return 0;
}


/* Of roles, by the school that they are at. */
static void
schools_see(changes_t *changes, const roster_table_t *table)
{
    size_t                  i;
    roster_t               *roster;
    ctl_slot_t             *left;
    pupil_str_t             key;
    const roster_item_t    *user;
    const roster_link_t    *link;
    school_change_t        *school;
    const roster_stored_t  *row;

    roster = changes->roster;
    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < roster->links[table->kind].count; i++) {
        link = &roster->links[table->kind].links[i];
        user = roster_item(roster, ROSTER_USER, link->user);
        school = &changes->schools[link->where];

        if (!roster_link_leaves(roster, table->kind, link)
            && !roster_link_refused(roster, table->kind, link))
        {
            school->joins += !user->known;
            school->comes += changes->users[link->user].school
                             && roster_stored_find(roster, table, link)
                                == NULL;
        }
    }

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];
        school = school_of(changes, &row->institution);

        if (row->matched || !row->ends || school == NULL
            || !roster_stored_live(roster, row))
        {
            continue;
        }

        key.data = row->subject.b;
        left = ctl_map_get(&roster->leavers.ids, key);
        school->leaves += left != NULL;
        school->goes += row->user != ROSTER_NONE
                        && changes->users[row->user].school;
    }
}


static json_t *
schools_json(const changes_t *changes)
{
    char                    text[PUPIL_UUID_TEXT_LEN + 1];
    json_t                 *schools;
    uint32_t                i;
    const roster_item_t    *item;
    const school_change_t  *school;

    schools = json_array();

    for (i = 0; i < changes->roster->items[ROSTER_INSTITUTION].count; i++) {
        item = roster_item(changes->roster, ROSTER_INSTITUTION, i);
        school = &changes->schools[i];

        json_array_append_new(schools,
            json_pack("{s:s?,s:s,s:I,s:I,s:I,s:I,s:I}", "school",
                      item->known ? ctl_uuid_text(&item->owner.id, text)
                                  : NULL,
                      "file", item->place.file,
                      "line", (json_int_t) item->place.line,
                      "joins", (json_int_t) school->joins,
                      "leaves", (json_int_t) school->leaves,
                      "comes", (json_int_t) school->comes,
                      "goes", (json_int_t) school->goes));
    }

    return schools;
}


static json_t *
changes_json(changes_t *changes)
{
    json_t   *counts, *people;
    unsigned  i;

    counts = json_object();
    people = json_object();

    for (i = 0; i < CHANGES; i++) {
        json_object_set_new(counts, change_names[i],
                            json_integer((json_int_t) changes->counts[i]));

        if (i != CHANGE_JOINS) {
            json_object_set(people, change_names[i], changes->people[i]);
        }
    }

    return json_pack("{s:o,s:o,s:o}", "changes", counts, "people", people,
                     "schools", schools_json(changes));
}


static void
institutions_map(changes_t *changes)
{
    int             fresh;
    uint32_t        i;
    pupil_str_t     key;
    roster_item_t  *school;

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < changes->roster->items[ROSTER_INSTITUTION].count; i++) {
        school = roster_item(changes->roster, ROSTER_INSTITUTION, i);
        key.data = school->owner.id.b;
        ctl_map_put(&changes->institutions, key, &fresh)->value = i;
    }
}


int
roster_changes(roster_t *roster, const roster_table_t *tables)
{
    int        rc;
    size_t     users, schools;
    unsigned   i, kind;
    changes_t  changes;

    users = (roster->items[ROSTER_USER].count + 1) * sizeof(user_change_t);
    schools = (roster->items[ROSTER_INSTITUTION].count + 1)
              * sizeof(school_change_t);

    memset(&changes, 0, sizeof(changes_t));
    changes.roster = roster;
    changes.users = ctl_memory(users);
    changes.schools = ctl_memory(schools);
    memset(changes.users, 0, users);
    memset(changes.schools, 0, schools);

    for (i = 0; i < CHANGES; i++) {
        changes.people[i] = json_array();
    }

    institutions_map(&changes);

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        links_see(&changes, &tables[kind]);
        rows_see(&changes, &tables[kind]);
    }

    rc = users_see(&changes);
    schools_see(&changes, &tables[ROSTER_ROLE]);

    if (rc == 0) {
        roster->changes = changes_json(&changes);
    }

    for (i = 0; i < CHANGES; i++) {
        json_decref(changes.people[i]);
    }

    ctl_map_free(&changes.institutions);
    free(changes.users);
    free(changes.schools);

    return rc;
}

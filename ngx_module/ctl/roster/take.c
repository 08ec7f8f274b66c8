/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/plugin/value.h"
#include "ctl/base/text.h"
#include "ctl/roster/chosen.h"
#include "ctl/roster/dates.h"
#include "ctl/roster/take.h"
#include "ctl/roster/unknown.h"


#define ID_MAX   255            /* bytes */
#define ID_TEXT  (ID_MAX + 16)  /* with the space that it is of */


/* Takes a cell as a value of the item, by the plugin's own rules. */
static void
value_take(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    roster_value_t value, pupil_str_t cell)
{
    char               text[160];
    int32_t            field;
    ctl_pool_t         pool;
    const char        *category, *name;
    pupil_str_t        clear;
    pupil_fault_t      fault;
    pupil_alloc_t      alloc;
    pupil_category_t  *plugin;

    category = roster_category(kind, roster_values[value].record);
    name = kind == ROSTER_USER ? roster_values[value].field
                               : roster_kinds[kind].titles[value];
    field = roster_granted(roster, category, name, &plugin);

    if (field < 0) {
        if (cell.len != 0) {
            roster_not_taken(roster, item->place.file, name, 1,
                             "no plugin grants it to rostering");
        }
        return;
    }

    if (cell.len == 0) {
        /* a record of a user may be absent as a whole: see settle.c */
        if (kind != ROSTER_USER && value == ROSTER_TITLE) {
            snprintf(text, sizeof(text), "%s is empty", name);
            roster_item_refuse(roster, kind, item, text);
        }
        return;
    }

    memset(&pool, 0, sizeof(ctl_pool_t));
    alloc.alloc = ctl_pool_alloc;
    alloc.ctx = &pool;

    if (pupil_value_accept_text(plugin, (uint32_t) field, cell, &alloc,
                                &clear, &fault) == PUPIL_OK)
    {
        item->values[value] = ctl_pool_str(&roster->pool, clear.data,
                                           clear.len);

    } else if (kind == ROSTER_USER && value == ROSTER_EMAIL) {
        /* of a pupil nobody reads it: settle.c, once roles are known */
        item->address = fault.rule;

    } else {
        snprintf(text, sizeof(text), "%s breaks the rule \"%s\"", name,
                 fault.rule);
        roster_item_refuse(roster, kind, item, text);
    }

    ctl_pool_free(&pool);
}


/*
 * The id of a user in the space of the file: in text, or where it stands.
 */
static pupil_str_t
user_id(const roster_row_t *row, pupil_str_t id, char text[ID_TEXT])
{
    int  n;

    if (row->space == NULL || id.len == 0 || id.len > ID_MAX) {
        return id;
    }

    n = snprintf(text, ID_TEXT, "%s", row->space);
    memcpy(text + n, id.data, id.len);

    id.data = (const uint8_t *) text;
    id.len += (size_t) n;

    return id;
}


static uint32_t
user_find(const roster_t *roster, const roster_row_t *row,
    roster_cell_t cell)
{
    char  text[ID_TEXT];

    return roster_item_find(roster, ROSTER_USER,
                            user_id(row, row->cells[cell], text));
}


/* NULL where there is nothing more to take: it is refused, or it leaves. */
static roster_item_t *
item_add(roster_t *roster, roster_kind_t kind, const roster_row_t *row)
{
    char            text[ID_TEXT];
    uint32_t        i;
    pupil_str_t     id;
    roster_item_t  *item;

    id = row->cells[ROSTER_CELL_ID];

    if (id.len > ID_MAX) {
        id.len = 0;             /* refused as none */

    } else if (kind == ROSTER_USER) {
        id = user_id(row, id, text);
    }

    i = roster_item_find(roster, kind, id);
    item = i == ROSTER_NONE ? NULL : roster_item(roster, kind, i);

    if (item != NULL && row->leaves) {
        return NULL;            /* it is there as well */
    }

    if (item != NULL && item->leaves) {
        item->leaves = 0;
        item->place = row->place;

    } else {
        item = roster_item_add(roster, kind, &row->place, id);
    }

    if (item == NULL) {
        return NULL;
    }

    if (row->refused != NULL) {
        roster_item_refuse(roster, kind, item, row->refused);
        return NULL;
    }

    item->leaves = (uint8_t) row->leaves;

    return row->leaves ? NULL : item;
}


/* Not chosen, by itself or by where it is: which is no error. */
static void
item_skip(roster_t *roster, roster_kind_t kind, roster_item_t *item)
{
    item->refused = 1;
    item->skipped = 1;
    roster->counts[kind].other++;
}


void
roster_take_institution(roster_t *roster, const roster_row_t *row)
{
    pupil_str_t     head;
    roster_item_t  *item;

    item = item_add(roster, ROSTER_INSTITUTION, row);
    if (item == NULL) {
        return;
    }

    if (!roster_chosen(roster, ROSTER_INSTITUTION, item->id)) {
        item_skip(roster, ROSTER_INSTITUTION, item);
        return;
    }

    value_take(roster, ROSTER_INSTITUTION, item, ROSTER_TITLE,
               row->cells[ROSTER_CELL_TITLE]);

    /* waits until users are known */
    head = row->cells[ROSTER_CELL_HEAD];
    item->head = ctl_pool_str(&roster->pool, head.data, head.len);
}


void
roster_take_term(roster_t *roster, const roster_row_t *row)
{
    const char     *reason;
    roster_term_t   term;

    reason = row->refused != NULL ? row->refused
                                  : roster_dates_read(roster, row, &term);

    if (reason == NULL && term.from == PUPIL_DATE_NONE
        && term.to == PUPIL_DATE_NONE && !roster->dates_open)
    {
        reason = "it has no dates";
    }

    if (reason != NULL) {
        roster_refuse(roster, ROSTER_CLASS, &row->place, reason);
        return;
    }

    roster_term_add(roster, row->cells[ROSTER_CELL_ID], term);
}


/* One that the format does not know is left out, and the class is taken. */
static void
group_type_take(roster_t *roster, const roster_row_t *row,
    roster_item_t *class)
{
    pupil_str_t                 cell;
    const roster_group_name_t  *group;

    cell = row->cells[ROSTER_CELL_TYPE];
    group = roster->groups;

    if (cell.len == 0 || group == NULL) {
        return;
    }

    while (group->names != NULL && !roster_is_one_of(cell, group->names)) {
        group++;
    }

    if (group->names == NULL) {
        roster_remark(roster, &row->place, "its type of group is none that is"
                      " known: it has none");
        return;
    }

    value_take(roster, ROSTER_CLASS, class, ROSTER_GROUP_TYPE,
               ctl_str(group->type));
}


void
roster_take_class(roster_t *roster, const roster_row_t *row)
{
    uint32_t        parent;
    const char     *reason;
    roster_item_t  *class;
    roster_term_t   dates;

    parent = roster_item_find(roster, ROSTER_INSTITUTION,
                              row->cells[ROSTER_CELL_INSTITUTION]);
    class = item_add(roster, ROSTER_CLASS, row);
    if (class == NULL) {
        return;
    }

    if (parent == ROSTER_NONE) {
        roster_item_refuse(roster, ROSTER_CLASS, class,
                           "its institution is not in the roster");
        return;
    }

    class->parent = parent;

    if (roster_item(roster, ROSTER_INSTITUTION, parent)->skipped
        || !roster_chosen(roster, ROSTER_CLASS, class->id))
    {
        item_skip(roster, ROSTER_CLASS, class);
        return;
    }

    reason = roster_dates_read(roster, row, &dates);
    if (reason != NULL) {
        roster_item_refuse(roster, ROSTER_CLASS, class, reason);
        return;
    }

    class->from = dates.from;
    class->to = dates.to;

    value_take(roster, ROSTER_CLASS, class, ROSTER_TITLE,
               row->cells[ROSTER_CELL_TITLE]);
    group_type_take(roster, row, class);
    value_take(roster, ROSTER_CLASS, class, ROSTER_DEPARTMENT,
               row->cells[ROSTER_CELL_DEPARTMENT]);
}


static void
user_values(roster_t *roster, const roster_row_t *row, roster_item_t *user)
{
    value_take(roster, ROSTER_USER, user, ROSTER_GIVEN,
               row->cells[ROSTER_CELL_GIVEN]);
    value_take(roster, ROSTER_USER, user, ROSTER_FAMILY,
               row->cells[ROSTER_CELL_FAMILY]);
    value_take(roster, ROSTER_USER, user, ROSTER_LOGIN,
               row->cells[ROSTER_CELL_LOGIN]);
    value_take(roster, ROSTER_USER, user, ROSTER_EMAIL,
               row->cells[ROSTER_CELL_EMAIL]);
}


static roster_item_t *
user_add(roster_t *roster, const roster_row_t *row)
{
    roster_item_t  *user;

    user = item_add(roster, ROSTER_USER, row);

    if (user != NULL) {
        user_values(roster, row, user);
    }

    return user;
}


/* Another row of somebody, at another school: NULL where it is not one. */
static roster_item_t *
user_again(roster_t *roster, const roster_row_t *row)
{
    uint32_t        i;
    unsigned        v;
    roster_item_t   again, *user;

    i = user_find(roster, row, ROSTER_CELL_ID);

    if (i == ROSTER_NONE || row->refused != NULL || row->leaves) {
        return NULL;
    }

    user = roster_item(roster, ROSTER_USER, i);
    if (user->leaves || user->refused) {
        return NULL;
    }

    memset(&again, 0, sizeof(roster_item_t));
    again.place = row->place;
    user_values(roster, row, &again);

    for (v = 0; v < ROSTER_VALUES; v++) {
        if (again.values[v].len != user->values[v].len
            || (again.values[v].len != 0
                && memcmp(again.values[v].data, user->values[v].data,
                          again.values[v].len) != 0))
        {
            return NULL;
        }
    }

    return again.refused ? NULL : user;
}


/*
 * The link that a row makes, but for its two ends.  reason: why it is refused,
 * or NULL.
 */
static roster_link_t
link_of(const roster_t *roster, const roster_row_t *row, const char **reason)
{
    roster_link_t  link;
    roster_term_t  dates;

    *reason = roster_dates_read(roster, row, &dates);

    if (row->refused != NULL) {
        *reason = row->refused;
    }

    if (row->leaves) {
        *reason = NULL;
    }

    link.place = row->place;
    link.user = ROSTER_NONE;
    link.where = ROSTER_NONE;
    link.role = row->role;
    link.refused = *reason != NULL;
    link.said = 0;
    link.leaves = (uint8_t) row->leaves;
    link.from = dates.from;
    link.to = dates.to;

    return link;
}


/* Of a school that is not chosen: who has no other one is not taken. */
static void
role_skip(roster_t *roster, const roster_row_t *row,
    const roster_link_t *link)
{
    roster->counts[ROSTER_ROLE].other += !row->leaves;

    if (link->user != ROSTER_NONE && !row->leaves) {
        roster_item(roster, ROSTER_USER, link->user)->elsewhere = 1;
    }
}


/*
 * Guardians, relatives and others stay out, and are no error.  One of a row
 * that is refused stands for what is stored, which stays. */
static void
role_add(roster_t *roster, const roster_row_t *row, roster_link_t *link,
    const char *reason)
{
    if (roster_unknown_role(roster, row, link)) {
        return;
    }

    if (link->role == 0) {
        roster->counts[ROSTER_ROLE].other += !row->leaves;

        if (link->user != ROSTER_NONE && !row->leaves) {
            roster_item(roster, ROSTER_USER, link->user)->other = 1;
        }
        return;
    }

    if (link->where != ROSTER_NONE
        && roster_item(roster, ROSTER_INSTITUTION, link->where)->skipped)
    {
        role_skip(roster, row, link);
        return;
    }

    if (reason == NULL && link->user == ROSTER_NONE) {
        reason = "its user is not in the roster";
    }

    if (reason == NULL && link->where == ROSTER_NONE) {
        reason = "its institution is not in the roster";
    }

    if (reason != NULL && !row->leaves) {
        roster_unknown_refuse(roster, ROSTER_ROLE, row, reason);
    }

    if (link->user != ROSTER_NONE && link->where != ROSTER_NONE) {
        link->said = 1;
        roster_item(roster, ROSTER_USER, link->user)->said |= link->role;
        roster_link_add(roster, ROSTER_ROLE, link);
    }
}


void
roster_take_user(roster_t *roster, const roster_row_t *row)
{
    pupil_str_t     list, id;
    roster_item_t  *user;
    const char     *reason;
    roster_link_t   link;

    user = user_add(roster, row);

    if (user == NULL || row->cells[ROSTER_CELL_ROLE].len == 0) {
        return;
    }

    link = link_of(roster, row, &reason);
    link.user = roster_item_find(roster, ROSTER_USER, user->id);
    list = row->cells[ROSTER_CELL_INSTITUTIONS];

    while (roster_list_next(&list, &id)) {
        link.where = roster_item_find(roster, ROSTER_INSTITUTION, id);
        role_add(roster, row, &link, reason);
    }
}


void
roster_take_member(roster_t *roster, const roster_row_t *row)
{
    uint32_t        where;
    pupil_str_t     id;
    roster_item_t  *user, *school;
    const char     *reason;
    roster_link_t   link;

    user = user_again(roster, row);

    if (user == NULL) {
        user = user_add(roster, row);
    }

    if (user == NULL) {
        return;
    }

    where = roster_item_find(roster, ROSTER_INSTITUTION,
                             row->cells[ROSTER_CELL_INSTITUTION]);
    if (where == ROSTER_NONE) {
        roster_item_refuse(roster, ROSTER_USER, user,
                           "its school is not in the roster");
        return;
    }

    link = link_of(roster, row, &reason);
    link.user = roster_item_find(roster, ROSTER_USER, user->id);
    link.where = where;
    role_add(roster, row, &link, reason);

    school = roster_item(roster, ROSTER_INSTITUTION, where);
    id = row->cells[ROSTER_CELL_ID];

    if (link.role == ROSTER_TEACHER && school->head.len == id.len
        && memcmp(school->head.data, id.data, id.len) == 0)
    {
        school->headed = 1;
        link.role = ROSTER_ADMIN;
        role_add(roster, row, &link, reason);
    }
}


void
roster_take_role(roster_t *roster, const roster_row_t *row)
{
    const char     *reason;
    roster_link_t  link;

    link = link_of(roster, row, &reason);
    link.user = user_find(roster, row, ROSTER_CELL_USER);
    link.where = roster_item_find(roster, ROSTER_INSTITUTION,
                                  row->cells[ROSTER_CELL_INSTITUTION]);

    role_add(roster, row, &link, reason);
}


/* Whether a user has the role that a class gives: administrators teach. */
static int
role_said(const roster_t *roster, const roster_link_t *link)
{
    unsigned  said;

    said = roster_item(roster, ROSTER_USER, link->user)->said;

    if (link->role == ROSTER_TEACHER) {
        return (said & (ROSTER_TEACHER | ROSTER_ADMIN)) != 0;
    }

    return (said & link->role) != 0;
}


/* Whether a row is of a role that is not taken, in a class or of its user. */
static int
enrolment_other(const roster_t *roster, const roster_link_t *link)
{
    const roster_item_t  *user;

    if (link->role == 0) {
        return 1;
    }

    if (!roster->roles_said || link->user == ROSTER_NONE) {
        return 0;
    }

    user = roster_item(roster, ROSTER_USER, link->user);

    return user->other && user->said == 0;
}


/* Whose class is not chosen may have no role that is taken. */
static int
enrolment_skipped(roster_t *roster, const roster_link_t *link)
{
    if (link->where == ROSTER_NONE
        || !roster_item(roster, ROSTER_CLASS, link->where)->skipped)
    {
        return 0;
    }

    if (link->user != ROSTER_NONE) {
        roster_item(roster, ROSTER_USER, link->user)->elsewhere = 1;
    }

    return 1;
}


/* Whether a row is refused for what it is about, and stands for nothing. */
static const char *
enrolment_none(const roster_t *roster, const roster_link_t *link)
{
    if (link->role != ROSTER_PUPIL && link->role != ROSTER_TEACHER) {
        return "a role that is not taken in a class";
    }

    if (link->user == ROSTER_NONE) {
        return "its user is not in the roster";
    }

    if (link->where == ROSTER_NONE) {
        return "its class is not in the roster";
    }

    if (roster->roles_said && !role_said(roster, link)
        && !roster_link_refused(roster, ROSTER_ENROLMENT, link)
        && !roster_link_leaves(roster, ROSTER_ENROLMENT, link))
    {
        return "its user does not have this role";
    }

    return NULL;
}


void
roster_take_enrolment(roster_t *roster, const roster_row_t *row)
{
    const char     *none, *reason;
    roster_item_t  *class;
    roster_link_t   link;

    link = link_of(roster, row, &reason);
    link.user = user_find(roster, row, ROSTER_CELL_USER);
    link.where = roster_item_find(roster, ROSTER_CLASS,
                                  row->cells[ROSTER_CELL_CLASS]);

    if (roster_unknown_enrolment(roster, row, &link)) {
        return;
    }

    if (enrolment_other(roster, &link) || enrolment_skipped(roster, &link)) {
        roster->counts[ROSTER_ENROLMENT].other += !row->leaves;
        return;
    }

    none = enrolment_none(roster, &link);

    if (none != NULL) {
        if (!row->leaves) {
            roster_unknown_refuse(roster, ROSTER_ENROLMENT, row, none);
        }
        return;
    }

    if (reason != NULL) {
        roster_refuse(roster, ROSTER_ENROLMENT, &row->place, reason);
    }

    class = roster_item(roster, ROSTER_CLASS, link.where);

    if (link.from == PUPIL_DATE_NONE) {
        link.from = class->from;
    }

    if (link.to == PUPIL_DATE_NONE) {
        link.to = class->to;
    }

    roster_link_add(roster, ROSTER_ENROLMENT, &link);

    if (class->parent != ROSTER_NONE && !link.leaves) {
        link.where = class->parent;
        roster_link_add(roster, ROSTER_ROLE, &link);
    }
}

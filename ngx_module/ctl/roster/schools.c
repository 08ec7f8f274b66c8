/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/schools.h"


#define KEY_LEN  (PUPIL_UUID_LEN + 1)   /* an institution, a role */

typedef struct {
    roster_role_t  role;
    const char    *name;
    uint32_t       most;        /* so many may be new at any school */
} limit_t;

/* A role at a school. */
typedef struct {
    uint8_t        key[KEY_LEN];
    uint32_t       before, ends, fresh;
} group_t;

typedef struct {
    group_t      **groups;
    uint32_t       count, size;
    ctl_map_t      keys;
    ctl_pool_t     pool;
} groups_t;


static const limit_t  limits[] = {
    { ROSTER_PUPIL, "pupil", 49 },
    { ROSTER_TEACHER, "teacher", 9 },
    { ROSTER_ADMIN, "administrator", 4 },
    { 0, NULL, 0 }
};


/* role: 0 for all of a school. */
static group_t *
group_find(groups_t *groups, const pupil_uuid_t *school, roster_role_t role)
{
    int          fresh;
    uint8_t      key[KEY_LEN];
    group_t     *group;
    ctl_slot_t  *slot;
    pupil_str_t  s;

    memcpy(key, school->b, PUPIL_UUID_LEN);
    key[PUPIL_UUID_LEN] = (uint8_t) role;
    s.data = key;
    s.len = KEY_LEN;

    slot = ctl_map_get(&groups->keys, s);
    if (slot != NULL) {
        return groups->groups[slot->value];
    }

    group = ctl_pool_alloc(&groups->pool, sizeof(group_t));
    memset(group, 0, sizeof(group_t));
    memcpy(group->key, key, KEY_LEN);

    s.data = group->key;
    ctl_map_put(&groups->keys, s, &fresh)->value = groups->count;

    groups->groups = roster_grow(groups->groups, groups->count, &groups->size,
                                 sizeof(group_t *));
    groups->groups[groups->count++] = group;

    return group;
}


static void
rows_count(groups_t *groups, const roster_t *roster,
    const roster_table_t *table)
{
    int                     closes;
    size_t                  i;
    group_t                *group;
    const roster_stored_t  *row;

    closes = roster->ctl->opt.close_absent;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        if (!roster_stored_live(roster, row)) {
            continue;
        }

        group = group_find(groups, &row->where, row->role);
        group->before++;
        group->ends += row->ends || (closes && row->absent);
        group_find(groups, &row->where, 0)->before++;
    }
}


static void
links_count(groups_t *groups, const roster_t *roster,
    const roster_table_t *table)
{
    uint32_t                i;
    const roster_link_t    *link;
    const roster_item_t    *school;
    const roster_links_t   *links;
    const roster_stored_t  *row;

    links = &roster->links[table->kind];

    for (i = 0; i < links->count; i++) {
        link = &links->links[i];

        if (roster_link_leaves(roster, table->kind, link)
            || roster_link_refused(roster, table->kind, link))
        {
            continue;
        }

        row = roster_stored_find(roster, table, link);

        if (row == NULL || !roster_stored_live(roster, row)) {
            school = roster_link_where(roster, table->kind, link);
            group_find(groups, &school->owner.id, link->role)->fresh++;
        }
    }
}


static const limit_t *
limit_of(const group_t *group)
{
    const limit_t  *limit;

    for (limit = limits; limit->name != NULL; limit++) {
        if (limit->role == group->key[PUPIL_UUID_LEN]) {
            return limit;
        }
    }

    return NULL;
}


static void
group_guard(roster_t *roster, groups_t *groups, const group_t *group)
{
    char            text[PUPIL_UUID_TEXT_LEN + 1];
    pupil_uuid_t    school;
    const limit_t  *limit;

    limit = limit_of(group);
    if (limit == NULL) {
        return;
    }

    memcpy(school.b, group->key, PUPIL_UUID_LEN);
    ctl_uuid_text(&school, text);

    if (group->before != 0 && group->ends == group->before
        && group->fresh == 0 && !roster->ctl->opt.confirm_removal)
    {
        roster_hold(roster, "no %s would be left of %u at school %s",
                    limit->name, group->before, text);
    }

    if (group->fresh > limit->most && group->fresh > group->before
        && group_find(groups, &school, 0)->before != 0)
    {
        roster_hold(roster, "%u new %ss at school %s, which has %u",
                    group->fresh, limit->name, text, group->before);
    }
}


void
roster_schools_guard(roster_t *roster, const roster_table_t *table)
{
    uint32_t  i, count;
    groups_t  groups;

    memset(&groups, 0, sizeof(groups_t));
    groups.groups = roster_grow(NULL, 0, &groups.size, sizeof(group_t *));

    rows_count(&groups, roster, table);
    links_count(&groups, roster, table);

    count = groups.count;

    for (i = 0; i < count; i++) {
        group_guard(roster, &groups, groups.groups[i]);
    }

    free(groups.groups);
    ctl_map_free(&groups.keys);
    ctl_pool_free(&groups.pool);
}

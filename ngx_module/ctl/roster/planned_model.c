/*
 * Copyright (C) the Pupil authors
 *
 * A roster as bytes and back: items and links in their order, with the lines
 * that they were in.  Of one machine's layout, as it lives for four days.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/planned.h"


#define FILES_MAX  64           /* that a roster has lines of */
#define TEXT_MAX   65536        /* bytes of a value */

typedef struct {
    roster_planned_t  *planned;
    roster_t          *roster;  /* where it is read */
    const char        *files[FILES_MAX];
    uint32_t           count;
} model_t;

/* Of an item, but for its texts. */
typedef struct {
    uint64_t   line;
    uint32_t   parent, roles, said;
    int32_t    from, to;
    uint8_t    headed, refused, leaves, one_name, other, elsewhere, skipped;
    uint8_t    keeps[ROSTER_RECORDS];
    uint8_t    unplaced, unused;
} flat_item_t;

typedef struct {
    uint64_t   line;
    uint32_t   user, where, role;
    int32_t    from, to;
    uint8_t    refused, leaves, said, unused;
} flat_link_t;


static int
text_put(roster_planned_t *planned, pupil_str_t text)
{
    uint32_t  len;

    len = (uint32_t) text.len;

    return roster_planned_put(planned, &len, sizeof(len)) == 0
           ? roster_planned_put(planned, text.data, text.len) : -1;
}


static int
text_take(model_t *model, pupil_str_t *text)
{
    int        rc;
    char      *data;
    uint32_t   len;

    if (roster_planned_take(model->planned, &len, sizeof(len)) != 0) {
        return -1;
    }

    if (len > TEXT_MAX) {
        return ctl_error("the plan is malformed");
    }

    data = ctl_pool_alloc(&model->roster->pool, len + 1);
    rc = roster_planned_take(model->planned, data, len);
    data[len] = '\0';
    text->data = (uint8_t *) data;
    text->len = len;

    return rc;
}


/* By its number, with its name where it is the first of it. */
static int
file_put(model_t *model, const char *name)
{
    uint32_t  i;

    for (i = 0; i < model->count; i++) {
        if (model->files[i] == name || strcmp(model->files[i], name) == 0) {
            return roster_planned_put(model->planned, &i, sizeof(i));
        }
    }

    if (model->count == FILES_MAX) {
        return ctl_error("a roster has lines of %d files at most", FILES_MAX);
    }

    model->files[model->count++] = name;

    return roster_planned_put(model->planned, &i, sizeof(i)) == 0
           ? text_put(model->planned, ctl_str(name)) : -1;
}


static int
file_take(model_t *model, const char **name)
{
    uint32_t     i;
    pupil_str_t  text;

    if (roster_planned_take(model->planned, &i, sizeof(i)) != 0) {
        return -1;
    }

    if (i > model->count || i == FILES_MAX) {
        return ctl_error("the plan is malformed");
    }

    if (i == model->count) {
        if (text_take(model, &text) != 0) {
            return -1;
        }
        model->files[model->count++] = (const char *) text.data;
    }

    *name = model->files[i];

    return 0;
}


static int
item_put(model_t *model, const roster_item_t *item)
{
    unsigned     v;
    flat_item_t  flat;

    memset(&flat, 0, sizeof(flat));
    flat.line = item->place.line;
    flat.parent = item->parent;
    flat.roles = item->roles;
    flat.said = item->said;
    flat.from = item->from;
    flat.to = item->to;
    flat.headed = item->headed;
    flat.refused = item->refused;
    flat.leaves = item->leaves;
    flat.one_name = item->one_name;
    flat.other = item->other;
    flat.elsewhere = item->elsewhere;
    flat.skipped = item->skipped;
    flat.unplaced = item->unplaced;
    memcpy(flat.keeps, item->keeps, sizeof(flat.keeps));

    if (roster_planned_put(model->planned, &flat, sizeof(flat)) != 0
        || file_put(model, item->place.file) != 0
        || text_put(model->planned, item->id) != 0
        || text_put(model->planned, item->head) != 0)
    {
        return -1;
    }

    for (v = 0; v < ROSTER_VALUES; v++) {
        if (text_put(model->planned, item->values[v]) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
item_take(model_t *model, roster_kind_t kind)
{
    unsigned         v;
    flat_item_t      flat;
    pupil_str_t      id, head;
    roster_item_t   *item;
    roster_place_t   place;

    if (roster_planned_take(model->planned, &flat, sizeof(flat)) != 0
        || file_take(model, &place.file) != 0 || text_take(model, &id) != 0
        || text_take(model, &head) != 0)
    {
        return -1;
    }

    place.line = flat.line;
    item = roster_item_add(model->roster, kind, &place, id);

    if (item == NULL
        || (flat.parent != ROSTER_NONE && flat.parent
            >= model->roster->items[ROSTER_INSTITUTION].count))
    {
        return ctl_error("the plan is malformed");
    }

    item->head = head;
    item->parent = flat.parent;
    item->roles = flat.roles;
    item->said = flat.said;
    item->from = flat.from;
    item->to = flat.to;
    item->headed = flat.headed;
    item->refused = flat.refused;
    item->leaves = flat.leaves;
    item->one_name = flat.one_name;
    item->other = flat.other;
    item->elsewhere = flat.elsewhere;
    item->skipped = flat.skipped;
    item->unplaced = flat.unplaced;
    memcpy(item->keeps, flat.keeps, sizeof(flat.keeps));

    for (v = 0; v < ROSTER_VALUES; v++) {
        if (text_take(model, &item->values[v]) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
link_put(model_t *model, const roster_link_t *link)
{
    flat_link_t  flat;

    memset(&flat, 0, sizeof(flat));
    flat.line = link->place.line;
    flat.user = link->user;
    flat.where = link->where;
    flat.role = link->role;
    flat.from = link->from;
    flat.to = link->to;
    flat.refused = link->refused;
    flat.leaves = link->leaves;
    flat.said = link->said;

    return roster_planned_put(model->planned, &flat, sizeof(flat)) == 0
           ? file_put(model, link->place.file) : -1;
}


static int
link_take(model_t *model, roster_kind_t kind)
{
    flat_link_t      flat;
    roster_link_t    link;
    const roster_t  *roster;

    roster = model->roster;
    memset(&link, 0, sizeof(link));

    if (roster_planned_take(model->planned, &flat, sizeof(flat)) != 0
        || file_take(model, &link.place.file) != 0)
    {
        return -1;
    }

    if (flat.user >= roster->items[ROSTER_USER].count
        || flat.where >= roster->items[roster_kinds[kind].where].count)
    {
        return ctl_error("the plan is malformed");
    }

    link.place.line = flat.line;
    link.user = flat.user;
    link.where = flat.where;
    link.role = flat.role;
    link.from = flat.from;
    link.to = flat.to;
    link.refused = flat.refused;
    link.leaves = flat.leaves;
    link.said = flat.said;
    roster_link_add(model->roster, kind, &link);

    return 0;
}


static int
states_put(roster_planned_t *planned, const roster_states_t *states)
{
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (roster_planned_put(planned, states->items[kind],
                               states->counts[kind] * ROSTER_STATE_LEN) != 0)
        {
            return -1;
        }
    }

    return roster_planned_put(planned, &states->absent_count,
                              sizeof(uint32_t)) == 0
           ? roster_planned_put(planned, states->absent, states->absent_count
                                * sizeof(roster_state_rows_t)) : -1;
}


static int
states_take(roster_planned_t *planned, const roster_t *roster,
    roster_states_t *states)
{
    size_t    size;
    uint32_t  count;
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        count = roster->items[kind].count;
        size = (size_t) count * ROSTER_STATE_LEN;
        states->items[kind] = ctl_memory(size + 1);
        states->counts[kind] = count;

        if (roster_planned_take(planned, states->items[kind], size) != 0) {
            return -1;
        }
    }

    if (roster_planned_take(planned, &count, sizeof(count)) != 0) {
        return -1;
    }

    states->absent_count = count;
    size = (size_t) count * sizeof(roster_state_rows_t);
    states->absent = ctl_memory(size + 1);

    return roster_planned_take(planned, states->absent, size);
}


int
roster_model_put(roster_planned_t *planned, const roster_t *roster,
    const roster_states_t *states)
{
    int       rc;
    model_t   model;
    uint32_t  i, count;
    unsigned  kind;

    memset(&model, 0, sizeof(model_t));
    model.planned = planned;
    rc = 0;

    for (kind = 0; rc == 0 && kind < ROSTER_ITEM_KINDS; kind++) {
        count = roster->items[kind].count;
        rc = roster_planned_put(planned, &count, sizeof(count));

        for (i = 0; rc == 0 && i < count; i++) {
            rc = item_put(&model, roster_item(roster, kind, i));
        }
    }

    for (; rc == 0 && kind < ROSTER_KINDS; kind++) {
        count = roster->links[kind].count;
        rc = roster_planned_put(planned, &count, sizeof(count));

        for (i = 0; rc == 0 && i < count; i++) {
            rc = link_put(&model, &roster->links[kind].links[i]);
        }
    }

    return rc == 0 ? states_put(planned, states) : -1;
}


int
roster_model_take(roster_planned_t *planned, roster_t *roster,
    roster_states_t *states)
{
    int       rc;
    model_t   model;
    uint32_t  i, count;
    unsigned  kind;

    memset(&model, 0, sizeof(model_t));
    model.planned = planned;
    model.roster = roster;
    rc = 0;

    for (kind = 0; rc == 0 && kind < ROSTER_KINDS; kind++) {
        rc = roster_planned_take(planned, &count, sizeof(count));

        for (i = 0; rc == 0 && i < count; i++) {
            rc = kind < ROSTER_ITEM_KINDS ? item_take(&model, kind)
                                          : link_take(&model, kind);
        }
    }

    return rc == 0 ? states_take(planned, roster, states) : -1;
}

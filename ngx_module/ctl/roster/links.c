/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/roster/links.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/revoke.h"


/* What becomes of a link's row. */
typedef enum {
    LINK_STAYS = 0,
    LINK_GIVES,
    LINK_TAKES
} link_fate_t;

/* Whether something is taken from a user. */
enum {
    USER_KEEPS = 0,
    USER_LOSES,
    USER_GIVEN                  /* and what is given them came along */
};

/* Links by their users: order[ends[u - 1]] up to order[ends[u]]. */
typedef struct {
    uint32_t              *ends, *order;
} by_user_t;

/*
 * Of whom nothing is taken, what gives is written as it comes; the rest at the
 * end, all of somebody in one transaction.
 */
typedef struct {
    roster_t              *roster;
    const roster_table_t  *tables;
    roster_put_t           put;
    roster_revoked_list_t  revoked;
    by_user_t              links[ROSTER_KINDS];
    uint8_t               *users;
} plan_t;


/* The row as it should be.  row: as it is stored, or NULL. */
static void
row_plan(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link, const roster_stored_t *row,
    roster_stored_t *want)
{
    const roster_item_t  *where, *institution;

    where = roster_link_where(roster, kind, link);
    institution = roster_parent(roster, where);
    if (institution == NULL) {
        institution = where;
    }

    memset(want, 0, sizeof(roster_stored_t));
    want->subject = roster_item(roster, ROSTER_USER, link->user)->owner.id;
    want->where = where->owner.id;
    want->institution = institution->owner.id;
    want->role = link->role;
    want->number = roster_floor(roster, &want->subject);
    want->from = link->from;
    want->to = link->to;

    want->user = link->user;

    if (row != NULL) {
        want->id = row->id;
    }

    /* without a first day: since it is stored, or else from today on */
    if (link->from == PUPIL_DATE_NONE) {
        want->from = roster->today;

        if (row != NULL && row->authentic && row->from <= roster->today
            && row->to >= roster->today)
        {
            want->from = row->from;
        }
    }

    if (want->to < want->from) {
        want->from = want->to;
    }
}


static int
row_differs(const roster_stored_t *row, const roster_stored_t *want)
{
    return !row->authentic || row->from != want->from || row->to != want->to
           || pupil_uuid_compare(&row->institution, &want->institution) != 0;
}


int
roster_links_narrows(const roster_stored_t *row, const roster_stored_t *want)
{
    if (row->tampered) {
        return 1;
    }

    return row->authentic
           && (want->to < row->to || want->from > row->from
               || pupil_uuid_compare(&row->institution, &want->institution)
                  != 0);
}


/* row: as it is stored, or NULL; want: as it should be. */
static link_fate_t
link_fate(roster_t *roster, const roster_table_t *table,
    const roster_link_t *link, const roster_stored_t **row,
    roster_stored_t *want)
{
    if (roster_link_leaves(roster, table->kind, link)
        || roster_link_refused(roster, table->kind, link))
    {
        return LINK_STAYS;
    }

    *row = roster_stored_find(roster, table, link);
    row_plan(roster, table->kind, link, *row, want);

    if (*row == NULL) {
        return LINK_GIVES;
    }

    /* what an operator or another source gave is not ours to change */
    return !row_differs(*row, want) || ((*row)->authentic && !(*row)->ours)
           ? LINK_STAYS
           : roster_links_narrows(*row, want) ? LINK_TAKES : LINK_GIVES;
}


static void
link_see(plan_t *plan, const roster_table_t *table, const roster_link_t *link)
{
    roster_t               *roster;
    link_fate_t             fate;
    roster_count_t         *count;
    roster_stored_t         want;
    const roster_stored_t  *row;

    roster = plan->roster;
    count = &roster->counts[table->kind];

    if (roster_link_leaves(roster, table->kind, link)) {
        return;
    }

    /* why is said where it was read, or of its user, class or institution */
    if (roster_link_refused(roster, table->kind, link)) {
        count->refused += !link->refused;
        return;
    }

    fate = link_fate(roster, table, link, &row, &want);

    if (fate == LINK_STAYS) {
        count->unchanged++;
        return;
    }

    if (row == NULL) {
        count->taken++;
    } else {
        count->changed++;
    }

    if (row != NULL && row->tampered) {
        roster_stored_tampered(roster, table->kind, row, "written anew");
    }

    if (fate == LINK_TAKES) {
        roster_revoke_add(roster, &plan->revoked, table->kind, &want);
        plan->users[link->user] = USER_LOSES;
    }
}


/* 1: the link gives, in want. */
static int
link_gives(plan_t *plan, roster_kind_t kind, uint32_t place,
    roster_stored_t *want)
{
    uint32_t                i;
    roster_t               *roster;
    const roster_stored_t  *row;

    roster = plan->roster;
    i = plan->links[kind].order[place];

    if (link_fate(roster, &plan->tables[kind],
                  &roster->links[kind].links[i], &row, want) != LINK_GIVES)
    {
        return 0;
    }

    if (row == NULL) {
        pupil_uuid_random(&want->id);
    }

    return 1;
}


/* Of whom something is taken: they are given it with that. */
static void
user_give(void *ctx, uint32_t user, roster_revoked_list_t *list)
{
    plan_t           *plan = ctx;
    uint32_t          i;
    unsigned          kind;
    by_user_t        *links;
    roster_stored_t   want;

    if (plan->users[user] == USER_GIVEN) {
        return;
    }

    plan->users[user] = USER_GIVEN;

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        links = &plan->links[kind];

        for (i = user == 0 ? 0 : links->ends[user - 1]; i < links->ends[user];
             i++)
        {
            if (link_gives(plan, kind, i, &want)) {
                roster_revoke_give(list, kind, &want);
            }
        }
    }
}


/* Each user's beside each other, so that they have one image. */
static void
links_order(const roster_t *roster, const roster_links_t *links,
    by_user_t *by_user)
{
    uint32_t  i, k, n, *ends, *order;

    n = roster->items[ROSTER_USER].count;
    ends = ctl_memory((n + 1) * sizeof(uint32_t));
    order = ctl_memory((links->count + 1) * sizeof(uint32_t));
    memset(ends, 0, (n + 1) * sizeof(uint32_t));

    for (i = 0; i < links->count; i++) {
        ends[links->links[i].user]++;
    }

    /* how many there are of each gives where the first of them is */
    for (i = 0, k = 0; i < n; i++) {
        k += ends[i];
        ends[i] = k - ends[i];
    }

    for (i = 0; i < links->count; i++) {
        order[ends[links->links[i].user]++] = i;
    }

    by_user->ends = ends;
    by_user->order = order;
}


static int
kind_give(plan_t *plan, roster_kind_t kind)
{
    int               rc;
    uint32_t          i, k;
    roster_t         *roster;
    roster_links_t   *links;
    roster_stored_t   want;

    rc = 0;
    roster = plan->roster;
    links = &roster->links[kind];
    plan->put.kind = kind;

    for (i = 0; rc == 0 && i < links->count; i++) {
        k = links->links[plan->links[kind].order[i]].user;

        if (plan->users[k] != USER_KEEPS || !link_gives(plan, kind, i, &want))
        {
            continue;
        }

        roster_put_add(roster, &plan->put, &want);

        if (roster_put_full(&plan->put)) {
            rc = roster_put_commit(roster, &plan->put);
            roster_progress(roster_kinds[kind].name, i, links->count);
        }
    }

    return rc == 0 ? roster_put_commit(roster, &plan->put) : -1;
}


/*
 * Whether a row is to be ended: one that was tampered with is, too, as it may
 * be put right; but it is not ours to say of whom another source is.  Nor
 * which row it was whose role is none of a roster's: this may have it.
 */
static int
row_ends(roster_t *roster, roster_kind_t kind, const roster_stored_t *row)
{
    int  ends;

    if (!row->tampered) {
        return row->ends && roster_stored_live(roster, row);
    }

    if (!row->ends && row->role != 0) {
        return 0;
    }

    ends = row->ours && row->role != 0;
    roster_stored_tampered(roster, kind, row, ends ? "ended" : "left");
    roster->left += !ends;

    return ends;
}


void
roster_links_end(const roster_t *roster, roster_stored_t *row)
{
    row->to = roster->today - 1;

    if (row->from > row->to) {
        row->from = row->to;
    }
}


static void
rows_end(plan_t *plan, const roster_table_t *table)
{
    size_t                  i;
    roster_t               *roster;
    const roster_stored_t  *row;

    roster = plan->roster;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        if (row->matched || !row_ends(roster, table->kind, row)) {
            continue;
        }

        roster->counts[table->kind].ended++;
        roster_revoke_end(&plan->revoked, table->kind, row);

        if (row->user != ROSTER_NONE) {
            plan->users[row->user] = USER_LOSES;
        }
    }
}


/* What is to be done, and of whom something is taken. */
static void
plan_make(plan_t *plan)
{
    uint32_t         i;
    unsigned         kind;
    roster_t        *roster;
    roster_links_t  *links;

    roster = plan->roster;
    i = roster->items[ROSTER_USER].count;
    plan->users = ctl_memory(i + 1);
    memset(plan->users, USER_KEEPS, i + 1);

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        links = &roster->links[kind];
        links_order(roster, links, &plan->links[kind]);

        for (i = 0; i < links->count; i++) {
            link_see(plan, &plan->tables[kind],
                     &links->links[plan->links[kind].order[i]]);
        }

        rows_end(plan, &plan->tables[kind]);
    }

    plan->revoked.give = user_give;
    plan->revoked.ctx = plan;
}


static void
plan_free(plan_t *plan)
{
    unsigned  kind;

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        free(plan->links[kind].ends);
        free(plan->links[kind].order);
    }

    free(plan->users);
    free(plan->revoked.rows);
}


int
roster_links_apply(roster_t *roster, const roster_table_t *tables)
{
    int        rc;
    plan_t    *plan;
    unsigned   kind;

    if (roster_granted(roster, "enrolment", "class_id", NULL) < 0
        || roster_granted(roster, "enrolment", "role", NULL) < 0)
    {
        return ctl_error("no plugin grants enrolment.class_id and"
                         " enrolment.role to rostering: roles and enrolments"
                         " were not written");
    }

    plan = ctl_pool_alloc(&roster->pool, sizeof(plan_t));
    memset(plan, 0, sizeof(plan_t));
    plan->roster = roster;
    plan->tables = tables;
    plan_make(plan);
    rc = 0;

    for (kind = ROSTER_ITEM_KINDS; rc == 0 && kind < ROSTER_KINDS; kind++) {
        rc = kind_give(plan, kind);
    }

    if (rc == 0) {
        rc = roster_revoke_apply(roster, &plan->revoked);
    }

    plan_free(plan);

    return rc;
}

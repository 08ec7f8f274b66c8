/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/roster/links.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/revoke.h"


/* What gives is written as it comes, what takes away at the end. */
typedef struct {
    roster_put_t           put;
    roster_revoked_list_t  revoked;
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

    if (row != NULL) {
        want->id = row->id;
    } else {
        pupil_uuid_random(&want->id);
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


static void
link_apply(roster_t *roster, const roster_table_t *table, plan_t *plan,
    const roster_link_t *link)
{
    roster_count_t         *count;
    roster_stored_t         want;
    const roster_stored_t  *row;

    count = &roster->counts[table->kind];

    if (roster_link_leaves(roster, table->kind, link)) {
        return;
    }

    /* why is said where it was read, or of its user, class or institution */
    if (roster_link_refused(roster, table->kind, link)) {
        count->refused += !link->refused;
        return;
    }

    row = roster_stored_find(roster, table, link);
    row_plan(roster, table->kind, link, row, &want);

    /* what an operator or another source gave is not ours to change */
    if (row != NULL
        && (!row_differs(row, &want) || (row->authentic && !row->ours)))
    {
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

    if (row != NULL && roster_links_narrows(row, &want)) {
        roster_revoke_add(roster, &plan->revoked, table->kind, &want);

    } else {
        roster_put_add(roster, &plan->put, &want);
    }
}


/* Each user's beside each other, so that they have one image. */
static uint32_t *
links_order(const roster_t *roster, const roster_links_t *links)
{
    uint32_t  i, k, n, *first, *order;

    n = roster->items[ROSTER_USER].count;
    first = ctl_memory((n + 1) * sizeof(uint32_t));
    order = ctl_memory((links->count + 1) * sizeof(uint32_t));
    memset(first, 0, (n + 1) * sizeof(uint32_t));

    for (i = 0; i < links->count; i++) {
        first[links->links[i].user]++;
    }

    /* how many there are of each gives where the first of them is */
    for (i = 0, k = 0; i < n; i++) {
        k += first[i];
        first[i] = k - first[i];
    }

    for (i = 0; i < links->count; i++) {
        order[first[links->links[i].user]++] = i;
    }

    free(first);

    return order;
}


static int
links_write(roster_t *roster, const roster_table_t *table, plan_t *plan)
{
    int              rc;
    uint32_t         i, *order;
    roster_links_t  *links;

    rc = 0;
    links = &roster->links[table->kind];
    order = links_order(roster, links);

    for (i = 0; rc == 0 && i < links->count; i++) {
        link_apply(roster, table, plan, &links->links[order[i]]);

        if (plan->put.count == ROSTER_PUT_ROWS) {
            rc = roster_put_commit(roster, &plan->put);
            roster_progress(roster_kinds[table->kind].name, i, links->count);
        }
    }

    free(order);

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
rows_end(roster_t *roster, const roster_table_t *table, plan_t *plan)
{
    size_t                  i;
    const roster_stored_t  *row;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        if (row->matched || !row_ends(roster, table->kind, row)) {
            continue;
        }

        roster->counts[table->kind].ended++;
        roster_revoke_end(&plan->revoked, table->kind, row);
    }
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
    rc = 0;

    for (kind = ROSTER_ITEM_KINDS; rc == 0 && kind < ROSTER_KINDS; kind++) {
        plan->put.kind = kind;
        rc = links_write(roster, &tables[kind], plan);

        if (rc == 0) {
            rows_end(roster, &tables[kind], plan);
        }
    }

    if (rc == 0) {
        rc = roster_revoke_apply(roster, &plan->revoked);
    }

    free(plan->revoked.rows);

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/roster/apply.h"
#include "ctl/roster/leavers.h"
#include "ctl/roster/links.h"
#include "ctl/roster/returns.h"
#include "ctl/roster/revoke.h"
#include "ctl/roster/undo.h"


/* What becomes of a row. */
typedef enum {
    ROW_STAYS = 0,
    ROW_PUT,
    ROW_REVOKED
} row_fate_t;

typedef struct {
    undo_t                 *undo;
    roster_put_t            put;
    roster_revoked_list_t   revoked;
} links_t;


/* The row as it should be, in *want. */
static row_fate_t
link_plan(const undo_t *undo, const undo_link_t *link, roster_stored_t *want)
{
    const undo_person_t    *person;
    const roster_stored_t  *row;

    person = &undo->people[link->person];
    row = roster_stored_at(&undo->tables[link->kind], &person->id,
                           &link->where, link->role);

    if (!link->before.there) {
        if (row == NULL || !roster_sorted_live(&undo->roster, row)) {
            return ROW_STAYS;
        }

        *want = *row;
        roster_links_end(&undo->roster, want);

        return ROW_REVOKED;
    }

    if (undo_span_is(&link->before, row)) {
        return ROW_STAYS;
    }

    memset(want, 0, sizeof(roster_stored_t));
    want->subject = person->id;
    want->where = link->where;
    want->institution = link->before.institution;
    want->role = link->role;
    want->number = roster_floor(&undo->roster, &person->id);
    want->from = link->before.from;
    want->to = link->before.to;

    if (row != NULL) {
        want->id = row->id;
    } else {
        pupil_uuid_random(&want->id);
    }

    return row != NULL && roster_links_narrows(row, want)
           ? ROW_REVOKED : ROW_PUT;
}


/* Each person once: their links lie beside each other. */
void
undo_links_count(undo_t *undo)
{
    uint32_t          i, k;
    unsigned          kinds;
    roster_stored_t   want;
    undo_person_t    *person;

    for (i = 0; i < undo->people_count; i++) {
        person = &undo->people[i];
        kinds = 0;

        for (k = person->links; k < person->links + person->links_count; k++) {
            if (link_plan(undo, &undo->links[k], &want) != ROW_STAYS) {
                kinds |= 1u << undo->links[k].kind;
            }
        }

        undo->counts[UNDO_ROLES] += (kinds >> ROSTER_ROLE) & 1;
        undo->counts[UNDO_CLASSES] += (kinds >> ROSTER_ENROLMENT) & 1;
    }
}


/* Of who was not there before, all that this source gives. */
static void
joined_end(links_t *links)
{
    uint32_t           i;
    size_t             k, count;
    undo_t            *undo;
    roster_kind_t      kind;
    roster_stored_t  **rows;

    undo = links->undo;

    for (i = 0; i < undo->people_count; i++) {
        if (!undo->people[i].joined) {
            continue;
        }

        rows = roster_sorted_find(&undo->sorted, &undo->people[i].id, &count);

        for (k = 0; k < count; k++) {
            if (!roster_stored_live(&undo->roster, rows[k])) {
                continue;
            }

            kind = rows[k] >= undo->tables[ROSTER_ROLE].rows
                   && rows[k] < undo->tables[ROSTER_ROLE].rows
                                + undo->tables[ROSTER_ROLE].count
                   ? ROSTER_ROLE : ROSTER_ENROLMENT;
            roster_revoke_end(&links->revoked, kind, rows[k]);
        }
    }
}


/* What gives is written as it comes, what takes away at the end. */
static int
links_apply(links_t *links)
{
    uint32_t            i;
    undo_t             *undo;
    row_fate_t          fate;
    roster_kind_t       kind;
    roster_stored_t     want;
    const undo_link_t  *link;

    undo = links->undo;

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        links->put.kind = kind;

        for (i = 0; i < undo->links_count; i++) {
            link = &undo->links[i];
            fate = link->kind == kind ? link_plan(undo, link, &want)
                                      : ROW_STAYS;

            if (fate == ROW_REVOKED) {
                roster_revoke_add(&undo->roster, &links->revoked, kind,
                                  &want);

            } else if (fate == ROW_PUT) {
                roster_put_add(&undo->roster, &links->put, &want);
            }

            if (roster_put_full(&links->put)
                && roster_put_commit(&undo->roster, &links->put) != 0)
            {
                return -1;
            }
        }

        if (roster_put_commit(&undo->roster, &links->put) != 0) {
            return -1;
        }
    }

    joined_end(links);

    return roster_revoke_apply(&undo->roster, &links->revoked);
}


/* They have served: nobody's names of before are kept for nothing. */
int
undo_forget(undo_t *undo)
{
    ctl_t       *ctl;
    const char  *params[2];

    ctl = undo->roster.ctl;
    params[0] = ctl->tenant_text;
    params[1] = undo->run.text;

    return ctl_write(ctl, ctl->data, "DELETE FROM pupil.import_image WHERE"
                     " tenant = $1::uuid AND run = $2::uuid", 2, params);
}


/* Each step again does nothing where it was done. */
int
undo_apply(undo_t *undo)
{
    int       rc;
    links_t  *links;

    if (roster_run_state(undo->roster.ctl, &undo->run, ROSTER_RUN_UNDOING)
        != 0
        || roster_returns_apply(&undo->roster) != 0
        || roster_apply(&undo->roster) != 0)
    {
        return -1;
    }

    links = ctl_pool_alloc(&undo->roster.pool, sizeof(links_t));
    memset(links, 0, sizeof(links_t));
    links->undo = undo;

    rc = links_apply(links);
    free(links->revoked.rows);

    if (rc != 0 || roster_leavers_apply(&undo->roster) != 0
        || roster_run_state(undo->roster.ctl, &undo->run, ROSTER_RUN_UNDONE)
           != 0)
    {
        return -1;
    }

    return undo_forget(undo);
}

/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/links.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/revoke.h"
#include "ctl/store/authority.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/numbers.h"
#include "ctl/store/revoked.h"


#define BATCH  1000             /* subjects a transaction */
#define ROWS   32000            /* and rows, but all of a subject */

typedef struct {
    roster_put_t     *puts[ROSTER_KINDS];       /* of the two kinds of link */
    ctl_authority_t   whom[BATCH];
    size_t            count;
    /* their rows, and what they are given */
    roster_revoked_list_t  rows;
} batch_t;


int
roster_floors_load(roster_t *roster)
{
    int            fresh, row, rc;
    PGresult      *res;
    pupil_str_t    key;
    pupil_uuid_t  *subject;

    if (ctl_revoke_finish(roster->ctl, NULL) != 0
        || ctl_begin(roster->ctl->keys, &roster->ctl->tenant) != 0)
    {
        return -1;
    }

    res = ctl_query(roster->ctl->keys, "SELECT subject, authority FROM"
                    " keystore.floor WHERE authority > 0", 0, NULL);
    ctl_rollback(roster->ctl->keys);

    if (res == NULL) {
        return -1;
    }

    key.len = PUPIL_UUID_LEN;

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        subject = ctl_pool_alloc(&roster->pool, sizeof(pupil_uuid_t));
        rc = ctl_get_uuid(res, row, 0, subject);
        key.data = subject->b;

        ctl_map_put(&roster->floors, key, &fresh)->value =
            (uint32_t) ctl_get_int(res, row, 1, 0);
    }

    PQclear(res);

    return rc;
}


uint32_t
roster_floor(const roster_t *roster, const pupil_uuid_t *subject)
{
    ctl_slot_t   *slot;
    pupil_str_t   key;

    key.data = subject->b;
    key.len = PUPIL_UUID_LEN;

    slot = ctl_map_get(&roster->floors, key);

    return slot == NULL ? 0 : slot->value;
}


void
roster_floor_set(roster_t *roster, const pupil_uuid_t *subject,
    uint32_t number)
{
    int          fresh;
    pupil_str_t  key;

    key = ctl_pool_str(&roster->pool, subject->b, PUPIL_UUID_LEN);
    ctl_map_put(&roster->floors, key, &fresh)->value = number;
}


static roster_revoked_t *
list_add(roster_revoked_list_t *list, roster_kind_t kind,
    const roster_stored_t *row)
{
    roster_revoked_t  *revoked;

    list->rows = roster_grow(list->rows, list->count, &list->size,
                             sizeof(roster_revoked_t));
    revoked = &list->rows[list->count++];

    memset(revoked, 0, sizeof(roster_revoked_t));
    revoked->row = row;
    revoked->kind = (uint8_t) kind;

    return revoked;
}


void
roster_revoke_add(roster_t *roster, roster_revoked_list_t *list,
    roster_kind_t kind, const roster_stored_t *row)
{
    roster_stored_t  *copy;

    copy = ctl_pool_alloc(&roster->pool, sizeof(roster_stored_t));
    *copy = *row;
    (void) list_add(list, kind, copy);
}


void
roster_revoke_end(roster_revoked_list_t *list, roster_kind_t kind,
    const roster_stored_t *row)
{
    list_add(list, kind, row)->ends = 1;
}


void
roster_revoke_give(roster_revoked_list_t *list, roster_kind_t kind,
    const roster_stored_t *row)
{
    roster_stored_t  *copy;

    copy = ctl_pool_alloc(&list->pool, sizeof(roster_stored_t));
    *copy = *row;
    list_add(list, kind, copy)->gives = 1;
}


static int
revoked_compare(const void *a, const void *b)
{
    const roster_revoked_t  *one = a, *other = b;

    return pupil_uuid_compare(&one->row->subject, &other->row->subject);
}


static int
same_subject(const roster_revoked_t *a, const roster_revoked_t *b)
{
    return pupil_uuid_compare(&a->row->subject, &b->row->subject) == 0;
}


int
roster_revoke_note(roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ctl_row_t           left;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    left.table = kind == ROSTER_ROLE ? CTL_ROW_ROLE : CTL_ROW_ENROLMENT;
    left.subject = row->subject;
    left.where = row->where;
    left.role = ctl_str(roster_stored_role(row->role));

    roster_stored_mac(roster, kind, row, key, mac);
    ctl_revoked(roster->ctl, &left, mac);

    return 0;
}


/* The rows of a subject, from the first; the place behind them. */
static size_t
subject_take(batch_t *batch, const roster_revoked_list_t *list, size_t i)
{
    uint32_t                user;
    const roster_revoked_t  *first, *row;

    user = ROSTER_NONE;
    first = &list->rows[i];

    for ( /* void */ ; i < list->count; i++) {
        row = &list->rows[i];

        if (!same_subject(first, row)) {
            break;
        }

        *list_add(&batch->rows, row->kind, row->row) = *row;

        if (list->give != NULL && row->row->user != user
            && row->row->user != ROSTER_NONE)
        {
            user = row->row->user;
            list->give(list->ctx, user, &batch->rows);
        }
    }

    return i;
}


/* The next subjects of the list, with numbers; the place behind their rows. */
static int
batch_take(roster_t *roster, batch_t *batch,
    const roster_revoked_list_t *list, size_t from, size_t *to)
{
    size_t            i;
    ctl_authority_t  *whom;

    batch->count = 0;
    batch->rows.count = 0;
    ctl_pool_free(&batch->rows.pool);

    for (i = from; i < list->count && batch->count < BATCH
         && batch->rows.count < ROWS; /* void */ )
    {
        whom = &batch->whom[batch->count++];
        whom->subject = list->rows[i].row->subject;
        whom->floor = roster_floor(roster, &whom->subject);
        i = subject_take(batch, list, i);
    }

    *to = i;

    return ctl_numbers_take(roster->ctl, batch->whom, batch->count);
}


/* Under the number, like what is left; full puts are written at once. */
static int
revoked_add(roster_t *roster, batch_t *batch,
    const roster_revoked_t *revoked, const ctl_authority_t *whom)
{
    roster_put_t     *put;
    roster_stored_t   row = *revoked->row;

    if (revoked->ends) {
        roster_links_end(roster, &row);
    }

    row.number = whom->number;
    put = batch->puts[revoked->kind];

    if (roster_put_full(put) && roster_put_write(roster, put) != 0) {
        return -1;
    }

    roster_put_add(roster, put, &row);

    return revoked->gives ? 0
           : roster_revoke_note(roster, revoked->kind,
                                &put->rows[put->count - 1]);
}


static int
kind_record(roster_t *roster, const roster_revoked_list_t *list,
    roster_kind_t kind)
{
    int                      rc;
    uint32_t                 i;
    ctl_buf_t                subjects;
    const roster_revoked_t  *last, *row;

    last = NULL;
    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    for (i = 0; i < list->count; i++) {
        row = &list->rows[i];

        if (row->kind == kind && (last == NULL || !same_subject(last, row))) {
            ctl_array_uuid(&subjects, &row->row->subject);
            last = row;
        }
    }

    ctl_array_end(&subjects);

    rc = last == NULL ? 0
         : ctl_record(roster->ctl, &roster_link_access[kind], "allowed",
                      subjects.data, roster->detail);
    ctl_buf_free(&subjects);

    return rc;
}


/*
 * Of the rows of a batch: each subject once a kind, as they are in their order.
 * Committed before any is signed, as what takes may give, too (invariant I19).
 */
static int
batch_record(roster_t *roster, const roster_revoked_list_t *list)
{
    ctl_t     *ctl;
    unsigned   kind;

    ctl = roster->ctl;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        if (kind_record(roster, list, kind) != 0) {
            return -1;
        }
    }

    return ctl_commit(ctl->data);
}


static int
batch_commit(roster_t *roster, batch_t *batch)
{
    unsigned  kind;

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        if (roster_put_write(roster, batch->puts[kind]) != 0) {
            return -1;
        }
    }

    if (ctl_revoke_authority(roster->ctl, batch->whom, batch->count) != 0) {
        return -1;
    }

    return ctl_commit(roster->ctl->data);
}


static int
batch_write(roster_t *roster, batch_t *batch)
{
    uint32_t                 i;
    const ctl_authority_t   *whom;
    const roster_revoked_t  *row;

    whom = batch->whom;

    for (i = 0; i < batch->rows.count; i++) {
        row = &batch->rows.rows[i];

        if (pupil_uuid_compare(&whom->subject, &row->row->subject) != 0) {
            whom++;
        }

        if (revoked_add(roster, batch, row, whom) != 0) {
            return -1;
        }
    }

    return batch_commit(roster, batch);
}


static int
list_apply(roster_t *roster, batch_t *batch,
    const roster_revoked_list_t *list)
{
    size_t  i;

    i = 0;

    while (i < list->count) {
        if (batch_take(roster, batch, list, i, &i) != 0
            || batch_record(roster, &batch->rows) != 0
            || ctl_begin(roster->ctl->data, &roster->ctl->tenant) != 0
            || batch_write(roster, batch) != 0)
        {
            return -1;
        }

        roster_progress("taken away", (uint32_t) i, list->count);
    }

    return 0;
}


int
roster_revoke_apply(roster_t *roster, roster_revoked_list_t *list)
{
    int       rc;
    unsigned  kind;
    batch_t  *batch;

    if (list->count == 0) {
        return 0;
    }

    qsort(list->rows, list->count, sizeof(roster_revoked_t),
          revoked_compare);

    batch = ctl_pool_alloc(&roster->pool, sizeof(batch_t));
    memset(batch, 0, sizeof(batch_t));

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        batch->puts[kind] = ctl_pool_alloc(&roster->pool,
                                           sizeof(roster_put_t));
        memset(batch->puts[kind], 0, sizeof(roster_put_t));
        batch->puts[kind]->kind = kind;
    }

    rc = list_apply(roster, batch, list);
    ctl_pool_free(&batch->rows.pool);
    free(batch->rows.rows);

    if (rc != 0) {
        ctl_rollback(roster->ctl->data);
        return -1;
    }

    return ctl_revoke_finish(roster->ctl, NULL);
}

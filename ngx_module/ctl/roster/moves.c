/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/accounts.h"
#include "ctl/roster/claims.h"
#include "ctl/roster/images.h"
#include "ctl/roster/moves.h"
#include "ctl/roster/rows.h"


#define BATCH  1000             /* users a transaction */


int
roster_moves_stays(const roster_item_t *user, roster_record_t record)
{
    return user->refused || user->keeps[record];
}


void
roster_moves_add(roster_t *roster, const roster_move_t *move)
{
    roster_moves_t  *moves;

    moves = &roster->moves;
    moves->moves = roster_grow(moves->moves, moves->count, &moves->size,
                               sizeof(roster_move_t));

    moves->moves[moves->count++] = *move;
}


/* heirs: by user, who gets what is stored of them; each once. */
static void
heirs_refuse(roster_t *roster, roster_record_t record, uint32_t *heirs,
    uint32_t i)
{
    uint32_t  to;

    while (heirs[i] != ROSTER_NONE
           && roster_moves_stays(roster_item(roster, ROSTER_USER, i), record))
    {
        to = heirs[i];
        heirs[i] = ROSTER_NONE;

        roster_claims_refuse(roster, roster_item(roster, ROSTER_USER, to),
                             record, NULL);
        i = to;
    }
}


static void
record_settle(roster_t *roster, roster_record_t record)
{
    uint32_t               i, users, *heirs;
    const roster_move_t   *move;
    const roster_moves_t  *moves;

    moves = &roster->moves;
    users = roster->items[ROSTER_USER].count;
    heirs = ctl_memory(users * sizeof(uint32_t));

    for (i = 0; i < users; i++) {
        heirs[i] = ROSTER_NONE;
    }

    for (i = 0; i < moves->count; i++) {
        move = &moves->moves[i];

        if (move->record == record && move->from != ROSTER_NONE) {
            heirs[move->from] = move->to;
        }
    }

    for (i = 0; i < moves->count; i++) {
        move = &moves->moves[i];

        if (move->record == record && move->from != ROSTER_NONE) {
            heirs_refuse(roster, record, heirs, move->from);
        }
    }

    free(heirs);
}


void
roster_moves_settle(roster_t *roster)
{
    roster_record_t  record;

    for (record = 0; roster->moves.count != 0 && record < ROSTER_RECORDS;
         record++)
    {
        if (roster_records[record].indexed) {
            record_settle(roster, record);
        }
    }
}


/* Of those who are closed already, whom a roster of this source has closed. */
static int
left_read(roster_t *roster, ctl_map_t *left)
{
    int                   rc;
    uint32_t              i, count;
    pupil_uuid_t         *subjects;
    const roster_move_t  *move;

    subjects = ctl_memory((roster->moves.count + 1) * sizeof(pupil_uuid_t));
    count = 0;

    for (i = 0; i < roster->moves.count; i++) {
        move = &roster->moves.moves[i];

        if (move->from == ROSTER_NONE && move->closed) {
            subjects[count++] = move->owner;
        }
    }

    rc = count == 0 ? 0
         : roster_accounts_left(roster, subjects, count, left);
    free(subjects);

    return rc;
}


/* Whom somebody else has closed may be opened again, by their name. */
int
roster_moves_leavers(roster_t *roster)
{
    uint32_t              i;
    ctl_map_t             left;
    pupil_str_t           key;
    roster_item_t        *user;
    const roster_move_t  *move;

    memset(&left, 0, sizeof(ctl_map_t));

    if (left_read(roster, &left) != 0) {
        ctl_map_free(&left);
        return -1;
    }

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < roster->moves.count; i++) {
        move = &roster->moves.moves[i];
        key.data = move->owner.b;

        if (move->from != ROSTER_NONE
            || ctl_map_get(move->closed ? &left : &roster->leavers.ids, key)
               != NULL)
        {
            continue;
        }

        user = roster_item(roster, ROSTER_USER, move->to);

        if (!roster_moves_stays(user, move->record)) {
            roster_claims_refuse(roster, user, move->record, NULL);
        }
    }

    ctl_map_free(&left);

    roster_moves_settle(roster);

    return 0;
}


/* Their fingerprints fit nothing from now on: the record is written again. */
static int
release(roster_t *roster, roster_record_t record, const char *subjects)
{
    const char  *params[4];

    params[0] = roster->ctl->tenant_text;
    params[1] = roster_records[record].category;
    params[2] = roster_values[roster_records[record].values[0]].field;
    params[3] = subjects;

    if (ctl_exec(roster->ctl->data, "DELETE FROM pupil.blind_index WHERE"
                 " tenant = $1::uuid AND category = $2 AND field = $3 AND"
                 " owner = ANY ($4::uuid[])", 4, params) != 0)
    {
        return -1;
    }

    params[2] = subjects;

    return ctl_exec(roster->ctl->data, "UPDATE pupil.imported SET fingerprint"
                    " = ''::bytea WHERE tenant = $1::uuid AND category = $2"
                    " AND owner = ANY ($3::uuid[])", 3, params);
}


static int
batch_release(roster_t *roster, roster_record_t record, const char *subjects)
{
    ctl_t  *ctl;

    ctl = roster->ctl;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_rows_record_one(roster, record, subjects) != 0
        || ctl_commit(ctl->data) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_images_release(roster) != 0
        || release(roster, record, subjects) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}


/* The next ones of a record that can be done; the place behind them. */
static uint32_t
batch_take(roster_t *roster, roster_record_t record, uint32_t i,
    ctl_buf_t *subjects, unsigned *taken)
{
    const roster_move_t  *move;

    *taken = 0;
    ctl_array_begin(subjects);

    for ( /* void */ ; i < roster->moves.count && *taken < BATCH; i++) {
        move = &roster->moves.moves[i];

        if (move->record != record
            || roster_moves_stays(roster_item(roster, ROSTER_USER, move->to),
                                  record))
        {
            continue;
        }

        ctl_array_uuid(subjects, &move->owner);
        (*taken)++;

        /* who is closed already has no key, and is written anew, if ever */
        if (move->from != ROSTER_NONE || !move->closed) {
            roster_images_release_add(roster, record, &move->owner,
                                      move->from == ROSTER_NONE ? NULL
                                      : roster_item(roster, ROSTER_USER,
                                                    move->from));
        }
    }

    ctl_array_end(subjects);

    return i;
}


static int
record_apply(roster_t *roster, roster_record_t record)
{
    int        rc;
    uint32_t   i;
    unsigned   taken;
    ctl_buf_t  subjects;

    rc = 0;
    ctl_buf_init(&subjects);

    for (i = 0; rc == 0 && i < roster->moves.count; /* void */) {
        i = batch_take(roster, record, i, &subjects, &taken);

        if (taken != 0) {
            rc = batch_release(roster, record, subjects.data);
        }
    }

    ctl_buf_free(&subjects);

    return rc;
}


int
roster_moves_apply(roster_t *roster)
{
    roster_record_t  record;

    for (record = 0; record < ROSTER_RECORDS; record++) {
        if (roster_records[record].indexed
            && record_apply(roster, record) != 0)
        {
            return -1;
        }
    }

    return 0;
}

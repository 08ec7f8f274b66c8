/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/roster/accounts.h"
#include "ctl/roster/leavers.h"
#include "ctl/roster/moves.h"
#include "ctl/roster/revoke.h"


/* What is known of a subject, in the map. */
#define SEEN_GONE     1         /* had a role by this source, and leaves */
#define SEEN_REMAINS  2         /* has something still, by whomever */

#define CHUNK  5000             /* subjects a query */


static const ctl_access_t  close_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const roster_change_account_t  change_close = {
    .to = "closed",
    .state = "recovery",
    .keys = "SELECT keystore.close(o) FROM unnest($1::uuid[]) AS o",
    .detail = "status=closed",
    .access = &close_access
};


/* Whether a row gives somebody something when this run is over. */
static int
row_remains(const roster_t *roster, const roster_stored_t *row)
{
    if (row->matched || row->kept) {
        return 1;
    }

    return row->authentic && row->to >= roster->today
           && !(row->ends && roster_stored_live(roster, row));
}


static int
row_gone(const roster_t *roster, const roster_stored_t *row)
{
    if (!row->ours) {
        return 0;
    }

    if (row->user == ROSTER_NONE) {
        return roster->ctl->opt.close_absent && roster->unread == 0;
    }

    return roster_item(roster, ROSTER_USER, row->user)->leaves;
}


/* Few, as a rule: the map has no others. */
static void
gone_see(roster_t *roster, const roster_table_t *table, ctl_map_t *seen)
{
    int               fresh;
    size_t            i;
    pupil_str_t       key;
    roster_stored_t  *row;

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        if (row_gone(roster, row)) {
            key.data = row->subject.b;
            ctl_map_put(seen, key, &fresh)->value = SEEN_GONE;
        }
    }
}


static void
remains_see(const roster_t *roster, const roster_table_t *table,
    const ctl_map_t *seen)
{
    size_t                  i;
    ctl_slot_t             *slot;
    pupil_str_t             key;
    const roster_stored_t  *row;

    if (seen->table == NULL) {
        return;
    }

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];
        key.data = row->subject.b;

        slot = ctl_map_get(seen, key);
        if (slot != NULL && row_remains(roster, row)) {
            slot->value |= SEEN_REMAINS;
        }
    }
}


/* Those who are open still, of a chunk. */
static int
chunk_resolve(roster_t *roster, const pupil_uuid_t *subjects, size_t count)
{
    int                fresh;
    size_t             i, found;
    pupil_str_t        key;
    roster_account_t  *accounts;

    accounts = roster_accounts_read(roster, subjects, count, "active", &found);
    if (accounts == NULL) {
        return -1;
    }

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < found; i++) {
        roster->leavers.list = roster_grow(roster->leavers.list,
                                           roster->leavers.count,
                                           &roster->leavers.size,
                                           sizeof(pupil_uuid_t));
        roster->leavers.list[roster->leavers.count++] = accounts[i].subject;

        key.data = accounts[i].subject.b;
        ctl_map_put(&roster->leavers.ids, key, &fresh);
    }

    return 0;
}


static int
seen_resolve(roster_t *roster, const roster_table_t *table, ctl_map_t *seen)
{
    size_t         i, count;
    ctl_slot_t    *slot;
    pupil_str_t    key;
    pupil_uuid_t  *chunk;

    chunk = ctl_pool_alloc(&roster->pool, CHUNK * sizeof(pupil_uuid_t));
    key.len = PUPIL_UUID_LEN;
    count = 0;

    for (i = 0; seen->table != NULL && i < table->count; i++) {
        key.data = table->rows[i].subject.b;
        slot = ctl_map_get(seen, key);

        if (slot == NULL || slot->value != SEEN_GONE) {
            continue;
        }

        slot->value = 0;        /* once */
        chunk[count++] = table->rows[i].subject;

        if (count == CHUNK) {
            if (chunk_resolve(roster, chunk, count) != 0) {
                return -1;
            }
            count = 0;
        }
    }

    return count == 0 ? 0 : chunk_resolve(roster, chunk, count);
}


int
roster_leavers_resolve(roster_t *roster, const roster_table_t *tables)
{
    int        rc;
    PGconn    *conn;
    ctl_map_t  seen;

    conn = roster->ctl->data;
    memset(&seen, 0, sizeof(ctl_map_t));

    gone_see(roster, &tables[ROSTER_ROLE], &seen);
    remains_see(roster, &tables[ROSTER_ROLE], &seen);
    remains_see(roster, &tables[ROSTER_ENROLMENT], &seen);

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        ctl_map_free(&seen);
        return -1;
    }

    rc = seen_resolve(roster, &tables[ROSTER_ROLE], &seen);
    ctl_map_free(&seen);

    if (rc == 0) {
        rc = roster_moves_leavers(roster);
    }

    return ctl_commit(conn) == 0 ? rc : -1;
}


/* Floors have risen since they were read, with the ends of roles. */
int
roster_leavers_apply(roster_t *roster)
{
    uint32_t  i, n;

    if (roster->leavers.count != 0 && roster_floors_load(roster) != 0) {
        return -1;
    }

    for (i = 0; i < roster->leavers.count; i += n) {
        n = roster->leavers.count - i < ROSTER_ACCOUNTS
            ? roster->leavers.count - i : ROSTER_ACCOUNTS;

        if (roster_accounts_change(roster, &change_close,
                                   roster->leavers.list + i, n) != 0)
        {
            return -1;
        }

        roster->closed += n;
    }

    return 0;
}

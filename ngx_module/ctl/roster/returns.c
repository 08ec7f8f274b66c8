/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/accounts.h"
#include "ctl/roster/moves.h"
#include "ctl/roster/returns.h"
#include "ctl/store/recovery.h"


static const ctl_access_t  open_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_RECOVERY,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const roster_change_account_t  change_open = {
    .to = "active",
    .state = "active",
    .keys = "SELECT keystore.reopen(o) FROM unnest($1::uuid[]) AS o",
    .back = "SELECT keystore.close(o) FROM unnest($1::uuid[]) AS o",
    .detail = "status=reopened",
    .access = &open_access,
    .opens = 1
};


/* The users who were closed: their number. */
static size_t
returning(const roster_t *roster, uint32_t *users, pupil_uuid_t *subjects)
{
    size_t                n;
    uint32_t              i;
    const roster_item_t  *user;

    n = 0;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->returns && !user->refused && !user->leaves) {
            users[n] = i;
            subjects[n++] = user->owner.id;
        }
    }

    return n;
}


/*
 * Whom the key store can give back, in *open: it knows how long recovery lasts.
 * One that is active there is one whose opening was killed.
 */
static int
keys_read(roster_t *roster, const pupil_uuid_t *subjects, size_t count,
    ctl_map_t *open)
{
    int            row, rc, fresh;
    char           most[16];
    ctl_t         *ctl;
    PGresult      *res;
    ctl_buf_t      list;
    pupil_str_t    key;
    const char    *params[2];
    pupil_uuid_t  *owner;

    ctl = roster->ctl;
    ctl_buf_init(&list);
    ctl_array_uuids(&list, subjects, count);

    snprintf(most, sizeof(most), "%d", CTL_RECOVERY_DAYS);
    params[0] = list.data;
    params[1] = most;

    res = ctl_ask(ctl, ctl->keys, "SELECT k.owner FROM keystore.owner_key AS k"
                  " WHERE k.owner = ANY ($1::uuid[]) AND (k.state ="
                  " 'active' OR k.state = 'recovery' AND k.before ="
                  " 'active' AND k.changed_at >= " CTL_RECOVERY_SINCE("$2")
                  ")", 2, params);
    ctl_buf_free(&list);

    if (res == NULL) {
        return -1;
    }

    rc = 0;
    key.len = PUPIL_UUID_LEN;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        owner = ctl_pool_alloc(&roster->pool, sizeof(pupil_uuid_t));
        rc = ctl_get_uuid(res, row, 0, owner);
        key.data = owner->b;
        ctl_map_put(open, key, &fresh);
    }

    PQclear(res);

    return rc;
}


/* Whom a roster has closed; commits what was found tampered with. */
static int
left_read(roster_t *roster, const pupil_uuid_t *subjects, size_t count,
    ctl_map_t *left)
{
    if (ctl_begin(roster->ctl->data, &roster->ctl->tenant) != 0
        || roster_accounts_left(roster, subjects, count, left) != 0)
    {
        return -1;
    }

    return ctl_commit(roster->ctl->data);
}


static int
users_resolve(roster_t *roster, const uint32_t *users,
    const pupil_uuid_t *subjects, size_t count)
{
    int          rc;
    size_t       i;
    ctl_map_t    open, left;
    pupil_str_t  key;

    memset(&open, 0, sizeof(ctl_map_t));
    memset(&left, 0, sizeof(ctl_map_t));
    key.len = PUPIL_UUID_LEN;

    rc = keys_read(roster, subjects, count, &open);
    if (rc == 0) {
        rc = left_read(roster, subjects, count, &left);
    }

    for (i = 0; rc == 0 && i < count; i++) {
        key.data = subjects[i].b;

        if (ctl_map_get(&open, key) == NULL || ctl_map_get(&left, key) == NULL)
        {
            roster_item_refuse(roster, ROSTER_USER,
                               roster_item(roster, ROSTER_USER, users[i]),
                               "its account is closed");
        }
    }

    ctl_map_free(&open);
    ctl_map_free(&left);

    return rc;
}


static int
users_open(roster_t *roster, const uint32_t *users,
    const pupil_uuid_t *subjects, size_t count)
{
    size_t  i, k, n;

    for (i = 0; i < count; i += n) {
        n = count - i < ROSTER_ACCOUNTS ? count - i : ROSTER_ACCOUNTS;

        if (roster_accounts_change(roster, &change_open, subjects + i, n)
            != 0)
        {
            return -1;
        }

        for (k = i; k < i + n; k++) {
            roster_item(roster, ROSTER_USER, users[k])->owner.state =
                PUPIL_OWNER_STATE_ACTIVE;
        }

        roster->returned += n;
    }

    return 0;
}


/* run: with their items, and their ids. */
static int
returning_run(roster_t *roster, int (*run)(roster_t *roster,
    const uint32_t *users, const pupil_uuid_t *subjects, size_t count))
{
    int            rc;
    size_t         count, all;
    uint32_t      *users;
    pupil_uuid_t  *subjects;

    all = roster->items[ROSTER_USER].count + 1;
    users = ctl_memory(all * sizeof(uint32_t));
    subjects = ctl_memory(all * sizeof(pupil_uuid_t));

    count = returning(roster, users, subjects);
    rc = count == 0 ? 0 : run(roster, users, subjects, count);

    free(users);
    free(subjects);

    return rc;
}


int
roster_returns_resolve(roster_t *roster)
{
    int  rc;

    rc = returning_run(roster, users_resolve);

    roster_moves_settle(roster);

    return rc;
}


int
roster_returns_apply(roster_t *roster)
{
    return returning_run(roster, users_open);
}

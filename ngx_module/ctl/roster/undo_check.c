/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/accounts.h"
#include "ctl/roster/claims.h"
#include "ctl/roster/moves.h"
#include "ctl/roster/returns.h"
#include "ctl/roster/undo.h"
#include "ctl/roster/undo_records.h"


#define CHUNK    1000           /* people a query */


static void
touch(undo_person_t *person, const char *why)
{
    if (person->touched == NULL) {
        person->touched = why;
    }
}


/* Those who a later run that was not undone has images of, too. */
static int
later_check(undo_t *undo)
{
    int             row, rc;
    uint32_t        i;
    PGresult       *res;
    ctl_buf_t       runs;
    ctl_slot_t     *slot;
    const char     *params[3];
    pupil_str_t     key;
    pupil_uuid_t    owner;

    ctl_buf_init(&runs);

    if (roster_runs_later(undo->roster.ctl, &undo->run, &runs) != 0) {
        return -1;
    }

    params[0] = undo->roster.ctl->tenant_text;
    params[1] = undo->run.text;
    params[2] = runs.data;

    res = ctl_ask(undo->roster.ctl, undo->roster.ctl->data, "SELECT DISTINCT"
                  " l.owner FROM pupil.import_image AS l WHERE l.tenant ="
                  " $1::uuid AND l.run = ANY ($3::uuid[]) AND EXISTS (SELECT"
                  " FROM pupil.import_image AS i WHERE i.tenant = l.tenant"
                  " AND i.owner = l.owner AND i.run = $2::uuid)", 3, params);
    ctl_buf_free(&runs);

    if (res == NULL) {
        return -1;
    }

    rc = 0;
    key.data = owner.b;
    key.len = PUPIL_UUID_LEN;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = ctl_get_uuid(res, row, 0, &owner);
        slot = ctl_map_get(&undo->ids, key);

        if (slot != NULL) {
            touch(&undo->people[slot->value], "by a later import");
        }

        for (i = 0; i < undo->titles_count; i++) {
            if (pupil_uuid_compare(&undo->titles[i].id, &owner) == 0) {
                undo->titles[i].touched = "by a later import";
            }
        }
    }

    PQclear(res);

    return rc;
}


/* Who has this status now, by a row that counts. */
static int
status_read(undo_t *undo, const pupil_uuid_t *ids, size_t count,
    const char *status)
{
    size_t             i, found;
    ctl_slot_t        *slot;
    pupil_str_t        key;
    undo_person_t     *person;
    roster_account_t  *accounts;

    accounts = roster_accounts_read(&undo->roster, ids, count, status, &found);
    if (accounts == NULL) {
        return -1;
    }

    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < found; i++) {
        key.data = accounts[i].subject.b;
        slot = ctl_map_get(&undo->ids, key);
        person = &undo->people[slot->value];

        if (strcmp(status, "active") == 0) {
            person->active = 1;
        }

        /* of whom the run opened or closed, both are as it should be */
        if (person->joined || person->closed || person->opened
            ? strcmp(status, "locked") == 0
            : strcmp(status, person->status) != 0)
        {
            touch(person, "their account was locked, opened or closed");
        }

        person->counts = 1;
    }

    return 0;
}


static int
accounts_check(undo_t *undo)
{
    size_t         n;
    uint32_t       i, k;
    unsigned       s;
    pupil_uuid_t   ids[CHUNK];

    static const char *const  statuses[] = { "active", "locked", "closed" };

    for (i = 0; i < undo->people_count; i += (uint32_t) n) {
        n = undo->people_count - i < CHUNK ? undo->people_count - i : CHUNK;

        for (k = 0; k < n; k++) {
            ids[k] = undo->people[i + k].id;
        }

        for (s = 0; s < sizeof(statuses) / sizeof(statuses[0]); s++) {
            if (status_read(undo, ids, n, statuses[s]) != 0) {
                return -1;
            }
        }

        for (k = 0; k < n; k++) {
            if (!undo->people[i + k].counts) {
                touch(&undo->people[i + k], "their account's row does not"
                      " count, or is of another source");
            }
        }
    }

    return 0;
}


int
undo_span_is(const undo_span_t *span, const roster_stored_t *row)
{
    return row != NULL && row->authentic && span->there
           && row->from == span->from && row->to == span->to
           && pupil_uuid_compare(&row->institution, &span->institution) == 0;
}


static undo_link_t *
link_of(undo_t *undo, const undo_person_t *person, const roster_stored_t *row)
{
    uint32_t      i;
    undo_link_t  *link;

    for (i = 0; i < person->links_count; i++) {
        link = &undo->links[person->links + i];

        if (link->role == row->role
            && pupil_uuid_compare(&link->where, &row->where) == 0)
        {
            return link;
        }
    }

    return NULL;
}


static int
had(const undo_person_t *person, int64_t number)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(person->rows, i, entry) {
        if (json_integer_value(entry) == number) {
            return 1;
        }
    }

    return 0;
}


/* Of what they had before the run: what the run changed. */
static size_t
had_changed(const undo_t *undo, const undo_person_t *person)
{
    size_t              n;
    uint32_t            i;
    roster_stored_t     row;
    const undo_link_t  *link;

    n = 0;

    for (i = 0; i < person->links_count; i++) {
        link = &undo->links[person->links + i];

        memset(&row, 0, sizeof(roster_stored_t));
        row.where = link->where;
        row.institution = link->before.institution;
        row.role = link->role;
        row.from = link->before.from;
        row.to = link->before.to;
        row.source = undo->roster.source;

        n += link->before.there && had(person, roster_sorted_number(&row));
    }

    return n;
}


/* Each row is as the run found it, or as it left it; and none is missing. */
static void
rows_check(undo_t *undo, undo_person_t *person)
{
    int                 live;
    size_t              i, count, same;
    undo_link_t        *link;
    roster_stored_t   **rows;

    rows = roster_sorted_find(&undo->sorted, &person->id, &count);
    same = had_changed(undo, person);

    for (i = 0; i < count; i++) {
        live = roster_sorted_live(&undo->roster, rows[i]);

        if (rows[i]->tampered || (person->joined && live && !rows[i]->ours)) {
            touch(person, "their roles or classes were changed");
        }

        if (person->joined) {
            continue;
        }

        link = link_of(undo, person, rows[i]);

        if (link != NULL) {
            if (!undo_span_is(&link->after, rows[i])
                && (link->before.there
                    ? !undo_span_is(&link->before, rows[i]) : live))
            {
                touch(person, "their roles or classes were changed");
            }

        } else if (had(person, roster_sorted_number(rows[i]))) {
            same++;

        } else if (live) {
            touch(person, "their roles or classes were changed");
        }
    }

    if (!person->joined && same != json_array_size(person->rows)) {
        touch(person, "their roles or classes were changed");
    }
}


/* Who leaves again, and has not left yet. */
static void
leavers_list(undo_t *undo)
{
    int                   fresh;
    uint32_t              i;
    pupil_str_t           key;
    undo_person_t        *person;
    roster_leavers_t     *leavers;

    leavers = &undo->roster.leavers;
    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < undo->people_count; i++) {
        person = &undo->people[i];

        if ((!person->joined && !person->opened) || !person->active) {
            continue;
        }

        leavers->list = roster_grow(leavers->list, leavers->count,
                                    &leavers->size, sizeof(pupil_uuid_t));
        leavers->list[leavers->count++] = person->id;
        key.data = person->id.b;
        ctl_map_put(&leavers->ids, key, &fresh);
        undo->counts[UNDO_LEAVES]++;
    }
}


/* Names and addresses go back to whom they were of, or are somebody else's. */
static int
names_resolve(undo_t *undo)
{
    int        rc;
    PGconn    *conn;
    unsigned   record;
    roster_t  *roster;

    roster = &undo->roster;
    conn = roster->ctl->data;

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        return -1;
    }

    rc = 0;

    for (record = 0; rc == 0 && record < ROSTER_RECORDS; record++) {
        if (roster_records[record].indexed) {
            rc = roster_claims_resolve(roster, record);
        }
    }

    if (rc == 0) {
        rc = roster_moves_leavers(roster);
    }

    return ctl_commit(conn) == 0 ? rc : -1;
}


static void
refused_touch(undo_t *undo)
{
    uint32_t              i;
    const undo_record_t  *address;
    const roster_item_t  *user;

    for (i = 0; i < undo->people_count; i++) {
        user = roster_item(&undo->roster, ROSTER_USER, i);
        address = &undo->people[i].records[ROSTER_CONTACT];

        if (user->refused
            || (user->keeps[ROSTER_CONTACT] && address->before != NULL
                && !address->unreadable && !user->leaves))
        {
            touch(&undo->people[i], "what was theirs is another's, or their"
                  " account was closed by a hand");
        }

        undo->touched += undo->people[i].touched != NULL;
        undo->counts[UNDO_RETURNS] += user->returns;
    }

    for (i = 0; i < undo->titles_count; i++) {
        undo->touched += undo->titles[i].touched != NULL;
    }
}


int
undo_check(undo_t *undo)
{
    int        rc;
    uint32_t   i;
    PGconn    *conn;

    if (later_check(undo) != 0
        || roster_stored_load(&undo->roster, undo->tables) != 0)
    {
        return -1;
    }

    roster_sorted_make(&undo->roster, undo->tables, &undo->sorted);
    conn = undo->roster.ctl->data;

    /* what is found tampered with is on record, whatever becomes of this */
    if (ctl_begin(conn, &undo->roster.ctl->tenant) != 0) {
        return -1;
    }

    rc = accounts_check(undo);

    if (rc == 0) {
        rc = undo_records_check(undo);
    }

    if (ctl_commit(conn) != 0 || rc != 0) {
        return -1;
    }

    for (i = 0; i < undo->people_count; i++) {
        rows_check(undo, &undo->people[i]);
    }

    leavers_list(undo);

    if (names_resolve(undo) != 0 || roster_returns_resolve(&undo->roster) != 0)
    {
        return -1;
    }

    undo_records_held(undo);
    refused_touch(undo);
    undo_links_count(undo);

    return 0;
}

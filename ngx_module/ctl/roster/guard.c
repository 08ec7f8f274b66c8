/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/db.h"
#include "ctl/roster/guard.h"


#define ABSENT_OF  5            /* one in five may end without confirmation */


/* How many active users this source has given; -1: said. */
static int
users_before(const roster_t *roster)
{
    int          before;
    PGconn      *conn;
    PGresult    *res;
    const char  *params[1];

    conn = roster->ctl->data;
    params[0] = roster->source;

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query_one(conn, "SELECT count(*) FROM pupil.subject WHERE"
                        " source = $1 AND status = 'active'", 1, params);
    if (res == NULL) {
        return -1;
    }

    before = ctl_get_int(res, 0, 0, 0);
    PQclear(res);
    ctl_rollback(conn);

    return before;
}


static int
guard_users(const roster_t *roster)
{
    int       before;
    uint32_t  i, now;

    before = users_before(roster);
    if (before < 0) {
        return -1;
    }

    now = 0;
    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        now += !roster_item(roster, ROSTER_USER, i)->refused;
    }

    if (now == 0 || now * 2 < (uint32_t) before) {
        return ctl_error("the roster has %u users that can be taken, %d are"
                         " known from source \"%s\": an accident?  If not,"
                         " say --confirm-removal; nothing was changed", now,
                         before, roster->source);
    }

    return 0;
}


static int
guard_links(const roster_t *roster, const roster_table_t *table)
{
    size_t                  i, now, before, absent;
    const char             *name;
    const roster_links_t   *links;
    const roster_stored_t  *row;

    links = &roster->links[table->kind];
    name = roster_kinds[table->kind].name;

    now = 0;
    for (i = 0; i < links->count; i++) {
        now += !roster_link_refused(roster, table->kind, &links->links[i]);
    }

    before = 0;
    absent = 0;
    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];
        if (roster_stored_live(roster, row)) {
            before++;
            absent += !row->matched;
        }
    }

    if (now * 2 < before) {
        return ctl_error("the roster has %zu %s, less than half of the %zu"
                         " that are live: an accident?  If not, say"
                         " --confirm-removal; nothing was changed", now, name,
                         before);
    }

    if (roster->ctl->opt.close_absent && absent * ABSENT_OF > before) {
        return ctl_error("%zu of %zu %s are not in the roster and would end,"
                         " more than one in five: an accident?  If not, say"
                         " --confirm-removal; nothing was changed", absent,
                         before, name);
    }

    return 0;
}


int
roster_guard(roster_t *roster, const roster_table_t *tables)
{
    if (roster->ctl->opt.confirm_removal) {
        return 0;
    }

    if (guard_users(roster) != 0
        || guard_links(roster, &tables[ROSTER_ROLE]) != 0
        || guard_links(roster, &tables[ROSTER_ENROLMENT]) != 0)
    {
        return -1;
    }

    return 0;
}

/*
 * Copyright (C) the Pupil authors
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/others.h"
#include "ctl/roster/plan.h"
#include "ctl/store/record.h"


#define ABSENT_OF     5         /* one in five may end without confirmation */
#define OTHERS_OF     10        /* one in ten may be other people, */
#define OTHERS_LEAST  3         /* of so many in all */
#define LOST_OF       5         /* one in five may have lost a record, */
#define LOST_LEAST    3         /* of so many in all */


static const char *const  record_fields[ROSTER_RECORDS] = {
    [ROSTER_IDENTITY] = "given_name and family_name",
    [ROSTER_CREDENTIAL] = "login_id",
    [ROSTER_CONTACT] = "email"
};

static const ctl_access_t  held_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


/* A limit that is met: which, and by what. */
__attribute__((format(printf, 2, 3)))
static void
hold(roster_t *roster, const char *format, ...)
{
    char     text[256];
    va_list  args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    json_array_append_new(roster->held, json_pack("{s:s}", "reason", text));
}


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
guard_users(roster_t *roster)
{
    int             before;
    uint32_t        i, now;
    roster_item_t  *user;

    before = users_before(roster);
    if (before < 0) {
        return -1;
    }

    now = 0;
    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);
        now += !user->refused && !user->leaves;
    }

    if (now == 0 || now * 2 < (uint32_t) before) {
        hold(roster, "the roster has %u users that can be taken, %d are"
             " known from source \"%s\"", now, before, roster->source);
    }

    return 0;
}


/* A column that is gone is not an empty value (pitfall 46). */
static int
guard_columns(roster_t *roster)
{
    unsigned  r;
    uint32_t  lost, had;

    for (r = 0; r < ROSTER_RECORDS; r++) {
        if (roster_lost(roster, r, &lost, &had) != 0) {
            return -1;
        }

        if (lost >= LOST_LEAST && lost * LOST_OF > had) {
            hold(roster, "%u of %u users have no %s any more: is a column"
                 " missing or empty?", lost, had, record_fields[r]);
        }
    }

    return 0;
}


/* Ids that stand for other people than before. */
static void
guard_others(roster_t *roster, uint32_t count)
{
    uint32_t  i, known;

    known = 0;
    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        known += roster_item(roster, ROSTER_USER, i)->known;
    }

    if (count >= OTHERS_LEAST && count * OTHERS_OF > known) {
        hold(roster, "%u of %u known users have another name and another"
             " log-in name: are these ids those of other people?", count,
             known);
    }
}


/* The same people by another name of their source. */
static void
guard_source(roster_t *roster)
{
    if (roster->foreign * ABSENT_OF > roster->items[ROSTER_USER].count) {
        hold(roster, "%zu of %u users have log-in names of accounts of source"
             " \"%s\": are they these people?", roster->foreign,
             roster->items[ROSTER_USER].count, roster->foreign_source);
    }
}


static void
guard_links(roster_t *roster, const roster_table_t *table)
{
    int                     closes;
    size_t                  i, now, before, absent;
    const char             *name;
    const roster_link_t    *link;
    const roster_links_t   *links;
    const roster_stored_t  *row;

    links = &roster->links[table->kind];
    name = roster_kinds[table->kind].name;
    closes = roster->ctl->opt.close_absent;

    now = 0;
    for (i = 0; i < links->count; i++) {
        link = &links->links[i];
        now += !roster_link_refused(roster, table->kind, link)
               && !roster_link_leaves(roster, table->kind, link);
    }

    before = 0;
    absent = 0;
    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];
        if (roster_stored_live(roster, row)) {
            before++;
            absent += row->ends || (closes && row->absent);
        }
    }

    if (now * 2 < before && !roster->absent[table->kind]) {
        hold(roster, "the roster has %zu %s, less than half of the %zu that"
             " are live", now, name, before);
    }

    if (absent * ABSENT_OF > before) {
        hold(roster, "%zu of %zu %s are not in the roster, or have ended by it,"
             " and would end, more than one in five", absent, before, name);
    }
}


/* That somebody tried is on record. */
static int
held_record(const roster_t *roster)
{
    char    detail[64];
    ctl_t  *ctl;

    ctl = roster->ctl;
    snprintf(detail, sizeof(detail), "held=%s", roster->plan);

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_record_one(ctl, &held_access, "refused", NULL, detail) != 0)
    {
        return -1;
    }

    return ctl_commit(ctl->data);
}


/* 1: what is held was accepted. */
static int
accepted(roster_t *roster, const roster_table_t *tables)
{
    const char  *plan;

    if (roster_plan(roster, tables) != 0) {
        return -1;
    }

    plan = roster->ctl->opt.accept;

    if (plan == NULL || strcmp(plan, roster->plan) != 0) {
        return 0;
    }

    json_array_clear(roster->held);
    roster->plan[0] = '\0';

    return 1;
}


static int
held(roster_t *roster)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(roster->held, i, entry) {
        ctl_error("held: %s",
                  json_string_value(json_object_get(entry, "reason")));
    }

    ctl_error("nothing was changed: an accident?  If not, say --accept %s",
              roster->plan);

    return held_record(roster) == 0 ? 1 : -1;
}


int
roster_guard(roster_t *roster, const roster_table_t *tables)
{
    int        rc;
    uint32_t  *others, count;

    if (!roster->ctl->opt.confirm_removal) {
        if (guard_users(roster) != 0) {
            return -1;
        }

        guard_links(roster, &tables[ROSTER_ROLE]);
        guard_links(roster, &tables[ROSTER_ENROLMENT]);
    }

    guard_source(roster);

    if (guard_columns(roster) != 0
        || roster_others(roster, &others, &count) != 0)
    {
        return -1;
    }

    guard_others(roster, count);

    rc = count == 0 && json_array_size(roster->held) == 0
         ? 1 : accepted(roster, tables);

    if (rc == 0) {
        roster_others_refuse(roster, others, count);
    }

    free(others);

    if (rc != 0 || json_array_size(roster->held) == 0) {
        return rc < 0 ? -1 : 0;
    }

    return held(roster);
}

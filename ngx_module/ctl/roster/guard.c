/*
 * Copyright (C) the Pupil authors
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/roster/changes.h"
#include "ctl/roster/erased.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/moves.h"
#include "ctl/roster/others.h"
#include "ctl/roster/plan.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/schools.h"
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


__attribute__((format(printf, 2, 3)))
void
roster_hold(roster_t *roster, const char *format, ...)
{
    char     text[256];
    va_list  args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    json_array_append_new(roster->held, json_pack("{s:s}", "reason", text));
}


/* Whether what would end is held: nobody has confirmed it. */
static int
removal_held(const roster_t *roster)
{
    return !roster->ctl->opt.confirm_removal;
}


/* Whether a user of the roster can be taken. */
static int
user_taken(const roster_t *roster, uint32_t i)
{
    const roster_item_t  *user;

    if (i == ROSTER_NONE) {
        return 0;
    }

    user = roster_item(roster, ROSTER_USER, i);

    return !user->refused && !user->leaves;
}


/* Of the living, whoever left long ago is none. */
static void
guard_users(roster_t *roster, const roster_table_t *table)
{
    int                     fresh;
    size_t                  k, before, there, now;
    uint32_t                i;
    ctl_map_t               seen;
    pupil_str_t             key;
    const roster_stored_t  *row;

    memset(&seen, 0, sizeof(ctl_map_t));
    key.len = PUPIL_UUID_LEN;
    before = 0;
    there = 0;

    for (k = 0; k < table->count; k++) {
        row = &table->rows[k];
        key.data = row->subject.b;

        if (!roster_stored_live(roster, row)) {
            continue;
        }

        ctl_map_put(&seen, key, &fresh);
        if (fresh) {
            before++;
            there += user_taken(roster, row->user);
            roster->gone += row->user == ROSTER_NONE;
        }
    }

    ctl_map_free(&seen);

    now = 0;
    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        now += user_taken(roster, i);
    }

    if (!removal_held(roster)) {
        return;
    }

    if (now == 0 || there * 2 < before) {
        roster_hold(roster, "the roster has %zu users that can be taken, and"
                    " %zu of %zu who have a role now by source \"%s\"", now,
                    there, before, roster->source);
    }
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
            roster_hold(roster, "%u of %u users have no %s any more: is a"
                        " column missing or empty?", lost, had,
                        record_fields[r]);
        }
    }

    return 0;
}


/* Ids that stand for other people than before: whether it is held for them. */
static int
guard_others(roster_t *roster, uint32_t count)
{
    uint32_t  i, known;

    known = 0;
    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        known += roster_item(roster, ROSTER_USER, i)->known;
    }

    if (count < OTHERS_LEAST || count * OTHERS_OF <= known) {
        return 0;
    }

    roster_hold(roster, "%u of %u known users have neither the name nor the"
                " log-in name that they had: are these ids those of other"
                " people?", count, known);

    return 1;
}


/* The same people by another name of their source. */
static void
guard_source(roster_t *roster)
{
    if (roster->foreign * ABSENT_OF > roster->items[ROSTER_USER].count) {
        roster_hold(roster, "%zu of %u users have log-in names of accounts of"
                    " source \"%s\": are they these people?  pupilctl source"
                    " map takes them over",
                    roster->foreign, roster->items[ROSTER_USER].count,
                    roster->foreign_source);
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
        roster_hold(roster, "the roster has %zu %s, less than half of the %zu"
                    " that are live", now, name, before);
    }

    if (absent * ABSENT_OF > before) {
        roster_hold(roster, "%zu of %zu %s are not in the roster, or have"
                    " ended by it, and would end, more than one in five",
                    absent, before, name);
    }
}


int
roster_held_record(ctl_t *ctl, const char *detail)
{
    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && ctl_record_one(ctl, &held_access, "refused", NULL, detail) == 0
        && ctl_commit(ctl->data) == 0)
    {
        return 0;
    }

    ctl_rollback(ctl->data);

    return -1;
}


static int
held_record(const roster_t *roster)
{
    char         detail[64];
    const char  *plan;

    plan = roster_plan_first(roster);
    snprintf(detail, sizeof(detail), "held=%s", plan == NULL ? "none" : plan);

    return roster_held_record(roster->ctl, detail);
}


/* It is stored, to be applied without its files once it is accepted. */
static int
held_keep(roster_t *roster, const roster_table_t *tables, unsigned accepts)
{
    int  rc;

    if (roster->planned == NULL) {
        return 0;
    }

    rc = roster_changes(roster, tables) == 0
         ? roster_planned_made(roster, roster_plan_first(roster), accepts)
         : -1;

    /* the report is of a roster that is held */
    json_decref(roster->changes);
    roster->changes = NULL;

    return rc;
}


static int
held(roster_t *roster, const roster_table_t *tables, unsigned accepts)
{
    size_t   i;
    json_t  *entry;

    if (held_keep(roster, tables, accepts) != 0) {
        return -1;
    }

    json_array_foreach(roster->held, i, entry) {
        ctl_error("held: %s",
                  json_string_value(json_object_get(entry, "reason")));
    }

    ctl_error("nothing was changed: an accident?  If not, say --accept %s",
              roster_plan_first(roster));

    return held_record(roster) == 0 ? 1 : -1;
}


/*
 * Who is not accepted is refused by line.  What a roster is held for is one
 * thing, and each of the others is one: who was erased comes in by no plan but
 * that which says so.  Returns 1 where it is held.
 */
static int
guard_accepted(roster_t *roster, const roster_table_t *tables,
    const roster_others_t *others, int many)
{
    int  rc, held, other, erased;

    held = json_array_size(roster->held) != 0;
    other = 0;
    erased = 0;

    if ((held || roster->ctl->opt.plan)
        && roster_planned_keep(roster, tables) != 0)
    {
        return -1;
    }

    if (roster->planned != NULL && roster->planned->applies) {
        held = 0;               /* it was said, and has not changed since */
        other = roster->planned->accepts & ROSTER_ACCEPTS_OTHERS;
        erased = roster->planned->accepts & ROSTER_ACCEPTS_ERASED;

    } else if (held) {
        rc = roster_plan_accepted(roster, tables, others, ROSTER_TAKES_HELD);
        if (rc < 0) {
            return -1;
        }

        held = rc == 0;
        other = rc == 1 && many;
        roster->accepts = rc == 1 ? ROSTER_ACCEPTS_HELD : 0;

    } else {
        if (others->count != 0) {
            other = roster_plan_accepted(roster, tables, others,
                                         ROSTER_TAKES_OTHERS);
        }

        if (roster_erased_count(roster) != 0) {
            erased = roster_plan_accepted(roster, tables, others,
                                          ROSTER_TAKES_ERASED);
        }

        if (other < 0 || erased < 0) {
            return -1;
        }
    }

    roster->accepts |= (other ? ROSTER_ACCEPTS_OTHERS : 0)
                       | (erased ? ROSTER_ACCEPTS_ERASED : 0);

    if (!other) {
        roster_others_refuse(roster, others);
    }

    if (!erased) {
        roster_erased_refuse(roster);
    }

    roster_moves_settle(roster);

    return held;
}


int
roster_guard(roster_t *roster, const roster_table_t *tables)
{
    int              rc, many;
    roster_others_t  others;

    guard_users(roster, &tables[ROSTER_ROLE]);

    if (removal_held(roster)) {
        guard_links(roster, &tables[ROSTER_ROLE]);
        guard_links(roster, &tables[ROSTER_ENROLMENT]);
    }

    roster_schools_guard(roster, &tables[ROSTER_ROLE]);
    guard_source(roster);

    if (guard_columns(roster) != 0 || roster_others(roster, &others) != 0) {
        return -1;
    }

    many = guard_others(roster, others.changed);
    rc = guard_accepted(roster, tables, &others, many);
    free(others.list);

    if (rc == 1) {
        return held(roster, tables, ROSTER_ACCEPTS_HELD
                                    | (many ? ROSTER_ACCEPTS_OTHERS : 0));
    }

    json_array_clear(roster->held);

    return rc;
}


int
roster_guard_stopped(roster_t *roster)
{
    roster_hold(roster, "over %d %s are refused: what is behind them was not"
                " read", ROSTER_REFUSED_MOST, roster->stopped);
    ctl_error("held: over %d %s are refused; nothing was changed",
              ROSTER_REFUSED_MOST, roster->stopped);

    return held_record(roster) == 0 ? 1 : -1;
}

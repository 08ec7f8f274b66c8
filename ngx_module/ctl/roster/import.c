/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl import: reads a roster whole, resolves it, guards, and only then
 * writes.  Files are read where they are and never copied.
 */

#include <string.h>

#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/apply.h"
#include "ctl/roster/csv.h"
#include "ctl/roster/format.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/import.h"
#include "ctl/roster/links.h"
#include "ctl/roster/oneroster.h"
#include "ctl/roster/oulad.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/resolve.h"
#include "ctl/roster/roster.h"
#include "ctl/roster/sds.h"
#include "ctl/roster/settle.h"
#include "ctl/roster/stored.h"
#include "ctl/roster/work.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/turn.h"


#define REFUSED_SHOWN  40


/* Of accounts that no roster gives. */
static const char *const  reserved_sources[] = { "operator", "decoy", NULL };


static int
source_check(const char *source)
{
    size_t              len;
    const char *const  *reserved;

    len = strlen(source);

    if (len == 0 || len > 32
        || strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789-_") != len)
    {
        return -1;
    }

    for (reserved = reserved_sources; *reserved != NULL; reserved++) {
        if (strcmp(source, *reserved) == 0) {
            return -1;
        }
    }

    return 0;
}


static int
options_check(const ctl_t *ctl, const char *source)
{
    const char  *dates;

    if (source_check(source) != 0) {
        return ctl_error("--source has 1 to 32 of a-z, 0-9, - and _, and is"
                         " neither operator nor decoy");
    }

    dates = ctl->opt.dates;

    if (dates != NULL && strcmp(dates, "roster") != 0
        && strcmp(dates, "open") != 0)
    {
        return ctl_error("--dates is roster or open");
    }

    return 0;
}


/* One import of a tenant at a time. */
static int
import_lock(ctl_t *ctl)
{
    int  rc;

    rc = ctl_turn_take(ctl);

    return rc <= 0 ? rc : ctl_error("another import of this tenant is running,"
                                    " or an erasure");
}


static json_t *
count_json(const roster_count_t *count)
{
    return json_pack("{s:I,s:I,s:I,s:I}",
                     "taken", (json_int_t) count->taken,
                     "changed", (json_int_t) count->changed,
                     "unchanged", (json_int_t) count->unchanged,
                     "refused", (json_int_t) count->refused);
}


/* How many kinds the report has: few rosters have work. */
static unsigned
counts_of(const roster_t *roster)
{
    return roster->work.tasks_count != 0 ? ROSTER_COUNTS : ROSTER_KINDS;
}


static json_t *
report_json(const roster_t *roster, double seconds)
{
    json_t                *report;
    unsigned               kind;
    const roster_count_t  *counts;

    counts = roster->counts;
    report = json_pack("{s:s,s:s}", "source", roster->source, "tenant",
                       roster->ctl->tenant_text);

    for (kind = 0; kind < counts_of(roster); kind++) {
        json_object_set_new(report, roster_kinds[kind].name,
                            count_json(&counts[kind]));
    }

    json_object_set_new(report, "ended",
        json_pack("{s:I,s:I}",
                  "roles", (json_int_t) counts[ROSTER_ROLE].ended,
                  "enrolments", (json_int_t) counts[ROSTER_ENROLMENT].ended));
    json_object_set(report, "refused", roster->refused);
    json_object_set(report, "tampered", roster->tampered);
    json_object_set(report, "columns_not_taken", roster->columns);
    json_object_set(report, "files_not_taken", roster->files);
    json_object_set_new(report, "seconds", json_real(seconds));

    return report;
}


static void
counts_print(const roster_t *roster)
{
    unsigned               kind;
    const roster_count_t  *counts;

    counts = roster->counts;

    printf("%-14s %8s %8s %9s %8s\n", "", "taken", "changed", "unchanged",
           "refused");

    for (kind = 0; kind < counts_of(roster); kind++) {
        printf("%-14s %8zu %8zu %9zu %8zu\n", roster_kinds[kind].name,
               counts[kind].taken, counts[kind].changed,
               counts[kind].unchanged, counts[kind].refused);
    }

    if (roster->ctl->opt.close_absent) {
        printf("ended, as they are not in the roster: %zu role%s, %zu"
               " enrolment%s\n",
               counts[ROSTER_ROLE].ended,
               ctl_plural(counts[ROSTER_ROLE].ended),
               counts[ROSTER_ENROLMENT].ended,
               ctl_plural(counts[ROSTER_ENROLMENT].ended));
    }
}


static const char *
text_of(const json_t *entry, const char *name)
{
    return json_string_value(json_object_get(entry, name));
}


static long long
number_of(const json_t *entry, const char *name)
{
    return (long long) json_integer_value(json_object_get(entry, name));
}


static void
refused_print(const roster_t *roster)
{
    size_t   i;
    json_t  *entry;

    if (json_array_size(roster->refused) == 0) {
        return;
    }

    puts("\nRefused:");

    json_array_foreach(roster->refused, i, entry) {
        if (i == REFUSED_SHOWN) {
            printf("  ... and %zu more; --json shows all\n",
                   json_array_size(roster->refused) - i);
            break;
        }

        printf("  %s:%lld: %s: %s\n", text_of(entry, "file"),
               number_of(entry, "line"), text_of(entry, "what"),
               text_of(entry, "reason"));
    }
}


static void
tampered_print(const roster_t *roster)
{
    size_t   i;
    json_t  *entry;

    if (json_array_size(roster->tampered) == 0) {
        return;
    }

    puts("\nChanged by somebody without the keys:");

    json_array_foreach(roster->tampered, i, entry) {
        printf("  %s of %s in %s: %s\n", text_of(entry, "table"),
               text_of(entry, "subject"), text_of(entry, "where"),
               text_of(entry, "fate"));
    }
}


static void
not_taken_print(const roster_t *roster)
{
    size_t      i;
    json_t     *entry;
    long long   n;

    puts("\nColumns not taken:");

    json_array_foreach(roster->columns, i, entry) {
        n = number_of(entry, "values");

        printf("  %-24s %-26s %7lld value%s: %s\n", text_of(entry, "file"),
               text_of(entry, "column"), n, ctl_plural((size_t) n),
               text_of(entry, "reason"));
    }

    if (json_array_size(roster->files) == 0) {
        return;
    }

    puts("\nFiles not taken:");

    json_array_foreach(roster->files, i, entry) {
        n = number_of(entry, "rows");

        printf("  %-24s %7lld row%s: %s\n", text_of(entry, "file"), n,
               ctl_plural((size_t) n), text_of(entry, "reason"));
    }
}


static void
report_print(const roster_t *roster, double seconds)
{
    if (roster->ctl->opt.json) {
        ctl_json_print(report_json(roster, seconds));
        return;
    }

    counts_print(roster);
    refused_print(roster);
    tampered_print(roster);
    not_taken_print(roster);
    printf("\n%.1f seconds\n", seconds);
}


/* What may be put right, and would live on then (invariant I18). */
static int
left_check(const roster_t *roster)
{
    return roster->left == 0 ? 0
           : ctl_error("%zu row%s changed by somebody without the keys, of"
                       " another source or a role that rosters do not have,"
                       " cannot be ended by this roster: pupilctl subject lock,"
                       " and unlock, of these people revokes what was there"
                       " before",
                       roster->left, ctl_plural(roster->left));
}


/* All is read, and known to be no accident, before anything is written. */
static int
roster_run(roster_t *roster, const roster_format_t *format,
    csv_source_t *source, roster_table_t *tables)
{
    if (roster_format_read(roster, format, source) != 0) {
        return -1;
    }

    roster_settle(roster);

    if (roster_resolve(roster) != 0
        || roster_stored_load(roster, tables) != 0
        || roster_guard(roster, tables) != 0)
    {
        return -1;
    }

    if (roster_apply(roster) != 0 || roster_links_apply(roster, tables) != 0
        || roster_tasks_apply(roster) != 0
        || roster_results_apply(roster) != 0)
    {
        return -1;
    }

    return 0;
}


static int
import(ctl_t *ctl, const roster_format_t *format)
{
    int              rc;
    double           seconds;
    roster_t         roster;
    const char      *name;
    pupil_time_t     start;
    csv_source_t    *source;
    roster_table_t   tables[ROSTER_KINDS];

    start = ctl_now();
    name = ctl->opt.source != NULL ? ctl->opt.source : format->name;

    if (options_check(ctl, name) != 0) {
        return CTL_USAGE;
    }

    rc = CTL_FAILED;
    roster_init(&roster, ctl, name);
    memset(tables, 0, sizeof(tables));

    source = csv_source_open(ctl->args[0]);

    if (source == NULL || ctl_plugins_open(ctl) != 0
        || ctl_keys_tenant(ctl) != 0 || import_lock(ctl) != 0
        || roster_run(&roster, format, source, tables) != 0)
    {
        goto done;
    }

    roster_progress_end();
    seconds = (double) (ctl_now() - start) / (double) PUPIL_TIME_SECOND;
    report_print(&roster, seconds);
    rc = left_check(&roster) == 0 ? CTL_DONE : CTL_FAILED;

done:

    csv_source_close(source);
    roster_stored_free(tables);
    roster_free(&roster);

    return rc;
}


int
ctl_cmd_import_oneroster(ctl_t *ctl)
{
    return import(ctl, &roster_oneroster);
}


int
ctl_cmd_import_oulad(ctl_t *ctl)
{
    return import(ctl, &roster_oulad);
}


int
ctl_cmd_import_sds(ctl_t *ctl)
{
    return import(ctl, &roster_sds);
}

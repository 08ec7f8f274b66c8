/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl import: reads a roster whole, resolves it, guards, and only then
 * writes.  Files are read where they are and never copied.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/roster/progress.h"
#include "ctl/roster/roster.h"


#define REFUSED_SHOWN  40


static int
roster_init(roster_t *roster, ctl_t *ctl, const char *format)
{
    size_t       len;
    const char  *dates = ctl->opt.dates;

    memset(roster, 0, sizeof(roster_t));
    roster->ctl = ctl;
    roster->source = ctl->opt.source != NULL ? ctl->opt.source : format;
    roster->today = ctl_today();
    roster->refused = json_array();
    roster->columns = json_array();
    roster->files = json_array();

    len = strlen(roster->source);
    if (len == 0 || len > 32
        || strspn(roster->source, "abcdefghijklmnopqrstuvwxyz0123456789-_")
           != len || strcmp(roster->source, "operator") == 0
        || strcmp(roster->source, "decoy") == 0)
    {
        return ctl_error("--source has 1 to 32 of a-z, 0-9, - and _, and is"
                         " neither operator nor decoy");
    }

    if (dates != NULL && strcmp(dates, "roster") != 0
        && strcmp(dates, "open") != 0)
    {
        return ctl_error("--dates is roster or open");
    }
    roster->dates_open = dates != NULL && strcmp(dates, "open") == 0;

    return 0;
}


static void
roster_free(roster_t *roster)
{
    unsigned  kind;

    for (kind = 0; kind < 3; kind++) {
        free(roster->items[kind].items);
        ctl_map_free(&roster->items[kind].ids);
    }
    free(roster->roles.links);
    free(roster->enrolments.links);
    ctl_map_free(&roster->roles.keys);
    ctl_map_free(&roster->enrolments.keys);
    ctl_map_free(&roster->terms);
    json_decref(roster->refused);
    json_decref(roster->columns);
    json_decref(roster->files);
    ctl_pool_free(&roster->pool);
}


/* One import of a tenant at a time. */
static int
import_lock(ctl_t *ctl)
{
    int          got;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;
    res = ctl_query(ctl->data, "SELECT pg_try_advisory_lock(1347760177,"
                    " hashtext($1))", 1, params);
    if (res == NULL) {
        return -1;
    }
    got = PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);

    return got ? 0 : ctl_error("another import of this tenant is running");
}


static json_t *
report_json(const roster_t *roster, double seconds)
{
    json_t                *report, *entry;
    unsigned               kind;
    const roster_count_t  *count;

    report = json_pack("{s:s,s:s}", "source", roster->source, "tenant",
                       roster->ctl->tenant_text);
    for (kind = 0; kind < ROSTER_KINDS; kind++) {
        count = &roster->counts[kind];
        entry = json_pack("{s:I,s:I,s:I,s:I}",
                          "taken", (json_int_t) count->taken,
                          "changed", (json_int_t) count->changed,
                          "unchanged", (json_int_t) count->unchanged,
                          "refused", (json_int_t) count->refused);
        json_object_set_new(report, roster_kind_names[kind], entry);
    }
    json_object_set_new(report, "ended",
        json_pack("{s:I,s:I}", "roles", (json_int_t) roster->ended_roles,
                  "enrolments", (json_int_t) roster->ended_enrolments));
    json_object_set(report, "refused", roster->refused);
    json_object_set(report, "columns_not_taken", roster->columns);
    json_object_set(report, "files_not_taken", roster->files);
    json_object_set_new(report, "seconds", json_real(seconds));

    return report;
}


static const char *
text_of(const json_t *entry, const char *name)
{
    return json_string_value(json_object_get(entry, name));
}


static void
report_text(const roster_t *roster, double seconds)
{
    size_t                 i;
    json_t                *entry;
    unsigned               kind;
    const roster_count_t  *count;

    printf("%-14s %8s %8s %9s %8s\n", "", "taken", "changed", "unchanged",
           "refused");
    for (kind = 0; kind < ROSTER_KINDS; kind++) {
        count = &roster->counts[kind];
        printf("%-14s %8zu %8zu %9zu %8zu\n", roster_kind_names[kind],
               count->taken, count->changed, count->unchanged,
               count->refused);
    }
    if (roster->ctl->opt.close_absent) {
        printf("ended, as they are not in the roster: %zu roles, %zu"
               " enrolments\n", roster->ended_roles,
               roster->ended_enrolments);
    }

    if (json_array_size(roster->refused) != 0) {
        puts("\nRefused:");
    }
    json_array_foreach(roster->refused, i, entry) {
        if (i == REFUSED_SHOWN) {
            printf("  ... and %zu more; --json shows all\n",
                   json_array_size(roster->refused) - i);
            break;
        }
        printf("  %s:%lld: %s: %s\n", text_of(entry, "file"), (long long)
               json_integer_value(json_object_get(entry, "line")),
               text_of(entry, "what"), text_of(entry, "reason"));
    }

    puts("\nColumns not taken:");
    json_array_foreach(roster->columns, i, entry) {
        printf("  %-24s %-26s %7lld values: %s\n", text_of(entry, "file"),
               text_of(entry, "column"), (long long)
               json_integer_value(json_object_get(entry, "values")),
               text_of(entry, "reason"));
    }

    json_array_foreach(roster->files, i, entry) {
        printf("%s  %-24s %7lld rows: %s\n", i == 0 ? "\nFiles not taken:\n"
               : "", text_of(entry, "file"), (long long)
               json_integer_value(json_object_get(entry, "rows")),
               text_of(entry, "reason"));
    }
    printf("\n%.1f seconds\n", seconds);
}


static int
import(ctl_t *ctl, const char *format, const roster_file_t *files)
{
    int            rc = CTL_FAILED;
    double         seconds;
    pupil_time_t   start = ctl_now();
    roster_t       roster;
    csv_source_t  *source = NULL;

    if (roster_init(&roster, ctl, format) != 0) {
        roster_free(&roster);
        return CTL_USAGE;
    }

    source = csv_source_open(ctl->args[0]);
    if (source == NULL || ctl_plugins_open(ctl) != 0
        || ctl_keys_tenant(ctl) != 0 || import_lock(ctl) != 0
        || roster_read(&roster, source, files) != 0
        || roster_resolve(&roster) != 0 || roster_links_load(&roster) != 0
        || roster_guard(&roster) != 0 || roster_apply_items(&roster) != 0
        || roster_apply_links(&roster) != 0)
    {
        goto done;
    }

    rc = CTL_DONE;
    roster_progress_end();
    seconds = (double) (ctl_now() - start) / (double) PUPIL_TIME_SECOND;
    if (ctl->opt.json) {
        ctl_json_print(report_json(&roster, seconds));
    } else {
        report_text(&roster, seconds);
    }

done:

    csv_source_close(source);
    roster_free(&roster);

    return rc;
}


int
ctl_cmd_import_oneroster(ctl_t *ctl)
{
    return import(ctl, "oneroster", roster_oneroster_files);
}


int
ctl_cmd_import_sds(ctl_t *ctl)
{
    return import(ctl, "sds", roster_sds_files);
}

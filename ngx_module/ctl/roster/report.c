/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/roster/plan.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/planned_note.h"
#include "ctl/roster/report.h"


#define REFUSED_SHOWN  40


static json_t *
count_json(const roster_count_t *count)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I}",
                     "taken", (json_int_t) count->taken,
                     "changed", (json_int_t) count->changed,
                     "unchanged", (json_int_t) count->unchanged,
                     "refused", (json_int_t) count->refused,
                     "not_taken", (json_int_t) count->other);
}


/* How many kinds the report has: few rosters have work. */
static unsigned
counts_of(const roster_t *roster)
{
    return roster->work.tasks_count != 0 ? ROSTER_COUNTS : ROSTER_KINDS;
}


/* How many rows each rule refuses, in the order that they were met. */
static json_t *
rules_json(const roster_t *roster)
{
    json_t      *rule, *rules;
    const char  *key;

    rules = json_array();

    json_object_foreach(roster->rules, key, rule) {
        json_array_append(rules, rule);
    }

    return rules;
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
    json_object_set_new(report, "absent",
        json_pack("{s:I}", "users", (json_int_t) roster->gone));
    json_object_set_new(report, "closed",
                        json_integer((json_int_t) roster->closed));
    json_object_set_new(report, "returned",
                        json_integer((json_int_t) roster->returned));
    json_object_set_new(report, "no_login",
                        json_integer((json_int_t) roster->no_login));
    if (roster->run != NULL) {
        json_object_set_new(report, "run", json_string(roster->run));
    }
    json_object_set(report, "held", roster->held);
    if (roster_plan_first(roster) != NULL) {
        json_object_set_new(report, "plan",
                            json_string(roster_plan_first(roster)));
    }
    json_object_set(report, "plans", roster->plans);
    if (roster->changes != NULL) {
        json_object_set_new(report, "apply", json_string(roster->apply));
        json_object_update(report, roster->changes);
    }
    if (roster->planned != NULL && roster->planned->note != NULL) {
        json_object_set_new(report, "signed",
                            json_string(roster->planned->note));
    }
    if (roster->changed != NULL) {
        json_object_set(report, "changed", roster->changed);
    }
    json_object_set(report, "refused", roster->refused);
    json_object_set_new(report, "rules", rules_json(roster));
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

    printf("%-14s %8s %8s %9s %8s %9s\n", "", "taken", "changed",
           "unchanged", "refused", "not taken");

    for (kind = 0; kind < counts_of(roster); kind++) {
        printf("%-14s %8zu %8zu %9zu %8zu %9zu\n", roster_kinds[kind].name,
               counts[kind].taken, counts[kind].changed,
               counts[kind].unchanged, counts[kind].refused,
               counts[kind].other);
    }

    if (roster->gone != 0) {
        printf("not in the roster, and with a role: %zu user%s\n",
               roster->gone, ctl_plural(roster->gone));
    }

    if (roster->closed + roster->returned != 0) {
        printf("accounts that were closed: %zu, opened again: %zu\n",
               roster->closed, roster->returned);
    }

    if (roster->no_login != 0) {
        printf("without a log-in name: %zu user%s\n", roster->no_login,
               ctl_plural(roster->no_login));
    }

    if (counts[ROSTER_ROLE].ended + counts[ROSTER_ENROLMENT].ended != 0) {
        printf("ended by the roster: %zu role%s, %zu"
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
rules_print(const roster_t *roster)
{
    json_t      *rule;
    const char  *key;

    json_object_foreach(roster->rules, key, rule) {
        printf("  %8lld %s\n", number_of(rule, "rows"), key);
    }
}


static void
plans_print(const roster_t *roster)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(roster->plans, i, entry) {
        printf("  who %s is taken by --accept %s\n",
               strcmp(text_of(entry, "takes"), ROSTER_TAKES_ERASED) == 0
               ? "was erased" : "may be somebody else",
               text_of(entry, "plan"));
    }
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

    if (json_array_size(roster->held) == 0) {
        plans_print(roster);
    }

    json_array_foreach(roster->refused, i, entry) {
        if (i == REFUSED_SHOWN) {
            puts("  ... and more; --json shows the first thousand.  In all:");
            rules_print(roster);
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
held_print(const roster_t *roster)
{
    size_t   i;
    json_t  *entry;

    if (json_array_size(roster->held) == 0) {
        return;
    }

    puts("Held: nothing was changed.");

    json_array_foreach(roster->held, i, entry) {
        printf("  %s\n", text_of(entry, "reason"));
    }

    if (roster_plan_first(roster) != NULL) {
        printf("If this is no accident: --accept %s, or, without its files,"
               " pupilctl import apply %s\n\n", roster_plan_first(roster),
               roster_plan_first(roster));
    }
}


static void
changed_print(const roster_t *roster)
{
    size_t   i;
    json_t  *entry;

    if (json_array_size(roster->changed) == 0) {
        return;
    }

    puts("Changed since:");

    json_array_foreach(roster->changed, i, entry) {
        if (i == REFUSED_SHOWN) {
            puts("  ... and more; --json shows the first thousand");
            break;
        }

        if (text_of(entry, "id") != NULL) {
            printf("  %s %s\n", text_of(entry, "what"), text_of(entry, "id"));
        } else {
            printf("  %s of %s:%lld\n", text_of(entry, "what"),
                   text_of(entry, "file"), number_of(entry, "line"));
        }
    }
}


/* Who they are, by pseudonyms: the first of them. */
static void
people_print(const roster_t *roster, const char *change)
{
    size_t   i;
    json_t  *people, *id;

    people = json_object_get(json_object_get(roster->changes, "people"),
                             change);

    json_array_foreach(people, i, id) {
        if (i == REFUSED_SHOWN) {
            puts("    ... and more; --json shows the first thousand");
            break;
        }

        printf("    %s\n", json_string_value(id));
    }
}


static void
changes_print(const roster_t *roster)
{
    size_t       i;
    unsigned     k;
    json_t      *counts, *school, *schools;
    long long    n;

    static const char *const  words[][2] = {
        { "joins", "join" },
        { "leaves", "leave" },
        { "returns", "come back" },
        { "renamed", "have another name" },
        { "logins", "have another log-in name" },
        { "schools", "go to another school" },
        { "roles", "have other roles" },
        { "classes", "have other classes" }
    };

    printf("Plan %s: nothing was changed.\n", roster->apply);

    counts = json_object_get(roster->changes, "changes");

    for (k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        n = number_of(counts, words[k][0]);
        if (n != 0) {
            printf("  %lld %s\n", n, words[k][1]);
            people_print(roster, words[k][0]);
        }
    }

    schools = json_object_get(roster->changes, "schools");

    json_array_foreach(schools, i, school) {
        printf("  %s:%lld: %lld join, %lld leave, %lld come, %lld go\n",
               text_of(school, "file"), number_of(school, "line"),
               number_of(school, "joins"), number_of(school, "leaves"),
               number_of(school, "comes"), number_of(school, "goes"));
    }

    if (roster->planned != NULL) {
        printf("To do just that, within %d days: pupilctl import apply %s\n\n",
               ROSTER_PLANNED_DAYS, roster->apply);
    } else {
        printf("To do just that: --apply %s\n\n", roster->apply);
    }
}


/* It names people by lines of files alone, and is its owner's still. */
static int
report_write(const char *path, const json_t *report)
{
    int    rc;
    char  *text;

    text = json_dumps(report, JSON_INDENT(2) | JSON_ENSURE_ASCII);

    if (text == NULL) {
        return ctl_error("out of memory");
    }

    rc = ctl_file_write(path, text, 0600, 0);
    free(text);

    return rc;
}


static void
report_print(const roster_t *roster, double seconds)
{
    held_print(roster);
    changed_print(roster);

    if (roster->changes != NULL) {
        changes_print(roster);

    } else {
        counts_print(roster);
    }

    refused_print(roster);
    tampered_print(roster);
    not_taken_print(roster);

    if (roster->run != NULL) {
        printf("\nRun %s: pupilctl import undo takes it back\n",
               roster->run);
    }

    printf("\n%.1f seconds\n", seconds);
}


int
roster_report(const roster_t *roster, double seconds)
{
    int          rc;
    json_t      *report;
    const char  *path;

    path = roster->ctl->opt.report;
    report = report_json(roster, seconds);
    rc = path == NULL ? 0 : report_write(path, report);

    if (rc == 0 && roster->ctl->opt.html != NULL) {
        rc = roster_plan_html(report, roster->ctl->opt.html);
    }

    if (roster->ctl->opt.json) {
        ctl_json_print(report);
        return rc;
    }

    json_decref(report);
    report_print(roster, seconds);

    return rc;
}

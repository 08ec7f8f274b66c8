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
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/roster/apply.h"
#include "ctl/roster/changes.h"
#include "ctl/roster/chosen.h"
#include "ctl/roster/csv.h"
#include "ctl/roster/ends.h"
#include "ctl/roster/erased.h"
#include "ctl/roster/format.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/ids.h"
#include "ctl/roster/images.h"
#include "ctl/roster/import.h"
#include "ctl/roster/input.h"
#include "ctl/roster/leavers.h"
#include "ctl/roster/links.h"
#include "ctl/roster/oneroster.h"
#include "ctl/roster/oulad.h"
#include "ctl/roster/plan.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/planned_note.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/report.h"
#include "ctl/roster/resolve.h"
#include "ctl/roster/returns.h"
#include "ctl/roster/roster.h"
#include "ctl/roster/sds.h"
#include "ctl/roster/settle.h"
#include "ctl/roster/sources.h"
#include "ctl/roster/stored.h"
#include "ctl/roster/work.h"
#include "ctl/store/closed.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/turn.h"


/* How a run ends that writes nothing. */
enum {
    HELD = 1,
    PLANNED
};

static const roster_format_t *const  formats[] = {
    &roster_oneroster, &roster_sds, &roster_oulad, NULL
};


/* What nobody else has seen is removed by nobody alone. */
static int
acceptance_check(const ctl_t *ctl)
{
    const char  *acceptance;

    acceptance = ctl->opt.acceptance;

    if (acceptance == NULL || strcmp(acceptance, "one") == 0) {
        return 0;
    }

    if (strcmp(acceptance, "two") != 0) {
        return ctl_error("--acceptance is one or two");
    }

    return !ctl->opt.confirm_removal || ctl->opt.plan ? 0
           : ctl_error("with --acceptance two --confirm-removal is for --plan,"
                       " and another person says import apply");
}


static int
options_check(const ctl_t *ctl, const char *source)
{
    const char  *dates;

    if (roster_source_check("--source", source) != 0
        || acceptance_check(ctl) != 0)
    {
        return -1;
    }

    dates = ctl->opt.dates;

    if (dates != NULL && strcmp(dates, "roster") != 0
        && strcmp(dates, "open") != 0)
    {
        return ctl_error("--dates is roster or open");
    }

    return 0;
}


/* Before anything is written. */
static int
report_check(const ctl_t *ctl)
{
    return (ctl->opt.report == NULL
            || ctl_file_creatable(ctl->opt.report) == 0)
           && (ctl->opt.html == NULL
               || ctl_file_creatable(ctl->opt.html) == 0) ? 0 : -1;
}


/* One import of a tenant at a time: 0, or how the command ends. */
static int
import_lock(ctl_t *ctl)
{
    int  rc;

    rc = ctl_turn_take(ctl);

    if (rc > 0 && (ctl->opt.sync || ctl->opt.decided)) {
        return CTL_BUSY;
    }

    if (rc > 0) {
        (void) ctl_error("another import of this tenant is running, or an"
                         " erasure");
    }

    return rc == 0 ? 0 : CTL_FAILED;
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


/*
 * Nothing is written where it is only planned, or where what was planned is not
 * what this would write: PLANNED or HELD.  0, or -1 with the error said.
 */
static int
plan_check(roster_t *roster, const roster_table_t *tables)
{
    const ctl_t  *ctl;

    ctl = roster->ctl;

    if (!ctl->opt.plan && ctl->opt.apply == NULL) {
        return 0;
    }

    if (roster_plan_whole(roster, tables, roster->apply) != 0) {
        return -1;
    }

    if (ctl->opt.plan) {
        return roster_changes(roster, tables) == 0
               && roster_planned_made(roster, roster->apply, roster->accepts)
                  == 0 ? PLANNED : -1;
    }

    if (strcmp(ctl->opt.apply, roster->apply) == 0) {
        return 0;
    }

    roster_hold(roster, "what this would write is not that plan: the roster,"
                " or what is stored, has changed since, or it was applied");
    ctl_error("%s is not that plan: the roster, or what is stored, has changed"
              " since, or it was applied; nothing was changed: say --plan",
              ctl->opt.apply);

    return HELD;
}


/* From its files, or, without one, as it was when it was planned. */
static int
roster_read(roster_t *roster, const roster_format_t *format,
    csv_source_t *source)
{
    if (source == NULL) {
        return roster_planned_load(roster);
    }

    if (roster_chosen_read(roster) != 0) {
        return -1;
    }

    if (roster_format_read(roster, format, source) != 0) {
        return roster->stopped == NULL ? -1
               : roster_guard_stopped(roster) < 0 ? -1 : HELD;
    }

    roster_settle(roster);
    roster_chosen_report(roster);

    return 0;
}


static int
roster_write(roster_t *roster, const roster_format_t *format,
    csv_source_t *source, roster_table_t *tables)
{
    roster_images_keep(roster, tables);

    return roster_planned_begin(roster) != 0
           || roster_returns_apply(roster) != 0 || roster_apply(roster) != 0
           || roster_erased_apply(roster) != 0
           || roster_links_apply(roster, tables) != 0
           || roster_leavers_apply(roster) != 0
           || roster_tasks_apply(roster) != 0
           || roster_results_apply(roster, format, source) != 0
           || roster_images_end(roster, &roster->run) != 0
           || roster_planned_done(roster) != 0 ? -1 : 0;
}


/*
 * All is read, and known to be no accident, before anything is written.
 * Returns HELD or PLANNED where nothing is.
 */
static int
roster_run(roster_t *roster, const roster_format_t *format,
    csv_source_t *source, roster_table_t *tables)
{
    int  rc;

    rc = roster_read(roster, format, source);
    if (rc != 0) {
        return rc;
    }

    if (roster_resolve(roster) != 0
        || roster_stored_load(roster, tables) != 0)
    {
        return -1;
    }

    if (roster_returns_resolve(roster) != 0) {
        return -1;
    }

    roster_ends(roster, tables);

    if (roster_leavers_resolve(roster, tables) != 0) {
        return -1;
    }

    rc = roster_planned_check(roster, tables);

    if (rc == 0) {
        rc = roster_guard(roster, tables);
    }

    if (rc != 0) {
        return rc < 0 ? -1 : HELD;
    }

    rc = plan_check(roster, tables);
    if (rc != 0) {
        return rc;
    }

    rc = roster_planned_second(roster);

    return rc < 0 ? -1 : rc > 0 ? HELD
           : roster_write(roster, format, source, tables);
}


/* A roster of another format is named, as this one misses files of its own. */
static int
format_check(const roster_format_t *format, const csv_source_t *source)
{
    const roster_format_t *const  *other;

    if (roster_format_fits(format, source)) {
        return 0;
    }

    for (other = formats; *other != NULL; other++) {
        if (roster_format_fits(*other, source)) {
            return ctl_error("these are the files of another format: pupilctl"
                             " import %s takes them", (*other)->name);
        }
    }

    return 0;
}


/* By the last one of this day: there is nothing to be read again. */
static int
unchanged(const roster_t *roster)
{
    if (roster->ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:b}", "source", roster->source,
                                 "tenant", roster->ctl->tenant_text,
                                 "unchanged", 1));
    } else {
        puts("The roster is that of the last import.");
    }

    return CTL_DONE;
}


/* 1, and how the command ends, where nothing is to be read; or 0. */
static int
import_begin(roster_t *roster, const roster_format_t *format,
    csv_source_t *source, uint8_t input[ROSTER_PRINT_LEN], int *ends)
{
    int          same;
    ctl_t       *ctl;
    const char  *path;

    ctl = roster->ctl;
    *ends = CTL_FAILED;

    if (report_check(ctl) != 0 || ctl_plugins_open(ctl) != 0
        || ctl_keys_tenant(ctl) != 0)
    {
        return 1;
    }

    roster->today = ctl->today;
    *ends = import_lock(ctl);

    if (*ends != 0) {
        return 1;
    }

    *ends = CTL_FAILED;

    if (source == NULL && roster_planned_open(roster, ctl->args[0]) != 0) {
        return 1;
    }

    path = source != NULL ? csv_source_path(source) : NULL;

    if (roster_ids_ready(roster) != 0
        || (path != NULL
            && roster_input_print(roster, format->name, path, source, input)
               != 0))
    {
        return 1;
    }

    same = ctl->opt.sync && path != NULL ? roster_input_same(roster, input) : 0;

    if (same > 0) {
        *ends = unchanged(roster);
    }

    return same != 0;
}


static const char *
source_name(const ctl_t *ctl, const roster_format_t *format)
{
    return ctl->opt.source != NULL ? ctl->opt.source
           : format != NULL ? format->name : "";
}


int
roster_import_check(const ctl_t *ctl, const roster_format_t *format)
{
    return options_check(ctl, source_name(ctl, format));
}


int
roster_import(ctl_t *ctl, const roster_format_t *format, csv_source_t *source)
{
    int              rc, run;
    double           seconds;
    roster_t         roster;
    uint8_t          input[ROSTER_PRINT_LEN];
    pupil_time_t     start;
    roster_table_t   tables[ROSTER_KINDS];

    start = ctl_now();
    rc = CTL_FAILED;
    roster_init(&roster, ctl, source_name(ctl, format));
    memset(tables, 0, sizeof(tables));

    if (import_begin(&roster, format, source, input, &rc) != 0) {
        goto done;
    }

    /* who is not what pupil.closed says is said, and keeps no roster back */
    if (!ctl->opt.plan) {
        (void) ctl_closed_settle(ctl);
    }

    run = roster_run(&roster, format, source, tables);
    roster_progress_end();

    if (!ctl->opt.plan
        && roster_source_ran(&roster, format != NULL ? format->name : NULL,
                             run < 0 ? "failed" : run == HELD ? "held"
                                                              : "done",
                             source != NULL && csv_source_path(source) != NULL
                             ? input : NULL) != 0)
    {
        goto done;
    }

    if (run < 0) {
        goto done;
    }

    seconds = (double) (ctl_now() - start) / (double) PUPIL_TIME_SECOND;

    if (roster_report(&roster, seconds) != 0) {
        goto done;
    }

    if (run == HELD || run == PLANNED) {
        rc = run == HELD ? CTL_HELD : CTL_DONE;
        goto done;
    }

    rc = left_check(&roster) == 0 ? CTL_DONE : CTL_FAILED;

done:

    roster_planned_free(&roster);
    roster_stored_free(tables);
    roster_images_free(&roster);
    roster_free(&roster);

    return rc;
}


static int
import(ctl_t *ctl, const roster_format_t *format)
{
    int            rc;
    csv_source_t  *source;

    if (roster_import_check(ctl, format) != 0) {
        return CTL_USAGE;
    }

    source = csv_source_open(ctl->args[0]);

    rc = source != NULL && format_check(format, source) == 0
         ? roster_import(ctl, format, source) : CTL_FAILED;

    csv_source_close(source);

    return rc;
}


int
ctl_cmd_import_apply(ctl_t *ctl)
{
    if (ctl->opt.plan || ctl->opt.apply != NULL || ctl->opt.accept != NULL
        || ctl->opt.source != NULL)
    {
        (void) ctl_error("a plan says itself of which source it is, and what is"
                         " accepted: --source, --accept, --apply and --plan are"
                         " not for it");
        return CTL_USAGE;
    }

    return acceptance_check(ctl) == 0 ? roster_import(ctl, NULL, NULL)
                                      : CTL_USAGE;
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

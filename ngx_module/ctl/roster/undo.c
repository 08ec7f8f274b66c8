/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/undo.h"
#include "ctl/store/closed.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/turn.h"


#define TOUCHED_SHOWN  40
#define TOUCHED_KEPT   1000


static const ctl_access_t  undo_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};

static const struct {
    const char  *name;
    const char  *text;
} words[UNDO_COUNTS] = {
    [UNDO_LEAVES] = { "leaves", "leave, who came with it" },
    [UNDO_RETURNS] = { "returns", "come back, who left with it" },
    [UNDO_RENAMED] = { "renamed", "have their name of before" },
    [UNDO_LOGINS] = { "logins", "have their log-in name of before" },
    [UNDO_ADDRESSES] = { "addresses", "have their address of before" },
    [UNDO_ROLES] = { "roles", "have their roles of before" },
    [UNDO_CLASSES] = { "classes", "have their classes of before" },
    [UNDO_TITLES] = { "titles", "schools and classes are as before" }
};


static int
begin(ctl_t *ctl, roster_run_t *run)
{
    int  rc;

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return -1;
    }

    rc = ctl_turn_take(ctl);
    if (rc != 0) {
        return rc < 0 ? -1
               : ctl_error("an import of this tenant is running, or an"
                           " erasure, or another undo: try again");
    }

    return roster_run_find(ctl, ctl->args[0], run);
}


static void
undo_free(undo_t *undo)
{
    uint32_t  i;
    unsigned  r;

    for (i = 0; i < undo->people_count; i++) {
        json_decref(undo->people[i].rows);

        for (r = 0; r < ROSTER_RECORDS; r++) {
            json_decref(undo->people[i].records[r].before);
            json_decref(undo->people[i].records[r].after);
        }
    }

    for (i = 0; i < undo->titles_count; i++) {
        json_decref(undo->titles[i].record.before);
        json_decref(undo->titles[i].record.after);
    }

    free(undo->people);
    free(undo->links);
    free(undo->titles);
    ctl_map_free(&undo->ids);
    roster_stored_free(undo->tables);
    roster_free(&undo->roster);
}


static void
touched_add(json_t *list, const pupil_uuid_t *id, const char *why)
{
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    if (why != NULL && json_array_size(list) < TOUCHED_KEPT) {
        json_array_append_new(list, json_pack("{s:s,s:s}", "id",
                                              ctl_uuid_text(id, text),
                                              "reason", why));
    }
}


static json_t *
touched_json(const undo_t *undo)
{
    json_t    *list;
    uint32_t   i;

    list = json_array();

    for (i = 0; i < undo->people_count; i++) {
        touched_add(list, &undo->people[i].id, undo->people[i].touched);
    }

    for (i = 0; i < undo->titles_count; i++) {
        touched_add(list, &undo->titles[i].id, undo->titles[i].touched);
    }

    return list;
}


static void
text_print(const undo_t *undo, const json_t *touched, const char *state)
{
    size_t    i;
    json_t   *entry;
    unsigned  k;

    printf("Run %s of %s: %s.\n", undo->run.text, undo->run.at, state);

    for (k = 0; k < UNDO_COUNTS; k++) {
        if (undo->counts[k] != 0) {
            printf("  %zu %s\n", undo->counts[k], words[k].text);
        }
    }

    if (undo->erased != 0) {
        printf("  %zu were erased since, and stay erased\n", undo->erased);
    }

    json_array_foreach(touched, i, entry) {
        if (i == TOUCHED_SHOWN) {
            puts("  ... and more; --json shows the first thousand");
            break;
        }

        printf("  %s: %s\n",
               json_string_value(json_object_get(entry, "id")),
               json_string_value(json_object_get(entry, "reason")));
    }
}


static void
report(const undo_t *undo, const char *state)
{
    json_t    *counts, *touched;
    unsigned   k;

    touched = touched_json(undo);

    if (!undo->roster.ctl->opt.json) {
        text_print(undo, touched, state);
        json_decref(touched);
        return;
    }

    counts = json_object();

    for (k = 0; k < UNDO_COUNTS; k++) {
        json_object_set_new(counts, words[k].name,
                            json_integer((json_int_t) undo->counts[k]));
    }

    ctl_json_print(json_pack("{s:s,s:s,s:s,s:o,s:I,s:I,s:o}", "run",
                             undo->run.text, "source", undo->run.source,
                             "state", state, "changes", counts, "erased",
                             (json_int_t) undo->erased, "touched",
                             (json_int_t) undo->touched, "people", touched));
}


/* On record before anything of it is. */
static int
undo_record(undo_t *undo, const char *outcome)
{
    ctl_t  *ctl;

    ctl = undo->roster.ctl;

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_record(ctl, &undo_access, outcome, "{}",
                         undo->roster.detail) == 0
           ? ctl_commit(ctl->data) : -1;
}


static int
undo_run(undo_t *undo)
{
    ctl_t  *ctl;

    ctl = undo->roster.ctl;

    if (undo_read(undo) != 0 || undo_check(undo) != 0) {
        return CTL_FAILED;
    }

    if (undo->touched != 0) {
        if (undo_record(undo, "refused") != 0) {
            return CTL_FAILED;
        }

        report(undo, "held");
        ctl_error("%zu of whom this run changed were changed since; nothing"
                  " was changed: a run is undone as a whole", undo->touched);
        return CTL_HELD;
    }

    if (ctl->opt.plan) {
        report(undo, "planned");
        return CTL_DONE;
    }

    if (undo_record(undo, "allowed") != 0 || undo_apply(undo) != 0) {
        ctl_error("the undo is begun and not done: run this again");
        return CTL_FAILED;
    }

    roster_progress_end();
    report(undo, "undone");

    return CTL_DONE;
}


int
ctl_cmd_import_undo(ctl_t *ctl)
{
    int        rc;
    undo_t    *undo;
    ctl_buf_t  detail;

    undo = ctl_pool_alloc(&ctl->pool, sizeof(undo_t));
    memset(undo, 0, sizeof(undo_t));

    if (begin(ctl, &undo->run) != 0) {
        return CTL_FAILED;
    }

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "%s undo=%s", undo->run.source, undo->run.text);

    roster_init(&undo->roster, ctl, undo->run.source);
    undo->roster.today = ctl->today;
    undo->roster.detail = detail.data;

    if (!ctl->opt.plan) {
        (void) ctl_closed_settle(ctl);
    }

    if (undo->run.state == ROSTER_RUN_UNDONE) {
        rc = undo_forget(undo) == 0 ? CTL_DONE : CTL_FAILED;
        report(undo, "undone");

    } else {
        rc = undo_run(undo);
    }

    undo_free(undo);
    ctl_buf_free(&detail);

    return rc;
}

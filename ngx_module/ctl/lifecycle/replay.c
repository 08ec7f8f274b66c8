/*
 * Copyright (C) the Pupil authors
 *
 * A data database that was restored has people again who were erased since:
 * their rows, and no key that opens them.  Each entry of the ledger that it
 * lacks is done again, of every tenant, those too that it does not have.  With
 * the last one its mark is level with the key store's, and workers serve it
 * (invariant I8).
 */

#include <stdlib.h>

#include "ctl/base/db.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/replay.h"
#include "ctl/lifecycle/tenant_erase.h"
#include "ctl/lifecycle/tenants.h"
#include "ctl/store/kek.h"
#include "ctl/store/keys.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/marks.h"
#include "ctl/store/plugins.h"


static int tenant_destroyed(ctl_t *ctl, void *data);
static int tenant_others(ctl_t *ctl, void *data);
static int moved_replay(ctl_t *ctl, const char *last,
    const ctl_ledger_entry_t *entry);
static int whole_replay(ctl_t *ctl, const char *last,
    const ctl_ledger_entry_t *entry);
static int entry_replay(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int gate_open(ctl_t *ctl);


int
ctl_cmd_restore_replay(ctl_t *ctl)
{
    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_plugins_open(ctl) != 0 || ctl_ledger_known(ctl) != 0
        || ctl_tenants_erased(ctl, tenant_destroyed, NULL) != 0
        || ctl_tenants_erased(ctl, tenant_others, NULL) != 0
        || gate_open(ctl) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "status", "replayed"));
    } else {
        ctl_note("done");
    }

    return CTL_DONE;
}


/*
 * First, of all tenants, whose key is gone: a mark counts copies of all, and
 * one of an erasure that was not done yet must not stand for one of these.
 */
static int
tenant_destroyed(ctl_t *ctl, void *data)
{
    int                  whole;
    char                 last[CTL_LEDGER_NUMBER_SIZE];
    size_t               i, count;
    ctl_ledger_entry_t   end, *list;

    (void) data;

    if (ctl_kek_open(ctl) != 0 || ctl_erasures_turn(ctl) != 0
        || ctl_ledger_last(ctl, last) != 0
        || ctl_ledger_file_restore(ctl) != 0
        || ctl_ledger_copy_restore(ctl) != 0 || ctl_ledger_check(ctl) != 0)
    {
        return -1;
    }

    whole = ctl_ledger_whole(ctl, &end);
    if (whole != 0) {
        return whole < 0 ? -1 : !end.destroyed ? 0
               : end.kind == PUPIL_ENTRY_MOVED ? moved_replay(ctl, last, &end)
               : whole_replay(ctl, last, &end);
    }

    if (ctl_keys_take(ctl) != 0
        || ctl_ledger_again(ctl, last, &list, &count) != 0)
    {
        return -1;
    }

    for (i = 0; i < count && list[i].destroyed; i++) {
        if (entry_replay(ctl, &list[i]) != 0) {
            return -1;
        }
    }

    return 0;
}


/*
 * Then whose key there is still: of them the backup had the entry alone.  What
 * was begun before it is finished, too.
 */
static int
tenant_others(ctl_t *ctl, void *data)
{
    int                  whole;
    char                 last[CTL_LEDGER_NUMBER_SIZE];
    size_t               i, count, restored;
    ctl_ledger_entry_t   end, *list;

    (void) data;

    if (ctl_ledger_last(ctl, last) != 0) {
        return -1;
    }

    whole = ctl_ledger_whole(ctl, &end);
    if (whole != 0) {
        return whole < 0 ? -1
               : end.destroyed ? 0 : whole_replay(ctl, last, &end);
    }

    if (ctl_keys_take(ctl) != 0
        || ctl_ledger_again(ctl, last, &list, &count) != 0)
    {
        return -1;
    }

    for (i = 0; i < count; i++) {
        if (entry_replay(ctl, &list[i]) != 0) {
            return -1;
        }
    }

    return ctl_erasures_finish(ctl, &restored);
}


/*
 * A tenant that was moved: who was erased before that is here again, too, and
 * goes while records are taken.
 */
static int
moved_replay(ctl_t *ctl, const char *last, const ctl_ledger_entry_t *entry)
{
    size_t               i, count;
    ctl_ledger_entry_t  *list;

    if (ctl_keys_take(ctl) != 0
        || ctl_ledger_missing(ctl, &list, &count) != 0)
    {
        return -1;
    }

    for (i = 0; i < count && list[i].kind == PUPIL_ENTRY_ERASURE; i++) {
        if (entry_replay(ctl, &list[i]) != 0) {
            return -1;
        }
    }

    return whole_replay(ctl, last, entry);
}


/*
 * A tenant that has ended, with all that is in the ledger of it; what is behind
 * last was entered again.
 */
static int
whole_replay(ctl_t *ctl, const char *last, const ctl_ledger_entry_t *entry)
{
    int  done;

    done = ctl_tenant_erased(ctl, entry);

    if (done < 0) {
        return -1;
    }

    if (done && strtoull(entry->number, NULL, 10) <= strtoull(last, NULL, 10))
    {
        return 0;
    }

    if (ctl_tenant_erase(ctl, entry) != 0) {
        return -1;
    }

    if (!ctl->opt.json) {
        printf("%s %s%s again, entry %s\n", entry->subject,
               entry->place != NULL ? "moved to " : "erased",
               entry->place != NULL ? entry->place : "", entry->number);
    }

    return 0;
}


static int
entry_replay(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    if (ctl_erase(ctl, entry) != 0) {
        return -1;
    }

    if (!ctl->opt.json) {
        printf("%s erased again, entry %s\n", entry->subject, entry->number);
    }

    return 0;
}


/* What workers serve by: where they would not, nothing is done. */
static int
gate_open(ctl_t *ctl)
{
    int            rc;
    int64_t        copied;
    pupil_error_t  error;

    if (ctl_mark_count(ctl, &copied) != 0) {
        return -1;
    }

    rc = ctl_marks_behind(ctl, &error);

    return rc <= 0 ? rc : ctl_error("%s", error.text);
}

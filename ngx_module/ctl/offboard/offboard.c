/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/receipt.h"
#include "ctl/lifecycle/tenant_erase.h"
#include "ctl/offboard/handed.h"
#include "ctl/offboard/offboard.h"
#include "ctl/store/kek.h"
#include "ctl/store/keys.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/marks.h"


static int offboard_ready(ctl_t *ctl);
static int offboard_entry(ctl_t *ctl, ctl_ledger_entry_t *entry);
static int move_entry(ctl_t *ctl, ctl_ledger_entry_t *entry);
static int move_print(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int name_check(ctl_t *ctl);
static int export_check(ctl_t *ctl);


int
ctl_cmd_tenant_offboard(ctl_t *ctl)
{
    ctl_ledger_entry_t  entry;

    if (ctl_receipt_check(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || offboard_ready(ctl) != 0 || offboard_entry(ctl, &entry) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl_tenant_end(ctl, &entry) != 0) {
        ctl_error("the end of the tenant is begun and not done: run this"
                  " again, or pupilctl work");
        return CTL_FAILED;
    }

    return ctl_receipt_tell(ctl, &entry) == 0 ? CTL_DONE : CTL_FAILED;
}


static int
offboard_ready(ctl_t *ctl)
{
    int            rc;
    pupil_error_t  error;

    rc = ctl_marks_behind(ctl, &error);
    if (rc != 0) {
        return rc < 0 ? -1 : ctl_error("%s", error.text);
    }

    return ctl_kek_open(ctl) == 0 && ctl_erasures_turn(ctl) == 0
           && ctl_ledger_check(ctl) == 0 ? ctl_ledger_file_check(ctl) : -1;
}


/*
 * Of a tenant that was moved what it is handed back, and whom a hold keeps from
 * being erased, is for where it is now.
 */
static int
offboard_entry(ctl_t *ctl, ctl_ledger_entry_t *entry)
{
    int  begun;

    begun = ctl_ledger_whole(ctl, entry);

    if (begun < 0) {
        return -1;
    }

    if (begun == 0) {
        return name_check(ctl) == 0 && export_check(ctl) == 0
               ? ctl_ledger_enter_whole(ctl, entry) : -1;
    }

    if (entry->kind != PUPIL_ENTRY_MOVED) {
        return 0;
    }

    if (!entry->destroyed) {
        return ctl_error("the move of the tenant to %s is begun and not done:"
                         " run pupilctl work first", entry->place);
    }

    return name_check(ctl) == 0 ? ctl_ledger_enter_whole(ctl, entry) : -1;
}


int
ctl_cmd_tenant_moved(ctl_t *ctl)
{
    ctl_ledger_entry_t  entry;

    if (ctl->opt.to == NULL || !pupil_entry_place(ctl->opt.to)) {
        ctl_error("--to is where the tenant is now: a name of up to %d letters,"
                  " digits and . _ : -, such as eu2.example",
                  PUPIL_ENTRY_PLACE_SIZE - 1);
        return CTL_USAGE;
    }

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || offboard_ready(ctl) != 0 || move_entry(ctl, &entry) != 0)
    {
        return CTL_FAILED;
    }

    if (!entry.destroyed && ctl_tenant_end(ctl, &entry) != 0) {
        ctl_error("the move of the tenant is begun and not done: run this"
                  " again, or pupilctl work");
        return CTL_FAILED;
    }

    return move_print(ctl, &entry) == 0 ? CTL_DONE : CTL_FAILED;
}


/* What is under way of erasures is done first: it goes on record here. */
static int
move_entry(ctl_t *ctl, ctl_ledger_entry_t *entry)
{
    int  begun;

    begun = ctl_ledger_whole(ctl, entry);

    if (begun < 0 || name_check(ctl) != 0
        || (begun == 0 && ctl_erasures_ready(ctl) != 0))
    {
        return -1;
    }

    return ctl_ledger_enter_moved(ctl, ctl->opt.to, entry);
}


static int
move_print(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    const char  *when;

    if (ctl_ledger_destroy(ctl, entry, &when) != 0) {
        return -1;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:I,s:s,s:s}", "tenant",
                                 entry->subject, "moved_to", entry->place,
                                 "number",
                                 (json_int_t) strtoll(entry->number, NULL, 10),
                                 "since", when, "hash", entry->hash + 2));
        return 0;
    }

    printf("%s moved to %s, entry %s\n  served here no more since %s\n"
           "  hash %s\n", entry->subject, entry->place, entry->number, when,
           entry->hash + 2);

    return 0;
}


/* Whoever means another tenant has mistyped --tenant, and not the name. */
static int
name_check(ctl_t *ctl)
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->data, "SELECT name FROM pupil.tenant WHERE tenant"
                  " = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0
         ? ctl_error("there is no tenant %s", ctl->tenant_text)
         : strcmp(PQgetvalue(res, 0, 0), ctl->args[0]) == 0 ? 0
         : ctl_error("the tenant %s is \"%s\": its name confirms that it is"
                     " meant", ctl->tenant_text, PQgetvalue(res, 0, 0));
    PQclear(res);

    return rc;
}


/* The tenant's keys say whether that is authentic. */
static int
export_check(ctl_t *ctl)
{
    if (ctl->opt.without_export) {
        return 0;
    }

    return ctl_keys_open(ctl) == 0 ? ctl_handed_check(ctl) : -1;
}

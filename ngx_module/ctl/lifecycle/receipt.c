/*
 * Copyright (C) the Pupil authors
 *
 * A receipt has two dates.  A key that was destroyed lives on in backups of the
 * key store, and how long these live only the operator knows, and signs.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "core/lifecycle/receipt.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/parts.h"
#include "ctl/lifecycle/receipt.h"
#include "ctl/store/signer.h"


#define DAYS_MAX  36500

/* As PostgreSQL writes it. */
typedef struct {
    const char  *destroyed;
    const char  *backups;       /* NULL: nobody said how long they live */
} dates_t;


static int days_read(const ctl_t *ctl, int64_t *days);
static int dates_read(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    dates_t *dates);
static const char *receipt_text(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const dates_t *dates, const json_t *parts);


int
ctl_receipt_check(const ctl_t *ctl)
{
    int64_t  days;

    return days_read(ctl, &days);
}


/* -1 days: not given. */
static int
days_read(const ctl_t *ctl, int64_t *days)
{
    char        *end;
    const char  *text;

    *days = -1;
    text = ctl->opt.key_backup_days;

    if (text == NULL) {
        return 0;
    }

    *days = strtol(text, &end, 10);

    return end != text && *end == '\0' && *days >= 0 && *days <= DAYS_MAX ? 0
           : ctl_error("--key-backup-days is 0 to %d: how long a backup of the"
                       " key store lives at most", DAYS_MAX);
}


static int
dates_read(ctl_t *ctl, const ctl_ledger_entry_t *entry, dates_t *dates)
{
    char          told[PUPIL_TIME_TEXT_MAX + 1];
    int64_t       days;
    pupil_str_t   text;
    pupil_time_t  time;

    if (days_read(ctl, &days) != 0
        || ctl_ledger_destroy(ctl, entry, &dates->destroyed) != 0)
    {
        return -1;
    }

    if (days < 0) {
        return ctl_ledger_backups(ctl, entry, NULL, &dates->backups);
    }

    text = ctl_str(dates->destroyed);

    if (pupil_time_parse(text.data, text.len, &time) != PUPIL_OK) {
        return ctl_error("the key store does not say when the key was"
                         " destroyed");
    }

    told[pupil_time_format(time + days * PUPIL_TIME_DAY, (uint8_t *) told)]
        = '\0';

    return ctl_ledger_backups(ctl, entry, told, &dates->backups);
}


int
ctl_receipt_tell(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    json_t      *parts;
    dates_t      dates;
    const char  *receipt;

    if (dates_read(ctl, entry, &dates) != 0) {
        return -1;
    }

    parts = ctl_parts_told(ctl, entry);
    receipt = parts != NULL ? receipt_text(ctl, entry, &dates, parts) : NULL;

    if (receipt == NULL) {
        json_decref(parts);
        return -1;
    }

    if (!ctl->opt.json) {
        json_decref(parts);
        printf("%s%s", receipt, ctl->opt.ledger != NULL ? "\n" : "");
        return 0;
    }

    ctl_json_print(json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s?,s:o,s:s*}",
        "id", entry->subject, "state", "erased",
        "number", (json_int_t) strtoll(entry->number, NULL, 10),
        "entered_at", entry->at, "hash", entry->hash + 2,
        "key_destroyed_at", dates.destroyed,
        "key_backups_gone_at", dates.backups, "tables", parts,
        "receipt", ctl->opt.ledger != NULL ? receipt : NULL));

    return 0;
}


/* Ownership: the command's pool. */
static const char *
receipt_text(ctl_t *ctl, const ctl_ledger_entry_t *entry, const dates_t *dates,
    const json_t *parts)
{
    size_t         i;
    json_t        *part, *by;
    ctl_buf_t      buf;
    const char    *text;
    ctl_signer_t   signer;

    ctl_buf_init(&buf);
    ctl_buf_printf(&buf, "%s" PUPIL_RECEIPT_ERASED "%s of %s\n"
                   PUPIL_RECEIPT_DESTROYED "%s\n" PUPIL_RECEIPT_BACKUPS "%s\n"
                   "  tenant %s\n  hash %s\n", entry->subject, entry->number,
                   entry->at, dates->destroyed,
                   dates->backups != NULL ? dates->backups
                                          : PUPIL_RECEIPT_UNKNOWN,
                   ctl->tenant_text, entry->hash + 2);

    json_array_foreach(parts, i, part) {
        by = json_object_get(part, "reference");
        ctl_buf_printf(&buf, "  %-21s %s %lld %s%s%s\n",
            json_string_value(json_object_get(part, "table")),
            json_string_value(json_object_get(part, "state")),
            (long long) json_integer_value(json_object_get(part, "records")),
            json_string_value(json_object_get(part, "at")),
            by != NULL ? " by " : "",
            by != NULL ? json_string_value(by) : "");
    }

    text = ctl_pool_text(&ctl->pool, buf.data, buf.len);
    ctl_buf_free(&buf);

    if (ctl->opt.ledger == NULL) {
        return text;
    }

    return ctl_signer_open(ctl, &signer) == 0
           ? ctl_signer_note(ctl, &signer, text) : NULL;
}

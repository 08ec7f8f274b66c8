/*
 * Copyright (C) the Pupil authors
 */

#include "core/lifecycle/receipt.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erasure.h"
#include "ctl/store/kek.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/signer.h"


static json_t *receipts_read(pupil_str_t text);
static void receipts_print(const json_t *receipts);
static json_t *moves_read(const pupil_ledger_t *notes);
static void moves_print(const json_t *moves);


int
ctl_cmd_erasure_key(ctl_t *ctl)
{
    char          text[PUPIL_NOTE_KEY_SIZE];
    ctl_signer_t  signer;

    if (ctl_kek_open(ctl) != 0 || ctl_signer_make(ctl) != 0
        || ctl_signer_open(ctl, &signer) != 0)
    {
        return CTL_FAILED;
    }

    pupil_note_key_format(&signer.key, text);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "signer", text));
    } else {
        puts(text);
    }

    return CTL_DONE;
}


/* Without a database: for whoever was handed the file. */
int
ctl_cmd_erasure_verify(ctl_t *ctl)
{
    size_t             len;
    json_t            *receipts, *moves;
    pupil_str_t        text;
    pupil_ledger_t     notes;
    pupil_note_key_t   key;

    if (ctl->opt.signer == NULL
        || pupil_note_key_parse(ctl_str(ctl->opt.signer), &key) != PUPIL_OK)
    {
        ctl_error("--signer is what pupilctl erasure key has printed");
        return CTL_USAGE;
    }

    text.data = (const uint8_t *) ctl_file_read(&ctl->pool, ctl->args[0],
                                                &len);
    if (text.data == NULL) {
        return CTL_FAILED;
    }

    text.len = len;

    if (ctl_ledger_notes(ctl, ctl->args[0], text, &key, &notes) != 0) {
        return CTL_FAILED;
    }

    if (notes.notes == 0) {
        ctl_error("%s is empty", ctl->args[0]);
        return CTL_FAILED;
    }

    receipts = receipts_read(text);
    moves = moves_read(&notes);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:I,s:I,s:o,s:o}", "notes",
                                 (json_int_t) notes.notes, "entries",
                                 (json_int_t) notes.count, "receipts",
                                 receipts, "moves", moves));
        return CTL_DONE;
    }

    receipts_print(receipts);
    moves_print(moves);
    json_decref(receipts);
    json_decref(moves);
    printf("%zu note%s, %zu of them entr%s, signed by %s\n", notes.notes,
           ctl_plural(notes.notes), notes.count,
           notes.count == 1 ? "y" : "ies", key.name);

    return CTL_DONE;
}


/* Of notes that are verified. */
static json_t *
receipts_read(pupil_str_t text)
{
    json_t           *list;
    pupil_note_t      note;
    pupil_receipt_t   receipt;

    list = json_array();

    while (pupil_note_next(&text, &note) == PUPIL_OK) {
        if (pupil_receipt_parse(note.text, &receipt) != PUPIL_OK) {
            continue;
        }

        json_array_append_new(list, json_pack("{s:s%,s:s%,s:s%}",
            "id", receipt.subject.data, receipt.subject.len,
            "key_destroyed_at", receipt.destroyed.data, receipt.destroyed.len,
            "key_backups_gone_at", receipt.backups.data,
            receipt.backups.len));
    }

    return list;
}


static void
receipts_print(const json_t *receipts)
{
    size_t   i;
    json_t  *receipt;

    json_array_foreach(receipts, i, receipt) {
        printf("%s erased, key destroyed %s, backups of it gone %s\n",
               json_string_value(json_object_get(receipt, "id")),
               json_string_value(json_object_get(receipt,
                                                 "key_destroyed_at")),
               json_string_value(json_object_get(receipt,
                                                 "key_backups_gone_at")));
    }
}


/* Of a ledger: whom it has moved, and where to. */
static json_t *
moves_read(const pupil_ledger_t *notes)
{
    char                  tenant[PUPIL_UUID_TEXT_LEN + 1];
    size_t                i;
    json_t               *list;
    const pupil_entry_t  *entry;

    list = json_array();

    for (i = 0; i < notes->count; i++) {
        entry = &notes->entries[i];

        if (entry->kind == PUPIL_ENTRY_MOVED) {
            json_array_append_new(list, json_pack("{s:s,s:s,s:I}", "tenant",
                ctl_uuid_text(&entry->tenant, tenant), "moved_to",
                entry->place, "number", (json_int_t) entry->number));
        }
    }

    return list;
}


static void
moves_print(const json_t *moves)
{
    size_t   i;
    json_t  *move;

    json_array_foreach(moves, i, move) {
        printf("%s moved to %s, entry %lld\n",
               json_string_value(json_object_get(move, "tenant")),
               json_string_value(json_object_get(move, "moved_to")),
               (long long) json_integer_value(json_object_get(move,
                                                              "number")));
    }
}

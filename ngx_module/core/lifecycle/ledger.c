/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <string.h>

#include "core/base/file.h"
#include "core/lifecycle/ledger.h"


#define PUPIL_LEDGER_MAX  (64 * 1024 * 1024)    /* bytes of a file */


static pupil_rc_t ledger_take(const pupil_note_t *note,
    pupil_ledger_t *ledger, pupil_error_t *error);
static int entry_begins(pupil_str_t text);
static int ledger_repeats(const pupil_ledger_t *ledger,
    const pupil_entry_t *entry);


pupil_rc_t
pupil_ledger_parse(pupil_str_t text, const pupil_note_key_t *key,
    const pupil_alloc_t *alloc, pupil_ledger_t *ledger, pupil_error_t *error)
{
    size_t        most;
    uint64_t      seconds;
    pupil_rc_t    rc;
    pupil_note_t  note;

    most = text.len / sizeof(PUPIL_ENTRY_HEAD) + 1;
    memset(ledger, 0, sizeof(pupil_ledger_t));
    ledger->entries = alloc->alloc(alloc->ctx, most * sizeof(pupil_entry_t));

    if (ledger->entries == NULL) {
        return pupil_error_set(error, "out of memory");
    }

    while ((rc = pupil_note_next(&text, &note)) == PUPIL_OK) {
        ledger->notes++;

        if (pupil_note_verify(&note, key, &seconds) != PUPIL_OK) {
            return pupil_error_set(error, "note %zu is not signed by %s",
                                   ledger->notes, key->name);
        }

        rc = ledger_take(&note, ledger, error);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return rc == PUPIL_NOT_FOUND ? PUPIL_OK
           : pupil_error_set(error, "what stands behind note %zu is none",
                             ledger->notes);
}


/*
 * A note that is no entry is a receipt.  An entry that is not understood must
 * not be left out: it says what whoever reads this would not do.
 */
static pupil_rc_t
ledger_take(const pupil_note_t *note, pupil_ledger_t *ledger,
    pupil_error_t *error)
{
    uint8_t               hash[PUPIL_HASH_LEN];
    pupil_entry_t        *entry;
    const pupil_entry_t  *before;

    entry = &ledger->entries[ledger->count];

    if (pupil_entry_parse(note->text, entry) != PUPIL_OK) {
        return !entry_begins(note->text) ? PUPIL_OK
               : pupil_error_set(error, "note %zu is an entry of a kind that"
                                 " this program does not know: upgrade Pupil",
                                 ledger->notes);
    }

    before = pupil_ledger_last(ledger, &entry->tenant);

    if (before != NULL && entry->number <= before->number
        && ledger_repeats(ledger, entry))
    {
        return PUPIL_OK;
    }

    pupil_entry_hash(before != NULL ? before->hash : NULL, entry, hash);

    if (entry->number != (before != NULL ? before->number : 0) + 1
        || memcmp(hash, entry->hash, sizeof(hash)) != 0)
    {
        return pupil_error_set(error, "note %zu, entry %" PRIu64 " of its"
                               " tenant, does not follow the one before it",
                               ledger->notes, entry->number);
    }

    ledger->count++;

    return PUPIL_OK;
}


static int
entry_begins(pupil_str_t text)
{
    size_t  len;

    len = sizeof(PUPIL_ENTRY_BEGINS) - 1;

    return text.len >= len && memcmp(text.data, PUPIL_ENTRY_BEGINS, len) == 0;
}


/*
 * Its like is there: whoever mirrors an entry, and is cut off before it is said
 * to be there, mirrors it again.
 */
static int
ledger_repeats(const pupil_ledger_t *ledger, const pupil_entry_t *entry)
{
    size_t                i;
    const pupil_entry_t  *other;

    for (i = 0; i < ledger->count; i++) {
        other = &ledger->entries[i];

        if (other->number == entry->number
            && other->at == entry->at
            && strcmp(other->place, entry->place) == 0
            && memcmp(&other->tenant, &entry->tenant, PUPIL_UUID_LEN) == 0
            && memcmp(&other->subject, &entry->subject, PUPIL_UUID_LEN) == 0
            && memcmp(other->hash, entry->hash, PUPIL_HASH_LEN) == 0)
        {
            return 1;
        }
    }

    return 0;
}


const pupil_entry_t *
pupil_ledger_last(const pupil_ledger_t *ledger, const pupil_uuid_t *tenant)
{
    size_t  i;

    for (i = ledger->count; i != 0; i--) {
        if (memcmp(&ledger->entries[i - 1].tenant, tenant, PUPIL_UUID_LEN)
            == 0)
        {
            return &ledger->entries[i - 1];
        }
    }

    return NULL;
}


/* A whole note has an empty line within, and one at its end. */
size_t
pupil_ledger_torn(pupil_str_t text)
{
    size_t        i, empty;
    pupil_note_t  note;

    while (pupil_note_next(&text, &note) == PUPIL_OK) { /* void */ }

    for (i = 1, empty = 0; i < text.len; i++) {
        empty += text.data[i] == '\n' && text.data[i - 1] == '\n';
    }

    return empty < 2 || memcmp(text.data + text.len - 2, "\n\n", 2) != 0
           ? text.len : 0;
}


pupil_rc_t
pupil_ledger_read(const char *path, pupil_str_t signer,
    const pupil_alloc_t *alloc, int64_t *entries, pupil_error_t *error)
{
    pupil_rc_t         rc;
    pupil_str_t        text;
    pupil_error_t      why;
    pupil_ledger_t     ledger;
    pupil_note_key_t   key;

    if (pupil_note_key_parse(signer, &key) != PUPIL_OK) {
        return pupil_error_set(error, "\"%.*s\" is no signer: it is what"
                               " \"pupilctl erasure key\" prints",
                               (int) signer.len, (const char *) signer.data);
    }

    rc = pupil_file_read(path, PUPIL_LEDGER_MAX, alloc, &text, error);
    if (rc != PUPIL_OK) {
        return rc;
    }

    text.len -= pupil_ledger_torn(text);

    if (pupil_ledger_parse(text, &key, alloc, &ledger, &why) != PUPIL_OK) {
        return pupil_error_set(error, "\"%s\": %s", path, why.text);
    }

    *entries = (int64_t) ledger.count;

    return PUPIL_OK;
}

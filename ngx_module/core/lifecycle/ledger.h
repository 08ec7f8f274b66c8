/*
 * Copyright (C) the Pupil authors
 *
 * The file of the erasure ledger: notes that the operator's key signs, of which
 * entries follow each other without a gap, for each tenant.  One that stands
 * again as it was counts once.
 */

#ifndef PUPIL_LEDGER_H
#define PUPIL_LEDGER_H

#include "core/audit/note.h"
#include "core/lifecycle/entry.h"


/* What a file has.  Ownership: the allocator's. */
typedef struct {
    pupil_entry_t  *entries;
    size_t          count;
    size_t          notes;      /* entries, repeated ones too, and receipts */
} pupil_ledger_t;


/* PUPIL_INVALID with an error that says which note it is. */
pupil_rc_t pupil_ledger_parse(pupil_str_t text, const pupil_note_key_t *key,
    const pupil_alloc_t *alloc, pupil_ledger_t *ledger, pupil_error_t *error);

/* Bytes at the end that a writer who was killed has left of a note. */
size_t pupil_ledger_torn(pupil_str_t text);

/* The last entry of a tenant; NULL: it has none. */
const pupil_entry_t *pupil_ledger_last(const pupil_ledger_t *ledger,
    const pupil_uuid_t *tenant);

/*
 * Of a file that somebody may be appending to: how many entries it has, of all
 * tenants.  signer: as pupil_note_key_format() writes it.  Context:
 * configuration, pupilctl.
 */
pupil_rc_t pupil_ledger_read(const char *path, pupil_str_t signer,
    const pupil_alloc_t *alloc, int64_t *entries, pupil_error_t *error);

#endif /* PUPIL_LEDGER_H */

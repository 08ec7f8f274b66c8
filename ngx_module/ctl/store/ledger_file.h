/*
 * Copyright (C) the Pupil authors
 *
 * The erasure ledger outside of databases: a file of signed notes, an entry
 * each, which is only appended to (--ledger), and a command of the operator's
 * that takes each note off the host (--mirror).
 */

#ifndef PUPIL_CTL_LEDGER_FILE_H
#define PUPIL_CTL_LEDGER_FILE_H

#include "core/lifecycle/ledger.h"
#include "ctl/store/ledger.h"


/* As pupil_ledger_parse(); -1 with the error said, which names path. */
int ctl_ledger_notes(ctl_t *ctl, const char *path, pupil_str_t text,
    const pupil_note_key_t *key, pupil_ledger_t *ledger);

/*
 * The file has nothing that the key store lacks, and can be written.  Like the
 * next, of the tenant, nothing to do without --ledger; the keys are open.
 */
int ctl_ledger_file_check(ctl_t *ctl);

/*
 * Mirrors and appends this entry, and those before it that the file lacks;
 * again is no harm.
 */
int ctl_ledger_file_append(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/* Enters in the key store what the file has behind its end. */
int ctl_ledger_file_restore(ctl_t *ctl);

#endif /* PUPIL_CTL_LEDGER_FILE_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What an erasure deletes, a table at a time: those of the categories, as their
 * plugins declare, and the host's own rows about a person.
 */

#ifndef PUPIL_CTL_PARTS_H
#define PUPIL_CTL_PARTS_H

#include "ctl/store/ledger.h"


/*
 * Every category that the data database has is known by its plugin, or is named
 * by --waive, with --reference; -1 with the error said.  In a transaction of
 * the data database.
 */
int ctl_parts_check(ctl_t *ctl);

/* Notes what is to be deleted, in the transaction that fences. */
int ctl_parts_note(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/* Deletes what is open, each table with its record in a transaction. */
int ctl_parts_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/*
 * Opens again what was done of any erasure and has rows of the person, in a
 * transaction of the data database.  0, or -1, said.
 */
int ctl_parts_returned(ctl_t *ctl);

/*
 * An array of objects: table, state, records, at, reference; NULL with the
 * error said.
 */
json_t *ctl_parts_told(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/*
 * The same of a person's categories as they are, each in that state: table,
 * state, records.  In a transaction of the data database; their plugins are
 * there, as ctl_parts_check() says.
 */
json_t *ctl_parts_held(ctl_t *ctl, const char *subject, const char *state);

#endif /* PUPIL_CTL_PARTS_H */

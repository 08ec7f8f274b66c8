/*
 * Copyright (C) the Pupil authors
 *
 * The register of recipients of a tenant, in the data database
 * (sql/data/145_recipients.sql).  An entry as JSON has what entry.h says, and
 * number, added_at, state, steps and sha256.  state: "added", or what its last
 * step says: "instructed", "withdrawn" or "ended".  A step has what, reference,
 * date, at and sha256.  Of each, sha256 is a hash of what was said, as the
 * record of it in the audit has.
 */

#ifndef PUPIL_CTL_RECIPIENT_REGISTER_H
#define PUPIL_CTL_RECIPIENT_REGISTER_H

#include "ctl/base/ctl.h"


/*
 * All entries, by name and number; in a transaction of its own.  NULL with the
 * error said.  Ownership: a reference of the caller's.
 */
json_t *ctl_register_read(ctl_t *ctl);

/*
 * The same in a transaction that is begun, and in which nobody else writes the
 * register; -1 with the error said, and it is none.  Keys are open.
 */
int ctl_register_begin(ctl_t *ctl, json_t **all);

/* The newest of a name, or NULL.  Ownership: stays with all. */
json_t *ctl_register_find(const json_t *all, const char *name);

const char *ctl_register_state(const json_t *entry);

/* A member that is text, "" where there is none. */
const char *ctl_register_text(const json_t *entry, const char *member);

/* Whether the two say the same of a recipient. */
int ctl_register_same(const json_t *a, const json_t *b);

/*
 * In that transaction, with its record.  number: of the new one.  what: of the
 * new step.  0, or -1 with the error said.
 */
int ctl_register_add(ctl_t *ctl, const json_t *entry, int number);
int ctl_register_step(ctl_t *ctl, const json_t *entry, const char *what,
    const char *reference, const char *date);

#endif /* PUPIL_CTL_RECIPIENT_REGISTER_H */

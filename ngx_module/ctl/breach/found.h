/*
 * Copyright (C) the Pupil authors
 *
 * What a scope found, in counts: for the register, for people, and whom, for a
 * file.
 */

#ifndef PUPIL_CTL_BREACH_FOUND_H
#define PUPIL_CTL_BREACH_FOUND_H

#include <stdio.h>

#include "ctl/breach/asked.h"


/*
 * {"shown": {"subjects", "categories": [...], "schools": [...]}, "changed",
 * "could", "subjects", "erased", "closed", "keys", "notes", "came", "went"}.
 * In the transaction that has found them.  Ownership: a reference; NULL with
 * the error said.
 */
json_t *breach_found_read(ctl_t *ctl, const breach_asked_t *asked);

/* The hash of all of it, as hexadecimal digits, in the pool; NULL: said. */
const char *breach_found_hash(ctl_t *ctl, const breach_asked_t *asked);

/* What breach_found_read() made, in words. */
void breach_found_print(const json_t *found);

/* Lines of JSON, a category of a person each, into an open file. */
int breach_found_write(ctl_t *ctl, const char *number, FILE *file);

#endif /* PUPIL_CTL_BREACH_FOUND_H */

/*
 * Copyright (C) the Pupil authors
 *
 * An entry of the erasure ledger, as its file has it: the text of a signed
 * note, and the hash that binds it to the entry before it of its tenant.
 */

#ifndef PUPIL_ENTRY_H
#define PUPIL_ENTRY_H

#include "core/base/text.h"


#define PUPIL_ENTRY_HEAD       "pupil-erasure-v1\n"
#define PUPIL_ENTRY_TEXT_SIZE  512      /* with NUL */

typedef struct {
    pupil_uuid_t  tenant, subject;
    uint64_t      number;               /* of the tenant's, from 1 */
    pupil_time_t  at;
    uint8_t       hash[PUPIL_HASH_LEN];
} pupil_entry_t;


/* Is it the end of the tenant, which is its own subject then? */
int pupil_entry_whole(const pupil_entry_t *entry);

/* As keystore.ledger_hash().  previous: NULL before the first. */
void pupil_entry_hash(const uint8_t *previous, const pupil_entry_t *entry,
    uint8_t hash[PUPIL_HASH_LEN]);

void pupil_entry_format(const pupil_entry_t *entry,
    char out[PUPIL_ENTRY_TEXT_SIZE]);

/* PUPIL_INVALID: it is not what pupil_entry_format() makes of any. */
pupil_rc_t pupil_entry_parse(pupil_str_t text, pupil_entry_t *entry);

#endif /* PUPIL_ENTRY_H */

/*
 * Copyright (C) the Pupil authors
 *
 * An entry of the erasure ledger, as its file has it: the text of a signed
 * note, and the hash that binds it to the entry before it of its tenant.
 */

#ifndef PUPIL_ENTRY_H
#define PUPIL_ENTRY_H

#include "core/base/text.h"


#define PUPIL_ENTRY_HEAD        "pupil-erasure-v1\n"
#define PUPIL_ENTRY_TEXT_SIZE   512     /* with NUL */
#define PUPIL_ENTRY_PLACE_SIZE  65      /* with NUL */

/* Of all versions: a note that begins with this is an entry. */
#define PUPIL_ENTRY_BEGINS      "pupil-erasure-"

typedef enum {
    PUPIL_ENTRY_ERASURE = 0,
    PUPIL_ENTRY_TENANT,                 /* its end: it is its own subject */
    PUPIL_ENTRY_MOVED,                  /* its move, as well */
    PUPIL_ENTRY_KINDS
} pupil_entry_kind_t;

typedef struct {
    pupil_uuid_t        tenant, subject;
    uint64_t            number;         /* of the tenant's, from 1 */
    pupil_time_t        at;
    pupil_entry_kind_t  kind;
    char                place[PUPIL_ENTRY_PLACE_SIZE];  /* it was moved to, or
                                                           "" */
    uint8_t             hash[PUPIL_HASH_LEN];
} pupil_entry_t;


/* As keystore.ledger has it; PUPIL_ENTRY_KINDS for a name of none. */
const char *pupil_entry_kind_name(pupil_entry_kind_t kind);
pupil_entry_kind_t pupil_entry_kind_find(const char *name);

/* 1: somewhere that a tenant can be moved to; as keystore.ledger has it. */
int pupil_entry_place(const char *place);

/* As keystore.ledger_hash().  previous: NULL before the first. */
void pupil_entry_hash(const uint8_t *previous, const pupil_entry_t *entry,
    uint8_t hash[PUPIL_HASH_LEN]);

void pupil_entry_format(const pupil_entry_t *entry,
    char out[PUPIL_ENTRY_TEXT_SIZE]);

/* PUPIL_INVALID: it is not what pupil_entry_format() makes of any. */
pupil_rc_t pupil_entry_parse(pupil_str_t text, pupil_entry_t *entry);

#endif /* PUPIL_ENTRY_H */

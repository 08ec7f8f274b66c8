/*
 * Copyright (C) the Pupil authors
 *
 * The receipt of an erasure: text, which a signed note can have.  Its first
 * lines say who, and the two dates that count: of the key, and of the last
 * backup that has it.
 */

#ifndef PUPIL_RECEIPT_H
#define PUPIL_RECEIPT_H

#include "core/base/pupil.h"


/* What lines begin with. */
#define PUPIL_RECEIPT_ERASED     " erased, entry "      /* behind whose id */
#define PUPIL_RECEIPT_DESTROYED  "  key destroyed "
#define PUPIL_RECEIPT_BACKUPS    "  backups of it gone "

/* Instead of a date, where nobody said how long backups live. */
#define PUPIL_RECEIPT_UNKNOWN    "not known"

/* Ownership: the text's.  backups: as in the text, or PUPIL_RECEIPT_UNKNOWN. */
typedef struct {
    pupil_str_t  subject, destroyed, backups;
} pupil_receipt_t;


/* PUPIL_INVALID: the text is no receipt. */
pupil_rc_t pupil_receipt_parse(pupil_str_t text, pupil_receipt_t *receipt);

#endif /* PUPIL_RECEIPT_H */

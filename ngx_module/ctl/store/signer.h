/*
 * Copyright (C) the Pupil authors
 *
 * The operator's key that signs the erasure ledger and its receipts: Ed25519, a
 * file ledger.key beside that of --key, read by its owner alone.
 */

#ifndef PUPIL_CTL_SIGNER_H
#define PUPIL_CTL_SIGNER_H

#include "core/audit/note.h"
#include "ctl/base/ctl.h"


/* Ownership: seed is the arena's. */
typedef struct {
    pupil_note_key_t    key;
    const pupil_key_t  *seed;
} ctl_signer_t;


/* Reads the key; the file of --key is open (ctl_kek_open()). */
int ctl_signer_open(ctl_t *ctl, ctl_signer_t *signer);

/* Makes it, unless it is there. */
int ctl_signer_make(ctl_t *ctl);

/* The whole note of a text.  Ownership: the command's pool. */
const char *ctl_signer_note(ctl_t *ctl, const ctl_signer_t *signer,
    const char *text);

#endif /* PUPIL_CTL_SIGNER_H */

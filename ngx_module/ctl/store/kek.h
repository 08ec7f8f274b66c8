/*
 * Copyright (C) the Pupil authors
 *
 * The file of the key-encryption key, and what the key store knows of it.
 */

#ifndef PUPIL_CTL_KEK_H
#define PUPIL_CTL_KEK_H

#include "ctl/base/ctl.h"


/* Makes the arena, and in it the keyring and room for the file's epochs. */
int ctl_arena_open(ctl_t *ctl);

/* Makes the arena, and reads the file of --key into it. */
int ctl_kek_open(ctl_t *ctl);

/* Writes the first, or one more, epoch to the file of --key. */
int ctl_kek_append(ctl_t *ctl);

/*
 * Registers the epochs that the key store does not know; refuses a file whose
 * keys are not those that it knows.
 */
int ctl_kek_register(ctl_t *ctl);

/*
 * The newest key of the file that the key store has in force, for what is
 * wrapped anew; NULL with the error said.  Ownership: ctl's.
 */
const pupil_kek_t *ctl_kek_newest(ctl_t *ctl);

/*
 * How many epochs the key store behind conn knows; -1 with the error said, also
 * when a file was read whose keys are not those that it knows.
 */
int ctl_kek_known(ctl_t *ctl, PGconn *conn);

#endif /* PUPIL_CTL_KEK_H */

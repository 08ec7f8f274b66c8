/*
 * Copyright (C) the Pupil authors
 *
 * The keys above those of the owners: the key-encryption key in its file, the
 * tenant's key and its service keys in the key store.
 */

#ifndef PUPIL_CTL_KEYS_H
#define PUPIL_CTL_KEYS_H

#include "ctl/base/ctl.h"


/* Makes the arena, and reads the file of --key into it. */
int ctl_keys_open(ctl_t *ctl);

/* And the keys of the tenant of --tenant, which must have them. */
int ctl_keys_tenant(ctl_t *ctl);

/* Writes the first, or one more, epoch to the file of --key. */
int ctl_keys_append(ctl_t *ctl);

/*
 * Registers the epochs that the key store does not know; refuses a file whose
 * keys are not those that it knows.
 */
int ctl_keys_register(ctl_t *ctl);

/*
 * Makes what the tenant lacks of tenant and service keys, in a transaction of
 * the key store that the caller began.
 */
int ctl_keys_ensure(ctl_t *ctl);

/* A service key of the tenant; NULL with the error said. */
const pupil_key_t *ctl_key(ctl_t *ctl, const char *name);

/* That of a blind index. */
const pupil_key_t *ctl_key_index(ctl_t *ctl, const char *category,
    const char *field);

#endif /* PUPIL_CTL_KEYS_H */

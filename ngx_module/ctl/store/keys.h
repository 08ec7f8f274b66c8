/*
 * Copyright (C) the Pupil authors
 *
 * The keys of a tenant, in the key store: its own, which wraps those of the
 * owners, and its service keys.
 */

#ifndef PUPIL_CTL_KEYS_H
#define PUPIL_CTL_KEYS_H

#include "ctl/base/ctl.h"


/*
 * Opens both databases, the key file, and the keys of the tenant, which must
 * have them.
 */
int ctl_keys_tenant(ctl_t *ctl);

/*
 * The key file, the tenant's keys and which day it is, as long as it is served;
 * both databases are open.
 */
int ctl_keys_open(ctl_t *ctl);

/*
 * 0 where the tenant is one of here, and no database lacks erasures since it
 * was restored (invariant I8); or -1 with the error said.
 */
int ctl_keys_served(ctl_t *ctl);

/*
 * As _open(), whatever became of the tenant: for what replays, finishes what is
 * begun, ends the tenant, and seals or verifies its log.
 */
int ctl_keys_take(ctl_t *ctl);

/*
 * *when: all keys of the tenant were destroyed with it, or it was moved; NULL:
 * neither.  *place: where it was moved to, or NULL.  The key store is open.  0
 * or -1 with the error said.  Ownership: the command's pool.
 */
int ctl_keys_ended(ctl_t *ctl, const char **when);
int ctl_keys_moved(ctl_t *ctl, const char **place);

/*
 * What the key store has of the tenant, into the keyring.  Until the caller's
 * transaction ends, no version of the tenant's key comes or goes: what is
 * wrapped under the newest in it stays.
 */
int ctl_keys_load(ctl_t *ctl);

/* Makes a version of the tenant's key, in a transaction as above. */
int ctl_tenant_key_make(ctl_t *ctl, uint32_t version);

/*
 * Makes what the tenant lacks of tenant and service keys, in a transaction of
 * the key store that the caller began.
 */
int ctl_keys_ensure(ctl_t *ctl);

/*
 * Makes the keys of indexes that tenants lack, as they do of a plugin that is
 * newer than they are.  Opens both databases, and the key file where there is
 * something to make.
 */
int ctl_keys_index(ctl_t *ctl);

/* Makes a service key that the tenant lacks, in a transaction of its own. */
int ctl_key_ensure(ctl_t *ctl, const char *name);

/* A service key of the tenant; NULL with the error said. */
const pupil_key_t *ctl_key(ctl_t *ctl, const char *name);

/* That of a blind index. */
const pupil_key_t *ctl_key_index(ctl_t *ctl, const char *category,
    const char *field);

#endif /* PUPIL_CTL_KEYS_H */

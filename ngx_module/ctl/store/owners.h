/*
 * Copyright (C) the Pupil authors
 *
 * Owner keys: made and fetched in batches, and what they seal.
 */

#ifndef PUPIL_CTL_OWNERS_H
#define PUPIL_CTL_OWNERS_H

#include "core/vault/keyring_owner.h"
#include "ctl/base/ctl.h"


typedef struct {
    pupil_uuid_t         id;
    pupil_owner_state_t  state;
    uint32_t             version, tenant_version;
    size_t               wrapped_len;       /* 0: not fetched */
    uint8_t              wrapped[PUPIL_WRAPPED_LEN];
} ctl_owner_t;

/* Where a sealed value stands (invariant I6). */
typedef struct {
    const ctl_owner_t   *owner;
    const char          *category, *field;
    const pupil_uuid_t  *record;
} ctl_place_t;


/*
 * Makes the keys of owners whose ids are set, and commits them to the key
 * store: before any data row.
 */
int ctl_owners_make(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);

/* Fetches those with wrapped_len 0; no other changes. */
int ctl_owners_fetch(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);

/*
 * The subkey of an owner's category, until the next call.  where: set from
 * place, whose field may be NULL.  restricted: also of whose processing is
 * restricted.
 */
int ctl_place_key(ctl_t *ctl, const ctl_place_t *place, int restricted,
    pupil_place_t *where, const pupil_subkey_t **key);

/* Seals value at a place.  Ownership: *sealed lies in pool. */
int ctl_seal(ctl_t *ctl, ctl_pool_t *pool, const ctl_place_t *place,
    pupil_str_t value, pupil_str_t *sealed);

/* Opens what is sealed at a place.  Ownership: *value lies in pool. */
int ctl_open(ctl_t *ctl, ctl_pool_t *pool, const ctl_place_t *place,
    pupil_str_t sealed, pupil_str_t *value);

#endif /* PUPIL_CTL_OWNERS_H */

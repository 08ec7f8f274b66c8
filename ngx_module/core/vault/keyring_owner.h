/*
 * Copyright (C) the Pupil authors
 *
 * The cache of owner keys: bounded in number and in time, and never served
 * against what the data row says of the owner.
 */

#ifndef PUPIL_KEYRING_OWNER_H
#define PUPIL_KEYRING_OWNER_H

#include "core/vault/keyring.h"


#define PUPIL_KEYRING_SUBKEYS  6    /* categories cached an owner */
#define PUPIL_KEYRING_EXPIRE   1024


typedef enum {
    PUPIL_OWNER_STATE_ABSENT = 0,
    PUPIL_OWNER_STATE_ACTIVE,
    PUPIL_OWNER_STATE_RESTRICTED,
    PUPIL_OWNER_STATE_RECOVERY,     /* a closed account's: no key serves */
    PUPIL_OWNER_STATE_ERASED
} pupil_owner_state_t;

/* From the text of the column; ABSENT for anything unknown. */
pupil_owner_state_t pupil_owner_state(pupil_str_t text);


/*
 * Adds what the key store returned: what says which key it is, of object
 * PUPIL_OBJECT_OWNER_KEY.  wrapped: NULL data unless the owner is active or
 * restricted; the state is then remembered as it is.  What is put replaces
 * what was there, but for an erased owner, who stays so while that is
 * remembered: PUPIL_ERASED.  PUPIL_TAMPERED when the key does not unwrap,
 * PUPIL_NO_KEY when the tenant's key above it is not in the ring,
 * PUPIL_INVALID for a zero id or version, another object, or a state that does
 * not fit wrapped: then nothing is cached of this owner any more.  now:
 * microseconds, the same clock throughout.
 */
pupil_rc_t pupil_keyring_put_owner(pupil_keyring_t *ring,
    const pupil_wrapping_t *what, pupil_owner_state_t state,
    pupil_str_t wrapped, pupil_time_t now);

/*
 * The subkeys that seal and open values of a category of an owner: of place
 * the tenant, owner, category and key version count.  That version and state
 * are what the data row said of the owner (pupil.owner), so that no cache
 * serves a dead key; of two states the stricter wins.  PUPIL_ERASED,
 * PUPIL_RESTRICTED (unless allow_restricted, and always for an owner in
 * recovery), PUPIL_NOT_FOUND for an absent owner, and PUPIL_NO_KEY when the key
 * is not cached, has expired, or is of another version: fetch it, put it, ask
 * again, once.  PUPIL_INVALID for an empty or long category, PUPIL_NO_MEMORY
 * for the 129th category of all.
 * *key is valid until the next put, forget or expire, and until
 * PUPIL_KEYRING_SUBKEYS other categories of this owner were asked for.
 */
pupil_rc_t pupil_keyring_subkey(pupil_keyring_t *ring,
    const pupil_place_t *place, pupil_owner_state_t state,
    int allow_restricted, pupil_time_t now, const pupil_subkey_t **key);

/*
 * The floor of authority that the key store returned with an owner's key, and
 * what is remembered of it: PUPIL_NO_KEY when nothing of the owner is cached.
 */
void pupil_keyring_put_floor(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner,
    uint32_t authority);
pupil_rc_t pupil_keyring_floor(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner, pupil_time_t now,
    uint32_t *authority);

/*
 * Whether what is cached of an owner was put at that time or later: that the
 * key store has another version than the data row is then no news.
 */
int pupil_keyring_put_since(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner, pupil_time_t since);

/*
 * Wipes owner keys whose lifetime is over, as each put does too: at most
 * PUPIL_KEYRING_EXPIRE of them, so that nobody waits for a full cache.
 */
void pupil_keyring_expire(pupil_keyring_t *ring, pupil_time_t now);

/* What was put before has expired. */
void pupil_keyring_distrust(pupil_keyring_t *ring);

/* Wipes the cached key of an owner. */
void pupil_keyring_forget_owner(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);

#endif /* PUPIL_KEYRING_OWNER_H */

/*
 * Copyright (C) the Pupil authors
 *
 * The keys that one process holds: the KEK's epochs, the tenant keys, the
 * service keys and a bounded cache of owner keys with their subkeys.  All of
 * it lies in one arena.  Not thread-safe: the event loop's, or pupilctl's.
 */

#ifndef PUPIL_KEYRING_H
#define PUPIL_KEYRING_H

#include "core/vault/arena.h"
#include "core/vault/vault.h"


#define PUPIL_KEYRING_EPOCHS    8    /* of the KEK, loaded at once */
#define PUPIL_KEYRING_TENANTS   256
#define PUPIL_KEYRING_VERSIONS  8    /* of a tenant key, loaded at once */
#define PUPIL_KEYRING_SERVICES  64   /* service keys a tenant, 4096 in all */
#define PUPIL_KEYRING_SUBKEYS   6    /* categories cached an owner */
#define PUPIL_KEYRING_OWNERS_MAX  (1u << 24)

#define PUPIL_KEK_LINE_MAX  (13 + 10 + 1 + 2 * PUPIL_KEY_LEN + 1)


typedef enum {
    PUPIL_OWNER_STATE_ABSENT = 0,
    PUPIL_OWNER_STATE_ACTIVE,
    PUPIL_OWNER_STATE_RESTRICTED,
    PUPIL_OWNER_STATE_ERASED
} pupil_owner_state_t;

/* From the text of the column; ABSENT for anything unknown. */
pupil_owner_state_t pupil_owner_state(pupil_str_t text);


/* One epoch of the KEK, as it stands in the key file. */
typedef struct {
    uint32_t     epoch;
    pupil_key_t  key;
} pupil_kek_t;


/*
 * Reads the key file: lines "pupil-kek-v1 EPOCH HEX", newest last, mode 0600
 * or 0400, owned by the reader; anything else is refused, PUPIL_FAILED, with
 * a text that says what to do and holds nothing of a key.  path:
 * NUL-terminated.  keks: room for PUPIL_KEYRING_EPOCHS, filled, *count set;
 * should lie in an arena.  Context: configuration (as root), pupilctl.
 */
pupil_rc_t pupil_kek_read(const char *path, pupil_kek_t *keks,
    uint32_t *count, pupil_error_t *error);

/* The same of the file's text; path is for the error. */
pupil_rc_t pupil_kek_parse(const uint8_t *text, size_t len, const char *path,
    pupil_kek_t *keks, uint32_t *count, pupil_error_t *error);

/*
 * The line of a key, with its newline and without a NUL; returns its length.
 * It holds the key: the caller wipes out.
 */
size_t pupil_kek_format(const pupil_kek_t *kek, char out[PUPIL_KEK_LINE_MAX]);

/* What keystore.kek_epoch.fingerprint holds. */
void pupil_kek_fingerprint(const pupil_key_t *kek, uint8_t out[32]);


typedef struct pupil_keyring_s  pupil_keyring_t;

typedef struct {
    uint64_t  hits, misses, evictions;
    uint32_t  owners;               /* cached now */
} pupil_keyring_stats_t;


/* Bytes of arena that a keyring of max_owners needs. */
size_t pupil_keyring_size(uint32_t max_owners);

/*
 * A keyring inside arena, NULL when the arena is too small.  max_owners: 1 to
 * PUPIL_KEYRING_OWNERS_MAX; the least recently used makes room.  lifetime:
 * microseconds, positive, that a cached owner key serves.  It goes with the
 * arena.
 */
pupil_keyring_t *pupil_keyring_create(pupil_arena_t *arena,
    uint32_t max_owners, pupil_time_t lifetime);

/* Copies the key; of too many epochs the lowest goes. */
void pupil_keyring_add_kek(pupil_keyring_t *ring, const pupil_kek_t *kek);

/* Whether at least a tenant key and a service key of it are loaded. */
int pupil_keyring_has_tenant(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

/*
 * Adds what the key store returned.  PUPIL_TAMPERED when it does not unwrap,
 * PUPIL_NO_KEY when the key above it is not in the ring, PUPIL_NO_MEMORY
 * when the ring is full of tenants or of service keys, PUPIL_INVALID for a
 * zero id or version, or a state that does not fit wrapped.  wrapped of owner:
 * NULL data unless active or restricted; the state is then remembered as it
 * is.  What is put replaces what was there, but for an erased owner, who stays
 * so while that is remembered: PUPIL_ERASED.  An owner's key that is refused
 * otherwise is no longer cached either.  Of too many versions of a tenant key
 * the lowest goes.  now: microseconds, the same clock throughout.
 */
pupil_rc_t pupil_keyring_put_tenant(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, uint32_t version, uint32_t epoch,
    pupil_str_t wrapped);
pupil_rc_t pupil_keyring_put_service(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, pupil_str_t name, uint32_t tenant_version,
    pupil_str_t wrapped);
pupil_rc_t pupil_keyring_put_owner(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner, uint32_t version,
    uint32_t tenant_version, pupil_owner_state_t state, pupil_str_t wrapped,
    pupil_time_t now);

/* The newest tenant key, for wrapping; *version set.  NULL if not loaded. */
const pupil_key_t *pupil_keyring_tenant(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, uint32_t *version);

/* A service key by name: "mac", "token", "index:contact.email".  NULL. */
const pupil_key_t *pupil_keyring_service(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, pupil_str_t name);

/*
 * The subkeys of an owner for a category.  state and version are what the
 * data row said of the owner (pupil.owner), so that no cache serves a dead
 * key: PUPIL_ERASED (also when only the key store says so), PUPIL_RESTRICTED
 * (unless allow_restricted), PUPIL_NOT_FOUND for an absent owner, and
 * PUPIL_NO_KEY when the key is not cached, has expired, or is of another
 * state or version: fetch it, put it, ask again, once.  PUPIL_INVALID for an
 * empty or long category, PUPIL_NO_MEMORY for the 129th category of all.
 * *key is valid until the next put, forget or expire, and until
 * PUPIL_KEYRING_SUBKEYS other categories of this owner were asked for.
 */
pupil_rc_t pupil_keyring_subkey(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner,
    pupil_owner_state_t state, uint32_t version, int allow_restricted,
    pupil_str_t category, pupil_time_t now, const pupil_subkey_t **key);

/* Wipes the owner keys whose lifetime is over, as each put does too. */
void pupil_keyring_expire(pupil_keyring_t *ring, pupil_time_t now);

/* Wipes the cached owner key, or all that the tenant has. */
void pupil_keyring_forget_owner(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);
void pupil_keyring_forget_tenant(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

/*
 * Makes room for tenant: of all others the one that was put first is forgotten.
 * PUPIL_NOT_FOUND when there is no other.
 */
pupil_rc_t pupil_keyring_evict(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

void pupil_keyring_stats(const pupil_keyring_t *ring,
    pupil_keyring_stats_t *stats);

#endif /* PUPIL_KEYRING_H */

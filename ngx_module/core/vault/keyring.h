/*
 * Copyright (C) the Pupil authors
 *
 * The keys that one process holds: the KEK's epochs, the tenant keys, the
 * service keys and a bounded cache of owner keys with their subkeys, for which
 * see keyring_owner.h.  All of it lies in one arena.  Not thread-safe: the
 * event loop's, or pupilctl's.
 */

#ifndef PUPIL_KEYRING_H
#define PUPIL_KEYRING_H

#include "core/base/time.h"
#include "core/vault/arena.h"
#include "core/vault/kek.h"


#define PUPIL_KEYRING_TENANTS     256   /* by default */
#define PUPIL_KEYRING_VERSIONS    8     /* of a tenant key, loaded at once */
#define PUPIL_KEYRING_SERVICES    64    /* service keys a tenant, at most... */
#define PUPIL_KEYRING_AVERAGE     16    /* ...and of all tenants together */
#define PUPIL_KEYRING_OWNERS_MAX  (1u << 24)
#define PUPIL_KEYRING_TENANTS_MAX (1u << 16)


typedef struct pupil_keyring_s  pupil_keyring_t;

typedef struct {
    uint64_t  hits, misses, evictions;
    uint32_t  owners;               /* cached now */
} pupil_keyring_stats_t;


/* Bytes of arena that a keyring of so many needs. */
size_t pupil_keyring_size(uint32_t max_owners, uint32_t max_tenants);

/*
 * A keyring inside arena, NULL when the arena is too small.  max_owners: 1 to
 * PUPIL_KEYRING_OWNERS_MAX, of whom the least recently used makes room;
 * max_tenants: 1 to PUPIL_KEYRING_TENANTS_MAX, see pupil_keyring_evict().
 * lifetime: microseconds, positive, that a cached owner key serves.  It goes
 * with the arena.
 */
pupil_keyring_t *pupil_keyring_create(pupil_arena_t *arena,
    uint32_t max_owners, uint32_t max_tenants, pupil_time_t lifetime);

/* Copies the key; of too many epochs the lowest goes. */
void pupil_keyring_add_kek(pupil_keyring_t *ring, const pupil_kek_t *kek);

/*
 * Whether at least a tenant key and a service key of it are loaded.  Who asks
 * is about to use them: of those who have not for the longest one makes room.
 */
int pupil_keyring_has_tenant(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

/*
 * Adds what the key store returned.  PUPIL_TAMPERED when it does not unwrap,
 * PUPIL_NO_KEY when the key above it is not in the ring, PUPIL_NO_MEMORY
 * when the ring is full of tenants or of service keys, PUPIL_INVALID for a
 * zero id or version.  What is put replaces what was there; of too many
 * versions of a tenant key the lowest goes.
 */
pupil_rc_t pupil_keyring_put_tenant(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, uint32_t version, uint32_t epoch,
    pupil_str_t wrapped);
pupil_rc_t pupil_keyring_put_service(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, pupil_str_t name, uint32_t tenant_version,
    pupil_str_t wrapped);

/*
 * Wraps what a version of the tenant's key wraps under the newest: what says
 * which key it is, under which version, and then under which it is now.  What
 * was made opens, and is the same key.  PUPIL_TAMPERED when the old one does
 * not unwrap, PUPIL_NO_KEY when its version is not in the ring.
 */
pupil_rc_t pupil_keyring_wrap_anew(pupil_keyring_t *ring,
    pupil_wrapping_t *what, pupil_str_t wrapped,
    uint8_t out[PUPIL_WRAPPED_LEN]);

/* The newest tenant key, for wrapping; *version set.  NULL if not loaded. */
const pupil_key_t *pupil_keyring_tenant(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, uint32_t *version);

/* A service key by name: "mac", "token", "index:contact.email".  NULL. */
const pupil_key_t *pupil_keyring_service(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, pupil_str_t name);

/*
 * Which day it is for a tenant whose keys are loaded, and from when to when;
 * NULL: nobody knows.  It goes with the keys, with which it came.
 */
void pupil_keyring_put_day(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_day_t *day);
/* And when it has begun; 0 where now is of no day that is known. */
int pupil_keyring_day(const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    pupil_time_t now, int32_t *day, pupil_time_t *begun);
/*
 * In which time zone, as it was last told; the ring's.  NULL: it has not been
 * since the tenant's keys came.
 */
const char *pupil_keyring_zone(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

/* Wipes all that the ring holds of a tenant. */
void pupil_keyring_forget_tenant(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

/*
 * Makes room for tenant: of all others the least recently used is forgotten.
 * PUPIL_NOT_FOUND when there is no other.
 */
pupil_rc_t pupil_keyring_evict(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

void pupil_keyring_stats(const pupil_keyring_t *ring,
    pupil_keyring_stats_t *stats);

#endif /* PUPIL_KEYRING_H */

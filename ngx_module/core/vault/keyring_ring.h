/*
 * Copyright (C) the Pupil authors
 *
 * The inside of a keyring, for keyring.c (tenants and services) and
 * keyring_owner.c.  Fixed arrays in one piece of the arena, linked by index:
 * nothing is allocated after pupil_keyring_create().  Owners are in a hash
 * table, in a list by use (who makes room) and in a list by time of arrival
 * (who has expired); a slot that is freed is wiped.
 */

#ifndef PUPIL_KEYRING_RING_H
#define PUPIL_KEYRING_RING_H

#include <sodium.h>

#include "core/vault/keyring_owner.h"


#define PUPIL_RING_NONE        UINT32_MAX
#define PUPIL_RING_CATEGORIES  128
#define PUPIL_RING_ALIGN       64


typedef struct {
    uint8_t  len;
    uint8_t  b[PUPIL_NAME_MAX];
} pupil_ring_name_t;

typedef struct {
    uint32_t           next;            /* of the tenant, or free */
    pupil_ring_name_t  name;
    pupil_key_t        key;
} pupil_ring_service_t;

typedef struct {
    uint32_t      next;                 /* in the bucket, or free */
    uint32_t      services;             /* the first */
    uint32_t      services_count;
    uint64_t      used_at;              /* a count; 0: free */
    uint32_t      versions_count;
    uint32_t      versions[PUPIL_KEYRING_VERSIONS];
    pupil_key_t   keys[PUPIL_KEYRING_VERSIONS];
    pupil_uuid_t  tenant;
    pupil_day_t   day;                  /* ends 0: not known */
} pupil_ring_tenant_t;

typedef struct {
    uint32_t  prev, next;
} pupil_ring_link_t;

typedef struct {
    uint32_t  first, last;
} pupil_ring_list_t;

typedef struct {
    pupil_subkey_t       subkeys[PUPIL_KEYRING_SUBKEYS];
    pupil_key_t          key;
    pupil_uuid_t         tenant;
    pupil_uuid_t         owner;
    pupil_time_t         put_at;
    uint64_t             trust;         /* the ring's then */
    uint32_t             version;
    uint32_t             authority;     /* the floor */
    pupil_owner_state_t  state;
    uint32_t             next;          /* in the bucket, or free */
    pupil_ring_link_t    by_use;
    pupil_ring_link_t    by_time;
    uint8_t              categories[PUPIL_KEYRING_SUBKEYS];
    uint8_t              subkeys_count;
    uint8_t              subkeys_next;  /* the one to replace */
} pupil_ring_owner_t;

struct pupil_keyring_s {
    pupil_key_t            scratch;     /* where a key is unwrapped... */
    pupil_key_t            again;       /* ...and once more, to compare */
    uint8_t                hash_key[crypto_shorthash_KEYBYTES];
    pupil_time_t           lifetime;
    uint64_t               trust;       /* what was put under another expired:
                                           no time, as clocks are set back */
    pupil_keyring_stats_t  stats;
    uint32_t               keks_count;
    pupil_kek_t            keks[PUPIL_KEYRING_EPOCHS];

    uint64_t               tenants_used;    /* how often, ever */
    uint32_t               tenants_max;
    uint32_t               tenants_free;
    uint32_t               tenants_mask;    /* buckets - 1 */
    uint32_t               services_max;
    uint32_t               services_free;
    pupil_ring_tenant_t   *tenants;
    uint32_t              *tenant_buckets;
    pupil_ring_service_t  *services;

    uint32_t               categories_count;
    pupil_ring_name_t      categories[PUPIL_RING_CATEGORIES];

    uint32_t               owners_max;
    uint32_t               owners_made;     /* slots that were ever used */
    uint32_t               owners_free;     /* of those */
    uint32_t               owners_mask;     /* buckets - 1 */
    pupil_ring_list_t      by_use;          /* the latest first */
    pupil_ring_list_t      by_time;         /* the latest first */
    pupil_ring_owner_t    *owners;
    uint32_t              *owner_buckets;
};


/* The slot of a name's text, and whether it is str.  str: at most 64 bytes. */
int pupil_ring_name_is(const pupil_ring_name_t *name, pupil_str_t str);
void pupil_ring_name_set(pupil_ring_name_t *name, pupil_str_t str);

/* The tenant's key of a version; NULL when it is not in the ring. */
const pupil_key_t *pupil_ring_tenant_key(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, uint32_t version);

/* Wipes all owners of the tenant. */
void pupil_ring_owners_forget(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);

#endif /* PUPIL_KEYRING_RING_H */

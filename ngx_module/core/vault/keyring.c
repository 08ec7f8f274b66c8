/*
 * Copyright (C) the Pupil authors
 *
 * The keyring itself, the KEK's epochs, tenant keys and service keys.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/vault/keyring_ring.h"


/* Where the arrays of a ring begin, in bytes from it. */
typedef struct {
    size_t  owners, owner_buckets, tenants, tenant_buckets, services;
    size_t  size;
} pupil_ring_layout_t;


static uint32_t pupil_ring_buckets(uint32_t slots);
static size_t pupil_ring_round(size_t size);
static void pupil_ring_layout(uint32_t max_owners, uint32_t max_tenants,
    pupil_ring_layout_t *at);
static void pupil_ring_chain(pupil_keyring_t *ring);
static uint32_t pupil_ring_tenant_bucket(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);
static uint32_t pupil_ring_tenant_find(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);
static pupil_ring_tenant_t *pupil_ring_tenant_make(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant);
static pupil_key_t *pupil_ring_version_slot(pupil_ring_tenant_t *slot,
    uint32_t version);
static const pupil_ring_service_t *pupil_ring_service_find(
    const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    pupil_str_t name);
static pupil_ring_service_t *pupil_ring_service_make(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, pupil_str_t name);


size_t
pupil_keyring_size(uint32_t max_owners, uint32_t max_tenants)
{
    pupil_ring_layout_t  at;

    pupil_ring_layout(max_owners, max_tenants, &at);

    return at.size;
}


pupil_keyring_t *
pupil_keyring_create(pupil_arena_t *arena, uint32_t max_owners,
    uint32_t max_tenants, pupil_time_t lifetime)
{
    uint8_t              *p;
    pupil_keyring_t      *ring;
    pupil_ring_layout_t   at;

    if (max_owners == 0 || max_owners > PUPIL_KEYRING_OWNERS_MAX
        || max_tenants == 0 || max_tenants > PUPIL_KEYRING_TENANTS_MAX
        || lifetime <= 0)
    {
        return NULL;
    }

    pupil_ring_layout(max_owners, max_tenants, &at);

    p = pupil_arena_alloc(arena, at.size);
    if (p == NULL) {
        return NULL;
    }

    ring = (pupil_keyring_t *) p;
    ring->owners = (pupil_ring_owner_t *) (p + at.owners);
    ring->owners_max = max_owners;
    ring->owner_buckets = (uint32_t *) (p + at.owner_buckets);
    ring->owners_mask = pupil_ring_buckets(max_owners) - 1;
    ring->tenants = (pupil_ring_tenant_t *) (p + at.tenants);
    ring->tenants_max = max_tenants;
    ring->tenant_buckets = (uint32_t *) (p + at.tenant_buckets);
    ring->tenants_mask = pupil_ring_buckets(max_tenants) - 1;
    ring->services = (pupil_ring_service_t *) (p + at.services);
    ring->services_max = max_tenants * PUPIL_KEYRING_AVERAGE;

    ring->lifetime = lifetime;
    randombytes_buf(ring->hash_key, sizeof(ring->hash_key));
    pupil_ring_chain(ring);

    return ring;
}


void
pupil_keyring_add_kek(pupil_keyring_t *ring, const pupil_kek_t *kek)
{
    uint32_t  i, lowest = 0;

    for (i = 0; i < ring->keks_count; i++) {
        if (ring->keks[i].epoch == kek->epoch) {
            ring->keks[i] = *kek;
            return;
        }

        if (ring->keks[i].epoch < ring->keks[lowest].epoch) {
            lowest = i;
        }
    }

    if (ring->keks_count < PUPIL_KEYRING_EPOCHS) {
        ring->keks[ring->keks_count++] = *kek;

    } else if (kek->epoch > ring->keks[lowest].epoch) {
        ring->keks[lowest] = *kek;
    }
}


int
pupil_keyring_has_tenant(pupil_keyring_t *ring, const pupil_uuid_t *tenant)
{
    uint32_t              at;
    pupil_ring_tenant_t  *slot;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return 0;
    }

    slot = &ring->tenants[at];
    slot->used_at = ++ring->tenants_used;

    return slot->versions_count != 0 && slot->services_count != 0;
}


pupil_rc_t
pupil_keyring_put_tenant(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    uint32_t version, uint32_t epoch, pupil_str_t wrapped)
{
    uint32_t              i;
    pupil_rc_t            rc;
    pupil_key_t          *key;
    pupil_wrapping_t      what;
    pupil_ring_tenant_t  *slot;

    for (i = 0; i < ring->keks_count; i++) {
        if (ring->keks[i].epoch == epoch) {
            break;
        }
    }

    if (i == ring->keks_count) {
        return PUPIL_NO_KEY;
    }

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_TENANT_KEY;
    what.tenant = *tenant;
    what.version = version;
    what.parent_version = epoch;

    rc = pupil_unwrap(&ring->keks[i].key, &what, wrapped.data, wrapped.len,
                      &ring->scratch);
    if (rc != PUPIL_OK) {
        return rc;
    }

    slot = pupil_ring_tenant_make(ring, tenant);
    if (slot == NULL) {
        sodium_memzero(&ring->scratch, sizeof(ring->scratch));
        return PUPIL_NO_MEMORY;
    }

    key = pupil_ring_version_slot(slot, version);
    if (key != NULL) {
        *key = ring->scratch;
    }

    sodium_memzero(&ring->scratch, sizeof(ring->scratch));
    pupil_stack_wipe();

    return PUPIL_OK;
}


pupil_rc_t
pupil_keyring_put_service(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    pupil_str_t name, uint32_t tenant_version, pupil_str_t wrapped)
{
    pupil_rc_t             rc;
    const pupil_key_t     *parent;
    pupil_wrapping_t       what;
    pupil_ring_service_t  *service;

    parent = pupil_ring_tenant_key(ring, tenant, tenant_version);
    if (parent == NULL) {
        return PUPIL_NO_KEY;
    }

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_SERVICE_KEY;
    what.tenant = *tenant;
    what.name = name;
    what.version = 1;
    what.parent_version = tenant_version;

    rc = pupil_unwrap(parent, &what, wrapped.data, wrapped.len,
                      &ring->scratch);
    if (rc != PUPIL_OK) {
        return rc;
    }

    service = pupil_ring_service_make(ring, tenant, name);

    if (service != NULL) {
        service->key = ring->scratch;
    }

    sodium_memzero(&ring->scratch, sizeof(ring->scratch));
    pupil_stack_wipe();

    return service != NULL ? PUPIL_OK : PUPIL_NO_MEMORY;
}


pupil_rc_t
pupil_keyring_wrap_anew(pupil_keyring_t *ring, pupil_wrapping_t *what,
    pupil_str_t wrapped, uint8_t out[PUPIL_WRAPPED_LEN])
{
    uint32_t            newest;
    pupil_rc_t          rc;
    const pupil_key_t  *from, *to;

    from = pupil_ring_tenant_key(ring, &what->tenant, what->parent_version);
    to = pupil_keyring_tenant(ring, &what->tenant, &newest);

    if (from == NULL || to == NULL) {
        return PUPIL_NO_KEY;
    }

    rc = pupil_unwrap(from, what, wrapped.data, wrapped.len, &ring->scratch);

    if (rc == PUPIL_OK) {
        what->parent_version = newest;
        rc = pupil_wrap(to, what, &ring->scratch, out);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_unwrap(to, what, out, PUPIL_WRAPPED_LEN, &ring->again);
    }

    if (rc == PUPIL_OK
        && sodium_memcmp(&ring->again, &ring->scratch, sizeof(pupil_key_t))
           != 0)
    {
        rc = PUPIL_TAMPERED;
    }

    sodium_memzero(&ring->scratch, sizeof(ring->scratch));
    sodium_memzero(&ring->again, sizeof(ring->again));
    pupil_stack_wipe();

    return rc;
}


const pupil_key_t *
pupil_keyring_tenant(const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    uint32_t *version)
{
    uint32_t                    at;
    const pupil_ring_tenant_t  *slot;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return NULL;
    }

    slot = &ring->tenants[at];
    *version = slot->versions[slot->versions_count - 1];

    return &slot->keys[slot->versions_count - 1];
}


const pupil_key_t *
pupil_keyring_service(const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    pupil_str_t name)
{
    const pupil_ring_service_t  *service;

    service = pupil_ring_service_find(ring, tenant, name);

    return service != NULL ? &service->key : NULL;
}


void
pupil_keyring_put_day(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_day_t *day)
{
    uint32_t  at;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return;
    }

    if (day != NULL) {
        ring->tenants[at].day = *day;

    } else {
        ring->tenants[at].day.begins = 0;
        ring->tenants[at].day.ends = 0;
    }
}


int
pupil_keyring_day(const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    pupil_time_t now, int32_t *day, pupil_time_t *begun)
{
    uint32_t            at;
    const pupil_day_t  *known;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return 0;
    }

    known = &ring->tenants[at].day;
    *day = known->day;
    *begun = known->begins;

    return now >= known->begins && now < known->ends;
}


const char *
pupil_keyring_zone(const pupil_keyring_t *ring, const pupil_uuid_t *tenant)
{
    uint32_t  at;

    at = pupil_ring_tenant_find(ring, tenant);

    return at != PUPIL_RING_NONE && ring->tenants[at].day.zone[0] != '\0'
           ? ring->tenants[at].day.zone : NULL;
}


void
pupil_keyring_forget_tenant(pupil_keyring_t *ring, const pupil_uuid_t *tenant)
{
    uint32_t              at, next, *link;
    pupil_ring_tenant_t  *slot;

    pupil_ring_owners_forget(ring, tenant);

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return;
    }

    slot = &ring->tenants[at];

    while (slot->services != PUPIL_RING_NONE) {
        next = ring->services[slot->services].next;
        sodium_memzero(&ring->services[slot->services],
                       sizeof(ring->services[0]));
        ring->services[slot->services].next = ring->services_free;
        ring->services_free = slot->services;
        slot->services = next;
    }

    link = &ring->tenant_buckets[pupil_ring_tenant_bucket(ring, tenant)];
    while (*link != at) {
        link = &ring->tenants[*link].next;
    }

    *link = slot->next;
    sodium_memzero(slot, sizeof(*slot));
    slot->next = ring->tenants_free;
    ring->tenants_free = at;
}


pupil_rc_t
pupil_keyring_evict(pupil_keyring_t *ring, const pupil_uuid_t *tenant)
{
    uint32_t                    i;
    pupil_uuid_t                id;
    const pupil_ring_tenant_t  *slot, *oldest;

    oldest = NULL;

    for (i = 0; i < ring->tenants_max; i++) {
        slot = &ring->tenants[i];

        if (slot->used_at != 0 && pupil_uuid_compare(&slot->tenant, tenant) != 0
            && (oldest == NULL || slot->used_at < oldest->used_at))
        {
            oldest = slot;
        }
    }

    if (oldest == NULL) {
        return PUPIL_NOT_FOUND;
    }

    id = oldest->tenant;
    pupil_keyring_forget_tenant(ring, &id);

    return PUPIL_OK;
}


void
pupil_keyring_stats(const pupil_keyring_t *ring, pupil_keyring_stats_t *stats)
{
    *stats = ring->stats;
}


static uint32_t
pupil_ring_buckets(uint32_t slots)
{
    uint32_t  n = 16;

    while (n < slots && n < PUPIL_KEYRING_OWNERS_MAX) {
        n *= 2;
    }

    return n;
}


static size_t
pupil_ring_round(size_t size)
{
    return (size + PUPIL_RING_ALIGN - 1) / PUPIL_RING_ALIGN
           * PUPIL_RING_ALIGN;
}


static void
pupil_ring_layout(uint32_t max_owners, uint32_t max_tenants,
    pupil_ring_layout_t *at)
{
    at->owners = pupil_ring_round(sizeof(pupil_keyring_t));
    at->owner_buckets = at->owners
        + pupil_ring_round(sizeof(pupil_ring_owner_t) * (size_t) max_owners);
    at->tenants = at->owner_buckets
        + pupil_ring_round(sizeof(uint32_t) * pupil_ring_buckets(max_owners));
    at->tenant_buckets = at->tenants
        + pupil_ring_round(sizeof(pupil_ring_tenant_t) * (size_t) max_tenants);
    at->services = at->tenant_buckets
        + pupil_ring_round(sizeof(uint32_t) * pupil_ring_buckets(max_tenants));
    at->size = at->services
        + pupil_ring_round(sizeof(pupil_ring_service_t) * (size_t) max_tenants
                           * PUPIL_KEYRING_AVERAGE);
}


/*
 * Empties the buckets and strings the free slots together.  Those of owners
 * are many: they are not touched before they are used, so that a large cache
 * takes no memory that it does not need.
 */
static void
pupil_ring_chain(pupil_keyring_t *ring)
{
    uint32_t  i;

    memset(ring->owner_buckets, 0xff,
           sizeof(uint32_t) * ((size_t) ring->owners_mask + 1));
    memset(ring->tenant_buckets, 0xff,
           sizeof(uint32_t) * ((size_t) ring->tenants_mask + 1));
    memset(&ring->by_use, 0xff, sizeof(ring->by_use));
    memset(&ring->by_time, 0xff, sizeof(ring->by_time));

    ring->owners_made = 0;
    ring->owners_free = PUPIL_RING_NONE;

    for (i = 0; i < ring->tenants_max; i++) {
        ring->tenants[i].next = i + 1 < ring->tenants_max
                                ? i + 1 : PUPIL_RING_NONE;
    }

    for (i = 0; i < ring->services_max; i++) {
        ring->services[i].next = i + 1 < ring->services_max
                                 ? i + 1 : PUPIL_RING_NONE;
    }
}


int
pupil_ring_name_is(const pupil_ring_name_t *name, pupil_str_t str)
{
    return name->len == str.len && memcmp(name->b, str.data, str.len) == 0;
}


void
pupil_ring_name_set(pupil_ring_name_t *name, pupil_str_t str)
{
    name->len = (uint8_t) str.len;
    memcpy(name->b, str.data, str.len);
}


const pupil_key_t *
pupil_ring_tenant_key(const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    uint32_t version)
{
    uint32_t                    at, i;
    const pupil_ring_tenant_t  *slot;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return NULL;
    }

    slot = &ring->tenants[at];

    for (i = 0; i < slot->versions_count; i++) {
        if (slot->versions[i] == version) {
            return &slot->keys[i];
        }
    }

    return NULL;
}


static uint32_t
pupil_ring_tenant_bucket(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant)
{
    uint8_t   hash[crypto_shorthash_BYTES];
    uint32_t  n;

    crypto_shorthash(hash, tenant->b, sizeof(tenant->b), ring->hash_key);
    memcpy(&n, hash, sizeof(n));

    return n & ring->tenants_mask;
}


static uint32_t
pupil_ring_tenant_find(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant)
{
    uint32_t  at;

    at = ring->tenant_buckets[pupil_ring_tenant_bucket(ring, tenant)];

    while (at != PUPIL_RING_NONE
           && memcmp(&ring->tenants[at].tenant, tenant, sizeof(*tenant)) != 0)
    {
        at = ring->tenants[at].next;
    }

    return at;
}


/* The tenant's slot, a new one if need be; NULL when all are taken. */
static pupil_ring_tenant_t *
pupil_ring_tenant_make(pupil_keyring_t *ring, const pupil_uuid_t *tenant)
{
    uint32_t              at, *bucket;
    pupil_ring_tenant_t  *slot;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at != PUPIL_RING_NONE) {
        return &ring->tenants[at];
    }

    at = ring->tenants_free;
    if (at == PUPIL_RING_NONE) {
        return NULL;
    }

    bucket = &ring->tenant_buckets[pupil_ring_tenant_bucket(ring, tenant)];
    slot = &ring->tenants[at];
    ring->tenants_free = slot->next;
    slot->next = *bucket;
    slot->tenant = *tenant;
    slot->services = PUPIL_RING_NONE;
    slot->used_at = ++ring->tenants_used;
    *bucket = at;

    return slot;
}


/*
 * Where the key of a version goes: they ascend, the newest is the last.  NULL
 * when there is no room and all that are there are newer.
 */
static pupil_key_t *
pupil_ring_version_slot(pupil_ring_tenant_t *slot, uint32_t version)
{
    uint32_t  i, n = slot->versions_count;

    for (i = n; i > 0 && slot->versions[i - 1] > version; i--) {
        /* void */
    }

    if (i > 0 && slot->versions[i - 1] == version) {
        return &slot->keys[i - 1];
    }

    if (n < PUPIL_KEYRING_VERSIONS) {
        memmove(&slot->versions[i + 1], &slot->versions[i],
                (n - i) * sizeof(slot->versions[0]));
        memmove(&slot->keys[i + 1], &slot->keys[i],
                (n - i) * sizeof(slot->keys[0]));
        slot->versions_count++;

    } else if (i > 0) {
        i--;
        memmove(&slot->versions[0], &slot->versions[1],
                i * sizeof(slot->versions[0]));
        memmove(&slot->keys[0], &slot->keys[1], i * sizeof(slot->keys[0]));

    } else {
        return NULL;
    }

    slot->versions[i] = version;

    return &slot->keys[i];
}


static const pupil_ring_service_t *
pupil_ring_service_find(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, pupil_str_t name)
{
    uint32_t  at;

    at = pupil_ring_tenant_find(ring, tenant);
    if (at == PUPIL_RING_NONE) {
        return NULL;
    }

    for (at = ring->tenants[at].services; at != PUPIL_RING_NONE;
         at = ring->services[at].next)
    {
        if (pupil_ring_name_is(&ring->services[at].name, name)) {
            return &ring->services[at];
        }
    }

    return NULL;
}


/* The service's slot, a new one if need be; NULL when there is none left. */
static pupil_ring_service_t *
pupil_ring_service_make(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    pupil_str_t name)
{
    uint32_t               at;
    pupil_ring_tenant_t   *slot;
    pupil_ring_service_t  *service;

    slot = &ring->tenants[pupil_ring_tenant_find(ring, tenant)];

    for (at = slot->services; at != PUPIL_RING_NONE;
         at = ring->services[at].next)
    {
        if (pupil_ring_name_is(&ring->services[at].name, name)) {
            return &ring->services[at];
        }
    }

    at = ring->services_free;

    if (slot->services_count == PUPIL_KEYRING_SERVICES
        || at == PUPIL_RING_NONE)
    {
        return NULL;
    }

    service = &ring->services[at];
    ring->services_free = service->next;
    service->next = slot->services;
    slot->services = at;
    slot->services_count++;
    pupil_ring_name_set(&service->name, name);

    return service;
}

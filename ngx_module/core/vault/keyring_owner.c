/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/vault/keyring_ring.h"


#define PUPIL_RING_BY_USE   offsetof(pupil_ring_owner_t, by_use)
#define PUPIL_RING_BY_TIME  offsetof(pupil_ring_owner_t, by_time)


static pupil_rc_t pupil_ring_owner_admits(pupil_owner_state_t state,
    int allow_restricted);
static uint32_t *pupil_ring_owner_bucket(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);
static uint32_t pupil_ring_owner_find(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);
static uint32_t pupil_ring_owner_make(pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);
static void pupil_ring_owner_drop(pupil_keyring_t *ring, uint32_t at);
static int pupil_ring_owner_expired(const pupil_keyring_t *ring,
    const pupil_ring_owner_t *owner, pupil_time_t now);
static pupil_rc_t pupil_ring_owner_unwrap(pupil_keyring_t *ring,
    const pupil_wrapping_t *what, pupil_owner_state_t state,
    pupil_str_t wrapped);
static pupil_rc_t pupil_ring_category(pupil_keyring_t *ring, pupil_str_t name,
    uint8_t *id);
static const pupil_subkey_t *pupil_ring_subkey(pupil_ring_owner_t *owner,
    uint8_t id, pupil_str_t category);
static int pupil_ring_owner_is(const pupil_ring_owner_t *slot,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);
static void pupil_ring_owner_used(pupil_keyring_t *ring, uint32_t at);
static void pupil_ring_list_add(pupil_ring_owner_t *owners,
    pupil_ring_list_t *list, size_t links, uint32_t at);
static void pupil_ring_list_remove(pupil_ring_owner_t *owners,
    pupil_ring_list_t *list, size_t links, uint32_t at);


/* As the CHECK of pupil.owner lists them. */
static const char *const  pupil_owner_states[] = {
    [PUPIL_OWNER_STATE_ACTIVE]     = "active",
    [PUPIL_OWNER_STATE_RESTRICTED] = "restricted",
    [PUPIL_OWNER_STATE_RECOVERY]   = "recovery",
    [PUPIL_OWNER_STATE_ERASED]     = "erased"
};


pupil_owner_state_t
pupil_owner_state(pupil_str_t text)
{
    pupil_owner_state_t  state;

    for (state = PUPIL_OWNER_STATE_ACTIVE; state <= PUPIL_OWNER_STATE_ERASED;
         state++)
    {
        if (pupil_str_is(text, pupil_owner_states[state])) {
            return state;
        }
    }

    return PUPIL_OWNER_STATE_ABSENT;
}


pupil_rc_t
pupil_keyring_put_owner(pupil_keyring_t *ring, const pupil_wrapping_t *what,
    pupil_owner_state_t state, pupil_str_t wrapped, pupil_time_t now)
{
    uint32_t             at;
    pupil_rc_t           rc;
    pupil_ring_owner_t  *slot;

    pupil_keyring_expire(ring, now);

    at = pupil_ring_owner_find(ring, &what->tenant, &what->id);

    if (at != PUPIL_RING_NONE && state != PUPIL_OWNER_STATE_ERASED
        && ring->owners[at].state == PUPIL_OWNER_STATE_ERASED)
    {
        return PUPIL_ERASED;
    }

    if (at != PUPIL_RING_NONE) {
        pupil_ring_owner_drop(ring, at);
    }

    rc = pupil_ring_owner_unwrap(ring, what, state, wrapped);
    if (rc != PUPIL_OK) {
        return rc;
    }

    at = pupil_ring_owner_make(ring, &what->tenant, &what->id);
    slot = &ring->owners[at];
    slot->key = ring->scratch;
    slot->state = state;
    slot->version = what->version;
    slot->put_at = now;
    slot->trust = ring->trust;

    sodium_memzero(&ring->scratch, sizeof(ring->scratch));
    pupil_stack_wipe();

    return PUPIL_OK;
}


pupil_rc_t
pupil_keyring_subkey(pupil_keyring_t *ring, const pupil_place_t *place,
    pupil_owner_state_t state, int allow_restricted, pupil_time_t now,
    const pupil_subkey_t **key)
{
    uint8_t              id;
    uint32_t             at;
    pupil_rc_t           rc;
    pupil_ring_owner_t  *slot;

    *key = NULL;

    rc = pupil_ring_owner_admits(state, allow_restricted);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_ring_category(ring, place->category, &id);
    if (rc != PUPIL_OK) {
        return rc;
    }

    at = pupil_ring_owner_find(ring, &place->tenant, &place->owner);

    if (at != PUPIL_RING_NONE
        && pupil_ring_owner_expired(ring, &ring->owners[at], now))
    {
        pupil_ring_owner_drop(ring, at);
        at = PUPIL_RING_NONE;
    }

    slot = at != PUPIL_RING_NONE ? &ring->owners[at] : NULL;

    if (slot != NULL && slot->state == PUPIL_OWNER_STATE_ERASED) {
        return PUPIL_ERASED;
    }

    if (slot == NULL || slot->state == PUPIL_OWNER_STATE_ABSENT
        || slot->version != place->key_version)
    {
        ring->stats.misses++;
        return PUPIL_NO_KEY;
    }

    /* the stricter of the two: the data row may have been written by hand */
    rc = pupil_ring_owner_admits(slot->state, allow_restricted);
    if (rc != PUPIL_OK) {
        return rc;
    }

    ring->stats.hits++;
    pupil_ring_owner_used(ring, at);
    *key = pupil_ring_subkey(slot, id, place->category);

    return PUPIL_OK;
}


/* Whether an owner in this state has a key that may serve. */
static pupil_rc_t
pupil_ring_owner_admits(pupil_owner_state_t state, int allow_restricted)
{
    switch (state) {

    case PUPIL_OWNER_STATE_ACTIVE:
        return PUPIL_OK;

    case PUPIL_OWNER_STATE_RESTRICTED:
        return allow_restricted ? PUPIL_OK : PUPIL_RESTRICTED;

    case PUPIL_OWNER_STATE_RECOVERY:
        return PUPIL_RESTRICTED;

    case PUPIL_OWNER_STATE_ERASED:
        return PUPIL_ERASED;

    default:
        return PUPIL_NOT_FOUND;
    }
}


void
pupil_keyring_put_floor(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner, uint32_t authority)
{
    uint32_t  at;

    at = pupil_ring_owner_find(ring, tenant, owner);

    if (at != PUPIL_RING_NONE) {
        ring->owners[at].authority = authority;
    }
}


pupil_rc_t
pupil_keyring_floor(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner, pupil_time_t now, uint32_t *authority)
{
    uint32_t  at;

    at = pupil_ring_owner_find(ring, tenant, owner);

    if (at == PUPIL_RING_NONE
        || pupil_ring_owner_expired(ring, &ring->owners[at], now))
    {
        return PUPIL_NO_KEY;
    }

    pupil_ring_owner_used(ring, at);
    *authority = ring->owners[at].authority;

    return PUPIL_OK;
}


int
pupil_keyring_put_since(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner, pupil_time_t since)
{
    uint32_t  at;

    at = pupil_ring_owner_find(ring, tenant, owner);

    return at != PUPIL_RING_NONE && ring->owners[at].put_at >= since;
}


void
pupil_keyring_expire(pupil_keyring_t *ring, pupil_time_t now)
{
    uint32_t  at, left;

    /* All live equally long, so the oldest expires first. */

    for (left = PUPIL_KEYRING_EXPIRE; left > 0; left--) {
        at = ring->by_time.last;

        if (at == PUPIL_RING_NONE
            || !pupil_ring_owner_expired(ring, &ring->owners[at], now))
        {
            break;
        }

        pupil_ring_owner_drop(ring, at);
    }
}


void
pupil_keyring_distrust(pupil_keyring_t *ring)
{
    ring->trust++;
}


void
pupil_keyring_forget_owner(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner)
{
    uint32_t  at;

    at = pupil_ring_owner_find(ring, tenant, owner);

    if (at != PUPIL_RING_NONE) {
        pupil_ring_owner_drop(ring, at);
    }
}


void
pupil_ring_owners_forget(pupil_keyring_t *ring, const pupil_uuid_t *tenant)
{
    uint32_t  at, next;

    for (at = ring->by_time.first; at != PUPIL_RING_NONE; at = next) {
        next = ring->owners[at].by_time.next;

        if (memcmp(&ring->owners[at].tenant, tenant, sizeof(*tenant)) == 0) {
            pupil_ring_owner_drop(ring, at);
        }
    }
}


/* Keyed, so that nobody chooses ids that fall into one bucket. */
static uint32_t *
pupil_ring_owner_bucket(const pupil_keyring_t *ring,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner)
{
    uint8_t   hash[crypto_shorthash_BYTES], ids[2 * PUPIL_UUID_LEN];
    uint32_t  n;

    memcpy(ids, tenant->b, PUPIL_UUID_LEN);
    memcpy(ids + PUPIL_UUID_LEN, owner->b, PUPIL_UUID_LEN);
    crypto_shorthash(hash, ids, sizeof(ids), ring->hash_key);
    memcpy(&n, hash, sizeof(n));

    return &ring->owner_buckets[n & ring->owners_mask];
}


static uint32_t
pupil_ring_owner_find(const pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner)
{
    uint32_t  at;

    /* a row has several values of one owner */
    at = ring->by_use.first;

    if (at != PUPIL_RING_NONE
        && pupil_ring_owner_is(&ring->owners[at], tenant, owner))
    {
        return at;
    }

    at = *pupil_ring_owner_bucket(ring, tenant, owner);

    while (at != PUPIL_RING_NONE
           && !pupil_ring_owner_is(&ring->owners[at], tenant, owner))
    {
        at = ring->owners[at].next;
    }

    return at;
}


static int
pupil_ring_owner_is(const pupil_ring_owner_t *slot,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner)
{
    return pupil_uuid_compare(&slot->owner, owner) == 0
           && pupil_uuid_compare(&slot->tenant, tenant) == 0;
}


static void
pupil_ring_owner_used(pupil_keyring_t *ring, uint32_t at)
{
    if (ring->by_use.first == at) {
        return;
    }

    pupil_ring_list_remove(ring->owners, &ring->by_use, PUPIL_RING_BY_USE,
                           at);
    pupil_ring_list_add(ring->owners, &ring->by_use, PUPIL_RING_BY_USE, at);
}


/* A new slot; the least recently used owner makes room. */
static uint32_t
pupil_ring_owner_make(pupil_keyring_t *ring, const pupil_uuid_t *tenant,
    const pupil_uuid_t *owner)
{
    uint32_t             at, *bucket;
    pupil_ring_owner_t  *slot;

    if (ring->owners_free == PUPIL_RING_NONE
        && ring->owners_made == ring->owners_max)
    {
        pupil_ring_owner_drop(ring, ring->by_use.last);
        ring->stats.evictions++;
    }

    if (ring->owners_free != PUPIL_RING_NONE) {
        at = ring->owners_free;
        slot = &ring->owners[at];
        ring->owners_free = slot->next;

    } else {
        at = ring->owners_made++;
        slot = &ring->owners[at];
    }

    bucket = pupil_ring_owner_bucket(ring, tenant, owner);
    slot->tenant = *tenant;
    slot->owner = *owner;
    slot->next = *bucket;
    *bucket = at;

    pupil_ring_list_add(ring->owners, &ring->by_use, PUPIL_RING_BY_USE, at);
    pupil_ring_list_add(ring->owners, &ring->by_time, PUPIL_RING_BY_TIME, at);
    ring->stats.owners++;

    return at;
}


static void
pupil_ring_owner_drop(pupil_keyring_t *ring, uint32_t at)
{
    uint32_t            *link;
    pupil_ring_owner_t  *slot = &ring->owners[at];

    link = pupil_ring_owner_bucket(ring, &slot->tenant, &slot->owner);
    while (*link != at) {
        link = &ring->owners[*link].next;
    }

    *link = slot->next;

    pupil_ring_list_remove(ring->owners, &ring->by_use, PUPIL_RING_BY_USE,
                           at);
    pupil_ring_list_remove(ring->owners, &ring->by_time, PUPIL_RING_BY_TIME,
                           at);

    sodium_memzero(slot, sizeof(*slot));
    slot->next = ring->owners_free;
    ring->owners_free = at;
    ring->stats.owners--;
}


/* A clock that was set back ends the lifetime rather than extends it. */
static int
pupil_ring_owner_expired(const pupil_keyring_t *ring,
    const pupil_ring_owner_t *owner, pupil_time_t now)
{
    return now < owner->put_at || owner->trust != ring->trust
           || (uint64_t) now - (uint64_t) owner->put_at
              >= (uint64_t) ring->lifetime;
}


/* Leaves the key in ring->scratch, zeros where the state has none. */
static pupil_rc_t
pupil_ring_owner_unwrap(pupil_keyring_t *ring, const pupil_wrapping_t *what,
    pupil_owner_state_t state, pupil_str_t wrapped)
{
    int                 has_key;
    const pupil_key_t  *parent;

    has_key = state == PUPIL_OWNER_STATE_ACTIVE
              || state == PUPIL_OWNER_STATE_RESTRICTED;

    if (what->object != PUPIL_OBJECT_OWNER_KEY
        || sodium_is_zero(what->tenant.b, PUPIL_UUID_LEN)
        || sodium_is_zero(what->id.b, PUPIL_UUID_LEN)
        || what->version == 0 || (wrapped.data != NULL) != has_key)
    {
        return PUPIL_INVALID;
    }

    if (!has_key) {
        return PUPIL_OK;
    }

    parent = pupil_ring_tenant_key(ring, &what->tenant, what->parent_version);
    if (parent == NULL) {
        return PUPIL_NO_KEY;
    }

    return pupil_unwrap(parent, what, wrapped.data, wrapped.len,
                        &ring->scratch);
}


/* The number of a category's name; names are few and come from plugins. */
static pupil_rc_t
pupil_ring_category(pupil_keyring_t *ring, pupil_str_t name, uint8_t *id)
{
    uint32_t  i;

    if (name.len == 0 || name.len > PUPIL_NAME_MAX) {
        return PUPIL_INVALID;
    }

    for (i = 0; i < ring->categories_count; i++) {
        if (pupil_ring_name_is(&ring->categories[i], name)) {
            *id = (uint8_t) i;
            return PUPIL_OK;
        }
    }

    if (i == PUPIL_RING_CATEGORIES) {
        return PUPIL_NO_MEMORY;
    }

    pupil_ring_name_set(&ring->categories[i], name);
    ring->categories_count++;
    *id = (uint8_t) i;

    return PUPIL_OK;
}


static const pupil_subkey_t *
pupil_ring_subkey(pupil_ring_owner_t *owner, uint8_t id, pupil_str_t category)
{
    uint8_t  i;

    for (i = 0; i < owner->subkeys_count; i++) {
        if (owner->categories[i] == id) {
            return &owner->subkeys[i];
        }
    }

    if (i < PUPIL_KEYRING_SUBKEYS) {
        owner->subkeys_count++;

    } else {
        i = owner->subkeys_next;
        owner->subkeys_next = (uint8_t) ((i + 1) % PUPIL_KEYRING_SUBKEYS);
    }

    owner->categories[i] = id;
    pupil_subkey_derive(&owner->key, category, &owner->subkeys[i]);

    return &owner->subkeys[i];
}


static pupil_ring_link_t *
pupil_ring_link(pupil_ring_owner_t *owners, size_t links, uint32_t at)
{
    return (pupil_ring_link_t *) ((uint8_t *) &owners[at] + links);
}


/* To the front.  links: the offset of the list's links in an owner. */
static void
pupil_ring_list_add(pupil_ring_owner_t *owners, pupil_ring_list_t *list,
    size_t links, uint32_t at)
{
    pupil_ring_link_t  *link = pupil_ring_link(owners, links, at);

    link->prev = PUPIL_RING_NONE;
    link->next = list->first;

    if (list->first != PUPIL_RING_NONE) {
        pupil_ring_link(owners, links, list->first)->prev = at;

    } else {
        list->last = at;
    }

    list->first = at;
}


static void
pupil_ring_list_remove(pupil_ring_owner_t *owners, pupil_ring_list_t *list,
    size_t links, uint32_t at)
{
    pupil_ring_link_t  *link = pupil_ring_link(owners, links, at);

    if (link->prev != PUPIL_RING_NONE) {
        pupil_ring_link(owners, links, link->prev)->next = link->next;

    } else {
        list->first = link->next;
    }

    if (link->next != PUPIL_RING_NONE) {
        pupil_ring_link(owners, links, link->next)->prev = link->prev;

    } else {
        list->last = link->prev;
    }
}

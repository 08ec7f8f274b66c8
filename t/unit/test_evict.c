/*
 * Copyright (C) the Pupil authors
 *
 * The keyring with more tenants than it has room for: each that comes makes
 * the one go that was not asked for for the longest.
 */

#include <sodium.h>

#include "core/vault/keyring_owner.h"
#include "tap.h"


#define TENANTS  64


typedef struct {
    pupil_arena_t    *arena;
    pupil_keyring_t  *ring;
    pupil_kek_t       kek;
    pupil_key_t       key;          /* of every tenant, and every service */
} fixture_t;


static const pupil_str_t  mac = pupil_str("mac");
static const pupil_str_t  none = { NULL, 0 };


static pupil_uuid_t
uuid(uint32_t n)
{
    pupil_uuid_t  u;

    memset(&u, 0x11, sizeof(u));
    memcpy(u.b, &n, sizeof(n));

    return u;
}


/* What a worker does with the key store's answer; evicts: how often. */
static pupil_rc_t
load(fixture_t *f, uint32_t tenant, int *evicts)
{
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    pupil_rc_t        rc;
    pupil_str_t       s = { wrapped, sizeof(wrapped) };
    pupil_uuid_t      id = uuid(tenant);
    pupil_wrapping_t  key = {
        PUPIL_OBJECT_TENANT_KEY, id, { { 0 } }, none, 1, 1
    };
    pupil_wrapping_t  service = {
        PUPIL_OBJECT_SERVICE_KEY, id, { { 0 } }, mac, 1, 1
    };

    pupil_wrap(&f->kek.key, &key, &f->key, wrapped);
    rc = pupil_keyring_put_tenant(f->ring, &id, 1, 1, s);

    if (rc == PUPIL_NO_MEMORY) {
        ++*evicts;
        if (pupil_keyring_evict(f->ring, &id) != PUPIL_OK) {
            return PUPIL_FAILED;
        }
        rc = pupil_keyring_put_tenant(f->ring, &id, 1, 1, s);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    pupil_wrap(&f->key, &service, &f->key, wrapped);

    return pupil_keyring_put_service(f->ring, &id, mac, 1, s);
}


static int
has(fixture_t *f, uint32_t tenant)
{
    pupil_uuid_t  id = uuid(tenant);

    return pupil_keyring_has_tenant(f->ring, &id);
}


int
main(void)
{
    int        evicts = 0;
    uint32_t   i, good = 0;
    fixture_t  f;

    if (sodium_init() < 0) {
        return 2;
    }

    f.arena = pupil_arena_create(pupil_keyring_size(4, TENANTS), NULL);
    if (f.arena == NULL) {
        return 2;
    }

    f.ring = pupil_keyring_create(f.arena, 4, TENANTS, 1000);
    randombytes_buf(&f.key, sizeof(f.key));
    randombytes_buf(&f.kek.key, sizeof(f.kek.key));
    f.kek.epoch = 1;
    pupil_keyring_add_kek(f.ring, &f.kek);

    {
        pupil_uuid_t  id = uuid(1);

        ok(pupil_keyring_evict(f.ring, &id) == PUPIL_NOT_FOUND,
           "an empty ring has none to go");
        load(&f, 1, &evicts);
        ok(pupil_keyring_evict(f.ring, &id) == PUPIL_NOT_FOUND && has(&f, 1),
           "nor does a tenant make room for itself");
    }

    /* Each twice, as two requests may ask for it at once. */
    for (i = 1; i <= TENANTS; i++) {
        good += load(&f, i, &evicts) == PUPIL_OK;
        good += load(&f, i, &evicts) == PUPIL_OK;
    }
    ok(good == 2 * TENANTS && evicts == 0, "a ring that is full");

    for (good = 0; i <= 3 * TENANTS; i++) {
        good += load(&f, i, &evicts) == PUPIL_OK && has(&f, i)
                && !has(&f, i - TENANTS);
    }
    ok(good == 2 * TENANTS, "each that comes finds room, and takes that of the"
       " first");
    ok(evicts == 2 * TENANTS, "one goes for one that comes");

    ok(has(&f, i - TENANTS) && load(&f, i, &evicts) == PUPIL_OK
       && has(&f, i - TENANTS) && !has(&f, i - TENANTS + 1),
       "who was asked for stays, the next one goes");

    pupil_arena_destroy(f.arena);

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * A keyring with one tenant, for the tests of its parts.
 */

#ifndef PUPIL_TEST_KEYRING_H
#define PUPIL_TEST_KEYRING_H

#include <sodium.h>

#include "core/vault/keyring_owner.h"
#include "tap.h"


#define OWNERS    8
#define TENANTS   64
#define LIFETIME  1000

#define ACTIVE      PUPIL_OWNER_STATE_ACTIVE
#define RESTRICTED  PUPIL_OWNER_STATE_RESTRICTED
#define RECOVERY    PUPIL_OWNER_STATE_RECOVERY
#define ERASED      PUPIL_OWNER_STATE_ERASED
#define ABSENT      PUPIL_OWNER_STATE_ABSENT


typedef struct {
    pupil_arena_t    *arena;
    pupil_keyring_t  *ring;
    pupil_kek_t       kek;          /* epoch 1 */
    pupil_key_t       tenant_key;   /* of tenant 1, version 1 */
    pupil_key_t       owner_key;    /* of every owner */
} fixture_t;


static const pupil_str_t  none = { NULL, 0 };


static pupil_uuid_t
uuid(uint32_t n)
{
    pupil_uuid_t  u;

    memset(&u, 0x11, sizeof(u));
    memcpy(u.b, &n, sizeof(n));

    return u;
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_rc_t
put_tenant(fixture_t *f, uint32_t tenant, uint32_t version, uint32_t epoch,
    const pupil_key_t *key)
{
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t       s = { wrapped, sizeof(wrapped) };
    pupil_uuid_t      id = uuid(tenant);
    pupil_wrapping_t  what = {
        PUPIL_OBJECT_TENANT_KEY, id, { { 0 } }, none, version, epoch
    };

    pupil_wrap(&f->kek.key, &what, key, wrapped);

    return pupil_keyring_put_tenant(f->ring, &id, version, epoch, s);
}


/* Of tenant 1. */
static pupil_wrapping_t
owner_key(uint32_t owner, uint32_t version, uint32_t tenant_version)
{
    pupil_wrapping_t  what;

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = uuid(1);
    what.id = uuid(owner);
    what.version = version;
    what.parent_version = tenant_version;

    return what;
}


static pupil_rc_t
put_owner(fixture_t *f, uint32_t owner, uint32_t version,
    pupil_owner_state_t state, pupil_time_t now)
{
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t       s = { wrapped, sizeof(wrapped) };
    pupil_wrapping_t  what = owner_key(owner, version, 1);

    if (state != ACTIVE && state != RESTRICTED) {
        return pupil_keyring_put_owner(f->ring, &what, state, none, now);
    }

    pupil_wrap(&f->tenant_key, &what, &f->owner_key, wrapped);

    return pupil_keyring_put_owner(f->ring, &what, state, s, now);
}


static void
setup(fixture_t *f, uint32_t owners)
{
    pupil_error_t  error;

    f->arena = pupil_arena_create(pupil_keyring_size(owners, TENANTS), &error);
    if (f->arena == NULL) {
        printf("Bail out! %s\n", error.text);
        exit(2);
    }

    f->ring = pupil_keyring_create(f->arena, owners, TENANTS, LIFETIME);
    f->kek.epoch = 1;
    pupil_key_random(&f->kek.key);
    pupil_key_random(&f->tenant_key);
    pupil_key_random(&f->owner_key);
    pupil_keyring_add_kek(f->ring, &f->kek);
    put_tenant(f, 1, 1, 1, &f->tenant_key);
}


/* Whether a key lies anywhere in the arena. */
static int
arena_has(const fixture_t *f, const void *key, size_t len)
{
    const uint8_t  *p = (const uint8_t *) f->arena;

    for ( /* void */ ; pupil_arena_holds(f->arena, p + len - 1); p++) {
        if (memcmp(p, key, len) == 0) {
            return 1;
        }
    }

    return 0;
}

#endif /* PUPIL_TEST_KEYRING_H */

/*
 * Copyright (C) the Pupil authors
 *
 * The keyring: the tree of keys, its bounds.
 */

#include "keyring.h"


static pupil_rc_t
put_service(fixture_t *f, uint32_t tenant, const char *name,
    const pupil_key_t *key)
{
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t       s = { wrapped, sizeof(wrapped) };
    pupil_uuid_t      id = uuid(tenant);
    pupil_wrapping_t  what = {
        PUPIL_OBJECT_SERVICE_KEY, id, { { 0 } }, str(name), 1, 1
    };

    pupil_wrap(&f->tenant_key, &what, key, wrapped);

    return pupil_keyring_put_service(f->ring, &id, str(name), 1, s);
}


static void
test_create(void)
{
    pupil_error_t   error;
    pupil_arena_t  *arena;

    arena = pupil_arena_create(pupil_keyring_size(OWNERS, TENANTS), &error);
    ok(pupil_keyring_create(arena, 0, TENANTS, 1) == NULL
       && pupil_keyring_create(arena, OWNERS, TENANTS, 0) == NULL
       && pupil_keyring_create(arena, OWNERS, TENANTS, -1) == NULL
       && pupil_keyring_create(arena, UINT32_MAX, TENANTS, 1) == NULL,
       "no owners, no lifetime, too many owners: no ring");
    ok(pupil_keyring_create(arena, 100000, TENANTS, 1) == NULL,
       "an arena that is too small: no ring");
    ok(pupil_keyring_create(arena, OWNERS, TENANTS, 1) != NULL,
       "an arena of pupil_keyring_size(): a ring");
    pupil_arena_destroy(arena);
}


static void
test_tenant(void)
{
    uint32_t            i, version = 0;
    fixture_t           f;
    pupil_key_t         keys[PUPIL_KEYRING_VERSIONS + 2];
    pupil_uuid_t        one = uuid(1), two = uuid(2);
    const pupil_key_t  *key;

    setup(&f, OWNERS);

    key = pupil_keyring_tenant(f.ring, &one, &version);
    ok(key != NULL && version == 1
       && memcmp(key, &f.tenant_key, sizeof(*key)) == 0,
       "a tenant key comes back");
    ok(pupil_keyring_tenant(f.ring, &two, &version) == NULL,
       "another tenant has none");
    ok(!pupil_keyring_has_tenant(f.ring, &one), "without a service key the"
       " tenant is not loaded");
    put_service(&f, 1, "mac", &f.owner_key);
    ok(pupil_keyring_has_tenant(f.ring, &one)
       && !pupil_keyring_has_tenant(f.ring, &two), "with one it is");

    ok(put_tenant(&f, 1, 2, 9, &f.tenant_key) == PUPIL_NO_KEY,
       "an epoch that is not loaded: no key");
    f.kek.key.b[0] ^= 1;
    ok(put_tenant(&f, 1, 2, 1, &f.tenant_key) == PUPIL_TAMPERED,
       "I6: wrapped by another KEK: tampered");
    f.kek.key.b[0] ^= 1;
    ok(pupil_keyring_put_tenant(f.ring, &one, 2, 1, str("short"))
       == PUPIL_TAMPERED, "bytes that are no wrapped key: tampered");

    for (i = 2; i < PUPIL_KEYRING_VERSIONS + 2; i++) {
        pupil_key_random(&keys[i]);
    }

    put_tenant(&f, 1, 3, 1, &keys[3]);
    put_tenant(&f, 1, 2, 1, &keys[2]);
    key = pupil_keyring_tenant(f.ring, &one, &version);
    ok(version == 3 && memcmp(key, &keys[3], sizeof(*key)) == 0,
       "the newest version is for wrapping, in whatever order they came");

    for (i = 4; i < PUPIL_KEYRING_VERSIONS + 2; i++) {
        put_tenant(&f, 1, i, 1, &keys[i]);
    }

    key = pupil_keyring_tenant(f.ring, &one, &version);
    ok(version == PUPIL_KEYRING_VERSIONS + 1
       && memcmp(key, &keys[version], sizeof(*key)) == 0
       && !arena_has(&f, &f.tenant_key, sizeof(f.tenant_key))
       && arena_has(&f, &keys[2], sizeof(keys[2])),
       "I14: of too many versions the lowest goes, and is wiped");
    ok(put_owner(&f, 1, 1, ACTIVE, 0) == PUPIL_NO_KEY,
       "an owner key under a version that is gone: no key");
    ok(put_tenant(&f, 1, 1, 1, &f.tenant_key) == PUPIL_OK
       && pupil_keyring_tenant(f.ring, &one, &version) == key
       && version == PUPIL_KEYRING_VERSIONS + 1
       && !arena_has(&f, &f.tenant_key, sizeof(f.tenant_key)),
       "a version lower than all of a full set is not kept");

    pupil_arena_destroy(f.arena);
}


static void
test_wrap_anew(void)
{
    uint8_t           old[PUPIL_WRAPPED_LEN], made[PUPIL_WRAPPED_LEN];
    fixture_t         f;
    pupil_key_t       newer, opened;
    pupil_str_t       wrapped = { old, sizeof(old) };
    pupil_wrapping_t  what = owner_key(1, 1, 1);

    setup(&f, OWNERS);
    pupil_key_random(&newer);
    put_tenant(&f, 1, 2, 1, &newer);
    pupil_wrap(&f.tenant_key, &what, &f.owner_key, old);

    ok(pupil_keyring_wrap_anew(f.ring, &what, wrapped, made) == PUPIL_OK
       && what.parent_version == 2
       && pupil_unwrap(&newer, &what, made, sizeof(made), &opened) == PUPIL_OK
       && memcmp(&opened, &f.owner_key, sizeof(opened)) == 0,
       "I7: wrapped anew under the newest version, a key is the same");
    ok(pupil_unwrap(&f.tenant_key, &what, made, sizeof(made), &opened)
       == PUPIL_TAMPERED, "and does not open under the one before");
    ok(!arena_has(&f, &f.owner_key, sizeof(f.owner_key)),
       "I14: nothing of it is left");

    what.parent_version = 3;
    ok(pupil_keyring_wrap_anew(f.ring, &what, wrapped, made) == PUPIL_NO_KEY,
       "of a version that is not there: no key");

    what.parent_version = 1;
    old[PUPIL_WRAPPED_LEN - 1] ^= 1;
    ok(pupil_keyring_wrap_anew(f.ring, &what, wrapped, made) == PUPIL_TAMPERED
       && !arena_has(&f, &f.owner_key, sizeof(f.owner_key)),
       "one that does not open: tampered");

    pupil_arena_destroy(f.arena);
}


static void
test_epochs(void)
{
    uint32_t     i, count = 0;
    fixture_t    f;
    pupil_kek_t  keks[PUPIL_KEYRING_EPOCHS + 1], first;

    setup(&f, OWNERS);
    first = f.kek;

    for (i = 0; i < PUPIL_KEYRING_EPOCHS + 1; i++) {
        keks[i].epoch = i + 1;
        pupil_key_random(&keks[i].key);
        pupil_keyring_add_kek(f.ring, &keks[i]);
    }

    ok(!arena_has(&f, &first.key, sizeof(first.key)),
       "I14: an epoch that is added again is overwritten");

    for (i = 0; i < PUPIL_KEYRING_EPOCHS + 1; i++) {
        f.kek = keks[i];
        count += put_tenant(&f, 2, 1, i + 1, &f.tenant_key) == PUPIL_OK;
    }

    ok(count == PUPIL_KEYRING_EPOCHS
       && !arena_has(&f, &keks[0].key, sizeof(keks[0].key)),
       "of too many epochs the lowest goes");

    pupil_arena_destroy(f.arena);
}


static void
test_bounds(void)
{
    char          name[80];
    uint32_t      i, good = 0;
    fixture_t     f;
    pupil_uuid_t  id;

    setup(&f, OWNERS);

    for (i = 2; i <= TENANTS; i++) {
        good += put_tenant(&f, i, 1, 1, &f.tenant_key) == PUPIL_OK;
    }

    ok(good == TENANTS - 1
       && put_tenant(&f, 1000, 1, 1, &f.tenant_key) == PUPIL_NO_MEMORY,
       "tenants are bounded");

    for (i = 0, good = 0; i < PUPIL_KEYRING_SERVICES; i++) {
        snprintf(name, sizeof(name), "index:contact.field%u", (unsigned) i);
        good += put_service(&f, 1, name, &f.owner_key) == PUPIL_OK;
    }

    ok(good == PUPIL_KEYRING_SERVICES
       && put_service(&f, 1, "mac", &f.owner_key) == PUPIL_NO_MEMORY,
       "service keys of a tenant are bounded");
    ok(put_service(&f, 1, "index:contact.field7", &f.kek.key) == PUPIL_OK,
       "one that is there can be replaced");
    ok(put_service(&f, 2, "mac", &f.owner_key) == PUPIL_OK,
       "another tenant still has room");

    id = uuid(1);
    pupil_keyring_forget_tenant(f.ring, &id);
    ok(put_tenant(&f, 1000, 1, 1, &f.tenant_key) == PUPIL_OK,
       "forgetting a tenant makes room");

    for (i = 0, good = 0; i < 3 * 4096 / PUPIL_KEYRING_SERVICES; i++) {
        for (uint32_t n = 0; n < PUPIL_KEYRING_SERVICES; n++) {
            snprintf(name, sizeof(name), "s%u", (unsigned) n);
            good += put_service(&f, 1000, name, &f.owner_key) == PUPIL_OK;
        }

        id = uuid(1000);
        pupil_keyring_forget_tenant(f.ring, &id);
        put_tenant(&f, 1000, 1, 1, &f.tenant_key);
    }

    ok(good == 3 * 4096, "forgotten service keys are room again");

    memset(name, 'n', sizeof(name));
    name[PUPIL_NAME_MAX + 1] = '\0';
    ok(put_service(&f, 2, name, &f.owner_key) == PUPIL_INVALID
       && put_service(&f, 2, "", &f.owner_key) == PUPIL_INVALID,
       "a service key with a long name or none is refused");

    pupil_arena_destroy(f.arena);
}


static void
test_services(void)
{
    fixture_t           f;
    pupil_key_t         mac, token;
    pupil_uuid_t        one = uuid(1), two = uuid(2);
    const pupil_key_t  *key;

    setup(&f, OWNERS);
    put_tenant(&f, 2, 1, 1, &f.tenant_key);
    pupil_key_random(&mac);
    pupil_key_random(&token);

    put_service(&f, 1, "mac", &mac);
    put_service(&f, 1, "token", &token);
    key = pupil_keyring_service(f.ring, &one, str("mac"));
    ok(key != NULL && memcmp(key, &mac, sizeof(mac)) == 0,
       "a service key comes back by its name");
    ok(pupil_keyring_service(f.ring, &two, str("mac")) == NULL
       && pupil_keyring_service(f.ring, &one, str("ma")) == NULL
       && pupil_keyring_service(f.ring, &one, str("mac1")) == NULL,
       "I10: not for another tenant, nor by another name");
    ok(put_service(&f, 3, "mac", &mac) == PUPIL_NO_KEY,
       "a tenant that is not loaded has none");

    put_service(&f, 1, "mac", &token);
    key = pupil_keyring_service(f.ring, &one, str("mac"));
    ok(memcmp(key, &token, sizeof(token)) == 0
       && !arena_has(&f, &mac, sizeof(mac)),
       "I14: what is replaced is overwritten");

    pupil_keyring_forget_tenant(f.ring, &one);
    ok(pupil_keyring_service(f.ring, &one, str("mac")) == NULL
       && !arena_has(&f, &token, sizeof(token)),
       "I14: what is forgotten is wiped");

    pupil_arena_destroy(f.arena);
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_create();
    test_tenant();
    test_wrap_anew();
    test_epochs();
    test_bounds();
    test_services();

    return tap_done();
}

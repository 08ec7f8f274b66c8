/*
 * Copyright (C) the Pupil authors
 *
 * The keyring: the tree of keys, the owner cache, its states, bounds and
 * lifetime.
 */

#include <time.h>

#include <sodium.h>

#include "core/vault/keyring_owner.h"
#include "tap.h"


#define OWNERS    8
#define LIFETIME  1000

#define ACTIVE      PUPIL_OWNER_STATE_ACTIVE
#define RESTRICTED  PUPIL_OWNER_STATE_RESTRICTED
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


static pupil_rc_t
ask(fixture_t *f, uint32_t owner, uint32_t version, pupil_owner_state_t state,
    int allow, const char *category, pupil_time_t now,
    const pupil_subkey_t **key)
{
    pupil_place_t  place;

    memset(&place, 0, sizeof(place));
    place.tenant = uuid(1);
    place.owner = uuid(owner);
    place.category = str(category);
    place.key_version = version;

    return pupil_keyring_subkey(f->ring, &place, state, allow, now, key);
}


static pupil_rc_t
get(fixture_t *f, uint32_t owner, pupil_time_t now)
{
    const pupil_subkey_t  *key;

    return ask(f, owner, 1, ACTIVE, 0, "identity", now, &key);
}


static void
setup(fixture_t *f, uint32_t owners)
{
    pupil_error_t  error;

    f->arena = pupil_arena_create(pupil_keyring_size(owners), &error);
    if (f->arena == NULL) {
        printf("Bail out! %s\n", error.text);
        exit(2);
    }

    f->ring = pupil_keyring_create(f->arena, owners, LIFETIME);
    f->kek.epoch = 1;
    pupil_key_random(&f->kek.key);
    pupil_key_random(&f->tenant_key);
    pupil_key_random(&f->owner_key);
    pupil_keyring_add_kek(f->ring, &f->kek);
    put_tenant(f, 1, 1, 1, &f->tenant_key);
}


static pupil_keyring_stats_t
stats(const fixture_t *f)
{
    pupil_keyring_stats_t  s;

    pupil_keyring_stats(f->ring, &s);

    return s;
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


static void
test_create(void)
{
    pupil_error_t   error;
    pupil_arena_t  *arena;

    arena = pupil_arena_create(pupil_keyring_size(OWNERS), &error);
    ok(pupil_keyring_create(arena, 0, 1) == NULL
       && pupil_keyring_create(arena, OWNERS, 0) == NULL
       && pupil_keyring_create(arena, OWNERS, -1) == NULL
       && pupil_keyring_create(arena, UINT32_MAX, 1) == NULL,
       "no owners, no lifetime, too many owners: no ring");
    ok(pupil_keyring_create(arena, 100000, 1) == NULL,
       "an arena that is too small: no ring");
    ok(pupil_keyring_create(arena, OWNERS, 1) != NULL,
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

    for (i = 2; i <= PUPIL_KEYRING_TENANTS; i++) {
        good += put_tenant(&f, i, 1, 1, &f.tenant_key) == PUPIL_OK;
    }

    ok(good == PUPIL_KEYRING_TENANTS - 1
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


static void
test_states(void)
{
    size_t                 i;
    fixture_t              f;
    const pupil_subkey_t  *key;

    static const struct {
        pupil_owner_state_t  cached, row;
        uint32_t             cached_version, row_version;
        int                  allow;
        pupil_rc_t           rc;
        const char          *what;
    } cases[] = {
        { ACTIVE, ACTIVE, 1, 1, 0, PUPIL_OK, "active: served" },
        { ACTIVE, ACTIVE, 1, 2, 0, PUPIL_NO_KEY,
          "the row has a newer version: fetched again" },
        { ACTIVE, ACTIVE, 2, 1, 0, PUPIL_NO_KEY,
          "the row has an older version: fetched again" },
        { ACTIVE, RESTRICTED, 1, 1, 0, PUPIL_RESTRICTED,
          "the row is restricted, the cache active: refused" },
        { ACTIVE, RESTRICTED, 1, 1, 1, PUPIL_NO_KEY,
          "the same for a purpose that may: fetched again" },
        { RESTRICTED, RESTRICTED, 1, 1, 0, PUPIL_RESTRICTED,
          "both restricted: refused" },
        { RESTRICTED, RESTRICTED, 1, 1, 1, PUPIL_OK,
          "the same for a purpose that may: served" },
        { RESTRICTED, ACTIVE, 1, 1, 0, PUPIL_NO_KEY,
          "no longer restricted: fetched again" },
        { ACTIVE, ERASED, 1, 1, 1, PUPIL_ERASED,
          "the row is erased, the cache active: no dead key is served" },
        { ERASED, ERASED, 1, 1, 1, PUPIL_ERASED, "both erased" },
        { ERASED, ACTIVE, 1, 1, 1, PUPIL_ERASED,
          "only the key store says erased: so it is" },
        { ACTIVE, ABSENT, 1, 1, 1, PUPIL_NOT_FOUND,
          "the row has an unknown state: not served" },
        { ABSENT, ACTIVE, 1, 1, 1, PUPIL_NO_KEY,
          "the key store has no key: fetched again" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setup(&f, OWNERS);
        put_owner(&f, 1, cases[i].cached_version, cases[i].cached, 0);
        ok(ask(&f, 1, cases[i].row_version, cases[i].row, cases[i].allow,
               "identity", 1, &key) == cases[i].rc
           && (key != NULL) == (cases[i].rc == PUPIL_OK),
           "I7: %s", cases[i].what);
        pupil_arena_destroy(f.arena);
    }
}


static void
test_state_texts(void)
{
    ok(pupil_owner_state(str("active")) == ACTIVE
       && pupil_owner_state(str("restricted")) == RESTRICTED
       && pupil_owner_state(str("erased")) == ERASED
       && pupil_owner_state(str("absent")) == ABSENT
       && pupil_owner_state(str("")) == ABSENT
       && pupil_owner_state(str("Active")) == ABSENT
       && pupil_owner_state(str("activee")) == ABSENT, "texts of states");
}


static void
test_put_owner(void)
{
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    fixture_t         f;
    pupil_str_t       bad = { wrapped, sizeof(wrapped) };
    pupil_wrapping_t  one = owner_key(1, 1, 1), zero = one, other = one;
    pupil_wrapping_t  unborn = owner_key(1, 0, 1), orphan = owner_key(1, 1, 9);

    memset(wrapped, 1, sizeof(wrapped));
    memset(&zero.id, 0, sizeof(zero.id));
    other.object = PUPIL_OBJECT_TENANT_KEY;
    setup(&f, OWNERS);

    ok(pupil_keyring_put_owner(f.ring, &one, ACTIVE, none, 0) == PUPIL_INVALID
       && pupil_keyring_put_owner(f.ring, &one, ERASED, bad, 0)
          == PUPIL_INVALID
       && pupil_keyring_put_owner(f.ring, &zero, ERASED, none, 0)
          == PUPIL_INVALID
       && pupil_keyring_put_owner(f.ring, &unborn, ERASED, none, 0)
          == PUPIL_INVALID
       && pupil_keyring_put_owner(f.ring, &other, ERASED, none, 0)
          == PUPIL_INVALID,
       "active without a key, erased with one, a zero id or version, another"
       " object: refused");
    ok(pupil_keyring_put_owner(f.ring, &orphan, ACTIVE, bad, 0)
       == PUPIL_NO_KEY, "a tenant version that is not loaded: no key");

    put_owner(&f, 1, 1, ACTIVE, 0);
    ok(pupil_keyring_put_owner(f.ring, &one, ACTIVE, bad, 0)
       == PUPIL_TAMPERED && get(&f, 1, 0) == PUPIL_NO_KEY
       && !arena_has(&f, &f.owner_key, sizeof(f.owner_key)),
       "I6: tampered, and what was cached is wiped");

    put_owner(&f, 1, 1, ACTIVE, 0);
    put_owner(&f, 1, 1, ACTIVE, 0);
    ok(stats(&f).owners == 1, "the same owner again replaces");

    ok(put_owner(&f, 1, 1, ERASED, 0) == PUPIL_OK
       && !arena_has(&f, &f.owner_key, sizeof(f.owner_key)),
       "I7: erased: the key is wiped");
    ok(put_owner(&f, 1, 1, ACTIVE, 1) == PUPIL_ERASED
       && get(&f, 1, 1) == PUPIL_ERASED,
       "I7: a late answer does not bring it back");

    pupil_arena_destroy(f.arena);
}


static void
test_lru(void)
{
    uint32_t   i, good = 0;
    fixture_t  f;

    setup(&f, OWNERS);

    for (i = 1; i <= OWNERS; i++) {
        put_owner(&f, i, 1, ACTIVE, i);
    }

    get(&f, 1, 10);
    put_owner(&f, OWNERS + 1, 1, ACTIVE, 10);
    ok(get(&f, 1, 10) == PUPIL_OK && get(&f, 2, 10) == PUPIL_NO_KEY,
       "the least recently used makes room, not the oldest");
    ok(stats(&f).evictions == 1 && stats(&f).owners == OWNERS,
       "it is counted, the bound holds");
    ok(stats(&f).hits == 2 && stats(&f).misses == 1, "so are hits and"
       " misses");

    for (i = 1; i <= 10000; i++) {
        put_owner(&f, i * 7919, 1, ACTIVE, 20);
        good += get(&f, i * 7919, 20) == PUPIL_OK
                && get(&f, i, 20) != PUPIL_OK;
        if (i % 3 == 0) {
            pupil_uuid_t  tenant = uuid(1), owner = uuid(i * 7919);

            pupil_keyring_forget_owner(f.ring, &tenant, &owner);
            good -= get(&f, i * 7919, 20) == PUPIL_OK;
        }
    }

    ok(good >= 9990 && stats(&f).owners <= OWNERS,
       "10000 owners come and go");

    pupil_arena_destroy(f.arena);
}


static void
test_lifetime(void)
{
    fixture_t     f;
    pupil_uuid_t  one = uuid(1), two = uuid(2);

    setup(&f, OWNERS);
    put_owner(&f, 1, 1, ACTIVE, 5000);
    ok(get(&f, 1, 5000 + LIFETIME - 1) == PUPIL_OK, "a key serves its"
       " lifetime");
    ok(get(&f, 1, 5000 + LIFETIME) == PUPIL_NO_KEY && stats(&f).owners == 0
       && !arena_has(&f, &f.owner_key, sizeof(f.owner_key)),
       "I14: not a microsecond longer, and is wiped");

    put_owner(&f, 1, 1, ACTIVE, 5000);
    ok(get(&f, 1, 4999) == PUPIL_NO_KEY, "a clock set back ends it");

    put_owner(&f, 1, 1, ACTIVE, 0);
    put_owner(&f, 2, 1, ACTIVE, 500);
    get(&f, 1, 600);
    pupil_keyring_expire(f.ring, LIFETIME);
    ok(stats(&f).owners == 1 && get(&f, 2, LIFETIME) == PUPIL_OK,
       "expiry goes by arrival, not by use");
    put_owner(&f, 3, 1, ACTIVE, 500 + LIFETIME);
    ok(stats(&f).owners == 1, "a put wipes what has expired");

    put_owner(&f, 1, 1, ACTIVE, 1500);
    pupil_keyring_forget_tenant(f.ring, &two);
    ok(stats(&f).owners == 2, "another tenant forgotten: nothing changes");
    pupil_keyring_forget_tenant(f.ring, &one);
    ok(stats(&f).owners == 0
       && !arena_has(&f, &f.owner_key, sizeof(f.owner_key))
       && !arena_has(&f, &f.tenant_key, sizeof(f.tenant_key)),
       "I14: the tenant forgotten: none of its keys is left");

    pupil_arena_destroy(f.arena);
}


static void
test_subkeys(void)
{
    char                   name[80];
    size_t                 i, same = 0;
    fixture_t              f;
    pupil_subkey_t         want;
    const pupil_subkey_t  *key, *first, *again;

    setup(&f, OWNERS);
    put_owner(&f, 1, 1, ACTIVE, 0);

    ask(&f, 1, 1, ACTIVE, 0, "identity", 1, &first);
    pupil_subkey_derive(&f.owner_key, str("identity"), &want);
    ok(memcmp(first, &want, sizeof(want)) == 0
       && pupil_arena_holds(f.arena, first),
       "I14: the subkeys are the owner's for the category, in the arena");

    for (i = 1; i < PUPIL_KEYRING_SUBKEYS; i++) {
        snprintf(name, sizeof(name), "category%zu", i);
        ask(&f, 1, 1, ACTIVE, 0, name, 1, &key);
        pupil_subkey_derive(&f.owner_key, str(name), &want);
        same += key != first && memcmp(key, &want, sizeof(want)) == 0;
    }

    ask(&f, 1, 1, ACTIVE, 0, "identity", 1, &again);
    ok(same == PUPIL_KEYRING_SUBKEYS - 1 && again == first,
       "each category has its own, and they stay where they are");

    for (i = 0, same = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "category%zu", i);
        ask(&f, 1, 1, ACTIVE, 0, name, 1, &key);
        pupil_subkey_derive(&f.owner_key, str(name), &want);
        same += memcmp(key, &want, sizeof(want)) == 0;
    }

    ok(same == 100, "so has each of more than are cached");

    for (i = 0, same = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "more%zu", i);
        same += ask(&f, 1, 1, ACTIVE, 0, name, 1, &key) == PUPIL_NO_MEMORY;
    }

    ok(same == 200 - (128 - 101) && key == NULL, "categories are bounded");

    memset(name, 'n', sizeof(name));
    name[PUPIL_NAME_MAX + 1] = '\0';
    ok(ask(&f, 1, 1, ACTIVE, 0, "", 1, &key) == PUPIL_INVALID
       && ask(&f, 1, 1, ACTIVE, 0, name, 1, &key) == PUPIL_INVALID,
       "a category with a long name or none is refused");

    pupil_arena_destroy(f.arena);
}


static void
bench(void)
{
    int                    i, n = 200000;
    clock_t                start;
    fixture_t              f;
    const pupil_subkey_t  *key;

    setup(&f, 4096);

    for (i = 1; i <= 4096; i++) {
        put_owner(&f, (uint32_t) i, 1, ACTIVE, 0);
        get(&f, (uint32_t) i, 1);
    }

    start = clock();
    for (i = 0; i < n; i++) {
        ask(&f, (uint32_t) (i * 31 % 4096) + 1, 1, ACTIVE, 0, "identity", 1,
            &key);
    }

    printf("# %zu bytes for 4096 owners, look-up of cached subkeys %.0f ns\n",
           pupil_keyring_size(4096),
           (double) (clock() - start) * 1e9 / CLOCKS_PER_SEC / n);
    ok(stats(&f).hits == (uint64_t) n + 4096, "all of them hits");

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
    test_epochs();
    test_bounds();
    test_services();
    test_states();
    test_state_texts();
    test_put_owner();
    test_lru();
    test_lifetime();
    test_subkeys();
    bench();

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * The cache of owner keys: its states, bounds and lifetime.
 */

#include <time.h>

#include "keyring.h"


static pupil_keyring_stats_t
stats(const fixture_t *f)
{
    pupil_keyring_stats_t  s;

    pupil_keyring_stats(f->ring, &s);

    return s;
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
        { ACTIVE, RESTRICTED, 1, 1, 1, PUPIL_OK,
          "the same for a purpose that may: served" },
        { RESTRICTED, RESTRICTED, 1, 1, 0, PUPIL_RESTRICTED,
          "both restricted: refused" },
        { RESTRICTED, RESTRICTED, 1, 1, 1, PUPIL_OK,
          "the same for a purpose that may: served" },
        { RESTRICTED, ACTIVE, 1, 1, 0, PUPIL_RESTRICTED,
          "only the key store says restricted: so it is" },
        { RESTRICTED, ACTIVE, 1, 1, 1, PUPIL_OK,
          "the same for a purpose that may: served" },
        { ACTIVE, RECOVERY, 1, 1, 1, PUPIL_RESTRICTED,
          "the row is in recovery: no purpose opens" },
        { RECOVERY, ACTIVE, 1, 1, 1, PUPIL_RESTRICTED,
          "only the key store says recovery: so it is" },
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
       && pupil_owner_state(str("recovery")) == RECOVERY
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

    put_owner(&f, 1, 1, ACTIVE, 5000);
    pupil_keyring_distrust(f.ring);
    ok(get(&f, 1, 5000) == PUPIL_NO_KEY, "what is distrusted serves no more");
    put_owner(&f, 1, 1, ACTIVE, 4000);
    ok(get(&f, 1, 4000) == PUPIL_OK, "what is put after that does, also by a"
       " clock that was set back");
    pupil_keyring_forget_owner(f.ring, &one, &one);

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
           pupil_keyring_size(4096, TENANTS),
           (double) (clock() - start) * 1e9 / CLOCKS_PER_SEC / n);
    ok(stats(&f).hits == (uint64_t) n + 4096, "all of them hits");

    pupil_arena_destroy(f.arena);
}


/* A floor comes, serves and goes with the key. */
static void
test_floor(void)
{
    uint32_t      floor;
    fixture_t     f;
    pupil_uuid_t  tenant = uuid(1), owner = uuid(7);

    setup(&f, OWNERS);

    ok(pupil_keyring_floor(f.ring, &tenant, &owner, 0, &floor)
       == PUPIL_NO_KEY, "no key, no floor");
    pupil_keyring_put_floor(f.ring, &tenant, &owner, 3);
    ok(pupil_keyring_floor(f.ring, &tenant, &owner, 0, &floor)
       == PUPIL_NO_KEY, "nor when one is put");

    put_owner(&f, 7, 1, ACTIVE, 0);
    pupil_keyring_put_floor(f.ring, &tenant, &owner, 3);
    ok(pupil_keyring_floor(f.ring, &tenant, &owner, 0, &floor) == PUPIL_OK
       && floor == 3, "with the key it is remembered");
    ok(pupil_keyring_floor(f.ring, &tenant, &owner, LIFETIME, &floor)
       == PUPIL_NO_KEY, "no longer than the key");

    pupil_keyring_forget_owner(f.ring, &tenant, &owner);
    ok(pupil_keyring_floor(f.ring, &tenant, &owner, 0, &floor)
       == PUPIL_NO_KEY, "and is forgotten with it");

    pupil_arena_destroy(f.arena);
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_states();
    test_state_texts();
    test_put_owner();
    test_lru();
    test_lifetime();
    test_subkeys();
    test_floor();
    bench();

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * A cache of what was checked against a plain model: what is found, what goes
 * first, what is wiped, and that it stays within its memory.
 */

#include <sodium.h>

#include "core/endpoints/kept.h"
#include "tap.h"


#define ENTRIES  4
#define PEOPLE   40


static const pupil_uuid_t  tenant = { { 7 } }, school = { { 9 } };


static pupil_uuid_t
person(uint32_t n)
{
    pupil_uuid_t  u;

    memset(&u, 0x33, sizeof(u));
    memcpy(u.b, &n, sizeof(n));

    return u;
}


/* What is kept of a person at a school. */
typedef struct {
    pupil_uuid_t  tenant, subject, institution;
    uint32_t      version;
} entry_t;


/* The version that is kept of a person; 0: none. */
static uint32_t
kept(pupil_kept_t *cache, uint32_t n)
{
    const entry_t       *e;
    const pupil_uuid_t   ids[] = { tenant, person(n), school };

    e = pupil_kept_find(cache, ids);

    return e == NULL ? 0 : e->version;
}


static void
put(pupil_kept_t *cache, uint32_t n, uint32_t version)
{
    entry_t  e = { tenant, person(n), school, version };

    pupil_kept_put(cache, &e);
}


static void
test_order(pupil_kept_t *cache)
{
    uint32_t      i;

    const pupil_uuid_t  other = { { 8 } };
    const pupil_uuid_t  of_tenant[] = { other, person(1), school };
    const pupil_uuid_t  of_school[] = { tenant, person(1), other };
    const pupil_uuid_t  of_first[] = { tenant, person(1), school };

    ok(kept(cache, 1) == 0, "nothing is in an empty cache");

    for (i = 1; i <= ENTRIES; i++) {
        put(cache, i, i);
    }

    ok(kept(cache, 1) == 1 && kept(cache, ENTRIES) == ENTRIES,
       "what was put is there");

    put(cache, 2, 22);
    ok(kept(cache, 2) == 22, "put again: the newer one");

    ok(kept(cache, 1) == 1, "the first is used");
    put(cache, 5, 5);
    ok(kept(cache, 3) == 0, "the one used longest ago has gone");
    ok(kept(cache, 1) == 1 && kept(cache, 2) == 22 && kept(cache, 4) == 4
       && kept(cache, 5) == 5, "and no other");

    ok(pupil_kept_find(cache, of_tenant) == NULL,
       "another tenant's is another (I10)");
    ok(pupil_kept_find(cache, of_school) == NULL,
       "another school's too");

    pupil_kept_drop(cache, of_first);
    pupil_kept_drop(cache, of_first);
    ok(kept(cache, 1) == 0 && kept(cache, 4) == 4, "forgotten");

    put(cache, 6, 6);
    ok(kept(cache, 6) == 6 && kept(cache, 2) == 22 && kept(cache, 5) == 5
       && kept(cache, 4) == 4, "its place is used before anybody goes");
}


/* Any order of calls, as a list by use would have it. */
static void
test_model(pupil_kept_t *cache)
{
    uint32_t      i, k, n, bad, order[ENTRIES], version[ENTRIES], count;
    uint64_t      random;
    pupil_uuid_t  ids[] = { tenant, tenant, school };

    pupil_kept_wipe(cache);
    random = 1;
    count = 0;
    bad = 0;

    for (i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        n = (uint32_t) (random >> 33) % 7;
        ids[1] = person(n * (ENTRIES + PEOPLE));    /* some share a bucket */

        for (k = 0; k < count && order[k] != n; k++) { /* void */ }

        switch ((random >> 60) % 3) {

        case 0:
            bad += kept(cache, n * (ENTRIES + PEOPLE))
                   != (k < count ? version[k] : 0);
            if (k == count) {
                continue;
            }
            break;

        case 1:
            put(cache, n * (ENTRIES + PEOPLE), i + 1);
            if (k == count && count < ENTRIES) {
                count++;
            }
            k = k < count ? k : count - 1;
            version[k] = i + 1;
            break;

        default:
            pupil_kept_drop(cache, ids);
            if (k < count) {
                count--;
                memmove(&order[k], &order[k + 1],
                        (count - k) * sizeof(order[0]));
                memmove(&version[k], &version[k + 1],
                        (count - k) * sizeof(version[0]));
            }
            continue;
        }

        /* to the front */
        n = n | version[k] << 8;
        memmove(&order[1], &order[0], k * sizeof(order[0]));
        memmove(&version[1], &version[0], k * sizeof(version[0]));
        order[0] = n & 0xff;
        version[0] = n >> 8;
    }

    ok(bad == 0, "20000 calls as a plain list has them (%u differ)", bad);
}


static void
test_wipe(uint8_t *memory, pupil_kept_t *cache, size_t size)
{
    size_t        i;
    uint32_t      n;
    pupil_uuid_t  id = person(77);

    const pupil_uuid_t  ids[] = { tenant, id, school };

    pupil_kept_wipe(cache);

    for (n = 0; n < PEOPLE; n++) {
        put(cache, n, 1);
    }

    put(cache, 77, 1);
    pupil_kept_drop(cache, ids);

    for (i = 0; i + 16 <= size && memcmp(memory + i, id.b, 16) != 0; i++) {
        /* void */
    }

    ok(i + 16 > size, "what is forgotten is wiped");
    ok(kept(cache, PEOPLE - 1) == 1, "others are not");

    pupil_kept_wipe(cache);
    id = person(PEOPLE - 1);

    for (i = 0; i + 16 <= size && memcmp(memory + i, id.b, 16) != 0; i++) {
        /* void */
    }

    ok(i + 16 > size && kept(cache, PEOPLE - 1) == 0, "all of it is wiped");
}


int
main(void)
{
    size_t                   size;
    uint8_t                 *memory, *dirt;
    pupil_kept_t  *cache;

    if (sodium_init() < 0) {
        return 2;
    }

    size = pupil_kept_size(ENTRIES, sizeof(entry_t));
    dirt = malloc(size);
    if (dirt == NULL) {
        return 2;
    }

    /* it ends at the page's end, and needs not be cleared */
    memset(dirt, 0xcc, size);
    memory = tap_guarded(dirt, size);
    free(dirt);
    cache = pupil_kept_init(memory, ENTRIES, sizeof(entry_t));

    test_order(cache);
    test_model(cache);
    test_wipe(memory, cache, size);

    return tap_done();
}

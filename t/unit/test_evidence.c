/*
 * Copyright (C) the Pupil authors
 *
 * The cache of evidence against a plain model: what is found, what goes first,
 * what is wiped, and that it stays within its memory.
 */

#include <sodium.h>

#include "core/endpoints/evidence.h"
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


static pupil_evidence_t
of(uint32_t n, uint32_t version)
{
    pupil_evidence_t  e;

    memset(&e, 0, sizeof(e));
    e.tenant = tenant;
    e.institution = school;
    e.subject = person(n);
    e.key_version = version;

    return e;
}


/* The key version that is kept for a person; 0: none. */
static uint32_t
kept(pupil_evidence_cache_t *cache, uint32_t n)
{
    pupil_uuid_t             id = person(n);
    const pupil_evidence_t  *e;

    e = pupil_evidence_find(cache, &tenant, &id, &school);

    return e == NULL ? 0 : e->key_version;
}


static void
put(pupil_evidence_cache_t *cache, uint32_t n, uint32_t version)
{
    pupil_evidence_t  e = of(n, version);

    pupil_evidence_put(cache, &e);
}


static void
test_order(pupil_evidence_cache_t *cache)
{
    uint32_t      i;
    pupil_uuid_t  id, other = { { 8 } };

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

    id = person(1);
    ok(pupil_evidence_find(cache, &other, &id, &school) == NULL,
       "another tenant's is another (I10)");
    ok(pupil_evidence_find(cache, &tenant, &id, &other) == NULL,
       "another school's too");

    pupil_evidence_drop(cache, &tenant, &id, &school);
    pupil_evidence_drop(cache, &tenant, &id, &school);
    ok(kept(cache, 1) == 0 && kept(cache, 4) == 4, "forgotten");

    put(cache, 6, 6);
    ok(kept(cache, 6) == 6 && kept(cache, 2) == 22 && kept(cache, 5) == 5
       && kept(cache, 4) == 4, "its place is used before anybody goes");
}


/* Any order of calls, as a list by use would have it. */
static void
test_model(pupil_evidence_cache_t *cache)
{
    uint32_t      i, k, n, bad, order[ENTRIES], version[ENTRIES], count;
    uint64_t      random;
    pupil_uuid_t  id;

    pupil_evidence_cache_wipe(cache);
    random = 1;
    count = 0;
    bad = 0;

    for (i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        n = (uint32_t) (random >> 33) % 7;
        id = person(n * (ENTRIES + PEOPLE));    /* some share a bucket */

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
            pupil_evidence_drop(cache, &tenant, &id, &school);
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
test_add(void)
{
    uint8_t                bytes[PUPIL_MAC_LEN], long_name[64];
    pupil_str_t            mac = { bytes, sizeof(bytes) };
    uint32_t               i;
    pupil_evidence_t       e = of(1, 1);
    pupil_enrolment_row_t  row, back;

    memset(&row, 0, sizeof(row));
    memset(bytes, 0xa5, sizeof(bytes));
    memset(long_name, 'x', sizeof(long_name));
    row.class_id = person(5);
    row.enrolment = person(6);
    row.valid_from = -3;
    row.valid_to = PUPIL_DATE_NONE;
    row.source.data = tap_guarded("sds", 3);
    row.source.len = 3;

    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_OK, "an enrolment is added");
    pupil_evidence_row(&e, 0, &back);
    ok(memcmp(&back.tenant, &tenant, sizeof(tenant)) == 0
       && memcmp(&back.enrolment, &row.enrolment, sizeof(tenant)) == 0
       && memcmp(&back.class_id, &row.class_id, sizeof(tenant)) == 0
       && memcmp(&back.subject, &e.subject, sizeof(tenant)) == 0
       && memcmp(&back.institution, &school, sizeof(tenant)) == 0
       && back.valid_from == -3 && back.valid_to == PUPIL_DATE_NONE
       && back.role.len == 5 && back.source.len == 3
       && memcmp(back.source.data, "sds", 3) == 0
       && memcmp(e.proofs[0].mac, bytes, sizeof(bytes)) == 0
       && back.number == 0xa5a5a5a5,
       "and comes back as it was");

    row.source.data = tap_guarded("sdt", 3);
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY && e.count == 1,
       "one of another source does not fit");
    row.source.data = tap_guarded("sd", 2);
    row.source.len = 2;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY,
       "nor of a shorter one");

    row.source.data = tap_guarded("sds", 3);
    row.source.len = 3;

    for (i = 1; i < PUPIL_EVIDENCE_PROOFS; i++) {
        if (pupil_evidence_add(&e, &row, mac) != PUPIL_OK) {
            break;
        }
    }

    ok(e.count == PUPIL_EVIDENCE_PROOFS
       && pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY
       && e.count == PUPIL_EVIDENCE_PROOFS, "nor one too many");

    e = of(1, 1);
    row.source.data = long_name;
    row.source.len = PUPIL_EVIDENCE_SOURCE + 1;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY && e.count == 0,
       "nor one of a long source");
    row.source.len = PUPIL_EVIDENCE_SOURCE;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_OK, "the longest fits");
    e = of(1, 1);
    row.source.data = NULL;
    row.source.len = 0;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_OK
       && pupil_evidence_add(&e, &row, mac) == PUPIL_OK && e.count == 2,
       "none is a source too");
}


static void
test_wipe(uint8_t *memory, pupil_evidence_cache_t *cache, size_t size)
{
    size_t        i;
    uint32_t      n;
    pupil_uuid_t  id = person(77);

    pupil_evidence_cache_wipe(cache);

    for (n = 0; n < PEOPLE; n++) {
        put(cache, n, 1);
    }

    put(cache, 77, 1);
    pupil_evidence_drop(cache, &tenant, &id, &school);

    for (i = 0; i + 16 <= size && memcmp(memory + i, id.b, 16) != 0; i++) {
        /* void */
    }

    ok(i + 16 > size, "what is forgotten is wiped");
    ok(kept(cache, PEOPLE - 1) == 1, "others are not");

    pupil_evidence_cache_wipe(cache);
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
    pupil_evidence_cache_t  *cache;

    if (sodium_init() < 0) {
        return 2;
    }

    size = pupil_evidence_cache_size(ENTRIES);
    dirt = malloc(size);
    if (dirt == NULL) {
        return 2;
    }

    /* it ends at the page's end, and needs not be cleared */
    memset(dirt, 0xcc, size);
    memory = tap_guarded(dirt, size);
    free(dirt);
    cache = pupil_evidence_cache_init(memory, ENTRIES);

    test_order(cache);
    test_model(cache);
    test_add();
    test_wipe(memory, cache, size);

    return tap_done();
}

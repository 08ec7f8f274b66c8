/*
 * Copyright (C) the Pupil authors
 *
 * The vault: known answers, binding to the place, commitment, padding.
 */

#include <sodium.h>
#include <time.h>

#include "tap.h"
#include "core/vault/vault.h"
#include "vault_vectors.h"


#define OFFSET_NONCE  38
#define OFFSET_BODY   62


static size_t
hex(const char *text, uint8_t *out)
{
    size_t  len;

    if (sodium_hex2bin(out, 4096, text, strlen(text), NULL, &len, NULL)
        != 0)
    {
        abort();
    }

    return len;
}


static void
sequence(uint8_t *out, uint8_t from, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        out[i] = (uint8_t) (from + i);
    }
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_place_t
place_make(void)
{
    pupil_place_t  place;

    sequence(place.tenant.b, 0x10, 16);
    sequence(place.owner.b, 0x40, 16);
    sequence(place.record.b, 0x70, 16);
    place.category = str("identity");
    place.field = str("given_name");
    place.key_version = 7;

    return place;
}


static pupil_wrapping_t
wrapping_make(void)
{
    pupil_wrapping_t  what;

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    sequence(what.tenant.b, 0x10, 16);
    sequence(what.id.b, 0x40, 16);
    what.version = 2;
    what.parent_version = 3;

    return what;
}


static pupil_rc_t
open_hex(const pupil_subkey_t *subkey, const char *text, uint8_t *out,
    pupil_str_t *value)
{
    size_t         len;
    uint8_t        sealed[512];
    pupil_place_t  place = place_make();

    len = hex(text, sealed);

    return pupil_open(subkey, &place, tap_guarded(sealed, len), len, out,
                      value);
}


static void
test_known_answers(const pupil_key_t *key, const pupil_subkey_t *subkey)
{
    size_t            len;
    uint8_t           want[512], out[512];
    pupil_key_t       wrapped;
    pupil_str_t       value;
    pupil_wrapping_t  what = wrapping_make();

    hex(vec_subkey, want);
    ok(memcmp(subkey, want, 64) == 0, "known answer: subkeys of a category");

    ok(open_hex(subkey, vec_sealed, out, &value) == PUPIL_OK
       && value.len == 4 && memcmp(value.data, "Zo\xc3\xab", 4) == 0,
       "known answer: a value opens");
    ok(open_hex(subkey, vec_sealed_empty, out, &value) == PUPIL_OK
       && value.len == 0, "known answer: an empty value opens");

    len = hex(vec_wrapped, out);
    sequence(want, 0xc0, 32);
    ok(len == PUPIL_WRAPPED_LEN
       && pupil_unwrap(key, &what, out, len, &wrapped) == PUPIL_OK
       && memcmp(wrapped.b, want, 32) == 0,
       "known answer: an owner key unwraps");

    len = hex(vec_wrapped_short, out);
    ok(pupil_unwrap(key, &what, out, len, &wrapped) == PUPIL_TAMPERED,
       "an authentic wrapped key of 31 bytes is refused");

    hex(vec_blind, want);
    pupil_blind_term(key, str("zoe@example.org"), out);
    ok(memcmp(out, want, PUPIL_TERM_LEN) == 0, "known answer: a blind term");
}


static void
test_padding(const pupil_subkey_t *subkey)
{
    size_t         len, size;
    uint8_t       *sealed, *in, *out;
    pupil_str_t    value;
    pupil_place_t  place = place_make();
    int            exact = 1, classes = 1;

    in = malloc(1100);
    sequence(in, 1, 1100);

    for (len = 0; len <= 1100; len++) {
        size = pupil_seal_size(len);
        sealed = malloc(size);
        out = malloc(size - PUPIL_SEAL_OVERHEAD);

        exact &= pupil_seal(subkey, &place, in, len, sealed) == PUPIL_OK
                 && pupil_open(subkey, &place, sealed, size, out, &value)
                    == PUPIL_OK
                 && value.len == len && memcmp(value.data, in, len) == 0;

        size -= PUPIL_SEAL_OVERHEAD;
        classes &= size >= 32 && (size & (size - 1)) == 0
                   && size >= len + 4 && (size == 32 || size / 2 < len + 4);
        free(sealed);
        free(out);
    }

    free(in);

    ok(exact, "values of 0 to 1100 bytes come back, in heap blocks of just"
       " their size");
    ok(classes, "I5: their sizes are the smallest class 32 * 2^n");
    ok(pupil_seal_size(0) == pupil_seal_size(28)
       && pupil_seal_size(28) < pupil_seal_size(29),
       "I5: 0 to 28 bytes look the same, 29 not");

    ok(pupil_seal_size(PUPIL_VALUE_MAX) == PUPIL_SEAL_OVERHEAD + (1u << 25)
       && pupil_seal_size(PUPIL_VALUE_MAX + 1) == 0
       && pupil_seal_size(SIZE_MAX) == 0, "a value has at most 2^24 bytes");
    ok(pupil_seal(subkey, &place, NULL, PUPIL_VALUE_MAX + 1, NULL)
       == PUPIL_INVALID, "a longer one is refused before it is read");
}


static void
test_bad_padding(const pupil_subkey_t *subkey)
{
    size_t        i;
    uint8_t       out[512];
    pupil_str_t   value;

    static const struct {
        const char  *text;
        const char  *what;
    } cases[] = {
        { vec_pad_nonzero, "a byte of padding that is not zero" },
        { vec_pad_class, "a class that is not the smallest" },
        { vec_pad_length, "a length that does not fit" },
        { vec_pad_huge, "a length of 2^32 - 1" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(out, 0xee, sizeof(out));
        ok(open_hex(subkey, cases[i].text, out, &value) == PUPIL_TAMPERED
           && value.data == NULL && sodium_is_zero(out, 32),
           "authentic, but with %s: refused, nothing left",
           cases[i].what);
    }

    for (i = 0; i < 32; i++) {
        if (pupil_unpad(tap_guarded(out, i), i, &value) != PUPIL_TAMPERED) {
            break;
        }
    }

    ok(i == 32, "unpadding 0 to 31 bytes: refused, nothing behind them read");
}


static void
test_flips(const pupil_subkey_t *subkey)
{
    size_t            i, len, refused = 0;
    uint8_t           sealed[512], out[512], in[40];
    pupil_key_t       parent, key, got;
    pupil_str_t       value;
    pupil_place_t     place = place_make();
    pupil_wrapping_t  what = wrapping_make();

    sequence(in, 3, sizeof(in));
    len = pupil_seal_size(sizeof(in));
    pupil_seal(subkey, &place, in, sizeof(in), sealed);

    for (i = 0; i < len * 8; i++) {
        sealed[i / 8] ^= (uint8_t) (1 << i % 8);
        refused += pupil_open(subkey, &place, sealed, len, out, &value)
                   == PUPIL_TAMPERED;
        sealed[i / 8] ^= (uint8_t) (1 << i % 8);
    }

    ok(refused == len * 8, "I6: each of %zu flipped bits of a sealed value"
       " is refused", len * 8);
    ok(pupil_open(subkey, &place, sealed, len, out, &value) == PUPIL_OK,
       "I6: unchanged, it opens");

    pupil_key_random(&parent);
    pupil_key_random(&key);
    pupil_wrap(&parent, &what, &key, sealed);
    len = PUPIL_WRAPPED_LEN;

    for (i = 0, refused = 0; i < len * 8; i++) {
        sealed[i / 8] ^= (uint8_t) (1 << i % 8);
        refused += pupil_unwrap(&parent, &what, sealed, len, &got)
                   == PUPIL_TAMPERED;
        sealed[i / 8] ^= (uint8_t) (1 << i % 8);
    }

    ok(refused == len * 8, "I6: each of %zu flipped bits of a wrapped key is"
       " refused", len * 8);
    ok(pupil_unwrap(&parent, &what, sealed, len, &got) == PUPIL_OK
       && memcmp(&got, &key, sizeof(key)) == 0, "I6: unchanged, it unwraps");
}


static void
test_truncation(const pupil_subkey_t *subkey)
{
    size_t            i, len, n = 0;
    uint8_t           sealed[512], out[512];
    pupil_key_t       parent, key;
    pupil_str_t       value;
    pupil_place_t     place = place_make();
    pupil_wrapping_t  what = wrapping_make();

    len = pupil_seal_size(40);
    sequence(out, 0, 40);
    pupil_seal(subkey, &place, out, 40, sealed);

    for (i = 0; i < len; i++) {
        n += pupil_open(subkey, &place, tap_guarded(sealed, i), i, out,
                        &value) == PUPIL_TAMPERED;
        n += pupil_open(subkey, &place, tap_guarded(sealed + len - i, i), i,
                        out, &value) == PUPIL_TAMPERED;
    }

    ok(n == 2 * len, "a value cut at each byte, from either end: refused,"
       " nothing behind it read");

    sealed[len] = 0;
    ok(pupil_open(subkey, &place, sealed, len + 1, out, &value)
       == PUPIL_TAMPERED, "a byte too many: refused");

    pupil_key_random(&parent);
    pupil_key_random(&key);
    pupil_wrap(&parent, &what, &key, sealed);

    for (i = 0, n = 0; i < PUPIL_WRAPPED_LEN; i++) {
        n += pupil_unwrap(&parent, &what, tap_guarded(sealed, i), i, &key)
             == PUPIL_TAMPERED;
    }

    ok(n == PUPIL_WRAPPED_LEN, "a wrapped key cut at each byte: refused");

    ok(pupil_sealed_version(sealed, PUPIL_WRAPPED_LEN) == 3
       && pupil_sealed_version(tap_guarded(sealed, 5), 5) == 0
       && pupil_sealed_version(sealed, 0) == 0, "the version is read only of"
       " what has the form");
}


static void
test_moves(const pupil_subkey_t *subkey)
{
    size_t         i, len;
    uint8_t        sealed[512], out[512];
    pupil_str_t    value;
    pupil_place_t  home = place_make(), places[9];

    static const char  *what[] = {
        "tenant", "owner", "record", "category", "field", "key version",
        "boundary between category and field", "owner and record swapped",
        "tenant and owner swapped"
    };

    for (i = 0; i < 9; i++) {
        places[i] = home;
    }

    places[0].tenant.b[15] ^= 1;
    places[1].owner.b[0] ^= 1;
    places[2].record.b[7] ^= 1;
    places[3].category = str("identitx");
    places[4].field = str("given_namf");
    places[5].key_version++;
    places[6].category = str("identityg");
    places[6].field = str("iven_name");
    places[7].owner = home.record;
    places[7].record = home.owner;
    places[8].tenant = home.owner;
    places[8].owner = home.tenant;

    pupil_seal(subkey, &home, (const uint8_t *) "x", 1, sealed);
    len = pupil_seal_size(1);

    for (i = 0; i < 9; i++) {
        ok(pupil_open(subkey, &places[i], sealed, len, out, &value)
           == PUPIL_TAMPERED, "I6: moved: %s", what[i]);
    }

    /* The header says the other version as well. */

    sealed[5]++;
    ok(pupil_open(subkey, &places[5], sealed, len, out, &value)
       == PUPIL_TAMPERED, "I6: moved to another key version, header changed");
}


static void
test_key_moves(void)
{
    size_t            i, n, count;
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    pupil_key_t       parent, key, got;
    pupil_wrapping_t  homes[3], what[18];

    pupil_key_random(&parent);
    pupil_key_random(&key);

    homes[0] = wrapping_make();
    homes[1] = wrapping_make();
    homes[1].object = PUPIL_OBJECT_TENANT_KEY;
    memset(&homes[1].id, 0, sizeof(homes[1].id));
    homes[2] = homes[1];
    homes[2].object = PUPIL_OBJECT_SERVICE_KEY;
    homes[2].name = str("mac");

    for (i = 0, count = 0; i < 3; i++) {
        what[count++] = homes[i];
        what[count] = homes[i];
        what[count++].tenant.b[0] ^= 1;
        what[count] = homes[i];
        what[count++].version++;
        what[count] = homes[i];
        what[count++].parent_version++;
    }

    what[count] = homes[0];
    what[count++].id.b[3] ^= 1;
    what[count] = homes[2];
    what[count++].name = str("token");

    for (i = 0; i < 3; i++) {
        ok(pupil_wrap(&parent, &homes[i], &key, wrapped) == PUPIL_OK
           && pupil_unwrap(&parent, &homes[i], wrapped, sizeof(wrapped),
                           &got) == PUPIL_OK
           && memcmp(&key, &got, sizeof(key)) == 0,
           "a key of type %d wraps and unwraps", homes[i].object);

        for (n = 0; n < count; n++) {
            if (n == 4 * i) {
                continue;
            }

            if (pupil_unwrap(&parent, &what[n], wrapped, sizeof(wrapped),
                             &got) != PUPIL_TAMPERED)
            {
                break;
            }
        }

        ok(n == count, "I6: a wrapped key of type %d unwraps as no other"
           " type, tenant, id, name, version or parent's version",
           homes[i].object);
    }

    got.b[0] = (uint8_t) (parent.b[0] ^ 1);
    memcpy(got.b + 1, parent.b + 1, sizeof(got.b) - 1);
    ok(pupil_unwrap(&got, &homes[2], wrapped, sizeof(wrapped), &key)
       == PUPIL_TAMPERED, "I6: nor under another key");
}


/* A wrapped key must not open as a value, though both use one layout. */
static void
test_object_types(void)
{
    uint8_t           wrapped[PUPIL_WRAPPED_LEN], out[64];
    pupil_key_t       key;
    pupil_str_t       value;
    pupil_place_t     place = place_make();
    pupil_subkey_t    subkey;
    pupil_wrapping_t  what = wrapping_make();

    pupil_key_random(&key);
    pupil_wrap(&key, &what, &key, wrapped);
    pupil_subkey_derive(&key, str("owner-key"), &subkey);
    place.category = str("owner-key");
    place.key_version = what.parent_version;

    ok(pupil_open(&subkey, &place, wrapped, sizeof(wrapped), out, &value)
       == PUPIL_TAMPERED, "I6: a wrapped key does not open as a value");
}


static void
test_invalid(const pupil_subkey_t *subkey)
{
    char              name[PUPIL_NAME_MAX + 2];
    size_t            i;
    uint8_t           out[256];
    pupil_key_t       key;
    pupil_str_t       value;
    pupil_place_t     home = place_make(), p[8];
    pupil_wrapping_t  w[9], owner = wrapping_make();

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';

    for (i = 0; i < 8; i++) {
        p[i] = home;
    }

    memset(&p[0].tenant, 0, 16);
    memset(&p[1].owner, 0, 16);
    memset(&p[2].record, 0, 16);
    p[3].key_version = 0;
    p[4].category = str("");
    p[5].field = str("");
    p[6].category = str(name);
    p[7].field = str(name);

    for (i = 0; i < 8; i++) {
        ok(pupil_seal(subkey, &p[i], out, 1, out) == PUPIL_INVALID
           && pupil_open(subkey, &p[i], out, 110, out, &value)
              == PUPIL_INVALID, "I6: place %zu, incomplete or too long:"
           " refused", i);
    }

    name[PUPIL_NAME_MAX] = '\0';
    home.category = home.field = str(name);
    ok(pupil_seal(subkey, &home, (const uint8_t *) "x", 1, out) == PUPIL_OK,
       "names of 64 bytes are accepted");

    for (i = 0; i < 9; i++) {
        w[i] = owner;
    }

    memset(&w[0].tenant, 0, 16);
    memset(&w[1].id, 0, 16);
    w[2].version = 0;
    w[3].parent_version = 0;
    w[4].name = str("mac");
    w[5].object = PUPIL_OBJECT_TENANT_KEY;      /* with an id */
    w[6].object = PUPIL_OBJECT_SERVICE_KEY;     /* with an id, no name */
    w[7].object = PUPIL_OBJECT_VALUE;
    w[8].object = (pupil_object_t) 5;

    pupil_key_random(&key);

    for (i = 0; i < 9; i++) {
        ok(pupil_wrap(&key, &w[i], &key, out) == PUPIL_INVALID
           && pupil_unwrap(&key, &w[i], out, PUPIL_WRAPPED_LEN, &key)
              == PUPIL_INVALID, "I6: wrapping %zu, ids that do not fit its"
           " type: refused", i);
    }
}


/*
 * The attack that a commitment is against: Poly1305 accepts the ciphertext
 * under both keys, and the padding fits under both, so whoever hands it in
 * chooses what each reader sees.
 */
static void
test_commitment(void)
{
    int             i;
    size_t          ad_len, len;
    uint8_t         ad[256], sealed[512], out[64];
    pupil_key_t     key;
    pupil_str_t     value;
    pupil_subkey_t  subkeys[2];

    static const uint8_t  keys[2][4] = {
        { 0x00, 0x00, 0x03, 0x27 }, { 0x00, 0x00, 0x2c, 0x97 }
    };

    ad_len = hex(vec_ad, ad);
    len = hex(vec_two_keys_1, sealed);

    for (i = 0; i < 2; i++) {
        for (size_t n = 0; n < sizeof(key.b); n++) {
            key.b[n] = keys[i][n % 4];
        }

        pupil_subkey_derive(&key, str("identity"), &subkeys[i]);

        ok(crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, NULL,
               sealed + OFFSET_BODY, 32, sealed + len - 16, ad, ad_len,
               sealed + OFFSET_NONCE, subkeys[i].seal.b) == 0
           && pupil_unpad(out, 32, &value) == PUPIL_OK && value.len == 28,
           "the cipher alone opens it under key %d", i + 1);
    }

    ok(open_hex(&subkeys[0], vec_two_keys_1, out, &value) == PUPIL_OK
       && open_hex(&subkeys[1], vec_two_keys_2, out, &value) == PUPIL_OK,
       "I6: with a key's commitment it opens under that key");
    ok(open_hex(&subkeys[1], vec_two_keys_1, out, &value) == PUPIL_TAMPERED
       && open_hex(&subkeys[0], vec_two_keys_2, out, &value)
          == PUPIL_TAMPERED, "I6: and is refused under the other");
}


static void
test_random(const pupil_subkey_t *subkey)
{
    uint8_t        a[256], b[256];
    pupil_key_t    k1, k2;
    pupil_place_t  place = place_make();

    pupil_seal(subkey, &place, (const uint8_t *) "same", 4, a);
    pupil_seal(subkey, &place, (const uint8_t *) "same", 4, b);
    ok(memcmp(a + OFFSET_NONCE, b + OFFSET_NONCE, 24) != 0
       && memcmp(a + OFFSET_BODY, b + OFFSET_BODY, 32) != 0,
       "I5: the same value sealed twice shares nothing");

    pupil_key_random(&k1);
    pupil_key_random(&k2);
    ok(memcmp(&k1, &k2, sizeof(k1)) != 0 && !sodium_is_zero(k1.b, 32),
       "random keys differ");

    pupil_blind_term(&k1, str("a"), a);
    pupil_blind_term(&k1, str("a"), b);
    ok(memcmp(a, b, PUPIL_TERM_LEN) == 0, "a blind term repeats");
    pupil_blind_term(&k2, str("a"), b);
    ok(memcmp(a, b, PUPIL_TERM_LEN) != 0, "but not under another key");
}


static double
now_ns(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}


static void
bench(const pupil_subkey_t *subkey)
{
    int            i, n = 20000;
    double         start, seal, open;
    uint8_t        in[64], sealed[512], out[256];
    pupil_str_t    value;
    pupil_place_t  place = place_make();

    memset(in, 'x', sizeof(in));

    start = now_ns();
    for (i = 0; i < n; i++) {
        pupil_seal(subkey, &place, in, sizeof(in), sealed);
    }
    seal = (now_ns() - start) / n;

    start = now_ns();
    for (i = 0; i < n; i++) {
        pupil_open(subkey, &place, sealed, pupil_seal_size(sizeof(in)), out,
                   &value);
    }
    open = (now_ns() - start) / n;

    printf("# 64 bytes: seal %.0f ns, open %.0f ns\n", seal, open);
}


int
main(void)
{
    pupil_key_t     key;
    pupil_subkey_t  subkey;

    if (sodium_init() < 0) {
        return 2;
    }

    sequence(key.b, 0, sizeof(key.b));
    pupil_subkey_derive(&key, str("identity"), &subkey);

    test_known_answers(&key, &subkey);
    test_padding(&subkey);
    test_bad_padding(&subkey);
    test_flips(&subkey);
    test_truncation(&subkey);
    test_moves(&subkey);
    test_key_moves();
    test_object_types();
    test_invalid(&subkey);
    test_commitment();
    test_random(&subkey);
    bench(&subkey);

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * With a memo a hash is what it is without; only what may be kept is; and
 * keys are told apart.
 */

#include <sodium.h>

#include "core/vault/keyed.h"
#include "tap.h"


#define ENTRIES  64
#define ROUNDS   20000


static _Alignas(16) uint8_t  memory[1 << 16];


static void
hash_of(const pupil_key_t *key, const uint8_t *message, size_t len,
    size_t out_len, int keep, uint8_t *out)
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "test", out_len);

    if (keep) {
        pupil_keyed_keep(&hash);
    }

    pupil_keyed_bytes(&hash, message, len);
    pupil_keyed_end(&hash, out);
}


static int
is_in_memo(const void *bytes, size_t len)
{
    return memmem(memory, sizeof(memory), bytes, len) != NULL;
}


static void
test_same(pupil_memo_t *memo)
{
    int          i, same = 1;
    size_t       len, out_len;
    uint8_t      message[400], with[64], without[64];
    pupil_key_t  keys[3];

    randombytes_buf(keys, sizeof(keys));
    memset(message, 0, sizeof(message));

    for (i = 0; i < ROUNDS; i++) {
        len = randombytes_uniform(sizeof(message) + 1);
        out_len = 16 + randombytes_uniform(49);

        /* few messages, so that many are there */
        message[randombytes_uniform(8)] = (uint8_t) randombytes_uniform(2);

        if (i % 2) {
            len = 8 + (size_t) (i % 5) * 50;
            out_len = 32;
        }

        pupil_keyed_remember(memo);
        hash_of(&keys[i % 3], message, len, out_len, 1, with);
        pupil_keyed_remember(NULL);
        hash_of(&keys[i % 3], message, len, out_len, 1, without);

        same &= memcmp(with, without, out_len) == 0;
    }

    ok(same, "a hash is the same with a memo as without");
}


static void
test_told_apart(pupil_memo_t *memo)
{
    int             i, found;
    uint8_t         message[40], out[32], again[32];
    pupil_key_t     key, other;
    pupil_hashed_t  hashed;

    memset(message, 7, sizeof(message));
    memset(out, 1, sizeof(out));
    pupil_key_random(&key);

    hashed.key = &key;
    hashed.message = message;
    hashed.len = sizeof(message);
    hashed.out_len = sizeof(out);

    ok(!pupil_memo_get(memo, &hashed, again), "nothing is there at first");
    pupil_memo_put(memo, &hashed, out);
    ok(pupil_memo_get(memo, &hashed, again) && memcmp(out, again, 32) == 0,
       "what was kept is there");

    found = 0;
    hashed.key = &other;

    for (i = 0; i < (int) (8 * sizeof(key)); i++) {
        other = key;
        other.b[i / 8] ^= (uint8_t) (1 << i % 8);
        found |= pupil_memo_get(memo, &hashed, again);
    }

    ok(!found, "a key that differs in any bit is another");

    found = 0;
    hashed.key = &key;

    for (i = 0; i < (int) sizeof(message); i++) {
        message[i] ^= 1;
        found |= pupil_memo_get(memo, &hashed, again);
        message[i] ^= 1;
    }

    ok(!found, "a message that differs in any byte is another");

    hashed.len--;
    ok(!pupil_memo_get(memo, &hashed, again), "a shorter one, too");
    hashed.len++;
    hashed.out_len = 16;
    ok(!pupil_memo_get(memo, &hashed, again), "and a shorter hash");

    hashed.len = PUPIL_MEMO_ROOM + 1;
    hashed.out_len = 32;
    pupil_memo_put(memo, &hashed, out);
    ok(!pupil_memo_get(memo, &hashed, again), "too long a one is not kept");
}


static void
test_kept(pupil_memo_t *memo)
{
    uint8_t      open[32], secret[32], out[32];
    pupil_key_t  key;

    randombytes_buf(open, sizeof(open));
    randombytes_buf(secret, sizeof(secret));
    pupil_key_random(&key);

    pupil_keyed_remember(memo);
    hash_of(&key, open, sizeof(open), 32, 1, out);
    hash_of(&key, secret, sizeof(secret), 32, 0, out);
    pupil_keyed_remember(NULL);

    ok(is_in_memo(open, sizeof(open)), "a message that may be kept is");
    ok(!is_in_memo(secret, sizeof(secret)), "any other is not");
    ok(!is_in_memo(out, sizeof(out)), "nor its hash");
    ok(!is_in_memo(key.b, sizeof(key.b) / 2), "nor a key");
}


int
main(void)
{
    pupil_memo_t  *memo;

    if (sodium_init() < 0) {
        return 2;
    }

    ok(pupil_memo_size(ENTRIES) <= sizeof(memory), "it fits");
    memo = pupil_memo_init(memory, ENTRIES);

    test_told_apart(memo);
    test_same(memo);
    test_kept(memo);

    return tap_done();
}

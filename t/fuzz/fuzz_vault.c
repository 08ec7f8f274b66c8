/*
 * Copyright (C) the Pupil authors
 *
 * What opens stored or sent bytes: sealed values, wrapped keys, padding, key
 * files, tokens, password hashes.  The first byte chooses.  No fuzzer forges
 * a commitment: a value that opens and was not sealed here is a bug.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/login/device.h"
#include "core/login/token.h"
#include "core/vault/keyring.h"
#include "core/vault/vault.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const pupil_key_t  key = { "0123456789abcdef0123456789abcde" };

static const pupil_place_t  place = {
    .tenant = { { 1 } }, .owner = { { 2 } }, .record = { { 3 } },
    .category = pupil_str("identity"), .field = pupil_str("given_name"),
    .key_version = 7
};


static void
require(int fact)
{
    if (!fact) {
        abort();
    }
}


/* The input as it is, and sealed with one byte of it changed. */
static void
fuzz_open(const uint8_t *data, size_t size)
{
    size_t          len;
    uint8_t        *out, *sealed;
    pupil_str_t     value;
    pupil_subkey_t  subkey;

    pupil_subkey_derive(&key, place.category, &subkey);
    pupil_sealed_version(data, size);

    out = malloc(size > PUPIL_SEAL_OVERHEAD ? size - PUPIL_SEAL_OVERHEAD : 1);
    require(pupil_open(&subkey, &place, data, size, out, &value)
            == PUPIL_TAMPERED);
    free(out);

    len = pupil_seal_size(size);
    sealed = malloc(len);
    out = malloc(len - PUPIL_SEAL_OVERHEAD);
    require(pupil_seal(&subkey, &place, data, size, sealed) == PUPIL_OK);
    require(pupil_open(&subkey, &place, sealed, len, out, &value)
            == PUPIL_OK && value.len == size
            && (size == 0 || memcmp(value.data, data, size) == 0));

    sealed[size * 31 % len] ^= (uint8_t) (size != 0 && data[0] != 0
                                          ? data[0] : 1);
    require(pupil_open(&subkey, &place, sealed, len, out, &value)
            == PUPIL_TAMPERED);

    free(out);
    free(sealed);
}


static void
fuzz_unwrap(const uint8_t *data, size_t size)
{
    pupil_key_t       out;
    pupil_wrapping_t  what;

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = place.tenant;
    what.id = place.owner;
    what.version = what.parent_version = 7;

    require(pupil_unwrap(&key, &what, data, size, &out) == PUPIL_TAMPERED);
}


/* What unpads is what padding the value makes. */
static void
fuzz_unpad(const uint8_t *data, size_t size)
{
    pupil_str_t  value;

    if (pupil_unpad(data, size, &value) == PUPIL_OK) {
        require(pupil_seal_size(value.len) == size + PUPIL_SEAL_OVERHEAD
                && value.data == data + 4 && value.len + 4 <= size);
    }
}


static void
fuzz_kek(const uint8_t *data, size_t size)
{
    char           line[PUPIL_KEK_LINE_MAX];
    uint32_t       i, count, again;
    pupil_kek_t    keks[PUPIL_KEYRING_EPOCHS], kek[PUPIL_KEYRING_EPOCHS];
    pupil_error_t  error;

    if (pupil_kek_parse(data, size, "file", keks, &count, &error)
        != PUPIL_OK)
    {
        require(count == 0 && memchr(error.text, 0, sizeof(error.text)));
        return;
    }

    for (i = 0; i < count; i++) {
        require(pupil_kek_parse((uint8_t *) line,
                                pupil_kek_format(&keks[i], line), "line",
                                kek, &again, &error) == PUPIL_OK
                && again == 1
                && memcmp(&kek[0].key, &keks[i].key, PUPIL_KEY_LEN) == 0
                && kek[0].epoch == keks[i].epoch);
    }
}


/* A token has one text. */
static void
fuzz_token(const uint8_t *data, size_t size)
{
    uint8_t         token[PUPIL_TOKEN_LEN], text[PUPIL_TOKEN_TEXT_LEN];
    uint8_t         cookie[PUPIL_DEVICE_TEXT_MAX], one[PUPIL_DEVICE_ONE_LEN];
    pupil_str_t     s = { data, size };
    pupil_device_t  device;

    if (pupil_token_parse(&key, s, token) == PUPIL_OK) {
        pupil_base64url_encode(token, sizeof(token), text);
        require(size == sizeof(text) && memcmp(text, data, size) == 0);
    }

    if (pupil_device_parse(s, &device) == PUPIL_OK) {
        require(pupil_device_text(&device, cookie) == size
                && memcmp(cookie, data, size) == 0);
    }

    pupil_device_one(&key, &device, place.field, one);
    require(pupil_device_age(&key, &device, one, 20000, NULL) == -1);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(const uint8_t *, size_t) = {
        fuzz_open, fuzz_unwrap, fuzz_unpad, fuzz_kek, fuzz_token
    };

    if (sodium_init() < 0 || size == 0) {
        return 0;
    }

    targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](data + 1,
                                                              size - 1);

    return 0;
}

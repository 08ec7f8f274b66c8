/*
 * Copyright (C) the Pupil authors
 *
 * Session and CSRF tokens, buckets and fingerprints.
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/login/token.h"


/* Key 00 01 .. 1f, token 55 56 .. 6c, tag; from a second implementation. */

static const uint8_t  token_tag[PUPIL_TOKEN_TAG] = {
    0x39, 0x04, 0x91, 0xfe, 0xc7, 0xc3, 0x79, 0x26
};

static const char  token_text[] =
    "VVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsOQSR_sfDeSY";
static const char  csrf_text[] =
    "kHxpL3-mUbY7Kk8zV6uSB5E_bBwWDPr8RUwa9v4GR4I";

static const char  vec_token_hash[] =
    "80caca8696db640859aa0b478e44cfc9a5a2ca556de2aed36f53ae761fd7a195";

/* Of that hash. */
static const char  session_id[] = "84b48eb9-517c-457f-afae-32d6fe3fd633";

/* Of kind "identifier", "zoe", no device. */
static const char  vec_bucket[] =
    "aa42e38d981c09a97d3710ba42f74dd38ddc4ebe2381fd0701349d4e42516f8a";

/* Of "{}". */
static const char  vec_fingerprint[] =
    "7c2fc6075eb491289dc0360fcbe882e61cb97ff705b753db8e09042c76feface";


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static int
is_hex(const uint8_t *got, const char *want)
{
    uint8_t  bin[32];

    sodium_hex2bin(bin, sizeof(bin), want, strlen(want), NULL, NULL, NULL);

    return memcmp(got, bin, sizeof(bin)) == 0;
}


static void
test_known_answers(const pupil_key_t *key, const uint8_t *token)
{
    uint8_t       out[43], name[PUPIL_UUID_TEXT_LEN];
    pupil_uuid_t  id;

    ok(pupil_token_parse(key, str(token_text), out) == PUPIL_OK
       && memcmp(out, token, PUPIL_TOKEN_LEN) == 0,
       "known answer: a token's text");

    pupil_token_hash(key, token, out);
    ok(is_hex(out, vec_token_hash), "known answer: a token's hash");

    pupil_session_id(key, out, &id);
    pupil_uuid_format(&id, name);
    ok(memcmp(name, session_id, sizeof(name)) == 0,
       "known answer: what a session is called");

    pupil_csrf_make(key, token, out);
    ok(memcmp(out, csrf_text, PUPIL_TOKEN_TEXT_LEN) == 0,
       "known answer: a CSRF token");

    pupil_bucket_make(key, "identifier", str("zoe"), str(""), out);
    ok(is_hex(out, vec_bucket), "known answer: a bucket");

    pupil_fingerprint_make(key, str("{}"), out);
    ok(is_hex(out, vec_fingerprint), "known answer: a fingerprint");
}


/* Each other length, and each character changed to each other byte. */
static void
test_strict(const char *what, const char *good, const pupil_key_t *key,
    const uint8_t *token,
    pupil_rc_t (*check)(const pupil_key_t *, const uint8_t *, pupil_str_t))
{
    int          byte;
    size_t       i, len = strlen(good), bad = 0;
    uint8_t      text[128];
    pupil_str_t  s;

    ok(check(key, token, str(good)) == PUPIL_OK, "%s is accepted", what);

    memset(text, 'A', sizeof(text));
    memcpy(text, good, len);

    for (i = 0; i < sizeof(text); i++) {
        s.data = tap_guarded(text, i);
        s.len = i;

        if (i != len && check(key, token, s) != PUPIL_INVALID) {
            bad++;
        }
    }

    ok(bad == 0, "%s of any other length is refused", what);

    s.data = text;
    s.len = len;

    for (i = 0; i < len; i++) {
        for (byte = 0; byte < 256; byte++) {
            text[i] = (uint8_t) byte;

            if (byte != good[i] && check(key, token, s) != PUPIL_INVALID) {
                bad++;
            }
        }

        text[i] = (uint8_t) good[i];
    }

    ok(bad == 0, "%s with any byte changed is refused", what);
}


static pupil_rc_t
check_token(const pupil_key_t *key, const uint8_t *token, pupil_str_t text)
{
    uint8_t     got[PUPIL_TOKEN_LEN];
    pupil_rc_t  rc;

    memset(got, 0xee, sizeof(got));
    rc = pupil_token_parse(key, text, got);

    if (rc != PUPIL_OK) {
        return sodium_is_zero(got, sizeof(got)) ? rc : PUPIL_FAILED;
    }

    return memcmp(got, token, sizeof(got)) == 0 ? PUPIL_OK : PUPIL_FAILED;
}


static void
test_fresh(const pupil_key_t *key)
{
    uint8_t      a[32], b[32], got[32], text[43], hash[32];
    pupil_str_t  s = { text, sizeof(text) };

    pupil_token_make(key, a, text);
    ok(pupil_token_parse(key, s, got) == PUPIL_OK && memcmp(a, got, 32) == 0,
       "a new token's text is its own");
    pupil_token_make(key, b, text);
    ok(memcmp(a, b, 32) != 0, "two new tokens differ");

    /* One token, one key: the uses have nothing in common. */

    pupil_csrf_make(key, a, text);
    pupil_token_hash(key, a, got);
    sodium_base642bin(hash, sizeof(hash), (char *) text, sizeof(text), NULL,
                      NULL, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    ok(memcmp(got, hash, 32) != 0,
       "I18: a CSRF token is not the hash in the database");
    ok(pupil_token_parse(key, s, got) == PUPIL_INVALID, "nor a token");
    ok(pupil_csrf_check(key, b, s) == PUPIL_INVALID,
       "a CSRF token of another session is refused");
    memcpy(text, token_text, sizeof(text));
    ok(pupil_csrf_check(key, a, s) == PUPIL_INVALID,
       "nor is the session token itself one");
}


static void
test_keys(const pupil_key_t *key, const uint8_t *token)
{
    uint8_t      a[43], b[43];
    pupil_key_t  other = *key;

    other.b[0] ^= 1;

    pupil_token_hash(key, token, a);
    pupil_token_hash(&other, token, b);
    ok(memcmp(a, b, 32) != 0, "I18: a token's hash depends on the key");
    ok(pupil_token_parse(&other, str(token_text), a) == PUPIL_INVALID,
       "a token depends on the key");
    ok(pupil_csrf_check(&other, token, str(csrf_text)) == PUPIL_INVALID,
       "a CSRF token depends on the key");

    pupil_bucket_make(key, "identifier", str("zoe"), str(""), a);
    pupil_bucket_make(&other, "identifier", str("zoe"), str(""), b);
    ok(memcmp(a, b, 32) != 0, "a bucket depends on the key");
    pupil_bucket_make(key, "identifier", str("zoe"), str("a device"), b);
    ok(memcmp(a, b, 32) != 0, "a known device has a bucket of its own");
    pupil_bucket_make(key, "network", str("zoe"), str(""), b);
    ok(memcmp(a, b, 32) != 0, "so has each kind");
    pupil_bucket_make(key, "identifierz", str("oe"), str(""), b);
    ok(memcmp(a, b, 32) != 0, "and kind and name do not run together");
}


int
main(void)
{
    size_t       i;
    uint8_t      token[PUPIL_TOKEN_LEN];
    pupil_key_t  key;

    if (sodium_init() < 0) {
        return 2;
    }

    for (i = 0; i < sizeof(key.b); i++) {
        key.b[i] = (uint8_t) i;
        token[i] = (uint8_t) (0x55 + i);
    }

    memcpy(token + PUPIL_TOKEN_RANDOM, token_tag, sizeof(token_tag));

    test_known_answers(&key, token);
    test_strict("a session token", token_text, &key, token, check_token);
    test_strict("a CSRF token", csrf_text, &key, token, pupil_csrf_check);
    test_fresh(&key);
    test_keys(&key, token);

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * Everything derived from the key "token" has a label of its own, so that a
 * CSRF token, which scripts may read, says nothing of the hash in the
 * database, and neither of a device cookie.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/login/token.h"
#include "core/vault/keyed.h"


static void pupil_token_tag(const pupil_key_t *key,
    const uint8_t token[PUPIL_TOKEN_LEN], uint8_t tag[PUPIL_HASH_LEN]);
static void pupil_csrf_derive(const pupil_key_t *key,
    const uint8_t token[PUPIL_TOKEN_LEN], uint8_t csrf[PUPIL_TOKEN_LEN]);
static pupil_rc_t pupil_token_decode(pupil_str_t text, uint8_t *out,
    size_t size);


void
pupil_token_make(const pupil_key_t *key, uint8_t token[PUPIL_TOKEN_LEN],
    uint8_t text[PUPIL_TOKEN_TEXT_LEN])
{
    uint8_t  tag[PUPIL_HASH_LEN];

    randombytes_buf(token, PUPIL_TOKEN_RANDOM);
    pupil_token_tag(key, token, tag);
    memcpy(token + PUPIL_TOKEN_RANDOM, tag, PUPIL_TOKEN_TAG);
    pupil_base64url_encode(token, PUPIL_TOKEN_LEN, text);

    sodium_memzero(tag, sizeof(tag));
    pupil_stack_wipe();
}


pupil_rc_t
pupil_token_parse(const pupil_key_t *key, pupil_str_t text,
    uint8_t token[PUPIL_TOKEN_LEN])
{
    uint8_t     tag[PUPIL_HASH_LEN];
    pupil_rc_t  rc;

    rc = pupil_token_decode(text, token, PUPIL_TOKEN_LEN);

    if (rc == PUPIL_OK) {
        pupil_token_tag(key, token, tag);

        if (sodium_memcmp(tag, token + PUPIL_TOKEN_RANDOM, PUPIL_TOKEN_TAG)
            != 0)
        {
            sodium_memzero(token, PUPIL_TOKEN_LEN);
            rc = PUPIL_INVALID;
        }

        sodium_memzero(tag, sizeof(tag));
    }

    pupil_stack_wipe();

    return rc;
}


void
pupil_token_hash(const pupil_key_t *key, const uint8_t token[PUPIL_TOKEN_LEN],
    uint8_t out[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.session.v1", PUPIL_HASH_LEN);
    pupil_keyed_bytes(&hash, token, PUPIL_TOKEN_LEN);
    pupil_keyed_end(&hash, out);
    pupil_stack_wipe();
}


void
pupil_session_id(const pupil_key_t *key, const uint8_t hash[PUPIL_HASH_LEN],
    pupil_uuid_t *id)
{
    uint8_t        name[PUPIL_HASH_LEN];
    pupil_keyed_t  keyed;

    pupil_keyed_begin(&keyed, key, "pupil.session.id.v1", PUPIL_HASH_LEN);
    pupil_keyed_bytes(&keyed, hash, PUPIL_HASH_LEN);
    pupil_keyed_end(&keyed, name);
    pupil_stack_wipe();

    pupil_uuid_of(name, id);
}


void
pupil_csrf_make(const pupil_key_t *key, const uint8_t token[PUPIL_TOKEN_LEN],
    uint8_t text[PUPIL_TOKEN_TEXT_LEN])
{
    uint8_t  csrf[PUPIL_TOKEN_LEN];

    pupil_csrf_derive(key, token, csrf);
    pupil_base64url_encode(csrf, sizeof(csrf), text);

    sodium_memzero(csrf, sizeof(csrf));
    pupil_stack_wipe();
}


pupil_rc_t
pupil_csrf_check(const pupil_key_t *key, const uint8_t token[PUPIL_TOKEN_LEN],
    pupil_str_t text)
{
    uint8_t     made[PUPIL_TOKEN_LEN], sent[PUPIL_TOKEN_LEN];
    pupil_rc_t  rc;

    rc = pupil_token_decode(text, sent, sizeof(sent));

    if (rc == PUPIL_OK) {
        pupil_csrf_derive(key, token, made);

        if (sodium_memcmp(made, sent, sizeof(made)) != 0) {
            rc = PUPIL_INVALID;
        }

        sodium_memzero(made, sizeof(made));
    }

    sodium_memzero(sent, sizeof(sent));
    pupil_stack_wipe();

    return rc;
}


void
pupil_bucket_make(const pupil_key_t *key, const char *kind, pupil_str_t what,
    pupil_str_t device, uint8_t bucket[PUPIL_HASH_LEN])
{
    pupil_str_t    name = { (const uint8_t *) kind, strlen(kind) };
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.bucket.v1", PUPIL_HASH_LEN);
    pupil_keyed_str(&hash, name);
    pupil_keyed_str(&hash, what);
    pupil_keyed_str(&hash, device);
    pupil_keyed_end(&hash, bucket);
    pupil_stack_wipe();
}


void
pupil_there_make(const pupil_key_t *key, const char *claim,
    pupil_str_t issuer, pupil_str_t name, uint8_t out[PUPIL_HASH_LEN])
{
    pupil_str_t    what = { (const uint8_t *) claim, strlen(claim) };
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.there.v1", PUPIL_HASH_LEN);
    pupil_keyed_str(&hash, what);
    pupil_keyed_str(&hash, issuer);
    pupil_keyed_str(&hash, name);
    pupil_keyed_end(&hash, out);
    pupil_stack_wipe();
}


void
pupil_support_hash(const pupil_key_t *key, const pupil_uuid_t *grant,
    uint8_t out[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.support.v1", PUPIL_HASH_LEN);
    pupil_keyed_uuid(&hash, grant);
    pupil_keyed_end(&hash, out);
    pupil_stack_wipe();
}


void
pupil_fingerprint_make(const pupil_key_t *key, pupil_str_t content,
    uint8_t out[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.fingerprint.v1", PUPIL_HASH_LEN);
    pupil_keyed_str(&hash, content);
    pupil_keyed_end(&hash, out);
    pupil_stack_wipe();
}


/* Its first PUPIL_TOKEN_TAG bytes follow what is random. */
static void
pupil_token_tag(const pupil_key_t *key, const uint8_t token[PUPIL_TOKEN_LEN],
    uint8_t tag[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.session.tag.v1", PUPIL_HASH_LEN);
    pupil_keyed_bytes(&hash, token, PUPIL_TOKEN_RANDOM);
    pupil_keyed_end(&hash, tag);
}


static void
pupil_csrf_derive(const pupil_key_t *key,
    const uint8_t token[PUPIL_TOKEN_LEN], uint8_t csrf[PUPIL_TOKEN_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.csrf.v1", PUPIL_TOKEN_LEN);
    pupil_keyed_bytes(&hash, token, PUPIL_TOKEN_LEN);
    pupil_keyed_end(&hash, csrf);
}


/* Exactly size bytes in base64url; out is wiped otherwise. */
static pupil_rc_t
pupil_token_decode(pupil_str_t text, uint8_t *out, size_t size)
{
    size_t  written;

    if (text.len == PUPIL_BASE64URL_LEN(size)
        && pupil_base64url_decode(text.data, text.len, out, size, &written)
           == PUPIL_OK
        && written == size)
    {
        return PUPIL_OK;
    }

    sodium_memzero(out, size);

    return PUPIL_INVALID;
}

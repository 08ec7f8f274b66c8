/*
 * Copyright (C) the Pupil authors
 *
 * The text of a share:
 *
 *     pupil-kek-share-v1
 *     set UUID
 *     needs 3 of 5
 *     share 2
 *     data HEX
 *     proof HEX
 *     check HEX
 *
 * The check is SHA-256 of all above it: it finds what was misread, by which
 * share.  The proof is keyed by the secret, and found wrong once that is there.
 */

#include <sodium.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/vault/keyed.h"
#include "core/vault/share.h"


#define PUPIL_SHARE_CHECK_LEN  (6 + 2 * crypto_hash_sha256_BYTES + 1)


static pupil_rc_t pupil_share_fields(const char *p, pupil_share_t *share);
static const char *pupil_share_word(const char *p, const char *word);
static const char *pupil_share_number(const char *p, uint32_t *number);
static const char *pupil_share_bytes(const char *p, uint8_t *out, size_t size,
    size_t *len);
static size_t pupil_share_hex(char *out, const char *name,
    const uint8_t *bytes, size_t len);


size_t
pupil_share_format(const pupil_share_t *share, char out[PUPIL_SHARE_TEXT_MAX])
{
    char     *p;
    uint8_t   set[PUPIL_UUID_TEXT_LEN], check[crypto_hash_sha256_BYTES];

    pupil_uuid_format(&share->set, set);

    p = out;
    p += snprintf(p, PUPIL_SHARE_TEXT_MAX, "pupil-kek-share-v1\nset %.*s\n"
                  "needs %u of %u\nshare %u\n", (int) sizeof(set),
                  (const char *) set, share->needs, share->of, share->number);
    p += pupil_share_hex(p, "data ", share->data, share->len);
    p += pupil_share_hex(p, "proof ", share->proof, sizeof(share->proof));

    crypto_hash_sha256(check, (const uint8_t *) out, (size_t) (p - out));
    p += pupil_share_hex(p, "check ", check, sizeof(check));
    *p = '\0';

    return (size_t) (p - out);
}


/* name HEX and a newline. */
static size_t
pupil_share_hex(char *out, const char *name, const uint8_t *bytes, size_t len)
{
    size_t  n;

    n = strlen(name);
    memcpy(out, name, n);
    n += pupil_hex_encode(bytes, len, (uint8_t *) out + n);
    out[n++] = '\n';

    return n;
}


pupil_rc_t
pupil_share_parse(pupil_str_t text, pupil_share_t *share)
{
    char    copy[PUPIL_SHARE_TEXT_MAX], again[PUPIL_SHARE_TEXT_MAX];
    int     same, whole;
    size_t  len;

    if (text.len >= sizeof(copy) || text.len <= PUPIL_SHARE_CHECK_LEN) {
        return PUPIL_INVALID;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    if (pupil_share_fields(copy, share) != PUPIL_OK) {
        sodium_memzero(copy, sizeof(copy));
        return PUPIL_INVALID;
    }

    /* what says the same in other words is none, but for its check */
    len = pupil_share_format(share, again);
    same = len == text.len
           && memcmp(again, copy, len - PUPIL_SHARE_CHECK_LEN) == 0;
    whole = same && memcmp(again, copy, len) == 0;

    sodium_memzero(copy, sizeof(copy));
    sodium_memzero(again, sizeof(again));

    return whole ? PUPIL_OK : same ? PUPIL_TAMPERED : PUPIL_INVALID;
}


static pupil_rc_t
pupil_share_fields(const char *p, pupil_share_t *share)
{
    size_t  len;

    p = pupil_share_word(p, "pupil-kek-share-v1\nset ");

    if (p == NULL || strlen(p) < PUPIL_UUID_TEXT_LEN
        || pupil_uuid_parse((const uint8_t *) p, PUPIL_UUID_TEXT_LEN,
                            &share->set) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    p = pupil_share_word(p + PUPIL_UUID_TEXT_LEN, "\nneeds ");
    p = pupil_share_number(p, &share->needs);
    p = pupil_share_word(p, " of ");
    p = pupil_share_number(p, &share->of);
    p = pupil_share_word(p, "\nshare ");
    p = pupil_share_number(p, &share->number);
    p = pupil_share_word(p, "\ndata ");
    p = pupil_share_bytes(p, share->data, sizeof(share->data), &share->len);
    p = pupil_share_word(p, "\nproof ");
    p = pupil_share_bytes(p, share->proof, sizeof(share->proof), &len);

    return p != NULL && share->len != 0 && len == sizeof(share->proof)
           && share->needs >= 2 && share->needs <= share->of
           && share->of <= PUPIL_SHARES_MAX
           && share->number >= 1 && share->number <= share->of
           ? PUPIL_OK : PUPIL_INVALID;
}


/* What is behind the word; NULL, as for NULL, where it does not stand. */
static const char *
pupil_share_word(const char *p, const char *word)
{
    size_t  len = strlen(word);

    return p != NULL && strncmp(p, word, len) == 0 ? p + len : NULL;
}


/* At most three digits. */
static const char *
pupil_share_number(const char *p, uint32_t *number)
{
    const char  *end;

    *number = 0;

    if (p == NULL) {
        return NULL;
    }

    for (end = p; end < p + 3 && pupil_is_digit((uint8_t) *end); end++) {
        *number = *number * 10 + (uint32_t) (*end - '0');
    }

    return end != p ? end : NULL;
}


static const char *
pupil_share_bytes(const char *p, uint8_t *out, size_t size, size_t *len)
{
    size_t  digits;

    *len = 0;

    if (p == NULL) {
        return NULL;
    }

    digits = strspn(p, "0123456789abcdef");

    return pupil_hex_decode((const uint8_t *) p, digits, out, size, len)
           == PUPIL_OK ? p + digits : NULL;
}


void
pupil_share_prove(const pupil_share_t *share, pupil_str_t secret,
    uint8_t proof[PUPIL_HASH_LEN])
{
    pupil_key_t    key;
    pupil_str_t    data = { share->data, share->len };
    pupil_keyed_t  hash;

    crypto_generichash(key.b, sizeof(key.b), secret.data, secret.len, NULL, 0);

    pupil_keyed_begin(&hash, &key, "pupil.kek.share.v1", PUPIL_HASH_LEN);
    pupil_keyed_uuid(&hash, &share->set);
    pupil_keyed_u32(&hash, share->needs);
    pupil_keyed_u32(&hash, share->of);
    pupil_keyed_u32(&hash, share->number);
    pupil_keyed_str(&hash, data);
    pupil_keyed_end(&hash, proof);

    sodium_memzero(&key, sizeof(key));
    pupil_stack_wipe();
}

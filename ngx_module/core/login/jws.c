/*
 * Copyright (C) the Pupil authors
 *
 * libcjose checks signatures; which key may check which is decided here, by
 * the key's own words and never by the token's.
 *
 * It ends the process by an assertion where base64url is not as it must be: so
 * it sees nothing of a provider's but what was decoded here before.
 */

#include <stdio.h>
#include <string.h>

#include <cjose/cjose.h>

#include "core/base/text.h"
#include "core/json/json_tree.h"
#include "core/login/jws.h"


#define JWS_PARTS       3
#define JWS_HEADER_MAX  1024    /* bytes, decoded */
#define JWK_MEMBER_MAX  1024    /* bytes: an RSA modulus of 8192 bits */


typedef struct {
    const char  *name;
    const char  *kty;       /* of the keys that it goes with */
} jws_alg_t;

/* A number of a key, in base64url. */
typedef struct {
    const char  *name;
    size_t       min, max;  /* bytes */
} jwk_member_t;

/* A kind of key, and what is handed on of it. */
typedef struct {
    const char    *kty;
    const char    *crv;     /* NULL: it has none */
    const char    *format;
    jwk_member_t   members[2];
} jwk_kind_t;

/* What of a header decides. */
typedef struct {
    uint32_t     alg;       /* of jws_algs */
    pupil_str_t  kid;       /* without data when there is none */
} jws_header_t;


static uint32_t jwk_algs(const pupil_json_t *json, uint32_t node);
static int jwk_is(const pupil_json_t *json, uint32_t node, const char *name,
    const char *value);
static pupil_rc_t jwk_import(const pupil_alloc_t *alloc,
    const pupil_json_t *json, uint32_t node, void **key);
static const jwk_kind_t *jwk_kind(const pupil_json_t *json, uint32_t node);
static int jwk_member(const pupil_json_t *json, uint32_t node,
    const jwk_member_t *member, pupil_str_t *text);
static pupil_rc_t jws_parts(const pupil_alloc_t *alloc, pupil_str_t token);
static pupil_rc_t jws_header(const pupil_alloc_t *alloc, pupil_str_t token,
    jws_header_t *header, const char **why);
static pupil_rc_t jws_header_read(const pupil_alloc_t *alloc,
    const pupil_json_t *json, jws_header_t *header, const char **why);
static int jws_fits(const pupil_jwks_t *jwks, uint32_t i,
    const jws_header_t *header);
static pupil_rc_t jws_check(const pupil_alloc_t *alloc, const pupil_jwk_t *key,
    pupil_str_t token, pupil_str_t *payload);


static const jws_alg_t  jws_algs[] = {
    { "RS256", "RSA" },
    { "PS256", "RSA" },
    { "ES256", "EC" }
};

#define JWS_ALGS  (sizeof(jws_algs) / sizeof(jws_algs[0]))

/* On P-256 alone; RSA of 2048 bits at least. */
static const jwk_kind_t  jwk_kinds[] = {
    { .kty = "RSA",
      .format = "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%.*s\"}",
      .members = { { "n", 2048 / 8, JWK_MEMBER_MAX }, { "e", 1, 8 } } },
    { .kty = "EC", .crv = "P-256",
      .format = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\","
                "\"y\":\"%.*s\"}",
      .members = { { "x", 32, 32 }, { "y", 32, 32 } } }
};

#define JWK_KINDS  (sizeof(jwk_kinds) / sizeof(jwk_kinds[0]))

static const pupil_json_limits_t  jwks_limits = { .max_depth = 8,
                                                  .max_nodes = 4096 };
static const pupil_json_limits_t  header_limits = { .max_depth = 4,
                                                    .max_nodes = 64 };


pupil_rc_t
pupil_jwks_parse(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_jwks_t *out, const char **why)
{
    uint32_t       keys, node;
    pupil_rc_t     rc;
    pupil_jwk_t   *jwk;
    pupil_json_t   json;

    memset(out, 0, sizeof(pupil_jwks_t));
    *why = "the set of keys is no JSON of its kind";

    if (text.len > PUPIL_JWKS_MAX) {
        return PUPIL_INVALID;
    }

    rc = pupil_json_parse(alloc, text.data, text.len, &jwks_limits, &json,
                          NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    keys = pupil_json_member(&json, 0, "keys");

    if (keys == PUPIL_JSON_NONE
        || pupil_json_type(&json, keys) != PUPIL_JSON_ARRAY)
    {
        return PUPIL_INVALID;
    }

    for (node = pupil_json_first(&json, keys);
         node != PUPIL_JSON_NONE && out->count < PUPIL_JWKS_KEYS;
         node = pupil_json_next(&json, node))
    {
        jwk = &out->keys[out->count];
        memset(jwk, 0, sizeof(pupil_jwk_t));

        jwk->algs = jwk_algs(&json, node);
        if (jwk->algs == 0) {
            continue;
        }

        (void) pupil_json_string(&json, pupil_json_member(&json, node, "kid"),
                                 alloc, &jwk->kid);

        rc = jwk_import(alloc, &json, node, &jwk->key);

        if (rc == PUPIL_NO_MEMORY) {
            pupil_jwks_release(out);
            return rc;
        }

        out->count += rc == PUPIL_OK;
    }

    if (out->count == 0) {
        *why = "the set has no key that can be used";
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}


void
pupil_jwks_release(pupil_jwks_t *jwks)
{
    uint32_t  i;

    for (i = 0; i < jwks->count; i++) {
        cjose_jwk_release(jwks->keys[i].key);
    }

    jwks->count = 0;
}


/* What a key is for: 0 when it is for nothing that we do. */
static uint32_t
jwk_algs(const pupil_json_t *json, uint32_t node)
{
    uint32_t  i, algs;

    if (pupil_json_member(json, node, "use") != PUPIL_JSON_NONE
        && !jwk_is(json, node, "use", "sig"))
    {
        return 0;
    }

    algs = 0;

    for (i = 0; i < JWS_ALGS; i++) {
        if (jwk_is(json, node, "kty", jws_algs[i].kty)
            && (pupil_json_member(json, node, "alg") == PUPIL_JSON_NONE
                || jwk_is(json, node, "alg", jws_algs[i].name)))
        {
            algs |= UINT32_C(1) << i;
        }
    }

    return algs;
}


static int
jwk_is(const pupil_json_t *json, uint32_t node, const char *name,
    const char *value)
{
    return pupil_json_text_is(json, pupil_json_member(json, node, name),
                              value);
}


/* PUPIL_INVALID: it is no key that is used. */
static pupil_rc_t
jwk_import(const pupil_alloc_t *alloc, const pupil_json_t *json,
    uint32_t node, void **key)
{
    int                len;
    char              *text;
    size_t             size;
    cjose_err          error;
    pupil_str_t        one, two;
    const jwk_kind_t  *kind;

    kind = jwk_kind(json, node);

    if (kind == NULL || !jwk_member(json, node, &kind->members[0], &one)
        || !jwk_member(json, node, &kind->members[1], &two))
    {
        return PUPIL_INVALID;
    }

    size = strlen(kind->format) + one.len + two.len;

    text = alloc->alloc(alloc->ctx, size);
    if (text == NULL) {
        return PUPIL_NO_MEMORY;
    }

    len = snprintf(text, size, kind->format, (int) one.len, one.data,
                   (int) two.len, two.data);

    *key = cjose_jwk_import(text, (size_t) len, &error);

    return *key != NULL ? PUPIL_OK : PUPIL_INVALID;
}


static const jwk_kind_t *
jwk_kind(const pupil_json_t *json, uint32_t node)
{
    size_t             i;
    const jwk_kind_t  *kind;

    for (i = 0; i < JWK_KINDS; i++) {
        kind = &jwk_kinds[i];

        if (jwk_is(json, node, "kty", kind->kty)
            && (kind->crv == NULL || jwk_is(json, node, "crv", kind->crv)))
        {
            return kind;
        }
    }

    return NULL;
}


static int
jwk_member(const pupil_json_t *json, uint32_t node,
    const jwk_member_t *member, pupil_str_t *text)
{
    size_t    len;
    uint8_t   bytes[JWK_MEMBER_MAX];
    uint32_t  at;

    at = pupil_json_member(json, node, member->name);

    if (at == PUPIL_JSON_NONE
        || pupil_json_type(json, at) != PUPIL_JSON_STRING)
    {
        return 0;
    }

    *text = pupil_json_raw(json, at);
    text->data++;                            /* the quotes */
    text->len -= 2;

    return pupil_base64url_decode(text->data, text->len, bytes, member->max,
                                  &len) == PUPIL_OK
           && len >= member->min;
}


pupil_rc_t
pupil_jws_verify(const pupil_alloc_t *alloc, const pupil_jwks_t *jwks,
    pupil_str_t token, pupil_str_t *payload, const char **why)
{
    uint32_t      i;
    pupil_rc_t    rc;
    jws_header_t  header;

    rc = jws_header(alloc, token, &header, why);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = jws_parts(alloc, token);
    if (rc != PUPIL_OK) {
        *why = "it is no signed token";
        return rc;
    }

    *why = "no key of the provider goes with it";
    rc = PUPIL_NO_KEY;

    for (i = 0; i < jwks->count; i++) {

        if (!jws_fits(jwks, i, &header)) {
            continue;
        }

        rc = jws_check(alloc, &jwks->keys[i], token, payload);
        if (rc != PUPIL_INVALID) {
            return rc;
        }

        *why = "its signature is wrong";
    }

    return rc;
}


static pupil_rc_t
jws_header(const pupil_alloc_t *alloc, pupil_str_t token,
    jws_header_t *header, const char **why)
{
    size_t          len;
    uint8_t        *data;
    pupil_rc_t      rc;
    pupil_json_t    json;
    const uint8_t  *dot;

    *why = "it is no signed token";

    dot = token.len == 0 || token.len > PUPIL_JWS_MAX
          ? NULL : memchr(token.data, '.', token.len);

    if (dot == NULL || PUPIL_BASE64URL_BYTES((size_t) (dot - token.data))
                       > JWS_HEADER_MAX)
    {
        return PUPIL_INVALID;
    }

    data = alloc->alloc(alloc->ctx, JWS_HEADER_MAX);
    if (data == NULL) {
        return PUPIL_NO_MEMORY;
    }

    if (pupil_base64url_decode(token.data, (size_t) (dot - token.data), data,
                               JWS_HEADER_MAX, &len) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    rc = pupil_json_parse(alloc, data, len, &header_limits, &json, NULL);

    return rc == PUPIL_OK ? jws_header_read(alloc, &json, header, why) : rc;
}


/* Three parts in base64url, and none of them empty. */
static pupil_rc_t
jws_parts(const pupil_alloc_t *alloc, pupil_str_t token)
{
    size_t          i, size, written;
    uint8_t        *scratch;
    const uint8_t  *p, *end, *last;

    size = PUPIL_BASE64URL_BYTES(token.len);

    scratch = alloc->alloc(alloc->ctx, size);
    if (scratch == NULL) {
        return PUPIL_NO_MEMORY;
    }

    last = token.data + token.len;

    for (i = 0, p = token.data; i < JWS_PARTS; i++, p = end + 1) {

        end = i == JWS_PARTS - 1 ? last : memchr(p, '.', (size_t) (last - p));

        if (end == NULL || end == p
            || pupil_base64url_decode(p, (size_t) (end - p), scratch, size,
                                      &written) != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


/*
 * Keys that a header brings along (jwk, jku, x5u) are not looked at.  What it
 * marks as critical we do not know: RFC 7515 section 4.1.11.
 */
static pupil_rc_t
jws_header_read(const pupil_alloc_t *alloc, const pupil_json_t *json,
    jws_header_t *header, const char **why)
{
    uint32_t    node;
    pupil_rc_t  rc;

    memset(header, 0, sizeof(jws_header_t));

    if (pupil_json_member(json, 0, "crit") != PUPIL_JSON_NONE) {
        *why = "it has a critical header that nobody knows here";
        return PUPIL_INVALID;
    }

    node = pupil_json_member(json, 0, "kid");

    if (node != PUPIL_JSON_NONE) {
        rc = pupil_json_string(json, node, alloc, &header->kid);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    node = pupil_json_member(json, 0, "alg");
    *why = "its algorithm is not one of RS256, PS256 and ES256";

    for (header->alg = 0; header->alg < JWS_ALGS; header->alg++) {
        if (pupil_json_text_is(json, node, jws_algs[header->alg].name)) {
            return PUPIL_OK;
        }
    }

    return PUPIL_INVALID;
}


/* A token without a name goes with the only key there is. */
static int
jws_fits(const pupil_jwks_t *jwks, uint32_t i, const jws_header_t *header)
{
    const pupil_jwk_t  *key;

    key = &jwks->keys[i];

    if (!(key->algs & UINT32_C(1) << header->alg)) {
        return 0;
    }

    if (header->kid.data == NULL) {
        return jwks->count == 1;
    }

    return key->kid.data != NULL && key->kid.len == header->kid.len
           && memcmp(key->kid.data, header->kid.data, key->kid.len) == 0;
}


static pupil_rc_t
jws_check(const pupil_alloc_t *alloc, const pupil_jwk_t *key,
    pupil_str_t token, pupil_str_t *payload)
{
    size_t        len;
    uint8_t      *data, *copy;
    cjose_err     error;
    pupil_rc_t    rc;
    cjose_jws_t  *jws;

    jws = cjose_jws_import((const char *) token.data, token.len, &error);

    if (jws == NULL) {
        return error.code == CJOSE_ERR_NO_MEMORY ? PUPIL_NO_MEMORY
                                                 : PUPIL_INVALID;
    }

    rc = PUPIL_INVALID;

    if (cjose_jws_verify(jws, key->key, &error)
        && cjose_jws_get_plaintext(jws, &data, &len, &error))
    {
        copy = alloc->alloc(alloc->ctx, len + 1);
        rc = copy == NULL ? PUPIL_NO_MEMORY : PUPIL_OK;

        if (copy != NULL) {
            memcpy(copy, data, len);
            payload->data = copy;
            payload->len = len;
        }
    }

    cjose_jws_release(jws);

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 *
 * What providers and browsers bring to a log-in: the first byte says which
 * parser gets the rest.  What is accepted must be fit to be sent on; no token
 * is believed, as nobody has the key.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/login/claims.h"
#include "core/login/jws.h"
#include "core/login/oidc.h"


#define check(what)                                                          \
    if (!(what)) {                                                           \
        fprintf(stderr, "line %d: %s\n", __LINE__, #what);                   \
        abort();                                                             \
    }


typedef struct {
    size_t  used;
    union {
        max_align_t  align;
        uint8_t      bytes[1 << 22];
    } room;
} heap_t;

typedef void (*target_pt)(const pupil_alloc_t *alloc, pupil_str_t in);


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Of two keys whose private halves nobody kept. */
static const char  keys[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\",\"x\":"
    "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":"
    "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"},{\"kty\":\"RSA\","
    "\"kid\":\"r\",\"e\":\"AQAB\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2"
    "aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok"
    "njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvzqx"
    "Y368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-b"
    "FTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw"
    "apJzKnqDKgw\"}]}";


static void *
heap_alloc(void *ctx, size_t size)
{
    void    *p;
    heap_t  *heap = ctx;

    size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    if (size > sizeof(heap->room.bytes) - heap->used) {
        return NULL;
    }

    p = heap->room.bytes + heap->used;
    heap->used += size;

    return p;
}


static int
is_printable(pupil_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return 0;
        }
    }

    return 1;
}


static void
fuzz_answer(const pupil_alloc_t *alloc, pupil_str_t in)
{
    const char           *why;
    pupil_oidc_answer_t   out;

    if (pupil_oidc_answer(alloc, in, &out, &why) == PUPIL_OK) {
        check(out.state.len != 0 && out.state.len <= PUPIL_FLOW_WORD_LEN);
        check((out.code.len == 0) != (out.error.len == 0));
        check(out.code.len <= PUPIL_CODE_MAX);
        check(is_printable(out.code) && is_printable(out.state));
    }
}


static void
fuzz_discovery(const pupil_alloc_t *alloc, pupil_str_t in)
{
    const char         *why;
    pupil_discovery_t   out;

    static const pupil_str_t  issuer = pupil_str("https://a.example");

    if (pupil_oidc_discovery(alloc, in, issuer, &out, &why) == PUPIL_OK) {
        check(pupil_oidc_origin(out.authorize).len != 0);
        check(out.end.len == 0 || pupil_oidc_origin(out.end).len != 0);
        check(out.token.data[0] == '/' && out.jwks.data[0] == '/');
        check(is_printable(out.authorize) && is_printable(out.token));
    }
}


static void
fuzz_tokens(const pupil_alloc_t *alloc, pupil_str_t in)
{
    const char      *why;
    pupil_tokens_t   out;

    (void) pupil_oidc_tokens(alloc, in, &out, &why);
}


static void
fuzz_jwks(const pupil_alloc_t *alloc, pupil_str_t in)
{
    uint32_t       i;
    const char    *why;
    pupil_jwks_t   out;

    if (pupil_jwks_parse(alloc, in, &out, &why) == PUPIL_OK) {
        check(out.count != 0 && out.count <= PUPIL_JWKS_KEYS);

        for (i = 0; i < out.count; i++) {
            check(out.keys[i].algs != 0 && out.keys[i].key != NULL);
        }

        pupil_jwks_release(&out);
    }
}


static void
fuzz_token(const pupil_alloc_t *alloc, pupil_str_t in)
{
    const char    *why;
    pupil_str_t    payload;
    pupil_jwks_t   jwks;

    static const pupil_str_t  text = { (const uint8_t *) keys,
                                       sizeof(keys) - 1 };

    check(pupil_jwks_parse(alloc, text, &jwks, &why) == PUPIL_OK);
    check(jwks.count == 2);
    check(pupil_jws_verify(alloc, &jwks, in, &payload, &why) != PUPIL_OK);
    pupil_jwks_release(&jwks);
}


static void
fuzz_claims(const pupil_alloc_t *alloc, pupil_str_t in)
{
    const char               *why;
    pupil_str_t               out;
    pupil_json_t              json;
    pupil_claims_names_t      names;
    pupil_account_rules_t     rules;
    pupil_claims_expected_t   expected;

    static const pupil_str_t  text = pupil_str("a");
    static const pupil_str_t  profile = pupil_str("uni-login");

    memset(&expected, 0, sizeof(pupil_claims_expected_t));
    expected.issuer = expected.client = expected.nonce = text;
    expected.access_token = text;
    expected.now = 1000;
    expected.begun = 1000;

    if (pupil_claims_read(alloc, in, &json, &why) != PUPIL_OK) {
        return;
    }

    (void) pupil_claims_check(&json, &expected, &why);

    (void) pupil_claims_check_logout(&json, &expected, &why);
    (void) pupil_claims_names(alloc, &json, &names);

    memset(&rules, 0, sizeof(pupil_account_rules_t));
    rules.profile = pupil_profile_find(profile);
    rules.prefix = rules.loa = rules.schools = text;

    if (pupil_claims_account(alloc, &json, &rules, &out, &why) == PUPIL_OK) {
        check(out.len > 1 && out.len <= PUPIL_ACCOUNT_MAX);
    }
}


static const target_pt  targets[] = {
    fuzz_answer, fuzz_discovery, fuzz_tokens, fuzz_jwks, fuzz_token, fuzz_claims
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pupil_str_t    in;
    pupil_alloc_t  alloc;

    static heap_t  heap;

    if (size == 0) {
        return 0;
    }

    heap.used = 0;
    alloc.alloc = heap_alloc;
    alloc.ctx = &heap;
    in.data = data + 1;
    in.len = size - 1;

    targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](&alloc, in);

    return 0;
}

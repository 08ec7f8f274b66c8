/*
 * Copyright (C) the Pupil authors
 *
 * Each check is a row; the first that fails says why.
 */

#include <string.h>

#include <sodium.h>

#include "pupil_plugin.h"
#include "core/base/text.h"
#include "core/login/claims.h"


#define CLAIMS_AUDIENCES  8
#define CLAIMS_DIGITS     12    /* of a time in seconds */
#define CLAIMS_NAME_MAX   255   /* OpenID Connect Core section 2: of sub */
#define AT_HASH_LEN       16    /* the left half of SHA-256 */


typedef int (*claim_check_pt)(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);

typedef struct {
    const char      *name;
    claim_check_pt   check;     /* of PUPIL_JSON_NONE as well: it is absent */
    const char      *why;
} claim_t;

static int claim_iss(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_aud(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_azp(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_exp(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_iat(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_nbf(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_nonce(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_name(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_auth_time(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_at_hash(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_iat_logout(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_events(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_none(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_sub_logout(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static int claim_sid_logout(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected);
static pupil_rc_t claims_check(const pupil_json_t *json, const claim_t *rows,
    size_t count, const pupil_claims_expected_t *expected, const char **why);
static pupil_rc_t claim_text(const pupil_alloc_t *alloc,
    const pupil_json_t *json, const char *name, pupil_str_t *out);
static int claim_time(const pupil_json_t *json, uint32_t node, int64_t *out);


static const claim_t  claims[] = {
    { "iss", claim_iss, "it is of another issuer" },
    { "aud", claim_aud, "it is not for this client" },
    { "azp", claim_azp, "it was given to another client" },
    { "exp", claim_exp, "it has expired" },
    { "iat", claim_iat, "it is not of the time of this log-in" },
    { "nbf", claim_nbf, "it is not valid yet" },
    { "nonce", claim_nonce, "it is of another log-in" },
    { "sub", claim_name, "it is about nobody" },
    { "auth_time", claim_auth_time, "somebody logged in too long ago" },
    { "at_hash", claim_at_hash, "it came with another access token" }
};

static const claim_t  logout_claims[] = {
    { "iss", claim_iss, "it is of another issuer" },
    { "aud", claim_aud, "it is not for this client" },
    { "exp", claim_exp, "it has expired" },
    { "iat", claim_iat_logout, "it is not of now" },
    { "nbf", claim_nbf, "it is not valid yet" },
    { "jti", claim_name, "it has no name, by which it would count once" },
    { "events", claim_events, "it is no log-out" },
    { "nonce", claim_none, "it is an ID token, as it has a nonce" },
    { "sub", claim_sub_logout, "its sub is no name" },
    { "sid", claim_sid_logout, "it names nobody, or its sid is no name" }
};

static const char  logout_event[] =
    "http://schemas.openid.net/event/backchannel-logout";

static const pupil_json_limits_t  claims_limits = { .max_depth = 8,
                                                    .max_nodes = 1024 };


pupil_rc_t
pupil_claims_read(const pupil_alloc_t *alloc, pupil_str_t payload,
    pupil_json_t *json, const char **why)
{
    pupil_rc_t  rc;

    *why = "its claims are no JSON object, or one is there twice";

    rc = pupil_json_parse(alloc, payload.data, payload.len, &claims_limits,
                          json, NULL);

    if (rc == PUPIL_OK && pupil_json_type(json, 0) != PUPIL_JSON_OBJECT) {
        return PUPIL_INVALID;
    }

    return rc;
}


pupil_rc_t
pupil_claims_check(const pupil_json_t *json,
    const pupil_claims_expected_t *expected, const char **why)
{
    return claims_check(json, claims, PUPIL_COUNT(claims), expected, why);
}


pupil_rc_t
pupil_claims_check_logout(const pupil_json_t *json,
    const pupil_claims_expected_t *expected, const char **why)
{
    return claims_check(json, logout_claims, PUPIL_COUNT(logout_claims),
                        expected, why);
}


static pupil_rc_t
claims_check(const pupil_json_t *json, const claim_t *rows, size_t count,
    const pupil_claims_expected_t *expected, const char **why)
{
    size_t  i;

    for (i = 0; i < count; i++) {
        if (!rows[i].check(json, pupil_json_member(json, 0, rows[i].name),
                           expected))
        {
            *why = rows[i].why;
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_claims_names(const pupil_alloc_t *alloc, const pupil_json_t *json,
    pupil_claims_names_t *out)
{
    pupil_rc_t  rc;

    rc = claim_text(alloc, json, "sid", &out->session);

    if (rc == PUPIL_OK) {
        rc = claim_text(alloc, json, "sub", &out->subject);
    }

    if (rc == PUPIL_OK) {
        rc = claim_text(alloc, json, "jti", &out->token);
    }

    return rc;
}


int64_t
pupil_claims_proved(const pupil_json_t *json)
{
    int64_t  at;

    return claim_time(json, pupil_json_member(json, 0, "auth_time"), &at)
           ? at : 0;
}


static pupil_rc_t
claim_text(const pupil_alloc_t *alloc, const pupil_json_t *json,
    const char *name, pupil_str_t *out)
{
    uint32_t  node;

    node = pupil_json_member(json, 0, name);
    memset(out, 0, sizeof(pupil_str_t));

    return claim_name(json, node, NULL)
           ? pupil_json_string(json, node, alloc, out) : PUPIL_OK;
}


static int
claim_iss(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    return pupil_json_is(json, node, expected->issuer);
}


/* A text, or a list of few texts, one of which is ours. */
static int
claim_aud(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    int       found;
    uint32_t  n, element;

    if (node == PUPIL_JSON_NONE
        || pupil_json_type(json, node) != PUPIL_JSON_ARRAY)
    {
        return pupil_json_is(json, node, expected->client);
    }

    found = 0;
    n = 0;

    for (element = pupil_json_first(json, node); element != PUPIL_JSON_NONE;
         element = pupil_json_next(json, element))
    {
        if (++n > CLAIMS_AUDIENCES
            || pupil_json_type(json, element) != PUPIL_JSON_STRING)
        {
            return 0;
        }

        found = found || pupil_json_is(json, element, expected->client);
    }

    return found;
}


/* Must be there when the token is for others as well. */
static int
claim_azp(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    uint32_t  aud, first;

    if (node != PUPIL_JSON_NONE) {
        return pupil_json_is(json, node, expected->client);
    }

    aud = pupil_json_member(json, 0, "aud");
    first = pupil_json_first(json, aud);

    return pupil_json_type(json, aud) != PUPIL_JSON_ARRAY
           || pupil_json_next(json, first) == PUPIL_JSON_NONE;
}


static int
claim_exp(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    int64_t  exp;

    return claim_time(json, node, &exp)
           && expected->now < exp + PUPIL_CLAIMS_SKEW;
}


/* Made for this log-in: not before it was begun. */
static int
claim_iat(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    int64_t  iat;

    return claim_time(json, node, &iat)
           && iat >= expected->begun - PUPIL_CLAIMS_SKEW
           && iat <= expected->now + PUPIL_CLAIMS_SKEW;
}


static int
claim_nbf(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    int64_t  nbf;

    return node == PUPIL_JSON_NONE
           || (claim_time(json, node, &nbf)
               && nbf <= expected->now + PUPIL_CLAIMS_SKEW);
}


static int
claim_nonce(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    return pupil_json_is(json, node, expected->nonce);
}


/* Somebody's or something's, at the issuer. */
static int
claim_name(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    pupil_str_t  raw;

    (void) expected;

    if (node == PUPIL_JSON_NONE
        || pupil_json_type(json, node) != PUPIL_JSON_STRING)
    {
        return 0;
    }

    raw = pupil_json_raw(json, node);

    return raw.len > 2 && raw.len <= CLAIMS_NAME_MAX + 2;
}


static int
claim_auth_time(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    int64_t  at;

    if (node == PUPIL_JSON_NONE) {
        return expected->max_age == 0;
    }

    return claim_time(json, node, &at)
           && at <= expected->now + PUPIL_CLAIMS_SKEW
           && (expected->max_age == 0
               || at >= expected->begun - expected->max_age
                        - PUPIL_CLAIMS_SKEW);
}


static int
claim_at_hash(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    uint8_t      hash[crypto_hash_sha256_BYTES];
    uint8_t      text[PUPIL_BASE64URL_LEN(AT_HASH_LEN)];
    pupil_str_t  made;

    if (node == PUPIL_JSON_NONE || expected->access_token.len == 0) {
        return 1;
    }

    crypto_hash_sha256(hash, expected->access_token.data,
                       expected->access_token.len);

    made.data = text;
    made.len = pupil_base64url_encode(hash, AT_HASH_LEN, text);

    return pupil_json_is(json, node, made);
}


/*
 * Told at once; so who has one that was on its way has it for minutes, and what
 * says that it was used may be forgotten after a day.
 */
static int
claim_iat_logout(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    int64_t  iat;

    return claim_time(json, node, &iat)
           && iat >= expected->now - PUPIL_LOGOUT_AGE - PUPIL_CLAIMS_SKEW
           && iat <= expected->now + PUPIL_CLAIMS_SKEW;
}


static int
claim_events(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    uint32_t  event;

    (void) expected;

    if (node == PUPIL_JSON_NONE
        || pupil_json_type(json, node) != PUPIL_JSON_OBJECT)
    {
        return 0;
    }

    event = pupil_json_member(json, node, logout_event);

    return event != PUPIL_JSON_NONE
           && pupil_json_type(json, event) == PUPIL_JSON_OBJECT;
}


static int
claim_none(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    (void) json;
    (void) expected;

    return node == PUPIL_JSON_NONE;
}


static int
claim_sub_logout(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    return node == PUPIL_JSON_NONE || claim_name(json, node, expected);
}


/* One of both must be there. */
static int
claim_sid_logout(const pupil_json_t *json, uint32_t node,
    const pupil_claims_expected_t *expected)
{
    return node == PUPIL_JSON_NONE
           ? pupil_json_member(json, 0, "sub") != PUPIL_JSON_NONE
           : claim_name(json, node, expected);
}


/* Whole seconds; a fraction is dropped, an exponent or a sign refused. */
static int
claim_time(const pupil_json_t *json, uint32_t node, int64_t *out)
{
    size_t       i;
    pupil_str_t  raw;

    if (node == PUPIL_JSON_NONE
        || pupil_json_type(json, node) != PUPIL_JSON_NUMBER)
    {
        return 0;
    }

    raw = pupil_json_raw(json, node);
    *out = 0;

    for (i = 0; i < raw.len && pupil_is_digit(raw.data[i]); i++) {
        if (i == CLAIMS_DIGITS) {
            return 0;
        }

        *out = *out * 10 + (raw.data[i] - '0');
    }

    return i == raw.len || (i != 0 && raw.data[i] == '.'
                            && memchr(raw.data, 'e', raw.len) == NULL
                            && memchr(raw.data, 'E', raw.len) == NULL);
}

/*
 * Copyright (C) the Pupil authors
 *
 * Log-ins at a provider: tokens and their keys, claims, flows, and what is
 * sent.  Tokens are made by libcjose; each refusal is a row.
 */

#include <cjose/cjose.h>
#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/login/claims.h"
#include "core/login/jws.h"
#include "core/login/oidc.h"


#define NOW  INT64_C(1800000000)


static tap_arena_t          arena;
static const pupil_alloc_t  alloc = { tap_arena_alloc, &arena };

static cjose_jwk_t  *rsa, *other, *ec, *oct;


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_str_t
bytes(const uint8_t *data, size_t len)
{
    pupil_str_t  s = { data, len };

    return s;
}


static int
is(pupil_str_t got, const char *want)
{
    return pupil_str_is(got, want);
}


/* ---- tokens and keys ---- */


static char *
sign(cjose_jwk_t *key, const char *alg, const char *kid, const char *payload)
{
    cjose_err        err;
    const char      *text;
    cjose_jws_t     *jws;
    cjose_header_t  *header;

    header = cjose_header_new(&err);
    cjose_header_set(header, CJOSE_HDR_ALG, alg, &err);

    if (kid != NULL) {
        cjose_header_set(header, CJOSE_HDR_KID, kid, &err);
    }

    jws = cjose_jws_sign(key, header, (const uint8_t *) payload,
                         strlen(payload), &err);

    if (jws == NULL || !cjose_jws_export(jws, &text, &err)) {
        printf("Bail out! a token cannot be signed: %s\n", err.message);
        exit(1);
    }

    text = strdup(text);
    cjose_jws_release(jws);
    cjose_header_release(header);

    return (char *) text;
}


/* The public half, with members put in behind its first brace. */
static char *
jwk_of(cjose_jwk_t *key, const char *members)
{
    char       *json, *out;
    size_t      size;
    cjose_err   err;

    json = cjose_jwk_to_json(key, false, &err);
    size = strlen(json) + strlen(members) + 2;
    out = malloc(size);
    snprintf(out, size, "{%s%s", members, json + 1);
    free(json);

    return out;
}


static char *
set_of(const char *a, const char *b)
{
    char    *out;
    size_t   size;

    size = strlen(a) + strlen(b) + 32;
    out = malloc(size);
    snprintf(out, size, "{\"keys\":[%s%s%s]}", a, *b != '\0' ? "," : "", b);

    return out;
}


static pupil_rc_t
verify(const char *keys, const char *token, pupil_str_t *payload)
{
    pupil_rc_t     rc;
    const char    *why;
    pupil_jwks_t   jwks;

    rc = pupil_jwks_parse(&alloc, str(keys), &jwks, &why);
    if (rc != PUPIL_OK) {
        return PUPIL_FAILED;
    }

    rc = pupil_jws_verify(&alloc, &jwks, str(token), payload, &why);
    pupil_jwks_release(&jwks);

    return rc;
}


static void
test_accepted(void)
{
    size_t        i;
    char         *keys;
    pupil_str_t   payload;

    static const struct {
        const char  *alg, *kid;
        int          ec;
    } rows[] = {
        { "RS256", "r", 0 }, { "PS256", "r", 0 }, { "ES256", "e", 1 }
    };

    keys = set_of(jwk_of(rsa, "\"kid\":\"r\",\"use\":\"sig\","),
                  jwk_of(ec, "\"kid\":\"e\","));

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ok(verify(keys, sign(rows[i].ec ? ec : rsa, rows[i].alg, rows[i].kid,
                             "{\"a\":1}"), &payload) == PUPIL_OK
           && is(payload, "{\"a\":1}"), "a token by %s", rows[i].alg);
    }

    keys = set_of(jwk_of(rsa, ""), "");
    ok(verify(keys, sign(rsa, "RS256", NULL, "{}"), &payload) == PUPIL_OK,
       "without a key's name, by the only key");
}


static void
test_refused(void)
{
    size_t       i;
    char        *one, *good, *bad;
    pupil_str_t  payload;

    one = jwk_of(rsa, "\"kid\":\"r\",");
    good = sign(rsa, "RS256", "r", "{\"a\":1}");

    bad = strdup(good);
    i = strlen(bad) - 20;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';

    const struct {
        const char  *keys, *token, *name;
        pupil_rc_t   rc;
    } rows[] = {
        { set_of(one, ""), bad, "a signature that was changed",
          PUPIL_INVALID },
        { set_of(one, ""), sign(other, "RS256", "r", "{}"),
          "another's signature", PUPIL_INVALID },
        { set_of(one, ""), sign(rsa, "RS256", "x", "{}"),
          "an unknown key", PUPIL_NO_KEY },
        { set_of(one, jwk_of(other, "\"kid\":\"o\",")),
          sign(rsa, "RS256", NULL, "{}"), "no name, of two keys",
          PUPIL_NO_KEY },
        { set_of(one, ""), sign(oct, "HS256", "r", "{}"), "HS256",
          PUPIL_INVALID },
        { set_of(one, ""), sign(rsa, "RS512", "r", "{}"), "RS512",
          PUPIL_INVALID },
        { set_of(one, ""), "eyJhbGciOiJub25lIn0.e30.", "alg none",
          PUPIL_INVALID },
        { set_of(one, ""), "eyJhbGciOiJub25lIn0.e30", "two parts",
          PUPIL_INVALID },
        { set_of(one, ""), "", "nothing", PUPIL_INVALID },
        { set_of(one, ""), "eyJhbGciOiJSUzI1NiIsImFsZyI6IlJTMjU2In0.e30.AA",
          "alg twice", PUPIL_INVALID },
        { set_of(one, ""),
          "eyJhbGciOiJSUzI1NiIsImNyaXQiOlsiYiJdfQ.e30.AA",
          "a critical header", PUPIL_INVALID },
        { set_of(jwk_of(ec, "\"kid\":\"r\","), ""), good,
          "a key of another kind", PUPIL_NO_KEY },
        { set_of(jwk_of(rsa, "\"kid\":\"r\",\"alg\":\"PS256\","), one), good,
          "a key that another one of that name goes with", PUPIL_OK },
        { set_of(jwk_of(rsa, "\"kid\":\"r\",\"alg\":\"PS256\","), ""), good,
          "a key for another algorithm", PUPIL_NO_KEY },
        { set_of(jwk_of(rsa, "\"kid\":\"r\",\"use\":\"enc\","), ""), good,
          "a set with keys for encryption alone", PUPIL_FAILED },
        { set_of("{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"r\"}", ""), good,
          "a set with shared keys alone", PUPIL_FAILED },
        { "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", good,
          "a short key", PUPIL_FAILED },
        { "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKU"
          "SDii11ySs35=6iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHu"
          "hp7x8PxltmWWlbbM4IFyM\"}]}", good, "a key with padding within",
          PUPIL_FAILED },
        { set_of(one, ""), "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.e=0.AAAA",
          "a payload with padding within", PUPIL_INVALID },
        { set_of(one, ""), "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.e30.A=A=",
          "a signature with padding within", PUPIL_INVALID },
        { set_of(one, ""), "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.e30.AA.AA",
          "four parts", PUPIL_INVALID },
        { set_of(one, ""), "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.e30.",
          "no signature", PUPIL_INVALID },
        { "{\"keys\":{}}", good, "no list of keys", PUPIL_FAILED },
        { "[]", good, "no object", PUPIL_FAILED }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ok(verify(rows[i].keys, rows[i].token, &payload) == rows[i].rc,
           "keys and tokens: %s", rows[i].name);
    }
}


/* ---- claims ---- */


static const char  claims[] =
    "{\"iss\":\"https://idp.example/r\",\"aud\":\"us\",\"sub\":\"s\","
    "\"exp\":1800000300,\"iat\":1799999999,\"nonce\":\"n\"";

/* What follows takes the place of what it names, or is added. */
static const struct {
    const char  *without, *with;
    int          fits;
} claim_rows[] = {
    { "", "", 1 },
    { "\"iss\":\"https://idp.example/r\",", "", 0 },
    { "https://idp.example/r", "https://idp.example/r/", 0 },
    { "\"aud\":\"us\",", "", 0 },
    { "\"us\"", "\"them\"", 0 },
    { "\"us\"", "[\"us\"]", 1 },
    { "\"us\"", "[]", 0 },
    { "\"us\"", "[\"them\"],\"azp\":\"us\"", 0 },
    { "\"us\"", "[\"us\",\"them\"]", 0 },
    { "\"us\"", "[\"us\",\"them\"],\"azp\":\"us\"", 1 },
    { "\"us\"", "[\"us\",\"them\"],\"azp\":\"them\"", 0 },
    { "\"us\"", "[\"us\",7],\"azp\":\"us\"", 0 },
    { "\"us\"", "[\"us\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"],"
                "\"azp\":\"us\"", 0 },
    { "\"us\"", "\"us\",\"azp\":\"them\"", 0 },
    { "\"us\"", "\"us\",\"aud\":\"us\"", 0 },
    { "\"exp\":1800000300,", "", 0 },
    { "1800000300", "1799999941", 1 },
    { "1800000300", "1799999940", 0 },
    { "1800000300", "\"1800000300\"", 0 },
    { "1800000300", "18000003000000", 0 },
    { "1800000300", "1.8e9", 0 },
    { "1800000300", "-1", 0 },
    { "1800000300", "1800000300.5", 1 },
    { ",\"iat\":1799999999", "", 0 },
    { "1799999999", "1800000060", 1 },
    { "1799999999", "1800000061", 0 },
    { "1799999999", "1799999930", 1 },
    { "1799999999", "1799999929", 0 },
    { "\"n\"", "\"n\",\"nbf\":1800000061", 0 },
    { "\"n\"", "\"n\",\"nbf\":1800000060", 1 },
    { ",\"nonce\":\"n\"", "", 0 },
    { "\"n\"", "\"m\"", 0 },
    { "\"n\"", "null", 0 },
    { "\"sub\":\"s\",", "", 0 },
    { "\"s\"", "\"\"", 0 },
    { "\"s\"", "1", 0 },
    { "\"n\"", "\"n\",\"auth_time\":1800000100", 0 },
    { "\"n\"", "\"n\",\"at_hash\":\"wrong\"", 0 },
    { "\"n\"", "\"n\",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"", 1 },
    { "https://idp.example/r", "https:\\/\\/idp.example\\/r", 1 },
    { "https://idp.example/r", "https:\\/\\/idp.example\\/s", 0 },
    { "\"us\"", "[\"them\",\"\\u0075s\"],\"azp\":\"u\\u0073\"", 1 },
    { "\"us\"", "\"\\u0075\"", 0 },
    { "\"us\"", "\"\\u0075ss\"", 0 },
    { "\"us\"", "\"us\\u0000\"", 0 },
    { "\"us\"", "[\"us\",\"\\ud800\"],\"azp\":\"us\"", 0 }
};


/* A text with one of its parts replaced. */
static char *
replaced(const char *text, const char *without, const char *with)
{
    char        *out;
    size_t       size;
    const char  *at;

    at = *without == '\0' ? text + strlen(text) : strstr(text, without);

    if (at == NULL) {
        printf("Bail out! no %s in %s\n", without, text);
        exit(1);
    }

    size = strlen(text) + strlen(with) + 2;
    out = malloc(size);
    snprintf(out, size, "%.*s%s%s}", (int) (at - text), text, with,
             at + strlen(without));

    return out;
}


static void
test_claims(void)
{
    size_t                   i;
    char                    *text;
    pupil_rc_t               rc;
    const char              *why;
    pupil_json_t             json;
    pupil_claims_expected_t  expected;

    memset(&expected, 0, sizeof(expected));
    expected.issuer = str("https://idp.example/r");
    expected.client = str("us");
    expected.nonce = str("n");
    expected.access_token = str("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    expected.now = NOW;
    expected.begun = NOW - 10;

    for (i = 0; i < sizeof(claim_rows) / sizeof(claim_rows[0]); i++) {
        text = replaced(claims, claim_rows[i].without, claim_rows[i].with);
        rc = pupil_claims_read(&alloc, str(text), &json, &why);

        if (rc == PUPIL_OK) {
            rc = pupil_claims_check(&json, &expected, &why);
        }

        ok(rc == (claim_rows[i].fits ? PUPIL_OK : PUPIL_INVALID),
           "claims: %s for %s", claim_rows[i].with, claim_rows[i].without);
    }

    expected.max_age = 100;
    (void) pupil_claims_read(&alloc, str(replaced(claims, "", "")), &json,
                             &why);
    ok(pupil_claims_check(&json, &expected, &why) == PUPIL_INVALID,
       "claims: a maximal age needs auth_time");

    (void) pupil_claims_read(&alloc, str(replaced(claims, "",
                             ",\"auth_time\":1799999800")), &json, &why);
    ok(pupil_claims_check(&json, &expected, &why) == PUPIL_INVALID,
       "claims: a password of too long ago");

    (void) pupil_claims_read(&alloc, str(replaced(claims, "",
                             ",\"auth_time\":1799999950")), &json, &why);
    ok(pupil_claims_check(&json, &expected, &why) == PUPIL_OK,
       "claims: a recent password");
}


static void
test_profiles(void)
{
    size_t                  i;
    pupil_rc_t              rc;
    const char             *why;
    pupil_str_t             name;
    pupil_json_t            json;
    pupil_account_rules_t   rules;

    static const struct {
        const char  *profile, *claims, *loa, *want;
    } rows[] = {
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Elev\"}", "",
          "p:u1" },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Medarbejder\"}",
          "", "p:u1" },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Ekstern\"}", "",
          "p:u1" },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Kontaktperson\"}",
          "", NULL },
        { "uni-login", "{\"uniid\":\"u1\"}", "", NULL },
        { "uni-login", "{\"aktoer_gruppe\":\"Elev\"}", "", NULL },
        { "uni-login", "{\"sub\":\"u1\",\"aktoer_gruppe\":\"Elev\"}", "",
          NULL },
        { "uni-login", "{\"uniid\":\"\",\"aktoer_gruppe\":\"Elev\"}", "",
          NULL },
        { "uni-login", "{\"uniid\":[\"u1\"],\"aktoer_gruppe\":\"Elev\"}", "",
          NULL },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Elev\","
          "\"unilogin_loa\":\"ToFaktor\"}", "Hoej,ToFaktor", "p:u1" },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Elev\","
          "\"unilogin_loa\":\"EnFaktor\"}", "Hoej,ToFaktor", NULL },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"Elev\"}",
          "ToFaktor", NULL },
        { "uni-login", "{\"uniid\":\"u1\",\"aktoer_gruppe\":\"\\u0045lev\","
          "\"unilogin_loa\":\"H\\u00f8j\"}", "Lav,H\xc3\xb8j", "p:u1" },
        { "eppn", "{\"eppn\":\"a@b.se\",\"acr\":\"http://loa2\"}",
          "http://loa2", "p:a@b.se" },
        { "eppn", "{\"eppn\":\"a@b.se\"}", "http://loa2", NULL },
        { "sub", "{\"sub\":\"x\"}", "", "p:x" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) pupil_claims_read(&alloc, str(rows[i].claims), &json, &why);
        memset(&rules, 0, sizeof(pupil_account_rules_t));
        rules.profile = pupil_profile_find(str(rows[i].profile));
        rules.prefix = str("p:");
        rules.loa = str(rows[i].loa);

        rc = pupil_claims_account(&alloc, &json, &rules, &name, &why);

        ok(rows[i].want == NULL ? rc == PUPIL_INVALID
                                : rc == PUPIL_OK && is(name, rows[i].want),
           "profiles: %s %s", rows[i].profile, rows[i].claims);
    }

    ok(pupil_profile_same(pupil_profile_find(str("sub")), str("a"), str("a"))
       && !pupil_profile_same(pupil_profile_find(str("sub")), str("a"),
                              str("A"))
       && pupil_profile_same(pupil_profile_find(str("eppn")), str("a"),
                             str("A")), "profiles: spellings");
    ok(pupil_profile_find(str("nobody")) == NULL, "profiles: an unknown one");
}


/* ---- flows, and what is sent ---- */


static void
test_flows(void)
{
    uint8_t             text[PUPIL_FLOW_TEXT_LEN];
    pupil_key_t         key;
    pupil_str_t         cookie = { text, sizeof(text) };
    pupil_flow_t        flow, again;
    pupil_flow_words_t  words, others;

    memset(&key, 7, sizeof(key));
    pupil_flow_make(NOW, &flow, text);

    ok(pupil_flow_parse(cookie, NOW + PUPIL_FLOW_LIFETIME, &again) == PUPIL_OK
       && memcmp(flow.secret, again.secret, sizeof(flow.secret)) == 0
       && again.begun == NOW, "flows: a cookie says what was made");
    ok(pupil_flow_parse(cookie, NOW + PUPIL_FLOW_LIFETIME + 1, &again)
       == PUPIL_INVALID, "flows: not for ever");
    ok(pupil_flow_parse(cookie, NOW - 61, &again) == PUPIL_INVALID,
       "flows: not before it was made");
    cookie.len--;
    ok(pupil_flow_parse(cookie, NOW, &again) == PUPIL_INVALID,
       "flows: not a part of it");

    pupil_flow_words(&key, str("a"), &flow, &words);
    ok(pupil_flow_is(&words, bytes(words.state, 43))
       && !pupil_flow_is(&words, bytes(words.nonce, 43))
       && !pupil_flow_is(&words, bytes(words.state, 42)),
       "flows: its state, and nothing else");

    pupil_flow_words(&key, str("b"), &flow, &others);
    ok(!pupil_flow_is(&others, bytes(words.state, 43)),
       "flows: not at another provider");

    flow.begun++;
    pupil_flow_words(&key, str("a"), &flow, &others);
    ok(!pupil_flow_is(&others, bytes(words.state, 43)),
       "flows: whose time nobody moves");
}


static void
test_requests(void)
{
    pupil_str_t          got;
    pupil_discovery_t    provider;
    pupil_flow_words_t   words;
    pupil_oidc_client_t  client;

    memset(&client, 0, sizeof(client));
    memset(&provider, 0, sizeof(provider));
    memset(words.state, 's', 43);
    memset(words.nonce, 'n', 43);
    memcpy(words.verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43);

    provider.authorize = str("https://idp.example/a?x=1");
    client.client = str("us & co");
    client.scope = str("openid");

    got = pupil_oidc_authorize(&alloc, &client, &provider, &words,
                               str("https://s.example/v1/login/a/callback"),
                               0);
    ok(is(got, "https://idp.example/a?x=1&response_type=code&client_id=us%20%26"
          "%20co&redirect_uri=https%3A%2F%2Fs.example%2Fv1%2Flogin%2Fa%2F"
          "callback&scope=openid"
          "&state=sssssssssssssssssssssssssssssssssssssssssss"
          "&nonce=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
          "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
          "&code_challenge_method=S256"),
       "requests: to the provider, with RFC 7636's own challenge");

    client.form_post = 1;
    client.max_age = 60;
    client.acr = str("high");
    provider.authorize = str("https://idp.example/a");
    got = pupil_oidc_authorize(&alloc, &client, &provider, &words, str("r"), 0);
    ok(got.len > 80 && memcmp(got.data, "https://idp.example/a?response_type=",
                              36) == 0
       && memcmp(got.data + got.len - 55,
                 "=S256&response_mode=form_post&acr_values=high&max_age=60"
                 + 1, 55) == 0, "requests: what a directive asks for");

    client.prompt = str("select_account");
    got = pupil_oidc_authorize(&alloc, &client, &provider, &words, str("r"), 1);
    ok(got.len > 80
       && memcmp(got.data + got.len - 39,
                 "&acr_values=high&max_age=0&prompt=login", 39) == 0,
       "requests: again, of whoever is logged in");

    got = pupil_oidc_logout(&alloc, &client, str("https://idp.example/e"),
                            str("https://s.example/"));
    ok(is(got, "https://idp.example/e?client_id=us%20%26%20co"
          "&post_logout_redirect_uri=https%3A%2F%2Fs.example%2F"),
       "requests: to log out there");

    client.client = str("us");
    client.secret = str("s=1");
    got = pupil_oidc_token_request(&alloc, &client, &words, str("c/d"),
                                   str("r"));
    ok(is(got, "grant_type=authorization_code&code=c%2Fd&redirect_uri=r"
          "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
          "&client_id=us&client_secret=s%3D1"), "requests: for tokens");
}


static void
test_answers(void)
{
    size_t               i;
    pupil_rc_t           rc;
    const char          *why;
    pupil_str_t          again;
    pupil_oidc_answer_t  out;

    static const struct {
        const char  *form;
        int          fits;
    } rows[] = {
        { "code=c&state=s", 1 },
        { "state=s&code=c&session_state=1&x", 1 },
        { "error=access_denied&state=s", 1 },
        { "c%6Fde=c&state=%73", 1 },
        { "code=c&state=s&", 1 },
        { "", 0 },
        { "code=c", 0 },
        { "state=s", 0 },
        { "code=c&error=e&state=s", 0 },
        { "code=c&state=s&state=s", 0 },
        { "code=c&c%6fde=c&state=s", 0 },
        { "code=c&state=s&iss=a&iss=a", 0 },
        { "code=%&state=s", 0 },
        { "code=%0a&state=s", 0 },
        { "code=%c3%a6&state=s", 0 },
        { "code&state=s", 0 },
        { "code=c&state=ssssssssssssssssssssssssssssssssssssssssssss", 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = pupil_oidc_answer(&alloc, str(rows[i].form), &out, &why);
        ok(rc == (rows[i].fits ? PUPIL_OK : PUPIL_INVALID),
           "answers: \"%s\"", rows[i].form);
    }

    (void) pupil_oidc_answer(&alloc, str("c%6Fde=%3B%20%22%26&state=s&x=1"),
                             &out, &why);
    again = pupil_oidc_answer_form(&alloc, &out);
    ok(is(again, "code=%3B%20%22%26&state=s"), "answers: one is a form again");
}


#define DISCOVERY(issuer, authorize, token, jwks)                             \
    "{\"issuer\":\"" issuer "\",\"authorization_endpoint\":\"" authorize      \
    "\",\"token_endpoint\":\"" token "\",\"jwks_uri\":\"" jwks "\"}"
#define IDP  "https://idp.example"

static void
test_discovery(void)
{
    size_t             i;
    pupil_rc_t         rc;
    const char        *why;
    pupil_str_t        path;
    pupil_discovery_t  out;

    static const struct {
        const char  *text;
        int          fits;
    } rows[] = {
        { DISCOVERY(IDP "/r", IDP "/a", IDP "/t", IDP "/k"), 1 },
        { DISCOVERY(IDP "/r", "https://other.example/a", IDP "/t", IDP "/k"),
          1 },
        { DISCOVERY(IDP "/r/", IDP "/a", IDP "/t", IDP "/k"), 0 },
        { DISCOVERY(IDP, IDP "/a", IDP "/t", IDP "/k"), 0 },
        { DISCOVERY(IDP "/r", "http://idp.example/a", IDP "/t", IDP "/k"), 0 },
        { DISCOVERY(IDP "/r", "javascript:x", IDP "/t", IDP "/k"), 0 },
        { DISCOVERY(IDP "/r", IDP "/a", "https://other.example/t", IDP "/k"),
          0 },
        { DISCOVERY(IDP "/r", IDP "/a", IDP ":444/t", IDP "/k"), 0 },
        { DISCOVERY(IDP "/r", IDP "/a", IDP "/t", "https://x@idp.example/k"),
          0 },
        { DISCOVERY(IDP "/r", IDP "/a", IDP, IDP "/k"), 0 },
        { DISCOVERY(IDP "/r", IDP "/a b", IDP "/t", IDP "/k"), 0 },
        { DISCOVERY(IDP "/r", IDP "/a\\r\\nX:", IDP "/t", IDP "/k"), 0 },
        { "{}", 0 },
        { "[", 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = pupil_oidc_discovery(&alloc, str(rows[i].text), str(IDP "/r"),
                                  &out, &why);
        ok(rc == (rows[i].fits ? PUPIL_OK : PUPIL_INVALID),
           "discovery: %s", rows[i].text);
    }

    (void) pupil_oidc_discovery(&alloc, str(rows[0].text), str(IDP "/r"), &out,
                                &why);
    ok(is(out.token, "/t") && is(out.jwks, "/k") && is(out.authorize, IDP "/a"),
       "discovery: paths of what we ask, the URL of what browsers are sent to");

    path = pupil_oidc_well_known(&alloc, str(IDP "/r"));
    ok(is(path, "/r/.well-known/openid-configuration"),
       "discovery: where it is");
    path = pupil_oidc_well_known(&alloc, str(IDP "/"));
    ok(is(path, "/.well-known/openid-configuration"),
       "discovery: of an issuer with a slash");
}


static void
test_tokens(void)
{
    const char      *why;
    pupil_tokens_t   out;

    ok(pupil_oidc_tokens(&alloc, str("{\"id_token\":\"a.b.c\","
                         "\"access_token\":\"t\",\"token_type\":\"Bearer\"}"),
                         &out, &why) == PUPIL_OK
       && is(out.id_token, "a.b.c") && is(out.access_token, "t"),
       "tokens: both");
    ok(pupil_oidc_tokens(&alloc, str("{\"access_token\":\"t\"}"), &out, &why)
       == PUPIL_INVALID, "tokens: no ID token");
    ok(pupil_oidc_tokens(&alloc, str("{\"id_token\":\"a\",\"id_token\":\"a\"}"),
                         &out, &why) == PUPIL_INVALID, "tokens: one twice");
    ok(pupil_oidc_tokens(&alloc, str("{\"id_token\":1}"), &out, &why)
       == PUPIL_INVALID, "tokens: a number");
}


int
main(void)
{
    cjose_err  err;

    if (sodium_init() < 0) {
        return 1;
    }

    rsa = cjose_jwk_create_RSA_random(2048, NULL, 0, &err);
    other = cjose_jwk_create_RSA_random(2048, NULL, 0, &err);
    ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
    oct = cjose_jwk_create_oct_random(256, &err);

    test_accepted();
    test_refused();
    test_claims();
    test_profiles();
    test_flows();
    test_requests();
    test_answers();
    test_discovery();
    test_tokens();

    tap_arena_reset(&arena);

    return tap_done();
}

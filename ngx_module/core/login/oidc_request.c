/*
 * Copyright (C) the Pupil authors
 *
 * What is asked of a provider: through the browser, and for tokens.
 */

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "pupil_plugin.h"
#include "core/base/text.h"
#include "core/login/oidc.h"


#define AGE_SIZE  24

/* One name=value; len 0: left out. */
typedef struct {
    const char   *name;
    pupil_str_t   value;
} form_param_t;


static pupil_str_t form_write(const pupil_alloc_t *alloc, pupil_str_t before,
    const form_param_t *params, size_t count);


#define WORD(bytes)  { (bytes), PUPIL_FLOW_WORD_LEN }


pupil_str_t
pupil_oidc_authorize(const pupil_alloc_t *alloc,
    const pupil_oidc_client_t *client, const pupil_discovery_t *provider,
    const pupil_flow_words_t *words, pupil_str_t redirect, int again)
{
    char         age[AGE_SIZE];
    uint8_t      hash[crypto_hash_sha256_BYTES];
    uint8_t      challenge[PUPIL_FLOW_WORD_LEN];
    pupil_str_t  max_age, mode;

    static const pupil_str_t  form_post = pupil_str("form_post");
    static const pupil_str_t  login = pupil_str("login");
    static const pupil_str_t  left_out = { NULL, 0 };

    crypto_hash_sha256(hash, words->verifier, PUPIL_FLOW_WORD_LEN);
    pupil_base64url_encode(hash, sizeof(hash), challenge);

    max_age.data = (const uint8_t *) age;
    max_age.len = (size_t) snprintf(age, sizeof(age), "%lld",
                                    again ? 0 : (long long) client->max_age);

    mode = client->form_post ? form_post : left_out;

    {
        const form_param_t  params[] = {
            { "response_type", pupil_str("code") },
            { "client_id", client->client },
            { "redirect_uri", redirect },
            { "scope", client->scope },
            { "state", WORD(words->state) },
            { "nonce", WORD(words->nonce) },
            { "code_challenge", WORD(challenge) },
            { "code_challenge_method", pupil_str("S256") },
            { "response_mode", mode },
            { "acr_values", client->acr },
            { "max_age", again || client->max_age != 0 ? max_age : left_out },
            { "prompt", again ? login : client->prompt }
        };

        return form_write(alloc, provider->authorize, params,
                          PUPIL_COUNT(params));
    }
}


/* Whose session it is there the provider knows by its own cookie. */
pupil_str_t
pupil_oidc_logout(const pupil_alloc_t *alloc,
    const pupil_oidc_client_t *client, pupil_str_t end, pupil_str_t redirect)
{
    const form_param_t  params[] = {
        { "client_id", client->client },
        { "post_logout_redirect_uri", redirect }
    };

    return form_write(alloc, end, params, PUPIL_COUNT(params));
}


/*
 * The secret goes in the body: header fields are what nginx writes into a log
 * of debugging (invariant I14).
 */
pupil_str_t
pupil_oidc_token_request(const pupil_alloc_t *alloc,
    const pupil_oidc_client_t *client, const pupil_flow_words_t *words,
    pupil_str_t code, pupil_str_t redirect)
{
    static const pupil_str_t  nothing = { NULL, 0 };

    const form_param_t  params[] = {
        { "grant_type", pupil_str("authorization_code") },
        { "code", code },
        { "redirect_uri", redirect },
        { "code_verifier", WORD(words->verifier) },
        { "client_id", client->client },
        { "client_secret", client->secret }
    };

    return form_write(alloc, nothing, params, PUPIL_COUNT(params));
}


pupil_str_t
pupil_oidc_answer_form(const pupil_alloc_t *alloc,
    const pupil_oidc_answer_t *answer)
{
    static const pupil_str_t  nothing = { NULL, 0 };

    const form_param_t  params[] = {
        { "code", answer->code },
        { "state", answer->state },
        { "iss", answer->iss },
        { "error", answer->error }
    };

    return form_write(alloc, nothing, params, PUPIL_COUNT(params));
}


/* before: a URL, which may have a query already; len 0: a body. */
static pupil_str_t
form_write(const pupil_alloc_t *alloc, pupil_str_t before,
    const form_param_t *params, size_t count)
{
    char         between;
    size_t       i, size;
    uint8_t     *p;
    pupil_str_t  out;

    size = before.len;

    for (i = 0; i < count; i++) {
        size += strlen(params[i].name) + 2 + 3 * params[i].value.len;
    }

    out.data = p = alloc->alloc(alloc->ctx, size);
    out.len = 0;

    if (p == NULL) {
        return out;
    }

    between = '\0';

    if (before.len != 0) {
        memcpy(p, before.data, before.len);
        p += before.len;
        between = memchr(before.data, '?', before.len) == NULL ? '?' : '&';
    }

    for (i = 0; i < count; i++) {

        if (params[i].value.len == 0) {
            continue;
        }

        if (between != '\0') {
            *p++ = (uint8_t) between;
        }

        memcpy(p, params[i].name, strlen(params[i].name));
        p += strlen(params[i].name);
        *p++ = '=';
        p += pupil_percent_encode(params[i].value.data, params[i].value.len,
                                  p);
        between = '&';
    }

    out.len = (size_t) (p - out.data);

    return out;
}

/*
 * Copyright (C) the Pupil authors
 *
 * A browser goes to a provider, and comes back with a code.  What the code is
 * good for is asked of the provider itself, and believed when it is signed, and
 * says what was asked for.
 */

#include "http/login/ngx_http_pupil_oidc.h"


static ngx_http_pupil_provider_t *ngx_http_pupil_oidc_find(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_redirect(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_send(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_send_out(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_turn(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_redeem(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_redeemed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_verified(ngx_http_pupil_ctx_t *ctx,
    pupil_rc_t rc, pupil_str_t payload, const char *why);
static pupil_rc_t ngx_http_pupil_oidc_claims(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t payload, const char **why);
static pupil_str_t ngx_http_pupil_oidc_hashed(ngx_http_pupil_ctx_t *ctx,
    const char *claim, pupil_str_t name);


ngx_int_t
ngx_http_pupil_oidc_create(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_provider_t  *provider;

    provider = ngx_http_pupil_oidc_find(ctx);
    if (provider == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    login = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_login_t));
    oidc = ngx_http_pupil_alloc(ctx, sizeof(ngx_http_pupil_oidc_t));

    if (login == NULL || oidc == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(oidc, sizeof(ngx_http_pupil_oidc_t));
    oidc->provider = provider;
    login->oidc = oidc;
    login->conf = ngx_http_pupil_login_conf(ctx->main);

    ctx->left = ngx_http_pupil_oidc_left;
    ctx->failed = ngx_http_pupil_oidc_unserved;

    rc = ngx_http_pupil_oidc_share(ctx);

    return rc == NGX_OK ? ngx_http_pupil_oidc_redirect(ctx) : rc;
}


static ngx_http_pupil_provider_t *
ngx_http_pupil_oidc_find(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                   i;
    ngx_http_pupil_provider_t  **providers;

    if (ctx->conf->providers == NULL) {
        return NULL;
    }

    providers = ctx->conf->providers->elts;

    for (i = 0; i < ctx->conf->providers->nelts; i++) {
        if (providers[i]->client.name.len == ctx->path_name.len
            && ngx_memcmp(providers[i]->client.name.data, ctx->path_name.data,
                          ctx->path_name.len) == 0)
        {
            return providers[i];
        }
    }

    return NULL;
}


/*
 * Where the provider sends the browser back to: the server as the browser has
 * it.  The provider compares it with what was agreed on.
 */
static ngx_int_t
ngx_http_pupil_oidc_redirect(ngx_http_pupil_ctx_t *ctx)
{
    u_char                 *p;
    ngx_str_t               host;
    ngx_http_request_t     *r;
    ngx_http_pupil_oidc_t  *oidc;

    r = ctx->request;
    oidc = ngx_http_pupil_oidc_of(ctx);

    host = r->headers_in.host != NULL ? r->headers_in.host->value
                                      : r->headers_in.server;

    p = ngx_http_pupil_alloc(ctx, sizeof("https:///") + host.len
                                  + ctx->conf->prefix.len
                                  + ctx->path_name.len + sizeof("/callback"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    oidc->redirect.data = p;
    p = ngx_sprintf(p, "https://%V%V/%*s/callback", &host, &ctx->conf->prefix,
                    ctx->path_name.len, ctx->path_name.data);
    oidc->redirect.len = p - oidc->redirect.data;

    return NGX_OK;
}


/* ---- a browser begins ---- */


ngx_int_t
ngx_http_pupil_oidc_begin_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    return ngx_http_pupil_oidc_create(ctx);
}


ngx_int_t
ngx_http_pupil_oidc_begin(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "start");

    rc = ngx_http_pupil_oidc_know(ctx, ngx_http_pupil_oidc_send);

    return rc == NGX_OK ? ngx_http_pupil_oidc_send(ctx) : rc;
}


/*
 * The same, for who is to prove there anew who they are.  What comes back is a
 * log-in like any other: a browser that leaves that out on its way brings a
 * token which says how old the proof is.
 */
ngx_int_t
ngx_http_pupil_oidc_again(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_oidc_of(ctx)->again = 1;

    return ngx_http_pupil_oidc_begin(ctx);
}


static ngx_int_t
ngx_http_pupil_oidc_send(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t             url, redirect;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    if (ngx_http_pupil_oidc_flow_begin(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    redirect.data = oidc->redirect.data;
    redirect.len = oidc->redirect.len;

    url = pupil_oidc_authorize(&ctx->alloc, &oidc->provider->client,
                               &oidc->provider->discovery, &oidc->words,
                               redirect, oidc->again);

    return ngx_http_pupil_oidc_onward(ctx, url);
}


/* ---- and leaves ---- */


/*
 * On a computer of a school, whose session at the provider would log the next
 * pupil in.  Ends nothing here, so that no other site's link does.
 */
ngx_int_t
ngx_http_pupil_oidc_leave(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "start");

    rc = ngx_http_pupil_oidc_know(ctx, ngx_http_pupil_oidc_send_out);

    return rc == NGX_OK ? ngx_http_pupil_oidc_send_out(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_oidc_send_out(ngx_http_pupil_ctx_t *ctx)
{
    size_t                      origin;
    u_char                     *p;
    pupil_str_t                 back;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    oidc = ngx_http_pupil_oidc_of(ctx);
    provider = oidc->provider;

    back.data = oidc->redirect.data;
    back.len = oidc->redirect.len;
    origin = pupil_oidc_origin(back).len;

    p = ngx_http_pupil_alloc(ctx, origin + provider->after.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    back.data = p;
    p = ngx_cpymem(p, oidc->redirect.data, origin);
    p = ngx_cpymem(p, provider->after.data, provider->after.len);
    back.len = p - back.data;

    return ngx_http_pupil_oidc_onward(
        ctx, provider->discovery.end.len == 0
             ? back
             : pupil_oidc_logout(&ctx->alloc, &provider->client,
                                 provider->discovery.end, back));
}


/* ---- and comes back ---- */


ngx_int_t
ngx_http_pupil_oidc_query_parse(ngx_http_pupil_ctx_t *ctx)
{
    size_t                  len;
    ngx_int_t               rc;
    pupil_str_t             form;
    ngx_http_pupil_oidc_t  *oidc;

    ngx_http_pupil_debug(ctx, "parse");

    rc = ngx_http_pupil_oidc_create(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    oidc = ngx_http_pupil_oidc_of(ctx);
    form.data = ctx->request->args.data;
    form.len = ctx->request->args.len;
    len = sizeof(NGX_HTTP_PUPIL_OIDC_SEALED) - 1;

    if (form.len < len
        || ngx_memcmp(form.data, NGX_HTTP_PUPIL_OIDC_SEALED, len) != 0)
    {
        return ngx_http_pupil_oidc_read(ctx, form);
    }

    oidc->by_form = 1;
    oidc->sealed.data = form.data + len;
    oidc->sealed.len = form.len - len;

    return ngx_http_pupil_oidc_at_home(ctx);
}


ngx_int_t
ngx_http_pupil_oidc_read(ngx_http_pupil_ctx_t *ctx, pupil_str_t form)
{
    pupil_rc_t              parsed;
    const char             *why;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    parsed = pupil_oidc_answer(&ctx->alloc, form, &oidc->answer, &why);

    if (parsed == PUPIL_INVALID) {
        ngx_http_pupil_debug(ctx, "the answer is refused: %s", why);
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MALFORMED);
    }

    return parsed == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_oidc_callback(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    return ngx_http_pupil_oidc_of(ctx)->by_form ? ngx_http_pupil_oidc_open(ctx)
                                                : ngx_http_pupil_oidc_back(ctx);
}


/*
 * Who is sent away for now has the flow still, and the code, which counts once:
 * they may come again with both.
 */
ngx_int_t
ngx_http_pupil_oidc_back(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    rc = ngx_http_pupil_oidc_flow_find(ctx);
    if (rc != NGX_OK) {
        return rc != NGX_DECLINED ? rc
               : ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_LOGIN_FLOW);
    }

    if (oidc->answer.error.len != 0) {
        return ngx_http_pupil_oidc_flow_end(ctx) != NGX_OK ? NGX_ERROR
               : ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_LOGIN_DENIED);
    }

    rc = ngx_http_pupil_pace_enter(ctx, &oidc->turn, ngx_http_pupil_oidc_turn);

    return rc == NGX_OK ? ngx_http_pupil_oidc_turn(ctx)
           : rc == NGX_BUSY ? ngx_http_pupil_oidc_failed(ctx,
                                                         NGX_HTTP_PUPIL_BUSY)
           : rc;
}


static ngx_int_t
ngx_http_pupil_oidc_turn(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "its turn");

    if (ngx_http_pupil_oidc_flow_end(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ((ngx_http_pupil_login_t *) ctx->data)->conf->attempts++;

    rc = ngx_http_pupil_oidc_know(ctx, ngx_http_pupil_oidc_redeem);

    return rc == NGX_OK ? ngx_http_pupil_oidc_redeem(ctx) : rc;
}


/*
 * A provider that says whose its answers are must say it in this one, too:
 * or it is another provider's answer (RFC 9207).
 */
static ngx_int_t
ngx_http_pupil_oidc_redeem(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t                 body, redirect, iss, issuer;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    oidc = ngx_http_pupil_oidc_of(ctx);
    provider = oidc->provider;
    iss = oidc->answer.iss;
    issuer = provider->client.issuer;

    if ((iss.len != 0 || provider->discovery.iss)
        && (iss.len != issuer.len
            || ngx_memcmp(iss.data, issuer.data, iss.len) != 0))
    {
        ngx_http_pupil_oidc_doubt(ctx, "an answer",
                                  "it is of another issuer");
        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_LOGIN_DOUBTED);
    }

    redirect.data = oidc->redirect.data;
    redirect.len = oidc->redirect.len;

    body = pupil_oidc_token_request(&ctx->alloc, &provider->client,
                                    &oidc->words, oidc->answer.code, redirect);
    if (body.data == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_oidc_ask(ctx, provider->discovery.token, &body,
                                   ngx_http_pupil_oidc_redeemed);
}


static ngx_int_t
ngx_http_pupil_oidc_redeemed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    pupil_rc_t              parsed;
    const char             *why;
    pupil_str_t             text;
    ngx_http_pupil_oidc_t  *oidc;

    ngx_http_pupil_debug(ctx, "the provider has answered to the code");

    oidc = ngx_http_pupil_oidc_of(ctx);

    /* it knows the code, and does not take it */
    if (oidc->ask->why == NULL && oidc->ask->status == NGX_HTTP_BAD_REQUEST) {
        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_LOGIN_DENIED);
    }

    if (ngx_http_pupil_oidc_answered(ctx, "its answer to a code", &text)
        != NGX_OK)
    {
        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_GATEWAY);
    }

    parsed = pupil_oidc_tokens(&ctx->alloc, text, &oidc->tokens, &why);

    if (parsed == PUPIL_INVALID) {
        ngx_http_pupil_oidc_doubt(ctx, "a log-in", why);
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_LOGIN_DOUBTED);
    }

    if (parsed != PUPIL_OK) {
        return NGX_ERROR;
    }

    oidc->token = oidc->tokens.id_token;
    oidc->verified = ngx_http_pupil_oidc_verified;

    rc = ngx_http_pupil_oidc_keys(ctx, 0, ngx_http_pupil_oidc_verify);

    return rc == NGX_OK ? ngx_http_pupil_oidc_verify(ctx) : rc;
}


/* Runs again, once, when it names a key that may have come since. */
ngx_int_t
ngx_http_pupil_oidc_verify(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    pupil_rc_t              verified;
    const char             *why;
    pupil_str_t             payload;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    verified = pupil_jws_verify(&ctx->alloc, &oidc->provider->jwks,
                                oidc->token, &payload, &why);

    if (verified == PUPIL_NO_KEY && !oidc->sought) {
        oidc->sought = 1;

        rc = ngx_http_pupil_oidc_keys(ctx, 1, ngx_http_pupil_oidc_verify);
        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (oidc->by_provider) {            /* it may be good, and comes once */
            return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
        }
    }

    return oidc->verified(ctx, verified, payload, why);
}


static ngx_int_t
ngx_http_pupil_oidc_verified(ngx_http_pupil_ctx_t *ctx, pupil_rc_t rc,
    pupil_str_t payload, const char *why)
{
    if (rc == PUPIL_OK) {
        rc = ngx_http_pupil_oidc_claims(ctx, payload, &why);
    }

    if (rc == PUPIL_OK) {
        return ngx_http_pupil_oidc_of(ctx)->choice != NULL
               ? ngx_http_pupil_oidc_tenant(ctx)
               : ngx_http_pupil_oidc_account(ctx);
    }

    if (rc == PUPIL_NO_MEMORY) {
        return NGX_ERROR;
    }

    ngx_http_pupil_oidc_doubt(ctx, "an ID token", why);

    return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_LOGIN_DOUBTED);
}


static pupil_rc_t
ngx_http_pupil_oidc_claims(ngx_http_pupil_ctx_t *ctx, pupil_str_t payload,
    const char **why)
{
    pupil_rc_t                  rc;
    pupil_json_t                json;
    ngx_http_pupil_oidc_t      *oidc;
    pupil_account_rules_t       rules;
    pupil_claims_expected_t     expected;
    ngx_http_pupil_provider_t  *provider;

    oidc = ngx_http_pupil_oidc_of(ctx);
    provider = oidc->provider;

    ngx_memzero(&expected, sizeof(pupil_claims_expected_t));
    expected.issuer = provider->client.issuer;
    expected.client = provider->client.client;
    expected.nonce.data = oidc->words.nonce;
    expected.nonce.len = PUPIL_FLOW_WORD_LEN;
    expected.access_token = oidc->tokens.access_token;
    expected.now = ngx_time();
    expected.begun = oidc->flow.begun;
    expected.max_age = provider->client.max_age;

    rc = pupil_claims_read(&ctx->alloc, payload, &json, why);

    if (rc == PUPIL_OK) {
        rc = pupil_claims_check(&json, &expected, why);
    }

    /* before a national number, which may be its sub, is wiped */
    if (rc == PUPIL_OK && ngx_http_pupil_oidc_there(ctx, &json) != NGX_OK) {
        return PUPIL_NO_MEMORY;
    }

    if (rc == PUPIL_OK) {
        /* who does not say when has not seen it for a long time */
        oidc->proved_at = ngx_max(pupil_claims_proved(&json), 1)
                          * PUPIL_TIME_SECOND;
        oidc->unlicensed = pupil_claims_unlicensed(&json, &provider->account);

        rules = provider->account;
        rules.key = ngx_http_pupil_key(ctx, "index:credential.login_id");

        rc = rules.key == NULL
             ? PUPIL_NO_MEMORY
             : pupil_claims_account(&ctx->alloc, &json, &rules, &oidc->account,
                                    why);
    }

    return rc == PUPIL_OK && oidc->choice != NULL
           ? ngx_http_pupil_oidc_claimed(ctx, &json, why) : rc;
}


ngx_int_t
ngx_http_pupil_oidc_there(ngx_http_pupil_ctx_t *ctx, const pupil_json_t *json)
{
    return pupil_claims_names(&ctx->alloc, json,
                              &ngx_http_pupil_oidc_of(ctx)->names) == PUPIL_OK
           ? ngx_http_pupil_oidc_names(ctx) : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_oidc_names(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_there_t      *there;
    const pupil_claims_names_t  *names;

    there = &ngx_http_pupil_oidc_of(ctx)->there;
    names = &ngx_http_pupil_oidc_of(ctx)->names;

    there->session = ngx_http_pupil_oidc_hashed(ctx, "sid", names->session);
    there->subject = ngx_http_pupil_oidc_hashed(ctx, "sub", names->subject);
    there->token = ngx_http_pupil_oidc_hashed(ctx, "jti", names->token);

    return (there->session.data == NULL) == (names->session.len == 0)
           && (there->subject.data == NULL) == (names->subject.len == 0)
           && (there->token.data == NULL) == (names->token.len == 0)
           ? NGX_OK : NGX_ERROR;
}


/* Without data: it has no name, or there is no memory, or no key. */
static pupil_str_t
ngx_http_pupil_oidc_hashed(ngx_http_pupil_ctx_t *ctx, const char *claim,
    pupil_str_t name)
{
    uint8_t            *p;
    pupil_str_t         hash;
    const pupil_key_t  *key;

    ngx_memzero(&hash, sizeof(pupil_str_t));

    key = ngx_http_pupil_key(ctx, "token");
    p = name.len == 0 || key == NULL
        ? NULL : ngx_http_pupil_alloc(ctx, PUPIL_HASH_LEN);

    if (p != NULL) {
        pupil_there_make(key, claim,
                         ngx_http_pupil_oidc_of(ctx)->provider->client.issuer,
                         name, p);
        hash.data = p;
        hash.len = PUPIL_HASH_LEN;
    }

    return hash;
}

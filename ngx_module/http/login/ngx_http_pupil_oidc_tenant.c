/*
 * Copyright (C) the Pupil authors
 *
 * One address, many tenants: of which the provider's word says that somebody
 * is.  Of one they are logged in; of several they choose one, by what their
 * browser alone has, once.  What was begun is of the address's own tenant; from
 * there on all is of one of them, and names no other.
 */

#include "core/endpoints/directive.h"
#include "core/endpoints/session.h"
#include "http/login/ngx_http_pupil_oidc.h"
#include "http/request/ngx_http_pupil_tenant_left.h"


#define NGX_HTTP_PUPIL_CHOICE_COOKIE  "__Host-pupil-choice"


static ngx_int_t ngx_http_pupil_oidc_ask_tenant(ngx_http_pupil_ctx_t *ctx);
static pupil_rc_t ngx_http_pupil_oidc_choice_fill(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_choice_sent(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_choice_cookie(ngx_http_pupil_ctx_t *ctx,
    const u_char *text);
static ngx_int_t ngx_http_pupil_oidc_choice_spent(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_enter(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *tenant);
static ngx_int_t ngx_http_pupil_oidc_entered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_tenant_parse_name(ngx_http_pupil_ctx_t *ctx,
    pupil_input_tenant_t *input);
static ngx_int_t ngx_http_pupil_tenant_unknown(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_oidc_share(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);
    oidc->from = ctx->tenant;

    if (ctx->conf->tenants == NULL
        || !pupil_profile_schools(oidc->provider->account.profile))
    {
        return NGX_OK;
    }

    oidc->choice = ngx_http_pupil_alloc(ctx, sizeof(pupil_choice_t));
    if (oidc->choice == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(oidc->choice, sizeof(pupil_choice_t));

    return ngx_http_pupil_oidc_at_home(ctx);
}


ngx_int_t
ngx_http_pupil_oidc_at_home(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_tenant_home(ctx);
    ngx_http_pupil_oidc_of(ctx)->home = ctx->tenant;

    return rc;
}


pupil_rc_t
ngx_http_pupil_oidc_claimed(ngx_http_pupil_ctx_t *ctx,
    const pupil_json_t *json, const char **why)
{
    ngx_uint_t                   i;
    pupil_choice_t              *choice;
    pupil_login_tenant_t        *tenants;
    ngx_http_pupil_provider_t   *provider;

    choice = ngx_http_pupil_oidc_of(ctx)->choice;
    provider = ngx_http_pupil_oidc_of(ctx)->provider;
    tenants = ctx->conf->tenants->elts;

    for (i = 0; i < ctx->conf->tenants->nelts; i++) {
        if (!pupil_tenant_claimed(&tenants[i], json, provider->account.profile,
                                  provider->client.name))
        {
            continue;
        }

        if (choice->count == PUPIL_CHOICE_MOST) {
            *why = "it is of more tenants than anybody is to choose of";
            return PUPIL_INVALID;
        }

        choice->tenants[choice->count++] = tenants[i].id;
    }

    return PUPIL_OK;
}


ngx_int_t
ngx_http_pupil_oidc_tenant(ngx_http_pupil_ctx_t *ctx)
{
    pupil_choice_t  *choice;

    choice = ngx_http_pupil_oidc_of(ctx)->choice;

    ngx_http_pupil_debug(ctx, "the provider names %uD tenants", choice->count);

    if (choice->count == 0) {
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_UNKNOWN_SCHOOL);
    }

    /* of no tenant is it to say who that would be: and there is no choice */
    if (choice->count > 1 && ngx_http_pupil_oidc_of(ctx)->unlicensed) {
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_NO_LICENCE);
    }

    return choice->count == 1
           ? ngx_http_pupil_oidc_enter(ctx, &choice->tenants[0])
           : ngx_http_pupil_oidc_ask_tenant(ctx);
}


/* Nothing is recorded, as nothing was looked up, and nobody is logged in. */
static ngx_int_t
ngx_http_pupil_oidc_ask_tenant(ngx_http_pupil_ctx_t *ctx)
{
    u_char                     *text;
    pupil_str_t                 page;
    const pupil_key_t          *key;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    oidc = ngx_http_pupil_oidc_of(ctx);
    provider = oidc->provider;

    key = ngx_http_pupil_key(ctx, "token");
    text = ngx_http_pupil_alloc(ctx, PUPIL_CHOICE_TEXT_LEN);

    if (key == NULL || text == NULL
        || ngx_http_pupil_oidc_choice_fill(ctx) != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    pupil_choice_seal(key, provider->client.name, oidc->choice, text);

    if (ngx_http_pupil_oidc_choice_cookie(ctx, text) != NGX_OK) {
        return NGX_ERROR;
    }

    page.data = provider->choose.data;
    page.len = provider->choose.len;

    return ngx_http_pupil_oidc_onward(ctx, page);
}


/* What the log-in needs that goes on in one of them. */
static pupil_rc_t
ngx_http_pupil_oidc_choice_fill(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t              rc;
    pupil_choice_t         *choice;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);
    choice = oidc->choice;

    choice->made = ctx->now / PUPIL_TIME_SECOND;
    choice->begun = oidc->flow.begun;
    choice->proved = oidc->proved_at / PUPIL_TIME_SECOND;

    rc = pupil_choice_put(choice, PUPIL_CHOICE_ACCOUNT, oidc->account);

    if (rc == PUPIL_OK) {
        rc = pupil_choice_put(choice, PUPIL_CHOICE_SESSION,
                              oidc->names.session);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_choice_put(choice, PUPIL_CHOICE_SUBJECT,
                              oidc->names.subject);
    }

    return rc;
}


/* NGX_DECLINED: there is none that counts. */
static ngx_int_t
ngx_http_pupil_oidc_choice_sent(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t             text;
    const pupil_key_t      *key;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_cookie(ctx->request, NGX_HTTP_PUPIL_CHOICE_COOKIE,
                                 &text) == NGX_OK
           && pupil_choice_open(key, oidc->provider->client.name, text,
                                ctx->now / PUPIL_TIME_SECOND, oidc->choice)
              == PUPIL_OK
           ? NGX_OK : NGX_DECLINED;
}


/* text NULL: it ends. */
static ngx_int_t
ngx_http_pupil_oidc_choice_cookie(ngx_http_pupil_ctx_t *ctx,
    const u_char *text)
{
    ngx_http_pupil_cookie_t  cookie;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = NGX_HTTP_PUPIL_CHOICE_COOKIE;
    cookie.value.data = text;
    cookie.value.len = text != NULL ? PUPIL_CHOICE_TEXT_LEN : 0;
    cookie.age = PUPIL_CHOICE_LIFETIME;

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}


/* ---- who chooses ---- */


ngx_int_t
ngx_http_pupil_oidc_choice_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_oidc_begin_parse(ctx);

    if (rc == NGX_OK && ngx_http_pupil_oidc_of(ctx)->choice == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (rc == NGX_OK) {
        ngx_http_pupil_oidc_of(ctx)->plain = 1;
    }

    return rc;
}


/* By the words that the address has for them: nothing that is stored. */
ngx_int_t
ngx_http_pupil_oidc_choice(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    pupil_choice_t        *choice;
    pupil_login_tenant_t  *tenants;

    ngx_http_pupil_debug(ctx, "start");

    rc = ngx_http_pupil_oidc_choice_sent(ctx);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED
               ? ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGIN_FLOW) : rc;
    }

    choice = ngx_http_pupil_oidc_of(ctx)->choice;
    tenants = ctx->conf->tenants->elts;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "tenants");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; i < ctx->conf->tenants->nelts; i++) {
        if (pupil_choice_has(choice, &tenants[i].id)) {
            pupil_writer_str(&ctx->out, &tenants[i].name);
        }
    }

    pupil_writer_array_end(&ctx->out);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_oidc_choose_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    pupil_input_tenant_t    input;
    ngx_http_pupil_oidc_t  *oidc;

    rc = ngx_http_pupil_oidc_choice_parse(ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_tenant_parse_name(ctx, &input);
    }

    if (rc == NGX_OK) {
        oidc = ngx_http_pupil_oidc_of(ctx);
        oidc->entered = ngx_http_pupil_tenant_named(ctx, input.tenant);
    }

    return rc;
}


/*
 * It counts once, whatever comes of it, and for one of those that the provider
 * has named.  That it was used the key store knows, where the address is at
 * home: neither whose it was nor for which, and whoever writes the data
 * database takes nothing of it back (invariant I18).
 */
ngx_int_t
ngx_http_pupil_oidc_choose(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_http_pupil_oidc_t  *oidc;

    ngx_http_pupil_debug(ctx, "start");

    oidc = ngx_http_pupil_oidc_of(ctx);

    rc = ngx_http_pupil_oidc_choice_sent(ctx);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED
               ? ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGIN_FLOW) : rc;
    }

    if (oidc->entered == NULL
        || !pupil_choice_has(oidc->choice, &oidc->entered->id))
    {
        return ngx_http_pupil_tenant_unknown(ctx);
    }

    ((ngx_http_pupil_login_t *) ctx->data)->conf->attempts++;

    ngx_memcpy(ctx->spend.hashes[0], oidc->choice->mark, PUPIL_HASH_LEN);
    ctx->spend.n = 1;

    return ngx_http_pupil_spend(ctx,
               (oidc->choice->made + PUPIL_CHOICE_LIFETIME
                + 2 * PUPIL_CHOICE_SKEW) * PUPIL_TIME_SECOND,
               0, ngx_http_pupil_oidc_choice_spent);
}


static ngx_int_t
ngx_http_pupil_oidc_choice_spent(ngx_http_pupil_ctx_t *ctx)
{
    pupil_choice_t         *choice;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);
    choice = oidc->choice;

    if (ngx_http_pupil_oidc_choice_cookie(ctx, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ctx->spend.fresh) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGIN_FLOW);
    }

    oidc->account = pupil_choice_get(choice, PUPIL_CHOICE_ACCOUNT);
    oidc->names.session = pupil_choice_get(choice, PUPIL_CHOICE_SESSION);
    oidc->names.subject = pupil_choice_get(choice, PUPIL_CHOICE_SUBJECT);
    oidc->flow.begun = choice->begun;
    oidc->proved_at = choice->proved * PUPIL_TIME_SECOND;

    return ngx_http_pupil_oidc_enter(ctx, &oidc->entered->id);
}


/* ---- from here on all is of one of them ---- */


static ngx_int_t
ngx_http_pupil_oidc_enter(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *tenant)
{
    ngx_http_pupil_oidc_of(ctx)->entered = ngx_http_pupil_tenant_of(ctx,
                                                                    tenant);

    return ngx_http_pupil_tenant_enter(ctx, tenant,
                                       ngx_http_pupil_oidc_entered);
}


static ngx_int_t
ngx_http_pupil_oidc_entered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "the tenant is entered");

    rc = ngx_http_pupil_oidc_whole(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pupil_oidc_names(ctx) == NGX_OK
           ? ngx_http_pupil_oidc_account(ctx) : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_oidc_whole(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->conf->audit_holes == PUPIL_HOLES_REFUSE
           && ngx_http_pupil_holes_of(&ctx->main->holes, &ctx->tenant)
           ? ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_AUDIT_HOLE) : NGX_OK;
}


/* ---- a choice before the password ---- */


ngx_int_t
ngx_http_pupil_login_tenant_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "parse");

    if (ctx->conf->tenants == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    ctx->data = ngx_http_pupil_ctx_data(ctx, sizeof(pupil_input_tenant_t));

    return ctx->data == NULL
           ? NGX_ERROR : ngx_http_pupil_tenant_parse_name(ctx, ctx->data);
}


/*
 * Selects where credentials are checked, and ends nothing: that is for the
 * log-in, which is told where there is a session.
 */
ngx_int_t
ngx_http_pupil_login_tenant(ngx_http_pupil_ctx_t *ctx)
{
    pupil_input_tenant_t        *input;
    const pupil_login_tenant_t  *tenant;

    ngx_http_pupil_debug(ctx, "start");

    input = ctx->data;

    tenant = ngx_http_pupil_tenant_named(ctx, input->tenant);
    if (tenant == NULL) {
        return ngx_http_pupil_tenant_unknown(ctx);
    }

    if (ngx_http_pupil_tenant_choose(ctx, tenant) != NGX_OK) {
        return NGX_ERROR;
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "tenant");
    pupil_writer_str(&ctx->out, &tenant->name);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_tenant_parse_name(ngx_http_pupil_ctx_t *ctx,
    pupil_input_tenant_t *input)
{
    pupil_rc_t     rc;
    pupil_fault_t  fault;

    rc = pupil_input_tenant(&ctx->alloc, &ctx->body, input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


static ngx_int_t
ngx_http_pupil_tenant_unknown(ngx_http_pupil_ctx_t *ctx)
{
    pupil_fault_t  fault;

    (void) pupil_fault_set(&fault, 422, "/tenant", "enum");

    return ngx_http_pupil_fault(ctx, &fault);
}

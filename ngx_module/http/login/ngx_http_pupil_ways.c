/*
 * Copyright (C) the Pupil authors
 *
 * GET /v1/login: which ways to log in there are here, and what people call
 * them, as the configuration has it.  Nobody's data, and nothing that is
 * stored: of which there is no record, and which a browser may keep a while,
 * unless it has that of one tenant of several, of whom some sign up.
 */

#include "core/endpoints/directive.h"
#include "http/login/ngx_http_pupil_oidc.h"
#include "http/login/ngx_http_pupil_sign_up.h"


static ngx_uint_t ngx_http_pupil_ways_one_tenant(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_ways_named(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *name, const pupil_str_t *title);
static void ngx_http_pupil_ways_providers(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_ways_tenants(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_ways(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t       passwords;
    pupil_writer_t  *out;

    static const char *const  who[] = {
        [PUPIL_PASSWORD_OFF] = "off",
        [PUPIL_PASSWORD_STAFF] = "staff",
        [PUPIL_PASSWORD_ALL] = "all"
    };

    ngx_http_pupil_debug(ctx, "start");

    out = &ctx->out;
    passwords = ctx->conf->login_password;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "password");
    pupil_writer_cstr(out, who[passwords]);
    pupil_writer_key(out, "forgotten");
    pupil_writer_bool(out, passwords != PUPIL_PASSWORD_OFF
                           && ctx->conf->mail != NULL
                           && ctx->conf->mail->forgotten.len != 0);
    pupil_writer_key(out, "sign_up");
    pupil_writer_bool(out, passwords != PUPIL_PASSWORD_OFF
                           && ngx_http_pupil_signing_here(ctx)
                           && ngx_http_pupil_signing_can(ctx));

    ngx_http_pupil_ways_providers(ctx);
    ngx_http_pupil_ways_tenants(ctx);

    pupil_writer_object_end(out);

    ctx->response.keeps = !ngx_http_pupil_signing_can(ctx)
                          || ngx_http_pupil_ways_one_tenant(ctx);

    return NGX_OK;
}


/* Else it may be chosen by a cookie, and with it whether they sign up there. */
static ngx_uint_t
ngx_http_pupil_ways_one_tenant(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->conf->tenants == NULL && ctx->conf->tenant->lengths == NULL;
}


static void
ngx_http_pupil_ways_providers(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                   i;
    ngx_http_pupil_provider_t  **providers;

    pupil_writer_key(&ctx->out, "providers");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; ctx->conf->providers != NULL
                && i < ctx->conf->providers->nelts; i++)
    {
        providers = ctx->conf->providers->elts;
        ngx_http_pupil_ways_named(ctx, &providers[i]->client.name,
                          &providers[i]->words.text[PUPIL_PROVIDER_TITLE]);
    }

    pupil_writer_array_end(&ctx->out);
}


static void
ngx_http_pupil_ways_tenants(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t             i;
    pupil_login_tenant_t  *tenants;

    pupil_writer_key(&ctx->out, "tenants");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; ctx->conf->tenants != NULL && i < ctx->conf->tenants->nelts;
         i++)
    {
        tenants = ctx->conf->tenants->elts;
        ngx_http_pupil_ways_named(ctx, &tenants[i].name, &tenants[i].title);
    }

    pupil_writer_array_end(&ctx->out);
}


static void
ngx_http_pupil_ways_named(ngx_http_pupil_ctx_t *ctx, const pupil_str_t *name,
    const pupil_str_t *title)
{
    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "name");
    pupil_writer_str(&ctx->out, name);
    pupil_writer_key(&ctx->out, "title");
    pupil_writer_str(&ctx->out, title->len != 0 ? title : name);
    pupil_writer_object_end(&ctx->out);
}

/*
 * Copyright (C) the Pupil authors
 *
 * An answer by form is a POST from another site, with which browsers send no
 * cookie that is SameSite=Lax: not the flow's, nor what says who was logged in
 * before and at which tenant.  All of them come to a page that the POST goes on
 * to, and with them the answer, sealed, in its line: any site can send such a
 * form, so that it leaves nothing in a browser.
 *
 * The POST is of the address's own tenant, whichever was chosen: so is the key.
 */

#include "http/login/ngx_http_pupil_oidc.h"


static ngx_int_t ngx_http_pupil_oidc_opened(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_oidc_form_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    rc = ngx_http_pupil_oidc_create(ctx);

    if (rc == NGX_OK
        && !ngx_http_pupil_oidc_of(ctx)->provider->client.form_post)
    {
        ctx->response.allow = NGX_HTTP_GET;
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_METHOD_NOT_ALLOWED);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_oidc_read(ctx, ctx->body);
    }

    return rc == NGX_OK ? ngx_http_pupil_oidc_at_home(ctx) : rc;
}


/* Nothing is believed of it yet: what it is good for its cookies say. */
ngx_int_t
ngx_http_pupil_oidc_form(ngx_http_pupil_ctx_t *ctx)
{
    u_char                 *p;
    pupil_str_t             form, sealed, page;
    const pupil_key_t      *key;
    ngx_http_pupil_oidc_t  *oidc;

    ngx_http_pupil_debug(ctx, "start");

    oidc = ngx_http_pupil_oidc_of(ctx);

    key = ngx_http_pupil_key(ctx, "token");
    form = pupil_oidc_answer_form(&ctx->alloc, &oidc->answer);

    if (key == NULL || form.data == NULL) {
        return NGX_ERROR;
    }

    if (form.len > PUPIL_ANSWER_MAX) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MALFORMED);
    }

    sealed = pupil_oidc_answer_seal(&ctx->alloc, key,
                                    oidc->provider->client.name, form);
    p = ngx_http_pupil_alloc(ctx, oidc->redirect.len + sealed.len
                                  + sizeof(NGX_HTTP_PUPIL_OIDC_SEALED));

    if (sealed.data == NULL || p == NULL) {
        return NGX_ERROR;
    }

    page.data = p;
    p = ngx_sprintf(p, "%V?" NGX_HTTP_PUPIL_OIDC_SEALED "%*s",
                    &oidc->redirect, sealed.len, sealed.data);
    page.len = p - page.data;

    return ngx_http_pupil_oidc_onward(ctx, page);
}


ngx_int_t
ngx_http_pupil_oidc_open(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    pupil_rc_t              opened;
    pupil_str_t             form;
    const pupil_key_t      *key;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    opened = pupil_oidc_answer_open(&ctx->alloc, key,
                                    oidc->provider->client.name, oidc->sealed,
                                    &form);

    if (opened == PUPIL_INVALID) {
        ngx_http_pupil_debug(ctx, "nothing of this provider's was sealed so");
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MALFORMED);
    }

    rc = opened == PUPIL_OK ? ngx_http_pupil_oidc_read(ctx, form) : NGX_ERROR;
    if (rc != NGX_OK) {
        return rc;
    }

    return oidc->choice != NULL
           ? ngx_http_pupil_oidc_back(ctx)
           : ngx_http_pupil_tenant_enter(ctx, &oidc->from,
                                         ngx_http_pupil_oidc_opened);
}


static ngx_int_t
ngx_http_pupil_oidc_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_oidc_whole(ctx);

    return rc == NGX_OK ? ngx_http_pupil_oidc_back(ctx) : rc;
}

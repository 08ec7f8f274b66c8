/*
 * Copyright (C) the Pupil authors
 *
 * Who a provider says somebody is, to an account of the roster: by the blind
 * index of its log-in name, which the account's own sealed name must bear out.
 * From there on the session is made as by a password.
 */

#include "http/login/ngx_http_pupil_oidc.h"


static ngx_int_t ngx_http_pupil_oidc_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_floors(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_oidc_linked(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);
static ngx_int_t ngx_http_pupil_oidc_refused(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_oidc_account(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "the provider is believed");

    login = ctx->data;

    if (ngx_http_pupil_login_terms_of(ctx, login->oidc->account) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_login_find(ctx, ngx_http_pupil_oidc_found);
}


static ngx_int_t
ngx_http_pupil_oidc_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "account looked up");

    login = ctx->data;
    login->found = ctx->exchange;
    ctx->read_at = ngx_current_msec;

    ngx_http_pupil_login_whom(ctx);

    if (!login->known) {
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_UNKNOWN_ACCOUNT);
    }

    return ngx_http_pupil_floors_fetch(ctx, &login->owner.id, NULL,
                                       ngx_http_pupil_oidc_floors);
}


static ngx_int_t
ngx_http_pupil_oidc_floors(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_http_pupil_login_account(ctx);

    if (!login->eligible) {
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_UNKNOWN_ACCOUNT);
    }

    if (ngx_http_pupil_keys_missing(ctx, &login->owner.id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_oidc_opened);
}


/* An index row of whom the name belonged to before lets nobody in (I18). */
static ngx_int_t
ngx_http_pupil_oidc_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               fits;
    pupil_str_t              stored;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "key fetched");

    login = ctx->data;

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_FIND, &row);

    fits = ngx_http_pupil_login_stored(ctx, &row, PUPIL_LF_CHANGED_AT) == NGX_OK
           && ngx_http_pupil_login_named(ctx, &row)
           && ngx_http_pupil_value(ctx, &row, ngx_http_pupil_login_want(ctx),
                                   &stored)
              == PUPIL_OK
           && ngx_http_pupil_oidc_linked(ctx, &row)
           && pupil_profile_same(login->oidc->provider->account.profile,
                                 login->oidc->account, stored);

    /* a damaged value is audited, and lets nobody in */
    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    if (!fits) {
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_UNKNOWN_ACCOUNT);
    }

    /* not before it is known who that is: so the record says of whom it is */
    if (login->oidc->unlicensed) {
        return ngx_http_pupil_oidc_refuse(ctx, NGX_HTTP_PUPIL_NO_LICENCE);
    }

    return ngx_http_pupil_login_accept(ctx);
}


/*
 * The second name of an account is of the row that has its password: whoever
 * takes it away writes that anew, so that a row from before is below the floor
 * (invariant I18).
 */
static ngx_uint_t
ngx_http_pupil_oidc_linked(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    char                     hash[PUPIL_PASSWORD_HASH_LEN];
    ngx_uint_t               linked;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (login->found_by != PUPIL_LOGIN_EXTERNAL) {
        return 1;
    }

    linked = ngx_http_pupil_login_hashed(ctx, row, PUPIL_LF_CHANGED_AT, hash)
             == NGX_OK
             && login->stored.number >= ctx->floors.are.credential;

    ngx_explicit_memzero(hash, sizeof(hash));

    return linked;
}


ngx_int_t
ngx_http_pupil_oidc_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    ngx_int_t                rc;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->conf->failures++;
    login->oidc->refusal = problem;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_refusal(ctx, ex);

    ctx->resume = ngx_http_pupil_oidc_refused;

    rc = ngx_http_pupil_submit(ctx, ex, 1);

    login->record = rc == NGX_AGAIN ? ex : NULL;

    return rc;
}


static ngx_int_t
ngx_http_pupil_oidc_refused(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "refused");

    return ngx_http_pupil_oidc_failed(
        ctx, ((ngx_http_pupil_login_t *) ctx->data)->oidc->refusal);
}


/*
 * A browser shows what it is answered: where there is a page for it, that is
 * told the problem's name, and says it in the language of its reader.
 */
ngx_int_t
ngx_http_pupil_oidc_failed(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    u_char       *p;
    ngx_str_t    *page;
    const char   *slug;
    pupil_str_t   url;

    page = &ngx_http_pupil_oidc_of(ctx)->provider->failed;

    if (page->len == 0 || ngx_http_pupil_oidc_of(ctx)->plain) {
        return ngx_http_pupil_problem(ctx, problem);
    }

    slug = ngx_http_pupil_problem_slug(problem);

    p = ngx_http_pupil_alloc(ctx, page->len + sizeof("?login=")
                                  + ngx_strlen(slug));
    if (p == NULL) {
        return NGX_ERROR;
    }

    url.data = p;
    p = ngx_sprintf(p, "%V%clogin=%s", page,
                    ngx_strlchr(page->data, page->data + page->len, '?')
                    == NULL ? '?' : '&', slug);
    url.len = p - url.data;

    return ngx_http_pupil_oidc_onward(ctx, url) == NGX_OK ? NGX_DONE
                                                          : NGX_ERROR;
}


/*
 * The last word of a request that was not served, as by its deadline, when a
 * provider has not answered until then: the answer is a problem already, which
 * stays where there is no page.
 */
ngx_int_t
ngx_http_pupil_oidc_unserved(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_oidc_t     *oidc;
    ngx_http_pupil_problem_e   problem;

    oidc = ngx_http_pupil_oidc_of(ctx);

    if (oidc->plain || oidc->provider->failed.len == 0) {
        return NGX_DECLINED;
    }

    problem = oidc->hung ? NGX_HTTP_PUPIL_GATEWAY : ctx->response.problem;

    pupil_writer_reset(&ctx->out);
    ctx->response.problem = NGX_HTTP_PUPIL_NO_PROBLEM;

    return ngx_http_pupil_oidc_failed(ctx, problem) == NGX_DONE
           ? NGX_OK : ngx_http_pupil_problem(ctx, problem);
}


ngx_int_t
ngx_http_pupil_oidc_welcome(ngx_http_pupil_ctx_t *ctx)
{
    ngx_str_t    *after;
    pupil_str_t   url;

    after = &((ngx_http_pupil_login_t *) ctx->data)->oidc->provider->after;

    url.data = after->data;
    url.len = after->len;

    return ngx_http_pupil_oidc_onward(ctx, url);
}


ngx_int_t
ngx_http_pupil_oidc_onward(ngx_http_pupil_ctx_t *ctx, pupil_str_t url)
{
    u_char  *p;

    p = url.data == NULL ? NULL : ngx_http_pupil_alloc_header(ctx, url.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, url.data, url.len);
    ctx->response.location.data = p;
    ctx->response.location.len = url.len;
    ctx->response.status = NGX_HTTP_SEE_OTHER;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "see other");
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}

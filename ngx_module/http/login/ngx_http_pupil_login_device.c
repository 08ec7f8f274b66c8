/*
 * Copyright (C) the Pupil authors
 *
 * Which browsers are known, and for whom.  The cookie is looked at before an
 * account is, so that strangers who guess keep nobody there out, and again when
 * it is: whoever once logged in with a password that was stolen has no guesses
 * of their own at the next one.
 */

#include <sodium.h>

#include "http/login/ngx_http_pupil_factor.h"


/* Of a device cookie, since 1970. */
#define ngx_http_pupil_login_day(ctx)                                         \
    ((uint32_t) ((ctx)->now / PUPIL_TIME_SECOND / 86400))


static void ngx_http_pupil_login_device_sent(ngx_http_pupil_ctx_t *ctx,
    pupil_device_t *device);
static void ngx_http_pupil_login_device_whose(ngx_http_pupil_ctx_t *ctx,
    pupil_device_account_t *account);
static ngx_int_t ngx_http_pupil_login_device_cookie(ngx_http_pupil_ctx_t *ctx);


/*
 * On a computer that others use it will not be known: who is there next would
 * have guesses of their own.
 */
void
ngx_http_pupil_login_device_find(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key)
{
    uint8_t                  one[PUPIL_DEVICE_ONE_LEN];
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_http_pupil_login_device_sent(ctx, &login->browser);
    pupil_device_one(key, &login->browser, login->known_as, one);

    login->device = pupil_device_age(key, &login->browser, one,
                                     ngx_http_pupil_login_day(ctx), NULL)
                    >= 0;
    login->keeps = login->input.shared != PUPIL_INPUT_TRUE;
    login->apart = login->school;

    if (login->device) {
        login->apart.data = login->browser.bytes;
        login->apart.len = PUPIL_DEVICE_ID_LEN;
    }
}


static void
ngx_http_pupil_login_device_sent(ngx_http_pupil_ctx_t *ctx,
    pupil_device_t *device)
{
    pupil_str_t  text;

    if (ngx_http_pupil_cookie(ctx->request, NGX_HTTP_PUPIL_DEVICE_COOKIE,
                              &text) != NGX_OK
        || pupil_device_parse(text, device) != PUPIL_OK)
    {
        pupil_device_new(device);
    }
}


/* A row that was put back has a number below the floor (invariant I18). */
static void
ngx_http_pupil_login_device_whose(ngx_http_pupil_ctx_t *ctx,
    pupil_device_account_t *account)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    account->subject = login->owner.id;
    account->number = ngx_max(login->stored.number,
                              ctx->floors.are.credential);
}


ngx_uint_t
ngx_http_pupil_login_device_over(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                  one[PUPIL_DEVICE_ONE_LEN];
    const pupil_key_t       *key;
    ngx_http_pupil_login_t  *login;
    pupil_device_account_t   account;

    login = ctx->data;
    key = ngx_http_pupil_key(ctx, "token");

    if (!login->device || key == NULL) {
        return 0;
    }

    pupil_device_one(key, &login->browser, login->known_as, one);
    ngx_http_pupil_login_device_whose(ctx, &account);

    if (pupil_device_age(key, &login->browser, one,
                         ngx_http_pupil_login_day(ctx), &account) >= 0)
    {
        return 0;
    }

    login->device = 0;
    login->apart = login->school;

    return 1;
}


void
ngx_http_pupil_login_device_half(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, uint8_t one[PUPIL_DEVICE_ONE_LEN])
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (login->keeps) {
        pupil_device_one(key, &login->browser, login->known_as, one);
    }
}


/*
 * Who comes from a provider guesses no passwords.  Of a log-in in two halves
 * the ticket says by zeroes that others use the computer.
 */
ngx_int_t
ngx_http_pupil_login_device_keep(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                  one[PUPIL_DEVICE_ONE_LEN];
    uint32_t                 today;
    const pupil_key_t       *key;
    ngx_http_pupil_login_t  *login;
    pupil_device_account_t   account;

    login = ctx->data;
    today = ngx_http_pupil_login_day(ctx);

    if (login->oidc != NULL) {
        return NGX_OK;
    }

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (login->factor != NULL) {
        ngx_http_pupil_login_device_sent(ctx, &login->browser);
        ngx_memcpy(one, login->factor->ticket.device, sizeof(one));
        login->keeps = !sodium_is_zero(one, sizeof(one));

    } else if (login->keeps) {
        pupil_device_one(key, &login->browser, login->known_as, one);
    }

    ngx_http_pupil_login_device_whose(ctx, &account);

    if (!login->keeps) {
        return pupil_device_drop(key, &login->browser, &account) != 0
               ? ngx_http_pupil_login_device_cookie(ctx) : NGX_OK;
    }

    if (pupil_device_age(key, &login->browser, one, today, &account) == 0) {
        return NGX_OK;
    }

    pupil_device_add(key, &login->browser, one, today, &account);

    return ngx_http_pupil_login_device_cookie(ctx);
}


ngx_int_t
ngx_http_pupil_login_device_anew(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found)
{
    uint8_t                  one[PUPIL_DEVICE_ONE_LEN];
    uint32_t                 today;
    ngx_uint_t               i;
    pupil_str_t              name;
    const pupil_key_t       *key;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;
    pupil_device_account_t   before, account;

    static const ngx_uint_t  wants[] = { PUPIL_LF_WANT_LOGIN_ID,
                                         PUPIL_LF_WANT_EMAIL };

    login = ctx->data;
    today = ngx_http_pupil_login_day(ctx);

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_device_sent(ctx, &login->browser);
    ngx_http_pupil_login_credential(ctx, found, &row);

    before.subject = login->owner.id;
    before.number = ctx->floors.are.credential;
    account.subject = login->owner.id;
    account.number = ctx->floors.own.credential;

    for (i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
        if (ngx_http_pupil_value(ctx, &row, wants[i], &name) != PUPIL_OK
            || ngx_http_pupil_login_plain(ctx, name, &name) != NGX_OK)
        {
            continue;
        }

        pupil_device_one(key, &login->browser, name, one);

        if (pupil_device_age(key, &login->browser, one, today, &before) >= 0) {
            pupil_device_add(key, &login->browser, one, today, &account);
            login->keeps = 1;
        }
    }

    ctx->keys.missing_count = 0;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_login_device_set(ngx_http_pupil_ctx_t *ctx)
{
    return ((ngx_http_pupil_login_t *) ctx->data)->keeps
           ? ngx_http_pupil_login_device_cookie(ctx) : NGX_OK;
}


/* One that knows nobody ends. */
static ngx_int_t
ngx_http_pupil_login_device_cookie(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                   text[PUPIL_DEVICE_TEXT_MAX];
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_cookie_t   cookie;

    login = ctx->data;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = NGX_HTTP_PUPIL_DEVICE_COOKIE;

    if (login->browser.count != 0) {
        cookie.value.data = text;
        cookie.value.len = pupil_device_text(&login->browser, text);
        cookie.age = PUPIL_DEVICE_DAYS * 86400;
    }

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}

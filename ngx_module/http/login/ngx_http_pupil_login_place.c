/*
 * Copyright (C) the Pupil authors
 *
 * Where a log-in comes from, and its seat.
 */

#include "http/login/ngx_http_pupil_login.h"


static ngx_int_t ngx_http_pupil_login_seat_known(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_seat_take(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t account, pupil_seater_t kind);
static void ngx_http_pupil_login_left(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_login_place(ngx_http_pupil_ctx_t *ctx)
{
    ngx_str_t                name;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (ctx->conf->login_network == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(ctx->request, ctx->conf->login_network, &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (name.len != 3 || ngx_strncmp(name.data, "off", 3) != 0) {
        login->school.data = name.data;
        login->school.len = name.len;
    }

    return NGX_OK;
}


/*
 * A seat is taken before the attempt is reserved: whoever is sent away because
 * there is none has not failed.
 */
ngx_int_t
ngx_http_pupil_login_seat(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    rc = ngx_http_pupil_login_seat_anew(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->left = ngx_http_pupil_login_left;
    login->conf->attempts++;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_login_seat_anew(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    static const pupil_str_t  none = pupil_str("");

    login = ctx->data;

    pupil_seats_leave(&login->conf->seats, &login->seat);

    if (ngx_http_pupil_login_seat_known(ctx) != NGX_OK) {
        if (ngx_http_pupil_login_seat_take(ctx, none, login->school.len > 0
                                           ? PUPIL_SEATS_SCHOOL
                                           : PUPIL_SEATS_STRANGER)
            != NGX_OK)
        {
            return ngx_http_pupil_login_busy(ctx);
        }
    }

    return NGX_OK;
}


/* By the account, whose devices and sessions are as many as it likes. */
static ngx_int_t
ngx_http_pupil_login_seat_known(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t              account;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    account = login->known_as;

    if (ctx->has_session) {
        account.data = ctx->session.subject.b;
        account.len = PUPIL_UUID_LEN;

    } else if (!login->device) {
        return NGX_DECLINED;
    }

    return ngx_http_pupil_login_seat_take(ctx, account, PUPIL_SEATS_KNOWN);
}


static ngx_int_t
ngx_http_pupil_login_seat_take(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t account, pupil_seater_t kind)
{
    pupil_seat_t            *out;
    pupil_seat_for_t         whom;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    whom.tenant = &ctx->tenant;
    whom.account = account;
    whom.kind = kind;
    ngx_http_pupil_login_party(ctx, &whom.network);

    if (!pupil_seats_take(&login->conf->seats, login->conf->queue, &whom,
                          &login->seat, &out))
    {
        return NGX_BUSY;
    }

    if (out != NULL) {
        ngx_http_pupil_hash_out(out);
    }

    return NGX_OK;
}


/* With IPv6 a client is its subnet, of whose addresses it has many. */
void
ngx_http_pupil_login_party(ngx_http_pupil_ctx_t *ctx, pupil_str_t *party)
{
    struct sockaddr         *sa;
    ngx_http_pupil_login_t  *login;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6     *sin6;
#endif

    login = ctx->data;
    sa = ctx->request->connection->sockaddr;

    party->data = (uint8_t *) ctx->network;
    party->len = ngx_strlen(ctx->network);

    if (login->school.len == 0) {
        return;
    }

    switch (sa->sa_family) {

    case AF_INET:
        party->data = (uint8_t *) &((struct sockaddr_in *) sa)->sin_addr;
        party->len = 4;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        party->data = sin6->sin6_addr.s6_addr;
        party->len = 8;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            party->data += 12;
            party->len = 4;
        }

        break;
#endif

    default:                                             /* a unix socket */
        break;
    }
}


static void
ngx_http_pupil_login_left(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_hash_detach(ctx->data);
    ngx_http_pupil_login_gone(ctx);
}

/*
 * Copyright (C) the Pupil authors
 *
 * Where a log-in comes from, and its seat.
 */

#include "http/login/ngx_http_pupil_login.h"


static ngx_int_t ngx_http_pupil_login_seat_find(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t press);
static ngx_int_t ngx_http_pupil_login_seat_known(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t press);
static ngx_int_t ngx_http_pupil_login_seat_take(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t account, pupil_seater_t kind, ngx_uint_t press);
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
 * there is none has not failed.  Where somebody would have to make room, that
 * waits until the attempt counts: who is throttled sends nobody away.
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

    ngx_http_pupil_login_comes(ctx, ngx_http_pupil_login_left);
    login->conf->attempts++;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_login_seat_anew(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    pupil_seats_leave(&login->conf->seats, &login->seat);
    login->seated = 0;
    login->stands = 0;

    return ngx_http_pupil_login_seat_find(ctx, 0) == NGX_OK
           ? NGX_OK : ngx_http_pupil_login_busy(ctx);
}


ngx_int_t
ngx_http_pupil_login_sits(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->stands = 0;

    return ngx_http_pupil_login_seat_find(ctx, 1);
}


ngx_uint_t
ngx_http_pupil_login_seat_lost(const ngx_http_pupil_login_t *login)
{
    return login->seated && !login->seat.taken;
}


/* Who has no seat as known has one as what they would be else. */
static ngx_int_t
ngx_http_pupil_login_seat_find(ngx_http_pupil_ctx_t *ctx, ngx_uint_t press)
{
    ngx_http_pupil_login_t  *login;

    static const pupil_str_t  none = pupil_str("");

    login = ctx->data;

    if (ngx_http_pupil_login_seat_known(ctx, press) == NGX_OK) {
        return NGX_OK;
    }

    return ngx_http_pupil_login_seat_take(ctx, none, login->school.len > 0
                                          ? PUPIL_SEATS_SCHOOL
                                          : PUPIL_SEATS_STRANGER, press);
}


/* By the account, whose devices and sessions are as many as it likes. */
static ngx_int_t
ngx_http_pupil_login_seat_known(ngx_http_pupil_ctx_t *ctx, ngx_uint_t press)
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

    return ngx_http_pupil_login_seat_take(ctx, account, PUPIL_SEATS_KNOWN,
                                          press);
}


/* NGX_BUSY: there is none. */
static ngx_int_t
ngx_http_pupil_login_seat_take(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t account, pupil_seater_t kind, ngx_uint_t press)
{
    pupil_seat_t            *out;
    pupil_seats_t           *seats;
    pupil_seat_for_t         whom;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    seats = &login->conf->seats;

    whom.tenant = &ctx->tenant;
    whom.account = account;
    whom.kind = kind;
    ngx_http_pupil_login_party(ctx, &whom.network);

    if (pupil_seats_take(seats, login->conf->queue, &whom, &login->seat,
                         press ? &out : NULL))
    {
        login->seated = 1;

        if (press && out != NULL) {
            login->conf->made_room++;
            ngx_http_pupil_hash_out(out);
        }

        return NGX_OK;
    }

    if (!press && pupil_seats_would(seats, login->conf->queue, &whom)) {
        login->stands = 1;
        return NGX_OK;
    }

    return NGX_BUSY;
}


/* What nobody has looked at has taught nobody anything. */
ngx_int_t
ngx_http_pupil_login_unmade(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (login->reserve == NULL || !login->reserved) {
        return ngx_http_pupil_login_busy(ctx);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_BACK);
    ngx_http_pupil_param_bytea_array(ex, login->buckets, login->buckets_count);
    ngx_http_pupil_login_refusal(ctx, ex);

    return ngx_http_pupil_login_send(ctx, ex, ngx_http_pupil_login_busy);
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

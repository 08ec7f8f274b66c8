/*
 * Copyright (C) the Pupil authors
 *
 * A log-in that ends before its record is stored, as its client has gone, or
 * the database.  The attempt counts from the moment that it is reserved, and
 * what counts, or may, is on record (invariant I1), as soon as there is a
 * database again.  A record has its number when it is sent, and each time
 * another: while it waits, the log has no gap.
 */

#include "http/login/ngx_http_pupil_login.h"


#define NGX_HTTP_PUPIL_GONE_AGAIN  1000    /* ms until it is sent again */
#define NGX_HTTP_PUPIL_GONE_MOST   1000    /* records that wait in a worker */
#define NGX_HTTP_PUPIL_GONE_TRIES  60      /* without a number or a key */

/* What PostgreSQL says of a lock that it did not get. */
#define NGX_HTTP_PUPIL_LOCKED      "55P03"


/* What a record needs of a request that has ended, in memory of its own. */
typedef struct {
    ngx_pool_t                *pool;
    ngx_http_pupil_ctx_t       ctx;
    ngx_http_pupil_login_t     login;
    ngx_libpq_exchange_t      *ex;          /* on its way; NULL: nothing */
    ngx_http_pupil_written_t  *written;     /* of that */
    ngx_uint_t                 tries;       /* that could not be made */
    ngx_event_t                again;
    ngx_queue_t                link;        /* of a worker's */
    unsigned                   counts:1;    /* the attempt does, or may */
} ngx_http_pupil_gone_t;


static ngx_http_pupil_gone_t *ngx_http_pupil_gone_create(
    const ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_gone_destroy(ngx_http_pupil_gone_t *gone);
static ngx_uint_t ngx_http_pupil_gone_told(
    const ngx_http_pupil_login_t *login);
static ngx_uint_t ngx_http_pupil_gone_counts(const ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_gone_reserved(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_gone_send(ngx_http_pupil_gone_t *gone);
static void ngx_http_pupil_gone_sent(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_gone_later(ngx_http_pupil_gone_t *gone);
static void ngx_http_pupil_gone_again(ngx_event_t *ev);
static void ngx_http_pupil_gone_left_off(const ngx_http_pupil_login_t *login);
static void ngx_http_pupil_gone_lost(const char *is);


void
ngx_http_pupil_login_comes(ngx_http_pupil_ctx_t *ctx,
    void (*left)(ngx_http_pupil_ctx_t *ctx))
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ctx->left = left;
    ngx_queue_insert_tail(&login->conf->under_way, &login->link);
}


/* The request's memory ends, nothing of it is wiped yet. */
void
ngx_http_pupil_login_gone(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               counts;
    ngx_http_pupil_gone_t   *gone;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_queue_remove(&login->link);

    if (login->reserve == NULL || ngx_http_pupil_gone_told(login)) {
        return;
    }

    counts = login->reserved || ngx_http_pupil_gone_counts(login->reserve);

    if (!counts && login->reserve->status != NGX_LIBPQ_PENDING) {
        return;
    }

    gone = login->conf->gone_count < NGX_HTTP_PUPIL_GONE_MOST
           ? ngx_http_pupil_gone_create(ctx) : NULL;

    if (gone == NULL) {
        ngx_http_pupil_gone_lost("is not");
        return;
    }

    gone->counts = counts;

    if (login->record != NULL
        && login->record->status == NGX_LIBPQ_PENDING)
    {
        gone->ex = login->record;
        gone->written = ngx_http_pupil_hand(ctx, login->record,
                                            ngx_http_pupil_gone_sent, gone);

    } else if (counts) {
        ngx_http_pupil_gone_send(gone);

    } else {
        /* whether it counts is known when that has ended */
        gone->ex = login->reserve;
        (void) ngx_http_pupil_hand(ctx, login->reserve,
                                   ngx_http_pupil_gone_reserved, gone);
    }
}


static ngx_http_pupil_gone_t *
ngx_http_pupil_gone_create(const ngx_http_pupil_ctx_t *ctx)
{
    ngx_pool_t                    *pool;
    ngx_http_pupil_gone_t         *gone;
    const ngx_http_pupil_login_t  *login;

    pool = ngx_create_pool(sizeof(ngx_http_pupil_gone_t) + 256,
                           ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    gone = ngx_pcalloc(pool, sizeof(ngx_http_pupil_gone_t));
    if (gone == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    login = ctx->data;

    gone->pool = pool;
    gone->again.data = gone;
    gone->again.log = ngx_cycle->log;
    gone->again.handler = ngx_http_pupil_gone_again;

    gone->login.conf = login->conf;
    gone->login.conf->gone_count++;
    ngx_queue_insert_tail(&gone->login.conf->gone, &gone->link);
    gone->login.known = login->known;
    gone->login.owner.id = login->owner.id;

    gone->ctx.main = ctx->main;
    gone->ctx.conf = ctx->conf;
    gone->ctx.id = ctx->id;
    gone->ctx.tenant = ctx->tenant;
    gone->ctx.today = ctx->today;
    gone->ctx.data = &gone->login;
    ngx_memcpy(gone->ctx.network, ctx->network, sizeof(ctx->network));

    gone->ctx.has_session = ctx->has_session;
    gone->ctx.session.subject = ctx->session.subject;
    gone->ctx.session.institution = ctx->session.institution;
    gone->ctx.session.role = ctx->session.role;

    return gone;
}


static void
ngx_http_pupil_gone_destroy(ngx_http_pupil_gone_t *gone)
{
    gone->login.conf->gone_count--;
    ngx_queue_remove(&gone->link);
    ngx_destroy_pool(gone->pool);
}


/* It is on record, or that this is in doubt has been said. */
static ngx_uint_t
ngx_http_pupil_gone_told(const ngx_http_pupil_login_t *login)
{
    return login->record != NULL
           && (login->record->status == NGX_LIBPQ_OK
               || ngx_libpq_exchange_in_doubt(login->record));
}


/* Does what this has reserved count, or may it? */
static ngx_uint_t
ngx_http_pupil_gone_counts(const ngx_libpq_exchange_t *ex)
{
    int32_t  wait;

    return ngx_libpq_exchange_in_doubt(ex)
           || (ex->status == NGX_LIBPQ_OK
               && ngx_libpq_get_int4(ex->results[0], 0, PUPIL_LR_WAIT, &wait)
                  == NGX_OK
               && wait == 0);
}


static void
ngx_http_pupil_gone_reserved(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t              counts;
    ngx_http_pupil_gone_t  *gone;

    gone = ex->data;
    counts = ngx_http_pupil_gone_counts(ex);
    gone->ex = NULL;
    gone->counts = counts;
    ngx_libpq_exchange_destroy(ex);

    if (counts) {
        ngx_http_pupil_gone_send(gone);

    } else {
        ngx_http_pupil_gone_destroy(gone);
    }
}


static void
ngx_http_pupil_gone_send(ngx_http_pupil_gone_t *gone)
{
    ngx_int_t              rc;
    ngx_libpq_exchange_t  *ex;
    ngx_http_pupil_ctx_t  *ctx;

    ctx = &gone->ctx;

    ex = ngx_libpq_exchange_create(ctx->main->data, ngx_http_pupil_gone_sent,
                                   gone);
    if (ex == NULL) {
        ngx_http_pupil_gone_later(gone);
        return;
    }

    ngx_http_pupil_exchange_day(ex, &ctx->tenant, ctx->today);
    ngx_http_pupil_login_refusal(ctx, ex);
    gone->written = ngx_http_pupil_audit_take(ctx);
    gone->ex = ex;
    ex->writes = 1;

    rc = ngx_libpq_exchange_submit(ex);

    if (rc == NGX_OK) {
        return;
    }

    gone->ex = NULL;
    ngx_http_pupil_audit_unsent(gone->written);
    ngx_libpq_exchange_destroy(ex);

    /* a tenant that has ended gives no number any more */

    if (rc == NGX_ERROR && ++gone->tries == NGX_HTTP_PUPIL_GONE_TRIES) {
        ngx_http_pupil_gone_lost("is not");
        ngx_http_pupil_gone_destroy(gone);
        return;
    }

    ngx_http_pupil_gone_later(gone);
}


static void
ngx_http_pupil_gone_sent(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t              doubt, again;
    ngx_http_pupil_gone_t  *gone;

    gone = ex->data;

    doubt = ngx_libpq_exchange_in_doubt(ex);

    again = !doubt && (ex->status == NGX_LIBPQ_UNAVAILABLE
                       || ngx_strcmp(ex->sqlstate, NGX_HTTP_PUPIL_LOCKED)
                          == 0);

    if (ex->status != NGX_LIBPQ_OK && !again) {
        ngx_http_pupil_gone_lost(doubt ? "may not be" : "is not");
    }

    (void) ngx_http_pupil_audit_written(gone->written, ex);
    gone->ex = NULL;
    ngx_libpq_exchange_destroy(ex);

    if (again) {
        ngx_http_pupil_gone_later(gone);

    } else {
        ngx_http_pupil_gone_destroy(gone);
    }
}


/* A worker that is told to quit waits no longer. */
static void
ngx_http_pupil_gone_later(ngx_http_pupil_gone_t *gone)
{
    if (ngx_exiting) {
        ngx_http_pupil_gone_lost("is not");
        ngx_http_pupil_gone_destroy(gone);
        return;
    }

    ngx_add_timer(&gone->again, NGX_HTTP_PUPIL_GONE_AGAIN);
}


static void
ngx_http_pupil_gone_again(ngx_event_t *ev)
{
    ngx_http_pupil_gone_send(ev->data);
}


/*
 * A worker that is told to end at once, while connections are open still: what
 * has been sent may be stored, and nobody hears of it.
 */
void
ngx_http_pupil_login_exit(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_uint_t                    sent;
    ngx_queue_t                  *q, *list;
    ngx_http_pupil_gone_t        *gone;
    ngx_http_pupil_login_conf_t  *conf;

    conf = ngx_http_pupil_login_conf(pmcf);
    list = &conf->under_way;

    while (!ngx_queue_empty(list)) {
        q = ngx_queue_head(list);
        ngx_queue_remove(q);
        ngx_queue_init(q);          /* or who is left yet would do it again */
        ngx_http_pupil_gone_left_off(ngx_queue_data(q, ngx_http_pupil_login_t,
                                                    link));
    }

    list = &conf->gone;

    while (!ngx_queue_empty(list)) {
        q = ngx_queue_head(list);
        gone = ngx_queue_data(q, ngx_http_pupil_gone_t, link);
        sent = gone->ex != NULL && gone->ex->sent_at != 0;

        if (sent || gone->counts) {
            ngx_http_pupil_gone_lost(sent ? "may not be" : "is not");
        }

        if (gone->ex != NULL) {
            ngx_libpq_exchange_destroy(gone->ex);
        }

        if (gone->again.timer_set) {
            ngx_del_timer(&gone->again);
        }

        ngx_http_pupil_gone_destroy(gone);
    }
}


/* One whose client waits for its answer yet. */
static void
ngx_http_pupil_gone_left_off(const ngx_http_pupil_login_t *login)
{
    const ngx_libpq_exchange_t  *ex;

    if (login->reserve == NULL || ngx_http_pupil_gone_told(login)) {
        return;
    }

    ex = login->record != NULL ? login->record : login->reserve;

    if (ex->status == NGX_LIBPQ_PENDING && ex->sent_at != 0) {
        ngx_http_pupil_gone_lost("may not be");

    } else if (login->reserved || ngx_http_pupil_gone_counts(login->reserve)) {
        ngx_http_pupil_gone_lost("is not");
    }
}


static void
ngx_http_pupil_gone_lost(const char *is)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: a log-in that had no answer %s on record", is);
}

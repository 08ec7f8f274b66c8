/*
 * Copyright (C) the Pupil authors
 *
 * Keys of a tenant and of owners, fetched wrapped from the key store and
 * unwrapped into the locked arena by core.
 */

#ifndef _NGX_HTTP_PUPIL_KEYS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_KEYS_H_INCLUDED_

#include "core/vault/keyring.h"
#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_MAX_MISSING  512        /* owner keys asked at once */
#define NGX_HTTP_PUPIL_MAX_ROUNDS   4          /* of asking, a request */
#define NGX_HTTP_PUPIL_MAX_FULL     64         /* of asking for as many */


/* Owners whose keys go with the request: pupil_key_cache off, or too late. */
typedef struct ngx_http_pupil_own_keys_s  ngx_http_pupil_own_keys_t;

struct ngx_http_pupil_own_keys_s {
    ngx_http_pupil_own_keys_t     *next;
    ngx_uint_t                     n;
    pupil_uuid_t                   owners[1];
};

/* ctx->keys. */
typedef struct {
    pupil_uuid_t               *missing;      /* owners, to be fetched */
    ngx_uint_t                  missing_count;
    pupil_uuid_t               *keyless;      /* owners that have none */
    ngx_uint_t                  keyless_count;
    ngx_uint_t                  rounds, full; /* of fetching */
    ngx_uint_t                  what;         /* is being fetched */
    ngx_msec_t                  asked_at;
    ngx_libpq_exchange_t       *exchange;
    ngx_http_pupil_step_pt      next;
    ngx_http_pupil_own_keys_t  *own;
    unsigned                    refetched:1;  /* the tenant's keys */
} ngx_http_pupil_request_keys_t;


/* Of the cap of keys a minute, as the key store last told this worker. */
typedef struct {
    int64_t            share;   /* that was spent, percent: the largest of
                                   a minute */
    time_t             minute;
    ngx_atomic_uint_t  refused; /* fetches */
    time_t             logged;  /* the minute of a line */
} ngx_http_pupil_cap_t;


/* pmcf->vault: the key file and the cache of keys. */
typedef struct {
    ngx_str_t             master_key;   /* path */
    pupil_arena_t        *kek_arena;    /* the master's */
    pupil_kek_t          *keks;         /* in it, wiped in workers */
    uint32_t              keks_count;
    ngx_uint_t            owners;       /* keys cached a worker */
    ngx_uint_t            tenants;      /* whose keys are */
    ngx_msec_t            lifetime;     /* of a cached key */
    unsigned              off:1;        /* keys go with the request */

    /* a worker's own */
    pupil_arena_t        *arena;
    pupil_keyring_t      *ring;         /* NULL: 503 */
    void                 *memo;         /* of keyed hashes, or NULL */
    ngx_atomic_uint_t     fetches;
    ngx_http_pupil_cap_t  cap;
    ngx_msec_t            told_at;      /* by the key store, at last */
    ngx_msec_t            zoned_at;     /* of a time zone, at last */
    ngx_event_t           sweep;
    unsigned              unavailable:1;  /* why was logged */
} ngx_http_pupil_vault_t;


/* NGX_OK: the tenant's keys are loaded; NGX_AGAIN: being fetched, then
 * next(ctx); or a problem. */
ngx_int_t ngx_http_pupil_keys_tenant(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);

/* Fetches what is missing, then next(ctx).  NGX_AGAIN or a problem. */
ngx_int_t ngx_http_pupil_keys_owners(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);

/* What comes of a fetch: the step in which a request waits for keys. */
ngx_int_t ngx_http_pupil_keys_step(ngx_http_pupil_ctx_t *ctx);

/*
 * What was answered, into the ring.  NGX_OK; NGX_DECLINED: wrapped by a key of
 * the tenant's that is not loaded; NGX_ERROR, or a problem.
 */
ngx_int_t ngx_http_pupil_keys_put_tenant(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
ngx_int_t ngx_http_pupil_keys_put_services(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
ngx_int_t ngx_http_pupil_keys_put_owners(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);

/* What is of no use, by rc; said once, and answered 503. */
ngx_int_t ngx_http_pupil_keys_broken(ngx_http_pupil_ctx_t *ctx, pupil_rc_t rc,
    const char *what);

/* Notes an owner as missing, once.  NGX_OK, NGX_ERROR: no memory. */
ngx_int_t ngx_http_pupil_keys_missing(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *owner);

/* Whether what is missing may be asked for once more: counts the rounds. */
ngx_uint_t ngx_http_pupil_keys_round(ngx_http_pupil_ctx_t *ctx);

/* The request ends: with pupil_key_cache off its owners' keys are wiped. */
void ngx_http_pupil_keys_forget(ngx_http_pupil_ctx_t *ctx);

/* The share of the cap that was spent lately, percent. */
int64_t ngx_http_pupil_keys_share(const ngx_http_pupil_cap_t *cap);

/*
 * The key store has told of a change of an owner, or of changes that it does
 * not name: what was asked for before is not kept.
 */
void ngx_http_pupil_keys_drop(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner);
void ngx_http_pupil_keys_distrust(ngx_http_pupil_main_conf_t *pmcf);

/* A tenant is no more: text is its id; NULL: that may be so of any. */
void ngx_http_pupil_keys_gone(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_str_t *text);

/* Another time zone of a tenant, whose id text is. */
void ngx_http_pupil_keys_zoned(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_str_t *text);

/* Worker: keys whose time is over are wiped, whether others come or not. */
void ngx_http_pupil_keys_sweep(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log);

/* A service key of the request's tenant, loaded since keys_tenant; NULL. */
const pupil_key_t *ngx_http_pupil_key(ngx_http_pupil_ctx_t *ctx,
    const char *name);

#endif /* _NGX_HTTP_PUPIL_KEYS_H_INCLUDED_ */

/*
 * Copyright (C) the Pupil authors
 *
 * Argon2id in a thread pool, behind the gate.  A task owns its memory and
 * never touches a request (pitfall 19): when the client goes it is detached,
 * and finishes for nobody.  A timer that is not cancelable keeps a worker that
 * is being replaced until it has finished (pitfall 14).
 */

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sodium.h>

#include "http/login/ngx_http_pupil_login.h"


#define NGX_HTTP_PUPIL_HASH_TIMER  30000    /* ms */


struct ngx_http_pupil_hash_s {
    ngx_pool_t                   *pool;
    ngx_http_pupil_login_conf_t  *conf;
    ngx_http_pupil_ctx_t         *ctx;      /* NULL: detached */
    ngx_http_pupil_step_pt        next;
    ngx_event_t                   timer;
    pupil_str_t                   password; /* a copy */
    pupil_str_t                   fresh_of; /* what a new one is made of */
    char                          stored[PUPIL_PASSWORD_HASH_LEN];
    pupil_password_cost_t         cost;
    u_char                       *renewed;  /* the request's; or NULL */
    ngx_thread_task_t            *task;
    pupil_seat_t                  seat;
    unsigned                      posted:1; /* it is in the pool */
    unsigned                      always:1; /* one that fits has a new one */
    unsigned                      alone:1;  /* and there is none to fit */

    /* written by the thread */
    pupil_rc_t                    rc;
    pupil_password_cost_t         made_at;
    char                          fresh[PUPIL_PASSWORD_HASH_LEN];
    ngx_uint_t                    runs;
    uint64_t                      work;     /* of all runs */
};


static ngx_int_t ngx_http_pupil_hash_copy(ngx_pool_t *pool,
    pupil_str_t password, pupil_str_t *copy);
static void ngx_http_pupil_hash_post(ngx_http_pupil_login_conf_t *conf);
static void ngx_http_pupil_hash_none(ngx_http_pupil_hash_t *hash);
static void ngx_http_pupil_hash_thread(void *data, ngx_log_t *log);
static void ngx_http_pupil_hash_equal_work(ngx_http_pupil_hash_t *hash);
static void ngx_http_pupil_hash_done(ngx_event_t *ev);
static void ngx_http_pupil_hash_count(ngx_http_pupil_hash_t *hash);
static void ngx_http_pupil_hash_timer(ngx_event_t *ev);
static void ngx_http_pupil_hash_wipe(ngx_http_pupil_hash_t *hash);


ngx_int_t
ngx_http_pupil_hash_verify(ngx_http_pupil_ctx_t *ctx, const char *stored,
    u_char *renewed, ngx_http_pupil_step_pt next)
{
    ngx_pool_t              *pool;
    ngx_thread_task_t       *task;
    ngx_http_pupil_hash_t   *hash;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (!login->seat.taken) {
        return ngx_http_pupil_login_unmade(ctx);
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    task = ngx_thread_task_alloc(pool, sizeof(ngx_http_pupil_hash_t));
    hash = task != NULL ? task->ctx : NULL;

    if (hash == NULL
        || ngx_http_pupil_hash_copy(pool, login->input.password,
                                    &hash->password) != NGX_OK
        || ngx_http_pupil_hash_copy(pool, login->fresh.data != NULL
                                          ? login->fresh
                                          : login->input.password,
                                    &hash->fresh_of) != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    hash->pool = pool;
    hash->conf = login->conf;
    hash->ctx = ctx;
    hash->next = next;
    hash->cost = login->conf->cost;
    hash->renewed = renewed;

    hash->always = login->fresh.data != NULL;
    hash->alone = hash->always && login->input.password.data == NULL;
    ngx_cpystrn((u_char *) hash->stored, (u_char *) stored,
                sizeof(hash->stored));

    hash->timer.handler = ngx_http_pupil_hash_timer;
    hash->timer.data = hash;
    hash->timer.log = ngx_cycle->log;

    task->handler = ngx_http_pupil_hash_thread;
    task->event.handler = ngx_http_pupil_hash_done;
    task->event.data = hash;
    task->event.log = ngx_cycle->log;

    hash->task = task;

    ngx_add_timer(&hash->timer, NGX_HTTP_PUPIL_HASH_TIMER);
    login->hash = hash;

    /* Until it has been worked off, even if the client goes meanwhile. */
    pupil_seats_move(&login->seat, &hash->seat);
    hash->seat.waits = 1;

    ngx_http_pupil_hash_post(login->conf);

    return NGX_AGAIN;
}


/* With a byte more than it has, as an empty one is no error. */
static ngx_int_t
ngx_http_pupil_hash_copy(ngx_pool_t *pool, pupil_str_t password,
    pupil_str_t *copy)
{
    u_char  *p;

    p = ngx_pnalloc(pool, password.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, password.data, password.len);
    copy->data = p;
    copy->len = password.len;

    return NGX_OK;
}


/*
 * As many as can be made at once: the pool has no order but that of arrival.
 * What it does not take ends as if there were no memory for it.
 */
static void
ngx_http_pupil_hash_post(ngx_http_pupil_login_conf_t *conf)
{
    pupil_seat_t           *seat;
    ngx_http_pupil_hash_t  *hash;

    while (conf->posted < conf->parallel) {
        seat = pupil_seats_next(&conf->seats);
        if (seat == NULL) {
            break;
        }

        hash = ngx_queue_data(seat, ngx_http_pupil_hash_t, seat);

        if (ngx_thread_task_post(conf->pool, hash->task) == NGX_OK) {
            hash->posted = 1;
            conf->posted++;

        } else {
            ngx_http_pupil_hash_none(hash);
        }
    }
}


static void
ngx_http_pupil_hash_none(ngx_http_pupil_hash_t *hash)
{
    ngx_http_pupil_hash_wipe(hash);
    hash->rc = PUPIL_NO_MEMORY;
    ngx_post_event(&hash->task->event, &ngx_posted_events);
}


/* Who is on the way to its hash yet, finds out there. */
void
ngx_http_pupil_hash_out(pupil_seat_t *seat)
{
    if (seat->waits) {
        seat->waits = 0;
        ngx_http_pupil_hash_none(ngx_queue_data(seat, ngx_http_pupil_hash_t,
                                                seat));
    }
}


void
ngx_http_pupil_hash_detach(ngx_http_pupil_login_t *login)
{
    if (login->hash != NULL) {
        login->hash->ctx = NULL;
        login->hash = NULL;
    }

    pupil_seats_leave(&login->conf->seats, &login->seat);
}


void
ngx_http_pupil_hash_nobody(const pupil_password_cost_t *cost,
    char out[PUPIL_PASSWORD_HASH_LEN])
{
    char     salt[32], key[64];
    uint8_t  bytes[48];

    randombytes_buf(bytes, sizeof(bytes));
    (void) sodium_bin2base64(salt, sizeof(salt), bytes, 16,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    (void) sodium_bin2base64(key, sizeof(key), bytes + 16, 32,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING);

    ngx_snprintf((u_char *) out, PUPIL_PASSWORD_HASH_LEN,
                 "$argon2id$v=19$m=%uD,t=%uD,p=1$%s$%s%Z", cost->memory,
                 cost->iterations, salt, key);
}


static void
ngx_http_pupil_hash_thread(void *data, ngx_log_t *log)
{
    ngx_http_pupil_hash_t *hash = data;

    ngx_uint_t  place;

    static __thread unsigned  nice;

    /* Linux gives each thread a priority of its own; requests come first. */
    if (!nice) {
        (void) setpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid), 19);
        nice = 1;
    }

    place = ngx_http_pupil_gate_enter(hash->conf->gate, hash->conf->parallel);
    ngx_http_pupil_hash_equal_work(hash);
    ngx_http_pupil_gate_leave(hash->conf->gate, place);

    ngx_http_pupil_hash_wipe(hash);
}


/*
 * As much work for a hash of any cost up to the one in force as for one of
 * that cost, so that nobody can tell by time what is stored, or whether there
 * is anything (invariant I13).  Only a log-in that succeeds does more: its
 * hash is made anew.
 */
static void
ngx_http_pupil_hash_equal_work(ngx_http_pupil_hash_t *hash)
{
    int       weaker;
    uint64_t  full, done;

    full = pupil_password_work(&hash->cost);

    if (hash->alone) {
        hash->rc = pupil_password_hash(hash->fresh_of, &hash->cost,
                                       hash->fresh);
        hash->runs = 1;
        hash->work = full;
        return;
    }

    if (pupil_password_made_at(hash->stored, &hash->made_at) == PUPIL_OK) {
        hash->runs = 1;
        hash->work = pupil_password_work(&hash->made_at);
    }

    hash->rc = pupil_password_verify(hash->password, hash->stored,
                                     &hash->cost, &weaker);

    if (hash->rc == PUPIL_NO_MEMORY) {
        return;
    }

    if (hash->rc == PUPIL_OK && hash->renewed != NULL) {

        if ((hash->always
             || hash->made_at.memory != hash->cost.memory
             || hash->made_at.iterations != hash->cost.iterations)
            && pupil_password_hash(hash->fresh_of, &hash->cost, hash->fresh)
               == PUPIL_OK)
        {
            hash->runs++;
            hash->work += full;
        }

        return;
    }

    if (hash->work < full) {
        if (pupil_password_spend(full - hash->work, &hash->cost, &done)
            != PUPIL_OK)
        {
            hash->rc = PUPIL_NO_MEMORY;
        }

        hash->runs += done != 0;
        hash->work += done;
    }
}


static void
ngx_http_pupil_hash_wipe(ngx_http_pupil_hash_t *hash)
{
    sodium_memzero((void *) hash->password.data, hash->password.len);
    sodium_memzero((void *) hash->fresh_of.data, hash->fresh_of.len);
    sodium_memzero(hash->stored, sizeof(hash->stored));
}


/* On the event loop again. */
static void
ngx_http_pupil_hash_done(ngx_event_t *ev)
{
    ngx_http_pupil_hash_t *hash = ev->data;

    ngx_http_pupil_ctx_t         *ctx;
    ngx_http_pupil_login_t       *login;
    ngx_http_pupil_step_pt        next;
    ngx_http_pupil_login_conf_t  *conf;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_THREAD);

    if (hash->timer.timer_set) {
        ngx_del_timer(&hash->timer);
    }

    ctx = hash->ctx;
    next = hash->next;
    conf = hash->conf;

    pupil_seats_leave(&conf->seats, &hash->seat);
    conf->posted -= hash->posted;

    ngx_http_pupil_hash_count(hash);

    if (ctx != NULL) {
        login = ctx->data;
        login->hash = NULL;
        login->verified = hash->rc;

        if (hash->renewed != NULL) {
            ngx_memcpy(hash->renewed, hash->fresh, sizeof(hash->fresh));
        }
    }

    sodium_memzero(hash->fresh, sizeof(hash->fresh));
    ngx_destroy_pool(hash->pool);

    ngx_http_pupil_hash_post(conf);

    if (ctx != NULL) {
        ngx_http_pupil_resume(ctx, next);
    }
}


static void
ngx_http_pupil_hash_count(ngx_http_pupil_hash_t *hash)
{
    ngx_http_pupil_login_conf_t  *conf;

    conf = hash->conf;

    conf->hashes += hash->runs;
    conf->hash_kib += hash->work;

    if (!conf->dearer
        && pupil_password_work(&hash->made_at)
           > pupil_password_work(&hash->cost))
    {
        conf->dearer = 1;
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pupil: a stored password hash costs more (memory=%uDk "
                      "iterations=%uD) than pupil_password_hash says: whose "
                      "it is can be told by time until that log-in succeeds; "
                      "saying this once", hash->made_at.memory,
                      hash->made_at.iterations);
    }
}


static void
ngx_http_pupil_hash_timer(ngx_event_t *ev)
{
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                  "pupil: a password has been waiting for its hash for %d s: "
                  "give the thread pool of pupil_password_hash more threads, "
                  "or this machine more cores",
                  NGX_HTTP_PUPIL_HASH_TIMER / 1000);

    ngx_add_timer(ev, NGX_HTTP_PUPIL_HASH_TIMER);
}

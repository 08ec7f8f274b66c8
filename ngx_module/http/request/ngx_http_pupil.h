/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the nginx side share: configuration, the life of a
 * request, and how an endpoint is written.
 *
 * An endpoint is a table of routes.  The engine (ngx_http_pupil_request.c)
 * does what all have in common, in this order:
 *
 *     route     method and path; 405 with Allow, 404
 *     body      read and kept in memory, never in a file; 413, 415
 *     parse     the route's: strict, before anything is looked up; 400, 422
 *     session   the shared zone, else PostgreSQL; 401
 *     CSRF      unsafe methods; 403
 *     grant     is a statement granted to this role; 403, audited
 *     start     the route's: builds the exchange; one round trip
 *     render    the route's: once the exchange is committed
 *     record    what is shown, in a group with other requests'
 *     send      once that is committed (invariant I1)
 *
 * render may find that an owner's key is not cached: the engine fetches all
 * that it asked for and calls render again from its beginning.  It may find
 * tampered rows: the engine audits them before it answers.
 */

#ifndef _NGX_HTTP_PUPIL_H_INCLUDED_
#define _NGX_HTTP_PUPIL_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"
#include "http/request/ngx_http_pupil_problem.h"
#include "core/audit/audit.h"
#include "core/vault/authentic.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/evidence.h"
#include "core/input/input.h"
#include "core/json/json.h"
#include "core/vault/keyring.h"
#include "core/plugin/loader.h"
#include "core/login/password.h"
#include "core/policy/policy.h"
#include "core/policy/statement.h"
#include "core/base/text.h"
#include "core/login/token.h"
#include "core/json/writer.h"
#include "pg/ngx_libpq.h"
#include "http/login/ngx_http_pupil_gate.h"
#include "pg/probe.h"


/* The schema that this build knows, and the oldest that it can serve. */
#define NGX_HTTP_PUPIL_SCHEMA_DATA      2
#define NGX_HTTP_PUPIL_SCHEMA_KEYSTORE  1

/* Bytes of a request body. */
#define NGX_HTTP_PUPIL_LOGIN_BODY  (16 * 1024)
#define NGX_HTTP_PUPIL_BODY_MAX    (1024 * 1024)

#define NGX_HTTP_PUPIL_LOGIN_OFF    0
#define NGX_HTTP_PUPIL_LOGIN_STAFF  1
#define NGX_HTTP_PUPIL_LOGIN_ALL    2

#define NGX_HTTP_PUPIL_DURABLE_ON     0
#define NGX_HTTP_PUPIL_DURABLE_LOCAL  1
#define NGX_HTTP_PUPIL_DURABLE_OFF    2

/* pupil_status is no endpoint of core: it touches no personal data. */
#define NGX_HTTP_PUPIL_STATUS  PUPIL_ENDPOINT_COUNT


typedef struct ngx_http_pupil_route_s  ngx_http_pupil_route_t;
typedef struct ngx_http_pupil_zone_s   ngx_http_pupil_zone_t;
typedef struct ngx_http_pupil_definitions_s  ngx_http_pupil_definitions_t;


/* ---- configuration ---- */

/* Counters of one worker, for /status.  No personal data. */
typedef struct {
    ngx_atomic_uint_t  requests[PUPIL_ENDPOINT_COUNT + 1][6]; /* by class */
    ngx_atomic_uint_t  bad_request, unauthorized, csrf, throttled;
    ngx_atomic_uint_t  logins, login_failures, login_busy;
    ngx_atomic_uint_t  hashes, hash_kib;       /* Argon2id: runs, work */
    ngx_atomic_uint_t  zone_hits, zone_misses, zone_stale;
    ngx_atomic_uint_t  tampered, key_fetches;
    ngx_atomic_uint_t  evidence_hits, evidence_misses, evidence_stale;
    ngx_atomic_uint_t  aborted;                /* the client went */
} ngx_http_pupil_stats_t;


/*
 * What the check of a fresh connection needs and finds.  The atomics are all
 * that the helper threads write.
 */
typedef struct {
    ngx_str_t          *sql;           /* shapes and policies, to be stored */
    ngx_uint_t          sql_count;
    ngx_uint_t          schema;        /* NGX_HTTP_PUPIL_SCHEMA_* */
    ngx_uint_t          durable;       /* NGX_HTTP_PUPIL_DURABLE_* */
    unsigned            keystore:1;
    unsigned            same_cluster:1;
    uint32_t            keks_count;
    uint32_t            epochs[PUPIL_KEYRING_EPOCHS];
    uint8_t             fingerprints[PUPIL_KEYRING_EPOCHS][32];
    ngx_atomic_t       *own_system;    /* identifier of the cluster */
    ngx_atomic_t       *other_system;
    ngx_atomic_t       *partitions_until; /* of audit partitions, in seconds */
} ngx_http_pupil_check_t;


struct ngx_http_pupil_main_conf_s {
    pupil_policy_t             policy;         /* all plugins, no denies */
    ngx_libpq_pool_t  *data;           /* pupil_database */
    ngx_libpq_pool_t  *keys;           /* pupil_keystore */
    ngx_libpq_listen_t *listen;
    ngx_str_t                  master_key;     /* path */
    pupil_kek_t               *keks;           /* in kek_arena, the master's */
    pupil_arena_t             *kek_arena;
    uint32_t                   keks_count;
    ngx_uint_t                 cache_owners;   /* keys cached a worker */
    ngx_msec_t                 cache_lifetime;
    ngx_int_t                  group_size;     /* audit records at once */
    ngx_shm_zone_t            *zone;           /* pupil_session_zone */
    ngx_msec_t                 zone_valid;     /* an entry serves so long */
    ngx_flag_t                 same_cluster;
    ngx_uint_t                 durable;        /* NGX_HTTP_PUPIL_DURABLE_* */
    ngx_flag_t                 probe;          /* pupil_probe */
    ngx_array_t                shapes;         /* pupil_statement_t *, all */
    ngx_array_t                policies;       /* loc_conf *, of locations */
    ngx_array_t                shared;         /* statements by their text */
    ngx_array_t                origins;        /* ngx_str_t, http level */
    size_t                     definitions_size;   /* bytes; 0: off */
    ngx_libpq_stmt_t  *tenant_keys;    /* of the key store */
    ngx_libpq_stmt_t  *service_keys;
    ngx_libpq_stmt_t  *owner_keys;
    ngx_libpq_stmt_t  *partitions;     /* of the audit: their end */
    ngx_libpq_stmt_t  *audit;          /* a group of records */
    ngx_http_pupil_check_t    *data_check, *keys_check;
    ngx_str_t                  hash_pool_name; /* pupil_password_hash */
    ngx_thread_pool_t         *hash_pool;
    pupil_password_cost_t      cost;
    ngx_uint_t                 hash_queue;     /* log-ins that may wait */
    ngx_uint_t                 hash_parallel;  /* of all workers, at once */
    ngx_http_pupil_gate_t     *gate;
    unsigned                   database:1;     /* directives that were there */
    unsigned                   keystore:1;
    unsigned                   used:1;         /* an endpoint exists */
    unsigned                   login_used:1;
    unsigned                   hash_set:1;
    unsigned                   cache_off:1;    /* keys go with the request */
    unsigned                   pools:2;        /* pupil_pool data, keys */

    /* a worker's own */
    pupil_arena_t             *arena;
    pupil_keyring_t           *ring;           /* NULL: 503 */
    ngx_http_pupil_zone_t     *sessions;
    pupil_evidence_cache_t    *evidence;       /* of submissions */
    ngx_http_pupil_definitions_t *definitions; /* of homework; NULL: off */
    ngx_uint_t                 unavailable;    /* why was logged */
    ngx_queue_t                groups;         /* of audit records */
    ngx_uint_t                 hashing;        /* tasks in the thread pool */
    ngx_uint_t                 dearer;         /* such a hash was logged */
    ngx_msec_t                 heartbeat;      /* of the listener */
    ngx_uint_t                 has_heartbeat;
    uint8_t                    random[32][PUPIL_UUID_LEN];  /* used once */
    ngx_uint_t                 random_left;
    time_t                     started, partitions_asked;
    ngx_atomic_t               data_system, keys_system, partitions_until;
    ngx_http_pupil_stats_t     stats;
};


/* A composed statement and its registration with the pool. */
struct ngx_http_pupil_stmt_s {
    pupil_statement_t           statement;
    ngx_libpq_stmt_t   *pg;
    pupil_statement_t           refusal;       /* shape of a refused access */
    unsigned                    granted:1;     /* its required wants are */
};


/* One category of /v1/data/ for one relation. */
typedef struct {
    pupil_generic_t        *generic;           /* NULL: nothing is granted */
    ngx_http_pupil_stmt_t   stmt;
    ngx_http_pupil_stmt_t   look;              /* before a write */
    ngx_http_pupil_stmt_t   evidence;          /* pupil_generic_evidence();
                                                  not granted: none needed */
} ngx_http_pupil_generic_t;


struct ngx_http_pupil_loc_conf_s {
    ngx_uint_t                  endpoint;      /* or _STATUS, or unset */
    const ngx_http_pupil_route_t *routes;      /* ends with path NULL */
    ngx_http_complex_value_t   *tenant;        /* pupil_tenant */
    ngx_array_t                *denies;        /* pupil_deny_t */
    pupil_policy_t              policy;        /* narrowed */
    uint8_t                     policy_hash[32];
    pupil_str_t                 policy_document;
    ngx_http_pupil_stmt_t      *stmts;         /* by the endpoint's enum */
    ngx_http_pupil_generic_t   *reads;         /* category x relation: [c *
                                                  PUPIL_RELATION_COUNT + r] */
    ngx_http_pupil_generic_t   *writes;
    ngx_http_pupil_stmt_t      *session;       /* PUPIL_SESSION_*: each
                                                  location loads sessions */
    ngx_uint_t                  login_password;    /* NGX_HTTP_PUPIL_LOGIN */
    size_t                      body_max;      /* bytes */
    time_t                      idle;          /* seconds, default 7200 */
    time_t                      absolute;      /* seconds, default 43200 */
    ngx_array_t                *origins;       /* ngx_str_t, allowed */
    ngx_str_t                   prefix;        /* of the location, without
                                                  a slash at its end */
    unsigned                    slash:1;       /* that was there */
};


/* ---- a request ---- */

typedef struct {
    uint8_t       token[PUPIL_TOKEN_LEN];      /* wiped with the request */
    uint8_t       hash[32];
    pupil_uuid_t  subject, institution;
    pupil_str_t   role;                        /* static */
    pupil_time_t  created_at, seen_at, expires_at;
} ngx_http_pupil_session_t;


#define NGX_HTTP_PUPIL_MAX_MISSING  512        /* owner keys asked at once */
#define NGX_HTTP_PUPIL_MAX_ROUNDS   4          /* of asking, a request */

/*
 * Memory of ctx->alloc: wiped with the request.  16 bytes, so that what follows
 * is aligned for any type.
 */
typedef struct ngx_http_pupil_block_s  ngx_http_pupil_block_t;

struct ngx_http_pupil_block_s {
    ngx_http_pupil_block_t  *next;
    size_t                   size;             /* this head included */
};

/* Owners whose keys go with the request, when they are not cached. */
typedef struct ngx_http_pupil_own_keys_s  ngx_http_pupil_own_keys_t;

struct ngx_http_pupil_own_keys_s {
    ngx_http_pupil_own_keys_t  *next;
    ngx_uint_t                  n;
    pupil_uuid_t                owners[1];
};

/* The exchanges of a request, until it ends. */
typedef struct ngx_http_pupil_sent_s  ngx_http_pupil_sent_t;

struct ngx_http_pupil_sent_s {
    ngx_http_pupil_sent_t         *next;
    ngx_libpq_exchange_t  *exchange;
};

/* What an answer shows, for the audit: a statement's fields, of whom. */
typedef struct {
    const ngx_http_pupil_stmt_t   *stmt;
    pupil_uuid_t                  *subjects;   /* beside the actor */
    ngx_uint_t                     count;
} ngx_http_pupil_shown_t;

#define NGX_HTTP_PUPIL_SHOWN  2                /* statements an answer shows */

typedef struct ngx_http_pupil_record_s  ngx_http_pupil_record_t;

typedef struct ngx_http_pupil_hash_s  ngx_http_pupil_hash_t;

struct ngx_http_pupil_ctx_s {
    ngx_http_request_t            *request;
    ngx_http_pupil_main_conf_t    *main;
    ngx_http_pupil_loc_conf_t     *conf;
    const ngx_http_pupil_route_t  *route;
    pupil_alloc_t                  alloc;      /* r->pool, wiped */
    pupil_time_t                   now;

    pupil_uuid_t                   id;         /* of the request */
    pupil_uuid_t                   tenant;
    char                           network[PUPIL_NETWORK_LEN];
    pupil_uuid_t                   path_id;    /* {id} of the path */
    pupil_str_t                    path_name;  /* {name} of the path */
    pupil_str_t                    body;       /* wiped with the request */
    ngx_http_pupil_session_t       session;

    void                          *data;       /* the route's own */
    ngx_libpq_exchange_t  *exchange;   /* results for render */
    ngx_int_t                    (*resume)(ngx_http_pupil_ctx_t *ctx);

    pupil_writer_t                 out;
    ngx_uint_t                     status;     /* of the answer */
    ngx_str_t                      location;   /* header, or empty */

    pupil_uuid_t                  *missing;    /* owners without a key */
    ngx_uint_t                     missing_count;
    ngx_uint_t                     rounds;     /* of fetching */
    const char                    *tampered;   /* what, for the audit */

    /* what follows is the engine's */

    ngx_http_pupil_step_pt         step;       /* runs, or runs again */
    ngx_http_pupil_step_pt         after;      /* what keys were asked for */
    ngx_http_pupil_step_pt         keys_next;
    ngx_http_pupil_step_pt         session_next;
    ngx_uint_t                     keys_what;
    ngx_libpq_exchange_t  *keys_exchange;
    const ngx_http_pupil_stmt_t   *asked;      /* last statement added */
    const ngx_http_pupil_stmt_t   *denied;     /* was not granted */
    ngx_http_pupil_shown_t         shown[NGX_HTTP_PUPIL_SHOWN];
    ngx_uint_t                     shown_count;
    ngx_http_pupil_record_t       *records;    /* not known to be committed */
    ngx_http_pupil_sent_t         *sent;
    ngx_http_pupil_block_t        *blocks;
    u_char                        *free, *end; /* in one of them */
    ngx_http_pupil_hash_t         *hash;       /* a password being hashed */
    ngx_http_pupil_own_keys_t     *own_keys;
    pupil_uuid_t                  *keyless;    /* owners without any key */
    ngx_uint_t                     keyless_count;
    ngx_http_pupil_problem_e       problem;    /* the answer is one */
    ngx_http_pupil_problem_e       refusal;    /* once it is audited */
    ngx_uint_t                     retry_after;    /* seconds */
    ngx_uint_t                     allow;      /* methods, for a 405 */
    ngx_msec_t                     read_at;    /* of the session's row */
    ngx_chain_t                   *replaced;   /* nginx's own error's body */
    ngx_str_t                      text;       /* an answer that is no JSON */
    ngx_str_t                      text_type;

    pupil_rc_t                     hash_rc;    /* of a password */

    unsigned                       has_session:1;
    unsigned                       hash_slot:1;    /* a place in the queue */
    unsigned                       integrity:1;    /* a value did not open */
    unsigned                       unaudited:1;    /* more than fits */
    unsigned                       audited:1;      /* what is shown */
    unsigned                       audit_failed:1;
    unsigned                       refetched:1;    /* the tenant's keys */
    unsigned                       has_id:1;
    unsigned                       rewritten:1;
    unsigned                       headers:1;      /* were added */
    unsigned                       done:1;
};


#define NGX_HTTP_PUPIL_BODY     0x01   /* a JSON body is required */
#define NGX_HTTP_PUPIL_PUBLIC   0x02   /* no session, no CSRF token */
#define NGX_HTTP_PUPIL_NOTHING  0x04   /* a GET that shows nothing personal */

/*
 * One route.  path: behind the location's prefix: "", "/{id}", "/{name}",
 * "/{id}/progress", "/{name}/{id}".
 *
 * parse    Reads ctx->body and the arguments into ctx->data.  NGX_OK, or what
 *          ngx_http_pupil_fault() or _problem() returned.  May be NULL.
 * start    Builds ctx->exchange and submits it by ngx_http_pupil_submit().
 *          NGX_AGAIN, or what _problem() or _refuse() returned.
 * render   Reads ctx->exchange->results, writes ctx->out, sets ctx->status.
 *          NGX_OK to send; NGX_AGAIN after another ngx_http_pupil_submit()
 *          with ctx->resume set to the next step; or what _problem()
 *          returned.  Called again from its beginning after keys were
 *          fetched: ctx->out is then empty.
 */
struct ngx_http_pupil_route_s {
    ngx_uint_t    method;              /* NGX_HTTP_GET, ... one */
    const char   *path;
    ngx_uint_t    flags;
    ngx_int_t   (*parse)(ngx_http_pupil_ctx_t *ctx);
    ngx_int_t   (*start)(ngx_http_pupil_ctx_t *ctx);
    ngx_int_t   (*render)(ngx_http_pupil_ctx_t *ctx);
};

/*
 * The engine's own.  _ctx() makes the context when there is none, with an id;
 * _run() goes on with a step: it runs it, again after keys were fetched, and
 * sends the answer; _resume() is for what runs outside of a step, such as the
 * end of a thread task: it also lets nginx go on; _step_send() is the step
 * that has nothing to do but to send.
 */
ngx_http_pupil_ctx_t *ngx_http_pupil_ctx(ngx_http_request_t *r);
void ngx_http_pupil_run(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step);
void ngx_http_pupil_resume(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step);
ngx_int_t ngx_http_pupil_step_send(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_route(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_body_check(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_body_take(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_csrf(ngx_http_pupil_ctx_t *ctx);
void ngx_http_pupil_send(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);
ngx_str_t *ngx_http_pupil_request_header(ngx_http_request_t *r,
    const char *lowcase, ngx_uint_t *count);
void ngx_http_pupil_count(ngx_http_pupil_ctx_t *ctx, ngx_uint_t status);
void ngx_http_pupil_filter_init(void);
u_char *ngx_http_pupil_id_text(ngx_http_pupil_ctx_t *ctx);

/* Submits an exchange of any pool and keeps it with the request. */
ngx_int_t ngx_http_pupil_keep(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/* $2 to $7 of every statement. */
void ngx_http_pupil_common(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);


/* ---- passwords: ngx_http_pupil_hash.c ---- */

/*
 * Verifies password against an encoded hash, NUL-terminated, in a thread;
 * then next(ctx), with the result in ctx->hash_rc.  renewed: NULL, or
 * PUPIL_PASSWORD_HASH_LEN bytes of the request's that get a new hash of a
 * password that fits one of another cost than the one in force, else an empty
 * string.  NGX_AGAIN, NGX_BUSY or NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_hash_verify(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t password, const char *stored, u_char *renewed,
    ngx_http_pupil_step_pt next);

/* What is under way for this request is no longer waited for. */
void ngx_http_pupil_hash_detach(ngx_http_pupil_ctx_t *ctx);

/* An encoded hash of this cost that no password fits. */
void ngx_http_pupil_hash_nobody(const pupil_password_cost_t *cost,
    char out[PUPIL_PASSWORD_HASH_LEN]);

/*
 * Bytes from r->pool that are wiped with the request; NULL: none.  data: the
 * request's ctx, as pupil_alloc_t hands it over.
 */
void *ngx_http_pupil_alloc(void *data, size_t size);
void ngx_http_pupil_memory_wipe(ngx_http_pupil_ctx_t *ctx);


/* ---- audit records that no write carries: ngx_http_pupil_audit.c ---- */

#define NGX_HTTP_PUPIL_GROUP  128               /* records of one insert */

/*
 * Render says what it shows: the fields that stmt grants, and each person
 * beside the actor whom they are about.  The answer leaves when that is
 * committed.  A GET that shows without saying so is not answered.
 */
void ngx_http_pupil_shown(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt);
void ngx_http_pupil_about(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject);

/*
 * Adds a record; ngx_http_pupil_audited() is called once all records of the
 * request are committed or have failed.  note: static.  NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_audit(ngx_http_pupil_ctx_t *ctx,
    const pupil_statement_t *statement, pupil_outcome_t outcome,
    const pupil_uuid_t *subjects, ngx_uint_t n, const char *note);

/* Adds the records of what is shown. */
ngx_int_t ngx_http_pupil_audit_shown(ngx_http_pupil_ctx_t *ctx);

/* Adds a record of ctx->tampered. */
ngx_int_t ngx_http_pupil_audit_tampered(ngx_http_pupil_ctx_t *ctx);

/* Goes on with ctx->resume, or sends. */
void ngx_http_pupil_audited(ngx_http_pupil_ctx_t *ctx);

/* The request ends before its records do. */
void ngx_http_pupil_audit_detach(ngx_http_pupil_ctx_t *ctx);


/* Content handler of all endpoints; set by their directives. */
ngx_int_t ngx_http_pupil_handler(ngx_http_request_t *r);

/* Routes, one table an endpoint. */
extern const ngx_http_pupil_route_t  ngx_http_pupil_login_routes[];
extern const ngx_http_pupil_route_t  ngx_http_pupil_session_routes[];
extern const ngx_http_pupil_route_t  ngx_http_pupil_homework_routes[];
extern const ngx_http_pupil_route_t  ngx_http_pupil_progress_routes[];
extern const ngx_http_pupil_route_t  ngx_http_pupil_data_routes[];
extern const ngx_http_pupil_route_t  ngx_http_pupil_status_routes[];

/* $pupil_subject and the like; before the configuration is read. */
ngx_int_t ngx_http_pupil_variables(ngx_conf_t *cf);

/* Asks the database how far the audit's partitions go, now and then. */
void ngx_http_pupil_partitions(ngx_http_pupil_main_conf_t *pmcf);


/* Zeroed memory for a route's ctx->data; NULL: none. */
void *ngx_http_pupil_ctx_data(ngx_http_pupil_ctx_t *ctx, size_t size);

/* The query arguments; others than allowed (PUPIL_QUERY_*) are refused. */
ngx_int_t ngx_http_pupil_arguments(ngx_http_pupil_ctx_t *ctx,
    unsigned allowed, pupil_input_query_t *query);

/* A route's parse, or its beginning: query arguments are refused (422). */
ngx_int_t ngx_http_pupil_no_arguments(ngx_http_pupil_ctx_t *ctx);

/*
 * A refusal that is audited first (403, 404): the answer leaves when the
 * record is committed, else 503.  stmt: what was asked for; subject: of whom,
 * or NULL.
 */
ngx_int_t ngx_http_pupil_refuse(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, const pupil_uuid_t *subject,
    ngx_http_pupil_problem_e problem);

/* A new exchange of the data pool for this tenant; NULL: out of memory. */
ngx_libpq_exchange_t *ngx_http_pupil_exchange(
    ngx_http_pupil_ctx_t *ctx);

/* Adds a statement with the common parameters $2 to $7 set. */
ngx_uint_t ngx_http_pupil_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_stmt_t *stmt);

/*
 * Submits; when it is committed, ctx->exchange is it and ctx->resume (or the
 * route's render) goes on.  NGX_AGAIN, or a 503 as _problem() returns it.
 * keep: a write, which finishes even if the client goes.
 */
ngx_int_t ngx_http_pupil_submit(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t keep);

/* The statement of an endpoint, by the enums of endpoints.h. */
#define ngx_http_pupil_stmt(ctx, id)  (&(ctx)->conf->stmts[id])

/* ctx->session.role is role, a literal. */
#define ngx_http_pupil_is(ctx, name)                                          \
    ((ctx)->session.role.len == sizeof(name) - 1                              \
     && ngx_memcmp((ctx)->session.role.data, name, sizeof(name) - 1) == 0)


/* ---- keys: ngx_http_pupil_keys.c ---- */

/* NGX_OK: the tenant's keys are loaded; NGX_AGAIN: being fetched, then
 * next(ctx); or a problem. */
ngx_int_t ngx_http_pupil_keys_tenant(ngx_http_pupil_ctx_t *ctx,
    ngx_int_t (*next)(ngx_http_pupil_ctx_t *ctx));

/* Fetches ctx->missing, then next(ctx).  NGX_AGAIN or a problem. */
ngx_int_t ngx_http_pupil_keys_owners(ngx_http_pupil_ctx_t *ctx,
    ngx_int_t (*next)(ngx_http_pupil_ctx_t *ctx));

/* The request ends: with pupil_key_cache off its owners' keys are wiped. */
void ngx_http_pupil_keys_forget(ngx_http_pupil_ctx_t *ctx);

/* Microseconds since 1970, now: for what requests share. */
pupil_time_t ngx_http_pupil_time(void);

/* A service key of the request's tenant, loaded since keys_tenant. */
const pupil_key_t *ngx_http_pupil_key(ngx_http_pupil_ctx_t *ctx,
    const char *name);


/* ---- the session zone: ngx_http_pupil_zone.c ---- */

char *ngx_http_pupil_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* NGX_OK and *session filled but for the token; NGX_DECLINED. */
ngx_int_t ngx_http_pupil_zone_get(ngx_http_pupil_ctx_t *ctx,
    const uint8_t hash[32], ngx_http_pupil_session_t *session);

/* read_at: ngx_current_msec when the row was asked for; a fill that is older
 * than an invalidation is dropped. */
void ngx_http_pupil_zone_put(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, ngx_msec_t read_at);
void ngx_http_pupil_zone_remove(ngx_http_pupil_main_conf_t *pmcf,
    const uint8_t hash[32]);
void ngx_http_pupil_zone_clear(ngx_http_pupil_main_conf_t *pmcf);
ngx_uint_t ngx_http_pupil_zone_size(ngx_http_pupil_main_conf_t *pmcf);

/* Configuration: pmcf->listen tells this worker's zone of what ended. */
void ngx_http_pupil_zone_listen(ngx_http_pupil_main_conf_t *pmcf);


/* ---- sessions: ngx_http_pupil_session.c ---- */

/* Sets or clears the session cookie. */
ngx_int_t ngx_http_pupil_session_cookie(ngx_http_pupil_ctx_t *ctx,
    const uint8_t *text, size_t len);

/* Writes the "session" member that log-in and session answers share. */
void ngx_http_pupil_session_write(ngx_http_pupil_ctx_t *ctx);

/* The MAC of a session's row; key: "mac". */
void ngx_http_pupil_session_mac(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, const ngx_http_pupil_session_t *session,
    uint8_t mac[PUPIL_MAC_LEN]);

/* A cookie's value; NGX_DECLINED when there is none, or more than one. */
ngx_int_t ngx_http_pupil_cookie(ngx_http_request_t *r, const char *name,
    pupil_str_t *value);

/* Roles by strength, the strongest is 0; the name is static. */
uint8_t ngx_http_pupil_role_number(const pupil_str_t *role);
ngx_int_t ngx_http_pupil_role_name(uint8_t number, pupil_str_t *role);

/* Is it the session's role, at the session's institution? */
ngx_uint_t ngx_http_pupil_role_active(ngx_http_pupil_ctx_t *ctx,
    const pupil_role_row_t *role);

/* The engine's step "session": NGX_OK, NGX_AGAIN then next, or a problem. */
ngx_int_t ngx_http_pupil_session_load(ngx_http_pupil_ctx_t *ctx,
    ngx_int_t (*next)(ngx_http_pupil_ctx_t *ctx));

#include "http/request/ngx_http_pupil_value.h"

#endif /* _NGX_HTTP_PUPIL_H_INCLUDED_ */

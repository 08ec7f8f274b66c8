/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the log-in share.
 */

#ifndef _NGX_HTTP_PUPIL_LOGIN_H_INCLUDED_
#define _NGX_HTTP_PUPIL_LOGIN_H_INCLUDED_

#include "core/endpoints/login.h"
#include "core/login/device.h"
#include "core/login/handed.h"
#include "core/login/link.h"
#include "core/login/password.h"
#include "core/login/seats.h"
#include "core/login/token.h"
#include "http/login/ngx_http_pupil_gate.h"
#include "http/login/ngx_http_pupil_hash.h"
#include "http/login/ngx_http_pupil_pace.h"
#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_LOGIN_BUCKETS  3
#define NGX_HTTP_PUPIL_LOGIN_BODY     (16 * 1024)    /* bytes */
#define NGX_HTTP_PUPIL_DEVICE_COOKIE  "__Host-pupil-device"


/* What the log-in has for itself: pupil_password_hash, and a worker's own. */
typedef struct {
    ngx_str_t               pool_name;
    ngx_thread_pool_t      *pool;
    pupil_password_cost_t   cost;
    pupil_chosen_t          chosen;            /* pupil_password_new */
    ngx_uint_t              queue;             /* log-ins that may wait */
    ngx_uint_t              parallel;          /* of all workers, at once */
    ngx_http_pupil_gate_t  *gate;
    unsigned                set:1;             /* the directive was there */

    ngx_http_pupil_pace_t   pace;              /* pupil_login_pace */
    pupil_seats_t           seats;
    ngx_uint_t              posted;            /* hashes in the pool */
    ngx_queue_t             under_way;         /* log-ins */
    ngx_queue_t             gone;              /* records that wait for a
                                                  database */
    ngx_uint_t              gone_count;
    ngx_atomic_uint_t       attempts, failures, busy, made_room;
    ngx_atomic_uint_t       hashes, hash_kib;  /* runs, work */
    unsigned                dearer:1;          /* such a hash was logged */
} ngx_http_pupil_login_conf_t;

extern const ngx_http_pupil_endpoint_t  ngx_http_pupil_login_endpoint;

#define ngx_http_pupil_login_conf(pmcf)                                       \
    ((ngx_http_pupil_login_conf_t *) ngx_http_pupil_own(pmcf, login))


typedef struct ngx_http_pupil_oidc_s    ngx_http_pupil_oidc_t;
typedef struct ngx_http_pupil_factor_s  ngx_http_pupil_factor_t;
typedef struct ngx_http_pupil_anew_s    ngx_http_pupil_anew_t;

/* A log-in under way; wiped with the request. */
struct ngx_http_pupil_login_s {
    ngx_http_pupil_login_conf_t  *conf;
    ngx_queue_t                   link;           /* of those under way */
    pupil_input_login_t           input;
    pupil_str_t                   fresh;          /* a new password, or none */
    ngx_http_pupil_step_pt        next;           /* the attempt counts */
    ngx_http_pupil_step_pt        opened;         /* the key is there */
    ngx_http_pupil_step_pt        fits;           /* the password does */
    ngx_http_pupil_problem_e      failed;         /* what it then comes to */
    uint8_t                       terms[PUPIL_LOGIN_TERMS][PUPIL_TERM_LEN];
    ngx_uint_t                    found_by;       /* of them; if known */
    pupil_uuid_t                  found_record;
    pupil_str_t                   named;          /* as log-in names are
                                                     compared */
    pupil_str_t                   known_as;       /* for the device cookie */
    pupil_device_t                browser;        /* as that says */
    pupil_str_t                   school;         /* a network's name */
    pupil_str_t                   apart;          /* what has counts of its
                                                     own: a known device, or
                                                     else a school's network */

    uint8_t                       bytes[NGX_HTTP_PUPIL_LOGIN_BUCKETS][32];
    pupil_str_t                   buckets[NGX_HTTP_PUPIL_LOGIN_BUCKETS];
    int32_t                       free[NGX_HTTP_PUPIL_LOGIN_BUCKETS];
    int32_t                       forget[NGX_HTTP_PUPIL_LOGIN_BUCKETS];
    int32_t                       longest[NGX_HTTP_PUPIL_LOGIN_BUCKETS];
    ngx_uint_t                    buckets_count;
    int32_t                       rests;          /* seconds until that is new,
                                                     or 0: it makes no odds */

    ngx_libpq_exchange_t         *reserve;
    ngx_libpq_exchange_t         *record;         /* with it; NULL: none yet */
    ngx_libpq_exchange_t         *found;
    ngx_http_pupil_owner_t        owner;          /* the account's or decoy's */
    pupil_str_t                   subject_mac;
    pupil_time_t                  changed_at;     /* the credential was */
    pupil_str_t                   facts;          /* its; of found */
    pupil_password_stored_t       stored;         /* but for the hash */
    u_char                        renewed[PUPIL_PASSWORD_HASH_LEN];
    pupil_str_t                   role;           /* static */
    pupil_uuid_t                  institution;
    uint8_t                       text[PUPIL_TOKEN_TEXT_LEN];
    ngx_http_pupil_session_t      before;         /* of the cookie, to end */
    pupil_uuid_t                  tenant;         /* meanwhile: where they are
                                                     logged in */
    pupil_uuid_t                  request;        /* by what name, there */
    pupil_seat_t                  seat;           /* until it is hashed */
    ngx_http_pupil_oidc_t        *oidc;           /* NULL: by a password */
    ngx_http_pupil_factor_t      *factor;         /* and by a second one */
    ngx_http_pupil_anew_t        *anew;           /* of who is logged in */
    int64_t                       policy;         /* pupil_factor_policy_t */
    u_char                       *ticket;         /* for that; its text */
    ngx_http_pupil_hash_t        *hash;           /* under way */
    ngx_http_pupil_telling_t      telling;        /* once it is written */
    pupil_str_t                   note;           /* of its record, or none */
    pupil_rc_t                    verified;       /* what it found */
    unsigned                      reserved:1;     /* the attempt counts */
    unsigned                      seated:1;       /* it had a seat */
    unsigned                      stands:1;       /* somebody makes room for it
                                                     once it counts */
    unsigned                      device:1;       /* a known one */
    unsigned                      keeps:1;        /* and one from now on: what
                                                     browser says */
    unsigned                      strange:1;      /* the last bucket is the
                                                     network's */
    unsigned                      known:1;        /* an account, no decoy */
    unsigned                      has_owner:1;
    unsigned                      eligible:1;     /* but for the password */
    unsigned                      pupil:1;        /* one, too, today */
    unsigned                      staff:1;        /* any other, or will be */
    unsigned                      doubted:1;      /* or may be any: a row of a
                                                     role is not authentic */
    unsigned                      forgotten:1;    /* it asks for a mail */
    unsigned                      sign_up:1;      /* the same, of nobody yet */
};


/*
 * A request that brings a password, with so many bytes of its own, a log-in
 * first: NGX_OK, or what its parse answers.
 */
ngx_int_t ngx_http_pupil_login_begin(ngx_http_pupil_ctx_t *ctx, size_t size);

/* Pupils get no mail (M17), nor does who is one, or may be one, too. */
#define ngx_http_pupil_login_mails(login)                                    \
    (!(login)->pupil && !(login)->doubted)

/* Whether it comes from a network that pupil_login_network names. */
ngx_int_t ngx_http_pupil_login_place(ngx_http_pupil_ctx_t *ctx);

/* Whom a seat is shared with: the network; in a school's, the one client. */
void ngx_http_pupil_login_party(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t *party);

/* A seat is taken: NGX_OK, or a problem.  anew: in place of the one taken. */
ngx_int_t ngx_http_pupil_login_seat(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_login_seat_anew(ngx_http_pupil_ctx_t *ctx);

/* It has made room for somebody. */
ngx_uint_t ngx_http_pupil_login_seat_lost(const ngx_http_pupil_login_t *login);

/* Who stands takes a seat; NGX_BUSY: nobody makes room any more. */
ngx_int_t ngx_http_pupil_login_sits(ngx_http_pupil_ctx_t *ctx);

/*
 * 503, as there is no hash for it: what it has counted is given back, and it
 * is on record.
 */
ngx_int_t ngx_http_pupil_login_unmade(ngx_http_pupil_ctx_t *ctx);

/* By a name: its terms, a seat, and the attempt is reserved. */
ngx_int_t ngx_http_pupil_login_counted(ngx_http_pupil_ctx_t *ctx);

/* Whose browser is known no more: a stranger's count, then login->opened. */
ngx_int_t ngx_http_pupil_login_stranger(ngx_http_pupil_ctx_t *ctx);

/* Reserves the attempt, and runs login->next; NGX_AGAIN, or NGX_ERROR. */
ngx_int_t ngx_http_pupil_login_reserve(ngx_http_pupil_ctx_t *ctx);

/* The password is hashed: login->fits, or it is refused. */
ngx_int_t ngx_http_pupil_login_verified(ngx_http_pupil_ctx_t *ctx);

/* It failed, on record: login->failed. */
ngx_int_t ngx_http_pupil_login_refuse(ngx_http_pupil_ctx_t *ctx);

/* That is stored, or waits for a database, and then resume(ctx). */
ngx_int_t ngx_http_pupil_login_record(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt resume);

/* GET /v1/login: which ways there are. */
ngx_int_t ngx_http_pupil_ways(ngx_http_pupil_ctx_t *ctx);

/* Sends what has a record in it. */
ngx_int_t ngx_http_pupil_login_send(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_http_pupil_step_pt resume);

/* login->note as a parameter. */
void ngx_http_pupil_login_noted(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/* Sends a statement of pupil_login_choices with its record, the at-th of ex. */
ngx_int_t ngx_http_pupil_login_write(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    ngx_http_pupil_step_pt resume);

/* There is too much to do. */
ngx_int_t ngx_http_pupil_login_busy(ngx_http_pupil_ctx_t *ctx);

/* What the log-in has for itself, and its part of /status. */
void *ngx_http_pupil_login_create(ngx_conf_t *cf);
void ngx_http_pupil_login_metrics(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);

/* Configuration, of each endpoint that hashes: the thread pool, the gate. */
ngx_int_t ngx_http_pupil_login_init(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);

/* Kinds of attempts, each of which counts by itself. */
typedef enum {
    NGX_HTTP_PUPIL_BUCKET_LOGIN_ID = 0,
    NGX_HTTP_PUPIL_BUCKET_EMAIL,
    NGX_HTTP_PUPIL_BUCKET_NETWORK,
    NGX_HTTP_PUPIL_BUCKET_PASSWORD,
    NGX_HTTP_PUPIL_BUCKET_STEP_UP,
    NGX_HTTP_PUPIL_BUCKET_CODE,
    NGX_HTTP_PUPIL_BUCKET_CODES,                /* new ones of recovery */
    NGX_HTTP_PUPIL_BUCKET_LINK,                 /* of a mail */
    NGX_HTTP_PUPIL_BUCKET_TOLD,                 /* delays nobody */
    NGX_HTTP_PUPIL_BUCKET_FORGOTTEN,            /* of an account */
    NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_VAIN,       /* of one without a mail, or a
                                                   name */
    NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_FIRST,      /* of a network that is new */
    NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_TENANT,     /* of the others */
    NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_NETWORK,
    NGX_HTTP_PUPIL_BUCKET_SIGN_UP,              /* of an address */
    NGX_HTTP_PUPIL_BUCKET_SIGN_UP_FIRST,
    NGX_HTTP_PUPIL_BUCKET_SIGN_UP_TENANT,
    NGX_HTTP_PUPIL_BUCKET_SIGN_UP_NETWORK
} ngx_http_pupil_bucket_e;

/*
 * What is throttled of a log-in: the identifier, as either is compared, and
 * the network, unless the device is known; NGX_ERROR: a key is missing.
 */
ngx_int_t ngx_http_pupil_login_throttle(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t login_plain, pupil_str_t email_plain);

/* What is, where the browser turns out to be a stranger's. */
void ngx_http_pupil_login_strange(ngx_http_pupil_ctx_t *ctx);

/* What is known of the browser before anybody is looked up. */
void ngx_http_pupil_login_device_find(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key);

/*
 * Once the credential is read: 1 where it was known by another account of that
 * name, or by a password of before, and is not known from here on.
 */
ngx_uint_t ngx_http_pupil_login_device_over(ngx_http_pupil_ctx_t *ctx);

/* What the ticket keeps of it; zeroes: nothing. */
void ngx_http_pupil_login_device_half(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, uint8_t one[PUPIL_DEVICE_ONE_LEN]);

/* Somebody has logged in: it is known from now on, or not any more. */
ngx_int_t ngx_http_pupil_login_device_keep(ngx_http_pupil_ctx_t *ctx);

/*
 * Somebody who was known there has something new to log in with, which the
 * statement found is to have under floors.own: they still are.  What was found
 * is open, and the cookie is set with the answer.
 */
ngx_int_t ngx_http_pupil_login_device_anew(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found);
ngx_int_t ngx_http_pupil_login_device_set(ngx_http_pupil_ctx_t *ctx);

/* What is throttled of somebody who has a session: a kind of attempt. */
void ngx_http_pupil_login_own_bucket(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind);

/* What is, of who has a link. */
void ngx_http_pupil_login_link_bucket(ngx_http_pupil_ctx_t *ctx,
    const pupil_link_t *link);

/* What is, of codes: made where the password was right, taken with a code. */
void ngx_http_pupil_login_code_bucket(ngx_http_pupil_ctx_t *ctx,
    uint8_t bucket[PUPIL_HASH_LEN]);
void ngx_http_pupil_login_code_taken(ngx_http_pupil_ctx_t *ctx,
    const uint8_t bucket[PUPIL_HASH_LEN]);

/* Those of mails to this account, or to this name of nobody, and a new one. */
ngx_int_t ngx_http_pupil_login_mail_buckets(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, uint8_t account[PUPIL_HASH_LEN],
    uint8_t nobody[PUPIL_HASH_LEN]);

/* What an accepting statement is handed of buckets; network: the last. */
void ngx_http_pupil_login_buckets(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/*
 * What its owner is told of a log-in; found: the statement that has found them.
 * Whoever guesses at any of their names, or has guessed at anything of theirs,
 * was counted in the buckets that are looked at, from wherever it was.
 */
void ngx_http_pupil_login_tells(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found);

/* A name as buckets have it; NGX_ERROR: a key is missing. */
ngx_int_t ngx_http_pupil_login_plain(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t name, pupil_str_t *plain);

/* A sealed hash, and the facts of the credential with it. */
typedef struct {
    pupil_str_t  hash;
    pupil_str_t  facts;
} ngx_http_pupil_hashed_t;

/*
 * login->renewed, which is wiped, with what is stored beside it, in place of
 * that of the credential that the statement has found.
 */
ngx_int_t ngx_http_pupil_login_seal(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found, const pupil_password_stored_t *beside,
    ngx_http_pupil_hashed_t *made);

/* Index terms, and what is throttled. */
ngx_int_t ngx_http_pupil_login_terms(ngx_http_pupil_ctx_t *ctx);

/* Those of a log-in name that nobody typed: nothing is throttled. */
ngx_int_t ngx_http_pupil_login_terms_of(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t name);

/* A log-in's steps from the look-up on: to login->opened. */
ngx_int_t ngx_http_pupil_login_look(ngx_http_pupil_ctx_t *ctx);

/*
 * Whom login->owner.id names, looked up with floors and key: login->opened, or
 * it is refused.
 */
ngx_int_t ngx_http_pupil_login_again(ngx_http_pupil_ctx_t *ctx);

/* Asks the database for whom these terms are; found: the next step. */
ngx_int_t ngx_http_pupil_login_find(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt found);

/* The session is made: an account found by a term of before has a new one. */
void ngx_http_pupil_login_index(ngx_http_pupil_ctx_t *ctx);

/* Is the account that was found active?  col: of the subject's row. */
ngx_uint_t ngx_http_pupil_login_active(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t col);

/*
 * What was found of somebody who has a session, col: of the owner's row; then
 * the floors of both, and next.
 */
ngx_int_t ngx_http_pupil_login_own(ngx_http_pupil_ctx_t *ctx, ngx_uint_t col,
    ngx_http_pupil_step_pt next);

/* Of what was found, whose account it would be. */
void ngx_http_pupil_login_whom(ngx_http_pupil_ctx_t *ctx);

/*
 * Whether what the index was asked for is the account's name, or address, by
 * its sealed value.  A row from before the name changed has a MAC that fits,
 * too (invariant I18): it is recorded.
 */
ngx_uint_t ngx_http_pupil_login_named(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);

/* Which of PUPIL_LF_WANT_ has the name that the account was found by. */
ngx_uint_t ngx_http_pupil_login_want(ngx_http_pupil_ctx_t *ctx);

/* The row that the statement of login->found has of the account. */
void ngx_http_pupil_login_credential(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found, ngx_http_pupil_row_t *row);

/*
 * What a teacher's code is made of, of the account that was looked up.
 * NGX_DECLINED: there is to be none, as it is no pupil's, or a pupil's who is
 * anything else, or may be, or who may not log in.
 */
ngx_int_t ngx_http_pupil_login_handed(ngx_http_pupil_ctx_t *ctx,
    pupil_handed_t *handed);

/* The credential is what was stored; whoever has none has nothing changed. */
ngx_int_t ngx_http_pupil_login_stored(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t changed_at);

/*
 * The hash of it, with its NUL, and login->stored.  NGX_DECLINED: there is none
 * that can be read.
 */
ngx_int_t ngx_http_pupil_login_hashed(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t changed_at,
    char stored[PUPIL_PASSWORD_HASH_LEN]);

/* Is login->stored of now: not from before a floor, nor over? */
ngx_uint_t ngx_http_pupil_login_current(ngx_http_pupil_ctx_t *ctx);

/* Reads the rest of it into the log-in, once the floors are known. */
void ngx_http_pupil_login_account(ngx_http_pupil_ctx_t *ctx);

/* The record of a log-in that failed, into an exchange. */
void ngx_http_pupil_login_refusal(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/* It is under way, once: left ends in ngx_http_pupil_login_gone. */
void ngx_http_pupil_login_comes(ngx_http_pupil_ctx_t *ctx,
    void (*left)(ngx_http_pupil_ctx_t *ctx));

/* The request ends: what counts is recorded. */
void ngx_http_pupil_login_gone(ngx_http_pupil_ctx_t *ctx);

/* The worker does: the log says what is not on record. */
void ngx_http_pupil_login_exit(ngx_http_pupil_main_conf_t *pmcf);

/* The password fits: a session. */
ngx_int_t ngx_http_pupil_login_accept(ngx_http_pupil_ctx_t *ctx);

/* What is stored once a code was right. */
typedef struct {
    pupil_str_t  factor;        /* sealed */
    pupil_str_t  hash;          /* sealed anew; data NULL: it stays */
    pupil_str_t  facts;
} ngx_http_pupil_proof_t;

/* So is the code: a session, and where there is a hash, the only one. */
ngx_int_t ngx_http_pupil_login_prove(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_proof_t *proof, ngx_http_pupil_step_pt resume);

/* The session is written: the answer. */
ngx_int_t ngx_http_pupil_login_accepted(ngx_http_pupil_ctx_t *ctx);

/* The browser's next requests are of the tenant that was logged in to. */
ngx_int_t ngx_http_pupil_login_keep(ngx_http_pupil_ctx_t *ctx);

/* Then the session that it had ends, wherever it was. */
ngx_int_t ngx_http_pupil_login_leave(ngx_http_pupil_ctx_t *ctx);

/* Last of all: whoever has more sessions than they may loses the oldest. */
ngx_int_t ngx_http_pupil_login_limit(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_LOGIN_H_INCLUDED_ */

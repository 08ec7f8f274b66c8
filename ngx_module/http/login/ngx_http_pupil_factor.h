/*
 * Copyright (C) the Pupil authors
 *
 * The second half of a log-in: what proves more than a password.
 */

#ifndef _NGX_HTTP_PUPIL_FACTOR_H_INCLUDED_
#define _NGX_HTTP_PUPIL_FACTOR_H_INCLUDED_

#include "core/login/ticket.h"
#include "http/login/ngx_http_pupil_login.h"


typedef char  ngx_http_pupil_code_t[PUPIL_PASSWORD_CODE_LEN];

/* That half under way; wiped with the request. */
struct ngx_http_pupil_factor_s {
    ngx_http_pupil_login_t  login;         /* first: its steps run */
    pupil_input_factor_t    input;
    pupil_ticket_t          ticket;        /* of the first half */
    pupil_factor_t          is;            /* stored, then to be stored */
    char                    hash[PUPIL_PASSWORD_HASH_LEN];
    ngx_http_pupil_code_t   recovery[PUPIL_FACTOR_RECOVERY];
    unsigned                fresh:1;       /* the codes are new */
};


/* POST /v1/login/second-factor. */
ngx_int_t ngx_http_pupil_factor_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_factor_start(ngx_http_pupil_ctx_t *ctx);

/* POST /v1/login/step-up. */
ngx_int_t ngx_http_pupil_step_up_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_step_up_start(ngx_http_pupil_ctx_t *ctx);

/* POST /v1/login/recovery-codes. */
ngx_int_t ngx_http_pupil_codes_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_codes_start(ngx_http_pupil_ctx_t *ctx);

/*
 * Does the right password get on?  For nobody else is a hash made anew, which
 * costs more: who is refused must not see that it was right (invariant I13).
 */
ngx_uint_t ngx_http_pupil_ticket_can(ngx_http_pupil_ctx_t *ctx);

/* The password fits: a session, a ticket for the second half, or neither. */
ngx_int_t ngx_http_pupil_ticket_asked(ngx_http_pupil_ctx_t *ctx);

/*
 * What is stored of it beside the password that the statement has found.
 * NGX_AGAIN: a key is missing, which is noted; NGX_DECLINED: it cannot be read,
 * or what it becomes not be stored.
 */
ngx_int_t ngx_http_pupil_factor_stored(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found, pupil_factor_t *factor);

/*
 * Stores what it has become, with the hash of the password, sealed anew, or
 * none, on the condition that nothing has changed; and a session with it.
 */
ngx_int_t ngx_http_pupil_factor_store(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t hash, ngx_http_pupil_step_pt resume);

/*
 * The ticket is made, and on record, with what the attempt reserved taken back;
 * then next, which gives it to the browser.
 */
ngx_int_t ngx_http_pupil_ticket_record(ngx_http_pupil_ctx_t *ctx,
    pupil_ticket_t *ticket, ngx_http_pupil_step_pt next);
ngx_int_t ngx_http_pupil_ticket_give(ngx_http_pupil_ctx_t *ctx);

/* The text of the ticket, for ngx_http_pupil_ticket_give_mailed(). */
ngx_int_t ngx_http_pupil_ticket_seal(ngx_http_pupil_ctx_t *ctx,
    const pupil_ticket_t *ticket);
ngx_int_t ngx_http_pupil_ticket_give_mailed(ngx_http_pupil_ctx_t *ctx);

/* Opens the ticket of the request; NGX_DECLINED: there is none that counts. */
ngx_int_t ngx_http_pupil_ticket_sent(ngx_http_pupil_ctx_t *ctx,
    pupil_ticket_t *ticket);

/*
 * What is stored of it as it is now, with the hash, whose data is NULL if it
 * stays: all but the hash is of ctx->data, and wiped there.
 */
ngx_int_t ngx_http_pupil_factor_seal(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found, pupil_str_t hash, ngx_http_pupil_proof_t *proof);

/* New codes of recovery, to be stored and shown. */
ngx_int_t ngx_http_pupil_factor_codes(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject);

/*
 * Do codes go to this person by mail?  NGX_DECLINED: none does; NGX_AGAIN: a
 * key is missing, which is noted.  factor: what is stored.
 */
ngx_int_t ngx_http_pupil_mailed_can(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found, const pupil_factor_t *factor);

/* Puts one into the outbox, and into the ticket which it is. */
ngx_int_t ngx_http_pupil_mailed_ask(ngx_http_pupil_ctx_t *ctx);

/* Is the code that of the ticket?  NGX_DECLINED: it proves nothing. */
ngx_int_t ngx_http_pupil_mailed_judge(ngx_http_pupil_ctx_t *ctx);

/*
 * The code by time whose step factor.is has, or by mail of the ticket, is used:
 * then next, with ctx->spend.fresh.  NGX_AGAIN, a problem, or NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_factor_spend(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);
ngx_int_t ngx_http_pupil_mailed_spend(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);

/* The answer's recovery codes, if there are new ones; the end of the ticket. */
void ngx_http_pupil_factor_recovery(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_ticket_end(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_FACTOR_H_INCLUDED_ */

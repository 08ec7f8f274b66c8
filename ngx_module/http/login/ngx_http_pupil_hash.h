/*
 * Copyright (C) the Pupil authors
 *
 * Argon2id in a thread pool, behind the gate.
 */

#ifndef _NGX_HTTP_PUPIL_HASH_H_INCLUDED_
#define _NGX_HTTP_PUPIL_HASH_H_INCLUDED_

#include "core/login/password.h"
#include "core/login/seats.h"
#include "http/request/ngx_http_pupil_types.h"


typedef struct ngx_http_pupil_login_s  ngx_http_pupil_login_t;
typedef struct ngx_http_pupil_hash_s   ngx_http_pupil_hash_t;


/*
 * Verifies the log-in's password against an encoded hash, NUL-terminated, in a
 * thread; then next(ctx), with the result in login->verified.  renewed: NULL,
 * or PUPIL_PASSWORD_HASH_LEN bytes of the request's that get a new hash of a
 * password that fits one of another cost than the one in force, else an empty
 * string; where login->fresh is there, a hash of that if the password fits, or
 * if there is none to verify.  It has the log-in's seat until it is done; who
 * has made room for another is told that there is none.  NGX_AGAIN, NGX_ERROR,
 * or what that answer is.  Event loop.
 */
ngx_int_t ngx_http_pupil_hash_verify(ngx_http_pupil_ctx_t *ctx,
    const char *stored, u_char *renewed, ngx_http_pupil_step_pt next);

/* This seat is another's now: who waits in it is told as if there were none. */
void ngx_http_pupil_hash_out(pupil_seat_t *seat);

/* The request ends: what is under way for it is no longer waited for. */
void ngx_http_pupil_hash_detach(ngx_http_pupil_login_t *login);

/*
 * An encoded hash of this cost that no password fits: so that whoever is not
 * there costs as much as who is (pitfall 33).
 */
void ngx_http_pupil_hash_nobody(const pupil_password_cost_t *cost,
    char out[PUPIL_PASSWORD_HASH_LEN]);

#endif /* _NGX_HTTP_PUPIL_HASH_H_INCLUDED_ */

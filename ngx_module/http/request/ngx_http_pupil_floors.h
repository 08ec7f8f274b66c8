/*
 * Copyright (C) the Pupil authors
 *
 * Floors of the person whom a request is of (invariant I18), and whether they
 * are erased (I7): read from the key store with each session that the zone does
 * not have and with each log-in, and kept in the zone with the session.  Those
 * of others come with their keys, and go with them.
 */

#ifndef _NGX_HTTP_PUPIL_FLOORS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_FLOORS_H_INCLUDED_

#include "core/vault/floor.h"
#include "core/vault/keyring_owner.h"
#include "http/request/ngx_http_pupil_types.h"


/* ctx->floors. */
typedef struct {
    pupil_uuid_t             subject;
    pupil_floors_t           are;
    pupil_floors_t           own;          /* numbers of the actor's; 0: none */
    ngx_uint_t               own_after;    /* none for so many seconds, or 0 */
    uint32_t                 token;        /* the last that was given */
    uint32_t                 address;      /* the same */
    pupil_owner_state_t      owner;        /* as the key store has it */
    ngx_http_pupil_step_pt   next;
    unsigned                 known:1;
    unsigned                 ended:1;      /* the token was logged out */
    unsigned                 told:1;       /* the key store, that they rise */
    unsigned                 raised:1;     /* to own, or not: they are above */
} ngx_http_pupil_floors_t;


/* hash: of the session's token, or NULL.  NGX_AGAIN, then next, or a
 * problem. */
ngx_int_t ngx_http_pupil_floors_fetch(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject, const uint8_t *hash,
    ngx_http_pupil_step_pt next);

/*
 * Of the actor, who changes what they log in with: numbers for session and
 * credential, under which what they keep is written; then, once that is
 * committed and open as a revocation, the floors rise to them
 * (sql/keystore/066_own.sql).  NGX_AGAIN, then next, or a problem; a key store
 * that does not take them is none, as what was written counts: told says so.
 */
ngx_int_t ngx_http_pupil_floors_take(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);
ngx_int_t ngx_http_pupil_floors_raise(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);

/*
 * Does a role, an enrolment or a subject's own row with this number count?
 * For now yes, when it is somebody else's whose floor is not known: then the
 * key is noted as missing, and the step runs again when both are there.
 */
ngx_uint_t ngx_http_pupil_floors_admit(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject, uint32_t number);

#endif /* _NGX_HTTP_PUPIL_FLOORS_H_INCLUDED_ */

/*
 * Copyright (C) the Pupil authors
 *
 * The session of a request: the cookie, the shared zone, else the database,
 * with every row that authorises checked (invariant I18).
 */

#ifndef _NGX_HTTP_PUPIL_SESSION_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SESSION_H_INCLUDED_

#include "core/login/token.h"
#include "core/policy/role.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil_types.h"


typedef struct {
    uint8_t       token[PUPIL_TOKEN_LEN];      /* wiped with the request */
    uint8_t       csrf[PUPIL_TOKEN_TEXT_LEN];  /* of one that was made */
    char          zone[PUPIL_ZONE_LEN + 1];    /* the tenant's, with that */
    uint8_t       hash[32];
    pupil_uuid_t  subject, institution;
    pupil_str_t   role;                        /* static */
    pupil_time_t  created_at, seen_at, expires_at;
    pupil_time_t  proved_at;                   /* 0: as it was created */

    /* all zeros: none */
    uint8_t       provider_session[PUPIL_HASH_LEN];
    uint8_t       provider_subject[PUPIL_HASH_LEN];

    uint32_t      number;                      /* that its MAC names */
    unsigned      limited:1;                   /* to changing the password */
    unsigned      second:1;                    /* by a second factor, or by a
                                                  provider's word */
} ngx_http_pupil_session_t;


/* The engine's step "session": NGX_OK, NGX_AGAIN then next, or a problem. */
ngx_int_t ngx_http_pupil_session_load(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);

/* What the request's cookie says, whosever it is; NGX_DECLINED: nothing. */
ngx_int_t ngx_http_pupil_session_text(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t *text);

/*
 * The token that the request's cookie holds, and its hash, into session;
 * whether there is such a session is not said.  NGX_DECLINED: there is none,
 * or none that the key of ctx->tenant has made.
 */
ngx_int_t ngx_http_pupil_session_sent(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_session_t *session);

/*
 * A session's row, whose group of columns (PUPIL_CN_*) begins at col, into
 * session, whose hash is there.  NGX_OK: authentic, whosever it is and whether
 * or not it still counts; NGX_DECLINED: NULL, or tampered with, which is noted.
 */
ngx_int_t ngx_http_pupil_session_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t n, ngx_uint_t col, ngx_http_pupil_session_t *session);

/* Is its time over, as this location has it? */
ngx_uint_t ngx_http_pupil_session_over(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session);

/* Do the floors that were fetched say that the request's has ended? */
ngx_uint_t ngx_http_pupil_session_revoked(ngx_http_pupil_ctx_t *ctx);

/* Has its person proved who they are within so many seconds?  0: ever. */
ngx_uint_t ngx_http_pupil_session_proves(ngx_http_pupil_ctx_t *ctx,
    int64_t within);

/* Is there the second factor that this location asks of a role? */
ngx_uint_t ngx_http_pupil_session_suffices(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t role);

/* Sets the session's cookie; len 0: the browser forgets it. */
ngx_int_t ngx_http_pupil_session_cookie(ngx_http_pupil_ctx_t *ctx,
    const uint8_t *text, size_t len);

/* The browser forgets the cookie. */
ngx_int_t ngx_http_pupil_session_forget(ngx_http_pupil_ctx_t *ctx);

/* Writes the "session" member that log-in and session answers share. */
void ngx_http_pupil_session_write(ngx_http_pupil_ctx_t *ctx);

/*
 * A token for a session that is filled in but for that: its text, for the
 * cookie, its hash, and the MAC of its row.
 */
ngx_int_t ngx_http_pupil_session_make(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_session_t *session, uint8_t text[PUPIL_TOKEN_TEXT_LEN],
    uint8_t mac[PUPIL_MAC_LEN]);

/* Sets session or subject of a provider; data NULL: none. */
void ngx_http_pupil_session_of(uint8_t to[PUPIL_HASH_LEN], pupil_str_t hash);
pupil_str_t ngx_http_pupil_session_there(const uint8_t hash[PUPIL_HASH_LEN]);

/* Both, as two parameters. */
void ngx_http_pupil_session_params(ngx_libpq_exchange_t *ex,
    const ngx_http_pupil_session_t *session);

/* Is it the session's role, at the session's institution? */
ngx_uint_t ngx_http_pupil_role_active(ngx_http_pupil_ctx_t *ctx,
    const pupil_role_row_t *role);

/* ctx->session.role is name, a literal. */
#define ngx_http_pupil_is(ctx, name)                                          \
    ((ctx)->session.role.len == sizeof(name) - 1                              \
     && ngx_memcmp((ctx)->session.role.data, name, sizeof(name) - 1) == 0)

#endif /* _NGX_HTTP_PUPIL_SESSION_H_INCLUDED_ */

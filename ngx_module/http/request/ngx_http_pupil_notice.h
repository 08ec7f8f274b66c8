/*
 * Copyright (C) the Pupil authors
 *
 * Notices: what somebody is told of their account, in the transaction of what
 * is done.
 */

#ifndef _NGX_HTTP_PUPIL_NOTICE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_NOTICE_H_INCLUDED_

#include "core/endpoints/notice.h"
#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_NOTICES         4
#define NGX_HTTP_PUPIL_NOTICE_BUCKETS  7


/* All zeros: nothing is told. */
typedef struct {
    const pupil_uuid_t  *subject;
    const char          *kinds[NGX_HTTP_PUPIL_NOTICES];    /* static */
    ngx_uint_t           n;
    pupil_str_t          session;      /* hash of one that is to be there */
    pupil_str_t          grant;        /* MAC of one; data NULL: either */
    unsigned             revoked:1;    /* the request is to have opened a
                                          revocation */

    /* whose burst of failures is told */
    uint8_t              bytes[NGX_HTTP_PUPIL_NOTICE_BUCKETS][32];
    pupil_str_t          buckets[NGX_HTTP_PUPIL_NOTICE_BUCKETS];
    ngx_uint_t           buckets_count;
} ngx_http_pupil_telling_t;


/* One more kind. */
void ngx_http_pupil_notice_add(ngx_http_pupil_telling_t *telling,
    const char *kind);

/*
 * Adds a statement that writes them behind those of ex, of which one does what
 * is told; without a key ex does not go out.
 */
void ngx_http_pupil_notice(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_telling_t *telling);

/* One of a support grant, if that is there with this MAC. */
void ngx_http_pupil_notice_grant(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *subject, const uint8_t *mac,
    const char *kind);

#endif /* _NGX_HTTP_PUPIL_NOTICE_H_INCLUDED_ */

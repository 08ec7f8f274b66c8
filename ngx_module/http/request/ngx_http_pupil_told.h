/*
 * Copyright (C) the Pupil authors
 *
 * What a worker was told of while a request waited: of whose session it is, and
 * of whom it shows (invariant I18).
 */

#ifndef _NGX_HTTP_PUPIL_TOLD_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TOLD_H_INCLUDED_

#include "core/base/text.h"
#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_TOLD  1024    /* places, each shared by a hash */

/* pmcf->told, a worker's own: when it was, by ngx_http_pupil_told_clock(). */
typedef struct {
    ngx_msec_t  of[NGX_HTTP_PUPIL_TOLD];    /* subjects, sessions, tenants */
    ngx_msec_t  all;                        /* of everybody */
    ngx_msec_t  at;                         /* of anybody */
} ngx_http_pupil_told_t;

/* ctx->opened: the owners of whom something was opened, a bit a place. */
typedef struct {
    ngx_msec_t  at;                         /* the first; 0: none */
    uint64_t    places[NGX_HTTP_PUPIL_TOLD / 64];
} ngx_http_pupil_opened_t;


/* id: of a subject or a tenant, or a session's hash; NULL: of everybody. */
void ngx_http_pupil_tell(ngx_http_pupil_main_conf_t *pmcf, const uint8_t *id);

/* A value of this owner is opened for the request. */
void ngx_http_pupil_opens(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *owner);

/*
 * Whether this worker heard something of the request's session, or of whose it
 * is, since it was judged, or of whom it shows since that was opened: it waited
 * too long to be answered all the same.
 */
ngx_uint_t ngx_http_pupil_late(ngx_http_pupil_ctx_t *ctx);

/* An id's place, in tables of NGX_HTTP_PUPIL_TOLD. */
ngx_uint_t ngx_http_pupil_told_place(const uint8_t *id);

/*
 * The clock of ngx_current_msec, read now: an event that is handled late must
 * not be dated before a row that was read meanwhile.
 */
ngx_msec_t ngx_http_pupil_told_clock(void);

#endif /* _NGX_HTTP_PUPIL_TOLD_H_INCLUDED_ */

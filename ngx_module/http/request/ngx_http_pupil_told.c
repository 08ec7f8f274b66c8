/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_TOLD_PROMPT  500    /* ms: answered in time anyway */


static ngx_uint_t ngx_http_pupil_late_actor(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_late_owner(ngx_http_pupil_ctx_t *ctx);


void
ngx_http_pupil_tell(ngx_http_pupil_main_conf_t *pmcf, const uint8_t *id)
{
    ngx_http_pupil_told_t  *told;

    told = &pmcf->told;
    told->at = ngx_http_pupil_told_clock();

    if (id != NULL) {
        told->of[ngx_http_pupil_told_place(id)] = told->at;

    } else {
        told->all = told->at;
    }
}


void
ngx_http_pupil_opens(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *owner)
{
    ngx_uint_t  n;

    if (ctx->opened.at == 0) {
        ctx->opened.at = ngx_current_msec;
    }

    n = ngx_http_pupil_told_place(owner->b);
    ctx->opened.places[n / 64] |= (uint64_t) 1 << n % 64;
}


/*
 * Who shares a place with somebody who is told of is refused, too, and may ask
 * again: so what is under way for a moment is not asked about.
 */
ngx_uint_t
ngx_http_pupil_late(ngx_http_pupil_ctx_t *ctx)
{
    if (!ctx->has_session
        || ngx_current_msec - ctx->judged_at < NGX_HTTP_PUPIL_TOLD_PROMPT
        || ctx->main->told.at < ctx->judged_at)
    {
        return 0;
    }

    return ngx_http_pupil_late_actor(ctx) || ngx_http_pupil_late_owner(ctx);
}


static ngx_uint_t
ngx_http_pupil_late_actor(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t              i;
    ngx_http_pupil_told_t  *told;

    const uint8_t *const  ids[] = {
        ctx->tenant.b, ctx->session.subject.b, ctx->session.hash, NULL
    };

    told = &ctx->main->told;

    for (i = 0; ids[i] != NULL; i++) {
        if (told->of[ngx_http_pupil_told_place(ids[i])] >= ctx->judged_at) {
            return 1;
        }
    }

    return told->all >= ctx->judged_at;
}


static ngx_uint_t
ngx_http_pupil_late_owner(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                n;
    ngx_http_pupil_told_t    *told;
    ngx_http_pupil_opened_t  *opened;

    told = &ctx->main->told;
    opened = &ctx->opened;

    if (opened->at == 0 || told->at < opened->at) {
        return 0;
    }

    for (n = 0; n < NGX_HTTP_PUPIL_TOLD; n++) {
        if ((opened->places[n / 64] >> n % 64 & 1)
            && told->of[n] >= opened->at)
        {
            return 1;
        }
    }

    return 0;
}


/* Ids and hashes are random: any of their bytes will do. */
ngx_uint_t
ngx_http_pupil_told_place(const uint8_t *id)
{
    uint32_t  n;

    ngx_memcpy(&n, id, sizeof(n));

    return n % NGX_HTTP_PUPIL_TOLD;
}


ngx_msec_t
ngx_http_pupil_told_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (ngx_msec_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Owners whose keys a request misses, and the rounds in which they are asked
 * for.
 */

#include "http/request/ngx_http_pupil.h"


static ngx_uint_t ngx_http_pupil_keys_ask_again(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_keys_missing(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *owner)
{
    ngx_uint_t                      i;
    ngx_http_pupil_request_keys_t  *keys;

    keys = &ctx->keys;

    if (keys->missing == NULL) {
        keys->missing = ngx_palloc(ctx->request->pool,
                                   NGX_HTTP_PUPIL_MAX_MISSING
                                   * sizeof(pupil_uuid_t));
        if (keys->missing == NULL) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < keys->missing_count; i++) {
        if (pupil_uuid_compare(&keys->missing[i], owner) == 0) {
            return NGX_OK;
        }
    }

    /* what does not fit is asked for in another round */
    if (keys->missing_count < NGX_HTTP_PUPIL_MAX_MISSING) {
        keys->missing[keys->missing_count++] = *owner;
    }

    return NGX_OK;
}


/*
 * A class of any size needs as many rounds as are full, and a few; more of them
 * mean that what comes is not what is missed.
 */
ngx_uint_t
ngx_http_pupil_keys_round(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_request_keys_t  *keys;

    keys = &ctx->keys;

    if (ngx_http_pupil_keys_ask_again(ctx)) {
        return 1;
    }

    if (keys->missing_count == NGX_HTTP_PUPIL_MAX_MISSING) {
        return keys->full++ < NGX_HTTP_PUPIL_MAX_FULL;
    }

    return keys->rounds++ < NGX_HTTP_PUPIL_MAX_ROUNDS;
}


/*
 * Keys that do not stay go with the request that ends first, and others may
 * need the same: what this one has fetched before is asked for again, so that
 * its step finds all of it at once.  Whether that is more than was ever asked
 * for: such a round is no sign that key store and data disagree.
 */
static ngx_uint_t
ngx_http_pupil_keys_ask_again(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  i, k, missing, known;
    ngx_http_pupil_own_keys_t  *own_keys;

    missing = ctx->keys.missing_count;
    known = 0;

    /* the latest round asked for all of those before */
    own_keys = ctx->keys.own;

    for (i = 0; own_keys != NULL && i < own_keys->n; i++) {
        for (k = 0; k < ctx->keys.missing_count; k++) {
            if (pupil_uuid_compare(&ctx->keys.missing[k], &own_keys->owners[i])
                == 0)
            {
                break;
            }
        }

        if (k < missing) {
            known++;

        } else if (k == ctx->keys.missing_count
                   && k < NGX_HTTP_PUPIL_MAX_MISSING)
        {
            ctx->keys.missing[ctx->keys.missing_count++] = own_keys->owners[i];
        }
    }

    return own_keys != NULL && known < missing;
}

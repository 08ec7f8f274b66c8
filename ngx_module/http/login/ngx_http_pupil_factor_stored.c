/*
 * Copyright (C) the Pupil authors
 *
 * What is stored of a second factor, beside the password's hash: as it was
 * found, and anew, with the facts of the credential.
 */

#include "http/login/ngx_http_pupil_factor.h"


static ngx_int_t ngx_http_pupil_factor_bound(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found, ngx_http_pupil_proof_t *proof);


ngx_int_t
ngx_http_pupil_factor_stored(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found,
    pupil_factor_t *factor)
{
    ngx_int_t                     rc;
    pupil_rc_t                    got;
    pupil_str_t                   text;
    ngx_http_pupil_row_t          row;
    const ngx_http_pupil_stmt_t  *stmt;

    ngx_http_pupil_login_credential(ctx, found, &row);
    ngx_memzero(factor, sizeof(pupil_factor_t));

    stmt = ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_PROVE);

    if (!row.stmt->statement.granted[PUPIL_LF_WANT_SECOND_FACTOR]
        || !stmt->statement.granted[PUPIL_LP_WANT_FACTOR])
    {
        return NGX_DECLINED;
    }

    got = ngx_http_pupil_value(ctx, &row, PUPIL_LF_WANT_SECOND_FACTOR, &text);

    if (got == PUPIL_NOT_FOUND) {
        return NGX_OK;
    }

    if (got == PUPIL_NO_KEY) {
        return NGX_AGAIN;
    }

    rc = got == PUPIL_OK
         && pupil_factor_read(&ctx->alloc, text, factor) == PUPIL_OK
         ? NGX_OK : NGX_DECLINED;

    ctx->integrity = 0;              /* it is audited, and lets nobody in */

    return rc;
}


ngx_int_t
ngx_http_pupil_factor_store(ngx_http_pupil_ctx_t *ctx, pupil_str_t hash,
    ngx_http_pupil_step_pt resume)
{
    ngx_http_pupil_proof_t  proof;

    return ngx_http_pupil_factor_seal(ctx, PUPIL_LOGIN_AGAIN, hash, &proof)
           == NGX_OK
           ? ngx_http_pupil_login_prove(ctx, &proof, resume) : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_factor_seal(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found,
    pupil_str_t hash, ngx_http_pupil_proof_t *proof)
{
    pupil_rc_t                rc;
    pupil_str_t               text;
    ngx_http_pupil_place_t    place;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    proof->hash = hash;

    place.category = "credential";
    place.field = "second_factor";
    place.owner = &factor->login.owner;
    place.record = &factor->login.owner.id;

    rc = pupil_factor_write(&ctx->alloc, &factor->is, &text);

    if (rc == PUPIL_OK) {
        rc = ngx_http_pupil_seal(ctx, &place, text, &proof->factor);
        ngx_explicit_memzero((u_char *) text.data, text.len);
    }

    pupil_factor_wipe(&factor->is);

    return rc == PUPIL_OK ? ngx_http_pupil_factor_bound(ctx, found, proof)
                          : NGX_ERROR;
}


/* It can be sent until its step and the next are over, by any host's clock. */
ngx_int_t
ngx_http_pupil_factor_spend(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    int64_t                   until;
    const pupil_key_t        *key;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    until = (int64_t) (factor->is.step + 2) * PUPIL_FACTOR_STEP;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_factor_spent(key, &factor->login.owner.id, factor->is.step,
                       ctx->spend.hashes);
    ctx->spend.n = PUPIL_FACTOR_SPENT;

    return ngx_http_pupil_spend(ctx, (until + 2 * PUPIL_TICKET_SKEW)
                                     * PUPIL_TIME_SECOND, 1, next);
}


/* The facts of the credential that was found, with what is new of it. */
static ngx_int_t
ngx_http_pupil_factor_bound(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found,
    ngx_http_pupil_proof_t *proof)
{
    pupil_bound_row_t        bound;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_place_t   place;
    const pupil_category_t  *category;

    ngx_http_pupil_login_credential(ctx, found, &row);

    category = row.stmt->statement.bound;
    place.category = "credential";
    place.field = "second_factor";
    place.owner = row.owner;
    place.record = row.record;

    ngx_http_pupil_facts_row(&row, &bound);
    ngx_http_pupil_facts_sealed(category, "second_factor", proof->factor,
                                &bound);

    if (proof->hash.data != NULL) {
        ngx_http_pupil_facts_sealed(category, "password_hash", proof->hash,
                                    &bound);
    }

    return ngx_http_pupil_facts_make(ctx, category, &place, &bound,
                                     &proof->facts);
}

/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/audit/{id}/proof: that a record about the actor is in the sealed log,
 * for whoever has neither.  A worker can make it, and cannot sign: what it
 * needs is the key that salts leaves, tiles, and a checkpoint as it is stored.
 */

#include "http/rights/ngx_http_pupil_rights.h"
#include "core/audit/checkpoint.h"
#include "core/audit/leaf.h"
#include "core/audit/tiles.h"


/* Seconds until what is done now is sealed. */
#define NGX_HTTP_PUPIL_SEALED_IN  10


static ngx_int_t ngx_http_pupil_rights_prove(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, const pupil_seen_t *seen, size_t place);
static ngx_int_t ngx_http_pupil_rights_leaf(ngx_http_pupil_ctx_t *ctx,
    const pupil_seen_t *seen, size_t place, pupil_leaf_t *leaf);
static ngx_int_t ngx_http_pupil_rights_included(PGresult *res,
    const pupil_leaf_t *leaf, uint64_t index, pupil_str_t *note,
    pupil_proof_t *proof);
static pupil_rc_t ngx_http_pupil_rights_tile(void *ctx, pupil_tile_t *tile);
static ngx_int_t ngx_http_pupil_rights_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_leaf_t *leaf, uint64_t index, const pupil_proof_t *proof,
    pupil_str_t note);


ngx_int_t
ngx_http_pupil_rights_proof_start(ngx_http_pupil_ctx_t *ctx)
{
    uint64_t               writer, number;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "proof: start");

    pupil_rights_id_read(&ctx->path_id, &writer, &number);

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_PROOF);
    ngx_libpq_param_int8(ex, (int64_t) writer);
    ngx_libpq_param_int8(ex, (int64_t) number);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


ngx_int_t
ngx_http_pupil_rights_proof_render(ngx_http_pupil_ctx_t *ctx)
{
    size_t                  place;
    PGresult               *res;
    ngx_int_t               rc;
    pupil_provable_t        provable;
    ngx_http_pupil_seen_t   seen;

    ngx_http_pupil_debug(ctx, "proof: render");

    res = ctx->exchange->results[0];

    rc = ngx_http_pupil_seen(ctx, res, 0, PUPIL_RP_RECORD, &seen);
    pupil_stack_wipe();

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DONE && seen.seen.record.role.len != 0) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTEGRITY);
    }

    provable = rc == NGX_OK ? pupil_seen_provable(&seen.seen, &place)
                            : PUPIL_PROOF_NONE;

    /* another's is as if it were not there */
    if (provable == PUPIL_PROOF_NONE) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_RIGHTS_PROOF,
                                          NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (provable == PUPIL_PROOF_PENDING) {
        ctx->response.retry_after = NGX_HTTP_PUPIL_SEALED_IN;
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_RIGHTS_PROOF,
                                          NGX_HTTP_PUPIL_NOT_SEALED);
    }

    return ngx_http_pupil_rights_prove(ctx, res, &seen.seen, place);
}


/* What proves nothing is not handed out. */
static ngx_int_t
ngx_http_pupil_rights_prove(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    const pupil_seen_t *seen, size_t place)
{
    pupil_str_t      note;
    pupil_leaf_t     leaf;
    pupil_proof_t   *proof;

    proof = ngx_palloc(ctx->request->pool, sizeof(pupil_proof_t));

    if (proof == NULL
        || ngx_http_pupil_rights_leaf(ctx, seen, place, &leaf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pupil_rights_included(res, &leaf, (uint64_t) seen->leaf,
                                       &note, proof) != NGX_OK)
    {
        ngx_http_pupil_tampered(ctx, "pupil.seal_tile",
                                &seen->record.request, &seen->subject,
                                "proves nothing");
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTEGRITY);
    }

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx, PUPIL_RIGHTS_PROOF));

    return ngx_http_pupil_rights_write(ctx, &leaf, (uint64_t) seen->leaf,
                                       proof, note);
}


static ngx_int_t
ngx_http_pupil_rights_leaf(ngx_http_pupil_ctx_t *ctx,
    const pupil_seen_t *seen, size_t place, pupil_leaf_t *leaf)
{
    pupil_rc_t          rc;
    const pupil_key_t  *key;

    key = ngx_http_pupil_audit_key(ctx->main, &ctx->tenant);

    if (key == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_leaf_record(key, (uint64_t) seen->event, &seen->record,
                           seen->mac.data, place, leaf);
    pupil_stack_wipe();

    return rc == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_pupil_rights_included(PGresult *res, const pupil_leaf_t *leaf,
    uint64_t index, pupil_str_t *note, pupil_proof_t *proof)
{
    int64_t              size;
    pupil_node_t         node;
    pupil_note_t         parsed;
    pupil_checkpoint_t   checkpoint;
    pupil_tile_source_t  source;

    source.read = ngx_http_pupil_rights_tile;
    source.ctx = res;
    source.tile.width = 0;

    pupil_merkle_leaf(leaf->text, leaf->len, &node);

    return ngx_libpq_get_int8(res, 0, PUPIL_RP_SIZE, &size) == NGX_OK
           && ngx_http_pupil_get_text(res, 0, PUPIL_RP_CHECKPOINT, note)
              == NGX_OK
           && pupil_note_parse(*note, &parsed) == PUPIL_OK
           && pupil_checkpoint_parse(parsed.text, &checkpoint) == PUPIL_OK
           && checkpoint.size == (uint64_t) size
           && pupil_tiles_inclusion(&source, index, checkpoint.size, proof)
              == PUPIL_OK
           && pupil_merkle_included(&node, index, checkpoint.size, proof,
                                    &checkpoint.root) == PUPIL_OK
           ? NGX_OK : NGX_DECLINED;
}


/* Among the rows of the result. */
static pupil_rc_t
ngx_http_pupil_rights_tile(void *ctx, pupil_tile_t *tile)
{
    int          row;
    int32_t      level;
    int64_t      index;
    PGresult    *res = ctx;
    pupil_str_t  hashes;

    for (row = 0; row < PQntuples(res); row++) {
        if (ngx_libpq_get_int4(res, row, PUPIL_RP_LEVEL, &level) != NGX_OK
            || ngx_libpq_get_int8(res, row, PUPIL_RP_TILE, &index) != NGX_OK
            || ngx_http_pupil_get_bytea(res, row, PUPIL_RP_HASHES, &hashes)
               != NGX_OK)
        {
            break;
        }

        if ((uint32_t) level == tile->level && (uint64_t) index == tile->index
            && hashes.len >= tile->width * sizeof(pupil_node_t)
            && hashes.len <= sizeof(tile->hashes))
        {
            ngx_memcpy(tile->hashes, hashes.data, hashes.len);
            tile->width = (uint32_t) (hashes.len / sizeof(pupil_node_t));
            return PUPIL_OK;
        }
    }

    return PUPIL_NOT_FOUND;
}


/* It holds ids and no value: it need not be wiped. */
static ngx_int_t
ngx_http_pupil_rights_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_leaf_t *leaf, uint64_t index, const pupil_proof_t *proof,
    pupil_str_t note)
{
    u_char       *copy;
    pupil_str_t   extra, text;

    static ngx_str_t  type = ngx_string("text/plain; charset=utf-8");

    extra.data = leaf->text;
    extra.len = leaf->len;

    if (pupil_proof_format(&ctx->alloc, extra, index, proof, note, &text)
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    copy = ngx_pnalloc(ctx->request->pool, text.len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, text.data, text.len);

    ctx->response.text.data = copy;
    ctx->response.text.len = text.len;
    ctx->response.text_type = type;

    return NGX_OK;
}

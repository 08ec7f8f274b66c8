/*
 * Copyright (C) the Pupil authors
 *
 * /v1/progress: a pupil submits, one or many at once, and reads back.  A
 * submission may come again, any number of times: it is stored once, and the
 * replay looks like success (invariant I15).  What is acknowledged is
 * committed (invariant I2).
 */

#include "core/endpoints/score.h"
#include "http/progress/ngx_http_pupil_progress.h"
#include "http/request/ngx_http_pupil_endpoints.h"


typedef enum {
    NGX_HTTP_PUPIL_SUBMISSION_STORED = 0,
    NGX_HTTP_PUPIL_SUBMISSION_REPLAYED,
    NGX_HTTP_PUPIL_SUBMISSION_CONFLICT,
    NGX_HTTP_PUPIL_SUBMISSION_REFUSED,
    NGX_HTTP_PUPIL_SUBMISSION_STALE,     /* of all: nothing was written */
    NGX_HTTP_PUPIL_SUBMISSION_BROKEN     /* breaks a rule: never sent */
} ngx_http_pupil_stored_e;


/* Of evidence that is read for a request, at most. */
#define NGX_HTTP_PUPIL_PROGRESS_ROUNDS  4

/* Of a request: room for four essays. */
#define NGX_HTTP_PUPIL_PROGRESS_BODY  (256 * 1024)


static ngx_int_t ngx_http_pupil_progress_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_cached(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_step(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_fresh(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_write(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_judge(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_statuses(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_stored_e **statuses);
static ngx_int_t ngx_http_pupil_progress_misfit(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_progress_one(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_stored_e status);
static void ngx_http_pupil_progress_result(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_submission_t *item, ngx_http_pupil_stored_e status);
static ngx_int_t ngx_http_pupil_progress_status(PGresult *res, ngx_uint_t row,
    ngx_http_pupil_stored_e *status);


static void *ngx_http_pupil_progress_create(ngx_conf_t *cf);
static void ngx_http_pupil_progress_metrics(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);


static const ngx_http_pupil_route_t  ngx_http_pupil_progress_routes[] = {

    { .method = NGX_HTTP_GET, .path = "",
      .parse = ngx_http_pupil_history_parse,
      .start = ngx_http_pupil_history_start,
      .render = ngx_http_pupil_history_render },

    { .method = NGX_HTTP_POST, .path = "", .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_progress_parse,
      .start = ngx_http_pupil_progress_start,
      .render = ngx_http_pupil_progress_step },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_progress_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_PROGRESS,
    .name = "progress",
    .core = &pupil_progress_endpoint,
    .routes = ngx_http_pupil_progress_routes,
    .body_max = NGX_HTTP_PUPIL_PROGRESS_BODY,
    .create = ngx_http_pupil_progress_create,
    .init_process = ngx_http_pupil_evidence_init,
    .exit_process = ngx_http_pupil_evidence_exit,
    .metrics = ngx_http_pupil_progress_metrics
};


/* What becomes of a submission, sent alone and in an array. */
static const struct {
    const char               *name;      /* in an array, of the statement */
    ngx_uint_t                status;    /* of success */
    ngx_http_pupil_problem_e  problem;   /* else */
    ngx_uint_t                kind;      /* of record */
} ngx_http_pupil_stored[] = {
    [NGX_HTTP_PUPIL_SUBMISSION_STORED] =
        { .name = "stored", .status = NGX_HTTP_CREATED, .kind = 1 },
    [NGX_HTTP_PUPIL_SUBMISSION_REPLAYED] =
        { .name = "replayed", .status = NGX_HTTP_OK, .kind = 1 },
    [NGX_HTTP_PUPIL_SUBMISSION_CONFLICT] =
        { .name = "conflict", .problem = NGX_HTTP_PUPIL_ID_CONFLICT,
          .kind = 2 },
    [NGX_HTTP_PUPIL_SUBMISSION_REFUSED] =
        { .name = "refused", .problem = NGX_HTTP_PUPIL_NOT_FOUND, .kind = 4 },
    [NGX_HTTP_PUPIL_SUBMISSION_STALE] =
        { .name = "stale", .problem = NGX_HTTP_PUPIL_UNAVAILABLE },
    [NGX_HTTP_PUPIL_SUBMISSION_BROKEN] =
        { .name = "refused", .problem = NGX_HTTP_PUPIL_INVALID }
};


static ngx_int_t
ngx_http_pupil_progress_parse(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t                    i;
    ngx_int_t                   rc;
    pupil_rc_t                  parsed;
    pupil_fault_t               fault;
    ngx_http_pupil_progress_t  *data;

    ngx_http_pupil_debug(ctx, "submit: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_progress_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_no_arguments(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    parsed = pupil_input_progress(&ctx->alloc, &ctx->body, ctx->now,
                                  &data->input, &fault);

    rc = ngx_http_pupil_parsed(ctx, parsed, &fault);
    if (rc != NGX_OK) {
        return rc;
    }

    data->sent = ngx_pcalloc(ctx->request->pool,
                             data->input.count
                             * sizeof(ngx_http_pupil_submission_t));
    if (data->sent == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < data->input.count; i++) {
        if (data->input.items[i].rc == PUPIL_OK) {
            data->sent[data->nsent++].item = &data->input.items[i];
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_progress_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_progress_t  *data;

    ngx_http_pupil_debug(ctx, "submit: start");

    data = ctx->data;

    if (!ngx_http_pupil_is(ctx, "pupil")) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_PROGRESS_SUBMIT,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    if (data->nsent == 0) {
        return ngx_http_pupil_progress_done(ctx);
    }

    if (data->fresh) {
        return ngx_http_pupil_progress_fresh(ctx);
    }

    if (!data->cached) {
        rc = ngx_http_pupil_progress_cached(ctx);

        if (rc == NGX_DECLINED) {
            return ngx_http_pupil_progress_fresh(ctx);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_pupil_progress_write(ctx);
}


/* NGX_DECLINED: the worker does not keep all that is relied on. */
static ngx_int_t
ngx_http_pupil_progress_cached(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_http_pupil_progress_t       *data;
    ngx_http_pupil_progress_conf_t  *conf;

    data = ctx->data;
    conf = ngx_http_pupil_progress_conf(ctx->main);

    rc = ngx_http_pupil_evidence_cached(ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_assigned_cached(ctx);
    }

    data->cached = rc == NGX_OK;
    conf->hits += rc == NGX_OK;
    conf->misses += rc == NGX_DECLINED;

    return rc;
}


/*
 * Reads the evidence: there is none in the cache, or it did not do.  What
 * changes each time before it is used is given up.
 */
static ngx_int_t
ngx_http_pupil_progress_fresh(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_progress_t  *data;

    ngx_http_pupil_debug(ctx, "submit: evidence asked for");

    data = ctx->data;

    if (data->rounds++ == NGX_HTTP_PUPIL_PROGRESS_ROUNDS) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_PROGRESS_EVIDENCE);

    if (ngx_http_pupil_assigned_ask(ctx, ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return NGX_ERROR;
    }

    /* what the audit tells when that evidence is not authentic */
    ctx->audit.asked = ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_SUBMIT);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* The evidence is here: check it, get keys, write. */
static ngx_int_t
ngx_http_pupil_progress_step(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                   *assigned;
    ngx_http_pupil_progress_t  *data;

    ngx_http_pupil_debug(ctx, "submit: evidence read");

    data = ctx->data;
    assigned = ctx->exchange->results[data->assigned_at];

    if (ngx_http_pupil_evidence_read(ctx, ctx->exchange->results[0]) != NGX_OK
        || ngx_http_pupil_assigned_read(ctx, assigned) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_progress_write(ctx);
}


/* Whether anything may be written comes before what a score has to be. */
static ngx_int_t
ngx_http_pupil_progress_write(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t                  rc;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    rc = ngx_http_pupil_need(ctx, &data->owner);

    if (data->cached && rc != PUPIL_OK) {

        /* once: the cache may know of a key that is no more */
        if (rc == PUPIL_NO_KEY && !data->keys) {
            data->keys = 1;
            return NGX_OK;
        }

        ngx_http_pupil_evidence_stale(ctx);

        return ngx_http_pupil_progress_fresh(ctx);
    }

    switch (rc) {

    case PUPIL_OK:
        /* again, when the keys of classes are here */
        return ctx->keys.missing_count != 0
               ? NGX_OK : ngx_http_pupil_progress_judge(ctx);

    case PUPIL_NO_KEY:
        return NGX_OK;

    case PUPIL_RESTRICTED:
    case PUPIL_ERASED:
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_PROGRESS_SUBMIT,
                                          NGX_HTTP_PUPIL_RESTRICTED);

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_pupil_progress_judge(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    rc = ngx_http_pupil_assigned_judge(ctx);

    if (rc == NGX_DECLINED) {
        ngx_http_pupil_evidence_stale(ctx);
        return ngx_http_pupil_progress_fresh(ctx);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return data->nsent != 0 ? ngx_http_pupil_progress_send(ctx)
                            : ngx_http_pupil_progress_done(ctx);
}


/* Committed: say what became of each. */
ngx_int_t
ngx_http_pupil_progress_done(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t                      i, n, row;
    ngx_int_t                     rc;
    ngx_http_pupil_stored_e       status, *statuses;
    ngx_http_pupil_progress_t    *data;
    const ngx_http_pupil_stmt_t  *stmt;

    ngx_http_pupil_debug(ctx, "submit: render");

    data = ctx->data;
    statuses = NULL;
    n = data->nsent;

    if (n != 0) {
        rc = ngx_http_pupil_progress_statuses(ctx, &statuses);

        if (rc == NGX_DECLINED) {
            ngx_http_pupil_evidence_stale(ctx);
            return ngx_http_pupil_progress_fresh(ctx);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!data->input.is_array) {
        return n != 0 ? ngx_http_pupil_progress_one(ctx, statuses[0])
                      : ngx_http_pupil_progress_misfit(ctx);
    }

    /* its items tell which, and the exercise's points are stored (I1) */
    if (data->misfit) {
        stmt = ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_SUBMIT);

        if (ngx_http_pupil_audit(ctx, &stmt->refusal, PUPIL_OUTCOME_REFUSED,
                                 NULL, 0, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "results");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0, row = 0; i < data->input.count; i++) {
        status = NGX_HTTP_PUPIL_SUBMISSION_BROKEN;

        if (row < n && data->sent[row].item == &data->input.items[i]) {
            status = statuses[row++];
        }

        ngx_http_pupil_progress_result(ctx, &data->input.items[i], status);
    }

    pupil_writer_array_end(&ctx->out);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* What the statement says of each; NGX_DECLINED: its evidence was stale. */
static ngx_int_t
ngx_http_pupil_progress_statuses(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_stored_e **statuses)
{
    uint32_t                    i;
    PGresult                   *res;
    ngx_uint_t                  kinds;
    ngx_http_pupil_stored_e    *status;
    ngx_http_pupil_progress_t  *data;

    static const uint8_t  due[] = { PUPIL_PROGRESS_DUE };

    data = ctx->data;
    res = ctx->exchange->results[data->at];
    kinds = 0;

    status = ngx_palloc(ctx->request->pool,
                        data->nsent * sizeof(ngx_http_pupil_stored_e));
    if (status == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < data->nsent; i++) {

        if (ngx_http_pupil_progress_status(res, i, &status[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        if (status[i] == NGX_HTTP_PUPIL_SUBMISSION_STALE) {
            return NGX_DECLINED;
        }

        kinds |= ngx_http_pupil_stored[status[i]].kind;
    }

    if (!(kinds
          & ngx_http_pupil_stored[NGX_HTTP_PUPIL_SUBMISSION_REFUSED].kind))
    {
        ngx_http_pupil_evidence_keep(ctx);
    }

    ctx->audit.due = due[kinds];
    *statuses = status;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_progress_status(PGresult *res, ngx_uint_t row,
    ngx_http_pupil_stored_e *status)
{
    ngx_uint_t   i;
    pupil_str_t  text;

    if (ngx_http_pupil_get_text(res, row, PUPIL_PS_STATUS, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_PUPIL_SUBMISSION_BROKEN; i++) {
        if (ngx_strlen(ngx_http_pupil_stored[i].name) == text.len
            && ngx_memcmp(ngx_http_pupil_stored[i].name, text.data, text.len)
               == 0)
        {
            *status = i;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* The one submission that there is was not sent. */
static ngx_int_t
ngx_http_pupil_progress_misfit(ngx_http_pupil_ctx_t *ctx)
{
    const pupil_fault_t        *fault;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;
    fault = &data->input.items[0].fault;

    return ngx_http_pupil_refuse_at(ctx,
                                    ngx_http_pupil_stmt(ctx,
                                                        PUPIL_PROGRESS_SUBMIT),
                                    NULL, fault->field, fault->rule);
}


/* The audit record of a refusal was written with the statement itself. */
static ngx_int_t
ngx_http_pupil_progress_one(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_stored_e status)
{
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    if (ngx_http_pupil_stored[status].problem) {
        return ngx_http_pupil_problem(ctx,
                                      ngx_http_pupil_stored[status].problem);
    }

    ctx->response.status = ngx_http_pupil_stored[status].status;
    ngx_http_pupil_progress_result(ctx, &data->input.items[0], status);

    return NGX_OK;
}


static void
ngx_http_pupil_progress_result(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_submission_t *item, ngx_http_pupil_stored_e status)
{
    const pupil_fault_t  *fault;

    fault = status == NGX_HTTP_PUPIL_SUBMISSION_BROKEN ? &item->fault : NULL;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");

    if (pupil_uuid_is_zero(&item->id)) {
        pupil_writer_null(&ctx->out);

    } else {
        pupil_writer_uuid(&ctx->out, &item->id);
    }

    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, ngx_http_pupil_stored[status].name);

    if (ngx_http_pupil_stored[status].problem) {
        pupil_writer_key(&ctx->out, "problem");
        ngx_http_pupil_problem_write(ctx, &ctx->out,
                                     ngx_http_pupil_stored[status].problem,
                                     fault ? fault->status : 0,
                                     fault ? fault->field : NULL,
                                     fault ? fault->rule : NULL);
    }

    pupil_writer_object_end(&ctx->out);
}


/* ---- what the endpoint has for itself ---- */


static void *
ngx_http_pupil_progress_create(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_progress_conf_t));
}


static void
ngx_http_pupil_progress_metrics(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    static const ngx_http_pupil_metric_row_t  rows[] = {
        ngx_http_pupil_counter("hits", ngx_http_pupil_progress_conf_t, hits),
        ngx_http_pupil_counter("misses", ngx_http_pupil_progress_conf_t,
                               misses),
        ngx_http_pupil_counter("stale", ngx_http_pupil_progress_conf_t, stale),
        { NULL, 0, 0, 0 }
    };

    ngx_http_pupil_metric_table(metrics, "evidence", rows,
                                ngx_http_pupil_progress_conf(pmcf));
}

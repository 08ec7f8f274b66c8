/*
 * Copyright (C) the Pupil authors
 *
 * What a submission relies on: the pupil's enrolments, by rows whose MACs were
 * checked, the state of the owner, and what was assigned.  The worker keeps
 * it, so that the usual submission is one exchange; whatever the statement
 * then finds to differ is read anew, and judged by what was read.
 */

#include "http/progress/ngx_http_pupil_progress.h"


/* What a worker keeps: pupils, and exercises. */
#define NGX_HTTP_PUPIL_EVIDENCE_MAX  4096
#define NGX_HTTP_PUPIL_ASSIGNED_MAX  16384


static pupil_kept_t *ngx_http_pupil_evidence_cache(uint32_t entries,
    size_t size, ngx_log_t *log);
static const pupil_uuid_t *ngx_http_pupil_evidence_ids(
    ngx_http_pupil_ctx_t *ctx, pupil_uuid_t *ids);
static ngx_uint_t ngx_http_pupil_evidence_counts(ngx_http_pupil_ctx_t *ctx,
    const pupil_evidence_t *evidence);
static ngx_int_t ngx_http_pupil_evidence_arrays(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t n);
static ngx_int_t ngx_http_pupil_evidence_take(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row);


ngx_int_t
ngx_http_pupil_evidence_init(ngx_http_pupil_main_conf_t *pmcf, ngx_log_t *log)
{
    ngx_http_pupil_progress_conf_t  *conf;

    conf = ngx_http_pupil_progress_conf(pmcf);

    conf->evidence = ngx_http_pupil_evidence_cache(
                         NGX_HTTP_PUPIL_EVIDENCE_MAX, sizeof(pupil_evidence_t),
                         log);
    conf->assigned = ngx_http_pupil_evidence_cache(
                         NGX_HTTP_PUPIL_ASSIGNED_MAX, sizeof(pupil_assigned_t),
                         log);

    return conf->evidence != NULL && conf->assigned != NULL ? NGX_OK
                                                            : NGX_ERROR;
}


static pupil_kept_t *
ngx_http_pupil_evidence_cache(uint32_t entries, size_t size, ngx_log_t *log)
{
    void  *memory;

    /* from the system, and so no page of it is there before it is used */
    memory = ngx_alloc(pupil_kept_size(entries, size), log);

    return memory == NULL ? NULL : pupil_kept_init(memory, entries, size);
}


void
ngx_http_pupil_evidence_exit(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_uint_t                       i;
    ngx_http_pupil_progress_conf_t  *conf;

    conf = ngx_http_pupil_progress_conf(pmcf);

    pupil_kept_t **const  caches[] = { &conf->evidence, &conf->assigned };

    for (i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
        if (*caches[i] != NULL) {
            pupil_kept_wipe(*caches[i]);
            ngx_free(*caches[i]);
            *caches[i] = NULL;
        }
    }
}


ngx_int_t
ngx_http_pupil_evidence_cached(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                       i, n, k;
    pupil_uuid_t                     ids[PUPIL_KEPT_IDS];
    pupil_enrolment_row_t           *row;
    const pupil_evidence_t          *evidence;
    ngx_http_pupil_progress_t       *data;
    ngx_http_pupil_progress_conf_t  *conf;

    data = ctx->data;
    conf = ngx_http_pupil_progress_conf(ctx->main);

    evidence = pupil_kept_find(conf->evidence,
                               ngx_http_pupil_evidence_ids(ctx, ids));
    if (evidence == NULL || !ngx_http_pupil_evidence_counts(ctx, evidence)) {
        return NGX_DECLINED;
    }

    data->evidence = *evidence;
    data->owner.id = evidence->subject;
    data->owner.state = PUPIL_OWNER_STATE_ACTIVE;
    data->owner.version = evidence->key_version;

    n = evidence->count;

    if (ngx_http_pupil_evidence_arrays(ctx, n) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0, k = 0; i < n; i++) {
        row = &data->enrolments[k];
        pupil_evidence_row(&data->evidence, i, row);

        /* what has ended since it was read (I20) */
        if (!ngx_http_pupil_live(ctx, row->valid_from, row->valid_to)) {
            continue;
        }

        data->macs[k].data = data->evidence.proofs[i].mac;
        data->macs[k].len = pupil_mac_len(data->macs[k].data);
        k++;
    }

    data->nenrolments = k;

    return NGX_OK;
}


static const pupil_uuid_t *
ngx_http_pupil_evidence_ids(ngx_http_pupil_ctx_t *ctx, pupil_uuid_t *ids)
{
    ids[0] = ctx->tenant;
    ids[1] = ctx->session.subject;
    ids[2] = ctx->session.institution;

    return ids;
}


/* What was checked before a floor was raised is read again. */
static ngx_uint_t
ngx_http_pupil_evidence_counts(ngx_http_pupil_ctx_t *ctx,
    const pupil_evidence_t *evidence)
{
    ngx_uint_t             i;
    pupil_enrolment_row_t  row;

    for (i = 0; i < evidence->count; i++) {
        pupil_evidence_row(evidence, i, &row);

        if (!ngx_http_pupil_floors_admit(ctx, &row.subject, row.number)) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_pupil_evidence_read(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_uint_t                  row, n;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;
    n = PQntuples(res);

    if (ngx_http_pupil_owner(ctx, res, 0, PUPIL_PE_OWNER,
                             &ctx->session.subject, &data->owner) != NGX_OK
        || ngx_http_pupil_evidence_arrays(ctx, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    data->evidence.tenant = ctx->tenant;
    data->evidence.subject = ctx->session.subject;
    data->evidence.institution = ctx->session.institution;
    data->evidence.key_version = data->owner.version;
    data->evidence.count = 0;
    data->keep = data->owner.state == PUPIL_OWNER_STATE_ACTIVE;

    for (row = 0; row < n; row++) {
        if (ngx_http_pupil_evidence_take(ctx, res, row) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* One enrolment: there may be none, and it may be one that is not believed. */
static ngx_int_t
ngx_http_pupil_evidence_take(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row)
{
    pupil_str_t                *mac;
    pupil_expected_t            expected;
    pupil_enrolment_row_t      *enrolment;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;
    enrolment = &data->enrolments[data->nenrolments];
    mac = &data->macs[data->nenrolments];

    ngx_http_pupil_expect_actor(ctx, &expected);

    switch (ngx_http_pupil_enrolment(ctx, res, row, PUPIL_PE_ENROLMENT,
                                     &expected, enrolment))
    {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return NGX_OK;

    default:
        data->keep = 0;
        return NGX_OK;
    }

    if (ngx_http_pupil_get_bytea(res, row, PUPIL_PE_ENROLMENT + PUPIL_CE_MAC,
                                 mac)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    data->nenrolments++;

    if (pupil_evidence_add(&data->evidence, enrolment, *mac) != PUPIL_OK)
    {
        data->keep = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_evidence_arrays(ngx_http_pupil_ctx_t *ctx, ngx_uint_t n)
{
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;
    data->nenrolments = 0;

    data->enrolments = ngx_palloc(ctx->request->pool,
                                  n * sizeof(pupil_enrolment_row_t));
    data->macs = ngx_palloc(ctx->request->pool, n * sizeof(pupil_str_t));

    return data->enrolments != NULL && data->macs != NULL ? NGX_OK
                                                          : NGX_ERROR;
}


void
ngx_http_pupil_evidence_stale(ngx_http_pupil_ctx_t *ctx)
{
    pupil_uuid_t                     ids[PUPIL_KEPT_IDS];
    ngx_http_pupil_progress_t       *data;
    ngx_http_pupil_progress_conf_t  *conf;

    data = ctx->data;
    conf = ngx_http_pupil_progress_conf(ctx->main);

    conf->stale++;
    pupil_kept_drop(conf->evidence, ngx_http_pupil_evidence_ids(ctx, ids));

    ctx->keys.missing_count = 0;
    data->cached = 0;
    data->fresh = 1;
}


void
ngx_http_pupil_evidence_keep(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    if (data->keep && !data->cached) {
        pupil_kept_put(ngx_http_pupil_progress_conf(ctx->main)->evidence,
                       &data->evidence);
    }
}

/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: its routes, and what they read: of a page, and of one homework.
 * Evidence and data come in one round trip; a row is shown only when the
 * actor's enrolment in its class is authentic (invariant I18).
 */

#include "http/homework/ngx_http_pupil_assessment.h"
#include "http/homework/ngx_http_pupil_homework.h"
#include "http/request/ngx_http_pupil_endpoints.h"


static ngx_int_t ngx_http_pupil_homework_one_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_homework_refused(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_homework_sought(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_http_pupil_class_t *class);


static const ngx_http_pupil_route_t  ngx_http_pupil_homework_routes[] = {

    { .method = NGX_HTTP_GET, .path = "",
      .parse = ngx_http_pupil_homework_list_parse,
      .start = ngx_http_pupil_homework_list_start,
      .render = ngx_http_pupil_homework_list_render },

    { .method = NGX_HTTP_POST, .path = "", .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_homework_create_parse,
      .start = ngx_http_pupil_homework_write_start,
      .render = ngx_http_pupil_homework_create_step },

    { .method = NGX_HTTP_GET, .path = "/{id}",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_homework_one_start,
      .render = ngx_http_pupil_homework_one_render },

    { .method = NGX_HTTP_PATCH, .path = "/{id}", .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_homework_patch_parse,
      .start = ngx_http_pupil_homework_write_start,
      .render = ngx_http_pupil_homework_patch_step },

    { .method = NGX_HTTP_DELETE, .path = "/{id}",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_homework_write_start,
      .render = ngx_http_pupil_homework_delete_step },

    { .method = NGX_HTTP_POST, .path = "/{id}/restore",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_homework_restore_start,
      .render = ngx_http_pupil_homework_restore_step },

    { .method = NGX_HTTP_GET, .path = "/{id}/progress",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_homework_overview_start,
      .render = ngx_http_pupil_homework_overview_render },

    { .method = NGX_HTTP_GET, .path = "/{id}/answers",
      .parse = ngx_http_pupil_homework_answers_parse,
      .start = ngx_http_pupil_homework_answers_start,
      .render = ngx_http_pupil_homework_answers_render },

    { .method = NGX_HTTP_GET, .path = "/{id}/assessment",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_assessment_own_start,
      .render = ngx_http_pupil_assessment_own_render },

    { .method = NGX_HTTP_GET, .path = "/{id}/pupils/{id}/assessment",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_assessment_start,
      .render = ngx_http_pupil_assessment_render },

    { .method = NGX_HTTP_PUT, .path = "/{id}/pupils/{id}/assessment",
      .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_assess_parse,
      .start = ngx_http_pupil_assess_start,
      .render = ngx_http_pupil_assess_step },

    { .method = NGX_HTTP_POST, .path = "/{id}/pupils/{id}/return",
      .parse = ngx_http_pupil_homework_parse_one,
      .start = ngx_http_pupil_assess_start,
      .render = ngx_http_pupil_return_step },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_homework_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_HOMEWORK,
    .name = "homework",
    .core = &pupil_homework_endpoint,
    .routes = ngx_http_pupil_homework_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX,
    .create = ngx_http_pupil_homework_create,
    .init = ngx_http_pupil_homework_init,
    .init_process = ngx_http_pupil_homework_init_process,
    .exit_process = ngx_http_pupil_homework_exit_process,
    .metrics = ngx_http_pupil_homework_metrics
};


/* Others are refused. */
static const ngx_http_pupil_homework_role_t  ngx_http_pupil_roles[] = {

    { .name = "pupil",
      .list = { PUPIL_HOMEWORK_PUPIL_LIST, PUPIL_HOMEWORK_PUPIL_LIST_BACK },
      .beside = { PUPIL_HOMEWORK_PUPIL_PROGRESS,
                  PUPIL_HOMEWORK_PUPIL_PROGRESS_BACK },
      .feed = PUPIL_HOMEWORK_PUPIL_FEED,
      .definitions = PUPIL_HOMEWORK_PUPIL_DEFINITIONS,
      .current = { PUPIL_HOMEWORK_PUPIL_CURRENT,
                   PUPIL_HOMEWORK_PUPIL_CURRENT },
      .write = ngx_http_pupil_homework_progress },

    { .name = "teacher",
      .list = { PUPIL_HOMEWORK_TEACHER_LIST,
                PUPIL_HOMEWORK_TEACHER_LIST_BACK },
      .withdrawn = { PUPIL_HOMEWORK_WITHDRAWN,
                     PUPIL_HOMEWORK_WITHDRAWN_BACK },
      .beside = { PUPIL_HOMEWORK_TEACHER_SUMMARY,
                  PUPIL_HOMEWORK_TEACHER_SUMMARY_BACK },
      .feed = PUPIL_HOMEWORK_TEACHER_FEED,
      .definitions = PUPIL_HOMEWORK_TEACHER_DEFINITIONS,
      .current = { PUPIL_HOMEWORK_TEACHER_SUMMARY,
                   PUPIL_HOMEWORK_TEACHER_SUMMARY_BACK },
      .write = ngx_http_pupil_homework_summary },

    { .name = NULL }
};


ngx_int_t
ngx_http_pupil_homework_parse_one(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "parse");

    if (ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_homework_t))
        == NULL)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_no_arguments(ctx);
}


const ngx_http_pupil_homework_role_t *
ngx_http_pupil_homework_role(ngx_http_pupil_ctx_t *ctx)
{
    size_t                                 len;
    const ngx_http_pupil_homework_role_t  *role;

    len = ctx->session.role.len;

    for (role = ngx_http_pupil_roles; role->name != NULL; role++) {
        if (ngx_strlen(role->name) == len
            && ngx_memcmp(role->name, ctx->session.role.data, len) == 0)
        {
            return role;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_pupil_homework_start(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *one)
{
    ngx_libpq_exchange_t  *ex;

    if (ngx_http_pupil_homework_role(ctx) == NULL) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_PUPIL_LIST,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, NULL);
    ngx_http_pupil_homework_ask(ctx, ex, one, 1);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_homework_one_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "one: start");

    return ngx_http_pupil_homework_start(ctx, &ctx->path_id);
}


ngx_int_t
ngx_http_pupil_homework_ask_one(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *one, ngx_http_pupil_step_pt step)
{
    ctx->resume = step;

    return ngx_http_pupil_homework_start(ctx, one);
}


void
ngx_http_pupil_homework_evidence(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *record)
{
    ngx_http_pupil_homework_evidence_by(ctx, ex, PUPIL_HOMEWORK_EVIDENCE,
                                        record);
}


void
ngx_http_pupil_homework_evidence_by(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt, const pupil_uuid_t *record)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    data->sought = record;

    (void) ngx_http_pupil_add_stmt(ctx, ex, stmt);

    if (record != NULL) {
        ngx_libpq_param_uuid(ex, record->b);

    } else {
        ngx_libpq_param_null(ex);
    }
}


void
ngx_http_pupil_homework_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *one,
    ngx_uint_t beside)
{
    ngx_uint_t                  way;
    ngx_http_pupil_stmt_t      *list, *extra;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    data->role = ngx_http_pupil_homework_role(ctx);
    data->one = one;

    way = one == NULL && data->window.descending;
    list = ngx_http_pupil_stmt(ctx, data->role->list[way]);
    extra = ngx_http_pupil_stmt(ctx, data->role->beside[way]);

    if (one == NULL && data->query.list.status == PUPIL_LIST_WITHDRAWN) {
        list = ngx_http_pupil_stmt(ctx, data->role->withdrawn[way]);
        beside = 0;
    }

    /* What is shown beside may be denied by itself: it is then left out. */
    data->has_beside = beside && extra->granted;

    if (data->has_beside) {
        data->beside = ngx_http_pupil_add(ctx, ex, extra);
        ngx_http_pupil_homework_page(ctx, ex, one);
    }

    data->list = list;
    data->at = ngx_http_pupil_add(ctx, ex, list);
    ngx_http_pupil_homework_page(ctx, ex, one);
}


PGresult *
ngx_http_pupil_homework_beside(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    return data->has_beside ? ctx->exchange->results[data->beside] : NULL;
}


ngx_int_t
ngx_http_pupil_homework_one_render(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_item_t       item;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "one: render");

    data = ctx->data;

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pupil_homework_item(ctx, ctx->exchange->results[data->at],
                                      0, &item);

    if (rc == NGX_DECLINED) {
        return ngx_http_pupil_refuse_stmt(ctx, data->role->list[0],
                                          NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_pupil_shown(ctx, data->list);

    return ngx_http_pupil_homework_json(ctx, &item,
                                        ngx_http_pupil_homework_beside(ctx));
}


ngx_int_t
ngx_http_pupil_homework_refuse_pupil(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt)
{
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    if (!ngx_http_pupil_is(ctx, "pupil")) {
        return ngx_http_pupil_refuse_stmt(ctx, stmt,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    data = ctx->data;
    data->refused = stmt;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, &ctx->path_id);

    ctx->audit.asked = ngx_http_pupil_stmt(ctx, stmt);
    ctx->resume = ngx_http_pupil_homework_refused;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_homework_refused(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                      rc;
    ngx_http_pupil_problem_e       problem;
    ngx_http_pupil_homework_t     *data;
    const ngx_http_pupil_class_t  *class;

    ngx_http_pupil_debug(ctx, "evidence of who is refused");

    data = ctx->data;

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    class = ngx_http_pupil_homework_class_of(data, &ctx->path_id);

    problem = class != NULL && class->assigned_at <= ctx->now
              ? NGX_HTTP_PUPIL_NOT_GRANTED : NGX_HTTP_PUPIL_NOT_FOUND;

    return ngx_http_pupil_refuse_stmt(ctx, data->refused, problem);
}


ngx_int_t
ngx_http_pupil_homework_classes(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_int_t                   rc;
    ngx_uint_t                  row, n;
    ngx_http_pupil_class_t     *class;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    data->nclasses = 0;
    n = PQntuples(res);

    data->classes = ngx_pcalloc(ctx->request->pool,
                                n * sizeof(ngx_http_pupil_class_t));
    if (data->classes == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < n; row++) {
        class = &data->classes[data->nclasses];

        rc = ngx_http_pupil_homework_authentic(ctx, res, row,
                                               PUPIL_HE_ENROLMENT,
                                               PUPIL_HE_OWNER, class);
        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc == NGX_OK) {
            rc = ngx_http_pupil_homework_sought(ctx, res, row, class);
        }

        if (rc == NGX_ERROR) {
            return rc;
        }

        data->nclasses++;
    }

    return NGX_OK;
}


/* The homework that was asked for, when it is the class's; no other. */
static ngx_int_t
ngx_http_pupil_homework_sought(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_http_pupil_class_t *class)
{
    ngx_int_t                   rc;
    pupil_uuid_t                record;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HE_RECORD, record.b);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (data->sought == NULL
        || pupil_uuid_compare(data->sought, &record) != 0)
    {
        ngx_http_pupil_tampered_record(ctx, "homework", &record,
                                       &class->owner.id, "another record");
        return NGX_OK;
    }

    class->record = record;

    return ngx_libpq_get_timestamptz(res, row, PUPIL_HE_ASSIGNED_AT,
                                     &class->assigned_at);
}


ngx_int_t
ngx_http_pupil_homework_authentic(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t enrolment, ngx_uint_t owner,
    ngx_http_pupil_class_t *class)
{
    pupil_str_t            mac;
    pupil_expected_t       expected;
    pupil_enrolment_row_t  e;

    ngx_http_pupil_expect_actor(ctx, &expected);

    if (ngx_http_pupil_enrolment(ctx, res, row, enrolment, &expected, &e)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    class->enrolment = e.enrolment;

    if (ngx_http_pupil_get_bytea(res, row, enrolment + PUPIL_CE_MAC, &mac)
        != NGX_OK
        || mac.len > PUPIL_MAC_LEN
        || ngx_http_pupil_owner(ctx, res, row, owner, &e.class_id,
                                &class->owner) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(class->mac, PUPIL_MAC_LEN);
    ngx_memcpy(class->mac, mac.data, mac.len);

    return NGX_OK;
}


ngx_http_pupil_class_t *
ngx_http_pupil_homework_class(ngx_http_pupil_homework_t *data,
    const pupil_uuid_t *class_id)
{
    ngx_uint_t  i;

    for (i = 0; i < data->nclasses; i++) {
        if (pupil_uuid_compare(&data->classes[i].owner.id, class_id) == 0) {
            return &data->classes[i];
        }
    }

    return NULL;
}


const ngx_http_pupil_class_t *
ngx_http_pupil_homework_class_of(ngx_http_pupil_homework_t *data,
    const pupil_uuid_t *record)
{
    ngx_uint_t  i;

    for (i = 0; i < data->nclasses; i++) {
        if (pupil_uuid_compare(&data->classes[i].record, record) == 0) {
            return &data->classes[i];
        }
    }

    return NULL;
}

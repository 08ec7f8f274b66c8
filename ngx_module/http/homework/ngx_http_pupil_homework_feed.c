/*
 * Copyright (C) the Pupil authors
 *
 * The open list, as pupils and teachers fetch it all day: what classes own of
 * it changes seldom, so that each worker keeps it, sealed, and the database
 * tells with each request only what it must: who is enrolled, who teaches,
 * which version of the definitions is in force, whose key is alive, and what
 * was handed in.  When definitions of a class are not kept, a second exchange
 * reads all of this anew and them, as what is shown is of one moment.
 */

#include "http/homework/ngx_http_pupil_homework_feed.h"


static ngx_int_t ngx_http_pupil_feed_step(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_feed_asked(
    const ngx_http_pupil_homework_t *data,
    const ngx_http_pupil_class_t *class);
static ngx_int_t ngx_http_pupil_feed_rows(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_feed_class(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_http_pupil_class_t **found);
static void ngx_http_pupil_feed_teacher(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, const pupil_uuid_t *class_id);
static ngx_int_t ngx_http_pupil_feed_kept(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class);


ngx_int_t
ngx_http_pupil_homework_feed_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "feed: start");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_feed_add(ctx, ex);
    ctx->resume = ngx_http_pupil_feed_step;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


void
ngx_http_pupil_feed_add(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex)
{
    ngx_uint_t                  way;
    ngx_http_pupil_stmt_t      *beside;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    data->feed = ex;

    (void) ngx_http_pupil_add_stmt(ctx, ex, data->role->feed);

    way = data->window.descending;
    beside = ngx_http_pupil_stmt(ctx, data->role->current[way]);
    data->has_beside = beside->granted;

    if (data->has_beside) {
        data->beside = ngx_http_pupil_add(ctx, ex, beside);

        if (data->role->current[way] == data->role->beside[way]) {
            ngx_http_pupil_homework_page(ctx, ex, NULL);

        } else {
            ngx_libpq_param_timestamptz(ex, ngx_http_pupil_feed_since(ctx));
        }
    }

    /* what is asked for is the list, by whatever statements */
    ctx->audit.asked = data->list;
}


pupil_time_t
ngx_http_pupil_feed_since(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    return data->query.list.status == PUPIL_LIST_OPEN ? ctx->now
                                                      : ctx->midnight - 1;
}


/* Looks for what is kept, and asks for the rest. */
static ngx_int_t
ngx_http_pupil_feed_step(ngx_http_pupil_ctx_t *ctx)
{
    PGresult    *beside;
    ngx_int_t    rc;
    ngx_uint_t   missing;

    ngx_http_pupil_debug(ctx, "feed: evidence read");

    rc = ngx_http_pupil_feed_classes(ctx, &missing);

    if (rc == NGX_ABORT) {
        return ngx_http_pupil_feed_whole(ctx);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (missing != 0) {
        return ngx_http_pupil_feed_ask(ctx);
    }

    if (ctx->keys.missing_count != 0) {
        beside = ngx_http_pupil_homework_beside(ctx);

        if (beside != NULL) {
            ngx_http_pupil_homework_need(ctx, beside);
        }

        return NGX_OK;                  /* again, when the keys are here */
    }

    return ngx_http_pupil_feed_render(ctx);
}


ngx_int_t
ngx_http_pupil_feed_classes(ngx_http_pupil_ctx_t *ctx, ngx_uint_t *missing)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_http_pupil_class_t     *class;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    *missing = 0;

    rc = ngx_http_pupil_feed_rows(ctx, data->feed->results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < data->nclasses; i++) {
        class = &data->classes[i];
        class->asked = ngx_http_pupil_feed_asked(data, class);

        if (class->asked) {
            class->has_version = 0;             /* their rows say it */
            continue;
        }

        rc = ngx_http_pupil_feed_kept(ctx, class);

        if (rc == NGX_DECLINED) {
            (*missing)++;

        } else if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_pupil_feed_asked(const ngx_http_pupil_homework_t *data,
    const ngx_http_pupil_class_t *class)
{
    ngx_uint_t  i;

    for (i = 0; i < data->nasked; i++) {
        if (pupil_uuid_compare(&data->asked[i], &class->owner.id) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Classes, from evidence that is authentic, and who teaches them. */
static ngx_int_t
ngx_http_pupil_feed_rows(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    size_t                      size;
    ngx_int_t                   rc;
    ngx_uint_t                  row, n;
    ngx_http_pupil_class_t     *class;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    n = PQntuples(res);

    data->nclasses = 0;
    data->nteachers = 0;

    size = n * sizeof(ngx_http_pupil_class_t);
    data->classes = ngx_pcalloc(ctx->request->pool, size);

    size = n * sizeof(ngx_http_pupil_teacher_t);
    data->teachers = ngx_http_pupil_alloc(ctx, size);

    if (data->classes == NULL || data->teachers == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < n; row++) {
        rc = ngx_http_pupil_feed_class(ctx, res, row, &class);

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc == NGX_OK) {
            ngx_http_pupil_feed_teacher(ctx, res, row, &class->owner.id);
        }
    }

    return NGX_OK;
}


/* One row for each teacher of a class: the enrolment is looked at once. */
static ngx_int_t
ngx_http_pupil_feed_class(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_http_pupil_class_t **found)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    pupil_uuid_t                enrolment;
    ngx_http_pupil_class_t     *class;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HF_ENROLMENT, enrolment.b);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < data->nclasses; i++) {
        if (pupil_uuid_compare(&data->classes[i].enrolment, &enrolment) == 0)
        {
            *found = &data->classes[i];
            return NGX_OK;
        }
    }

    class = &data->classes[data->nclasses];

    rc = ngx_http_pupil_homework_authentic(ctx, res, row, PUPIL_HF_ENROLMENT,
                                           PUPIL_HF_OWNER, class);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HF_VERSION, class->version.b);
    if (rc == NGX_ERROR) {
        return rc;
    }

    class->has_version = rc == NGX_OK;
    data->nclasses++;
    *found = class;

    return NGX_OK;
}


static void
ngx_http_pupil_feed_teacher(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_uuid_t *class_id)
{
    pupil_uuid_t                enrolment;
    ngx_http_pupil_teacher_t   *teacher;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    teacher = &data->teachers[data->nteachers];
    ngx_memzero(teacher, sizeof(ngx_http_pupil_teacher_t));

    if (ngx_libpq_get_uuid(res, row, PUPIL_HF_TEACHER + PUPIL_CE_ENROLMENT,
                           enrolment.b) != NGX_OK
        || ngx_libpq_get_uuid(res, row, PUPIL_HF_TEACHER + PUPIL_CE_SUBJECT,
                              teacher->subject.b) != NGX_OK
        || ngx_libpq_get_uuid(res, row, PUPIL_HF_TEACHER + PUPIL_CE_CLASS,
                              teacher->class_id.b) != NGX_OK)
    {
        return;
    }

    /* of the class of this row; the rest is checked when it is shown */
    if (pupil_uuid_compare(&teacher->class_id, class_id) != 0) {
        ngx_http_pupil_tampered(ctx, "pupil.enrolment", &enrolment,
                                &teacher->subject, "another class");
        return;
    }

    teacher->res = res;
    teacher->row = row;
    teacher->enrolment = PUPIL_HF_TEACHER;
    teacher->owner = PUPIL_HF_TEACHER_OWNER;
    teacher->stmt = ngx_http_pupil_stmt(ctx, data->role->feed);
    teacher->given = PUPIL_HF_WANT_GIVEN_NAME;
    teacher->family = PUPIL_HF_WANT_FAMILY_NAME;
    data->nteachers++;
}


/*
 * NGX_OK: opened, or waits for a key that is noted; NGX_DECLINED: it must be
 * asked for; NGX_ABORT: it is not kept at all, being large; NGX_ERROR.
 */
static ngx_int_t
ngx_http_pupil_feed_kept(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class)
{
    pupil_rc_t                           rc;
    pupil_str_t                          text;
    ngx_http_pupil_definitions_t        *kept;
    ngx_http_pupil_definitions_key_t     key;
    ngx_http_pupil_definitions_entry_t   entry;

    if (!class->has_version
        || class->owner.state != PUPIL_OWNER_STATE_ACTIVE)
    {
        return NGX_DECLINED;
    }

    ngx_http_pupil_feed_key(ctx, class, &key);

    kept = ngx_http_pupil_homework_conf(ctx->main)->definitions;

    if (ngx_http_pupil_definitions_get(kept, &key, ctx->now, &entry)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (entry.kind == NGX_HTTP_PUPIL_DEFINITIONS_LARGE) {
        return NGX_ABORT;
    }

    if (entry.kind == NGX_HTTP_PUPIL_DEFINITIONS_NONE) {
        class->ready = 1;
        return NGX_OK;
    }

    rc = ngx_http_pupil_definitions_open(ctx, &class->owner, entry.sealed,
                                         entry.text, &text);

    switch (rc) {

    case PUPIL_OK:
        class->ready = 1;
        return ngx_http_pupil_definitions_unpack(text, &ctx->alloc,
                                                 &class->definitions,
                                                 &class->count)
               == PUPIL_OK ? NGX_OK : NGX_ERROR;

    case PUPIL_NO_KEY:
        return NGX_OK;

    case PUPIL_ERASED:                  /* since the row was read */
        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}


void
ngx_http_pupil_feed_key(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class,
    ngx_http_pupil_definitions_key_t *key)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    key->tenant = ctx->tenant;
    key->class_id = class->owner.id;
    key->stmt = ngx_http_pupil_stmt(ctx, data->role->definitions);
    key->version = class->version;
    key->key_version = class->owner.version;

    /* whatever is due later than now is kept once, not for each moment */
    key->day = data->query.list.status == PUPIL_LIST_OPEN ? 0
                                                          : ctx->midnight;
}


ngx_int_t
ngx_http_pupil_feed_whole(ngx_http_pupil_ctx_t *ctx)
{
    ctx->keys.missing_count = 0;

    return ngx_http_pupil_homework_list_ask(ctx);
}

/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/pupils/{id}/login-code: a teacher hands out a code, by which a pupil
 * of theirs sets a new password (ngx_http_pupil_reset.c).  Nothing is stored:
 * the code is made of floors.  It is of nobody who is more than a pupil: no
 * colleague's account, and no administrator's, is taken over so.
 */

#include "core/endpoints/directive.h"
#include "core/endpoints/login_code.h"
#include "http/login/ngx_http_pupil_login.h"
#include "http/request/ngx_http_pupil_endpoints.h"


/* ctx->data; the pupil is looked at as who logs in is. */
typedef struct {
    ngx_http_pupil_login_t  login;                    /* first */
    pupil_str_t             name;
    char                    code[PUPIL_HANDED_TEXT_LEN];
    pupil_time_t            expires_at;
} ngx_http_pupil_login_code_t;


static ngx_int_t ngx_http_pupil_code_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_look(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_floors(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_code_taught(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_hand(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_handed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_code_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);


/* A whole class at once; who has stolen a session takes no school's. */
static const ngx_http_pupil_limit_t  ngx_http_pupil_code_limit = {
    .name = "login code",
    .reserve = PUPIL_CODE_RESERVE,
    .tell = PUPIL_CODE_TELL,
    .free = 40,
    .forget = 180,
    .longest = 900
};


static const ngx_http_pupil_route_t  ngx_http_pupil_login_code_routes[] = {

    { .method = NGX_HTTP_POST, .path = "/{id}/login-code",
      .parse = ngx_http_pupil_code_parse,
      .start = ngx_http_pupil_code_start },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_login_code_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_LOGIN_CODE,
    .name = "login_code",
    .core = &pupil_login_code_endpoint,
    .routes = ngx_http_pupil_login_code_routes
};


static ngx_int_t
ngx_http_pupil_code_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "parse");

    if (ctx->conf->login_password != PUPIL_PASSWORD_ALL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    login = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_login_code_t));
    if (login == NULL) {
        return NGX_ERROR;
    }

    login->conf = ngx_http_pupil_login_conf(ctx->main);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_code_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return ngx_http_pupil_code_refuse(ctx, NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    return ngx_http_pupil_throttle(ctx, &ngx_http_pupil_code_limit,
                                   ngx_http_pupil_code_look);
}


static ngx_int_t
ngx_http_pupil_code_look(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "counted");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_CODE_FIND);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_CODE_TEACHES);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    ctx->resume = ngx_http_pupil_code_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* The key store is asked before any row of this person is believed. */
static ngx_int_t
ngx_http_pupil_code_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "pupil looked up");

    login = ctx->data;
    login->found = ctx->exchange;
    ctx->read_at = ngx_current_msec;

    if (ngx_http_pupil_owner(ctx, login->found->results[0], 0, PUPIL_LF_OWNER,
                             &ctx->path_id, &login->owner) != NGX_OK)
    {
        return ngx_http_pupil_code_refuse(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    login->has_owner = 1;
    login->known = 1;

    return ngx_http_pupil_floors_fetch(ctx, &ctx->path_id, NULL,
                                       ngx_http_pupil_code_floors);
}


/* Runs again from its beginning once the teacher's own floor is there. */
static ngx_int_t
ngx_http_pupil_code_floors(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               taught;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "floors known");

    login = ctx->data;
    taught = ngx_http_pupil_code_taught(ctx);

    if (ctx->keys.missing_count != 0) {
        return NGX_OK;
    }

    if (!taught) {
        return ngx_http_pupil_code_refuse(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    ngx_http_pupil_login_account(ctx);

    if (ngx_http_pupil_keys_missing(ctx, &login->owner.id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_code_opened);
}


static ngx_uint_t
ngx_http_pupil_code_taught(ngx_http_pupil_ctx_t *ctx)
{
    PGresult               *res;
    ngx_uint_t              row, n, proofs;
    pupil_uuid_t            class_id;
    const pupil_relates_t  *relates;

    relates = pupil_relates_find(PUPIL_RELATION_TEACHES, PUPIL_OWNER_SUBJECT);
    res = ((ngx_http_pupil_login_t *) ctx->data)->found->results[1];
    n = (ngx_uint_t) PQntuples(res);
    proofs = 0;

    for (row = 0; row < n; row++) {
        proofs += ngx_http_pupil_proof(ctx, res, row, relates, &ctx->path_id,
                                       &class_id) == NGX_OK;
    }

    return proofs != 0;
}


static ngx_int_t
ngx_http_pupil_code_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                    may;
    pupil_handed_t                handed;
    const pupil_key_t            *key;
    ngx_http_pupil_row_t          row;
    ngx_http_pupil_login_code_t  *code;

    ngx_http_pupil_debug(ctx, "key fetched");

    code = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_credential(ctx, PUPIL_CODE_FIND, &row);

    may = ngx_http_pupil_login_handed(ctx, &handed) == NGX_OK
          && ngx_http_pupil_value(ctx, &row, PUPIL_CODE_WANT_LOGIN_ID,
                                  &code->name) == PUPIL_OK;

    /* a damaged value is audited, and is none */
    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    if (!may) {
        return ngx_http_pupil_code_refuse(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    code->expires_at = pupil_handed_make(key, &handed,
                                         ctx->now / PUPIL_TIME_SECOND,
                                         code->code)
                       * PUPIL_TIME_SECOND;

    return ngx_http_pupil_code_hand(ctx);
}


/* Who hands it out, for whom: on record before it leaves (invariant I1). */
static ngx_int_t
ngx_http_pupil_code_hand(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                 at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_writing_t   what;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_CODE_HAND);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_code_handed;
    what.n = 1;
    what.numbers = 1;
    what.subject = &ctx->path_id;
    what.note.data = (uint8_t *) PUPIL_LOGIN_NOTE_CODE;
    what.note.len = sizeof(PUPIL_LOGIN_NOTE_CODE) - 1;
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_stmt(ctx, PUPIL_CODE_HAND),
                               &what);

    ctx->resume = ngx_http_pupil_code_handed;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_code_handed(ngx_http_pupil_ctx_t *ctx)
{
    pupil_writer_t               *out;
    ngx_http_pupil_login_code_t  *code;

    ngx_http_pupil_debug(ctx, "on record");

    code = ctx->data;
    out = &ctx->out;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "identifier");
    pupil_writer_str(out, &code->name);
    pupil_writer_key(out, "code");
    pupil_writer_cstr(out, code->code);
    pupil_writer_key(out, "expires_at");
    pupil_writer_time(out, code->expires_at);
    pupil_writer_object_end(out);

    ngx_explicit_memzero(code->code, sizeof(code->code));

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_code_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_refuse(ctx,
                                 ngx_http_pupil_stmt(ctx, PUPIL_CODE_HAND),
                                 &ctx->path_id, problem);
}


ngx_int_t
ngx_http_pupil_login_handed(ngx_http_pupil_ctx_t *ctx, pupil_handed_t *handed)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_memzero(handed, sizeof(pupil_handed_t));
    handed->subject = login->owner.id;
    handed->session = ctx->floors.are.session;
    handed->credential = ctx->floors.are.credential;
    handed->authority = ctx->floors.are.authority;

    return login->eligible && login->pupil && !login->staff && !login->doubted
           ? NGX_OK : NGX_DECLINED;
}

/*
 * Copyright (C) the Pupil authors
 *
 * /v1/session: who am I, another of my roles, log out.
 */

#include "core/endpoints/session.h"
#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_endpoints.h"


#define NGX_HTTP_PUPIL_SWITCH_NOTE  128    /* bytes, with any role */


/* A role that counts: authentic, live, the actor's own. */
typedef struct {
    ngx_uint_t        row;                      /* of the result */
    pupil_role_row_t  is;
    pupil_role_t      rank;
} ngx_http_pupil_session_role_t;

/* In the order of schools, and of each the strongest first. */
typedef struct {
    ngx_http_pupil_session_role_t  *list;
    ngx_uint_t                      n;
} ngx_http_pupil_session_roles_t;


typedef struct {
    pupil_input_institution_t  input;
    ngx_libpq_exchange_t      *shown;
    ngx_http_pupil_session_t   session;         /* the new one */
    uint8_t                    text[PUPIL_TOKEN_TEXT_LEN];
} ngx_http_pupil_session_switch_t;


static ngx_int_t ngx_http_pupil_session_show_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_show_render(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_show_subrequest(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_show_write(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_session_roles(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_http_pupil_session_roles_t *roles);
static ngx_uint_t ngx_http_pupil_session_roles_next(
    const ngx_http_pupil_session_roles_t *roles, ngx_uint_t first);
static void ngx_http_pupil_session_show_institution(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, const ngx_http_pupil_session_role_t *role, ngx_uint_t n);
static void ngx_http_pupil_session_show_roles(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_role_t *role, ngx_uint_t n);
static ngx_int_t ngx_http_pupil_session_switch_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_switch_render(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_switch_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_role_row_t *role);
static ngx_int_t ngx_http_pupil_session_switch_done(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_switch_show(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_end_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_end_render(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_end_answer(ngx_http_pupil_ctx_t *ctx);


static const ngx_http_pupil_route_t  ngx_http_pupil_session_routes[] = {

    { .method = NGX_HTTP_GET, .path = "",
      .flags = NGX_HTTP_PUPIL_UNPROVED,
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_session_show_start,
      .render = ngx_http_pupil_session_show_render },

    { .method = NGX_HTTP_DELETE, .path = "",
      .flags = NGX_HTTP_PUPIL_LIMITED,
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_session_end_start,
      .render = ngx_http_pupil_session_end_render },

    { .method = NGX_HTTP_POST, .path = "/institution",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_UNPROVED,
      .parse = ngx_http_pupil_session_switch_parse,
      .start = ngx_http_pupil_session_show_start,
      .render = ngx_http_pupil_session_switch_render },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_session_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_SESSION,
    .name = "session",
    .core = &pupil_session_endpoint,
    .routes = ngx_http_pupil_session_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX,
    .subrequest = 1
};


static ngx_int_t
ngx_http_pupil_session_show_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "show: start");

    if (ctx->request != ctx->request->main) {
        return ngx_http_pupil_session_show_subrequest(ctx);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_SHOW);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/*
 * For auth_request: nothing is shown; whose session it is goes to the request
 * that asked, for its variables.
 */
static ngx_int_t
ngx_http_pupil_session_show_subrequest(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_ctx_t  *asking;

    ngx_http_pupil_debug(ctx, "show: for auth_request");

    asking = ngx_http_pupil_ctx(ctx->request->main);
    if (asking == NULL) {
        return NGX_ERROR;
    }

    asking->tenant = ctx->tenant;
    asking->session.subject = ctx->session.subject;
    asking->session.role = ctx->session.role;
    asking->has_session = 1;

    ctx->response.status = NGX_HTTP_NO_CONTENT;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_session_show_render(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "show: render");

    ngx_http_pupil_shown(ctx,
                         ngx_http_pupil_session_stmt(ctx, PUPIL_SESSION_SHOW));

    return ngx_http_pupil_session_show_write(ctx, ctx->exchange->results[0]);
}


static ngx_int_t
ngx_http_pupil_session_show_write(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_uint_t                       i, next;
    pupil_writer_t                  *out;
    ngx_http_pupil_row_t             self;
    ngx_http_pupil_owner_t           owner;
    ngx_http_pupil_session_roles_t   roles;

    out = &ctx->out;

    if (ngx_http_pupil_session_roles(ctx, res, &roles) != NGX_OK) {
        return NGX_ERROR;
    }

    self.stmt = ngx_http_pupil_session_stmt(ctx, PUPIL_SESSION_SHOW);
    self.res = res;
    self.n = 0;
    self.owner = ngx_http_pupil_owner(ctx, res, 0, PUPIL_SS_OWNER,
                                      &ctx->session.subject, &owner)
                 == NGX_OK ? &owner : NULL;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "status");
    pupil_writer_cstr(out, "ok");
    pupil_writer_key(out, "user");
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &ctx->session.subject);
    pupil_writer_key(out, "role");
    pupil_writer_str(out, &ctx->session.role);
    ngx_http_pupil_display_name(ctx, &self, PUPIL_SS_WANT_GIVEN_NAME,
                                PUPIL_SS_WANT_FAMILY_NAME);
    pupil_writer_object_end(out);

    ngx_http_pupil_session_write(ctx);

    pupil_writer_key(out, "institutions");
    pupil_writer_array_begin(out);

    for (i = 0; i < roles.n; i = next) {
        next = ngx_http_pupil_session_roles_next(&roles, i);
        ngx_http_pupil_session_show_institution(ctx, res, &roles.list[i],
                                                next - i);
    }

    pupil_writer_array_end(out);
    pupil_writer_object_end(out);

    return NGX_OK;
}


/* All that count, each checked once. */
static ngx_int_t
ngx_http_pupil_session_roles(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_http_pupil_session_roles_t *roles)
{
    ngx_uint_t                      i, row, rows;
    pupil_expected_t                expected;
    ngx_http_pupil_session_role_t   role, *list;

    rows = (ngx_uint_t) PQntuples(res);

    list = ngx_http_pupil_alloc(ctx, rows * sizeof(*list));
    if (list == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.subject = &ctx->session.subject;

    roles->list = list;
    roles->n = 0;

    for (row = 0; row < rows; row++) {
        role.row = row;

        if (ngx_http_pupil_role(ctx, res, row, PUPIL_SS_ROLE, &expected,
                                &role.is) != NGX_OK
            || !ngx_http_pupil_live(ctx, role.is.valid_from,
                                    role.is.valid_to))
        {
            continue;
        }

        role.rank = pupil_role_find(role.is.role);

        /* rows come by school */

        for (i = roles->n++; i > 0; i--) {
            if (list[i - 1].rank <= role.rank
                || pupil_uuid_compare(&list[i - 1].is.institution,
                                      &role.is.institution) != 0)
            {
                break;
            }

            list[i] = list[i - 1];
        }

        list[i] = role;
    }

    return NGX_OK;
}


/* The first role of the next school. */
static ngx_uint_t
ngx_http_pupil_session_roles_next(const ngx_http_pupil_session_roles_t *roles,
    ngx_uint_t first)
{
    ngx_uint_t  i;

    for (i = first + 1; i < roles->n; i++) {
        if (pupil_uuid_compare(&roles->list[i].is.institution,
                               &roles->list[first].is.institution) != 0)
        {
            break;
        }
    }

    return i;
}


/* An entry: its n roles, of which the active one is told, else the first. */
static void
ngx_http_pupil_session_show_institution(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, const ngx_http_pupil_session_role_t *role, ngx_uint_t n)
{
    ngx_uint_t                            i;
    pupil_writer_t                       *out;
    const pupil_uuid_t                   *institution;
    ngx_http_pupil_row_t                  school;
    ngx_http_pupil_owner_t                owner;
    const ngx_http_pupil_session_role_t  *shown;

    out = &ctx->out;
    institution = &role->is.institution;
    shown = role;

    for (i = 0; i < n; i++) {
        if (ngx_http_pupil_role_active(ctx, &role[i].is)) {
            shown = &role[i];
        }
    }

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");

    if (pupil_uuid_is_zero(institution)) {
        pupil_writer_null(out);                /* roles of the whole tenant */

    } else {
        pupil_writer_uuid(out, institution);
    }

    if (ngx_http_pupil_owner(ctx, res, role->row, PUPIL_SS_SCHOOL_OWNER,
                             institution, &owner) == NGX_OK)
    {
        school.stmt = ngx_http_pupil_session_stmt(ctx, PUPIL_SESSION_SHOW);
        school.res = res;
        school.n = role->row;
        school.owner = &owner;
        school.record = institution;

        (void) ngx_http_pupil_member(ctx, &school, PUPIL_SS_WANT_SCHOOL_TITLE,
                                     "title");
    }

    pupil_writer_key(out, "role");
    pupil_writer_str(out, &shown->is.role);
    pupil_writer_key(out, "active");
    pupil_writer_bool(out, (int) ngx_http_pupil_role_active(ctx, &shown->is));

    ngx_http_pupil_session_show_roles(ctx, role, n);

    pupil_writer_object_end(out);
}


static void
ngx_http_pupil_session_show_roles(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_role_t *role, ngx_uint_t n)
{
    ngx_uint_t  i;

    pupil_writer_key(&ctx->out, "roles");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; i < n; i++) {
        pupil_writer_str(&ctx->out, &role[i].is.role);
    }

    pupil_writer_array_end(&ctx->out);
}


static ngx_int_t
ngx_http_pupil_session_switch_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t                rc;
    pupil_fault_t             fault;
    ngx_http_pupil_session_switch_t  *sw;

    ngx_http_pupil_debug(ctx, "switch: parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    sw = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_session_switch_t));
    if (sw == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_input_institution(&ctx->alloc, &ctx->body, &sw->input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


/* The account's roles are known: is one of them there, and open to it? */
static ngx_int_t
ngx_http_pupil_session_switch_render(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                        i;
    ngx_http_pupil_problem_e          problem;
    pupil_input_institution_t        *input;
    ngx_http_pupil_session_roles_t    roles;
    ngx_http_pupil_session_switch_t  *sw;

    ngx_http_pupil_debug(ctx, "switch: roles read");

    sw = ctx->data;
    sw->shown = ctx->exchange;
    input = &sw->input;

    if (ngx_http_pupil_session_roles(ctx, ctx->exchange->results[0], &roles)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    problem = NGX_HTTP_PUPIL_NOT_FOUND;

    for (i = 0; i < roles.n; i++) {
        if (pupil_uuid_compare(&roles.list[i].is.institution,
                               &input->institution_id) != 0
            || (input->role != PUPIL_ROLE_NONE
                && input->role != roles.list[i].rank))
        {
            continue;
        }

        if (ngx_http_pupil_session_suffices(ctx, roles.list[i].is.role)) {
            return ngx_http_pupil_session_switch_write(ctx,
                                                       &roles.list[i].is);
        }

        problem = NGX_HTTP_PUPIL_LOGIN_AGAIN;
    }

    return ngx_http_pupil_refuse(ctx,
                                 ngx_http_pupil_session_stmt(ctx,
                                                        PUPIL_SESSION_SHOW),
                                 NULL, problem);
}


/* A new token: the old one dies everywhere (NOTIFY, as with a log-out). */
static ngx_int_t
ngx_http_pupil_session_switch_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_role_row_t *role)
{
    u_char                           *p;
    uint8_t                           mac[PUPIL_MAC_LEN];
    uint8_t                           note[NGX_HTTP_PUPIL_SWITCH_NOTE];
    ngx_uint_t                        at;
    ngx_libpq_exchange_t             *ex;
    ngx_http_pupil_session_t         *made;
    ngx_http_pupil_writing_t          what;
    ngx_http_pupil_session_switch_t  *sw;

    sw = ctx->data;
    made = &sw->session;

    *made = ctx->session;
    made->institution = role->institution;
    made->seen_at = ctx->now;

    if (pupil_role_name(pupil_role_find(role->role), &made->role) != PUPIL_OK
        || ngx_http_pupil_session_make(ctx, made, sw->text, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_SWITCH);
    ngx_libpq_param_bytea(ex, ctx->session.hash, 32);
    ngx_libpq_param_bytea(ex, made->hash, 32);
    ngx_libpq_param_text(ex, made->role.data, made->role.len);
    ngx_libpq_param_uuid(ex, made->institution.b);
    ngx_libpq_param_timestamptz(ex, made->created_at);
    ngx_libpq_param_timestamptz(ex, made->seen_at);
    ngx_libpq_param_timestamptz(ex, made->expires_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_libpq_param_timestamptz(ex, made->proved_at);
    ngx_http_pupil_session_params(ex, made);

    p = ngx_cpymem(note, PUPIL_SESSION_NOTE, sizeof(PUPIL_SESSION_NOTE) - 1);
    pupil_uuid_format(&made->institution, p);
    p = ngx_cpymem(p + PUPIL_UUID_TEXT_LEN, PUPIL_SESSION_NOTE_AS,
                   sizeof(PUPIL_SESSION_NOTE_AS) - 1);
    p = ngx_cpymem(p, made->role.data, made->role.len);

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_audit_allowed;
    what.n = 1;
    what.numbers = 1;
    what.note.data = note;
    what.note.len = p - note;
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_session_stmt(ctx,
                                                       PUPIL_SESSION_SWITCH),
                               &what);

    ctx->resume = ngx_http_pupil_session_switch_done;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_session_switch_done(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  made;

    ngx_http_pupil_debug(ctx, "switch: written");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_SW_MADE, &made)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (made != 1) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION);
    }

    ngx_http_pupil_zone_remove(ctx->main, ctx->session.hash);

    return ngx_http_pupil_session_end(ctx, &ctx->session,
                                     ngx_http_pupil_session_switch_show);
}


static ngx_int_t
ngx_http_pupil_session_switch_show(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                         rc;
    ngx_http_pupil_session_switch_t  *sw;

    ngx_http_pupil_debug(ctx, "switch: the key store knows");

    sw = ctx->data;
    ctx->session = sw->session;

    ngx_http_pupil_shown(ctx,
                         ngx_http_pupil_session_stmt(ctx, PUPIL_SESSION_SHOW));

    rc = ngx_http_pupil_session_show_write(ctx, sw->shown->results[0]);

    if (rc != NGX_OK || ctx->keys.missing_count != 0) {
        return rc;
    }

    return ngx_http_pupil_session_cookie(ctx, sw->text, sizeof(sw->text));
}


static ngx_int_t
ngx_http_pupil_session_end_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "end: start");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_END);
    ngx_libpq_param_bytea(ex, ctx->session.hash, 32);

    return ngx_http_pupil_submit(ctx, ex, 1);
}


/* In another tab it may have taken another role at this moment. */
static ngx_int_t
ngx_http_pupil_session_end_render(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  gone;

    ngx_http_pupil_debug(ctx, "end: render");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_SE_GONE, &gone)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_zone_remove(ctx->main, ctx->session.hash);

    ctx->ending.then = ngx_http_pupil_session_end_answer;

    return ngx_http_pupil_session_end(ctx, &ctx->session,
                                     gone != 0
                                     ? ngx_http_pupil_session_end_answer
                                     : ngx_http_pupil_sessions_follow);
}


static ngx_int_t
ngx_http_pupil_session_end_answer(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "end: the key store knows");

    ctx->response.status = NGX_HTTP_NO_CONTENT;

    return ngx_http_pupil_session_forget(ctx);
}

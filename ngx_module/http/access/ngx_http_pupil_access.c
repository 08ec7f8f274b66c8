/*
 * Copyright (C) the Pupil authors
 *
 * pupil_access: the guard before an application that nginx hands requests to.
 * What it is told of somebody it is told when that is on record (invariant
 * I1): until then the request waits in nginx's access phase, its body unread.
 */

#include "core/vault/pseudonym.h"
#include "http/access/ngx_http_pupil_access.h"
#include "http/request/ngx_http_pupil_endpoints.h"


static ngx_int_t ngx_http_pupil_access_init(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);
static ngx_int_t ngx_http_pupil_access_phase(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler);
static ngx_int_t ngx_http_pupil_access_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_pupil_access_begin(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_loc_conf_t *conf);
static void ngx_http_pupil_access_decided(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_access_login(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_access_start(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_access_plain(ngx_http_request_t *r);
static ngx_uint_t ngx_http_pupil_access_unsafe(ngx_http_request_t *r);
static ngx_int_t ngx_http_pupil_access_render(ngx_http_pupil_ctx_t *ctx);
static pupil_rc_t ngx_http_pupil_access_name(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);
static pupil_rc_t ngx_http_pupil_access_claims(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);


/* Whatever the request's own method is: what it does is another's. */
static const ngx_http_pupil_route_t  ngx_http_pupil_access_route = {
    .method = NGX_HTTP_GET, .path = "",
    .start = ngx_http_pupil_access_start,
    .render = ngx_http_pupil_access_render
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_access_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_ACCESS,
    .name = "access",
    .core = &pupil_access_endpoint,
    .init = ngx_http_pupil_access_init
};


static ngx_int_t
ngx_http_pupil_access_init(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    if (ngx_http_pupil_access_phase(cf, NGX_HTTP_POST_READ_PHASE,
                                    ngx_http_pupil_access_read) != NGX_OK
        || ngx_http_pupil_access_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                                       ngx_http_pupil_access_clear) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_access_phase(cf, NGX_HTTP_ACCESS_PHASE,
                                       ngx_http_pupil_access_handler);
}


static ngx_int_t
ngx_http_pupil_access_phase(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


/* Called again when it is decided, and whenever the connection moves. */
static ngx_int_t
ngx_http_pupil_access_handler(ngx_http_request_t *r)
{
    ngx_http_pupil_ctx_t       *ctx;
    ngx_http_pupil_guard_t     *guard;
    ngx_http_pupil_loc_conf_t  *conf;
    ngx_http_pupil_probe(REQUEST);

    conf = ngx_http_get_module_loc_conf(r, ngx_http_pupil_module);

    if (conf->access == NULL) {
        /* what is open beside a guard is no way to what is behind it */
        return conf->unguarded && !ngx_http_pupil_access_plain(r)
               ? NGX_HTTP_BAD_REQUEST : NGX_DECLINED;
    }

    ctx = ngx_http_pupil_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    guard = ctx->guard;

    if (guard == NULL
        || (guard->status != NGX_AGAIN
            && !ngx_http_pupil_access_same(r, guard, conf)))
    {
        if (ngx_http_pupil_access_begin(ctx, conf) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        guard = ctx->guard;
        guard->waits = guard->status == NGX_AGAIN;
    }

    return guard->status == NGX_OK
           ? ngx_http_pupil_access_send(r, guard) : guard->status;
}


static ngx_int_t
ngx_http_pupil_access_begin(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_loc_conf_t *conf)
{
    ngx_http_request_t      *r;
    ngx_http_pupil_guard_t  *guard;

    r = ctx->request;

    guard = ngx_pcalloc(r->pool, sizeof(ngx_http_pupil_guard_t));

    if (guard == NULL
        || ngx_http_complex_value(r, conf->tenant, &guard->tenant) != NGX_OK)
    {
        return NGX_ERROR;
    }

    guard->conf = conf;
    guard->status = NGX_AGAIN;

    ctx->conf = conf;
    ctx->guard = guard;

    ngx_http_pupil_guard_begin(ctx, &ngx_http_pupil_access_route,
                               ngx_http_pupil_access_decided);

    return NGX_OK;
}


/* By the engine's last step, on the way of the request or from the loop. */
static void
ngx_http_pupil_access_decided(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                status;
    ngx_http_pupil_guard_t   *guard;
    ngx_http_pupil_stats_t   *stats;
    ngx_http_pupil_problem_e  problem;

    guard = ctx->guard;
    problem = ctx->response.problem;
    status = problem ? ngx_http_pupil_problem_status(problem) : NGX_HTTP_OK;

    ngx_http_pupil_debug(ctx, "access: %ui", status);

    stats = &ctx->main->stats;
    stats->requests[NGX_HTTP_PUPIL_ENDPOINT_ACCESS][status / 100]++;

    guard->problem = problem;
    guard->status = problem ? (ngx_int_t) status : NGX_OK;

    if (status == NGX_HTTP_UNAUTHORIZED) {
        stats->unauthorized++;
        ngx_http_pupil_access_login(ctx);
    }

    /* once the step has ended, whose keys may lie on the stack */
    if (guard->waits) {
        (void) ngx_http_post_request(ctx->request, &guard->posted);
    }
}


/* For who sees pages; an application's own requests are told 401. */
static void
ngx_http_pupil_access_login(ngx_http_pupil_ctx_t *ctx)
{
    u_char                *p;
    size_t                 len;
    ngx_str_t              uri, *accept, *login;
    ngx_uint_t             count;
    ngx_http_request_t    *r;
    const pupil_access_t  *access;

    static const char  next[] = "?next=%2F";

    r = ctx->request;
    access = ctx->conf->access;
    accept = ngx_http_pupil_request_header(r, "accept", &count);

    if (access->login.len == 0 || accept == NULL
        || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        || ngx_strlcasestrn(accept->data, accept->data + accept->len,
                            (u_char *) "text/html",
                            sizeof("text/html") - 2) == NULL)
    {
        return;
    }

    uri = r->unparsed_uri;

    /* with one slash: two begin the name of another host */
    while (uri.len != 0 && (uri.data[0] == '/' || uri.data[0] == '\\')) {
        uri.data++;
        uri.len--;
    }

    len = access->login.len + sizeof(next) - 1 + 3 * uri.len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return;
    }

    login = &ctx->guard->login;
    login->data = p;

    p = ngx_cpymem(p, access->login.data, access->login.len);
    p = ngx_cpymem(p, next, sizeof(next) - 1);
    p = (u_char *) ngx_escape_uri(p, uri.data, uri.len,
                                  NGX_ESCAPE_URI_COMPONENT);

    login->len = p - login->data;
}


static ngx_int_t
ngx_http_pupil_access_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;
    const pupil_access_t  *access;

    ngx_http_pupil_debug(ctx, "access: start");

    access = ctx->conf->access;

    if (!ngx_http_pupil_access_plain(ctx->request)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MALFORMED);
    }

    if (ngx_http_pupil_access_unsafe(ctx->request)
        && ngx_http_pupil_origin(ctx) != NGX_OK)
    {
        ctx->main->stats.csrf++;
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_ORIGIN);
    }

    if (!(access->roles & 1u << pupil_role_find(ctx->session.role))) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_ACCESS_ENTER,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    if (access->age != 0
        && ctx->now - ctx->session.created_at
           >= access->age * PUPIL_TIME_SECOND)
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGIN_AGAIN);
    }

    if (!ngx_http_pupil_session_proves(ctx, access->step_up)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_STEP_UP_REQUIRED);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_ACCESS_ENTER);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* As the application sees it: what proxy_pass hands on is not normalised. */
static ngx_uint_t
ngx_http_pupil_access_plain(ngx_http_request_t *r)
{
    u_char       *end, *args;
    pupil_str_t   path;

    end = r->unparsed_uri.data + r->unparsed_uri.len;
    args = ngx_strlchr(r->unparsed_uri.data, end, '?');

    path.data = r->unparsed_uri.data;
    path.len = (args != NULL ? args : end) - path.data;

    return pupil_access_path(path);
}


/*
 * May another site's page send it in this person's name?  The application knows
 * no token of ours; a browser says where such a request comes from.
 */
static ngx_uint_t
ngx_http_pupil_access_unsafe(ngx_http_request_t *r)
{
    return !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS))
           || r->headers_in.upgrade != NULL;
}


static ngx_int_t
ngx_http_pupil_access_render(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t               rc;
    ngx_http_pupil_owner_t   owner;

    ngx_http_pupil_debug(ctx, "access: render");

    if (ngx_array_init(&ctx->guard->fields, ctx->request->pool,
                       1 + ctx->conf->access->count, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    switch (ngx_http_pupil_owner(ctx, ctx->exchange->results[0], 0,
                                 PUPIL_AC_OWNER, &ctx->session.subject,
                                 &owner))
    {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_ERASED);

    default:
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_access_name(ctx, &owner);

    if (rc == PUPIL_OK) {
        rc = ngx_http_pupil_access_claims(ctx, &owner);
    }

    switch (rc) {

    case PUPIL_OK:
        ngx_http_pupil_shown(ctx,
                             ngx_http_pupil_stmt(ctx, PUPIL_ACCESS_ENTER));
        return NGX_OK;

    case PUPIL_NO_KEY:                  /* runs again once it is there */
        return NGX_OK;

    case PUPIL_RESTRICTED:
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_ACCESS_ENTER,
                                          NGX_HTTP_PUPIL_RESTRICTED);

    case PUPIL_ERASED:
    case PUPIL_NOT_FOUND:
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_ERASED);

    default:
        return NGX_ERROR;
    }
}


/* What this application, and no other, calls the person. */
static pupil_rc_t
ngx_http_pupil_access_name(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner)
{
    uint8_t                  text[PUPIL_PSEUDONYM_TEXT_LEN];
    pupil_rc_t               rc;
    pupil_str_t              application, name;
    pupil_place_t            place;
    const pupil_subkey_t    *key;
    const pupil_access_t    *access;
    ngx_http_pupil_place_t   at;

    access = ctx->conf->access;

    at.category = PUPIL_PSEUDONYM_CATEGORY;
    at.field = access->application;
    at.owner = owner;
    at.record = &owner->id;

    rc = ngx_http_pupil_place_key(ctx, &at,
                                  pupil_restriction_opens(access->purpose),
                                  &place, &key);
    if (rc != PUPIL_OK) {
        return rc;
    }

    application.data = (const uint8_t *) access->application;
    application.len = ngx_strlen(access->application);

    pupil_pseudonym(key, application, text);

    name.data = text;
    name.len = sizeof(text);

    return ngx_http_pupil_access_field(ctx, PUPIL_ACCESS_HEADER, &name)
           == NGX_OK ? PUPIL_OK : PUPIL_NO_MEMORY;
}


/* What there is none of is not sent. */
static pupil_rc_t
ngx_http_pupil_access_claims(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner)
{
    ngx_uint_t            i;
    pupil_rc_t            rc;
    pupil_str_t           value;
    const pupil_claim_t  *claim;
    ngx_http_pupil_row_t  row;

    row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_ACCESS_ENTER);
    row.res = ctx->exchange->results[0];
    row.n = 0;
    row.owner = owner;
    row.record = &owner->id;

    for (i = 0; i < ctx->conf->access->count; i++) {
        claim = &ctx->conf->access->claims[i];

        if (claim->role) {
            value = ctx->session.role;
            rc = PUPIL_OK;

        } else {
            rc = ngx_http_pupil_value(ctx, &row, PUPIL_AC_WANT_CLAIM + i,
                                      &value);
        }

        if (rc == PUPIL_NOT_FOUND) {
            continue;
        }

        if (rc != PUPIL_OK) {
            return rc;
        }

        if (ngx_http_pupil_access_field(ctx, claim->header, &value) != NGX_OK)
        {
            return PUPIL_NO_MEMORY;
        }
    }

    return PUPIL_OK;
}

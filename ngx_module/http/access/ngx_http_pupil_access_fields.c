/*
 * Copyright (C) the Pupil authors
 *
 * Header fields by which an application learns who somebody is.  They are of
 * this server alone: a client that sends one, or what an application may take
 * for one, has sent nothing.
 */

#include "http/access/ngx_http_pupil_access.h"


#define NGX_HTTP_PUPIL_ACCESS_COOKIE  "__Host-pupil"   /* ours begin so */
#define NGX_HTTP_PUPIL_ACCESS_FIELDS  16               /* of a request */


static ngx_uint_t ngx_http_pupil_access_carries(ngx_http_request_t *r,
    ngx_uint_t cookies);
static ngx_uint_t ngx_http_pupil_access_cookies(const ngx_table_elt_t *h);
static ngx_uint_t ngx_http_pupil_access_ours(const ngx_table_elt_t *h);
static ngx_int_t ngx_http_pupil_access_list(ngx_http_request_t *r,
    ngx_uint_t cookies);
static ngx_int_t ngx_http_pupil_access_cookie(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_int_t ngx_http_pupil_access_within(ngx_http_request_t *r,
    ngx_http_pupil_loc_conf_t *conf);
static void ngx_http_pupil_access_forget(ngx_http_request_t *r);


/* Before nginx looks at anything: what a map makes of a field, it keeps. */
ngx_int_t
ngx_http_pupil_access_read(ngx_http_request_t *r)
{
    return !ngx_http_pupil_access_carries(r, 0)
           || ngx_http_pupil_access_list(r, 0) == NGX_OK
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Where the location is none of ours, it may hand on what it was sent. */
ngx_int_t
ngx_http_pupil_access_clear(ngx_http_request_t *r)
{
    ngx_uint_t                  others;
    ngx_http_pupil_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_pupil_module);
    others = conf->endpoint == NULL || conf->access != NULL;

    if (ngx_http_pupil_access_carries(r, others)
        && ngx_http_pupil_access_list(r, others) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return conf->access != NULL && r != r->main
           ? ngx_http_pupil_access_within(r, conf) : NGX_DECLINED;
}


/* nginx asks nobody before a subrequest: it goes where its request may go. */
static ngx_int_t
ngx_http_pupil_access_within(ngx_http_request_t *r,
    ngx_http_pupil_loc_conf_t *conf)
{
    ngx_http_pupil_ctx_t    *ctx;
    ngx_http_pupil_guard_t  *guard;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_pupil_module);
    guard = ctx != NULL ? ctx->guard : NULL;

    if (guard == NULL || guard->status != NGX_OK
        || !ngx_http_pupil_access_same(r, guard, conf))
    {
        return NGX_HTTP_FORBIDDEN;
    }

    return ngx_http_pupil_access_send(r, guard) == NGX_OK
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Whether something has to go: a field of ours, and with cookies ours, too. */
static ngx_uint_t
ngx_http_pupil_access_carries(ngx_http_request_t *r, ngx_uint_t cookies)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_pupil_access_ours(&h[i])
                || (cookies && ngx_http_pupil_access_cookies(&h[i])))
            {
                return 1;
            }
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_pupil_access_cookies(const ngx_table_elt_t *h)
{
    return h->key.len == sizeof("cookie") - 1
           && ngx_strncasecmp(h->key.data, (u_char *) "cookie",
                              sizeof("cookie") - 1) == 0
           && ngx_strlcasestrn(h->value.data, h->value.data + h->value.len,
                               (u_char *) NGX_HTTP_PUPIL_ACCESS_COOKIE,
                               sizeof(NGX_HTTP_PUPIL_ACCESS_COOKIE) - 2)
              != NULL;
}


/*
 * Does it begin as ours do?  What is neither letter nor digit counts as a dash:
 * to a CGI X_Pupil_User is the same variable.
 */
static ngx_uint_t
ngx_http_pupil_access_ours(const ngx_table_elt_t *h)
{
    u_char      c;
    ngx_uint_t  i;

    static const char  ours[] = PUPIL_ACCESS_HEADER;

    if (h->key.len < sizeof(ours) - 1) {
        return 0;
    }

    for (i = 0; i < sizeof(ours) - 1; i++) {
        c = ngx_tolower(h->key.data[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            c = '-';
        }

        if (c != ngx_tolower(ours[i])) {
            return 0;
        }
    }

    return 1;
}


/*
 * A list of its own: subrequests share that of their request.  What nginx has
 * found in the old one, such as cookies, stays where it points to.
 */
static ngx_int_t
ngx_http_pupil_access_list(ngx_http_request_t *r, ngx_uint_t cookies)
{
    ngx_uint_t        i;
    ngx_list_part_t   old, *part;
    ngx_table_elt_t  *h, *copy, kept;

    old = r->headers_in.headers.part;

    if (ngx_list_init(&r->headers_in.headers, r->pool,
                      NGX_HTTP_PUPIL_ACCESS_FIELDS, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = &old; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            kept = h[i];

            if (ngx_http_pupil_access_ours(&kept)) {
                continue;
            }

            if (cookies && ngx_http_pupil_access_cookies(&kept)) {
                if (ngx_http_pupil_access_cookie(r, &kept.value) != NGX_OK) {
                    return NGX_ERROR;
                }

                if (kept.value.len == 0) {
                    continue;
                }
            }

            copy = ngx_list_push(&r->headers_in.headers);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = kept;
        }
    }

    ngx_http_pupil_access_forget(r);

    return NGX_OK;
}


/*
 * nginx keeps what a variable was when it was first looked at, by a rewrite or
 * a limit before us: those of our fields are looked up anew.
 */
static void
ngx_http_pupil_access_forget(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    static const char  ours[] = "http_x_pupil_user";

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (v[i].name.len >= sizeof(ours) - 1
            && ngx_strncmp(v[i].name.data, ours, sizeof(ours) - 1) == 0)
        {
            r->variables[i].valid = 0;
            r->variables[i].not_found = 0;
        }
    }
}


/* Without ours: whoever has the session's token can be its person. */
static ngx_int_t
ngx_http_pupil_access_cookie(ngx_http_request_t *r, ngx_str_t *value)
{
    u_char     *out;
    ngx_str_t   rest, cookie;

    static const char  ours[] = NGX_HTTP_PUPIL_ACCESS_COOKIE;

    rest = *value;

    out = ngx_pnalloc(r->pool, value->len + 1);
    if (out == NULL) {
        return NGX_ERROR;
    }

    value->data = out;

    while (ngx_http_pupil_cookie_next(&rest, &cookie)) {
        if (cookie.len >= sizeof(ours) - 1
            && ngx_strncasecmp(cookie.data, (u_char *) ours, sizeof(ours) - 1)
               == 0)
        {
            continue;
        }

        if (out != value->data) {
            *out++ = ';';
            *out++ = ' ';
        }

        out = ngx_cpymem(out, cookie.data, cookie.len);
    }

    value->len = out - value->data;

    return NGX_OK;
}


/* The value is percent-encoded: names have letters of all scripts. */
ngx_int_t
ngx_http_pupil_access_field(ngx_http_pupil_ctx_t *ctx, const char *name,
    const pupil_str_t *value)
{
    u_char           *p;
    ngx_pool_t       *pool;
    ngx_table_elt_t  *h;

    pool = ctx->request->pool;

    h = ngx_array_push(&ctx->guard->fields);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);

    h->lowcase_key = ngx_pnalloc(pool, h->key.len);
    p = ngx_pnalloc(pool, 3 * value->len + 1);

    if (h->lowcase_key == NULL || p == NULL) {
        return NGX_ERROR;
    }

    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);

    h->value.data = p;
    p = (u_char *) ngx_escape_uri(p, (u_char *) value->data, value->len,
                                  NGX_ESCAPE_URI_COMPONENT);
    h->value.len = p - h->value.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_access_send(ngx_http_request_t *r,
    const ngx_http_pupil_guard_t *guard)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h, *field;

    field = guard->fields.elts;

    for (i = 0; i < guard->fields.nelts; i++) {
        h = ngx_list_push(&r->headers_in.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = field[i];
    }

    ngx_http_pupil_access_forget(r);

    return NGX_OK;
}


/*
 * The statement's shape has application, purpose and claims, the policy what
 * was denied; what else decides is compared here.
 */
ngx_uint_t
ngx_http_pupil_access_same(ngx_http_request_t *r,
    const ngx_http_pupil_guard_t *guard, ngx_http_pupil_loc_conf_t *conf)
{
    ngx_str_t                         tenant;
    const ngx_http_pupil_loc_conf_t  *was;

    was = guard->conf;

    if (was->access->roles != conf->access->roles
        || was->access->age != conf->access->age
        || was->access->step_up != conf->access->step_up
        || was->step_up != conf->step_up
        || was->factor != conf->factor
        || was->idle != conf->idle
        || was->absolute != conf->absolute
        || was->origins != conf->origins
        || was->tenants != conf->tenants
        || was->audit_holes != conf->audit_holes
        || was->behind_proxy != conf->behind_proxy
        || ngx_memcmp(was->serves.policy_hash, conf->serves.policy_hash,
                      PUPIL_HASH_LEN) != 0
        || ngx_memcmp(was->serves.stmts[PUPIL_ACCESS_ENTER].statement.shape,
                      conf->serves.stmts[PUPIL_ACCESS_ENTER].statement.shape,
                      PUPIL_HASH_LEN) != 0)
    {
        return 0;
    }

    return ngx_http_complex_value(r, conf->tenant, &tenant) == NGX_OK
           && tenant.len == guard->tenant.len
           && ngx_strncmp(tenant.data, guard->tenant.data, tenant.len) == 0;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Which route a request takes, by what follows the location's prefix.
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_match(ngx_http_pupil_ctx_t *ctx,
    const char *path, u_char *p, u_char *last);


ngx_int_t
ngx_http_pupil_route(ngx_http_pupil_ctx_t *ctx)
{
    u_char                        *p, *last;
    ngx_uint_t                     method;
    ngx_http_request_t            *r;
    const ngx_http_pupil_route_t  *route;

    r = ctx->request;

    p = r->uri.data + ngx_min(r->uri.len, ctx->conf->prefix.len);
    last = r->uri.data + r->uri.len;

    /* "/v1/data/" is the root of a location with a slash at its end */
    if (last - p == 1 && *p == '/' && ctx->conf->slash) {
        p++;
    }

    method = r->method == NGX_HTTP_HEAD ? NGX_HTTP_GET : r->method;

    for (route = ctx->conf->endpoint->routes; route->path != NULL; route++) {

        if (ngx_http_pupil_match(ctx, route->path, p, last) != NGX_OK) {
            continue;
        }

        if (route->method == method) {
            ctx->route = route;
            ngx_http_pupil_debug(ctx, "routed to %V \"%s\"", &r->method_name,
                                 route->path);
            return NGX_OK;
        }

        ctx->response.allow |= route->method;
    }

    if (ctx->response.allow != 0) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_METHOD_NOT_ALLOWED);
    }

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
}


/*
 * {id} is a UUID, two at most, {name} the name of a category; all else stands
 * for itself.
 * What matched stays in ctx when the whole path did.
 */
static ngx_int_t
ngx_http_pupil_match(ngx_http_pupil_ctx_t *ctx, const char *path, u_char *p,
    u_char *last)
{
    u_char        *name;
    ngx_uint_t     n;
    pupil_str_t    path_name;
    pupil_uuid_t   ids[2];

    n = 0;
    ngx_memzero(ids, sizeof(ids));
    ngx_memzero(&path_name, sizeof(pupil_str_t));

    while (*path != '\0') {

        if (ngx_strncmp(path, "{id}", 4) == 0) {
            if (last - p < PUPIL_UUID_TEXT_LEN
                || pupil_uuid_parse(p, PUPIL_UUID_TEXT_LEN, &ids[n++])
                   != PUPIL_OK)
            {
                return NGX_DECLINED;
            }

            p += PUPIL_UUID_TEXT_LEN;
            path += 4;
            continue;
        }

        if (ngx_strncmp(path, "{name}", 6) == 0) {
            name = p;

            while (p < last && ((*p >= 'a' && *p <= 'z')
                                || (*p >= '0' && *p <= '9') || *p == '_'))
            {
                p++;
            }

            if (p == name || p - name > PUPIL_MAX_NAME) {
                return NGX_DECLINED;
            }

            path_name.data = name;
            path_name.len = p - name;
            path += 6;
            continue;
        }

        if (p == last || *p != (u_char) *path) {
            return NGX_DECLINED;
        }

        p++;
        path++;
    }

    if (p != last) {
        return NGX_DECLINED;
    }

    ctx->path_id = ids[0];
    ctx->path_about = ids[1];
    ctx->path_name = path_name;

    return NGX_OK;
}

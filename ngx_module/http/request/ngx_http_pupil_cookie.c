/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


static ngx_str_t  ngx_http_pupil_set_cookie = ngx_string("Set-Cookie");


ngx_int_t
ngx_http_pupil_cookie(ngx_http_request_t *r, const char *name,
    pupil_str_t *value)
{
    size_t             len;
    ngx_str_t          rest, cookie;
    ngx_uint_t         i, found;
    ngx_table_elt_t  **h;

    h = r->headers_in.cookies.elts;
    len = ngx_strlen(name);
    found = 0;

    for (i = 0; i < r->headers_in.cookies.nelts; i++) {
        rest = h[i]->value;

        while (ngx_http_pupil_cookie_next(&rest, &cookie)) {
            if (cookie.len > len && cookie.data[len] == '='
                && ngx_strncmp(cookie.data, name, len) == 0)
            {
                value->data = cookie.data + len + 1;
                value->len = cookie.len - len - 1;
                found++;
            }
        }
    }

    return found == 1 ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_http_pupil_cookie_next(ngx_str_t *rest, ngx_str_t *cookie)
{
    u_char  *p, *last, *end;

    p = rest->data;
    last = p + rest->len;

    while (p < last && (*p == ' ' || *p == ';' || *p == ',')) {
        p++;
    }

    end = ngx_strlchr(p, last, ';');
    if (end == NULL) {
        end = last;
    }

    cookie->data = p;
    cookie->len = end - p;
    rest->data = end;
    rest->len = last - end;

    return cookie->len != 0;
}


ngx_int_t
ngx_http_pupil_cookie_set(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_cookie_t *cookie)
{
    u_char     *p;
    ngx_str_t   header;

    static const char  attributes[] =
        "; Path=/; Secure; HttpOnly; SameSite=Lax";

    p = ngx_http_pupil_alloc_header(ctx, ngx_strlen(cookie->name)
                                         + sizeof("=") + cookie->value.len
                                         + sizeof(attributes)
                                         + sizeof("; Max-Age=")
                                         + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    header.data = p;
    p = ngx_sprintf(p, "%s=", cookie->name);

    if (cookie->value.len != 0) {
        p = ngx_cpymem(p, cookie->value.data, cookie->value.len);
    }

    p = ngx_cpymem(p, attributes, sizeof(attributes) - 1);

    if (cookie->value.len == 0) {
        p = ngx_sprintf(p, "; Max-Age=0");

    } else if (cookie->age != 0) {
        p = ngx_sprintf(p, "; Max-Age=%i", cookie->age);
    }

    header.len = p - header.data;

    return ngx_http_pupil_header(ctx->request,
                                 (char *) ngx_http_pupil_set_cookie.data,
                                 &header);
}


void
ngx_http_pupil_cookies_none(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.data == ngx_http_pupil_set_cookie.data) {
                h[i].hash = 0;
            }
        }
    }
}

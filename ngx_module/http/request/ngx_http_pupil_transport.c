/*
 * Copyright (C) the Pupil authors
 *
 * Nothing is served in the clear, and who is named in TLS is who is named by
 * Host: nginx takes the certificate by the one and the server's configuration
 * by the other, so that a tenant that follows TLS would meet the denials of
 * another's server (invariants I4 and I10).
 */

#include "http/request/ngx_http_pupil.h"


#if (NGX_HTTP_SSL)
static ngx_uint_t ngx_http_pupil_transport_agrees(ngx_http_request_t *r);
#endif


ngx_int_t
ngx_http_pupil_transport(ngx_http_pupil_ctx_t *ctx)
{
    if (ctx->conf->behind_proxy) {
        return NGX_OK;
    }

#if (NGX_HTTP_SSL)

    if (ctx->request->connection->ssl != NULL) {
        return ngx_http_pupil_transport_agrees(ctx->request)
               ? NGX_OK
               : ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MISDIRECTED);
    }

#endif

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_PLAIN_HTTP);
}


#if (NGX_HTTP_SSL)

/*
 * A client that names nobody in TLS has the default server's certificate, and
 * one without Host that server's configuration.
 */
static ngx_uint_t
ngx_http_pupil_transport_agrees(ngx_http_request_t *r)
{
    size_t       len;
    ngx_str_t   *host;
    const char  *name;

    host = &r->headers_in.server;       /* without port, in lower case */
    name = SSL_get_servername(r->connection->ssl->connection,
                              TLSEXT_NAMETYPE_host_name);

    if (name == NULL || host->len == 0) {
        return 1;
    }

    len = ngx_strlen(name);

    return len == host->len
           && ngx_strncasecmp((u_char *) name, host->data, len) == 0;
}

#endif

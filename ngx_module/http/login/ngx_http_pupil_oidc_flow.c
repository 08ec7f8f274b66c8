/*
 * Copyright (C) the Pupil authors
 *
 * Flows in cookies, one for each, so that several tabs log in beside each
 * other.  A cookie is named after its flow's state; of more than a few the
 * oldest end.
 */

#include "http/login/ngx_http_pupil_oidc.h"


#define NGX_HTTP_PUPIL_FLOW_COOKIE  "__Host-pupil-flow"    /* and a dot */
#define NGX_HTTP_PUPIL_FLOW_NAME    16    /* of a state, in its name */
#define NGX_HTTP_PUPIL_FLOWS        5     /* at a time, in a browser */

#define NGX_HTTP_PUPIL_FLOW_PREFIX  sizeof(NGX_HTTP_PUPIL_FLOW_COOKIE)
#define NGX_HTTP_PUPIL_FLOW_LEN                                               \
    (NGX_HTTP_PUPIL_FLOW_PREFIX + NGX_HTTP_PUPIL_FLOW_NAME)


/* Cookies of flows that came. */
typedef struct {
    ngx_uint_t   live;
    u_char      *oldest;                 /* its name behind the prefix */
    int64_t      begun;                  /* that was */
} ngx_http_pupil_flows_t;


static ngx_int_t ngx_http_pupil_oidc_flow_trim(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_flow_sent(ngx_http_pupil_ctx_t *ctx,
    u_char *p, u_char *last, ngx_http_pupil_flows_t *flows);
static ngx_int_t ngx_http_pupil_oidc_flow_cookie(ngx_http_pupil_ctx_t *ctx,
    const u_char *state, const u_char *text);
static const char *ngx_http_pupil_oidc_flow_name(
    u_char name[NGX_HTTP_PUPIL_FLOW_LEN + 1], const u_char *state);


ngx_int_t
ngx_http_pupil_oidc_flow_begin(ngx_http_pupil_ctx_t *ctx)
{
    u_char                  text[PUPIL_FLOW_TEXT_LEN];
    ngx_int_t               rc;
    const pupil_key_t      *key;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_flow_make(ngx_time(), &oidc->flow, text);
    pupil_flow_words(key, oidc->provider->client.name, &oidc->flow,
                     &oidc->words);

    rc = ngx_http_pupil_oidc_flow_trim(ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_oidc_flow_cookie(ctx, oidc->words.state, text);
    }

    ngx_explicit_memzero(text, sizeof(text));

    return rc;
}


ngx_int_t
ngx_http_pupil_oidc_flow_find(ngx_http_pupil_ctx_t *ctx)
{
    u_char                  name[NGX_HTTP_PUPIL_FLOW_LEN + 1];
    pupil_str_t             text;
    const pupil_key_t      *key;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (oidc->answer.state.len != PUPIL_FLOW_WORD_LEN) {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_cookie(ctx->request,
                              ngx_http_pupil_oidc_flow_name(name,
                                  oidc->answer.state.data), &text) != NGX_OK
        || pupil_flow_parse(text, ngx_time(), &oidc->flow) != PUPIL_OK)
    {
        return NGX_DECLINED;
    }

    pupil_flow_words(key, oidc->provider->client.name, &oidc->flow,
                     &oidc->words);

    return pupil_flow_is(&oidc->words, oidc->answer.state) ? NGX_OK
                                                           : NGX_DECLINED;
}


ngx_int_t
ngx_http_pupil_oidc_flow_end(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_oidc_flow_cookie(
               ctx, ngx_http_pupil_oidc_of(ctx)->words.state, NULL);
}


/* Room for one more: those that are over end, and the oldest of many. */
static ngx_int_t
ngx_http_pupil_oidc_flow_trim(ngx_http_pupil_ctx_t *ctx)
{
    u_char                   *p, *last, *end;
    ngx_uint_t                i;
    ngx_table_elt_t         **h;
    ngx_http_request_t       *r;
    ngx_http_pupil_flows_t    flows;

    r = ctx->request;
    h = r->headers_in.cookies.elts;
    ngx_memzero(&flows, sizeof(ngx_http_pupil_flows_t));

    for (i = 0; i < r->headers_in.cookies.nelts; i++) {
        last = h[i]->value.data + h[i]->value.len;

        for (p = h[i]->value.data; p < last; p = end + 1) {
            end = ngx_strlchr(p, last, ';');
            if (end == NULL) {
                end = last;
            }

            while (p < end && *p == ' ') {
                p++;
            }

            if (ngx_http_pupil_oidc_flow_sent(ctx, p, end, &flows) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return flows.live < NGX_HTTP_PUPIL_FLOWS
           ? NGX_OK
           : ngx_http_pupil_oidc_flow_cookie(ctx, flows.oldest, NULL);
}


static ngx_int_t
ngx_http_pupil_oidc_flow_sent(ngx_http_pupil_ctx_t *ctx, u_char *p,
    u_char *last, ngx_http_pupil_flows_t *flows)
{
    u_char        *name;
    pupil_str_t    text;
    pupil_flow_t   flow;

    name = p + NGX_HTTP_PUPIL_FLOW_PREFIX;

    if ((size_t) (last - p) <= NGX_HTTP_PUPIL_FLOW_LEN
        || p[NGX_HTTP_PUPIL_FLOW_LEN] != '='
        || ngx_strncmp(p, NGX_HTTP_PUPIL_FLOW_COOKIE ".",
                       NGX_HTTP_PUPIL_FLOW_PREFIX) != 0)
    {
        return NGX_OK;
    }

    text.data = p + NGX_HTTP_PUPIL_FLOW_LEN + 1;
    text.len = last - text.data;

    if (pupil_flow_parse(text, ngx_time(), &flow) != PUPIL_OK) {
        return ngx_http_pupil_oidc_flow_cookie(ctx, name, NULL);
    }

    if (flows->live++ == 0 || flow.begun < flows->begun) {
        flows->oldest = name;
        flows->begun = flow.begun;
    }

    return NGX_OK;
}


/* text NULL: it ends. */
static ngx_int_t
ngx_http_pupil_oidc_flow_cookie(ngx_http_pupil_ctx_t *ctx, const u_char *state,
    const u_char *text)
{
    u_char                    name[NGX_HTTP_PUPIL_FLOW_LEN + 1];
    ngx_http_pupil_cookie_t   cookie;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = ngx_http_pupil_oidc_flow_name(name, state);
    cookie.value.data = text;
    cookie.value.len = text != NULL ? PUPIL_FLOW_TEXT_LEN : 0;
    cookie.age = PUPIL_FLOW_LIFETIME;

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}


static const char *
ngx_http_pupil_oidc_flow_name(u_char name[NGX_HTTP_PUPIL_FLOW_LEN + 1],
    const u_char *state)
{
    ngx_snprintf(name, NGX_HTTP_PUPIL_FLOW_LEN + 1,
                 NGX_HTTP_PUPIL_FLOW_COOKIE ".%*s%Z",
                 (size_t) NGX_HTTP_PUPIL_FLOW_NAME, state);

    return (const char *) name;
}

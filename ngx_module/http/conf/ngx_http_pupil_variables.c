/*
 * Copyright (C) the Pupil authors
 *
 * Variables for log formats.  They name pseudonyms and never a person; a log
 * format that has $pupil_subject should not have the client's address.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_VARIABLE_REQUEST  0
#define NGX_HTTP_PUPIL_VARIABLE_TENANT   1
#define NGX_HTTP_PUPIL_VARIABLE_SUBJECT  2
#define NGX_HTTP_PUPIL_VARIABLE_ROLE     3


static ngx_int_t ngx_http_pupil_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_http_pupil_vars[] = {

    { ngx_string("pupil_request_id"), NULL, ngx_http_pupil_variable,
      NGX_HTTP_PUPIL_VARIABLE_REQUEST, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pupil_tenant"), NULL, ngx_http_pupil_variable,
      NGX_HTTP_PUPIL_VARIABLE_TENANT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pupil_subject"), NULL, ngx_http_pupil_variable,
      NGX_HTTP_PUPIL_VARIABLE_SUBJECT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pupil_role"), NULL, ngx_http_pupil_variable,
      NGX_HTTP_PUPIL_VARIABLE_ROLE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_pupil_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_pupil_vars; v->name.len != 0; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    u_char                *p;
    pupil_uuid_t          *uuid;
    ngx_http_pupil_ctx_t  *ctx;

    ctx = ngx_http_pupil_ctx(r->main);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    switch (data) {

    case NGX_HTTP_PUPIL_VARIABLE_REQUEST:
        uuid = &ctx->id;
        break;

    case NGX_HTTP_PUPIL_VARIABLE_TENANT:
        uuid = &ctx->tenant;
        break;

    case NGX_HTTP_PUPIL_VARIABLE_SUBJECT:
        uuid = ctx->has_session ? &ctx->session.subject : NULL;
        break;

    default:
        if (!ctx->has_session) {
            v->not_found = 1;
            return NGX_OK;
        }

        v->data = (u_char *) ctx->session.role.data;
        v->len = (unsigned) ctx->session.role.len;

        return NGX_OK;
    }

    if (uuid == NULL || pupil_uuid_is_zero(uuid)) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, PUPIL_UUID_TEXT_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    pupil_uuid_format(uuid, p);
    v->data = p;
    v->len = PUPIL_UUID_TEXT_LEN;

    return NGX_OK;
}

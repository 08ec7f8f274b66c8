/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


/*
 * The request's own handler comes later, and reads its body: nothing of the
 * connection is touched here.
 */
void
ngx_http_pupil_guard_begin(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_route_t *route,
    void (*decided)(ngx_http_pupil_ctx_t *ctx))
{
    ctx->route = route;
    ctx->decided = decided;
    ctx->handled = 1;

    ngx_http_pupil_network(ctx);
    (void) ngx_http_pupil_transport(ctx);

    ngx_http_pupil_run(ctx, ctx->response.problem ? ngx_http_pupil_step_send
                                                  : ngx_http_pupil_step_parse);
}


/*
 * With "satisfy any" a refusal may count for nothing, and who is behind the
 * guard has a 401 and a 403 of its own.
 */
ngx_uint_t
ngx_http_pupil_guard_ends(ngx_http_request_t *r)
{
    ngx_http_phase_handler_pt   checker;
    ngx_http_pupil_ctx_t       *ctx;
    ngx_http_core_main_conf_t  *cmcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pupil_module);

    if (ctx == NULL || ctx->guard == NULL
        || ctx->guard->problem == NGX_HTTP_PUPIL_NO_PROBLEM
        || (ngx_uint_t) ctx->guard->status != r->headers_out.status)
    {
        return 0;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    checker = cmcf->phase_engine.handlers[r->phase_handler].checker;

    return checker == ngx_http_core_access_phase
           || checker == ngx_http_core_post_access_phase;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Names that the headers of this room need of each other.
 */

#ifndef _NGX_HTTP_PUPIL_TYPES_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TYPES_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "core/audit/audit.h"
#include "core/base/pupil.h"
#include "core/base/text.h"
#include "core/endpoints/compose.h"
#include "core/json/writer.h"
#include "http/request/ngx_http_pupil_libpq.h"


typedef struct ngx_http_pupil_ctx_s        ngx_http_pupil_ctx_t;
typedef struct ngx_http_pupil_main_conf_s  ngx_http_pupil_main_conf_t;
typedef struct ngx_http_pupil_loc_conf_s   ngx_http_pupil_loc_conf_t;
typedef struct ngx_http_pupil_route_s      ngx_http_pupil_route_t;

/* What is registered of it is an ngx_libpq_stmt_t. */
typedef pupil_composed_t  ngx_http_pupil_stmt_t;

/* A step of a request: NGX_OK to send, NGX_AGAIN, NGX_ERROR, or a problem. */
typedef ngx_int_t (*ngx_http_pupil_step_pt)(ngx_http_pupil_ctx_t *ctx);


extern ngx_module_t  ngx_http_pupil_module;

#endif /* _NGX_HTTP_PUPIL_TYPES_H_INCLUDED_ */

/*
 * Copyright (C) the Pupil authors
 *
 * What the files of /v1/classes share.
 */

#ifndef _NGX_HTTP_PUPIL_CLASSES_H_INCLUDED_
#define _NGX_HTTP_PUPIL_CLASSES_H_INCLUDED_

#include "core/endpoints/classes.h"
#include "http/homework/ngx_http_pupil_assessment.h"


/* Steps of the routes: of a class, and of one of its pupils. */
ngx_int_t ngx_http_pupil_class_grid_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_class_grid_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_class_grid_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_CLASSES_H_INCLUDED_ */

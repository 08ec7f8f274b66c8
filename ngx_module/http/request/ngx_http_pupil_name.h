/*
 * Copyright (C) the Pupil authors
 *
 * How a person is called: the given and the family name of what is granted and
 * opens.
 */

#ifndef _NGX_HTTP_PUPIL_NAME_H_INCLUDED_
#define _NGX_HTTP_PUPIL_NAME_H_INCLUDED_

#include "http/request/ngx_http_pupil_value.h"


/*
 * Writes the member display_name: the given and the family name of what is
 * granted and opens; null when there is neither (the row has no owner, or was
 * erased); no member when neither is granted.
 */
void ngx_http_pupil_display_name(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t given, ngx_uint_t family);

/* Its two halves.  name: empty when there is neither; NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_display_name_get(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t given, ngx_uint_t family,
    pupil_str_t *name);
void ngx_http_pupil_display_name_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *name);

#endif /* _NGX_HTTP_PUPIL_NAME_H_INCLUDED_ */

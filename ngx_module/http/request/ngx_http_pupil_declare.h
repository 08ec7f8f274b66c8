/*
 * Copyright (C) the Pupil authors
 *
 * Records by which this worker declares numbers: those that are not known to
 * be stored, and where a dead worker's end.
 */

#ifndef _NGX_HTTP_PUPIL_DECLARE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_DECLARE_H_INCLUDED_

#include "http/request/ngx_http_pupil_numbers.h"


#define NGX_HTTP_PUPIL_DECLARED_RANGES  64     /* of one record */


/* What one record declares, until that is stored. */
typedef struct {
    ngx_http_pupil_writer_t  *writer;
    pupil_numbers_range_t     ranges[NGX_HTTP_PUPIL_DECLARED_RANGES];
    ngx_uint_t                n;
    unsigned                  whole:1;         /* no range is left for more */
} ngx_http_pupil_declared_t;


/* The note of a record that declares what is open of writer; from pool. */
ngx_int_t ngx_http_pupil_declare(ngx_http_pupil_writer_t *writer,
    ngx_pool_t *pool, ngx_http_pupil_declared_t *declared, pupil_str_t *note);

/* The end of that record: what it declares is settled if it was stored. */
void ngx_http_pupil_declared(ngx_http_pupil_declared_t *declared,
    ngx_uint_t stored);

#endif /* _NGX_HTTP_PUPIL_DECLARE_H_INCLUDED_ */

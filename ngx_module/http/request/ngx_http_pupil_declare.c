/*
 * Copyright (C) the Pupil authors
 *
 * What a record declares.  What is declared was never answered, or was stored
 * as is said there: so that a declaration hides nothing that was shown.
 */

#include "core/audit/declared.h"
#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_declare.h"


ngx_int_t
ngx_http_pupil_declare(ngx_http_pupil_writer_t *writer, ngx_pool_t *pool,
    ngx_http_pupil_declared_t *declared, pupil_str_t *note)
{
    u_char           *p, *start;
    uint64_t          from;
    pupil_numbers_t  *numbers;

    numbers = &writer->stream->numbers;

    start = ngx_pnalloc(pool, PUPIL_DECLARED_HEAD
                              + (NGX_HTTP_PUPIL_DECLARED_RANGES + 1)
                                * PUPIL_DECLARED_RANGE);
    if (start == NULL) {
        return NGX_ERROR;
    }

    declared->writer = writer;
    declared->n = 0;
    declared->whole = 0;

    p = pupil_declared_head(start, writer->stream->id);

    for (from = numbers->base;
         declared->n < NGX_HTTP_PUPIL_DECLARED_RANGES;
         from = declared->ranges[declared->n++].last + 1)
    {
        if (pupil_numbers_find(numbers, from, &declared->ranges[declared->n])
            != PUPIL_OK)
        {
            declared->whole = 1;
            break;
        }

        p = pupil_declared_range(p, &declared->ranges[declared->n]);
    }

    if (writer->left && declared->whole) {
        p = pupil_declared_end(p, numbers->next - 1);
    }

    note->data = start;
    note->len = (size_t) (p - start);
    writer->declaring = 1;

    return NGX_OK;
}


void
ngx_http_pupil_declared(ngx_http_pupil_declared_t *declared,
    ngx_uint_t stored)
{
    uint64_t                  number;
    ngx_uint_t                i;
    pupil_numbers_range_t    *range;
    ngx_http_pupil_writer_t  *writer;

    writer = declared->writer;
    writer->declaring = 0;

    if (!stored) {
        return;
    }

    for (i = 0; i < declared->n; i++) {
        range = &declared->ranges[i];

        for (number = range->first; number <= range->last; number++) {
            pupil_numbers_settle(&writer->stream->numbers, number);
        }
    }

    if (writer->left && declared->whole) {
        ngx_http_pupil_numbers_close(writer);
    }
}

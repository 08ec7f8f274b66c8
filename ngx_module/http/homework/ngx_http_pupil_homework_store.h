/*
 * Copyright (C) the Pupil authors
 *
 * Definitions of homework that a worker keeps between requests, sealed under
 * the key of the class that owns them.  Each worker has its own: nothing is
 * locked, and nothing is shared that another process could break.
 */

#ifndef _NGX_HTTP_PUPIL_HOMEWORK_STORE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_HOMEWORK_STORE_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


typedef struct ngx_http_pupil_definitions_s  ngx_http_pupil_definitions_t;

/* What is not worth keeping: most homework, and most bytes, of a class. */
#define NGX_HTTP_PUPIL_DEFINITIONS_MAX    100
#define NGX_HTTP_PUPIL_DEFINITIONS_BYTES  (256 * 1024)


typedef enum {
    NGX_HTTP_PUPIL_DEFINITIONS_SEALED = 0,
    NGX_HTTP_PUPIL_DEFINITIONS_NONE,       /* nothing is open */
    NGX_HTTP_PUPIL_DEFINITIONS_LARGE       /* too much to keep */
} ngx_http_pupil_definitions_kind_e;


/*
 * What an entry is of.  Of all but tenant, class, stmt, and whether it is of a
 * day, a difference means that the entry is of no use any more.
 */
typedef struct {
    pupil_uuid_t                  tenant, class_id;
    const ngx_http_pupil_stmt_t  *stmt;        /* whose grants it obeys */
    pupil_time_t                  day;         /* due since it began; 0: due
                                                  after the entry was made */
    pupil_uuid_t                  version;
    uint32_t                      key_version; /* of the class */
} ngx_http_pupil_definitions_key_t;

/* An entry as it is read; sealed lives until the next put. */
typedef struct {
    ngx_http_pupil_definitions_kind_e  kind;
    pupil_str_t                        sealed;
    size_t                             text;   /* bytes that were sealed */
} ngx_http_pupil_definitions_entry_t;

typedef struct {
    ngx_uint_t  entries, hits, misses, evictions;
    size_t      bytes, bytes_max;
} ngx_http_pupil_definitions_stats_t;


/* size: bytes that entries may take, at most.  NULL: no memory. */
ngx_http_pupil_definitions_t *ngx_http_pupil_definitions_create(size_t size,
    ngx_log_t *log);
void ngx_http_pupil_definitions_destroy(ngx_http_pupil_definitions_t *d);

/* NGX_OK; NGX_DECLINED: not there, of another version, or not of this time. */
ngx_int_t ngx_http_pupil_definitions_get(ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key, pupil_time_t now,
    ngx_http_pupil_definitions_entry_t *entry);

/*
 * Copies entry->sealed; what was used least recently makes room.  It serves
 * from now to before until.  Whatever does not fit is not kept.
 */
void ngx_http_pupil_definitions_put(ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key, pupil_time_t now,
    pupil_time_t until, const ngx_http_pupil_definitions_entry_t *entry);

void ngx_http_pupil_definitions_stats(const ngx_http_pupil_definitions_t *d,
    ngx_http_pupil_definitions_stats_t *stats);

#endif /* _NGX_HTTP_PUPIL_HOMEWORK_STORE_H_INCLUDED_ */

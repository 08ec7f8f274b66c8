/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the test module share.
 */

#ifndef _NGX_HTTP_LIBPQ_TEST_H_INCLUDED_
#define _NGX_HTTP_LIBPQ_TEST_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "pg/ngx_libpq.h"


typedef struct {
    ngx_str_t            conninfo;
    ngx_int_t            connections;
    ngx_int_t            depth;
    ngx_int_t            queue;
    ngx_str_t            channel;
    ngx_str_t            check;
    ngx_libpq_pool_t    *set;
    ngx_libpq_pool_t    *bare;
    ngx_libpq_listen_t  *listen;

    /* of this worker */

    ngx_uint_t           notified;
    ngx_uint_t           heartbeats;
    ngx_uint_t           gaps;
    u_char               payload[64];
} ngx_http_libpq_test_main_conf_t;

typedef struct {
    ngx_libpq_stmt_t    *stmt;
    ngx_str_t            sql;
    ngx_uint_t           nparams;
    Oid                  types[NGX_LIBPQ_MAX_PARAMS];
    unsigned             part:1;     /* ends one */
} ngx_http_libpq_test_query_t;

typedef struct {
    ngx_array_t         *queries;    /* ngx_http_libpq_test_query_t */
    ngx_flag_t           bare;
} ngx_http_libpq_test_loc_conf_t;

/*
 * set: may change what value points to; NULL: there is no setter.  get: writes
 * at *p and moves it; NULL: there is no reader.
 */
typedef struct {
    ngx_str_t            name;
    Oid                  oid;
    void               (*set)(ngx_libpq_exchange_t *ex, ngx_str_t *value);
    ngx_int_t          (*get)(const PGresult *res, ngx_uint_t row,
        ngx_uint_t col, u_char **p);
} ngx_http_libpq_test_type_t;


extern ngx_module_t  ngx_http_libpq_test_module;


/* By name, or with name NULL by object id; NULL: unknown. */
const ngx_http_libpq_test_type_t *ngx_http_libpq_test_type(ngx_str_t *name,
    Oid oid);

/* Handlers of locations. */
ngx_int_t ngx_http_libpq_test_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_libpq_test_stats(ngx_http_request_t *r);

/* See ngx_http_libpq_test_exit.c. */
void ngx_http_libpq_test_linger_init(void);
void ngx_http_libpq_test_linger(void);


#endif /* _NGX_HTTP_LIBPQ_TEST_H_INCLUDED_ */

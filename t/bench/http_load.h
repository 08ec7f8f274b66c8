/*
 * Copyright (C) the Pupil authors
 *
 * What the files of http_load share: requests, which are sent in turn
 * (http_requests.c); connections, of which each has one request at a time
 * (http_conn.c); what is made of them is http_load.c's.
 */

#ifndef BENCH_HTTP_LOAD_H
#define BENCH_HTTP_LOAD_H

#include <openssl/ssl.h>
#include <stddef.h>


/* Prints what is wrong and ends the process. */
void http_die(const char *what, ...) __attribute__((noreturn,
    format(printf, 1, 2)));

/* realloc(), but for no memory. */
void *http_grow(void *p, size_t size);


#define HTTP_MARKS  128

typedef struct {
    char    *text;
    size_t   len;
    size_t   marks[HTTP_MARKS];     /* places of NEW_UUID */
    int      nmarks;
} http_request_t;

typedef struct {
    http_request_t  *all;
    size_t           count, next;
} http_requests_t;

/* Those of a file; the first that is sent is a random one. */
void http_requests_read(http_requests_t *requests, const char *path);

/* The next, with new UUIDs. */
const http_request_t *http_requests_next(http_requests_t *requests);


typedef struct {
    SSL     *ssl;
    int      fd;
    int      busy;
    double   due;               /* latency counts from here */
    size_t   got, need;         /* bytes of the answer, 0: not known yet */
    int      status, closes;
    char    *in;
} http_conn_t;

typedef struct {
    int           port, count;
    http_conn_t  *all;
    int          *idle, nidle;
    int           epoll;
    SSL_CTX      *ctx;
} http_conns_t;

/* Opens port and count. */
void http_conns_open(http_conns_t *conns);

/* On an idle one, which there is; due: when it had to be sent. */
void http_conns_send(http_conns_t *conns, const http_request_t *request,
    double due);

typedef enum {
    HTTP_WAITS = 0,             /* for more of the answer */
    HTTP_DONE,                  /* it is there; until http_conn_rest() */
    HTTP_LOST,                  /* closed with a request, and open again */
    HTTP_CLOSED                 /* the same without one */
} http_read_e;

http_read_e http_conn_read(http_conns_t *conns, http_conn_t *c);

/* Its answer was looked at: it is idle. */
void http_conn_rest(http_conns_t *conns, http_conn_t *c);

#endif /* BENCH_HTTP_LOAD_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What sql_load.c runs on each connection, and sql_send.c sends.
 */

#ifndef BENCH_SQL_LOAD_H
#define BENCH_SQL_LOAD_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "statements.h"


#define THREADS     64
#define PARAMS      20
#define STATEMENTS  8
#define ROWS_MAX    1024

/* Types by their numbers in pg_type. */
#define OID_INT8        20
#define OID_TEXT        25
#define OID_UUID        2950
#define OID_TEXTS       1009
#define OID_UUIDS       2951
#define OID_BYTEA       17
#define OID_BYTEAS      1001

/* PostgreSQL counts microseconds from 2000-01-01. */
#define PG_EPOCH  INT64_C(946684800)

/* The first ones are bench_fetch's. */
enum {
    FETCH = 0,
    EVIDENCE = BENCH_FETCH,
    PROGRESS,
    READ,
    RECORD,
    GROUP
};


typedef struct {
    pupil_uuid_t  pupil, institution, teacher;
} person_t;

typedef struct {
    const char      *sql;
    int              nparams;
    Oid              types[PARAMS];
    bench_params_t   params;
} statement_t;

typedef struct {
    const char  *name;
    int          syncs[3][5];   /* each ends with -1 */
} form_t;

typedef struct {
    const char      *conninfo, *control;
    pupil_uuid_t     tenant;
    char             tenant_text[PUPIL_UUID_TEXT_LEN + 1];
    person_t        *people;
    size_t           npeople;
    const form_t    *form;
    int              rows;
    int              connections;
    double           warm, seconds;
    pid_t            pids[THREADS];
    int              npids;
    statement_t      statements[STATEMENTS];
    uint8_t          shape[32], policy[32];
} load_t;

typedef struct {
    const load_t     *load;
    PGconn           *pg;
    pthread_t         thread;
    uint64_t          random;
    atomic_ulong      done;     /* requests */
    const char       *values[PARAMS];
    int               lengths[PARAMS], formats[PARAMS], n;
    uint8_t          *bytes;    /* of parameters */
    size_t            used;
} worker_t;


/* A pupil by chance. */
const person_t *bench_somebody(worker_t *w);

/* A random UUID, 16 bytes. */
void bench_uuid(worker_t *w, uint8_t *p);

/* Sends one statement; request: its $3.  Dies of an error, as the next. */
void bench_send(worker_t *w, int statement, const person_t *one,
    const uint8_t *request);

/* Reads up to the result of the Sync. */
void bench_await(worker_t *w);

#endif /* BENCH_SQL_LOAD_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Sending the statements of a homework fetch in binary format, and waiting
 * for the Sync.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sql_load.h"
#include "core/base/text.h"


static uint64_t
next_random(worker_t *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;

    return w->random;
}


/* Parameters */

static uint8_t *
param(worker_t *w, size_t len)
{
    uint8_t  *p;

    p = w->bytes + w->used;
    w->used += (len + 7) & ~(size_t) 7;
    w->values[w->n] = (const char *) p;
    w->lengths[w->n] = (int) len;
    w->formats[w->n] = 1;
    w->n++;

    return p;
}


static void
param_bytes(worker_t *w, const void *data, size_t len)
{
    memcpy(param(w, len), data, len);
}


static void
param_null(worker_t *w)
{
    w->values[w->n] = NULL;
    w->lengths[w->n] = 0;
    w->formats[w->n] = 1;
    w->n++;
}


static void
put32(uint8_t *p, uint32_t value)
{
    value = htonl(value);
    memcpy(p, &value, 4);
}


static void
param_int64(worker_t *w, int64_t value)
{
    uint8_t  *p = param(w, 8);

    put32(p, (uint32_t) ((uint64_t) value >> 32));
    put32(p + 4, (uint32_t) value);
}


void
bench_uuid(worker_t *w, uint8_t *p)
{
    uint64_t  r[2];

    r[0] = next_random(w);
    r[1] = next_random(w);
    memcpy(p, r, PUPIL_UUID_LEN);
    p[6] = (p[6] & 0x0f) | 0x40;
    p[8] = (p[8] & 0x3f) | 0x80;
}


const person_t *
bench_somebody(worker_t *w)
{
    return &w->load->people[next_random(w) % w->load->npeople];
}


/* An array of n elements of the same length; returns the first's length. */
static uint8_t *
param_array(worker_t *w, Oid element, int n, size_t len)
{
    uint8_t  *p = param(w, 20 + (size_t) n * (4 + len));

    put32(p, 1);
    put32(p + 4, 0);
    put32(p + 8, element);
    put32(p + 12, (uint32_t) n);
    put32(p + 16, 1);

    return p + 20;
}


static uint8_t *
element(uint8_t *p, const void *data, size_t len)
{
    put32(p, (uint32_t) len);
    if (data != NULL) {
        memcpy(p + 4, data, len);
    }

    return p + 4 + len;
}


static void
param_same(worker_t *w, Oid type, const void *data, size_t len)
{
    int       i, n = w->load->rows;
    uint8_t  *p = param_array(w, type, n, len);

    for (i = 0; i < n; i++) {
        p = element(p, data, len);
    }
}


static const char  role[] = "pupil", network[] = "192.0.2.0/24",
                   allowed[] = "allowed";


static void
uuid_text(const pupil_uuid_t *id, char *text)
{
    pupil_uuid_format(id, (uint8_t *) text);
    text[PUPIL_UUID_TEXT_LEN] = '\0';
}


/* $3 to $11 of a grouped insert: requests of different pupils. */
static void
params_group(worker_t *w)
{
    int              i, n = w->load->rows;
    char             text[PUPIL_UUID_TEXT_LEN + 3];
    uint8_t         *p;
    const person_t  *one[ROWS_MAX];

    for (i = 0; i < n; i++) {
        one[i] = bench_somebody(w);
    }

    p = param_array(w, OID_UUID, n, 16);
    for (i = 0; i < n; i++) {
        bench_uuid(w, p + 4);
        p = element(p, NULL, 16);
    }

    p = param_array(w, OID_UUID, n, 16);
    for (i = 0; i < n; i++) {
        p = element(p, one[i]->pupil.b, 16);
    }

    param_same(w, OID_TEXT, role, sizeof(role) - 1);

    p = param_array(w, OID_UUID, n, 16);
    for (i = 0; i < n; i++) {
        p = element(p, one[i]->institution.b, 16);
    }

    param_same(w, OID_TEXT, network, sizeof(network) - 1);
    param_same(w, OID_BYTEA, w->load->shape, 32);
    param_same(w, OID_BYTEA, w->load->policy, 32);
    param_same(w, OID_TEXT, allowed, sizeof(allowed) - 1);

    p = param_array(w, OID_TEXT, n, PUPIL_UUID_TEXT_LEN + 2);
    for (i = 0; i < n; i++) {
        text[0] = '{';
        uuid_text(&one[i]->teacher, text + 1);
        text[PUPIL_UUID_TEXT_LEN + 1] = '}';
        p = element(p, text, PUPIL_UUID_TEXT_LEN + 2);
    }
}


static int64_t
pg_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (ts.tv_sec - PG_EPOCH) * 1000000 + ts.tv_nsec / 1000;
}


static void
params_page(worker_t *w)
{
    int64_t  now = pg_now();

    static const uint8_t  no = 0, none[16];

    param_bytes(w, &no, 1);
    param_int64(w, now);
    param_int64(w, now);
    param_bytes(w, none, sizeof(none));
    put32(param(w, 4), 50);
    param_null(w);
    param_int64(w, INT64_MAX);                       /* 'infinity' */
    param_bytes(w, none, sizeof(none));
    param_null(w);
}


static void
params_own(worker_t *w, bench_params_t kind)
{
    switch (kind) {
    case BENCH_PARAMS_NONE:
        break;

    case BENCH_PARAMS_NO_ID:
        param_null(w);
        break;

    case BENCH_PARAMS_NOW:
        param_int64(w, pg_now());
        break;

    case BENCH_PARAMS_PAGE:
        params_page(w);
        break;
    }
}


static void
params_record(worker_t *w, const person_t *one)
{
    uint8_t  *p;

    param_bytes(w, allowed, sizeof(allowed) - 1);
    p = param_array(w, OID_UUID, 1, 16);
    (void) element(p, one->teacher.b, 16);
    param_null(w);
}


/* Sends one statement; request is its $3. */
void
bench_send(worker_t *w, int i, const person_t *one,
    const uint8_t *request)
{
    char  name[16];

    w->n = 0;
    w->used = 0;
    param_int64(w, (int64_t) next_random(w));

    if (i == GROUP) {
        param_bytes(w, w->load->tenant.b, 16);
        params_group(w);

    } else {
        param_bytes(w, w->load->tenant.b, 16);
        param_bytes(w, request, 16);
        param_bytes(w, one->pupil.b, 16);
        param_bytes(w, role, sizeof(role) - 1);
        param_bytes(w, one->institution.b, 16);
        param_bytes(w, network, sizeof(network) - 1);

        if (i == RECORD) {
            params_record(w, one);

        } else {
            params_own(w, w->load->statements[i].params);
        }
    }

    snprintf(name, sizeof(name), "s%d", i);

    if (!PQsendQueryPrepared(w->pg, name, w->n, w->values, w->lengths,
                             w->formats, 1))
    {
        bench_die("send: %s", PQerrorMessage(w->pg));
    }
}


/* Reads up to the Sync's result; dies of an error. */
void
bench_await(worker_t *w)
{
    PGresult        *res;
    ExecStatusType   status;

    for ( ;; ) {
        res = PQgetResult(w->pg);
        if (res == NULL) {
            if (PQstatus(w->pg) != CONNECTION_OK) {
                bench_die("connection: %s", PQerrorMessage(w->pg));
            }
            continue;
        }

        status = PQresultStatus(res);
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            return;
        }

        if (status != PGRES_TUPLES_OK) {
            bench_die("result: %s", PQresultErrorMessage(res));
        }

        PQclear(res);
    }
}

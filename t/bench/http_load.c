/*
 * Copyright (C) the Pupil authors
 *
 * An HTTP load over TLS on one thread: N keep-alive connections that either
 * send the next request at once (closed loop), or send requests at a fixed
 * rate (open loop).  In the open loop a request's latency counts from when it
 * was due, not from when a connection was free, so that a server that stalls
 * cannot hide it.
 *
 *     http_load --port P --requests FILE --connections N --warm S --seconds S
 *               [--rate R] [--account NAME:PID,PID...]... [--max N]
 *
 * FILE holds requests, each preceded by its length in decimal and a newline;
 * they are sent in turn, beginning at a random one.  NEW_UUID in a request,
 * 36 bytes, is replaced by a random UUID each time.  --account: CPU of all
 * threads of these processes over the measured seconds.  Prints a line of
 * JSON.
 */

#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "http_load.h"


#define CONNECTIONS  16384
#define ACCOUNTS     8
#define PIDS         256
#define DRAIN        2.0        /* seconds that late answers may take */
#define IDLE         0.02       /* seconds, when nothing is due */


typedef struct {
    char      name[32];
    int       pids[PIDS], npids;
    uint64_t  before, after;
} account_t;

typedef struct {
    double           warm, seconds, rate;
    long             max;
    http_requests_t  requests;
    http_conns_t     conns;
    account_t        accounts[ACCOUNTS];
    int              naccounts;
    double           begin, from, until;
    uint32_t        *latencies;
    size_t           nlatencies, room;
    unsigned long    total, sent, done, bytes, statuses[6], lost;
    unsigned long    due_count;
} load_t;


void
http_die(const char *what, ...)
{
    va_list  args;

    va_start(args, what);
    vfprintf(stderr, what, args);
    va_end(args);
    fputc('\n', stderr);

    exit(1);
}


void *
http_grow(void *p, size_t size)
{
    p = realloc(p, size);
    if (p == NULL) {
        http_die("no memory");
    }

    return p;
}


/* Accounts */

static void
account_add(load_t *load, char *text)
{
    char       *p;
    account_t  *a;

    if (load->naccounts == ACCOUNTS) {
        http_die("too many accounts");
    }

    a = &load->accounts[load->naccounts++];
    p = strtok(text, ":,");
    snprintf(a->name, sizeof(a->name), "%s", p);

    while ((p = strtok(NULL, ":,")) != NULL && a->npids < PIDS) {
        a->pids[a->npids++] = atoi(p);
    }
}


static void
accounts_read(load_t *load, int after)
{
    int        i, k;
    uint64_t   ns;

    for (i = 0; i < load->naccounts; i++) {
        for (k = 0, ns = 0; k < load->accounts[i].npids; k++) {
            ns += bench_process_ns(load->accounts[i].pids[k]);
        }

        if (after) {
            load->accounts[i].after = ns;

        } else {
            load->accounts[i].before = ns;
        }
    }
}


static double
own_seconds(void)
{
    struct rusage  own;

    getrusage(RUSAGE_SELF, &own);

    return (double) (own.ru_utime.tv_sec + own.ru_stime.tv_sec)
           + (double) (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}


/* The load */

static int
spent(const load_t *load)
{
    return load->max > 0 && load->sent >= (unsigned long) load->max;
}


static void
request_send(load_t *load, double due)
{
    load->sent++;
    http_conns_send(&load->conns, http_requests_next(&load->requests), due);
}


/* Whatever is idle asks at once. */
static double
closed_loop(load_t *load, double t)
{
    while (load->conns.nidle && !spent(load)) {
        request_send(load, t);
    }

    return IDLE;
}


/* What is due is sent, as far as something is idle. */
static double
open_loop(load_t *load, double t)
{
    double  due;

    while (load->conns.nidle && !spent(load)) {
        due = load->begin + (double) load->due_count / load->rate;
        if (due > t) {
            return due - t;
        }

        load->due_count++;
        request_send(load, due);
    }

    return IDLE;
}


/* Sends what may be sent now; returns seconds until there may be more. */
static double
send_due(load_t *load, double t)
{
    if (t >= load->until) {
        return IDLE;
    }

    return load->rate > 0 ? open_loop(load, t) : closed_loop(load, t);
}


static void
latency_add(load_t *load, double seconds)
{
    if (load->nlatencies == load->room) {
        load->room = load->room ? 2 * load->room : 65536;
        load->latencies = http_grow(load->latencies,
                                    load->room * sizeof(uint32_t));
    }

    load->latencies[load->nlatencies++] = (uint32_t) (seconds * 1e6);
}


static void
answer_count(load_t *load, const http_conn_t *c)
{
    double  t = bench_now();

    /* of the warm-up too: one that is refused leaves fewer records */
    load->total++;
    load->statuses[c->status / 100 < 6 ? c->status / 100 : 0]++;

    /* open loop: what was due counts; closed loop: what was answered */
    if (load->rate > 0 ? c->due >= load->from && c->due < load->until
                       : t >= load->from && t < load->until)
    {
        load->done++;
        load->bytes += c->need;
        latency_add(load, t - c->due);
    }
}


static void
answer_read(load_t *load, http_conn_t *c)
{
    switch (http_conn_read(&load->conns, c)) {

    case HTTP_DONE:
        answer_count(load, c);
        http_conn_rest(&load->conns, c);
        break;

    case HTTP_LOST:
        load->lost++;
        break;

    case HTTP_WAITS:
    case HTTP_CLOSED:
        break;
    }
}


/* To the microsecond: a client that spins takes what the server needs. */
static int
wait_events(load_t *load, struct epoll_event *events, int n, double seconds)
{
    struct timespec  ts;

    ts.tv_sec = (time_t) seconds;
    ts.tv_nsec = (long) ((seconds - (double) ts.tv_sec) * 1e9);

    return epoll_pwait2(load->conns.epoll, events, n, &ts, NULL);
}


static void
run(load_t *load, double *foreign, double *own)
{
    int                  i, n, phase = 0;
    double               t, busy[2], all[2], used;
    struct epoll_event   events[256];

    load->begin = bench_now();
    load->from = load->begin + load->warm;
    load->until = load->from + load->seconds;
    *foreign = 0;
    *own = 0;

    for ( ;; ) {
        t = bench_now();

        if (phase == 0 && t >= load->from) {
            phase = 1;
            accounts_read(load, 0);
            bench_machine_ticks(&busy[0], &all[0]);
            *own = own_seconds();
        }

        if (phase == 1 && t >= load->until) {
            phase = 2;
            accounts_read(load, 1);
            bench_machine_ticks(&busy[1], &all[1]);
            *own = own_seconds() - *own;

            for (i = 0, used = *own * 1e9; i < load->naccounts; i++) {
                used += (double) (load->accounts[i].after
                                  - load->accounts[i].before);
            }

            used = used / 1e9 * (double) sysconf(_SC_CLK_TCK);
            *foreign = (busy[1] - busy[0] - used) / (all[1] - all[0]);
        }

        if (phase == 2 && (load->conns.nidle == load->conns.count
                           || t > load->until + DRAIN))
        {
            return;
        }

        if (load->max > 0 && load->total >= (unsigned long) load->max) {
            return;
        }

        n = wait_events(load, events, 256, send_due(load, t));

        for (i = 0; i < n; i++) {
            answer_read(load, events[i].data.ptr);
        }
    }
}


static int
compare(const void *a, const void *b)
{
    uint32_t  x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


/* In microseconds.  What never came was at least as late as this waited. */
static double
quantile(const load_t *load, double q, double unanswered)
{
    size_t  at;
    double  n = (double) load->nlatencies + unanswered;

    if (n < 1) {
        return 0;
    }

    at = (size_t) (q * (n - 1));

    return at < load->nlatencies ? load->latencies[at]
                                 : (load->seconds + DRAIN) * 1e6;
}


static void
report(load_t *load, double foreign, double own)
{
    int     i;
    double  unanswered = 0;

    if (load->rate > 0) {
        unanswered = load->rate * load->seconds - (double) load->done;
        unanswered = unanswered < 1 ? 0 : unanswered;
    }

    if (load->nlatencies) {
        qsort(load->latencies, load->nlatencies, sizeof(uint32_t), compare);
    }

    printf("{\"seconds\":%.3f,\"requests\":%lu,\"total\":%lu,\"bytes\":%lu,"
           "\"ok\":%lu,\"refused\":%lu,\"failed\":%lu,\"lost\":%lu,"
           "\"unanswered\":%.0f,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,"
           "\"client_ns\":%.0f,\"foreign\":%.4f,\"cpu\":{",
           load->seconds, load->done, load->total, load->bytes,
           load->statuses[2], load->statuses[4], load->statuses[5],
           load->lost, unanswered, quantile(load, 0.5, unanswered),
           quantile(load, 0.99, unanswered),
           quantile(load, 0.999, unanswered), own * 1e9, foreign);

    for (i = 0; i < load->naccounts; i++) {
        printf("%s\"%s\":%lu", i ? "," : "", load->accounts[i].name,
               load->accounts[i].after - load->accounts[i].before);
    }

    printf("}}\n");
}


int
main(int argc, char **argv)
{
    int            c;
    double         foreign, own;
    static load_t  load = { .conns = { .count = 1 }, .warm = 0.3,
                            .seconds = 2 };

    static const struct option  options[] = {
        { "port", required_argument, NULL, 'p' },
        { "requests", required_argument, NULL, 'r' },
        { "connections", required_argument, NULL, 'n' },
        { "warm", required_argument, NULL, 'w' },
        { "seconds", required_argument, NULL, 's' },
        { "rate", required_argument, NULL, 'q' },
        { "account", required_argument, NULL, 'a' },
        { "max", required_argument, NULL, 'm' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p':
            load.conns.port = atoi(optarg);
            break;
        case 'r':
            http_requests_read(&load.requests, optarg);
            break;
        case 'n':
            load.conns.count = atoi(optarg);
            break;
        case 'w':
            load.warm = atof(optarg);
            break;
        case 's':
            load.seconds = atof(optarg);
            break;
        case 'q':
            load.rate = atof(optarg);
            break;
        case 'a':
            account_add(&load, optarg);
            break;
        case 'm':
            load.max = atol(optarg);
            break;
        default:
            return 2;
        }
    }

    if (load.conns.port == 0 || load.requests.count == 0 || load.conns.count < 1
        || load.conns.count > CONNECTIONS)
    {
        http_die("usage: see the head of http_load.c");
    }

    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    http_conns_open(&load.conns);
    run(&load, &foreign, &own);
    report(&load, foreign, own);

    return 0;
}

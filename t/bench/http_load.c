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

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"


#define NEW_UUID     "uuiduuid-uuid-uuid-uuid-uuiduuiduuid"
#define UUID_LEN     36
#define CONNECTIONS  16384
#define ACCOUNTS     8
#define PIDS         256
#define MARKS        64
#define BUFFER       (1 << 18)
#define DRAIN        2.0        /* seconds that late answers may take */


typedef struct {
    char    *text;
    size_t   len;
    size_t   marks[MARKS];      /* places of NEW_UUID */
    int      nmarks;
} request_t;

typedef struct {
    SSL     *ssl;
    int      fd;
    int      busy;
    double   due;               /* latency counts from here */
    size_t   got, need;         /* bytes of the answer, 0: not known yet */
    int      status, closes;
    char    *in;
} conn_t;

typedef struct {
    char      name[32];
    int       pids[PIDS], npids;
    uint64_t  before, after;
} account_t;

typedef struct {
    int             port, connections;
    double          warm, seconds, rate;
    long            max;
    request_t      *requests;
    size_t          nrequests, next;
    conn_t         *conns;
    int            *idle, nidle;
    int             epoll;
    SSL_CTX        *ctx;
    account_t       accounts[ACCOUNTS];
    int             naccounts;
    double          begin, from, until;
    uint32_t       *latencies;
    size_t          nlatencies, room;
    unsigned long   total, sent, done, bytes, statuses[6], failed, lost;
    unsigned long   due_count;
} load_t;


static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *what, ...)
{
    va_list  args;

    va_start(args, what);
    vfprintf(stderr, what, args);
    va_end(args);
    fputc('\n', stderr);

    exit(1);
}


static void *
grow(void *p, size_t size)
{
    p = realloc(p, size);
    if (p == NULL) {
        die("no memory");
    }

    return p;
}


/* Requests */

static void
request_add(load_t *load, FILE *in, size_t len)
{
    char       *p;
    request_t  *r;

    load->requests = grow(load->requests,
                          (load->nrequests + 1) * sizeof(request_t));
    r = &load->requests[load->nrequests++];

    r->len = len;
    r->nmarks = 0;
    r->text = grow(NULL, len + 1);
    r->text[len] = '\0';

    if (fread(r->text, 1, len, in) != len) {
        die("a request is cut short");
    }

    for (p = r->text; (p = strstr(p, NEW_UUID)) != NULL; p += UUID_LEN) {
        if (r->nmarks == MARKS) {
            die("too many UUIDs in a request");
        }

        r->marks[r->nmarks++] = (size_t) (p - r->text);
    }
}


static void
requests_read(load_t *load, const char *path)
{
    FILE    *in;
    size_t   len;

    in = fopen(path, "r");
    if (in == NULL) {
        die("cannot read %s", path);
    }

    while (fscanf(in, "%zu", &len) == 1 && fgetc(in) == '\n') {
        request_add(load, in, len);
    }

    fclose(in);

    if (load->nrequests == 0) {
        die("no request in %s", path);
    }
}


static void
uuid_write(char *p)
{
    int       i, k;
    uint8_t   r[16];

    static const char  hex[] = "0123456789abcdef";

    if (getrandom(r, sizeof(r), 0) != sizeof(r)) {
        die("no random bytes");
    }

    r[6] = (r[6] & 0x0f) | 0x40;
    r[8] = (r[8] & 0x3f) | 0x80;

    for (i = 0, k = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            p[k++] = '-';
        }

        p[k++] = hex[r[i] >> 4];
        p[k++] = hex[r[i] & 15];
    }
}


/* Connections */

static void
conn_open(load_t *load, conn_t *c)
{
    int                 one = 1;
    struct epoll_event  ev;
    struct sockaddr_in  to = { .sin_family = AF_INET };

    to.sin_port = htons((uint16_t) load->port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *) &to, sizeof(to)) != 0)
    {
        die("connect: %s", strerror(errno));
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    c->ssl = SSL_new(load->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1
        || SSL_connect(c->ssl) != 1)
    {
        die("TLS: %s", ERR_error_string(ERR_get_error(), NULL));
    }

    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->busy = 0;

    ev.events = EPOLLIN;
    ev.data.ptr = c;
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &ev);
}


static void
conn_close(conn_t *c)
{
    SSL_free(c->ssl);
    close(c->fd);
}


static void
conn_write(conn_t *c, const char *data, size_t len)
{
    int            rc;
    struct pollfd  p;

    while ((rc = SSL_write(c->ssl, data, (int) len)) <= 0) {
        rc = SSL_get_error(c->ssl, rc);
        if (rc != SSL_ERROR_WANT_WRITE && rc != SSL_ERROR_WANT_READ) {
            return;     /* the read will find out */
        }

        p.fd = c->fd;
        p.events = rc == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
        poll(&p, 1, 1000);
    }
}


static void
conn_send(load_t *load, conn_t *c, double due)
{
    int         i;
    request_t  *r;

    r = &load->requests[load->next];
    load->next = (load->next + 1) % load->nrequests;

    for (i = 0; i < r->nmarks; i++) {
        uuid_write(r->text + r->marks[i]);
    }

    c->busy = 1;
    c->due = due;
    c->got = 0;
    c->need = 0;
    load->sent++;

    conn_write(c, r->text, r->len);
}


/* What is known from the head of the answer. */
static void
head_read(conn_t *c)
{
    char  *end, *p;

    c->in[c->got] = '\0';

    end = strstr(c->in, "\r\n\r\n");
    if (end == NULL) {
        return;
    }

    *end = '\0';
    c->status = atoi(c->in + sizeof("HTTP/1.1 ") - 1);
    c->closes = strcasestr(c->in, "\nconnection: close") != NULL;
    c->need = (size_t) (end + 4 - c->in);

    p = strcasestr(c->in, "\ncontent-length:");
    if (p != NULL) {
        c->need += strtoul(p + sizeof("\ncontent-length:") - 1, NULL, 10);

    } else if (c->status != 204) {
        die("an answer without its length: %s", c->in);
    }

    *end = '\r';

    if (c->need >= BUFFER) {
        die("an answer of %zu bytes", c->need);
    }
}


static void
latency_add(load_t *load, double seconds)
{
    if (load->nlatencies == load->room) {
        load->room = load->room ? 2 * load->room : 65536;
        load->latencies = grow(load->latencies,
                               load->room * sizeof(uint32_t));
    }

    load->latencies[load->nlatencies++] = (uint32_t) (seconds * 1e6);
}


static void
conn_done(load_t *load, conn_t *c)
{
    double  t = bench_now();

    /* of the warm-up too: one that is refused leaves fewer records */
    c->busy = 0;
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

    if (c->closes) {
        conn_close(c);
        conn_open(load, c);
    }

    load->idle[load->nidle++] = (int) (c - load->conns);
}


static void
conn_read(load_t *load, conn_t *c)
{
    int  n;

    for ( ;; ) {
        n = SSL_read(c->ssl, c->in + c->got, (int) (BUFFER - 1 - c->got));

        if (n <= 0) {
            n = SSL_get_error(c->ssl, n);
            if (n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE) {
                return;
            }

            load->lost += (unsigned long) c->busy;
            if (c->busy) {
                load->idle[load->nidle++] = (int) (c - load->conns);
            }
            conn_close(c);
            conn_open(load, c);
            return;
        }

        if (!c->busy) {
            die("an answer that nobody asked for");
        }

        c->got += (size_t) n;

        if (c->need == 0) {
            head_read(c);
        }

        if (c->need != 0 && c->got >= c->need) {
            conn_done(load, c);
            return;
        }
    }
}


/* Accounts */

static void
account_add(load_t *load, char *text)
{
    char       *p;
    account_t  *a;

    if (load->naccounts == ACCOUNTS) {
        die("too many accounts");
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

/* Sends what may be sent now; returns seconds until the next is due. */
static double
send_due(load_t *load, double t)
{
    double  due;

    if (t >= load->until || (load->max > 0
                             && load->sent >= (unsigned long) load->max))
    {
        return 0.02;
    }

    while (load->nidle) {
        if (load->rate > 0) {
            due = load->begin + (double) load->due_count / load->rate;
            if (due > t) {
                return due - t;
            }

            load->due_count++;

        } else {
            due = t;
        }

        conn_send(load, &load->conns[load->idle[--load->nidle]], due);

        if (load->max > 0 && load->sent >= (unsigned long) load->max) {
            break;
        }
    }

    return 0.02;
}


/* To the microsecond: a client that spins takes what the server needs. */
static int
wait_events(load_t *load, struct epoll_event *events, int n, double seconds)
{
    struct timespec  ts;

    ts.tv_sec = (time_t) seconds;
    ts.tv_nsec = (long) ((seconds - (double) ts.tv_sec) * 1e9);

    return epoll_pwait2(load->epoll, events, n, &ts, NULL);
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

        if (phase == 2 && (load->nidle == load->connections
                           || t > load->until + DRAIN))
        {
            return;
        }

        if (load->max > 0 && load->total >= (unsigned long) load->max) {
            return;
        }

        n = wait_events(load, events, 256, send_due(load, t));

        for (i = 0; i < n; i++) {
            conn_read(load, events[i].data.ptr);
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


static void
setup(load_t *load)
{
    int       i;
    uint32_t  r;

    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    load->ctx = SSL_CTX_new(TLS_client_method());
    load->epoll = epoll_create1(0);
    load->conns = calloc((size_t) load->connections, sizeof(conn_t));
    load->idle = calloc((size_t) load->connections, sizeof(int));

    if (load->ctx == NULL || load->epoll < 0 || load->conns == NULL
        || load->idle == NULL
        || getrandom(&r, sizeof(r), 0) != sizeof(r))
    {
        die("setting up failed");
    }

    load->next = r % load->nrequests;

    for (i = 0; i < load->connections; i++) {
        load->conns[i].in = grow(NULL, BUFFER);
        conn_open(load, &load->conns[i]);
        load->idle[load->nidle++] = i;
    }
}


int
main(int argc, char **argv)
{
    int            c;
    double         foreign, own;
    static load_t  load = { .connections = 1, .warm = 0.3, .seconds = 2 };

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
            load.port = atoi(optarg);
            break;
        case 'r':
            requests_read(&load, optarg);
            break;
        case 'n':
            load.connections = atoi(optarg);
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

    if (load.port == 0 || load.nrequests == 0 || load.connections < 1
        || load.connections > CONNECTIONS)
    {
        die("usage: see the head of http_load.c");
    }

    setup(&load);
    run(&load, &foreign, &own);
    report(&load, foreign, own);

    return 0;
}

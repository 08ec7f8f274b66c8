/*
 * Copyright (C) the Pupil authors
 *
 * Browsers that log in, each on a thread of its own, by a password or at the
 * provider of the tests, each time as one that nobody has seen.  In C, as the
 * browsers of a school have processors of their own: those of a bench take
 * theirs from what is measured.
 *
 *     login_load --port P [--provider P] --people FILE --seconds S
 *                [--logins N]
 *
 * FILE has a line for each browser, its log-in name and password with a tab
 * between.  --provider: at that one, else by the password.  They log in again
 * and again for so long, or N times each, evenly.  Who is answered 503 waits as
 * Retry-After says, and begins anew.  A browser keeps its connection to the
 * provider.  Prints a line for each log-in: milliseconds since it was due,
 * answers 503 before, and 1 if it is in.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"


#define BROWSERS  1024
#define BUFFER    65536
#define TEXT      8192


typedef struct {
    int   port, fd;
    SSL  *ssl;
} conn_t;

typedef struct {
    int     status;
    double  retry_after;
    int     closes;
    char    location[TEXT], cookies[TEXT];
} answer_t;

typedef struct {
    int        n;                   /* of all */
    char       name[256], password[256];
    conn_t     gateway, provider;
    char       in[BUFFER];
    pthread_t  thread;
} browser_t;


static int         count, port, provider;
static long        logins;
static double      seconds, begun;
static SSL_CTX    *ctx;
static browser_t  *browsers;


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


static void
wait_for(double s)
{
    struct timespec  ts;

    if (s > 0) {
        ts.tv_sec = (time_t) s;
        ts.tv_nsec = (long) ((s - (double) ts.tv_sec) * 1e9);
        nanosleep(&ts, NULL);
    }
}


/* Connections */

static void
conn_close(conn_t *c)
{
    if (c->ssl != NULL) {
        SSL_free(c->ssl);
        close(c->fd);
        c->ssl = NULL;
    }
}


static int
conn_open(conn_t *c)
{
    int                 one = 1;
    struct sockaddr_in  to = { .sin_family = AF_INET };

    to.sin_port = htons((uint16_t) c->port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0) {
        die("socket: %s", strerror(errno));
    }

    c->ssl = SSL_new(ctx);
    (void) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    if (c->ssl != NULL
        && connect(c->fd, (struct sockaddr *) &to, sizeof(to)) == 0
        && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1)
    {
        return 1;
    }

    ERR_clear_error();
    conn_close(c);

    return 0;
}


static void
field_add(char *to, const char *value, size_t len, const char *between)
{
    size_t  have = strlen(to);

    if (have + strlen(between) + len >= TEXT) {
        die("a header field is too long");
    }

    snprintf(to + have, TEXT - have, "%s%.*s", have ? between : "", (int) len,
             value);
}


/* Fields of a head that is whole; the bytes that its body has, or -1. */
static long
head_read(char *p, answer_t *answer)
{
    long   length = -1;
    char  *end;

    memset(answer, 0, sizeof(answer_t));
    answer->status = atoi(p + sizeof("HTTP/1.1 ") - 1);

    for (p = strstr(p, "\r\n") + 2; strncmp(p, "\r\n", 2) != 0; p = end + 2) {
        end = strstr(p, "\r\n");

        if (strncasecmp(p, "content-length:", 15) == 0) {
            length = atol(p + 15);

        } else if (strncasecmp(p, "retry-after:", 12) == 0) {
            answer->retry_after = atof(p + 12);

        } else if (strncasecmp(p, "connection: close", 17) == 0) {
            answer->closes = 1;

        } else if (strncasecmp(p, "location: ", 10) == 0) {
            field_add(answer->location, p + 10, (size_t) (end - p) - 10, "");

        } else if (strncasecmp(p, "set-cookie: ", 12) == 0) {
            field_add(answer->cookies, p + 12, strcspn(p + 12, ";\r"), "; ");
        }
    }

    return length;
}


/* One request on a connection that is open; 0: nothing came. */
static int
conn_ask(browser_t *b, conn_t *c, const char *text, answer_t *answer)
{
    int     n;
    long    length = -1;
    size_t  got = 0;
    char   *body = NULL;

    if (SSL_write(c->ssl, text, (int) strlen(text)) <= 0) {
        return 0;
    }

    for ( ;; ) {
        n = SSL_read(c->ssl, b->in + got, (int) (BUFFER - 1 - got));
        if (n <= 0) {
            return 0;
        }

        got += (size_t) n;
        b->in[got] = '\0';

        if (body == NULL && (body = strstr(b->in, "\r\n\r\n")) != NULL) {
            body += 4;
            length = head_read(b->in, answer);
        }

        /* without a length it comes in chunks */
        if (body != NULL
            && (length >= 0
                ? got >= (size_t) (body - b->in) + (size_t) length
                : got >= 5 && strcmp(b->in + got - 5, "0\r\n\r\n") == 0))
        {
            break;
        }
    }

    if (answer->closes) {
        conn_close(c);
    }

    return 1;
}


/* What nobody answers on a connection that was kept is asked anew, once. */
static void
ask(browser_t *b, conn_t *c, const char *text, answer_t *answer)
{
    int  kept = c->ssl != NULL;

    if (kept && conn_ask(b, c, text, answer)) {
        return;
    }

    ERR_clear_error();
    conn_close(c);

    if (!conn_open(c) || !conn_ask(b, c, text, answer)) {
        memset(answer, 0, sizeof(answer_t));
        conn_close(c);
    }
}


static void
get(browser_t *b, conn_t *c, const char *path, const char *cookies,
    answer_t *answer)
{
    static __thread char  text[3 * TEXT];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost:%d\r\n"
             "%s%s%s\r\n", path, c->port, *cookies ? "Cookie: " : "", cookies,
             *cookies ? "\r\n" : "");
    ask(b, c, text, answer);
}


/* Behind its host. */
static const char *
path_of(const char *url)
{
    const char  *p = strstr(url, "://");

    p = p != NULL ? strchr(p + 3, '/') : NULL;

    return p != NULL ? p : "/";
}


/* Logging in */

static int
by_password(browser_t *b, answer_t *answer)
{
    char  body[600], text[1024];

    snprintf(body, sizeof(body), "{\"identifier\":\"%s\",\"password\":\"%s\"}",
             b->name, b->password);
    snprintf(text, sizeof(text), "POST /v1/login HTTP/1.1\r\n"
             "Host: localhost:%d\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s", port, strlen(body), body);
    ask(b, &b->gateway, text, answer);

    return answer->status == 200;
}


/* There and back again. */
static int
by_provider(browser_t *b, answer_t *answer)
{
    char      path[TEXT + 512], cookies[TEXT];
    answer_t  there;

    get(b, &b->gateway, "/uni/login/uni", "", answer);
    if (answer->status != 303) {
        return 0;
    }

    snprintf(path, sizeof(path), "%s&login_hint=%s", path_of(answer->location),
             b->name);
    snprintf(cookies, sizeof(cookies), "%s", answer->cookies);

    get(b, &b->provider, path, "", &there);
    get(b, &b->gateway, path_of(there.location), cookies, answer);

    return answer->status == 303;
}


static void
log_in(browser_t *b, double due)
{
    int       in, busy = 0;
    answer_t  answer;

    wait_for(due - bench_now());

    for ( ;; ) {
        in = provider ? by_provider(b, &answer) : by_password(b, &answer);

        if (answer.status != 503) {
            break;
        }

        busy++;
        wait_for(answer.retry_after > 0 ? answer.retry_after : 1);
    }

    conn_close(&b->gateway);
    printf("%.3f %d %d\n", (bench_now() - due) * 1e3, busy, in);
}


static void *
browser_run(void *data)
{
    long        i;
    browser_t  *b = data;

    for (i = 0; logins == 0 || i < logins; i++) {
        if (logins == 0 && bench_now() - begun >= seconds) {
            break;
        }

        log_in(b, logins == 0 ? bench_now()
                  : begun + seconds / (double) logins
                            * ((double) i + (double) b->n / count));
    }

    conn_close(&b->provider);

    return NULL;
}


static void
people_read(const char *path)
{
    FILE       *in = fopen(path, "r");
    browser_t  *b;

    browsers = calloc(BROWSERS, sizeof(browser_t));

    if (in == NULL || browsers == NULL) {
        die("%s: %s", path, strerror(errno));
    }

    while (count < BROWSERS) {
        b = &browsers[count];

        if (fscanf(in, "%255[^\t]\t%255[^\n]\n", b->name, b->password) != 2) {
            break;
        }

        b->n = count++;
        b->gateway.port = port;
        b->provider.port = provider;
    }

    fclose(in);
}


int
main(int argc, char **argv)
{
    int          c, i;
    const char  *people = NULL;

    static const struct option  options[] = {
        { "port", required_argument, NULL, 'p' },
        { "provider", required_argument, NULL, 'i' },
        { "people", required_argument, NULL, 'f' },
        { "seconds", required_argument, NULL, 's' },
        { "logins", required_argument, NULL, 'n' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p':
            port = atoi(optarg);
            break;
        case 'i':
            provider = atoi(optarg);
            break;
        case 'f':
            people = optarg;
            break;
        case 's':
            seconds = atof(optarg);
            break;
        case 'n':
            logins = atol(optarg);
            break;
        default:
            return 2;
        }
    }

    if (port == 0 || people == NULL || seconds <= 0) {
        die("usage: see the head of login_load.c");
    }

    signal(SIGPIPE, SIG_IGN);
    people_read(people);

    ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) {
        die("no TLS");
    }

    begun = bench_now();

    for (i = 0; i < count; i++) {
        if (pthread_create(&browsers[i].thread, NULL, browser_run,
                           &browsers[i]) != 0)
        {
            die("no thread");
        }
    }

    for (i = 0; i < count; i++) {
        pthread_join(browsers[i].thread, NULL);
    }

    return 0;
}

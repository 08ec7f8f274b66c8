/*
 * Copyright (C) the Pupil authors
 *
 * Idle connections: each asks once, reads the answer, and stays open.
 *
 *     idle_load --port P --path PATH --how plain|tls|http2 N...
 *
 * Opens connections until there are N, prints N and a newline, and waits for a
 * line on its input before it goes on to the next N.  Clients are many: the
 * source addresses are 127.0.0.1 and following, 2,000 connections each.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>


#define OF_AN_ADDRESS  2000
#define CONNECTIONS    65536
#define DESCRIPTORS    70000
#define ANSWER         65536
#define FRAME_HEAD     9

#define FRAME_DATA       0
#define FRAME_HEADERS    1
#define FRAME_SETTINGS   4
#define FLAG_ACK         1
#define FLAG_END_STREAM  1
#define FLAG_END_HEADERS 4


typedef enum {
    PLAIN = 0,
    TLS,
    HTTP2
} how_t;

typedef struct {
    int   fd;
    SSL  *ssl;
} conn_t;


static const char *const  how_names[] = { "plain", "tls", "http2" };


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
conn_write(conn_t *c, const void *data, size_t len)
{
    ssize_t  n;

    n = c->ssl ? SSL_write(c->ssl, data, (int) len)
               : write(c->fd, data, len);
    if (n != (ssize_t) len) {
        die("a request was not sent");
    }
}


static size_t
conn_read(conn_t *c, void *data, size_t len)
{
    ssize_t  n;

    n = c->ssl ? SSL_read(c->ssl, data, (int) len) : read(c->fd, data, len);
    if (n <= 0) {
        die("a connection was closed");
    }

    return (size_t) n;
}


/* HTTP/1.1 */

static void
ask_http1(conn_t *c, const char *path)
{
    int     len;
    char    text[ANSWER], *end, *p;
    size_t  got, need;

    len = snprintf(text, sizeof(text),
                   "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    conn_write(c, text, (size_t) len);

    for (got = 0, need = SIZE_MAX; got < need; ) {
        if (got >= sizeof(text) - 1) {
            die("an answer is too long");
        }

        got += conn_read(c, text + got, sizeof(text) - 1 - got);
        text[got] = '\0';

        end = strstr(text, "\r\n\r\n");
        if (end == NULL || need != SIZE_MAX) {
            continue;
        }

        p = strcasestr(text, "\ncontent-length:");
        if (p == NULL || strncmp(text, "HTTP/1.1 200", 12) != 0) {
            die("another answer: %s", text);
        }

        need = (size_t) (end + 4 - text) + strtoul(p + 16, NULL, 10);
    }
}


/* HTTP/2 (RFC 9113); the one request's fields by HPACK's static table. */

static size_t
put_frame(uint8_t *p, size_t len, uint8_t type, uint8_t flags, uint8_t stream)
{
    uint8_t  head[FRAME_HEAD] = { 0, (uint8_t) (len >> 8), (uint8_t) len,
                                  type, flags, 0, 0, 0, stream };

    memcpy(p, head, FRAME_HEAD);

    return FRAME_HEAD;
}


static size_t
put_field(uint8_t *p, uint8_t name, const char *value)
{
    size_t  len = strlen(value);

    if (len > 126) {
        die("too long for a test: %s", value);
    }

    p[0] = name;            /* not indexed, the name is in the table */
    p[1] = (uint8_t) len;
    memcpy(p + 2, value, len);

    return 2 + len;
}


static void
read_all(conn_t *c, uint8_t *p, size_t len)
{
    size_t  got;

    for (got = 0; got < len; ) {
        got += conn_read(c, p + got, len - got);
    }
}


static void
ask_http2(conn_t *c, const char *path)
{
    size_t   n, len;
    uint8_t  out[512], head[FRAME_HEAD], body[ANSWER];
    int      acked = 0, ended = 0;

    static const char  preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    n = sizeof(preface) - 1;
    memcpy(out, preface, n);
    n += put_frame(out + n, 0, FRAME_SETTINGS, 0, 0);

    len = 2;
    body[0] = 0x82;         /* :method GET */
    body[1] = 0x87;         /* :scheme https */
    len += put_field(body + len, 0x04, path);
    len += put_field(body + len, 0x01, "localhost");

    n += put_frame(out + n, len, FRAME_HEADERS,
                   FLAG_END_STREAM | FLAG_END_HEADERS, 1);
    memcpy(out + n, body, len);
    conn_write(c, out, n + len);

    while (!ended || !acked) {
        read_all(c, head, FRAME_HEAD);
        len = (size_t) head[0] << 16 | (size_t) head[1] << 8 | head[2];
        if (len > sizeof(body)) {
            die("a frame is too long");
        }
        read_all(c, body, len);

        if (head[3] == FRAME_SETTINGS && !(head[4] & FLAG_ACK)) {
            n = put_frame(out, 0, FRAME_SETTINGS, FLAG_ACK, 0);
            conn_write(c, out, n);
            acked = 1;
        }

        if (head[3] == FRAME_HEADERS && body[0] != 0x88) {
            die("an answer that is not 200");
        }

        if (head[3] == FRAME_DATA || head[3] == FRAME_HEADERS) {
            ended = head[4] & FLAG_END_STREAM;
        }
    }
}


/* Connections */

static SSL_CTX *
context(how_t how)
{
    SSL_CTX  *ctx;

    static const uint8_t  h2[] = "\x02h2";

    ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL
        || (how == HTTP2 && SSL_CTX_set_alpn_protos(ctx, h2, 3) != 0))
    {
        die("TLS: %s", ERR_error_string(ERR_get_error(), NULL));
    }

    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);

    return ctx;
}


static void
conn_open(conn_t *c, int number, int port, SSL_CTX *ctx)
{
    int                 one = 1;
    struct sockaddr_in  from = { .sin_family = AF_INET }, to = from;

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK
                                 + (uint32_t) (number / OF_AN_ADDRESS));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t) port);

    c->ssl = NULL;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd < 0
        || setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
                      sizeof(one)) != 0
        || bind(c->fd, (struct sockaddr *) &from, sizeof(from)) != 0
        || connect(c->fd, (struct sockaddr *) &to, sizeof(to)) != 0)
    {
        die("connection %d: %s", number, strerror(errno));
    }

    if (ctx != NULL) {
        c->ssl = SSL_new(ctx);
        if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1
            || SSL_connect(c->ssl) != 1)
        {
            die("TLS: %s", ERR_error_string(ERR_get_error(), NULL));
        }
    }
}


static void
descriptors_raise(void)
{
    struct rlimit  limit = { DESCRIPTORS, DESCRIPTORS };

    if (setrlimit(RLIMIT_NOFILE, &limit) == 0
        || getrlimit(RLIMIT_NOFILE, &limit) != 0)
    {
        return;
    }

    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &limit);
}


int
main(int argc, char **argv)
{
    int             o, i, n, port = 0, how = -1;
    char            line[16];
    const char     *path = NULL;
    SSL_CTX        *ctx;
    static conn_t   conns[CONNECTIONS];

    static const struct option  options[] = {
        { "port", required_argument, NULL, 'p' },
        { "path", required_argument, NULL, 'u' },
        { "how", required_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'p') {
            port = atoi(optarg);

        } else if (o == 'u') {
            path = optarg;

        } else if (o == 'h') {
            for (how = HTTP2; how >= 0; how--) {
                if (strcmp(optarg, how_names[how]) == 0) {
                    break;
                }
            }
        }
    }

    if (port == 0 || path == NULL || how < 0) {
        die("usage: see the head of idle_load.c");
    }

    descriptors_raise();
    ctx = how == PLAIN ? NULL : context((how_t) how);

    for (n = 0; optind < argc; optind++) {
        for (i = atoi(argv[optind]); n < i && n < CONNECTIONS; n++) {
            conn_open(&conns[n], n, port, ctx);
            (how == HTTP2 ? ask_http2 : ask_http1)(&conns[n], path);
        }

        printf("%d\n", n);
        fflush(stdout);

        if (fgets(line, sizeof(line), stdin) == NULL) {
            break;
        }
    }

    return 0;
}

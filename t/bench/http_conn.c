/*
 * Copyright (C) the Pupil authors
 *
 * Keep-alive connections over TLS, for http_load.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http_load.h"


#define BUFFER  (1 << 18)


static void
conn_open(http_conns_t *conns, http_conn_t *c)
{
    int                 one = 1;
    struct epoll_event  ev;
    struct sockaddr_in  to = { .sin_family = AF_INET };

    to.sin_port = htons((uint16_t) conns->port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *) &to, sizeof(to)) != 0)
    {
        http_die("connect: %s", strerror(errno));
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    c->ssl = SSL_new(conns->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1
        || SSL_connect(c->ssl) != 1)
    {
        http_die("TLS: %s", ERR_error_string(ERR_get_error(), NULL));
    }

    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->busy = 0;
    c->closes = 0;

    ev.events = EPOLLIN;
    ev.data.ptr = c;
    epoll_ctl(conns->epoll, EPOLL_CTL_ADD, c->fd, &ev);
}


static void
conn_close(http_conn_t *c)
{
    SSL_free(c->ssl);
    close(c->fd);
}


static void
conn_write(http_conn_t *c, const char *data, size_t len)
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


void
http_conns_send(http_conns_t *conns, const http_request_t *request, double due)
{
    http_conn_t  *c;

    c = &conns->all[conns->idle[--conns->nidle]];

    c->busy = 1;
    c->due = due;
    c->got = 0;
    c->need = 0;

    conn_write(c, request->text, request->len);
}


/* What is known from the head of the answer. */
static void
head_read(http_conn_t *c)
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
        http_die("an answer without its length: %s", c->in);
    }

    *end = '\r';

    if (c->need >= BUFFER) {
        http_die("an answer of %zu bytes", c->need);
    }
}


http_read_e
http_conn_read(http_conns_t *conns, http_conn_t *c)
{
    int  n, busy;

    for ( ;; ) {
        n = SSL_read(c->ssl, c->in + c->got, (int) (BUFFER - 1 - c->got));

        if (n <= 0) {
            n = SSL_get_error(c->ssl, n);
            if (n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE) {
                return HTTP_WAITS;
            }

            busy = c->busy;
            c->closes = 1;
            http_conn_rest(conns, c);

            return busy ? HTTP_LOST : HTTP_CLOSED;
        }

        if (!c->busy) {
            http_die("an answer that nobody asked for");
        }

        c->got += (size_t) n;

        if (c->need == 0) {
            head_read(c);
        }

        if (c->need != 0 && c->got >= c->need) {
            return HTTP_DONE;
        }
    }
}


void
http_conn_rest(http_conns_t *conns, http_conn_t *c)
{
    if (c->busy) {
        conns->idle[conns->nidle++] = (int) (c - conns->all);
    }

    c->busy = 0;

    if (c->closes) {
        conn_close(c);
        conn_open(conns, c);
    }
}


void
http_conns_open(http_conns_t *conns)
{
    int  i;

    conns->ctx = SSL_CTX_new(TLS_client_method());
    conns->epoll = epoll_create1(0);
    conns->all = calloc((size_t) conns->count, sizeof(http_conn_t));
    conns->idle = calloc((size_t) conns->count, sizeof(int));

    if (conns->ctx == NULL || conns->epoll < 0 || conns->all == NULL
        || conns->idle == NULL)
    {
        http_die("setting up failed");
    }

    for (i = 0; i < conns->count; i++) {
        conns->all[i].in = http_grow(NULL, BUFFER);
        conn_open(conns, &conns->all[i]);
        conns->idle[conns->nidle++] = i;
    }
}

/*
 * Copyright (C) the Pupil authors
 *
 * A request by HTTP, and its answer: over TLS, which has to be authentic, but
 * to this host (see url.h); no redirect is followed, no proxy asked, and no
 * answer waited for without end.
 */

#ifndef PUPIL_CTL_HTTP_H
#define PUPIL_CTL_HTTP_H

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"


#define CTL_HTTP_FIELDS  4

#define CTL_HTTP_NONE    (-1)   /* there is no such field */
#define CTL_HTTP_ODD     (-2)   /* it is no number */


typedef struct ctl_http_s  ctl_http_t;

typedef struct {
    const char  *what;          /* is asked for, in errors */
    const char  *url;
    const char  *fields[CTL_HTTP_FIELDS];   /* of the head, up to a NULL */
    const char  *form;          /* NULL: GET; else a POST of it, which is one
                                   unless a field says otherwise */
    size_t       most;          /* bytes of a body that is taken */
} ctl_http_request_t;

typedef struct {
    long         status;
    long         wait;          /* seconds, of Retry-After; 0: it has none */
    int64_t      total;         /* of X-Total-Count, or CTL_HTTP_... */
    int          next;          /* whether Link has a next page, or
                                   CTL_HTTP_NONE */
    ctl_buf_t    body;          /* freed by the caller, which wipes it */
} ctl_http_answer_t;


/* ca: a file, or NULL for those of the system.  NULL with the error said. */
ctl_http_t *ctl_http_open(const char *ca);
/* Who asks, by TLS: texts in PEM, which are the caller's and outlive it. */
void ctl_http_identity(ctl_http_t *http, char *certificate, char *key);
void ctl_http_close(ctl_http_t *http);

/* 0 with an answer that is whole, whatever its status; -1, said. */
int ctl_http_send(ctl_http_t *http, const ctl_http_request_t *request,
    ctl_http_answer_t *answer);

#endif /* PUPIL_CTL_HTTP_H */

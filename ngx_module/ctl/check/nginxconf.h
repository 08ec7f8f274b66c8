/*
 * Copyright (C) the Pupil authors
 *
 * A reader of nginx.conf, as far as pupilctl check needs one: words, quotes,
 * blocks and include.  Directives that are not ours are nginx's to judge: run
 * nginx -t as well.
 */

#ifndef PUPIL_CTL_NGINXCONF_H
#define PUPIL_CTL_NGINXCONF_H

#include "ctl/base/ctl.h"


typedef struct nginxconf_s  nginxconf_t;

/* A directive.  Ownership: the pool of nginxconf_read(). */
struct nginxconf_s {
    const char    *file;
    unsigned       line;
    const char   **words;       /* NUL-terminated, at least one */
    unsigned       count;
    int            block;       /* has braces */
    nginxconf_t   *parent;      /* NULL at the top */
    nginxconf_t   *first, *last, *next;
};

/* The root, whose children are the top; NULL with the error said. */
nginxconf_t *nginxconf_read(ctl_pool_t *pool, const char *path);

#endif /* PUPIL_CTL_NGINXCONF_H */

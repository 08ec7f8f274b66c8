/*
 * Copyright (C) the Pupil authors
 *
 * Text that grows.  It can hold values and secrets: no copy of it is freed
 * before it was wiped.
 */

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/memory.h"


static void buf_room(ctl_buf_t *buf, size_t len);


void
ctl_buf_init(ctl_buf_t *buf)
{
    memset(buf, 0, sizeof(ctl_buf_t));
}


void
ctl_buf_add(ctl_buf_t *buf, const void *data, size_t len)
{
    buf_room(buf, len);

    if (len != 0) {
        memcpy(buf->data + buf->len, data, len);
    }

    buf->len += len;
    buf->data[buf->len] = '\0';
}


/* For len bytes more and the NUL.  realloc() would leave the old ones. */
static void
buf_room(ctl_buf_t *buf, size_t len)
{
    char    *p;
    size_t   size;

    if (buf->size - buf->len >= len + 1) {
        return;
    }

    size = (buf->size + len + 1) * 2;
    p = ctl_memory(size);

    if (buf->data != NULL) {
        memcpy(p, buf->data, buf->len);
        sodium_memzero(buf->data, buf->size);
        free(buf->data);
    }

    buf->data = p;
    buf->size = size;
}


void
ctl_buf_text(ctl_buf_t *buf, const char *text)
{
    ctl_buf_add(buf, text, strlen(text));
}


void
ctl_buf_printf(ctl_buf_t *buf, const char *format, ...)
{
    int      n;
    va_list  args;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);

    buf_room(buf, (size_t) n);

    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t) n + 1, format, args);
    va_end(args);

    buf->len += (size_t) n;
}


void
ctl_buf_reset(ctl_buf_t *buf)
{
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }

    buf->len = 0;
}


void
ctl_buf_free(ctl_buf_t *buf)
{
    if (buf->data != NULL) {
        sodium_memzero(buf->data, buf->size);
        free(buf->data);
    }

    ctl_buf_init(buf);
}

/*
 * Copyright (C) the Pupil authors
 *
 * Text that grows.
 */

#ifndef PUPIL_CTL_BUF_H
#define PUPIL_CTL_BUF_H

#include "core/base/pupil.h"


/* Empty when zeroed.  data: NUL-terminated once something was added. */
typedef struct {
    char    *data;
    size_t   len, size;         /* bytes */
} ctl_buf_t;


void ctl_buf_init(ctl_buf_t *buf);
void ctl_buf_add(ctl_buf_t *buf, const void *data, size_t len);
void ctl_buf_text(ctl_buf_t *buf, const char *text);
__attribute__((format(printf, 2, 3)))
void ctl_buf_printf(ctl_buf_t *buf, const char *format, ...);

/* Empty again, its memory kept. */
void ctl_buf_reset(ctl_buf_t *buf);

/* Wipes; the buffer is empty then, and may be used again. */
void ctl_buf_free(ctl_buf_t *buf);

#endif /* PUPIL_CTL_BUF_H */

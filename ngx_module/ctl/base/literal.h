/*
 * Copyright (C) the Pupil authors
 *
 * How PostgreSQL writes bytes and arrays in text: what parameters of a
 * statement are given as.
 */

#ifndef PUPIL_CTL_LITERAL_H
#define PUPIL_CTL_LITERAL_H

#include "ctl/base/buf.h"


/* Bytes of the literal of a bytea of n bytes, NUL and all. */
#define CTL_BYTEA_SIZE(n)  (2 * (n) + 3)


/* out: CTL_BYTEA_SIZE(len) bytes; returns it. */
const char *ctl_bytea(const uint8_t *data, size_t len, char *out);

/*
 * An array is begun, which frees what was in buf, given its elements, all of
 * one type, and ended.
 */
void ctl_array_begin(ctl_buf_t *buf);
void ctl_array_uuid(ctl_buf_t *buf, const pupil_uuid_t *uuid);
void ctl_array_bytes(ctl_buf_t *buf, const uint8_t *data, size_t len);
void ctl_array_text(ctl_buf_t *buf, pupil_str_t text);
void ctl_array_int(ctl_buf_t *buf, int64_t value);
void ctl_array_null(ctl_buf_t *buf);
void ctl_array_end(ctl_buf_t *buf);

/* The whole array, of ids that lie beside each other. */
void ctl_array_uuids(ctl_buf_t *buf, const pupil_uuid_t *ids, size_t count);

#endif /* PUPIL_CTL_LITERAL_H */

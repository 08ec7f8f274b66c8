/*
 * Copyright (C) the Pupil authors
 *
 * Arrays as parameters in PostgreSQL's binary form: to read a long one as text
 * cost the server a fifth of what storing its members did.
 */

#ifndef PUPIL_CTL_ARRAY_H
#define PUPIL_CTL_ARRAY_H

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"


/* Members. */
typedef enum {
    CTL_ARRAY_BYTES = 17,
    CTL_ARRAY_INT8 = 20,        /* PostgreSQL's numbers of these types */
    CTL_ARRAY_TIME = 1184,
    CTL_ARRAY_UUID = 2950
} ctl_array_type_t;

/* Freed by ctl_buf_free(). */
typedef struct {
    ctl_buf_t         buf;
    ctl_array_type_t  type;
    uint32_t          count;
} ctl_array_t;


void ctl_binary_begin(ctl_array_t *array, ctl_array_type_t type);
void ctl_binary_uuid(ctl_array_t *array, const pupil_uuid_t *uuid);
void ctl_binary_bytes(ctl_array_t *array, const uint8_t *data, size_t len);
void ctl_binary_int8(ctl_array_t *array, int64_t value);
void ctl_binary_time(ctl_array_t *array, pupil_time_t time);
void ctl_binary_null(ctl_array_t *array);

/*
 * Runs a statement whose parameters are these, which are whole then.
 * Ownership: the caller's.
 */
PGresult *ctl_binary_exec(PGconn *conn, const char *sql, ctl_array_t *arrays,
    int count);

#endif /* PUPIL_CTL_ARRAY_H */

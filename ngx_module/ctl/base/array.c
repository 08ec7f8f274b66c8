/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/vault/keyed.h"
#include "ctl/base/array.h"
#include "ctl/base/wait.h"


#define PARAMS_MAX  8
#define HEAD_LEN    20

/* PostgreSQL counts microseconds from 2000 on. */
#define EPOCH       INT64_C(946684800000000)


static void word_add(ctl_array_t *array, uint32_t value);
static void head_set(ctl_array_t *array);


void
ctl_binary_begin(ctl_array_t *array, ctl_array_type_t type)
{
    static const uint8_t  head[HEAD_LEN];

    ctl_buf_init(&array->buf);
    ctl_buf_add(&array->buf, head, sizeof(head));
    array->type = type;
    array->count = 0;
}


void
ctl_binary_uuid(ctl_array_t *array, const pupil_uuid_t *uuid)
{
    ctl_binary_bytes(array, uuid->b, PUPIL_UUID_LEN);
}


void
ctl_binary_bytes(ctl_array_t *array, const uint8_t *data, size_t len)
{
    array->count++;
    word_add(array, (uint32_t) len);
    ctl_buf_add(&array->buf, data, len);
}


void
ctl_binary_int8(ctl_array_t *array, int64_t value)
{
    array->count++;
    word_add(array, 8);
    word_add(array, (uint32_t) ((uint64_t) value >> 32));
    word_add(array, (uint32_t) value);
}


void
ctl_binary_time(ctl_array_t *array, pupil_time_t time)
{
    ctl_binary_int8(array, time - EPOCH);
}


void
ctl_binary_null(ctl_array_t *array)
{
    array->count++;
    word_add(array, UINT32_MAX);
}


static void
word_add(ctl_array_t *array, uint32_t value)
{
    uint8_t  b[4];

    pupil_u32_write(b, value);
    ctl_buf_add(&array->buf, b, sizeof(b));
}


PGresult *
ctl_binary_exec(PGconn *conn, const char *sql, ctl_array_t *arrays, int count)
{
    int          i, lengths[PARAMS_MAX];
    const char  *values[PARAMS_MAX];
    ctl_holder_t holder;

    for (i = 0; i < count && i < PARAMS_MAX; i++) {
        head_set(&arrays[i]);
        values[i] = arrays[i].buf.data;
        lengths[i] = (int) arrays[i].buf.len;
    }

    return ctl_wait_binary(conn, sql, count, values, lengths, &holder);
}


/* One dimension, perhaps NULL, the type, how many, from 1 on. */
static void
head_set(ctl_array_t *array)
{
    uint8_t  *head;

    head = (uint8_t *) array->buf.data;
    pupil_u32_write(head, 1);
    pupil_u32_write(head + 4, 1);
    pupil_u32_write(head + 8, (uint32_t) array->type);
    pupil_u32_write(head + 12, array->count);
    pupil_u32_write(head + 16, 1);
}

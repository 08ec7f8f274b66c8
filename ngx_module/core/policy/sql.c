/*
 * Copyright (C) the Pupil authors
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/policy/sql.h"


#define PUPIL_SQL_START  1024   /* bytes of the first block */


/* Room for len bytes and a NUL, at sql->data + sql->len; NULL: no memory. */
static uint8_t *
pupil_sql_room(pupil_sql_t *sql, size_t len)
{
    size_t    size;
    uint8_t  *data;

    if (sql->rc != PUPIL_OK) {
        return NULL;
    }

    if (sql->size - sql->len > len) {
        return sql->data + sql->len;
    }

    size = sql->size != 0 ? sql->size : PUPIL_SQL_START;
    while (size - sql->len <= len) {
        size *= 2;
    }

    data = sql->alloc->alloc(sql->alloc->ctx, size);
    if (data == NULL) {
        sql->rc = PUPIL_NO_MEMORY;
        return NULL;
    }

    if (sql->len != 0) {
        memcpy(data, sql->data, sql->len);
    }

    sql->data = data;
    sql->size = size;

    return data + sql->len;
}


void
pupil_sql_init(pupil_sql_t *sql, const pupil_alloc_t *alloc)
{
    memset(sql, 0, sizeof(*sql));
    sql->alloc = alloc;
}


void
pupil_sql_bytes(pupil_sql_t *sql, const void *data, size_t len)
{
    uint8_t  *room;

    room = pupil_sql_room(sql, len);
    if (room != NULL && len != 0) {
        memcpy(room, data, len);
        sql->len += len;
    }
}


void
pupil_sql_add(pupil_sql_t *sql, const char *format, ...)
{
    int       len;
    va_list   args;
    uint8_t  *room;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);

    room = pupil_sql_room(sql, (size_t) len);
    if (room == NULL) {
        return;
    }

    va_start(args, format);
    (void) vsnprintf((char *) room, (size_t) len + 1, format, args);
    va_end(args);

    sql->len += (size_t) len;
}


void
pupil_sql_name(pupil_sql_t *sql, const char *name)
{
    pupil_sql_bytes(sql, "\"", 1);

    for ( ; *name != '\0'; name++) {
        pupil_sql_bytes(sql, *name == '"' ? "\"\"" : name,
                        *name == '"' ? 2 : 1);
    }

    pupil_sql_bytes(sql, "\"", 1);
}


void
pupil_sql_bytea(pupil_sql_t *sql, const uint8_t *data, size_t len)
{
    size_t  i;

    pupil_sql_add(sql, "'\\x");

    for (i = 0; i < len; i++) {
        pupil_sql_add(sql, "%02x", data[i]);
    }

    pupil_sql_add(sql, "'::bytea");
}


pupil_rc_t
pupil_sql_finish(pupil_sql_t *sql, pupil_str_t *text)
{
    uint8_t  *room;

    room = pupil_sql_room(sql, 0);
    if (room == NULL) {
        return sql->rc;
    }

    *room = '\0';
    text->data = sql->data;
    text->len = sql->len;

    return PUPIL_OK;
}

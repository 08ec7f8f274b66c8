/*
 * Copyright (C) the Pupil authors
 *
 * MACs and leaves are of texts, as PostgreSQL writes an address or an array:
 * they are written here.
 */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/audit/rows.h"


/* An address: its family, bits, 0, a length, and its bytes. */
#define ADDRESS_HEAD  4
#define FAMILY_4      2
#define FAMILY_6      3

/* An array of one dimension: five words before its members. */
#define ARRAY_NONE    12
#define ARRAY_HEAD    20
#define MEMBER_LEN    (4 + PUPIL_UUID_LEN)      /* with its length */


static int row_take(const ctl_stream_t *stream, ctl_pool_t *pool,
    audit_row_t *out);
static pupil_str_t text_take(ctl_pool_t *pool, pupil_str_t column);
static int bytes_take(pupil_str_t column, uint8_t *out, size_t size,
    size_t *len);
static int network_take(ctl_pool_t *pool, pupil_str_t column,
    pupil_str_t *out);
static int subjects_take(ctl_pool_t *pool, pupil_str_t column,
    pupil_str_t *out);
static int word_is(pupil_str_t column, size_t at, uint32_t value);


void
audit_row_read(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const ctl_stream_t *stream, ctl_pool_t *pool, audit_row_t *out)
{
    audit_row_take(tenant, stream, pool, out);
    audit_row_check(key, out);
}


void
audit_row_take(const pupil_uuid_t *tenant, const ctl_stream_t *stream,
    ctl_pool_t *pool, audit_row_t *out)
{
    const pupil_str_t  *columns;

    columns = stream->columns;
    memset(out, 0, sizeof(audit_row_t));

    out->record.tenant = *tenant;
    out->numbered = columns[AUDIT_ROW_WRITER].data != NULL
                    && columns[AUDIT_ROW_NUMBER].data != NULL;

    out->whole = row_take(stream, pool, out);
}


void
audit_row_check(const pupil_key_t *key, audit_row_t *row)
{
    row->authentic = row->whole
                     && (key == NULL
                         || pupil_audit_authentic(key, &row->record,
                                                  row->mac));
}


/* 0: bytes or ids are none that Pupil writes. */
static int
row_take(const ctl_stream_t *stream, ctl_pool_t *pool, audit_row_t *out)
{
    size_t                 len;
    const pupil_str_t     *columns;
    pupil_audit_record_t  *record;

    columns = stream->columns;
    record = &out->record;

    record->writer = (uint64_t) ctl_column_int8(columns[AUDIT_ROW_WRITER], 0);
    record->number = (uint64_t) ctl_column_int8(columns[AUDIT_ROW_NUMBER], 0);
    record->at = ctl_column_time(columns[AUDIT_ROW_AT]);
    record->role = text_take(pool, columns[AUDIT_ROW_ROLE]);
    record->outcome = text_take(pool, columns[AUDIT_ROW_OUTCOME]);
    record->note = text_take(pool, columns[AUDIT_ROW_NOTE]);
    record->shape.data = out->shape;
    record->policy.data = out->policy;

    return ctl_column_uuid(columns[AUDIT_ROW_REQUEST], &record->request) == 0
           && ctl_column_uuid(columns[AUDIT_ROW_ACTOR], &record->actor) == 0
           && ctl_column_uuid(columns[AUDIT_ROW_INSTITUTION],
                              &record->institution) == 0
           && network_take(pool, columns[AUDIT_ROW_NETWORK],
                           &record->network) == 0
           && subjects_take(pool, columns[AUDIT_ROW_SUBJECTS],
                            &record->subjects) == 0
           && bytes_take(columns[AUDIT_ROW_SHAPE], out->shape,
                         sizeof(out->shape), &record->shape.len) == 0
           && bytes_take(columns[AUDIT_ROW_POLICY], out->policy,
                         sizeof(out->policy), &record->policy.len) == 0
           && bytes_take(columns[AUDIT_ROW_MAC], out->mac, sizeof(out->mac),
                         &len) == 0
           && len == sizeof(out->mac);
}


static pupil_str_t
text_take(ctl_pool_t *pool, pupil_str_t column)
{
    return ctl_pool_str(pool, column.data, column.len);
}


static int
bytes_take(pupil_str_t column, uint8_t *out, size_t size, size_t *len)
{
    *len = column.len;

    if (column.len > size) {
        return -1;
    }

    if (column.len != 0) {
        memcpy(out, column.data, column.len);
    }

    return 0;
}


/* As inet: bits are said where they are not all. */
static int
network_take(ctl_pool_t *pool, pupil_str_t column, pupil_str_t *out)
{
    char    text[INET6_ADDRSTRLEN + 8];
    int     six;
    size_t  len;

    out->data = (const uint8_t *) "";
    out->len = 0;

    if (column.data == NULL) {
        return 0;
    }

    if (column.len < ADDRESS_HEAD) {
        return -1;
    }

    six = column.data[0] == FAMILY_6;
    len = six ? 16 : 4;

    if ((!six && column.data[0] != FAMILY_4)
        || column.len != ADDRESS_HEAD + len
        || inet_ntop(six ? AF_INET6 : AF_INET, column.data + ADDRESS_HEAD,
                     text, INET6_ADDRSTRLEN) == NULL)
    {
        return -1;
    }

    if (column.data[1] != 8 * len) {
        snprintf(text + strlen(text), 8, "/%u", column.data[1]);
    }

    *out = ctl_pool_str(pool, text, strlen(text));

    return 0;
}


/* {uuid,uuid}; an array of another form is none of ours. */
static int
subjects_take(ctl_pool_t *pool, pupil_str_t column, pupil_str_t *out)
{
    size_t         at;
    uint8_t       *p;
    pupil_uuid_t   subject;

    out->data = (const uint8_t *) "{}";
    out->len = 2;

    if (column.len == ARRAY_NONE && word_is(column, 0, 0)) {
        return 0;
    }

    if (column.len <= ARRAY_HEAD
        || (column.len - ARRAY_HEAD) % MEMBER_LEN != 0
        || !word_is(column, 0, 1)           /* a dimension, */
        || !word_is(column, 4, 0)           /* no NULL, */
        || !word_is(column, 16, 1))         /* from 1 on */
    {
        return -1;
    }

    p = ctl_pool_alloc(pool, 2 + (column.len - ARRAY_HEAD) / MEMBER_LEN
                                 * (PUPIL_UUID_TEXT_LEN + 1));
    out->data = p;
    *p++ = '{';

    for (at = ARRAY_HEAD; at < column.len; at += MEMBER_LEN) {
        memcpy(subject.b, column.data + at + 4, PUPIL_UUID_LEN);
        pupil_uuid_format(&subject, p);
        p += PUPIL_UUID_TEXT_LEN;
        *p++ = ',';
    }

    p[-1] = '}';
    out->len = (size_t) (p - out->data);

    return 0;
}


static int
word_is(pupil_str_t column, size_t at, uint32_t value)
{
    const uint8_t  *p;

    p = column.data + at;

    return (((uint32_t) p[0] << 24) | ((uint32_t) p[1] << 16)
            | ((uint32_t) p[2] << 8) | p[3]) == value;
}

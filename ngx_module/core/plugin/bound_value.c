/*
 * Copyright (C) the Pupil authors
 *
 * What is bound of a plain column: its value as PostgreSQL sends it, from the
 * clear value, for each type.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/plugin/bound.h"


/* Days from 1970-01-01 to where PostgreSQL counts from. */
#define PUPIL_BOUND_DAYS  10957

/* Bytes of a column of fixed size at most. */
#define PUPIL_BOUND_FIXED  16


typedef pupil_rc_t (*pupil_bound_pt)(pupil_str_t value, uint8_t *out,
    size_t *len);


static pupil_rc_t pupil_bound_of_integer(pupil_str_t value, uint8_t *out,
    size_t *len);
static pupil_rc_t pupil_bound_of_boolean(pupil_str_t value, uint8_t *out,
    size_t *len);
static pupil_rc_t pupil_bound_of_uuid(pupil_str_t value, uint8_t *out,
    size_t *len);
static pupil_rc_t pupil_bound_of_date(pupil_str_t value, uint8_t *out,
    size_t *len);
static pupil_rc_t pupil_bound_of_time(pupil_str_t value, uint8_t *out,
    size_t *len);
static pupil_rc_t pupil_bound_of_list(pupil_bound_row_t *row, int32_t field,
    pupil_str_t value, const pupil_alloc_t *alloc);
static void pupil_u64_write(uint8_t *out, uint64_t value);


/* Of fixed size. */
static const pupil_bound_pt  pupil_bound_types[PUPIL_TYPE_COUNT] = {
    [PUPIL_TYPE_INTEGER]   = pupil_bound_of_integer,
    [PUPIL_TYPE_BOOLEAN]   = pupil_bound_of_boolean,
    [PUPIL_TYPE_UUID]      = pupil_bound_of_uuid,
    [PUPIL_TYPE_DATE]      = pupil_bound_of_date,
    [PUPIL_TYPE_TIMESTAMP] = pupil_bound_of_time
};


pupil_rc_t
pupil_bound_value(pupil_bound_row_t *row, const pupil_category_t *category,
    int32_t field, pupil_str_t value, const pupil_alloc_t *alloc)
{
    uint8_t         *out;
    uint32_t         type;
    pupil_bound_pt   make;

    type = category->plugin->fields[field].type;

    row->cells[field] = value;
    row->has[field] = 1;

    if (value.data == NULL || type == PUPIL_TYPE_TEXT) {
        return PUPIL_OK;
    }

    if (type == PUPIL_TYPE_UUID_LIST) {
        return pupil_bound_of_list(row, field, value, alloc);
    }

    make = pupil_bound_types[type];
    if (make == NULL) {
        return PUPIL_INVALID;
    }

    out = alloc->alloc(alloc->ctx, PUPIL_BOUND_FIXED);
    if (out == NULL) {
        return PUPIL_NO_MEMORY;
    }

    row->cells[field].data = out;

    return make(value, out, &row->cells[field].len);
}


/* Digits, with a sign or not, that were found to fit. */
static pupil_rc_t
pupil_bound_of_integer(pupil_str_t value, uint8_t *out, size_t *len)
{
    size_t    i;
    uint64_t  number;

    for (i = value.data[0] == '-', number = 0; i < value.len; i++) {
        if (!pupil_is_digit(value.data[i])) {
            return PUPIL_INVALID;
        }

        number = number * 10 + (uint64_t) (value.data[i] - '0');
    }

    pupil_u64_write(out, value.data[0] == '-' ? 0 - number : number);
    *len = 8;

    return PUPIL_OK;
}


static pupil_rc_t
pupil_bound_of_boolean(pupil_str_t value, uint8_t *out, size_t *len)
{
    out[0] = pupil_str_is(value, "true") ? 1 : 0;
    *len = 1;

    return PUPIL_OK;
}


static pupil_rc_t
pupil_bound_of_uuid(pupil_str_t value, uint8_t *out, size_t *len)
{
    pupil_rc_t    rc;
    pupil_uuid_t  uuid;

    rc = pupil_uuid_parse(value.data, value.len, &uuid);
    if (rc == PUPIL_OK) {
        memcpy(out, uuid.b, PUPIL_UUID_LEN);
        *len = PUPIL_UUID_LEN;
    }

    return rc;
}


static pupil_rc_t
pupil_bound_of_date(pupil_str_t value, uint8_t *out, size_t *len)
{
    int32_t     days;
    pupil_rc_t  rc;

    rc = pupil_date_parse(value.data, value.len, &days);
    if (rc == PUPIL_OK) {
        pupil_u32_write(out, (uint32_t) (days - PUPIL_BOUND_DAYS));
        *len = 4;
    }

    return rc;
}


static pupil_rc_t
pupil_bound_of_time(pupil_str_t value, uint8_t *out, size_t *len)
{
    pupil_rc_t    rc;
    pupil_time_t  time;

    rc = pupil_time_parse(value.data, value.len, &time);
    if (rc == PUPIL_OK) {
        pupil_u64_write(out, (uint64_t) (time - PUPIL_BOUND_EPOCH));
        *len = 8;
    }

    return rc;
}


/* Ids with single spaces between them. */
static pupil_rc_t
pupil_bound_of_list(pupil_bound_row_t *row, int32_t field, pupil_str_t value,
    const pupil_alloc_t *alloc)
{
    uint8_t       *out;
    uint32_t       i, n;
    pupil_uuid_t  *uuids;

    n = (uint32_t) ((value.len + 1) / (PUPIL_UUID_TEXT_LEN + 1));

    uuids = alloc->alloc(alloc->ctx, (n + 1) * sizeof(pupil_uuid_t));
    out = alloc->alloc(alloc->ctx, pupil_bound_uuids_size(n));
    if (uuids == NULL || out == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (i = 0; i < n; i++) {
        if (pupil_uuid_parse(value.data + i * (PUPIL_UUID_TEXT_LEN + 1),
                             PUPIL_UUID_TEXT_LEN, &uuids[i])
            != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    }

    pupil_bound_uuids(row, field, uuids, n, out);

    return PUPIL_OK;
}


static void
pupil_u64_write(uint8_t *out, uint64_t value)
{
    pupil_u32_write(out, (uint32_t) (value >> 32));
    pupil_u32_write(out + 4, (uint32_t) value);
}

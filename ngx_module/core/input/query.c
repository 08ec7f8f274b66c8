/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/input/query.h"


#define QUERY_PART_MAX    64    /* bytes of a name or value, decoded */
#define QUERY_CURSOR_LEN  (sizeof(uint64_t) + PUPIL_UUID_LEN)


/* A name or value; what is longer than the room for it is cut, and said. */
typedef struct {
    uint8_t   data[QUERY_PART_MAX];
    size_t    len;
    unsigned  cut;
} query_part_t;


typedef struct {
    const pupil_argument_t  *table;
    void                    *out;
    uint32_t                 given;     /* a bit per row of the table */
} query_t;


const pupil_page_t  pupil_page_first = {
    .limit = PUPIL_INPUT_LIMIT_DEFAULT
};


static int
query_is(const uint8_t *s, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(s, name, len) == 0;
}


const char *
pupil_argument_limit(const uint8_t *s, size_t len, void *out)
{
    size_t    i;
    uint32_t  value;

    if (len == 0 || (s[0] == '0' && len > 1)) {
        return "integer";
    }

    for (i = 0, value = 0; i < len; i++) {
        if (!pupil_is_digit(s[i])) {
            return "integer";
        }

        /* beyond the maximum it only matters that it stays there */
        if (value <= PUPIL_INPUT_LIMIT_MAX) {
            value = value * 10 + (uint32_t) (s[i] - '0');
        }
    }

    memcpy(out, &value, sizeof(value));

    return value < 1 ? "minimum"
           : value > PUPIL_INPUT_LIMIT_MAX ? "maximum" : NULL;
}


const char *
pupil_argument_cursor(const uint8_t *s, size_t len, void *out)
{
    return pupil_cursor_decode(s, len, out) == PUPIL_OK ? NULL : "cursor";
}


const char *
pupil_argument_uuid(const uint8_t *s, size_t len, void *out)
{
    return pupil_uuid_parse(s, len, out) == PUPIL_OK ? NULL : "uuid";
}


/* Percent-decoding, RFC 3986 section 2.1; '+' is itself. */
static pupil_rc_t
query_decode(const uint8_t *s, size_t len, query_part_t *part)
{
    size_t   i, written;
    uint8_t  c;

    part->len = 0;
    part->cut = 0;

    for (i = 0; i < len; i++) {
        c = s[i];

        if (c == '%') {
            if (len - i < 3
                || pupil_hex_decode(s + i + 1, 2, &c, 1, &written)
                   != PUPIL_OK)
            {
                return PUPIL_INVALID;
            }

            i += 2;
        }

        if (part->len == QUERY_PART_MAX) {
            part->cut = 1;

        } else {
            part->data[part->len++] = c;
        }
    }

    return PUPIL_OK;
}


static pupil_rc_t
query_refuse(pupil_fault_t *fault, const query_part_t *name,
    const char *rule)
{
    char  field[sizeof(fault->field)];

    pupil_json_name(name->data, name->len, field, sizeof(field));

    return pupil_fault_set(fault, 422, field, rule);
}


/* The place of an argument in the table, which it ends when there is none. */
static size_t
query_find(const query_part_t *name, const pupil_argument_t *table)
{
    size_t  i;

    for (i = 0; table[i].name != NULL; i++) {
        if (!name->cut && query_is(name->data, name->len, table[i].name)) {
            break;
        }
    }

    return i;
}


/* One name=value. */
static pupil_rc_t
query_argument(query_t *query, const uint8_t *s, size_t len,
    pupil_fault_t *fault)
{
    size_t                   i, name_len;
    const char              *broken;
    query_part_t             name, value;
    const uint8_t           *equals;
    const pupil_argument_t  *argument;

    equals = len != 0 ? memchr(s, '=', len) : NULL;
    name_len = equals != NULL ? (size_t) (equals - s) : len;

    if (name_len == 0) {
        return pupil_fault_set(fault, 422, "", "malformed");
    }

    if (query_decode(s, name_len, &name) != PUPIL_OK) {
        return pupil_fault_set(fault, 422, "", "percent-encoding");
    }

    i = query_find(&name, query->table);
    argument = &query->table[i];

    if (argument->name == NULL) {
        return query_refuse(fault, &name, "additionalProperties");
    }

    if (query->given & (UINT32_C(1) << i)) {
        return query_refuse(fault, &name, "duplicate-key");
    }

    query->given |= UINT32_C(1) << i;

    if (equals == NULL) {
        return query_refuse(fault, &name, "malformed");
    }

    if (query_decode(equals + 1, len - name_len - 1, &value) != PUPIL_OK) {
        return query_refuse(fault, &name, "percent-encoding");
    }

    broken = value.cut ? "maxLength"
                       : argument->set(value.data, value.len,
                                       (uint8_t *) query->out
                                       + argument->offset);

    return broken == NULL ? PUPIL_OK : query_refuse(fault, &name, broken);
}


pupil_rc_t
pupil_input_query(const pupil_str_t *args, const pupil_argument_t *table,
    void *out, pupil_fault_t *fault)
{
    size_t          rest, len;
    query_t         query = { .table = table, .out = out };
    pupil_rc_t      rc;
    const uint8_t  *p, *next;

    if (args->len == 0) {
        return PUPIL_OK;
    }

    for (p = args->data, rest = args->len; /* void */; p = next + 1) {
        next = rest != 0 ? memchr(p, '&', rest) : NULL;
        len = next != NULL ? (size_t) (next - p) : rest;

        rc = query_argument(&query, p, len, fault);
        if (rc != PUPIL_OK || next == NULL) {
            return rc;
        }

        rest -= len + 1;
    }
}


void
pupil_cursor_encode(const pupil_cursor_t *cursor,
    uint8_t out[PUPIL_CURSOR_TEXT_LEN])
{
    size_t    i;
    uint8_t   bytes[QUERY_CURSOR_LEN];
    uint64_t  time;

    time = (uint64_t) cursor->time;

    for (i = sizeof(time); i != 0; i--) {
        bytes[i - 1] = (uint8_t) (time & 0xff);
        time >>= 8;
    }

    memcpy(bytes + sizeof(time), cursor->id.b, PUPIL_UUID_LEN);
    pupil_base64url_encode(bytes, sizeof(bytes), out);
}


pupil_rc_t
pupil_cursor_decode(const uint8_t *s, size_t len, pupil_cursor_t *out)
{
    size_t    i, written;
    uint8_t   bytes[QUERY_CURSOR_LEN];
    uint64_t  time;

    if (len != PUPIL_CURSOR_TEXT_LEN
        || pupil_base64url_decode(s, len, bytes, sizeof(bytes), &written)
           != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    for (i = 0, time = 0; i < sizeof(time); i++) {
        time = time << 8 | bytes[i];
    }

    if (time > (uint64_t) PUPIL_TIME_MAX) {
        return PUPIL_INVALID;
    }

    out->time = (pupil_time_t) time;
    memcpy(out->id.b, bytes + sizeof(time), PUPIL_UUID_LEN);

    return pupil_uuid_is_zero(&out->id) ? PUPIL_INVALID : PUPIL_OK;
}

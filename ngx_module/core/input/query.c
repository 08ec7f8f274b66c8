/*
 * Copyright (C) the Pupil authors
 *
 * The part of input.h about query arguments and cursors.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/input/input.h"


#define QUERY_PART_MAX    64    /* bytes of a name or value, decoded */
#define QUERY_CURSOR_LEN  (sizeof(uint64_t) + PUPIL_UUID_LEN)


/* Sets its member of out; the name of the rule that is broken, or NULL. */
typedef const char *(*query_set_pt)(const uint8_t *s, size_t len,
    pupil_input_query_t *out);


typedef struct {
    const char    *name;
    unsigned       bit;
    query_set_pt   set;
} query_argument_t;


/* A name or value; what is longer than the room for it is cut, and said. */
typedef struct {
    uint8_t   data[QUERY_PART_MAX];
    size_t    len;
    unsigned  cut;
} query_part_t;


static const char *query_set_status(const uint8_t *s, size_t len,
    pupil_input_query_t *out);
static const char *query_set_limit(const uint8_t *s, size_t len,
    pupil_input_query_t *out);
static const char *query_set_cursor(const uint8_t *s, size_t len,
    pupil_input_query_t *out);
static const char *query_set_homework_id(const uint8_t *s, size_t len,
    pupil_input_query_t *out);


static const query_argument_t  query_arguments[] = {
    { "status", PUPIL_QUERY_STATUS, query_set_status },
    { "limit", PUPIL_QUERY_LIMIT, query_set_limit },
    { "cursor", PUPIL_QUERY_CURSOR, query_set_cursor },
    { "homework_id", PUPIL_QUERY_HOMEWORK_ID, query_set_homework_id }
};


static int
query_is(const uint8_t *s, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(s, name, len) == 0;
}


static const char *
query_set_status(const uint8_t *s, size_t len, pupil_input_query_t *out)
{
    out->all = query_is(s, len, "all");

    return out->all || query_is(s, len, "open") ? NULL : "enum";
}


static const char *
query_set_limit(const uint8_t *s, size_t len, pupil_input_query_t *out)
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

    out->limit = value;

    return value < 1 ? "minimum"
           : value > PUPIL_INPUT_LIMIT_MAX ? "maximum" : NULL;
}


static const char *
query_set_cursor(const uint8_t *s, size_t len, pupil_input_query_t *out)
{
    return pupil_cursor_decode(s, len, &out->cursor) == PUPIL_OK ? NULL
                                                                 : "cursor";
}


static const char *
query_set_homework_id(const uint8_t *s, size_t len, pupil_input_query_t *out)
{
    return pupil_uuid_parse(s, len, &out->homework_id) == PUPIL_OK ? NULL
                                                                   : "uuid";
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


/* The argument of that name; NULL when this endpoint takes none such. */
static const query_argument_t *
query_find(const query_part_t *name, unsigned allowed)
{
    size_t                   i;
    const query_argument_t  *argument;

    for (i = 0; i < sizeof(query_arguments) / sizeof(query_arguments[0]);
         i++)
    {
        argument = &query_arguments[i];

        if ((allowed & argument->bit) && !name->cut
            && query_is(name->data, name->len, argument->name))
        {
            return argument;
        }
    }

    return NULL;
}


/* One name=value. */
static pupil_rc_t
query_argument(const uint8_t *s, size_t len, unsigned allowed,
    pupil_input_query_t *out, pupil_fault_t *fault)
{
    size_t                   name_len;
    const char              *broken;
    query_part_t             name, value;
    const uint8_t           *equals;
    const query_argument_t  *argument;

    equals = len != 0 ? memchr(s, '=', len) : NULL;
    name_len = equals != NULL ? (size_t) (equals - s) : len;

    if (name_len == 0) {
        return pupil_fault_set(fault, 422, "", "malformed");
    }

    if (query_decode(s, name_len, &name) != PUPIL_OK) {
        return pupil_fault_set(fault, 422, "", "percent-encoding");
    }

    argument = query_find(&name, allowed);
    if (argument == NULL) {
        return query_refuse(fault, &name, "additionalProperties");
    }

    if (out->given & argument->bit) {
        return query_refuse(fault, &name, "duplicate-key");
    }

    out->given |= argument->bit;

    if (equals == NULL) {
        return query_refuse(fault, &name, "malformed");
    }

    if (query_decode(equals + 1, len - name_len - 1, &value) != PUPIL_OK) {
        return query_refuse(fault, &name, "percent-encoding");
    }

    broken = value.cut ? "maxLength"
                       : argument->set(value.data, value.len, out);

    return broken == NULL ? PUPIL_OK : query_refuse(fault, &name, broken);
}


pupil_rc_t
pupil_input_query(const pupil_str_t *args, unsigned allowed,
    pupil_input_query_t *out, pupil_fault_t *fault)
{
    size_t          rest, len;
    pupil_rc_t      rc;
    const uint8_t  *p, *next;

    memset(out, 0, sizeof(pupil_input_query_t));
    out->limit = PUPIL_INPUT_LIMIT_DEFAULT;

    if (args->len == 0) {
        return PUPIL_OK;
    }

    for (p = args->data, rest = args->len; /* void */; p = next + 1) {
        next = rest != 0 ? memchr(p, '&', rest) : NULL;
        len = next != NULL ? (size_t) (next - p) : rest;

        rc = query_argument(p, len, allowed, out, fault);
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

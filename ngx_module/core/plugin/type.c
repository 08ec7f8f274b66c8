/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/number.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/plugin/type.h"


#define PUPIL_TYPE_DEPTH  16
#define PUPIL_TYPE_NODES  4096


typedef const char *(*pupil_type_pt)(pupil_str_t *value,
    const pupil_alloc_t *alloc);


static const char *pupil_type_text(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_json(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_decimal(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_integer(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_boolean(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_uuid(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_date(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_timestamp(pupil_str_t *value,
    const pupil_alloc_t *alloc);
static const char *pupil_type_uuid_list(pupil_str_t *value,
    const pupil_alloc_t *alloc);


const char  pupil_type_no_memory[] = "memory";

const pupil_json_limits_t  pupil_type_limits = {
    PUPIL_TYPE_DEPTH, PUPIL_TYPE_NODES
};

static const pupil_type_pt  pupil_type_checks[PUPIL_TYPE_COUNT] = {
    NULL,
    pupil_type_text,
    pupil_type_json,
    pupil_type_decimal,
    pupil_type_integer,
    pupil_type_boolean,
    pupil_type_uuid,
    pupil_type_date,
    pupil_type_timestamp,
    pupil_type_uuid_list
};


static const char *
pupil_type_text(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    (void) alloc;

    if (pupil_utf8_check(value->data, value->len, NULL) != PUPIL_OK) {
        return "utf8";
    }

    return value->len != 0 && memchr(value->data, '\0', value->len) != NULL
           ? "nul" : NULL;
}


static const char *
pupil_type_json(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    pupil_rc_t     rc;
    pupil_json_t   tree;
    pupil_fault_t  fault;

    rc = pupil_json_parse(alloc, value->data, value->len,
                          &pupil_type_limits, &tree, &fault);
    if (rc == PUPIL_NO_MEMORY) {
        return pupil_type_no_memory;
    }

    if (rc != PUPIL_OK) {
        return fault.rule;
    }

    *value = pupil_json_raw(&tree, 0);

    return NULL;
}


static const char *
pupil_type_decimal(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    const char       *rule;
    pupil_decimal_t   decimal;

    (void) alloc;

    return pupil_decimal_parse(value->data, value->len, &decimal, &rule)
           == PUPIL_OK ? NULL : rule;
}


/* -?(0|[1-9][0-9]*) that fits in 64 bits with a sign; no -0. */
static const char *
pupil_type_integer(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    size_t    i, minus;
    uint64_t  n, limit;

    (void) alloc;

    minus = value->len != 0 && value->data[0] == '-';
    limit = (uint64_t) INT64_MAX + minus;

    if (value->len == minus
        || (value->data[minus] == '0' && value->len != 1))
    {
        return "integer";
    }

    for (i = minus, n = 0; i < value->len; i++) {
        if (!pupil_is_digit(value->data[i])
            || n > (limit - (uint64_t) (value->data[i] - '0')) / 10)
        {
            return "integer";
        }

        n = n * 10 + (uint64_t) (value->data[i] - '0');
    }

    return NULL;
}


static const char *
pupil_type_boolean(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    (void) alloc;

    return pupil_str_is(*value, "true") || pupil_str_is(*value, "false")
           ? NULL : "type";
}


static const char *
pupil_type_uuid(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    pupil_uuid_t  uuid;

    (void) alloc;

    return pupil_uuid_parse(value->data, value->len, &uuid) == PUPIL_OK
           ? NULL : "uuid";
}


static const char *
pupil_type_date(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    int32_t  days;

    (void) alloc;

    return pupil_date_parse(value->data, value->len, &days) == PUPIL_OK
           ? NULL : "date";
}


/* Stored in UTC, whatever the zone it came with. */
static const char *
pupil_type_timestamp(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    uint8_t       *text;
    pupil_time_t   time;

    if (pupil_time_parse(value->data, value->len, &time) != PUPIL_OK) {
        return "date-time";
    }

    text = alloc->alloc(alloc->ctx, PUPIL_TIME_TEXT_MAX);
    if (text == NULL) {
        return pupil_type_no_memory;
    }

    value->data = text;
    value->len = pupil_time_format(time, text);

    return NULL;
}


static const char *
pupil_type_uuid_list(pupil_str_t *value, const pupil_alloc_t *alloc)
{
    size_t        i;
    pupil_uuid_t  uuid;

    (void) alloc;

    for (i = 0; i < value->len; i += PUPIL_UUID_TEXT_LEN + 1) {
        if (value->len - i < PUPIL_UUID_TEXT_LEN
            || pupil_uuid_parse(value->data + i, PUPIL_UUID_TEXT_LEN, &uuid)
               != PUPIL_OK)
        {
            return "uuid";
        }

        if (value->len - i > PUPIL_UUID_TEXT_LEN
            && (value->data[i + PUPIL_UUID_TEXT_LEN] != ' '
                || value->len - i == PUPIL_UUID_TEXT_LEN + 1))
        {
            return "uuid";
        }
    }

    return NULL;
}


/* The ids of an array as the text that stands for it. */
static const char *
pupil_type_list(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *text)
{
    size_t        len;
    uint8_t      *p;
    uint32_t      n;
    pupil_str_t   item;

    if (json->nodes[node].type != PUPIL_JSON_ARRAY) {
        return "type";
    }

    len = (size_t) json->nodes[node].children * (PUPIL_UUID_TEXT_LEN + 1);
    if (len > PUPIL_MAX_VALUE) {
        return "maxItems";
    }

    p = alloc->alloc(alloc->ctx, len + 1);
    if (p == NULL) {
        return pupil_type_no_memory;
    }

    text->data = p;

    for (n = pupil_json_first(json, node); n != PUPIL_JSON_NONE;
         n = pupil_json_next(json, n))
    {
        item = pupil_json_raw(json, n);

        if (json->nodes[n].type != PUPIL_JSON_STRING
            || item.len != PUPIL_UUID_TEXT_LEN + 2)
        {
            return "uuid";
        }

        if (p != text->data) {
            *p++ = ' ';
        }

        memcpy(p, item.data + 1, PUPIL_UUID_TEXT_LEN);
        p += PUPIL_UUID_TEXT_LEN;
    }

    text->len = (size_t) (p - text->data);

    return NULL;
}


const char *
pupil_type_from_json(uint32_t type, const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *text)
{
    uint8_t  got;

    got = json->nodes[node].type;

    switch (type) {

    case PUPIL_TYPE_JSON:
        break;

    case PUPIL_TYPE_DECIMAL:
    case PUPIL_TYPE_INTEGER:
        if (got != PUPIL_JSON_NUMBER) {
            return "type";
        }
        break;

    case PUPIL_TYPE_BOOLEAN:
        if (got != PUPIL_JSON_TRUE && got != PUPIL_JSON_FALSE) {
            return "type";
        }
        break;

    case PUPIL_TYPE_UUID_LIST:
        return pupil_type_list(json, node, alloc, text);

    default:
        if (got != PUPIL_JSON_STRING) {
            return "type";
        }

        return pupil_json_string(json, node, alloc, text) == PUPIL_OK
               ? NULL : pupil_type_no_memory;
    }

    *text = pupil_json_raw(json, node);

    return NULL;
}


const char *
pupil_type_check(uint32_t type, pupil_str_t *value,
    const pupil_alloc_t *alloc)
{
    return pupil_type_checks[type](value, alloc);
}

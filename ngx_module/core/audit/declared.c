/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "core/audit/declared.h"
#include "core/base/text.h"
#include "core/vault/keyed.h"


#define DECLARED_WRITER  "writer "
#define DECLARED_END     " end "


static uint8_t *declared_text(uint8_t *p, const char *text);
static uint8_t *declared_number(uint8_t *p, uint64_t value);
static int declared_take(pupil_str_t *note, const char *text);
static pupil_rc_t declared_digits(pupil_str_t *note, uint64_t *value);


uint8_t *
pupil_declared_head(uint8_t *p, uint64_t writer)
{
    uint8_t  bytes[8];

    pupil_u32_write(bytes, (uint32_t) (writer >> 32));
    pupil_u32_write(bytes + 4, (uint32_t) writer);

    p = declared_text(p, DECLARED_WRITER);
    p += pupil_hex_encode(bytes, sizeof(bytes), p);
    *p++ = ':';

    return p;
}


uint8_t *
pupil_declared_range(uint8_t *p, const pupil_numbers_range_t *range)
{
    *p++ = ' ';
    p = declared_number(p, range->first);

    if (range->last != range->first) {
        *p++ = '-';
        p = declared_number(p, range->last);
    }

    if (range->choice != 0) {
        *p++ = '=';
        p = declared_number(p, range->choice);
    }

    return p;
}


uint8_t *
pupil_declared_end(uint8_t *p, uint64_t last)
{
    return declared_number(declared_text(p, DECLARED_END), last);
}


pupil_rc_t
pupil_declared_parse(pupil_str_t *note, uint64_t *writer)
{
    size_t   len;
    uint8_t  bytes[8];

    if (!declared_take(note, DECLARED_WRITER) || note->len < 17
        || note->data[16] != ':'
        || pupil_hex_decode(note->data, 16, bytes, sizeof(bytes), &len)
           != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    *writer = (uint64_t) pupil_u32_read(bytes) << 32
              | pupil_u32_read(bytes + 4);
    note->data += 17;
    note->len -= 17;

    return PUPIL_OK;
}


pupil_rc_t
pupil_declared_next(pupil_str_t *note, pupil_numbers_range_t *range,
    int *ended)
{
    uint64_t  choice;

    choice = 0;
    *ended = 0;

    if (note->len == 0) {
        return PUPIL_NOT_FOUND;
    }

    if (declared_take(note, DECLARED_END)) {
        *ended = 1;
        range->first = 0;
        range->choice = 0;

        return declared_digits(note, &range->last);
    }

    if (!declared_take(note, " ")
        || declared_digits(note, &range->first) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    range->last = range->first;

    if (declared_take(note, "-")
        && declared_digits(note, &range->last) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    if (declared_take(note, "=")
        && declared_digits(note, &choice) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    range->choice = (uint32_t) choice;

    return choice < PUPIL_NUMBERS_CHOICES && range->last >= range->first
           ? PUPIL_OK : PUPIL_INVALID;
}


static uint8_t *
declared_text(uint8_t *p, const char *text)
{
    size_t  len;

    len = strlen(text);
    memcpy(p, text, len);

    return p + len;
}


static uint8_t *
declared_number(uint8_t *p, uint64_t value)
{
    size_t    n;
    uint64_t  rest;

    for (n = 1, rest = value; rest >= 10; rest /= 10) {
        n++;
    }

    return pupil_digits_put(p, value, n);
}


static int
declared_take(pupil_str_t *note, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (note->len < len || memcmp(note->data, text, len) != 0) {
        return 0;
    }

    note->data += len;
    note->len -= len;

    return 1;
}


static pupil_rc_t
declared_digits(pupil_str_t *note, uint64_t *value)
{
    size_t  n;

    *value = 0;

    for (n = 0; n < note->len && pupil_is_digit(note->data[n]); n++) {

        if (n == 18) {
            return PUPIL_INVALID;
        }

        *value = *value * 10 + (uint64_t) (note->data[n] - '0');
    }

    note->data += n;
    note->len -= n;

    return n != 0 ? PUPIL_OK : PUPIL_INVALID;
}

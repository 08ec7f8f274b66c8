/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/endpoints/words.h"


#define PUPIL_WORDS_TEXT  256     /* bytes of a list for a message */


/* A unit, and how many of the smallest it has. */
typedef struct {
    const char  *name;
    int64_t      scale;
} pupil_unit_t;


/* From the largest to the smallest, which is the order in a time. */
static const pupil_unit_t  pupil_times[] = {
    { "y",  INT64_C(365) * 86400 * 1000 },
    { "M",  INT64_C(30) * 86400 * 1000 },
    { "w",  INT64_C(7) * 86400 * 1000 },
    { "d",  86400 * 1000 },
    { "h",  3600 * 1000 },
    { "m",  60 * 1000 },
    { "s",  1000 },
    { "ms", 1 }
};

static const pupil_unit_t  pupil_sizes[] = {
    { "m", 1024 * 1024 },
    { "k", 1024 },
    { "",  1 }
};


void
pupil_words_init(pupil_words_t *words)
{
    uint32_t  i;

    memset(words, 0, sizeof(pupil_words_t));

    for (i = 0; i < PUPIL_WORDS_MAX; i++) {
        words->number[i] = PUPIL_WORD_UNSET;
    }
}


int64_t
pupil_words_number(const pupil_words_t *words, uint32_t row,
    int64_t otherwise)
{
    return words->number[row] != PUPIL_WORD_UNSET ? words->number[row]
                                                  : otherwise;
}


static int
pupil_word_is(pupil_str_t text, const char *word)
{
    return text.len == strlen(word)
           && strncasecmp((const char *) text.data, word, text.len) == 0;
}


/* Digits at the beginning, which are cut off; -1: none, or too many. */
static int64_t
pupil_digits_take(pupil_str_t *text)
{
    int64_t  value;

    if (text->len == 0 || !pupil_is_digit(*text->data)) {
        return -1;
    }

    for (value = 0; text->len != 0 && pupil_is_digit(*text->data); /* void */)
    {
        if (__builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, *text->data - '0', &value))
        {
            return -1;
        }

        text->data++;
        text->len--;
    }

    return value;
}


static int64_t
pupil_number_parse(pupil_str_t text)
{
    int64_t  value;

    value = pupil_digits_take(&text);

    return text.len == 0 ? value : -1;
}


int64_t
pupil_size_parse(pupil_str_t text)
{
    int64_t   value;
    uint32_t  i;

    value = pupil_digits_take(&text);

    for (i = 0; value >= 0 && i < PUPIL_COUNT(pupil_sizes); i++) {
        if (pupil_word_is(text, pupil_sizes[i].name)) {
            return __builtin_mul_overflow(value, pupil_sizes[i].scale, &value)
                   ? -1 : value;
        }
    }

    return -1;
}


/* The unit at the beginning of text, from first on; the count: none. */
static uint32_t
pupil_unit_take(pupil_str_t *text, uint32_t first)
{
    size_t    len;
    uint32_t  i;

    for (len = 0; len < text->len; len++) {
        if (text->data[len] == ' ' || pupil_is_digit(text->data[len])) {
            break;
        }
    }

    for (i = first; i < PUPIL_COUNT(pupil_times); i++) {
        if (strlen(pupil_times[i].name) == len
            && memcmp(text->data, pupil_times[i].name, len) == 0)
        {
            text->data += len;
            text->len -= len;
            break;
        }
    }

    return i;
}


/* Milliseconds, or -1. */
static int64_t
pupil_time_take(pupil_str_t text)
{
    int64_t   value, total;
    uint32_t  next, unit;

    if (text.len == 0) {
        return -1;
    }

    for (total = 0, next = 0; text.len != 0; next = unit + 1) {
        value = pupil_digits_take(&text);

        if (value < 0) {
            return -1;
        }

        if (text.len == 0) {
            unit = PUPIL_COUNT(pupil_times) - 2;        /* seconds */

            if (unit < next) {
                return -1;
            }

        } else {
            unit = pupil_unit_take(&text, next);

            if (unit == PUPIL_COUNT(pupil_times)) {
                return -1;
            }
        }

        if (__builtin_mul_overflow(value, pupil_times[unit].scale, &value)
            || __builtin_add_overflow(total, value, &total))
        {
            return -1;
        }

        while (text.len != 0 && *text.data == ' ') {
            text.data++;
            text.len--;
        }
    }

    return total;
}


/* -1: it is no number of this kind. */
static int64_t
pupil_word_number(pupil_word_kind_t kind, pupil_str_t text)
{
    int64_t  value;

    switch (kind) {

    case PUPIL_WORD_BYTES:
        return pupil_size_parse(text);

    case PUPIL_WORD_KIB:
        value = pupil_size_parse(text);
        return value < 0 ? -1 : value / 1024;

    case PUPIL_WORD_MSEC:
        return pupil_time_take(text);

    case PUPIL_WORD_SEC:
        value = pupil_time_take(text);
        return value % 1000 != 0 ? -1 : value / 1000;

    default:
        return pupil_number_parse(text);
    }
}


/* A bound in the largest unit that it is a whole number of. */
static int
pupil_bound_print(pupil_word_kind_t kind, int64_t bound, char *out,
    size_t size)
{
    uint32_t             i, count;
    const pupil_unit_t  *units;

    switch (kind) {

    case PUPIL_WORD_BYTES:
    case PUPIL_WORD_KIB:
        bound *= kind == PUPIL_WORD_KIB ? 1024 : 1;
        units = pupil_sizes;
        count = PUPIL_COUNT(pupil_sizes);
        break;

    case PUPIL_WORD_MSEC:
    case PUPIL_WORD_SEC:
        bound *= kind == PUPIL_WORD_SEC ? 1000 : 1;
        units = &pupil_times[3];        /* days: weeks are no round number */
        count = PUPIL_COUNT(pupil_times) - 3;
        break;

    default:
        return snprintf(out, size, "%" PRId64, bound);
    }

    for (i = 0; i + 1 < count && bound % units[i].scale != 0; i++) {
        /* void */
    }

    return snprintf(out, size, "%" PRId64 "%s", bound / units[i].scale,
                    units[i].name);
}


static pupil_rc_t
pupil_word_bounds(const pupil_word_t *word, pupil_str_t given,
    pupil_error_t *error)
{
    char  min[32], max[32];

    (void) pupil_bound_print(word->kind, word->min, min, sizeof(min));
    (void) pupil_bound_print(word->kind, word->max, max, sizeof(max));

    return pupil_error_set(error, "\"%.*s\" is out of bounds: %s to %s%s",
                           (int) given.len, (const char *) given.data, min,
                           max, word->off ? ", or off" : "");
}


/* Lists names for a message. */
static void
pupil_list_add(char list[PUPIL_WORDS_TEXT], const char *name)
{
    size_t  len;

    len = strlen(list);
    (void) snprintf(list + len, PUPIL_WORDS_TEXT - len, "%s%s",
                    len != 0 ? ", " : "", name);
}


static pupil_rc_t
pupil_word_choose(const pupil_word_t *word, pupil_str_t text, int64_t *number,
    pupil_error_t *error)
{
    char                list[PUPIL_WORDS_TEXT];
    const char *const  *choice;

    list[0] = '\0';

    for (choice = word->choices; *choice != NULL; choice++) {
        if (pupil_word_is(text, *choice)) {
            *number = choice - word->choices;
            return PUPIL_OK;
        }

        pupil_list_add(list, *choice);
    }

    return pupil_error_set(error, "\"%.*s\" is none of: %s", (int) text.len,
                           (const char *) text.data, list);
}


static pupil_rc_t
pupil_word_value(const pupil_word_t *word, pupil_str_t given,
    pupil_str_t text, int64_t *number, pupil_error_t *error)
{
    if (word->off && pupil_word_is(text, "off")) {
        *number = 0;
        return PUPIL_OK;
    }

    switch (word->kind) {

    case PUPIL_WORD_TEXT:
        *number = 0;
        return text.len != 0 ? PUPIL_OK
               : pupil_error_set(error, "\"%.*s\" is empty", (int) given.len,
                                 (const char *) given.data);

    case PUPIL_WORD_FLAG:
        *number = 1;
        return PUPIL_OK;

    case PUPIL_WORD_CHOICE:
        return pupil_word_choose(word, text, number, error);

    default:
        *number = pupil_word_number(word->kind, text);

        return *number >= word->min && *number <= word->max
               ? PUPIL_OK : pupil_word_bounds(word, given, error);
    }
}


static int
pupil_word_named(const pupil_word_t *word, pupil_str_t given)
{
    size_t  len;

    len = strlen(word->name);

    return (word->kind == PUPIL_WORD_FLAG ? given.len == len
                                          : given.len >= len)
           && memcmp(given.data, word->name, len) == 0;
}


/* The row that a word is of; the count: of none. */
static uint32_t
pupil_word_find(const pupil_word_t *table, uint32_t count, pupil_str_t given,
    uint32_t place)
{
    uint32_t  i;

    for (i = 0; i < count; i++) {
        if (table[i].name[0] == '\0' ? place == 0
                                     : pupil_word_named(&table[i], given))
        {
            break;
        }
    }

    return i;
}


static pupil_rc_t
pupil_word_unknown(const pupil_word_t *table, uint32_t count,
    pupil_str_t given, pupil_error_t *error)
{
    char      list[PUPIL_WORDS_TEXT];
    uint32_t  i;

    list[0] = '\0';

    for (i = 0; i < count; i++) {
        if (table[i].name[0] != '\0') {
            pupil_list_add(list, table[i].name);
        }
    }

    return pupil_error_set(error, "unknown parameter \"%.*s\"%s%s",
                           (int) given.len, (const char *) given.data,
                           list[0] != '\0' ? ": it takes " : "", list);
}


pupil_rc_t
pupil_words_read(const pupil_word_t *table, uint32_t count,
    const pupil_str_t *given, uint32_t given_count, pupil_words_t *words,
    pupil_error_t *error)
{
    size_t       len;
    uint32_t     i, row;
    pupil_rc_t   rc;
    pupil_str_t  text;

    for (i = 0; i < given_count; i++) {
        row = pupil_word_find(table, count, given[i], i);

        if (row == count) {
            return pupil_word_unknown(table, count, given[i], error);
        }

        if (words->number[row] != PUPIL_WORD_UNSET) {
            return pupil_error_set(error, "the parameter \"%s\" is there"
                                   " already", table[row].name);
        }

        len = strlen(table[row].name);
        text.data = given[i].data + len;
        text.len = given[i].len - len;

        rc = pupil_word_value(&table[row], given[i], text,
                              &words->number[row], error);
        if (rc != PUPIL_OK) {
            return rc;
        }

        words->text[row] = text;
    }

    return PUPIL_OK;
}

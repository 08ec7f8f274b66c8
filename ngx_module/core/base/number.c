/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/number.h"
#include "core/base/text.h"


#define NUMBER_DIGITS_MAX    15     /* significant digits of a decimal */
#define NUMBER_DECIMALS_MAX  6


/* What a scan of a JSON number finds. */
typedef struct {
    uint64_t  value;            /* all digits in a row, when they fit */
    unsigned  digits;           /* significant ones */
    unsigned  decimals;
    unsigned  negative;
    unsigned  exponent;
} number_t;


/* Digits into number; returns what follows them, NULL when there is none. */
static const uint8_t *
number_digits(const uint8_t *p, const uint8_t *end,
    number_t *number)
{
    const uint8_t  *start;

    for (start = p; p < end && pupil_is_digit(*p); p++) {
        if (*p != '0' || number->digits != 0) {
            number->digits++;
        }

        if (number->digits <= NUMBER_DIGITS_MAX) {
            number->value = number->value * 10 + (uint64_t) (*p - '0');
        }
    }

    return p == start ? NULL : p;
}


/* The whole grammar of RFC 8259 section 6, whatever we take of it. */
static pupil_rc_t
number_scan(const uint8_t *p, const uint8_t *end, number_t *number)
{
    const uint8_t  *start;

    memset(number, 0, sizeof(number_t));

    if (p < end && *p == '-') {
        number->negative = 1;
        p++;
    }

    start = p;
    p = number_digits(p, end, number);
    if (p == NULL || (*start == '0' && p - start > 1)) {
        return PUPIL_INVALID;
    }

    if (p < end && *p == '.') {
        start = ++p;
        p = number_digits(p, end, number);
        if (p == NULL) {
            return PUPIL_INVALID;
        }

        number->decimals = (unsigned) (p - start);
    }

    if (p < end && (*p == 'e' || *p == 'E')) {
        number->exponent = 1;
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        for (start = p; p < end && pupil_is_digit(*p); p++) { /* void */ }

        if (p == start) {
            return PUPIL_INVALID;
        }
    }

    return p == end ? PUPIL_OK : PUPIL_INVALID;
}


static const char *
number_decimal_rule(const uint8_t *s, size_t len, pupil_decimal_t *out)
{
    unsigned       i;
    number_t  number;

    if (number_scan(s, s + len, &number) != PUPIL_OK) {
        return "malformed";
    }

    if (number.exponent) {
        return "exponent";
    }

    if (number.decimals > NUMBER_DECIMALS_MAX) {
        return "decimals";
    }

    if (number.digits > NUMBER_DIGITS_MAX) {
        return "digits";
    }

    for (i = number.decimals; i < NUMBER_DECIMALS_MAX; i++) {
        if (number.value > (uint64_t) INT64_MAX / 10) {
            return "range";
        }

        number.value *= 10;
    }

    /* at most fifteen digits, or checked above */
    *out = (int64_t) number.value;
    if (number.negative) {
        *out = -*out;
    }

    return NULL;
}


pupil_rc_t
pupil_decimal_parse(const uint8_t *s, size_t len, pupil_decimal_t *out,
    const char **rule)
{
    const char  *broken;

    broken = number_decimal_rule(s, len, out);

    if (rule != NULL && broken != NULL) {
        *rule = broken;
    }

    return broken == NULL ? PUPIL_OK : PUPIL_INVALID;
}


pupil_rc_t
pupil_decimal_add(pupil_decimal_t a, pupil_decimal_t b, pupil_decimal_t *out)
{
    return __builtin_add_overflow(a, b, out) ? PUPIL_INVALID : PUPIL_OK;
}


int
pupil_decimal_compare(pupil_decimal_t a, pupil_decimal_t b)
{
    return (a > b) - (a < b);
}


size_t
pupil_decimal_format(pupil_decimal_t value,
    uint8_t out[PUPIL_DECIMAL_TEXT_MAX])
{
    size_t     digits;
    uint8_t   *p;
    uint64_t   whole, rest, fraction;

    p = out;

    /* unsigned, because INT64_MIN has no positive twin */
    whole = (uint64_t) value;
    if (value < 0) {
        *p++ = '-';
        whole = 0 - whole;
    }

    fraction = whole % PUPIL_DECIMAL_SCALE;
    whole /= PUPIL_DECIMAL_SCALE;

    for (digits = 1, rest = whole; rest >= 10; rest /= 10) {
        digits++;
    }

    p = pupil_digits_put(p, whole, digits);

    if (fraction != 0) {
        *p++ = '.';
        p = pupil_digits_put(p, fraction, NUMBER_DECIMALS_MAX);

        while (p[-1] == '0') {
            p--;
        }
    }

    return (size_t) (p - out);
}

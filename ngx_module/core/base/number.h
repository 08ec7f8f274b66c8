/*
 * Copyright (C) the Pupil authors
 *
 * Exact decimal numbers, so that 0.1 and 0.2 are 0.3.  What text.h says of
 * parsers holds.
 */

#ifndef PUPIL_NUMBER_H
#define PUPIL_NUMBER_H

#include "core/base/pupil.h"


#define PUPIL_DECIMAL_TEXT_MAX  21          /* -9223372036854.775808 */
#define PUPIL_DECIMAL_SCALE     1000000     /* of pupil_decimal_t */


/* Six places: the value times PUPIL_DECIMAL_SCALE. */
typedef int64_t  pupil_decimal_t;


/*
 * A JSON number token as an exact decimal.  PUPIL_OK, or PUPIL_INVALID with
 * *rule (static) naming what is broken: "malformed" (no JSON number),
 * "exponent" (has one), "decimals" (more than 6), "digits" (more than 15
 * significant), "range" (the magnitude is over 9223372036854.775807).
 * rule may be NULL.
 */
pupil_rc_t pupil_decimal_parse(const uint8_t *s, size_t len,
    pupil_decimal_t *out, const char **rule);

/* *out = a + b; PUPIL_INVALID when that does not fit.  out may be &a. */
pupil_rc_t pupil_decimal_add(pupil_decimal_t a, pupil_decimal_t b,
    pupil_decimal_t *out);

/* -1, 0 or 1. */
int pupil_decimal_compare(pupil_decimal_t a, pupil_decimal_t b);

/* The shortest JSON number, 3.5 for 2.50 + 1.  Returns the length. */
size_t pupil_decimal_format(pupil_decimal_t value,
    uint8_t out[PUPIL_DECIMAL_TEXT_MAX]);

#endif /* PUPIL_NUMBER_H */

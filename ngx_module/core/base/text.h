/*
 * Copyright (C) the Pupil authors
 *
 * Small texts with one right form: identifiers, times, durations, decimal
 * numbers, base64url, hex and UTF-8.  Parsers take bytes with a length, read
 * nothing behind it, allocate nothing and keep no state; they are allowed in
 * every context.  A parser that fails leaves *out undefined.
 */

#ifndef PUPIL_TEXT_H
#define PUPIL_TEXT_H

#include "core/base/pupil.h"


#define PUPIL_TIME_TEXT_MAX     27  /* 2026-11-21T08:00:00.123456Z */
#define PUPIL_DATE_TEXT_LEN     10  /* 2026-11-21 */
#define PUPIL_DECIMAL_TEXT_MAX  21  /* -9223372036854.775808 */
#define PUPIL_DURATION_MAX      64  /* bytes of a duration that is accepted */

#define PUPIL_TIME_SECOND  INT64_C(1000000)                 /* microseconds */
#define PUPIL_TIME_DAY     (86400 * PUPIL_TIME_SECOND)
#define PUPIL_TIME_MAX     INT64_C(32503679999999999)       /* end of 2999 */

#define PUPIL_DECIMAL_SCALE  1000000    /* of pupil_decimal_t */

/* Bytes that base64url without padding needs for n bytes, and the reverse. */
#define PUPIL_BASE64URL_LEN(n)     (((n) * 4 + 2) / 3)
#define PUPIL_BASE64URL_BYTES(n)   ((n) / 4 * 3 + (n) % 4 * 3 / 4)


/* An exact decimal with six places: the value times PUPIL_DECIMAL_SCALE. */
typedef int64_t  pupil_decimal_t;


/*
 * Exactly 36 characters, lower case, RFC 9562 layout of any version; the
 * zero UUID means "none" and is refused.  PUPIL_OK or PUPIL_INVALID.
 */
pupil_rc_t pupil_uuid_parse(const uint8_t *s, size_t len, pupil_uuid_t *out);

/* Writes 36 characters, no terminator. */
void pupil_uuid_format(const pupil_uuid_t *uuid,
    uint8_t out[PUPIL_UUID_TEXT_LEN]);

int pupil_uuid_is_zero(const pupil_uuid_t *uuid);

/* Less than, equal to or greater than zero, as memcmp().  Not for secrets. */
int pupil_uuid_compare(const pupil_uuid_t *a, const pupil_uuid_t *b);

/* A version 4 UUID from libsodium's generator; sodium_init() came before. */
void pupil_uuid_random(pupil_uuid_t *out);

/* The same of random bytes that the caller has. */
void pupil_uuid_of(const uint8_t random[PUPIL_UUID_LEN], pupil_uuid_t *out);


/*
 * RFC 3339 date-time with its zone: upper-case T and Z, or an offset of at
 * most 23:59; a fraction of one to six digits; a day that the calendar has;
 * years 1970 to 2999, before and after the offset is applied.  Second 60 is
 * refused.  PUPIL_OK or PUPIL_INVALID.
 */
pupil_rc_t pupil_time_parse(const uint8_t *s, size_t len, pupil_time_t *out);

/*
 * RFC 3339 in UTC, "2026-11-21T08:00:00Z"; the fraction is there when it is
 * not zero, without trailing zeros.  Returns the length, or 0 and writes
 * nothing when time is not within 0 .. PUPIL_TIME_MAX.  No terminator.
 */
size_t pupil_time_format(pupil_time_t time, uint8_t out[PUPIL_TIME_TEXT_MAX]);

/*
 * "2026-11-21" as days since 1970-01-01, years 1900 to 2999 (so the result
 * may be negative).  PUPIL_OK or PUPIL_INVALID.
 */
pupil_rc_t pupil_date_parse(const uint8_t *s, size_t len, int32_t *out);

/* Returns PUPIL_DATE_TEXT_LEN, or 0 outside of 1900 .. 2999. */
size_t pupil_date_format(int32_t days, uint8_t out[PUPIL_DATE_TEXT_LEN]);

/*
 * Is it an ISO 8601 duration as xAPI uses it: PT34S, P1DT2H, PT1.5S, P2W?
 * At least one component, in order, at most nine digits each; a fraction in
 * the last component only.  PUPIL_OK or PUPIL_INVALID.
 */
pupil_rc_t pupil_duration_check(const uint8_t *s, size_t len);


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


/*
 * RFC 4648 section 5 without padding; out has PUPIL_BASE64URL_LEN(len)
 * bytes.  Returns the length.  No table look-up depends on the bytes, so it
 * is fit for tokens.
 */
size_t pupil_base64url_encode(const uint8_t *s, size_t len, uint8_t *out);

/*
 * Strict reverse: no padding, no white space, unused bits zero.  Writes at
 * most size bytes; PUPIL_INVALID for everything else.  Fit for tokens; when
 * it fails, out may hold a part of them.
 */
pupil_rc_t pupil_base64url_decode(const uint8_t *s, size_t len, uint8_t *out,
    size_t size, size_t *written);

/* Lower case; out has 2 * len bytes.  Returns the length.  Fit for keys. */
size_t pupil_hex_encode(const uint8_t *s, size_t len, uint8_t *out);

/* Either case, an even number of digits, nothing else.  Fit for keys. */
pupil_rc_t pupil_hex_decode(const uint8_t *s, size_t len, uint8_t *out,
    size_t size, size_t *written);


/*
 * The bytes (1 to 4) of the UTF-8 sequence that s begins with, or 0 when it
 * is none: RFC 3629, so no overlong form, surrogate or value over U+10FFFF.
 */
size_t pupil_utf8_sequence(const uint8_t *s, size_t len);

/*
 * PUPIL_OK when all of s is UTF-8, with the number of code points in *chars
 * (which may be NULL), else PUPIL_INVALID.  NUL counts as a character.
 */
pupil_rc_t pupil_utf8_check(const uint8_t *s, size_t len, size_t *chars);


/*
 * Fills a fault and returns PUPIL_INVALID, so that it can be returned.  rule
 * is static; field, NUL-terminated, is cut to fit.  fault may be NULL.
 */
pupil_rc_t pupil_fault_set(pupil_fault_t *fault, uint16_t status,
    const char *field, const char *rule);

#endif /* PUPIL_TEXT_H */

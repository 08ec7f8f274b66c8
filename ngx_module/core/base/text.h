/*
 * Copyright (C) the Pupil authors
 *
 * Small texts with one right form: identifiers, base64url, hex and UTF-8.
 * Parsers, here and in time.h and number.h, take bytes with a length, read
 * nothing behind it, allocate nothing and keep no state; they are allowed in
 * every context.  A parser that fails leaves *out undefined.
 */

#ifndef PUPIL_TEXT_H
#define PUPIL_TEXT_H

#include <string.h>

#include "core/base/pupil.h"


/* Bytes that base64url without padding needs for n bytes, and the reverse. */
#define PUPIL_BASE64URL_LEN(n)     (((n) * 4 + 2) / 3)
#define PUPIL_BASE64URL_BYTES(n)   ((n) / 4 * 3 + (n) % 4 * 3 / 4)


static inline int
pupil_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Are these bytes this text? */
int pupil_str_is(pupil_str_t str, const char *text);

/* Writes value as exactly n digits; returns what is behind them. */
uint8_t *pupil_digits_put(uint8_t *p, uint64_t value, size_t n);


/*
 * Exactly 36 characters, lower case, RFC 9562 layout of any version; the
 * zero UUID means "none" and is refused.  PUPIL_OK or PUPIL_INVALID.
 */
pupil_rc_t pupil_uuid_parse(const uint8_t *s, size_t len, pupil_uuid_t *out);

/* Writes 36 characters, no terminator. */
void pupil_uuid_format(const pupil_uuid_t *uuid,
    uint8_t out[PUPIL_UUID_TEXT_LEN]);

int pupil_uuid_is_zero(const pupil_uuid_t *uuid);

/*
 * Less than, equal to or greater than zero, as memcmp().  Not for secrets.
 * Here, so that "== 0" is two comparisons and no call: rows are full of ids.
 */
static inline int
pupil_uuid_compare(const pupil_uuid_t *a, const pupil_uuid_t *b)
{
    return memcmp(a->b, b->b, PUPIL_UUID_LEN);
}

/* A version 4 UUID from libsodium's generator; sodium_init() came before. */
void pupil_uuid_random(pupil_uuid_t *out);

/* The same of random bytes that the caller has. */
void pupil_uuid_of(const uint8_t random[PUPIL_UUID_LEN], pupil_uuid_t *out);


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
 * Percent-encoding, RFC 3986 section 2.1, of all but unreserved characters;
 * out has 3 * len bytes.  Returns the length.
 */
size_t pupil_percent_encode(const uint8_t *s, size_t len, uint8_t *out);


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
 * Fills an error, cut to fit, and returns PUPIL_INVALID so that it can be
 * returned.  error may be NULL.
 */
pupil_rc_t pupil_error_set(pupil_error_t *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Fills a fault and returns PUPIL_INVALID, so that it can be returned.  rule
 * is static; field, NUL-terminated, is cut to fit.  fault may be NULL.
 */
pupil_rc_t pupil_fault_set(pupil_fault_t *fault, uint16_t status,
    const char *field, const char *rule);

#endif /* PUPIL_TEXT_H */

/*
 * Copyright (C) the Pupil authors
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"


static const char  text_hex[] = "0123456789abcdef";


static int
text_hex_digit(uint8_t c)
{
    if (pupil_is_digit(c)) {
        return c - '0';
    }

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


static int
text_is_uuid_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}


int
pupil_str_is(pupil_str_t str, const char *text)
{
    return strlen(text) == str.len
           && (str.len == 0 || memcmp(str.data, text, str.len) == 0);
}


uint8_t *
pupil_digits_put(uint8_t *p, uint64_t value, size_t n)
{
    size_t  i;

    for (i = n; i != 0; i--) {
        p[i - 1] = (uint8_t) ('0' + value % 10);
        value /= 10;
    }

    return p + n;
}


pupil_rc_t
pupil_uuid_parse(const uint8_t *s, size_t len, pupil_uuid_t *out)
{
    int     high, low;
    size_t  i, n;

    if (len != PUPIL_UUID_TEXT_LEN) {
        return PUPIL_INVALID;
    }

    for (i = 0, n = 0; i < PUPIL_UUID_TEXT_LEN; /* void */) {

        if (text_is_uuid_dash(i)) {
            if (s[i++] != '-') {
                return PUPIL_INVALID;
            }

            continue;
        }

        high = text_hex_digit(s[i]);
        low = text_hex_digit(s[i + 1]);
        if (high < 0 || low < 0) {
            return PUPIL_INVALID;
        }

        out->b[n++] = (uint8_t) (high << 4 | low);
        i += 2;
    }

    return pupil_uuid_is_zero(out) ? PUPIL_INVALID : PUPIL_OK;
}


void
pupil_uuid_format(const pupil_uuid_t *uuid, uint8_t out[PUPIL_UUID_TEXT_LEN])
{
    size_t  i, n;

    for (i = 0, n = 0; n < PUPIL_UUID_LEN; n++) {
        if (text_is_uuid_dash(i)) {
            out[i++] = '-';
        }

        out[i++] = (uint8_t) text_hex[uuid->b[n] >> 4];
        out[i++] = (uint8_t) text_hex[uuid->b[n] & 15];
    }
}


int
pupil_uuid_is_zero(const pupil_uuid_t *uuid)
{
    static const pupil_uuid_t  zero;

    return memcmp(uuid->b, zero.b, PUPIL_UUID_LEN) == 0;
}


void
pupil_uuid_random(pupil_uuid_t *out)
{
    uint8_t  random[PUPIL_UUID_LEN];

    randombytes_buf(random, sizeof(random));
    pupil_uuid_of(random, out);
}


void
pupil_uuid_of(const uint8_t random[PUPIL_UUID_LEN], pupil_uuid_t *out)
{
    memcpy(out->b, random, PUPIL_UUID_LEN);

    out->b[6] = (uint8_t) ((out->b[6] & 0x0f) | 0x40);
    out->b[8] = (uint8_t) ((out->b[8] & 0x3f) | 0x80);
}


/* The character of six bits, by arithmetic: all bits of a mask or none. */
static uint8_t
text_base64url_char(uint32_t v)
{
    uint32_t  c;

    c = v + 'A';
    c += ((25 - v) >> 8 & 0xff) & ('a' - 'A' - 26);
    c -= ((51 - v) >> 8 & 0xff) & ('a' - '0' + 26);
    c -= ((61 - v) >> 8 & 0xff) & ('0' + 10 - '-');
    c += ((62 - v) >> 8 & 0xff) & ('_' - '-' - 1);

    return (uint8_t) c;
}


size_t
pupil_base64url_encode(const uint8_t *s, size_t len, uint8_t *out)
{
    size_t    i, n;
    uint32_t  bits, pending;

    for (i = 0, n = 0, bits = 0, pending = 0; i < len; i++) {
        bits = (bits << 8 | s[i]) & 0xffff;

        for (pending += 8; pending >= 6; n++) {
            pending -= 6;
            out[n] = text_base64url_char(bits >> pending & 63);
        }
    }

    if (pending != 0) {
        out[n++] = text_base64url_char(bits << (6 - pending) & 63);
    }

    return n;
}


pupil_rc_t
pupil_base64url_decode(const uint8_t *s, size_t len, uint8_t *out,
    size_t size, size_t *written)
{
    size_t   i;
    uint8_t  all = 0;

    /* libsodium takes each byte over 127 for the digit 63 */
    for (i = 0; i < len; i++) {
        all |= s[i];
    }

    if ((all & 0x80) != 0) {
        return PUPIL_INVALID;
    }

    if (sodium_base642bin(out, size, (const char *) s, len, NULL, written,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING)
        != 0)
    {
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}


/* No look-up: 39 more from ten on. */
static inline uint8_t
text_hex_of(uint32_t v)
{
    return (uint8_t) (v + '0' + (((9 - v) >> 8) & ('a' - '0' - 10)));
}


size_t
pupil_hex_encode(const uint8_t *s, size_t len, uint8_t *out)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        out[2 * i] = text_hex_of(s[i] >> 4);
        out[2 * i + 1] = text_hex_of(s[i] & 15);
    }

    return 2 * len;
}


pupil_rc_t
pupil_hex_decode(const uint8_t *s, size_t len, uint8_t *out, size_t size,
    size_t *written)
{
    if (sodium_hex2bin(out, size, (const char *) s, len, NULL, written, NULL)
        != 0)
    {
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}


/* RFC 3986's unreserved characters. */
static inline int
text_unreserved(uint8_t c)
{
    return pupil_is_digit(c) || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z')
           || c == '-' || c == '.' || c == '_' || c == '~';
}


size_t
pupil_percent_encode(const uint8_t *s, size_t len, uint8_t *out)
{
    size_t  i, n;

    static const char  digits[] = "0123456789ABCDEF";

    for (i = 0, n = 0; i < len; i++) {

        if (text_unreserved(s[i])) {
            out[n++] = s[i];
            continue;
        }

        out[n++] = '%';
        out[n++] = (uint8_t) digits[s[i] >> 4];
        out[n++] = (uint8_t) digits[s[i] & 15];
    }

    return n;
}


size_t
pupil_utf8_sequence(const uint8_t *s, size_t len)
{
    size_t   i, n;
    uint8_t  low, high;

    if (len == 0) {
        return 0;
    }

    if (s[0] < 0x80) {
        return 1;
    }

    /* the bounds of the second byte exclude what is not shortest */
    low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (n == 0 || n > len || s[0] > 0xf4 || s[1] < low || s[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


pupil_rc_t
pupil_utf8_check(const uint8_t *s, size_t len, size_t *chars)
{
    size_t  i, n, count;

    for (i = 0, count = 0; i < len; i += n, count++) {
        n = pupil_utf8_sequence(s + i, len - i);
        if (n == 0) {
            return PUPIL_INVALID;
        }
    }

    if (chars != NULL) {
        *chars = count;
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_error_set(pupil_error_t *error, const char *format, ...)
{
    va_list  args;

    if (error != NULL) {
        va_start(args, format);
        (void) vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }

    return PUPIL_INVALID;
}


pupil_rc_t
pupil_fault_set(pupil_fault_t *fault, uint16_t status, const char *field,
    const char *rule)
{
    size_t  i;

    if (fault == NULL) {
        return PUPIL_INVALID;
    }

    for (i = 0; i < sizeof(fault->field) - 1 && field[i] != '\0'; i++) {
        fault->field[i] = field[i];
    }

    fault->field[i] = '\0';
    fault->status = status;
    fault->rule = rule;

    return PUPIL_INVALID;
}

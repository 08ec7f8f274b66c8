/*
 * Copyright (C) the Pupil authors
 *
 * The part of text.h that counts: times, durations and decimal numbers.
 */

#include <string.h>

#include "core/base/text.h"


#define TEXT_YEAR_TIME_MIN  1970
#define TEXT_YEAR_DATE_MIN  1900
#define TEXT_YEAR_MAX       2999

#define TEXT_DIGITS_MAX     15      /* significant digits of a decimal */
#define TEXT_DECIMALS_MAX   6
#define TEXT_COMPONENT_MAX  9       /* digits of a duration's component */


/* What a scan of a JSON number finds. */
typedef struct {
    uint64_t  value;            /* all digits in a row, when they fit */
    unsigned  digits;           /* significant ones */
    unsigned  decimals;
    unsigned  negative;
    unsigned  exponent;
} text_number_t;


static const uint8_t  text_month_days[] = {
    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
};

/* Components of a duration in the order in which they may come. */
static const char  text_duration_date[] = "YMD";
static const char  text_duration_time[] = "HMS";

static int
text_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}


/* Exactly n digits; -1 when one of them is none. */
static int32_t
text_digits(const uint8_t *s, size_t n)
{
    int32_t  value;

    for (value = 0; n != 0; n--, s++) {
        if (!text_is_digit(*s)) {
            return -1;
        }

        value = value * 10 + (*s - '0');
    }

    return value;
}


/* The reverse: value as exactly n digits. */
static uint8_t *
text_put_digits(uint8_t *p, uint64_t value, size_t n)
{
    size_t  i;

    for (i = n; i != 0; i--) {
        p[i - 1] = (uint8_t) ('0' + value % 10);
        value /= 10;
    }

    return p + n;
}


static int
text_is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}


/* Leap days in the years before this one. */
static int32_t
text_leap_days(int32_t year)
{
    year--;

    return year / 4 - year / 100 + year / 400;
}


/* Days from 1970-01-01 to the first of January. */
static int32_t
text_year_start(int32_t year)
{
    return (year - 1970) * 365 + text_leap_days(year) - text_leap_days(1970);
}


static int32_t
text_month_length(int32_t year, int32_t month)
{
    return text_month_days[month - 1] + (month == 2 && text_is_leap(year));
}


/* The ten bytes of a full-date, from the year min on. */
static pupil_rc_t
text_date_parse(const uint8_t *s, int32_t min, int32_t *days)
{
    int32_t  year, month, day, m;

    year = text_digits(s, 4);
    month = text_digits(s + 5, 2);
    day = text_digits(s + 8, 2);

    if (s[4] != '-' || s[7] != '-'
        || year < min || year > TEXT_YEAR_MAX
        || month < 1 || month > 12
        || day < 1 || day > text_month_length(year, month))
    {
        return PUPIL_INVALID;
    }

    *days = text_year_start(year) + day - 1;

    for (m = 1; m < month; m++) {
        *days += text_month_length(year, m);
    }

    return PUPIL_OK;
}


static void
text_date_put(uint8_t *p, int32_t days)
{
    int32_t  year, month;

    /* an estimate that is at most one year off */
    year = 1970 + days / 366;

    while (text_year_start(year) > days) {
        year--;
    }

    while (text_year_start(year + 1) <= days) {
        year++;
    }

    days -= text_year_start(year);

    for (month = 1; days >= text_month_length(year, month); month++) {
        days -= text_month_length(year, month);
    }

    p = text_put_digits(p, (uint64_t) year, 4);
    *p++ = '-';
    p = text_put_digits(p, (uint64_t) month, 2);
    *p++ = '-';
    text_put_digits(p, (uint64_t) days + 1, 2);
}


/* Zone: Z, or a sign, two digits, a colon and two digits; in seconds. */
static pupil_rc_t
text_zone_parse(const uint8_t *s, size_t len, int32_t *offset)
{
    int32_t  hours, minutes;

    if (len == 1 && *s == 'Z') {
        *offset = 0;
        return PUPIL_OK;
    }

    if (len != 6 || (*s != '+' && *s != '-') || s[3] != ':') {
        return PUPIL_INVALID;
    }

    hours = text_digits(s + 1, 2);
    minutes = text_digits(s + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return PUPIL_INVALID;
    }

    *offset = (hours * 60 + minutes) * 60;
    if (*s == '-') {
        *offset = -*offset;
    }

    return PUPIL_OK;
}


/* Hours, minutes and seconds, hh:mm:ss, in seconds; -1 when it is none. */
static int32_t
text_clock_parse(const uint8_t *s)
{
    int32_t  hours, minutes, seconds;

    hours = text_digits(s, 2);
    minutes = text_digits(s + 3, 2);
    seconds = text_digits(s + 6, 2);

    if (s[2] != ':' || s[5] != ':'
        || hours < 0 || hours > 23
        || minutes < 0 || minutes > 59
        || seconds < 0 || seconds > 59)
    {
        return -1;
    }

    return (hours * 60 + minutes) * 60 + seconds;
}


pupil_rc_t
pupil_time_parse(const uint8_t *s, size_t len, pupil_time_t *out)
{
    size_t   i;
    int32_t  days, clock, offset, fraction, unit;

    if (len < sizeof("2026-11-21T08:00:00Z") - 1
        || text_date_parse(s, TEXT_YEAR_TIME_MIN, &days) != PUPIL_OK
        || s[10] != 'T')
    {
        return PUPIL_INVALID;
    }

    clock = text_clock_parse(s + 11);
    if (clock < 0) {
        return PUPIL_INVALID;
    }

    i = 19;
    fraction = 0;

    if (s[i] == '.') {
        unit = (int32_t) PUPIL_TIME_SECOND;

        for (i++; i < len && text_is_digit(s[i]); i++) {
            unit /= 10;     /* 0 from the seventh digit on */
            if (unit == 0) {
                return PUPIL_INVALID;
            }

            fraction += (s[i] - '0') * unit;
        }

        if (i == 20) {
            return PUPIL_INVALID;
        }
    }

    if (i == len || text_zone_parse(s + i, len - i, &offset) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    *out = days * PUPIL_TIME_DAY
           + (clock - offset) * PUPIL_TIME_SECOND + fraction;

    return *out >= 0 && *out <= PUPIL_TIME_MAX ? PUPIL_OK : PUPIL_INVALID;
}


size_t
pupil_time_format(pupil_time_t time, uint8_t out[PUPIL_TIME_TEXT_MAX])
{
    uint8_t   *p;
    uint32_t   seconds, fraction;

    if (time < 0 || time > PUPIL_TIME_MAX) {
        return 0;
    }

    text_date_put(out, (int32_t) (time / PUPIL_TIME_DAY));
    seconds = (uint32_t) (time % PUPIL_TIME_DAY / PUPIL_TIME_SECOND);
    fraction = (uint32_t) (time % PUPIL_TIME_SECOND);

    p = out + PUPIL_DATE_TEXT_LEN;
    *p++ = 'T';
    p = text_put_digits(p, seconds / 3600, 2);
    *p++ = ':';
    p = text_put_digits(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = text_put_digits(p, seconds % 60, 2);

    if (fraction != 0) {
        *p++ = '.';
        p = text_put_digits(p, fraction, TEXT_DECIMALS_MAX);

        while (p[-1] == '0') {
            p--;
        }
    }

    *p++ = 'Z';

    return (size_t) (p - out);
}


pupil_rc_t
pupil_date_parse(const uint8_t *s, size_t len, int32_t *out)
{
    if (len != PUPIL_DATE_TEXT_LEN) {
        return PUPIL_INVALID;
    }

    return text_date_parse(s, TEXT_YEAR_DATE_MIN, out);
}


size_t
pupil_date_format(int32_t days, uint8_t out[PUPIL_DATE_TEXT_LEN])
{
    if (days < text_year_start(TEXT_YEAR_DATE_MIN)
        || days >= text_year_start(TEXT_YEAR_MAX + 1))
    {
        return 0;
    }

    text_date_put(out, days);

    return PUPIL_DATE_TEXT_LEN;
}


/*
 * One part of a duration: components with the letters of order, in that
 * order.  Returns what follows them, or NULL.  After a fraction, which only
 * the last component has, nothing may follow: *last is set.
 */
static const uint8_t *
text_duration_part(const uint8_t *p, const uint8_t *end, const char *order,
    int *last)
{
    size_t          digits;
    const char     *letter;
    const uint8_t  *start;

    while (p < end && text_is_digit(*p)) {

        for (start = p; p < end && text_is_digit(*p); p++) { /* void */ }

        digits = (size_t) (p - start);

        if (p < end && *p == '.') {
            *last = 1;

            for (start = ++p; p < end && text_is_digit(*p); p++) {
                /* void */
            }

            if (p == start || p - start > TEXT_COMPONENT_MAX) {
                return NULL;
            }
        }

        if (p == end || digits > TEXT_COMPONENT_MAX || *p == '\0') {
            return NULL;
        }

        letter = strchr(order, *p);
        if (letter == NULL) {
            return NULL;
        }

        order = letter + 1;
        p++;

        if (*last) {
            break;
        }
    }

    return p;
}


pupil_rc_t
pupil_duration_check(const uint8_t *s, size_t len)
{
    int             last;
    const uint8_t  *p, *end, *start;

    if (len < 3 || len > PUPIL_DURATION_MAX || *s != 'P') {
        return PUPIL_INVALID;
    }

    end = s + len;
    last = 0;

    if (end[-1] == 'W') {
        p = text_duration_part(s + 1, end, "W", &last);
        return p == end ? PUPIL_OK : PUPIL_INVALID;
    }

    p = text_duration_part(s + 1, end, text_duration_date, &last);
    if (p == NULL) {
        return PUPIL_INVALID;
    }

    if (p == end) {
        return PUPIL_OK;
    }

    if (*p++ != 'T' || last) {
        return PUPIL_INVALID;
    }

    start = p;
    p = text_duration_part(p, end, text_duration_time, &last);

    return p == end && p != start ? PUPIL_OK : PUPIL_INVALID;
}


/* Digits into number; returns what follows them, NULL when there is none. */
static const uint8_t *
text_number_digits(const uint8_t *p, const uint8_t *end,
    text_number_t *number)
{
    const uint8_t  *start;

    for (start = p; p < end && text_is_digit(*p); p++) {
        if (*p != '0' || number->digits != 0) {
            number->digits++;
        }

        if (number->digits <= TEXT_DIGITS_MAX) {
            number->value = number->value * 10 + (uint64_t) (*p - '0');
        }
    }

    return p == start ? NULL : p;
}


/* The whole grammar of RFC 8259 section 6, whatever we take of it. */
static pupil_rc_t
text_number_scan(const uint8_t *p, const uint8_t *end, text_number_t *number)
{
    const uint8_t  *start;

    memset(number, 0, sizeof(text_number_t));

    if (p < end && *p == '-') {
        number->negative = 1;
        p++;
    }

    start = p;
    p = text_number_digits(p, end, number);
    if (p == NULL || (*start == '0' && p - start > 1)) {
        return PUPIL_INVALID;
    }

    if (p < end && *p == '.') {
        start = ++p;
        p = text_number_digits(p, end, number);
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

        for (start = p; p < end && text_is_digit(*p); p++) { /* void */ }

        if (p == start) {
            return PUPIL_INVALID;
        }
    }

    return p == end ? PUPIL_OK : PUPIL_INVALID;
}


static const char *
text_decimal_rule(const uint8_t *s, size_t len, pupil_decimal_t *out)
{
    unsigned       i;
    text_number_t  number;

    if (text_number_scan(s, s + len, &number) != PUPIL_OK) {
        return "malformed";
    }

    if (number.exponent) {
        return "exponent";
    }

    if (number.decimals > TEXT_DECIMALS_MAX) {
        return "decimals";
    }

    if (number.digits > TEXT_DIGITS_MAX) {
        return "digits";
    }

    for (i = number.decimals; i < TEXT_DECIMALS_MAX; i++) {
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

    broken = text_decimal_rule(s, len, out);

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

    p = text_put_digits(p, whole, digits);

    if (fraction != 0) {
        *p++ = '.';
        p = text_put_digits(p, fraction, TEXT_DECIMALS_MAX);

        while (p[-1] == '0') {
            p--;
        }
    }

    return (size_t) (p - out);
}

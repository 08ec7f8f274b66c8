/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"


#define TIME_YEAR_MIN       1970
#define DATE_YEAR_MIN       1900
#define TIME_YEAR_MAX       2999

#define TIME_DECIMALS_MAX   6
#define TIME_COMPONENT_MAX  9       /* digits of a duration's component */


typedef struct {
    int32_t  year, month, day;
} time_date_t;


static const uint8_t  time_month_days[] = {
    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
};

/* Components of a duration in the order in which they may come. */
static const char  time_duration_date[] = "YMD";
static const char  time_duration_time[] = "HMS";


/* Exactly n digits; -1 when one of them is none. */
static int32_t
time_digits(const uint8_t *s, size_t n)
{
    int32_t  value;

    for (value = 0; n != 0; n--, s++) {
        if (!pupil_is_digit(*s)) {
            return -1;
        }

        value = value * 10 + (*s - '0');
    }

    return value;
}


static int
time_is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}


/* Leap days in the years before this one. */
static int32_t
time_leap_days(int32_t year)
{
    year--;

    return year / 4 - year / 100 + year / 400;
}


/* Days from 1970-01-01 to the first of January. */
static int32_t
time_year_start(int32_t year)
{
    return (year - 1970) * 365 + time_leap_days(year) - time_leap_days(1970);
}


static int32_t
time_month_length(int32_t year, int32_t month)
{
    return time_month_days[month - 1] + (month == 2 && time_is_leap(year));
}


/* The ten bytes of a full-date, from the year min on. */
static pupil_rc_t
time_date_parse(const uint8_t *s, int32_t min, int32_t *days)
{
    int32_t  year, month, day, m;

    year = time_digits(s, 4);
    month = time_digits(s + 5, 2);
    day = time_digits(s + 8, 2);

    if (s[4] != '-' || s[7] != '-'
        || year < min || year > TIME_YEAR_MAX
        || month < 1 || month > 12
        || day < 1 || day > time_month_length(year, month))
    {
        return PUPIL_INVALID;
    }

    *days = time_year_start(year) + day - 1;

    for (m = 1; m < month; m++) {
        *days += time_month_length(year, m);
    }

    return PUPIL_OK;
}


static time_date_t
time_date(int32_t days)
{
    time_date_t  date;

    /* an estimate that is at most one year off */
    date.year = 1970 + days / 366;

    while (time_year_start(date.year) > days) {
        date.year--;
    }

    while (time_year_start(date.year + 1) <= days) {
        date.year++;
    }

    days -= time_year_start(date.year);

    for (date.month = 1;
         days >= time_month_length(date.year, date.month);
         date.month++)
    {
        days -= time_month_length(date.year, date.month);
    }

    date.day = days + 1;

    return date;
}


static void
time_date_put(uint8_t *p, int32_t days)
{
    time_date_t  date;

    date = time_date(days);

    p = pupil_digits_put(p, (uint64_t) date.year, 4);
    *p++ = '-';
    p = pupil_digits_put(p, (uint64_t) date.month, 2);
    *p++ = '-';
    pupil_digits_put(p, (uint64_t) date.day, 2);
}


/* Zone: Z, or a sign, two digits, a colon and two digits; in seconds. */
static pupil_rc_t
time_zone_parse(const uint8_t *s, size_t len, int32_t *offset)
{
    int32_t  hours, minutes;

    if (len == 1 && (*s == 'Z' || *s == 'z')) {
        *offset = 0;
        return PUPIL_OK;
    }

    if (len != 6 || (*s != '+' && *s != '-') || s[3] != ':') {
        return PUPIL_INVALID;
    }

    hours = time_digits(s + 1, 2);
    minutes = time_digits(s + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return PUPIL_INVALID;
    }

    *offset = (hours * 60 + minutes) * 60;
    if (*s == '-') {
        *offset = -*offset;
    }

    return PUPIL_OK;
}


/*
 * Hours, minutes and seconds, hh:mm:ss, in seconds; -1 when it is none.  Says
 * of second 60 that it is a leap second.
 */
static int32_t
time_clock_parse(const uint8_t *s, int *leap)
{
    int32_t  hours, minutes, seconds;

    hours = time_digits(s, 2);
    minutes = time_digits(s + 3, 2);
    seconds = time_digits(s + 6, 2);

    if (s[2] != ':' || s[5] != ':'
        || hours < 0 || hours > 23
        || minutes < 0 || minutes > 59
        || seconds < 0 || seconds > 60)
    {
        return -1;
    }

    *leap = seconds == 60;

    return (hours * 60 + minutes) * 60 + seconds;
}


/* The digits behind the point, in microseconds; what follows them, or NULL. */
static const uint8_t *
time_fraction_parse(const uint8_t *p, const uint8_t *end, int32_t *fraction)
{
    int32_t         unit;
    const uint8_t  *start;

    unit = (int32_t) PUPIL_TIME_SECOND;

    for (start = p; p < end && pupil_is_digit(*p); p++) {
        unit /= 10;     /* 0 from the seventh digit on */
        *fraction += (*p - '0') * unit;
    }

    return p != start ? p : NULL;
}


/* May a leap second end where this second, of UTC, begins? */
static int
time_ends_month(pupil_time_t time)
{
    return time % PUPIL_TIME_DAY < PUPIL_TIME_SECOND
           && time_date((int32_t) (time / PUPIL_TIME_DAY)).day == 1;
}


pupil_rc_t
pupil_time_parse(const uint8_t *s, size_t len, pupil_time_t *out)
{
    int             leap;
    int32_t         days, clock, offset, fraction;
    const uint8_t  *p, *end;

    if (len < sizeof("2026-11-21T08:00:00Z") - 1
        || time_date_parse(s, TIME_YEAR_MIN, &days) != PUPIL_OK
        || (s[10] != 'T' && s[10] != 't'))
    {
        return PUPIL_INVALID;
    }

    clock = time_clock_parse(s + 11, &leap);
    if (clock < 0) {
        return PUPIL_INVALID;
    }

    p = s + 19;
    end = s + len;
    fraction = 0;

    if (*p == '.') {
        p = time_fraction_parse(p + 1, end, &fraction);
    }

    if (p == NULL || p == end
        || time_zone_parse(p, (size_t) (end - p), &offset) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    *out = days * PUPIL_TIME_DAY
           + (clock - offset) * PUPIL_TIME_SECOND + fraction;

    if (*out < 0 || *out > PUPIL_TIME_MAX) {
        return PUPIL_INVALID;
    }

    return !leap || time_ends_month(*out) ? PUPIL_OK : PUPIL_INVALID;
}


size_t
pupil_time_format(pupil_time_t time, uint8_t out[PUPIL_TIME_TEXT_MAX])
{
    uint8_t   *p;
    uint32_t   seconds, fraction;

    if (time < 0 || time > PUPIL_TIME_MAX) {
        return 0;
    }

    time_date_put(out, (int32_t) (time / PUPIL_TIME_DAY));
    seconds = (uint32_t) (time % PUPIL_TIME_DAY / PUPIL_TIME_SECOND);
    fraction = (uint32_t) (time % PUPIL_TIME_SECOND);

    p = out + PUPIL_DATE_TEXT_LEN;
    *p++ = 'T';
    p = pupil_digits_put(p, seconds / 3600, 2);
    *p++ = ':';
    p = pupil_digits_put(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = pupil_digits_put(p, seconds % 60, 2);

    if (fraction != 0) {
        *p++ = '.';
        p = pupil_digits_put(p, fraction, TIME_DECIMALS_MAX);

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

    return time_date_parse(s, DATE_YEAR_MIN, out);
}


size_t
pupil_date_format(int32_t days, uint8_t out[PUPIL_DATE_TEXT_LEN])
{
    if (days < time_year_start(DATE_YEAR_MIN)
        || days >= time_year_start(TIME_YEAR_MAX + 1))
    {
        return 0;
    }

    time_date_put(out, days);

    return PUPIL_DATE_TEXT_LEN;
}


/*
 * One part of a duration: components with the letters of order, in that
 * order.  Returns what follows them, or NULL.  After a fraction, which only
 * the last component has, nothing may follow: *last is set.
 */
static const uint8_t *
time_duration_part(const uint8_t *p, const uint8_t *end, const char *order,
    int *last)
{
    size_t          digits;
    const char     *letter;
    const uint8_t  *start;

    while (p < end && pupil_is_digit(*p)) {

        for (start = p; p < end && pupil_is_digit(*p); p++) { /* void */ }

        digits = (size_t) (p - start);

        if (p < end && *p == '.') {
            *last = 1;

            for (start = ++p; p < end && pupil_is_digit(*p); p++) {
                /* void */
            }

            if (p == start || p - start > TIME_COMPONENT_MAX) {
                return NULL;
            }
        }

        if (p == end || digits > TIME_COMPONENT_MAX || *p == '\0') {
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
        p = time_duration_part(s + 1, end, "W", &last);
        return p == end ? PUPIL_OK : PUPIL_INVALID;
    }

    p = time_duration_part(s + 1, end, time_duration_date, &last);
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
    p = time_duration_part(p, end, time_duration_time, &last);

    return p == end && p != start ? PUPIL_OK : PUPIL_INVALID;
}

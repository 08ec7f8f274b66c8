/*
 * Copyright (C) the Pupil authors
 *
 * Times, dates and durations as text.  What text.h says of parsers holds.
 */

#ifndef PUPIL_TIME_H
#define PUPIL_TIME_H

#include "core/base/pupil.h"


#define PUPIL_TIME_TEXT_MAX  27     /* 2026-11-21T08:00:00.123456Z */
#define PUPIL_DATE_TEXT_LEN  10     /* 2026-11-21 */
#define PUPIL_DURATION_MAX   64     /* bytes of a duration that is accepted */

#define PUPIL_TIME_SECOND    INT64_C(1000000)               /* microseconds */
#define PUPIL_TIME_DAY       (86400 * PUPIL_TIME_SECOND)
#define PUPIL_TIME_MAX       INT64_C(32503679999999999)     /* end of 2999 */


#define PUPIL_ZONE_LEN       63     /* bytes of a time zone's name, at most */

/* A day of some time zone, of 23 to 25 hours, since 1970-01-01. */
typedef struct {
    int32_t       day;
    pupil_time_t  begins, ends;         /* the next one begins */
    char          zone[PUPIL_ZONE_LEN + 1];     /* Europe/Stockholm */
} pupil_day_t;


/*
 * RFC 3339 date-time with its zone: Z, or an offset of at most 23:59; a
 * fraction, of which what is below a microsecond is cut off; a day that the
 * calendar has; years 1970 to 2999, before and after the offset is applied.
 * Second 60 is taken where a leap second may be, at the end of a month in UTC,
 * for the second that follows it.  PUPIL_OK or PUPIL_INVALID.
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

#endif /* PUPIL_TIME_H */

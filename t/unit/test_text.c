/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/number.h"
#include "core/base/text.h"
#include "core/base/time.h"


#define count(a)  (sizeof(a) / sizeof((a)[0]))


typedef struct {
    const char  *text;
    int64_t      value;         /* of what is accepted */
} accept_t;


typedef struct {
    const char  *a, *b, *sum;
} sum_t;


typedef struct {
    const char  *text, *rule;
} refuse_t;


static const char *const  bad_uuids[] = {
    "", "00000000-0000-0000-0000-000000000000",
    "6F9619FF-8B86-4011-B42D-00C04FC964FF",
    "6f9619ff-8b86-4011-b42d-00c04fc964f",
    "6f9619ff-8b86-4011-b42d-00c04fc964ff0",
    "6f9619ff8b86-4011-b42d-00c04fc964ff-",
    "6f9619ff-8b86-4011-b42d-00c04fc964fg",
    "6f9619ff-8b86-4011-b42d 00c04fc964ff",
    "{f9619ff-8b86-4011-b42d-00c04fc964f}",
    "6f9619ff-8b86-4011-b42d-00c04fc96-ff"
};

static const accept_t  times[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "2026-11-21T08:00:00Z", INT64_C(1795248000000000) },
    { "2026-11-21T08:00:00.5Z", INT64_C(1795248000500000) },
    { "2026-11-21T08:00:00.000001Z", INT64_C(1795248000000001) },
    { "2026-11-21T09:30:00+01:30", INT64_C(1795248000000000) },
    { "2026-11-20T22:00:00-10:00", INT64_C(1795248000000000) },
    { "2026-11-21T08:00:00-00:00", INT64_C(1795248000000000) },
    { "2024-02-29T00:00:00Z", INT64_C(1709164800000000) },
    { "2000-02-29T23:59:59Z", INT64_C(951868799000000) },
    { "2038-01-19T03:14:08Z", INT64_C(2147483648000000) },
    { "2026-11-21T08:00:00.1234567Z", INT64_C(1795248000123456) },
    { "2026-11-21T08:00:00.000000999999+00:00", INT64_C(1795248000000000) },
    { "2026-11-21t08:00:00z", INT64_C(1795248000000000) },
    { "2016-12-31T23:59:60Z", INT64_C(1483228800000000) },
    { "2016-12-31T23:59:60.25Z", INT64_C(1483228800250000) },
    { "2017-01-01T05:29:60+05:30", INT64_C(1483228800000000) },
    { "2999-12-31T23:59:59.999999Z", PUPIL_TIME_MAX }
};

static const char *const  bad_times[] = {
    "", "2026-11-21", "2026-11-21T08:00:00", "2026-11-21 08:00:00Z",
    "2026-11-21T08:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z",
    "2026-11-21T08:00:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:58:60Z",
    "2016-12-31T23:59:60+01:00", "2016-12-31T23:59:61Z",
    "2999-12-31T23:59:60Z",
    "2026-02-29T08:00:00Z", "2100-02-29T08:00:00Z", "2026-04-31T08:00:00Z",
    "2026-00-10T08:00:00Z", "2026-13-10T08:00:00Z", "2026-01-00T08:00:00Z",
    "1969-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
    "1970-01-01T00:30:00+01:00", "2999-12-31T23:30:00-01:00",
    "2026-11-21T08:00:00.Z", "2026-11-21T08:00:00.1234567",
    "2026-11-21T08:00:00,5Z", "2026-11-21T08:00:00+24:00",
    "2026-11-21T08:00:00+01:60", "2026-11-21T08:00:00+0100",
    "2026-11-21T08:00:00+01", "2026-11-21T08:00:00ZZ",
    "2026-11-21T08:00:00Z ", " 2026-11-21T08:00:00Z",
    "+026-11-21T08:00:00Z", "2026-1-021T08:00:00Z", "2026/11/21T08:00:00Z",
    "2026-11-21T08.00.00Z", "2026-11-21T-8:00:00Z"
};

static const accept_t  dates[] = {
    { "1970-01-01", 0 }, { "1969-12-31", -1 }, { "1900-01-01", -25567 },
    { "2000-03-01", 11017 }, { "2026-11-21", 20778 },
    { "2999-12-31", 376199 }
};

static const char *const  bad_dates[] = {
    "", "2026-11-2", "2026-11-211", "2026-02-30", "1899-12-31",
    "1900-02-29", "3000-01-01", "2026-11-1a", "20261121"
};

static const char *const  durations[] = {
    "PT34S", "PT0S", "P1D", "P1Y2M3DT4H5M6S", "PT1.5S", "P2W", "P0.5W",
    "PT1H30M", "P1Y", "P1M", "PT1M", "P3DT1S", "P1.5D", "PT123456789S"
};

static const char *const  bad_durations[] = {
    "", "P", "PT", "T1S", "1S", "PT1", "PT1X", "P1S", "PT1D", "PT1S1M",
    "P1DT", "P1D2Y", "P1W1D", "P1Y1W", "PT1.S", "PT.5S", "PT1.5M1S",
    "P1.5DT1S", "PT1,5S", "-PT1S", "PT-1S", "pt1s", "PT1S ", "PT1SS",
    "PT1234567890S", "PT1.1234567890S", "PW", "PTT1S", "P1DT1ST1S"
};

static const accept_t  decimals[] = {
    { "0", 0 }, { "-0", 0 }, { "-0.0", 0 }, { "1", 1000000 },
    { "2.50", 2500000 }, { "-1.5", -1500000 }, { "0.000001", 1 },
    { "1000000", INT64_C(1000000000000) },
    { "0.100000", 100000 }, { "999999999.999999", INT64_C(999999999999999) },
    { "9223372036854.7", INT64_C(9223372036854700000) },
    { "-9223372036854.7", INT64_C(-9223372036854700000) }
};

static const refuse_t  bad_decimals[] = {
    { "", "malformed" }, { "-", "malformed" }, { "+1", "malformed" },
    { "01", "malformed" }, { ".5", "malformed" }, { "1.", "malformed" },
    { "1.5.2", "malformed" }, { "1e", "malformed" }, { "1e+", "malformed" },
    { "0x10", "malformed" }, { "NaN", "malformed" }, { " 1", "malformed" },
    { "1 ", "malformed" }, { "-01", "malformed" }, { "--1", "malformed" },
    { "1e5", "exponent" }, { "1E-5", "exponent" }, { "1.5e+3", "exponent" },
    { "0.0000001", "decimals" }, { "1.0000000", "decimals" },
    { "1234567890123456", "digits" }, { "1234567890.123456", "digits" },
    { "999999999999999", "range" }, { "9223372036855", "range" },
    { "99999999999999999999999999999999999999999", "digits" }
};

static const sum_t  sums[] = {
    { "2.50", "1", "3.5" }, { "0.1", "0.2", "0.3" }, { "1", "-1", "0" },
    { "-0.5", "0.25", "-0.25" }, { "99.999999", "0.000001", "100" },
    { "10", "20", "30" }, { "0", "0.000010", "0.00001" }
};

static const char *const  utf8[] = {
    "", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
    "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\x80",
    "\xe0\xa0\x80", "\xf0\x90\x80\x80"
};

static const char *const  bad_utf8[] = {
    "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3\x28",
    "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
    "\xe2\x28\xa1", "\xe2\x82\x28", "\xf0\x8f\xbf\xbf",
    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe",
    "\xf0\x9f\x98", "\xf0\x9f\x28\x80", "\xf0\x9f\x98\x28",
    "a\xf8\x88\x80\x80\x80"
};

static const char *const  base64url[] = {
    "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy", "-_-_"
};

static const char *const  bad_base64url[] = {
    "Z", "Zh", "Zm9", "Zg==", "Zm8=", "Zm 9v", "Zm9v\n", "+/+/", "Zm9v!",
    "Zm9vY"
};


static void
test_uuid(void)
{
    int           good;
    size_t        i;
    uint8_t       text[36];
    pupil_uuid_t  a, b;

    static const char  sample[] = "6f9619ff-8b86-4011-b42d-00c04fc964ff";

    ok(pupil_uuid_parse(tap_guarded(sample, 36), 36, &a) == PUPIL_OK
       && a.b[0] == 0x6f && a.b[15] == 0xff, "a UUID is parsed");
    pupil_uuid_format(&a, text);
    ok(memcmp(text, sample, 36) == 0, "and comes back as it was");

    for (i = 0; i < count(bad_uuids); i++) {
        ok(pupil_uuid_parse(tap_guarded(bad_uuids[i], strlen(bad_uuids[i])),
                            strlen(bad_uuids[i]), &b) == PUPIL_INVALID,
           "refused as UUID: '%s'", bad_uuids[i]);
    }

    for (good = 1, i = 0; i < 36; i++) {
        good &= pupil_uuid_parse(tap_guarded(sample, i), i, &b)
                == PUPIL_INVALID;
    }

    ok(good, "a UUID cut anywhere is refused");

    pupil_uuid_random(&b);
    ok((b.b[6] >> 4) == 4 && (b.b[8] >> 6) == 2, "random: version 4");
    pupil_uuid_random(&a);
    ok(pupil_uuid_compare(&a, &b) != 0, "random: not twice the same");
    ok(pupil_uuid_compare(&a, &a) == 0 && !pupil_uuid_is_zero(&a),
       "compare and is_zero");
    memset(&a, 0, sizeof(a));
    ok(pupil_uuid_is_zero(&a) && pupil_uuid_compare(&a, &b) < 0,
       "zero is zero, and first");
}


static void
test_time(void)
{
    int           good;
    size_t        i, len, n;
    uint8_t       text[PUPIL_TIME_TEXT_MAX];
    pupil_time_t  time, again;

    for (i = 0; i < count(times); i++) {
        len = strlen(times[i].text);
        ok(pupil_time_parse(tap_guarded(times[i].text, len), len, &time)
           == PUPIL_OK && time == times[i].value, "%s", times[i].text);

        n = pupil_time_format(time, text);
        ok(n != 0 && pupil_time_parse(text, n, &again) == PUPIL_OK
           && again == time, "and back: %.*s", (int) n, text);
    }

    for (i = 0; i < count(bad_times); i++) {
        len = strlen(bad_times[i]);
        ok(pupil_time_parse(tap_guarded(bad_times[i], len), len, &time)
           == PUPIL_INVALID, "refused as time: '%s'", bad_times[i]);
    }

    for (good = 1, i = 0; i < 26; i++) {
        good &= pupil_time_parse(tap_guarded("2026-11-21T08:00:00.123456Z",
                                             i), i, &time) != PUPIL_OK;
    }

    ok(good, "a time cut anywhere is refused");

    n = pupil_time_format(INT64_C(1795248000000000), text);
    ok(n == 20 && memcmp(text, "2026-11-21T08:00:00Z", n) == 0,
       "no fraction when it is zero");
    n = pupil_time_format(INT64_C(1795248000120000), text);
    ok(n == 23 && memcmp(text, "2026-11-21T08:00:00.12Z", n) == 0,
       "a fraction without trailing zeros");
    ok(pupil_time_format(-1, text) == 0
       && pupil_time_format(PUPIL_TIME_MAX + 1, text) == 0
       && pupil_time_format(PUPIL_TIME_NONE, text) == 0,
       "times out of range are not written");
}


static void
test_date(void)
{
    int      good;
    size_t   i, len;
    int32_t  days, again;
    uint8_t  text[PUPIL_DATE_TEXT_LEN];

    for (i = 0; i < count(dates); i++) {
        ok(pupil_date_parse(tap_guarded(dates[i].text, 10), 10, &days)
           == PUPIL_OK && days == dates[i].value, "%s", dates[i].text);
    }

    for (i = 0; i < count(bad_dates); i++) {
        len = strlen(bad_dates[i]);
        ok(pupil_date_parse(tap_guarded(bad_dates[i], len), len, &days)
           == PUPIL_INVALID, "refused as date: '%s'", bad_dates[i]);
    }

    for (good = 1, days = -25567; days <= 376199; days++) {
        good &= pupil_date_format(days, text) == 10
                && pupil_date_parse(text, 10, &again) == PUPIL_OK
                && again == days;
    }

    ok(good, "each day from 1900 to 2999 there and back");
    ok(pupil_date_format(-25568, text) == 0
       && pupil_date_format(376200, text) == 0
       && pupil_date_format(INT32_MIN, text) == 0
       && pupil_date_format(INT32_MAX, text) == 0,
       "days out of range are not written");
}


static void
test_duration(void)
{
    char    text[PUPIL_DURATION_MAX + 2];
    size_t  i, len;

    for (i = 0; i < count(durations); i++) {
        len = strlen(durations[i]);
        ok(pupil_duration_check(tap_guarded(durations[i], len), len)
           == PUPIL_OK, "duration %s", durations[i]);
    }

    for (i = 0; i < count(bad_durations); i++) {
        len = strlen(bad_durations[i]);
        ok(pupil_duration_check(tap_guarded(bad_durations[i], len), len)
           == PUPIL_INVALID, "refused as duration: '%s'", bad_durations[i]);
    }

    ok(pupil_duration_check((const uint8_t *) "PT1S\0", 5) == PUPIL_INVALID
       && pupil_duration_check((const uint8_t *) "PT1\0", 4)
          == PUPIL_INVALID, "NUL is no letter of a duration");

    memset(text, '1', sizeof(text));
    ok(pupil_duration_check((uint8_t *) text, sizeof(text))
       == PUPIL_INVALID, "a long duration is refused");
}


static void
test_decimal(void)
{
    size_t           i, len, n;
    uint8_t          out[PUPIL_DECIMAL_TEXT_MAX];
    const char      *rule;
    pupil_decimal_t  a, b, sum;

    for (i = 0; i < count(decimals); i++) {
        len = strlen(decimals[i].text);
        ok(pupil_decimal_parse(tap_guarded(decimals[i].text, len), len, &a,
                               &rule) == PUPIL_OK
           && a == decimals[i].value, "decimal %s", decimals[i].text);
    }

    for (i = 0; i < count(bad_decimals); i++) {
        len = strlen(bad_decimals[i].text);
        rule = "";
        ok(pupil_decimal_parse(tap_guarded(bad_decimals[i].text, len), len,
                               &a, &rule) == PUPIL_INVALID
           && strcmp(rule, bad_decimals[i].rule) == 0,
           "refused as decimal: '%s': %s", bad_decimals[i].text, rule);
    }

    for (i = 0; i < count(sums); i++) {
        pupil_decimal_parse((const uint8_t *) sums[i].a, strlen(sums[i].a),
                            &a, NULL);
        pupil_decimal_parse((const uint8_t *) sums[i].b, strlen(sums[i].b),
                            &b, NULL);
        ok(pupil_decimal_add(a, b, &sum) == PUPIL_OK
           && (n = pupil_decimal_format(sum, out)) == strlen(sums[i].sum)
           && memcmp(out, sums[i].sum, n) == 0,
           "%s + %s is %s", sums[i].a, sums[i].b, sums[i].sum);
    }

    ok(pupil_decimal_add(INT64_MAX, 1, &sum) == PUPIL_INVALID
       && pupil_decimal_add(INT64_MIN, -1, &sum) == PUPIL_INVALID,
       "sums that do not fit are refused");
    ok(pupil_decimal_compare(1, 2) == -1 && pupil_decimal_compare(2, 1) == 1
       && pupil_decimal_compare(-2, -2) == 0, "comparison");

    n = pupil_decimal_format(INT64_MIN, out);
    ok(n == 21 && memcmp(out, "-9223372036854.775808", n) == 0,
       "the least value is written");
    n = pupil_decimal_format(INT64_MAX, out);
    ok(n == 20 && memcmp(out, "9223372036854.775807", n) == 0,
       "the greatest value is written");
}


static void
test_utf8(void)
{
    size_t  i, len, chars;

    for (i = 0; i < count(utf8); i++) {
        len = strlen(utf8[i]);
        ok(pupil_utf8_check(tap_guarded(utf8[i], len), len, &chars)
           == PUPIL_OK && chars == (len == 3 && i == 1 ? 3u : len != 0),
           "UTF-8 case %zu", i);
    }

    ok(pupil_utf8_sequence(tap_guarded("", 0), 0) == 0
       && pupil_utf8_sequence((const uint8_t *) "\xc3\xa9z", 3) == 2,
       "one sequence at a time");

    for (i = 0; i < count(bad_utf8); i++) {
        len = strlen(bad_utf8[i]);
        ok(pupil_utf8_check(tap_guarded(bad_utf8[i], len), len, NULL)
           == PUPIL_INVALID, "no UTF-8, case %zu", i);
    }
}


/* Against libsodium's own encoder, each length and many contents. */
static void
test_encodings(void)
{
    int      good;
    char     theirs[256];
    size_t   i, len, n, written;
    uint8_t  bytes[96], back[96], text[192];

    for (i = 0; i < count(base64url); i++) {
        len = strlen(base64url[i]);
        ok(pupil_base64url_decode(tap_guarded(base64url[i], len), len, bytes,
                                  sizeof(bytes), &written) == PUPIL_OK
           && written == PUPIL_BASE64URL_BYTES(len)
           && pupil_base64url_encode(bytes, written, text) == len
           && memcmp(text, base64url[i], len) == 0,
           "base64url '%s' there and back", base64url[i]);
    }

    for (i = 0; i < count(bad_base64url); i++) {
        len = strlen(bad_base64url[i]);
        ok(pupil_base64url_decode(tap_guarded(bad_base64url[i], len), len,
                                  bytes, sizeof(bytes), &written)
           == PUPIL_INVALID, "refused as base64url: case %zu", i);
    }

    ok(pupil_base64url_decode((const uint8_t *) "Zm9v", 4, bytes, 2,
                              &written) == PUPIL_INVALID,
       "base64url that does not fit is refused");

    for (good = 1, i = 0; i < 97 * 16; i++) {
        len = i % 97;
        randombytes_buf(bytes, sizeof(bytes));
        n = pupil_base64url_encode(bytes, len, text);
        sodium_bin2base64(theirs, sizeof(theirs), bytes, len,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        good &= n == strlen(theirs) && memcmp(text, theirs, n) == 0
                && n == PUPIL_BASE64URL_LEN(len);

        n = pupil_hex_encode(bytes, len, text);
        sodium_bin2hex(theirs, sizeof(theirs), bytes, len);
        good &= n == strlen(theirs) && memcmp(text, theirs, n) == 0
                && pupil_hex_decode(tap_guarded(text, n), n, back,
                                    sizeof(back), &written) == PUPIL_OK
                && written == len && memcmp(back, bytes, len) == 0;
    }

    ok(good, "base64url and hex as libsodium writes them");
    ok(pupil_hex_decode((const uint8_t *) "abc", 3, back, 96, &written)
       == PUPIL_INVALID
       && pupil_hex_decode((const uint8_t *) "ag", 2, back, 96, &written)
          == PUPIL_INVALID
       && pupil_hex_decode((const uint8_t *) "a b0", 4, back, 96, &written)
          == PUPIL_INVALID
       && pupil_hex_decode((const uint8_t *) "abcd", 4, back, 1, &written)
          == PUPIL_INVALID, "hex: odd, foreign, spaced, too long");
    ok(pupil_hex_decode((const uint8_t *) "aBCd", 4, back, 2, &written)
       == PUPIL_OK && back[0] == 0xab && back[1] == 0xcd, "hex: any case");
}


/* Each byte as a digit at each place, against the alphabets. */
static void
test_every_digit(void)
{
    int       good, known;
    size_t    i, written;
    uint8_t   digits[4], bytes[3];
    unsigned  c;

    static const char  base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char  hex[] = "0123456789abcdefABCDEF";

    for (good = 1, c = 0; c < 256; c++) {
        for (i = 0; i < 4; i++) {
            memset(digits, 'A', 4);
            digits[i] = (uint8_t) c;

            known = c != 0 && strchr(base64, (int) c) != NULL;
            good &= known == (pupil_base64url_decode(digits, 4, bytes, 3,
                                                     &written) == PUPIL_OK);

            known = c != 0 && strchr(hex, (int) c) != NULL;
            good &= known == (pupil_hex_decode(digits, 4, bytes, 3, &written)
                              == PUPIL_OK);
        }
    }

    ok(good, "base64url and hex take their own digits only");
}


/* Each byte, against the unreserved characters of RFC 3986. */
static void
test_percent(void)
{
    int       good, plain;
    char      want[4];
    size_t    n;
    uint8_t   byte, text[3], many[9];
    unsigned  c;

    static const char  unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (good = 1, c = 0; c < 256; c++) {
        byte = (uint8_t) c;
        plain = c != 0 && strchr(unreserved, (int) c) != NULL;
        (void) snprintf(want, sizeof(want), plain ? "%c" : "%%%02X", c);

        n = pupil_percent_encode(tap_guarded(&byte, 1), 1, text);
        good &= n == strlen(want) && memcmp(text, want, n) == 0;
    }

    ok(good, "each byte is percent-encoded, but for the unreserved");
    ok(pupil_percent_encode((const uint8_t *) "a/b", 3, many) == 5
       && memcmp(many, "a%2Fb", 5) == 0, "one behind another");
}


static void
test_fault(void)
{
    char           field[300];
    pupil_fault_t  fault;

    memset(field, 'x', sizeof(field));
    field[sizeof(field) - 1] = '\0';

    ok(pupil_fault_set(&fault, 422, field, "type") == PUPIL_INVALID
       && strlen(fault.field) == sizeof(fault.field) - 1
       && fault.status == 422 && strcmp(fault.rule, "type") == 0,
       "a long field is cut");
    ok(pupil_fault_set(NULL, 422, "", "type") == PUPIL_INVALID,
       "a fault nobody wants");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_uuid();
    test_time();
    test_date();
    test_duration();
    test_decimal();
    test_utf8();
    test_encodings();
    test_every_digit();
    test_percent();
    test_fault();

    return tap_done();
}

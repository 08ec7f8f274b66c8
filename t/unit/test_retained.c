/*
 * Copyright (C) the Pupil authors
 *
 * How far a log is gone, as text: there is one for each, and any byte that is
 * changed, left out or added makes it none, or another one.
 */

#include "core/audit/retained.h"
#include "tap.h"


#define ORIGIN  "pupil-audit/3b94e721-2178-4942-aec5-29da37e472da"
#define TEXT                                                                  \
    "pupil-retained of " ORIGIN "\n"                                          \
    "batch 7\n"                                                               \
    "events 1200\n"                                                           \
    "leaves 34567\n"                                                          \
    "before 1767225600\n"


static pupil_rc_t
parse(const char *text, size_t len, const char *origin,
    pupil_retained_t *retained)
{
    pupil_str_t  s;

    s.data = tap_guarded(text, len);
    s.len = len;

    return pupil_retained_parse(s, origin, retained);
}


/* The same text with one byte changed parses as itself, or not at all. */
static int
changed(size_t at)
{
    char              text[sizeof(TEXT)], again[PUPIL_RETAINED_SIZE];
    pupil_retained_t  retained;

    memcpy(text, TEXT, sizeof(TEXT));
    text[at] ^= 1;

    if (parse(text, sizeof(TEXT) - 1, ORIGIN, &retained) != PUPIL_OK) {
        return 1;
    }

    pupil_retained_format(ORIGIN, &retained, again);

    return memcmp(again, text, sizeof(TEXT)) == 0;
}


int
main(void)
{
    char              text[PUPIL_RETAINED_SIZE];
    char              origin[PUPIL_NOTE_NAME_MAX + 32];
    size_t            i, bad;
    pupil_retained_t  retained;

    ok(parse(TEXT, sizeof(TEXT) - 1, ORIGIN, &retained) == PUPIL_OK,
       "a text is read");
    ok(retained.batch == 7 && retained.events == 1200
       && retained.leaves == 34567 && retained.before == 1767225600,
       "each number is where it belongs");

    pupil_retained_format(ORIGIN, &retained, text);
    ok(strcmp(text, TEXT) == 0, "and is written as it was");

    retained.batch = UINT64_MAX;
    retained.before = 0;
    pupil_retained_format(ORIGIN, &retained, text);
    ok(parse(text, strlen(text), ORIGIN, &retained) == PUPIL_OK
       && retained.batch == UINT64_MAX && retained.before == 0,
       "the largest and the smallest numbers, too");

    ok(parse(TEXT, sizeof(TEXT) - 1, "pupil-audit/another", &retained)
       == PUPIL_INVALID, "it is of no other log");
    ok(parse(TEXT "\n", sizeof(TEXT), ORIGIN, &retained) == PUPIL_INVALID,
       "with nothing behind it");

    for (i = 0, bad = 0; i < sizeof(TEXT) - 1; i++) {
        bad += parse(TEXT, i, ORIGIN, &retained) != PUPIL_INVALID;
    }

    ok(bad == 0, "what is cut off is none");

    for (i = 0, bad = 0; i < sizeof(TEXT) - 1; i++) {
        bad += !changed(i);
    }

    ok(bad == 0, "a byte that is changed makes it another, or none");

    memset(origin, 'x', sizeof(origin) - 1);
    origin[sizeof(origin) - 1] = '\0';
    ok(parse(TEXT, sizeof(TEXT) - 1, origin, &retained) == PUPIL_INVALID,
       "a name that is too long is none's");

    return tap_done();
}

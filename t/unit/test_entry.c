/*
 * Copyright (C) the Pupil authors
 *
 * Entries of the erasure ledger as text: there is one for each, and any byte
 * that is changed, left out or added makes it none, or another one with
 * another hash.
 */

#include <sodium.h>

#include "core/lifecycle/entry.h"
#include "tap.h"


#define TEXT                                                                  \
    "pupil-erasure-v1\n"                                                      \
    "tenant 3b94e721-2178-4942-aec5-29da37e472da\n"                           \
    "number 12\n"                                                             \
    "subject 0c7de421-aaaa-4942-bec5-29da37e47200\n"                          \
    "at 2026-11-26T10:50:07.000123Z\n"                                        \
    "hash 00112233445566778899aabbccddeeff"                                   \
    "00112233445566778899aabbccddeeff\n"


static pupil_rc_t
parse(const char *text, size_t len, pupil_entry_t *entry)
{
    pupil_str_t  s;

    s.data = tap_guarded(text, len);
    s.len = len;

    return pupil_entry_parse(s, entry);
}


/* The same text with one byte changed parses as itself, or not at all. */
static int
changed(size_t at)
{
    char           text[sizeof(TEXT)], again[PUPIL_ENTRY_TEXT_SIZE];
    pupil_entry_t  entry;

    memcpy(text, TEXT, sizeof(TEXT));
    text[at] ^= 1;

    if (parse(text, sizeof(TEXT) - 1, &entry) != PUPIL_OK) {
        return 1;
    }

    pupil_entry_format(&entry, again);

    return memcmp(again, text, sizeof(TEXT)) == 0;
}


int
main(void)
{
    char           text[PUPIL_ENTRY_TEXT_SIZE];
    size_t         i, bad;
    uint8_t        first[PUPIL_HASH_LEN], next[PUPIL_HASH_LEN];
    pupil_entry_t  entry, other;

    if (sodium_init() < 0) {
        return 2;
    }

    ok(parse(TEXT, sizeof(TEXT) - 1, &entry) == PUPIL_OK, "an entry");
    ok(entry.number == 12, "its number");
    ok(entry.at % 1000000 == 123, "its time, to the microsecond");
    pupil_entry_format(&entry, text);
    ok(strcmp(text, TEXT) == 0, "and its text again");

    for (i = 0, bad = 0; i < sizeof(TEXT) - 1; i++) {
        bad += parse(TEXT, i, &other) == PUPIL_OK;
        bad += !changed(i);
    }

    ok(bad == 0, "cut anywhere it is none, changed not this one");
    ok(parse(TEXT "\n", sizeof(TEXT), &other) == PUPIL_INVALID,
       "nothing stands behind it");

    pupil_entry_hash(NULL, &entry, first);
    pupil_entry_hash(first, &entry, next);
    ok(memcmp(first, next, sizeof(first)) != 0, "the one before is hashed");

    other = entry;
    other.at++;
    pupil_entry_hash(NULL, &other, next);
    ok(memcmp(first, next, sizeof(first)) != 0, "and when it was");

    return tap_done();
}

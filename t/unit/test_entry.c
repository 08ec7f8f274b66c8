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


#define MOVED                                                                 \
    "pupil-erasure-v1\n"                                                      \
    "tenant 3b94e721-2178-4942-aec5-29da37e472da\n"                           \
    "number 13\n"                                                             \
    "subject 3b94e721-2178-4942-aec5-29da37e472da\n"                          \
    "moved eu2.example\n"                                                     \
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


/* A text with another word in it. */
static pupil_rc_t
replaced(const char *text, const char *word, const char *by,
    pupil_entry_t *entry)
{
    char         other[2 * PUPIL_ENTRY_TEXT_SIZE];
    const char  *at;

    at = strstr(text, word);
    snprintf(other, sizeof(other), "%.*s%s%s", (int) (at - text), text, by,
             at + strlen(word));

    return parse(other, strlen(other), entry);
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

    ok(entry.kind == PUPIL_ENTRY_ERASURE, "an erasure");
    ok(replaced(TEXT, "subject 0c7de421-aaaa-4942-bec5-29da37e47200",
                "subject 3b94e721-2178-4942-aec5-29da37e472da", &other)
       == PUPIL_OK && other.kind == PUPIL_ENTRY_TENANT,
       "the end of a tenant is its own subject's");

    ok(parse(MOVED, sizeof(MOVED) - 1, &entry) == PUPIL_OK
       && entry.kind == PUPIL_ENTRY_MOVED
       && strcmp(entry.place, "eu2.example") == 0, "a move says where to");
    pupil_entry_format(&entry, text);
    ok(strcmp(text, MOVED) == 0, "and its text again");

    pupil_entry_hash(first, &entry, next);
    other = entry;
    other.place[0]++;
    pupil_entry_hash(first, &other, first);
    ok(memcmp(first, next, sizeof(first)) != 0, "where to is hashed");

    ok(replaced(MOVED, "eu2.example", "", &other) == PUPIL_INVALID,
       "nowhere is no place");
    ok(replaced(MOVED, "eu2.example", "eu2 example", &other) == PUPIL_INVALID,
       "nor are two words");
    ok(replaced(MOVED, "eu2", "eu2345678901234567890123456789012345678901234567"
                "890123456789", &other) == PUPIL_INVALID, "nor a long one");
    ok(replaced(MOVED, "subject 3b", "subject 3c", &other) == PUPIL_INVALID,
       "nobody but a tenant is moved");
    ok(replaced(MOVED, "moved", "merged", &other) == PUPIL_INVALID,
       "another kind is none");

    return tap_done();
}

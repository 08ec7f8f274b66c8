/*
 * Copyright (C) the Pupil authors
 *
 * The code that a teacher hands out.
 */

#include <string.h>

#include <sodium.h>

#include "tap.h"
#include "core/login/handed.h"


#define NOW  (500000 * (int64_t) PUPIL_HANDED_HOUR + 1800)


static const pupil_key_t  *key;


static int
fits(const pupil_handed_t *handed, const char *text, int64_t now)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return pupil_handed_check(key, handed, s, now) == PUPIL_OK;
}


static void
test_typed(const pupil_handed_t *handed)
{
    size_t   i, n;
    char     code[PUPIL_HANDED_TEXT_LEN], typed[PUPIL_HANDED_SENT_MAX];

    (void) pupil_handed_make(key, handed, NOW, code);

    ok(strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") == 14
       && code[4] == '-' && code[9] == '-' && code[14] == '\0',
       "three groups of four letters that are not taken for others");
    ok(fits(handed, code, NOW), "as it stands on the paper");

    for (i = 0, n = 0; code[i] != '\0'; i++) {
        if (code[i] != '-') {
            typed[n++] = code[i] >= 'A' ? (char) (code[i] | 0x20)
                         : code[i] == '0' ? 'o' : code[i] == '1' ? 'l'
                         : code[i];
            typed[n++] = ' ';
        }
    }

    typed[n] = '\0';
    ok(fits(handed, typed, NOW), "small, with blanks, and o and l for 0 and 1");

    memcpy(typed, code, 14);
    typed[14] = code[0];
    typed[15] = '\0';
    ok(!fits(handed, typed, NOW), "with a letter more it is none");
    typed[13] = '\0';
    ok(!fits(handed, typed, NOW), "nor with one less");
    ok(!fits(handed, "", NOW) && !fits(handed, "----", NOW), "nor without any");
    typed[13] = code[13] == '7' ? '8' : '7';
    typed[14] = '\0';
    ok(!fits(handed, typed, NOW), "nor with another one");
}


static void
test_time(const pupil_handed_t *handed)
{
    char     code[PUPIL_HANDED_TEXT_LEN], again[PUPIL_HANDED_TEXT_LEN];
    int64_t  until;

    until = pupil_handed_make(key, handed, NOW, code);

    ok(until > NOW + 23 * 3600 && until <= NOW + 24 * 3600, "for a day");
    ok(fits(handed, code, until - 1), "until that is over");
    ok(!fits(handed, code, until), "and no longer");
    ok(fits(handed, code, NOW - 1800 - PUPIL_HANDED_SKEW),
       "also where a clock is a minute behind");
    ok(!fits(handed, code, NOW - 1800 - PUPIL_HANDED_SKEW - 1),
       "and not before that");

    (void) pupil_handed_make(key, handed, NOW + 60, again);
    ok(strcmp(code, again) == 0, "asked for again it is the same");
    (void) pupil_handed_make(key, handed, NOW + 3600, again);
    ok(strcmp(code, again) != 0, "an hour later another");
}


static void
test_account(const pupil_handed_t *handed)
{
    char            code[PUPIL_HANDED_TEXT_LEN];
    pupil_key_t     other;
    pupil_handed_t  changed;

    (void) pupil_handed_make(key, handed, NOW, code);

#define CHANGED(what, name)                                                   \
    changed = *handed;                                                        \
    changed.what++;                                                           \
    ok(!fits(&changed, code, NOW), "over with " name)

    CHANGED(session, "an end of all sessions");
    CHANGED(credential, "a new password");
    CHANGED(authority, "a role that was");
    CHANGED(subject.b[15], "and another's is none");

    other = *key;
    other.b[0] ^= 1;
    key = &other;
    ok(!fits(handed, code, NOW), "nor is another tenant's");
}


int
main(void)
{
    pupil_key_t     made;
    pupil_handed_t  handed;

    if (sodium_init() < 0) {
        return 1;
    }

    memset(&made, 0x5a, sizeof(made));
    memset(&handed, 0, sizeof(handed));
    handed.subject.b[0] = 1;
    key = &made;

    test_typed(&handed);
    test_time(&handed);
    test_account(&handed);

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * What is one identifier and what is two: case, composition, memory.
 */

#include "core/base/text.h"
#include "core/plugin/fold.h"
#include "tap.h"


static tap_arena_t    arena;
static pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static void
folds(const char *text, const char *expected)
{
    int           same;
    uint8_t      *copy;
    pupil_str_t   given, folded, again;

    copy = tap_guarded(text, strlen(text));
    given.data = copy;
    given.len = strlen(text);

    same = pupil_fold(given, &alloc, &folded) == PUPIL_OK
           && pupil_str_is(folded, expected)
           && pupil_fold(folded, &alloc, &again) == PUPIL_OK
           && pupil_str_is(again, expected);

    ok(same, "%s is %.*s, and stays", text, (int) folded.len,
       (const char *) folded.data);
}


static void
out_of_memory(const char *text)
{
    pupil_str_t  given, folded;

    given.data = (const uint8_t *) text;
    given.len = strlen(text);

    arena.fail_at = 1;
    ok(pupil_fold(given, &alloc, &folded) == PUPIL_NO_MEMORY,
       "no memory for %s", text);
    arena.fail_at = 0;
}


int
main(void)
{
    folds("", "");
    folds("Anna.Berg-01@School.example", "anna.berg-01@school.example");
    folds("ÅSA ÖBERG", "åsa öberg");
    folds("A\xcc\x8asa O\xcc\x88" "berg", "åsa öberg");
    folds("Straße", "strasse");
    folds("ΣΊΣΥΦΟΣ", "σίσυφοσ");
    folds("\xc7\x86", "\xc7\x86");             /* one letter, a digraph */
    folds("ŁUKASZ", "łukasz");
    folds("I", "i");                           /* of no language */
    folds("Ó\xcd\x85", "\xc3\xb3\xce\xb9");    /* a mark that is a letter */
    folds("\xff\xfe", "\xff\xfe");             /* no UTF-8 */
    folds("A\xc3", "A\xc3");

    out_of_memory("anna");
    out_of_memory("åsa");

    tap_arena_reset(&arena);

    return tap_done();
}

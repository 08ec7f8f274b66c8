/*
 * Copyright (C) the Pupil authors
 *
 * Words behind directives: numbers, sizes and times as nginx has them, their
 * bounds, and what is said of those that are wrong.
 */

#include "tap.h"
#include "core/endpoints/directive.h"


enum {
    NAME = 0, COUNT, BYTES, KIB, MSEC, SEC, FLAG, TEXT, ROWS
};

static const char *const  choices[] = { "red", "blue", NULL };

static const pupil_word_t  table[ROWS] = {
    [NAME] = { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = choices },
    [COUNT] = { .name = "count=", .kind = PUPIL_WORD_NUMBER, .max = 10 },
    [BYTES] = { .name = "bytes=", .kind = PUPIL_WORD_BYTES, .off = 1,
                .min = 1024, .max = INT64_C(8) * 1024 * 1024 * 1024 },
    [KIB] = { .name = "kib=", .kind = PUPIL_WORD_KIB, .min = 1, .max = 2048 },
    [MSEC] = { .name = "msec=", .kind = PUPIL_WORD_MSEC, .min = 0,
               .max = INT64_C(2) * 365 * 86400 * 1000 },
    [SEC] = { .name = "sec=", .kind = PUPIL_WORD_SEC, .min = 90,
              .max = 7 * 86400 },
    [FLAG] = { .name = "flag", .kind = PUPIL_WORD_FLAG },
    [TEXT] = { .name = "text=", .kind = PUPIL_WORD_TEXT }
};

typedef struct {
    const char  *word;
    uint32_t     row;
    int64_t      number;
} accept_t;

static const accept_t  accepted[] = {
    { "count=0", COUNT, 0 },
    { "count=0010", COUNT, 10 },
    { "bytes=1024", BYTES, 1024 },
    { "bytes=8k", BYTES, 8192 },
    { "bytes=8192M", BYTES, INT64_C(8) * 1024 * 1024 * 1024 },
    { "bytes=OFF", BYTES, 0 },
    { "kib=1m", KIB, 1024 },
    { "kib=2047", KIB, 1 },
    { "msec=0", MSEC, 0 },
    { "msec=5", MSEC, 5000 },
    { "msec=5s", MSEC, 5000 },
    { "msec=250ms", MSEC, 250 },
    { "msec=1h 30m", MSEC, 5400 * 1000 },
    { "msec=1m30", MSEC, 90 * 1000 },
    { "msec=1y1M1w1d1h1m1s1ms", MSEC,
      (INT64_C(365) + 30 + 7 + 1) * 86400 * 1000 + 3661 * 1000 + 1 },
    { "sec=2m", SEC, 120 },
    { "sec=90000ms", SEC, 90 },
    { "flag", FLAG, 1 },
    { "text=a=b", TEXT, 0 }
};

typedef struct {
    const char  *word, *said;
} refuse_t;

static const refuse_t  refused[] = {
    { "count=", "\"count=\" is out of bounds: 0 to 10" },
    { "count=11", "\"count=11\" is out of bounds: 0 to 10" },
    { "count=-1", "out of bounds" },
    { "count=1x", "out of bounds" },
    { "count=99999999999999999999", "out of bounds" },
    { "bytes=1023", "out of bounds: 1k to 8192m, or off" },
    { "bytes=1g", "out of bounds" },
    { "bytes=8kk", "out of bounds" },
    { "bytes=99999999999999m", "out of bounds" },
    { "kib=2049k", "out of bounds: 1k to 2m" },
    { "msec=", "out of bounds: 0d to 730d" },
    { "msec=m", "out of bounds" },
    { "msec=1x", "out of bounds" },
    { "msec=1m1h", "out of bounds" },
    { "msec=1m1m", "out of bounds" },
    { "msec=1s1", "out of bounds" },
    { "msec=9999999999999y", "out of bounds" },
    { "sec=90500ms", "out of bounds: 90s to 7d" },
    { "flag=1", "unknown parameter \"flag=1\": it takes count=, bytes=" },
    { "fla", "unknown parameter" },
    { "text=", "\"text=\" is empty" },
    { "red", "unknown parameter" }
};


static pupil_rc_t
read_two(const char *first, const char *second, pupil_words_t *words,
    pupil_error_t *error)
{
    pupil_str_t  given[2];

    given[0].data = (const uint8_t *) first;
    given[0].len = strlen(first);
    given[1].data = (const uint8_t *) second;
    given[1].len = strlen(second);

    pupil_words_init(words);

    return pupil_words_read(table, ROWS, given, 2, words, error);
}


static void
test_values(void)
{
    uint32_t        i;
    pupil_error_t   error;
    pupil_words_t   words;

    for (i = 0; i < PUPIL_COUNT(accepted); i++) {
        ok(read_two("Blue", accepted[i].word, &words, &error) == PUPIL_OK
           && words.number[NAME] == 1
           && words.number[accepted[i].row] == accepted[i].number,
           "%s", accepted[i].word);
    }

    for (i = 0; i < PUPIL_COUNT(refused); i++) {
        ok(read_two("red", refused[i].word, &words, &error) == PUPIL_INVALID
           && strstr(error.text, refused[i].said) != NULL, "%s: %s",
           refused[i].word, error.text);
    }

    ok(read_two("green", "flag", &words, &error) == PUPIL_INVALID
       && strcmp(error.text, "\"green\" is none of: red, blue") == 0,
       "a choice that there is not: %s", error.text);
}


static void
test_whole(void)
{
    pupil_error_t  error;
    pupil_words_t  words;
    pupil_str_t    given = pupil_str("count=3");

    ok(read_two("blue", "text=a=b", &words, &error) == PUPIL_OK
       && words.text[TEXT].len == 3
       && memcmp(words.text[TEXT].data, "a=b", 3) == 0,
       "a text is what stands behind its name");
    ok(words.number[COUNT] == PUPIL_WORD_UNSET
       && pupil_words_number(&words, COUNT, 7) == 7
       && pupil_words_number(&words, NAME, 7) == 1,
       "what is unset is something else");

    ok(pupil_words_read(&table[COUNT], 1, &given, 1, &words, &error)
       == PUPIL_INVALID
       && strcmp(error.text, "the parameter \"count=\" is there already")
          == 0, "what is set is not set again: %s", error.text);
}


/* Rows of directives are complete, and say where they may stand. */
static void
test_directives(void)
{
    uint32_t                  i, k, bad;
    const pupil_word_t       *word;
    const pupil_directive_t  *d;

    for (i = 0; i < PUPIL_DIRECTIVE_COUNT; i++) {
        d = &pupil_directives[i];

        bad = strncmp(d->name, "pupil_", 6) != 0 || d->where == 0
              || d->least > d->most || d->table_count > PUPIL_WORDS_MAX
              || (d->handler && (d->where != PUPIL_IN_LOCATION
                                 || (d->most != 0) != (d->table != NULL)));

        for (k = 0; k < d->table_count; k++) {
            word = &d->table[k];
            bad += word->name == NULL || word->min > word->max
                   || (word->name[0] == '\0' && k != 0)
                   || (word->kind == PUPIL_WORD_CHOICE) != !!word->choices;
        }

        ok(bad == 0, "%s has a row", d->name);
    }
}


int
main(void)
{
    test_values();
    test_whole();
    test_directives();

    return tap_done();
}

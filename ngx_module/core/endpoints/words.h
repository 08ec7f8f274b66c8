/*
 * Copyright (C) the Pupil authors
 *
 * The words behind a directive: a table says what they may be, and one reader
 * reads them.  Numbers, sizes and times are written as nginx has them.
 */

#ifndef PUPIL_WORDS_H
#define PUPIL_WORDS_H

#include "pupil_plugin.h"
#include "core/base/pupil.h"


#define PUPIL_WORDS_MAX    24         /* rows of a table */
#define PUPIL_WORD_UNSET   INT64_MIN

typedef enum {
    PUPIL_WORD_TEXT = 0,    /* one byte or more */
    PUPIL_WORD_FLAG,        /* its name, and nothing behind it */
    PUPIL_WORD_CHOICE,      /* a word of a list, in either case */
    PUPIL_WORD_NUMBER,
    PUPIL_WORD_BYTES,       /* 16k, 8m */
    PUPIL_WORD_KIB,         /* the same, as KiB */
    PUPIL_WORD_MSEC,        /* 500ms, 5s, "1h 30m"; without a unit seconds */
    PUPIL_WORD_SEC          /* the same, as seconds */
} pupil_word_kind_t;

/* A row of a table. */
typedef struct {
    const char         *name;       /* with its "=", but of a flag; "": the
                                       first word */
    pupil_word_kind_t   kind;
    unsigned            off:1;      /* or "off", which is 0 */
    int64_t             min, max;   /* in what the kind says */
    const char *const  *choices;    /* the number is the place; NULL ends */
} PUPIL_NAMED pupil_word_t;

/* What was read, by the rows of the table. */
typedef struct {
    int64_t      number[PUPIL_WORDS_MAX];   /* or PUPIL_WORD_UNSET */
    pupil_str_t  text[PUPIL_WORDS_MAX];     /* as written, without the name */
} pupil_words_t;


void pupil_words_init(pupil_words_t *words);

int64_t pupil_words_number(const pupil_words_t *words, uint32_t row,
    int64_t otherwise);

/*
 * Reads given words by a table of count rows.  words: initialised; what is
 * set in it counts as given before.  PUPIL_INVALID with error set: the text
 * says what would be right.  Ownership: *words points to given.
 */
pupil_rc_t pupil_words_read(const pupil_word_t *table, uint32_t count,
    const pupil_str_t *given, uint32_t given_count, pupil_words_t *words,
    pupil_error_t *error);

/* A size, to be used where a table does not do.  Bytes, or -1. */
int64_t pupil_size_parse(pupil_str_t text);

#endif /* PUPIL_WORDS_H */

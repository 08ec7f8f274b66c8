/*
 * Copyright (C) the Pupil authors
 *
 * The words of drafts, in each language.
 */

#ifndef PUPIL_CTL_BREACH_WORDS_H
#define PUPIL_CTL_BREACH_WORDS_H

#include "ctl/breach/draft.h"


typedef enum {
    /* for the authority */
    WORD_AUTHORITY = 0,
    WORD_CONTROLLER,
    WORD_REFERENCE,
    WORD_NATURE,
    WORD_BEGAN,
    WORD_ENDED,
    WORD_GOES_ON,
    WORD_NOTICED,
    WORD_PEOPLE,
    WORD_ERASED,
    WORD_RECORDS,
    WORD_SHOWN,
    WORD_CHANGED,
    WORD_COULD,
    WORD_CONTACT,
    WORD_CONSEQUENCES,
    WORD_MEASURES,
    WORD_LATE,

    /* for the people concerned */
    WORD_TITLE,
    WORD_WHY,
    WORD_WHAT,
    WORD_WHEN,
    WORD_WHICH,
    WORD_SEEN,
    WORD_MAYBE,
    WORD_MEANS,
    WORD_DONE,
    WORD_YOU,
    WORD_PASSWORD,
    WORD_ASK,
    WORD_COMPLAIN,
    WORD_COUNT
} breach_word_t;

extern const char *const breach_words[BREACH_LANGUAGES][WORD_COUNT];

/* What a category, or a role, is called; its name where nobody has said. */
const char *breach_category_word(const char *category, size_t language);
const char *breach_role_word(const char *role, size_t language);

#endif /* PUPIL_CTL_BREACH_WORDS_H */

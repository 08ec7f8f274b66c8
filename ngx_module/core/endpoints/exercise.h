/*
 * Copyright (C) the Pupil authors
 *
 * Kinds of exercises: what a teacher defines, what an answer has to be, and
 * whether it is right where the teacher gave a key.  An exercise without a
 * kind takes any answer, and whoever asked it scores it.  Allowed in every
 * context.
 */

#ifndef PUPIL_EXERCISE_H
#define PUPIL_EXERCISE_H

#include "core/endpoints/words.h"
#include "core/input/input.h"


#define PUPIL_INPUT_TITLE_MAX      200      /* characters */
#define PUPIL_INPUT_SCORE_MAX      1000000  /* of max_score */
#define PUPIL_EXERCISE_TEXT_MAX    4000     /* bytes */
#define PUPIL_EXERCISE_OPTIONS     20       /* of a choice, at most */
#define PUPIL_EXERCISE_OPTION_MAX  200      /* characters */
#define PUPIL_EXERCISE_UNIT_MAX    20       /* characters */
#define PUPIL_EXERCISE_KEY_MAX     256      /* bytes of JSON */
#define PUPIL_EXERCISES_MAX        65536    /* bytes of those of a homework */

#define PUPIL_ANSWER_MAX           8192     /* bytes of JSON */
#define PUPIL_ANSWER_ESSAY_MAX     60000    /* of an essay */
#define PUPIL_ANSWER_LINK_MAX      2000     /* bytes of a URL */


typedef enum {
    PUPIL_KIND_NONE = 0,
    PUPIL_KIND_CHOICE,
    PUPIL_KIND_NUMBER,
    PUPIL_KIND_TEXT,            /* a line */
    PUPIL_KIND_ESSAY,
    PUPIL_KIND_LINK,
    PUPIL_KIND_COUNT
} pupil_kind_t;


/* pupil_score_claims: of which exercises clients may say the score. */
enum {
    PUPIL_CLAIMS_OFF = 0,
    PUPIL_CLAIMS_KINDLESS,
    PUPIL_CLAIMS_ON
};

extern const pupil_word_t  pupil_score_claims_words[1];


/* What an answer is judged by. */
typedef struct {
    uint8_t          kind;          /* pupil_kind_t */
    uint8_t          multiple;      /* several of the options */
    uint8_t          options;
    uint8_t          keyed;         /* it has a key, which follows */
    uint32_t         right;         /* a bit for each option */
    pupil_decimal_t  value, tolerance;
} pupil_question_t;


/* An exercise of a new homework, or of one that is changed. */
typedef struct {
    pupil_uuid_t          id;           /* of one that is kept; else zero */
    pupil_str_t           title;
    pupil_input_number_t  max_score;
    pupil_str_t           kind;         /* data is NULL when absent */
    pupil_str_t           text;         /* as the rest of them */
    pupil_input_bool_t    multiple;
    pupil_str_t           unit;
    pupil_str_t           key;          /* JSON, verbatim */
    unsigned              keyless;      /* its key is taken away */
    unsigned              kept;         /* that was not sent, but stored */
    pupil_str_t          *options;
    pupil_question_t      question;
} pupil_input_exercise_t;


/* An exercise as it is stored. */
typedef struct {
    pupil_uuid_t      id;
    pupil_decimal_t   max_score;        /* zero: it has none */
    pupil_question_t  question;
} pupil_asked_t;

typedef struct {
    pupil_asked_t  *items;              /* ownership: the allocator's */
    uint32_t        count;
} pupil_asked_list_t;


/*
 * One of the list of exercises that a client sends, into *out, zeroed.
 * changed: of a homework that is there, so that it may have an id, and null in
 * place of a key.
 */
pupil_rc_t pupil_exercise_input(pupil_body_t *in, uint32_t node,
    unsigned changed, pupil_input_exercise_t *out);

/*
 * What is sent of exercises that are to be kept, against those that are stored
 * and their keys, as pupil_asked_read() has them: each is the same question,
 * and keeps its key unless it is sent another, or none.  PUPIL_INVALID with
 * fault for what is not; for a stored text that is none fault's status is 0.
 * PUPIL_NO_MEMORY.  list points into keys then, and may be held against
 * others once more.
 */
pupil_rc_t pupil_exercises_keep(const pupil_alloc_t *alloc,
    pupil_str_t exercises, pupil_str_t keys, pupil_input_exercise_t *list,
    uint32_t count, pupil_fault_t *fault);

/* The text of a list of exercises, or of their keys, as it is stored. */
pupil_rc_t pupil_exercises_parse(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_json_t *json);

/* The member of either with that id; PUPIL_JSON_NONE: none. */
uint32_t pupil_exercises_member(const pupil_json_t *json,
    const pupil_uuid_t *id);

/*
 * Reads the exercises of a homework, [{"id","max_score","kind",...}, ...], and
 * their keys, [{"id","key"}, ...], empty when there are none or nobody may
 * know them.  PUPIL_INVALID for anything else; PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_asked_read(const pupil_alloc_t *alloc, pupil_str_t exercises,
    pupil_str_t keys, pupil_asked_list_t *out);

/* NULL: none of them. */
const pupil_asked_t *pupil_asked_find(const pupil_asked_list_t *list,
    const pupil_uuid_t *id);

/*
 * The key of a question, whose kind and options are known: NULL, or the name of
 * the rule that it breaks, at the node *at.
 */
const char *pupil_key_read(const pupil_json_t *json, uint32_t node,
    pupil_question_t *question, uint32_t *at);

/*
 * The exercises that are stored, with their keys, as if they had been sent; no
 * ids.  As pupil_asked_read(); list points into both texts.
 */
pupil_rc_t pupil_exercises_copy(const pupil_alloc_t *alloc,
    pupil_str_t exercises, pupil_str_t keys, pupil_input_exercise_t **list,
    uint32_t *count);

/*
 * Is this JSON an answer to the question?  PUPIL_OK with *right where it has a
 * key; PUPIL_INVALID with fault, whose field is the answer's, such as
 * "/answer/0"; PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_answer_fits(const pupil_alloc_t *alloc,
    const pupil_question_t *question, pupil_str_t answer, unsigned *right,
    pupil_fault_t *fault);

#endif /* PUPIL_EXERCISE_H */

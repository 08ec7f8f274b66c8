/*
 * Copyright (C) the Pupil authors
 *
 * The numbers of one writer for one tenant.  What becomes of a number is not
 * known until the database has answered, and never if the connection is lost;
 * a number that is not known to be stored is *declared*, by a record of its
 * own, and only then may it be absent (docs/privacy.md).  Lies in shared
 * memory, so that it outlives the worker that gave them: whoever finds a
 * writer dead declares what it left.
 */

#ifndef PUPIL_AUDIT_NUMBERS_H
#define PUPIL_AUDIT_NUMBERS_H

#include "core/base/pupil.h"


/* Numbers that are not settled, with those between them; a power of two. */
#define PUPIL_NUMBERS_WINDOW   8192

/* Of these, kept for declarations, which make room. */
#define PUPIL_NUMBERS_RESERVE  64

#define PUPIL_NUMBERS_CHOICES  4      /* records that a statement can choose */


typedef enum {
    PUPIL_NUMBER_FLYING = 0,    /* given, and nothing is known of it */
    PUPIL_NUMBER_SETTLED,       /* stored, or declared */
    PUPIL_NUMBER_ABSENT,        /* not known to be stored: to be declared */
    PUPIL_NUMBER_OTHER          /* stored, by a choice that is not the usual:
                                   to be declared; + choice - 1 */
} pupil_number_state_t;

typedef struct {
    uint64_t  base;             /* all below are settled */
    uint64_t  next;             /* the next to be given; the first is 1 */
    uint32_t  open;             /* to be declared */
    uint8_t   states[PUPIL_NUMBERS_WINDOW];     /* from base on, a ring */
} pupil_numbers_t;

/* Numbers with one thing to be said of all of them. */
typedef struct {
    uint64_t  first, last;
    uint32_t  choice;           /* 0: absent; else stored, by this choice */
} pupil_numbers_range_t;


void pupil_numbers_init(pupil_numbers_t *numbers);

/* The first of count numbers; 0: too many are not settled. */
uint64_t pupil_numbers_take(pupil_numbers_t *numbers, uint32_t count,
    uint32_t reserve);

/* They were never sent; taken back if they are the latest, else absent. */
void pupil_numbers_unsent(pupil_numbers_t *numbers, uint64_t first,
    uint32_t count);

void pupil_numbers_settle(pupil_numbers_t *numbers, uint64_t number);
void pupil_numbers_absent(pupil_numbers_t *numbers, uint64_t number);

/* Stored, by this choice, of which 0 settles the number. */
void pupil_numbers_chosen(pupil_numbers_t *numbers, uint64_t number,
    uint32_t choice);

/* All that fly: their writer is dead, and nobody will hear of them. */
void pupil_numbers_end(pupil_numbers_t *numbers);

/*
 * The first range that is to be declared and does not end before from;
 * PUPIL_NOT_FOUND.
 */
pupil_rc_t pupil_numbers_find(const pupil_numbers_t *numbers, uint64_t from,
    pupil_numbers_range_t *range);

#endif /* PUPIL_AUDIT_NUMBERS_H */

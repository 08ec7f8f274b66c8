/*
 * Copyright (C) the Pupil authors
 *
 * Whether what the log has of each writer is all of it: records in the order
 * of their numbers, and what gateways declared of numbers that are absent.
 */

#ifndef PUPIL_CTL_SEQUENCE_H
#define PUPIL_CTL_SEQUENCE_H

#include "core/audit/declared.h"
#include "core/audit/record.h"
#include "ctl/base/ctl.h"
#include "ctl/store/retained.h"


typedef enum {
    FINDING_MISSING = 0,        /* it was stored, and is not there */
    FINDING_CHANGED,            /* its MAC does not fit */
    FINDING_TWICE,
    FINDING_OUTCOME,            /* another than its writer declared */
    FINDING_UNNUMBERED,         /* it has no number, and should */
    FINDING_TIME,               /* its time is before that of those before it */
    FINDING_RETURNED,           /* its time was over, and it is there */
    FINDING_SHAPE,              /* what records refer to: see referred.h */
    FINDING_POLICY
} finding_kind_t;

typedef struct {
    finding_kind_t  kind;
    uint64_t        writer, first, last;
    pupil_time_t    at;         /* of the record, or of the next one */
    uint8_t         hash[32];   /* of a shape or a policy */
    int             gone;       /* which is not there */
} finding_t;

/* What a gateway declared. */
typedef struct {
    uint64_t               writer;
    pupil_numbers_range_t  range;
    int                    ended;
} declared_t;

/* Grows; empty when zeroed. */
typedef struct {
    void    *elts;
    size_t   count, room;
} sequence_list_t;

typedef struct {
    pupil_time_t     since;         /* judged from then on; 0: all */
    int              keyless;       /* by which choice is past checking */
    pupil_time_t     recent;        /* what is newer may still be under way */
    const retained_t *retained;     /* what is gone by its time */
    const retained_t *before;       /* and was when the run began */
    sequence_list_t  declared;      /* declared_t, sorted */
    sequence_list_t  findings;      /* finding_t */
    sequence_list_t  changed;       /* uint64_t, since the last authentic one */
    uint64_t         writers;       /* seen */
    uint64_t         under_way;     /* findings that may be no more soon */

    /* of the writer whose records come */
    int              begun;
    uint64_t         writer;
    uint64_t         number;        /* the last authentic one, or gone */
    uint64_t         gone;          /* up to which it is retention's */
    uint64_t         over;          /* up to which nothing is left */
    pupil_time_t     at;
    size_t           next;          /* in declared: the writer's first */
    size_t           from;          /* the first that is not behind number */
} sequence_t;


/* The note of an authentic record of a gateway; 0, or -1: it is none. */
int sequence_declare(sequence_t *s, pupil_str_t note);

/* Is this number declared absent? */
int sequence_declared(const sequence_t *s, uint64_t writer, uint64_t number);

/* All is declared: records come now, by writer and number. */
void sequence_begin(sequence_t *s);

/* authentic: by record->choice.  What has no number is the caller's. */
void sequence_record(sequence_t *s, const pupil_audit_record_t *record,
    int authentic);

/* The last record has come. */
void sequence_end(sequence_t *s);

void sequence_find(sequence_t *s, const finding_t *finding);

/*
 * Leaves out what may be under way and was not found before, at an earlier
 * look: by the same numbers.  before: finding_t.
 */
void sequence_again(sequence_t *s, const sequence_list_t *before);

/* One more element, which is not zeroed. */
void *sequence_list_add(sequence_list_t *list, size_t size);

void sequence_free(sequence_t *s);

#endif /* PUPIL_CTL_SEQUENCE_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Requests of data subjects (GDPR articles 7 and 15 to 22): what can be asked
 * for, what becomes of it, and by when.  Rules alone; days are those of the
 * tenant's time zone, since 1970-01-01.
 */

#ifndef PUPIL_REQUEST_H
#define PUPIL_REQUEST_H

#include "core/base/text.h"


#define PUPIL_REQUEST_OPEN_MOST  10     /* of a person, at once */
#define PUPIL_REQUEST_TEXT_MAX   4000   /* bytes of what somebody says */
#define PUPIL_REQUEST_SOON       7      /* days before it is due */


typedef enum {
    PUPIL_REQUEST_ACCESS = 0,           /* article 15 */
    PUPIL_REQUEST_RECTIFICATION,        /* 16 */
    PUPIL_REQUEST_ERASURE,              /* 17 */
    PUPIL_REQUEST_RESTRICTION,          /* 18 */
    PUPIL_REQUEST_PORTABILITY,          /* 20 */
    PUPIL_REQUEST_OBJECTION,            /* 21 */
    PUPIL_REQUEST_WITHDRAWAL,           /* 7(3): of a consent */
    PUPIL_REQUEST_KINDS
} pupil_request_kind_t;

typedef enum {
    PUPIL_REQUEST_RECEIVED = 0,
    PUPIL_REQUEST_EXTENDED,             /* two months more: article 12(3) */
    PUPIL_REQUEST_GRANTED,              /* decided, and not done yet */
    PUPIL_REQUEST_PARTLY,               /* the same of a part */
    PUPIL_REQUEST_REFUSED,              /* this and below: nothing is left */
    PUPIL_REQUEST_EXECUTED,
    PUPIL_REQUEST_FORWARDED,            /* it was at the wrong door */
    PUPIL_REQUEST_STATES
} pupil_request_state_t;

typedef enum {
    PUPIL_REQUEST_IN_TIME = 0,
    PUPIL_REQUEST_DUE_SOON,
    PUPIL_REQUEST_OVERDUE
} pupil_request_clock_t;


/* What the rules look at. */
typedef struct {
    pupil_request_kind_t   kind;
    pupil_request_state_t  state;
    int32_t                received, due;
} pupil_request_t;

/* What a controller decides: texts may be empty. */
typedef struct {
    pupil_request_state_t  state;       /* granted, partly or refused */
    pupil_str_t            condition;   /* the letter of 17(1) or 18(1) */
    pupil_str_t            reason;      /* as the person is told */
} pupil_request_decision_t;


/* KINDS and STATES for a name of none. */
pupil_request_kind_t pupil_request_kind(pupil_str_t name);
pupil_request_state_t pupil_request_state(pupil_str_t name);

const char *pupil_request_kind_name(pupil_request_kind_t kind);
const char *pupil_request_state_name(pupil_request_state_t state);
const char *pupil_request_article(pupil_request_kind_t kind);

/* 1: something is left to do. */
int pupil_request_open(pupil_request_state_t state);

/*
 * The last day of a period of months that began on a day: the same day of the
 * month, or its last one where there is none (Regulation (EEC, Euratom)
 * 1182/71, article 3(2)(c)).  That a period which ends on a holiday goes on to
 * the next working day is not used: it would be later.
 */
int32_t pupil_request_after(int32_t day, int months);

/* By when it is to be answered. */
int32_t pupil_request_due(int32_t received, int extended);

/* Of what is open. */
pupil_request_clock_t pupil_request_clock(const pupil_request_t *request,
    int32_t today);

/*
 * NULL: it may be.  Else why not, a phrase that follows "the request is not
 * extended: ", or decided, or executed.
 */
const char *pupil_request_extend(const pupil_request_t *request,
    int32_t today, pupil_str_t reason);
const char *pupil_request_decide(const pupil_request_t *request,
    const pupil_request_decision_t *decision);
const char *pupil_request_execute(const pupil_request_t *request);

#endif /* PUPIL_REQUEST_H */

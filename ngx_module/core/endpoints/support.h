/*
 * Copyright (C) the Pupil authors
 *
 * Support grants: by a code that its owner reads out, a support account reads
 * what is theirs for a time.  /v1/support: its statements, what a client sends
 * there, and what those who make a grant send.
 */

#ifndef PUPIL_SUPPORT_H
#define PUPIL_SUPPORT_H

#include "core/audit/audit.h"
#include "core/endpoints/columns.h"
#include "core/input/input.h"
#include "core/policy/statement.h"


#define PUPIL_SUPPORT_CODE_TIME  (10 * 60)      /* seconds that a code counts */
#define PUPIL_SUPPORT_ROWS       64             /* that are looked at */

/* The note of what is read by a grant, and its id behind it. */
#define PUPIL_SUPPORT_NOTE  "support grant "


/* The statements of /v1/support, by index. */
enum {
    PUPIL_SUPPORT_RESERVE = 0,  /* throttle: as PUPIL_LOGIN_RESERVE */
    PUPIL_SUPPORT_TELL,         /* as PUPIL_LOGIN_TELL */
    PUPIL_SUPPORT_FIND,         /* the grant of a code */
    PUPIL_SUPPORT_REDEEM,       /* it is this session's; throttle, audit */
    PUPIL_SUPPORT_COUNT
};

/* PUPIL_SUPPORT_FIND, $8 the hash of a code: its row, or NULL. */
enum {
    PUPIL_SF_GRANT = 1,
    PUPIL_SF_COLUMNS = PUPIL_SF_GRANT + PUPIL_SUPPORT_COLUMNS
};

/*
 * PUPIL_SUPPORT_REDEEM, $8 the grant, $9 its MAC as it was read, $10 whose
 * data; $11 redeemed_at, $12 the hash of the actor's token and $13 the MAC that
 * goes with them; $14 the bucket of the throttle.
 */
enum {
    PUPIL_SU_REDEEMED = PUPIL_RECORDED + 1,
                                /* 1, or 0: it ended meanwhile */
    PUPIL_SU_COLUMNS
};

/* Its records, and those of grants that are made. */
#define PUPIL_SUPPORT_CHOICES  2

extern const pupil_audit_choice_t  pupil_support_makes[PUPIL_SUPPORT_CHOICES];

/* Of grants that are ended: it is there, or not. */
extern const pupil_audit_choice_t  pupil_support_ends[PUPIL_SUPPORT_CHOICES];


/* code.data is a copy, to be zeroed. */
typedef struct {
    pupil_str_t  code;
} pupil_input_code_t;


/* {"minutes"?}, whole ones; absent: longest, which is in seconds. */
pupil_rc_t pupil_input_grant(const pupil_alloc_t *alloc,
    const pupil_str_t *body, uint32_t longest, uint32_t *seconds,
    pupil_fault_t *fault);

/* {"code"} */
pupil_rc_t pupil_input_code(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_code_t *out, pupil_fault_t *fault);

#endif /* PUPIL_SUPPORT_H */

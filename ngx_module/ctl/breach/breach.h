/*
 * Copyright (C) the Pupil authors
 *
 * A breach of personal data in the register of a tenant (GDPR article 33(5)):
 * what its commands share.
 */

#ifndef PUPIL_CTL_BREACH_BREACH_H
#define PUPIL_CTL_BREACH_BREACH_H

#include "ctl/base/ctl.h"


/* Of breach_columns_sql, as text; times as RFC 3339 in UTC. */
enum {
    BREACH_NUMBER = 0,
    BREACH_STATE,               /* open, late, notified or closed */
    BREACH_NOTICED,
    BREACH_DUE,                 /* the authority is to be notified by then */
    BREACH_SINCE,
    BREACH_UNTIL,               /* NULL: it goes on */
    BREACH_REFERENCE,
    BREACH_WHAT,
    BREACH_AUTHORITY,           /* when it was notified, or NULL */
    BREACH_AUTHORITY_REFERENCE,
    BREACH_TOLD,                /* people */
    BREACH_TOLD_AT,
    BREACH_CLOSED,              /* or NULL */
    BREACH_REASON,
    BREACH_COLUMNS
};

/* Their names in answers, and NULL. */
extern const char *const  breach_names[];

/* Of pupil.breach AS b. */
extern const char  breach_columns_sql[];

/* An instant of SQL, as an answer has it. */
#define BREACH_TIME(sql)                                                      \
    "to_char(" sql " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


/* The number of the command's first word; NULL with the error said. */
const char *breach_number(const ctl_t *ctl);

/* An instant of the line, or NULL; 0 or -1 with the error said. */
int breach_time(const char *text, const char *option, pupil_time_t *out);

/* Opens plugins, databases and keys; begins a transaction of the data. */
int breach_begin(ctl_t *ctl);

/*
 * In it; NULL with the error said: there is none.  The row stays as it is until
 * the transaction ends.  open: a closed one is refused, too.
 */
PGresult *breach_read(ctl_t *ctl, const char *number, int open);

/* What was done is on record: number NULL, of all of them. */
int breach_record(ctl_t *ctl, uint32_t operation, const char *number,
    const char *done);

/* The answer of a command that changed it, committed: its row. */
int breach_answer(ctl_t *ctl, const char *number);

/* Of a row, with all that is not NULL.  Ownership: a reference. */
json_t *breach_json(const PGresult *res, int row);

#endif /* PUPIL_CTL_BREACH_BREACH_H */

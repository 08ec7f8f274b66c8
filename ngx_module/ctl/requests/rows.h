/*
 * Copyright (C) the Pupil authors
 *
 * Rows of requests of data subjects, and what is sealed beside them.
 */

#ifndef PUPIL_CTL_REQUEST_ROWS_H
#define PUPIL_CTL_REQUEST_ROWS_H

#include "core/lifecycle/request.h"
#include "core/vault/authentic.h"
#include "ctl/store/record.h"


/* Ownership of texts: the command's pool, or whoever made the row. */
typedef struct {
    pupil_request_row_t  row;
    pupil_request_t      rules;         /* the same, as the rules look at it */
    char                 id[PUPIL_UUID_TEXT_LEN + 1];
    char                 subject[PUPIL_UUID_TEXT_LEN + 1];  /* "": nobody */
} ctl_request_t;

/* What of it is sealed, by the field. */
#define CTL_REQUEST_TEXTS  5

extern const char *const  ctl_request_texts[CTL_REQUEST_TEXTS];

extern const ctl_access_t  ctl_request_read;
extern const ctl_access_t  ctl_request_write;


/*
 * In a transaction of the data database, which locks the row if it is to be
 * changed.  1; 0: there is none of this id; -1 with the error said, also of a
 * row that nobody has written, which is on record.
 */
int ctl_request_find(ctl_t *ctl, const char *id, int change,
    ctl_request_t *request);

/*
 * Those that are open, by the day that they are due; or all of a person, the
 * newest first.  What nobody has written is said, and left out.
 */
int ctl_request_list(ctl_t *ctl, const char *subject, ctl_request_t **list,
    size_t *count);

/* In a transaction: a new row, and a changed one; row.changed_at is now. */
int ctl_request_add(ctl_t *ctl, ctl_request_t *request);
int ctl_request_update(ctl_t *ctl, ctl_request_t *request);

/* The record of what is done to it; detail may be NULL. */
int ctl_request_record(ctl_t *ctl, const ctl_request_t *request,
    const ctl_access_t *access, const char *outcome, const char *detail);

/*
 * Seals a text beside the row, which has a person; the transaction as above.
 * Of who was erased nothing is kept, and that is 0.
 */
int ctl_request_say(ctl_t *ctl, const ctl_request_t *request,
    const char *field, pupil_str_t value);

/* Whether it names categories, as not all is meant, which stay sealed; -1. */
int ctl_request_part(ctl_t *ctl, const ctl_request_t *request);

/* Those that are there, clear; data NULL for others. */
int ctl_request_said(ctl_t *ctl, const ctl_request_t *request,
    pupil_str_t values[CTL_REQUEST_TEXTS]);

/* A day as text; out: returned. */
const char *ctl_request_day(int32_t day, char out[16]);

#endif /* PUPIL_CTL_REQUEST_ROWS_H */

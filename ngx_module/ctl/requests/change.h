/*
 * Copyright (C) the Pupil authors
 *
 * What the commands of requests share.
 */

#ifndef PUPIL_CTL_REQUEST_CHANGE_H
#define PUPIL_CTL_REQUEST_CHANGE_H

#include "ctl/requests/rows.h"


/* The first word is an id; -1 with the error said. */
int ctl_request_word(const ctl_t *ctl);

/* --reference: a line that fits beside the row; 0 or -1. */
int ctl_request_reference(const ctl_t *ctl);

/* A text of a file, without the line ends behind it; path NULL: empty. */
int ctl_request_file(ctl_t *ctl, const char *path, const char *option,
    pupil_str_t *text);

/*
 * Opens what a command needs, begins a transaction, and reads the request that
 * the first word says.  That there is none is on record.
 */
int ctl_request_open(ctl_t *ctl, int change, ctl_request_t *request);

/* Prints it; receipt: of its categories, or NULL.  Ownership: takes it. */
int ctl_request_tell(ctl_t *ctl, const ctl_request_t *request,
    json_t *receipt);

/* What rules refuse, on record and said; -1. */
int ctl_request_refuse(ctl_t *ctl, const ctl_request_t *request,
    const char *what, const char *why);

/* Written, recorded and committed, in another state; -1 with a rollback. */
int ctl_request_change(ctl_t *ctl, ctl_request_t *request,
    pupil_request_state_t state);

#endif /* PUPIL_CTL_REQUEST_CHANGE_H */

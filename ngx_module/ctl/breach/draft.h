/*
 * Copyright (C) the Pupil authors
 *
 * Drafts of what the authority and the people concerned are told of a breach
 * (GDPR articles 33(3) and 34(2)), in three languages.  What nobody has told
 * this program stands in [brackets].
 */

#ifndef PUPIL_CTL_BREACH_DRAFT_H
#define PUPIL_CTL_BREACH_DRAFT_H

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"


/* References and texts are the caller's. */
typedef struct {
    const PGresult  *breach;        /* its row, as breach_read() has it */
    const char      *tenant;        /* what it is called */
    const char      *since, *until, *noticed;   /* where its days begin; until
                                                   NULL: it goes on */
    json_t          *found;         /* of its last scope */
    json_t          *roles;         /* how many people by role */
} breach_draft_t;

#define BREACH_LANGUAGES  3

extern const char *const  breach_languages[BREACH_LANGUAGES];


/* Add the text to an empty buffer; language: an index of these. */
void breach_draft_authority(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out);
void breach_draft_people(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out);

#endif /* PUPIL_CTL_BREACH_DRAFT_H */

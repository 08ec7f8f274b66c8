/*
 * Copyright (C) the Pupil authors
 *
 * What can be said of a recipient: kinds, countries, and on which basis data go
 * to a third country (GDPR chapter V).  Pure.
 */

#ifndef PUPIL_CTL_RECIPIENT_TERMS_H
#define PUPIL_CTL_RECIPIENT_TERMS_H

#include "core/base/pupil.h"


/*
 * A kind of recipient.  What it is for follows from that, as the purpose of a
 * request follows from its endpoint: nobody names one.
 */
typedef struct {
    const char  *name;
    const char  *text;          /* for people */
    const char  *term;          /* of DPV */
    uint32_t     purposes;      /* a bit for each pupil_purpose_t; 0: of all */
    int          staff;         /* receives what is of staff alone */
    int          applications;  /* has to name them */
} ctl_recipient_kind_t;

/* Ends with one whose name is NULL. */
extern const ctl_recipient_kind_t  ctl_recipient_kinds[];

/* NULL: none is called that. */
const ctl_recipient_kind_t *ctl_recipient_kind(const char *name);

/* Whether somebody may want to enter what cannot be: by the word for it. */
int ctl_recipient_never(const char *kind);

int ctl_recipient_serves(const ctl_recipient_kind_t *kind, uint32_t purpose);

/* Whether all of a category's records are those of members of staff. */
int ctl_recipient_staff(const char *category);

/* Of ISO 3166-1, alpha-2; and whether the GDPR is in force there as of the EEA
 * agreement, in parts of a member state that have a code of their own, too. */
int ctl_country_is(const char *code);
int ctl_country_eea(const char *code);

/* The article of a basis for transfers; NULL: it is none. */
const char *ctl_transfer_article(const char *basis);

/* All that there are, separated by commas. */
const char *ctl_recipient_kind_names(void);
const char *ctl_transfer_names(void);

#endif /* PUPIL_CTL_RECIPIENT_TERMS_H */

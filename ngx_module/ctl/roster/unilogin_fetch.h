/*
 * Copyright (C) the Pupil authors
 *
 * What STIL's service has of the institutions that are to be taken, as rows of
 * files: see unilogin.c for what they are called.  All of it is there, or there
 * is nothing.
 */

#ifndef PUPIL_CTL_ROSTER_UNILOGIN_FETCH_H
#define PUPIL_CTL_ROSTER_UNILOGIN_FETCH_H

#include "ctl/roster/csv.h"
#include "ctl/roster/format.h"


typedef struct unilogin_s  unilogin_t;


extern const roster_format_t  roster_unilogin;


/* args[0] is the address.  NULL with the error said. */
unilogin_t *unilogin_fetch(ctl_t *ctl);
void unilogin_free(unilogin_t *all);
/* Its files.  Ownership: the caller's, as long as they are there. */
csv_source_t *unilogin_source(unilogin_t *all);

#endif /* PUPIL_CTL_ROSTER_UNILOGIN_FETCH_H */

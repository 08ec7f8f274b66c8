/*
 * Copyright (C) the Pupil authors
 *
 * Addresses that pupilctl sends secrets to.
 */

#ifndef PUPIL_CTL_URL_H
#define PUPIL_CTL_URL_H

#include <curl/curl.h>


/* By its address: what a name means, others say. */
int ctl_url_loopback(CURLU *url);

/*
 * https://, or http:// to this host alone, and neither user, query nor
 * fragment; what: whose it is, for the error.  0, or -1 with the error said.
 */
int ctl_url_check(const char *text, const char *what);

#endif /* PUPIL_CTL_URL_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What a server that speaks OneRoster 1.1 or 1.2 by REST has, as rows of the
 * files that OneRoster has as CSV.  All of it is there, or there is nothing.
 */

#ifndef PUPIL_CTL_ROSTER_ONEROSTER_FETCH_H
#define PUPIL_CTL_ROSTER_ONEROSTER_FETCH_H

#include "ctl/roster/server.h"


/* As server.h has them. */
int oneroster_check(const char *url);
int oneroster_changed(roster_peer_t *peer, const char *after);
void *oneroster_fetch(ctl_t *ctl, roster_peer_t *peer, const char *after);
csv_source_t *oneroster_source(void *files);
void oneroster_free(void *files);

#endif /* PUPIL_CTL_ROSTER_ONEROSTER_FETCH_H */

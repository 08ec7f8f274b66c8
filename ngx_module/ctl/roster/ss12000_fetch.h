/*
 * Copyright (C) the Pupil authors
 *
 * What a server that speaks SS 12000 has, as rows of files: see ss12000.c for
 * what they are called.  All of it is there, or there is nothing.
 */

#ifndef PUPIL_CTL_ROSTER_SS12000_FETCH_H
#define PUPIL_CTL_ROSTER_SS12000_FETCH_H

#include "ctl/roster/server.h"


typedef struct ss12000_s  ss12000_t;


/* As server.h has them; deletions before after are not asked for. */
void *ss12000_fetch(ctl_t *ctl, roster_peer_t *peer, const char *after);
void ss12000_free(void *files);
csv_source_t *ss12000_source(void *files);
int ss12000_changed(roster_peer_t *peer, const char *after);

#endif /* PUPIL_CTL_ROSTER_SS12000_FETCH_H */

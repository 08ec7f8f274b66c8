/*
 * Copyright (C) the Pupil authors
 *
 * What a server that speaks SS 12000 has, as rows of files: see ss12000.c for
 * what they are called.  All of it is there, or there is nothing.
 */

#ifndef PUPIL_CTL_ROSTER_SS12000_FETCH_H
#define PUPIL_CTL_ROSTER_SS12000_FETCH_H

#include "ctl/roster/csv.h"
#include "ctl/roster/peer.h"


typedef struct ss12000_s  ss12000_t;


/*
 * after: RFC 3339, deletions before it are not asked for; NULL: all are.  NULL
 * with the error said.
 */
ss12000_t *ss12000_fetch(ctl_t *ctl, roster_peer_t *peer, const char *after);
void ss12000_free(ss12000_t *all);

/* Its files.  Ownership: the caller's, as long as they are there. */
csv_source_t *ss12000_source(ss12000_t *all);

/* Whether anything was made, changed or deleted: 1, 0, or -1, said. */
int ss12000_changed(roster_peer_t *peer, const char *after);

#endif /* PUPIL_CTL_ROSTER_SS12000_FETCH_H */

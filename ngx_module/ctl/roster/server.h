/*
 * Copyright (C) the Pupil authors
 *
 * A roster that a server has: asked whether anything has changed since the last
 * good run, fetched whole, and imported as files are.
 */

#ifndef PUPIL_CTL_ROSTER_SERVER_H
#define PUPIL_CTL_ROSTER_SERVER_H

#include "ctl/roster/csv.h"
#include "ctl/roster/format.h"
#include "ctl/roster/peer.h"


#define ROSTER_LIMIT_TEXT  16


/* A protocol; all is what fetch() gave. */
typedef struct {
    const roster_format_t  *format;

    /* Whether its address is one; NULL: any is.  0, or -1, said. */
    int                   (*check)(const char *url);
    /* Whether anything was made, changed or deleted: 1, 0, or -1, said. */
    int                   (*changed)(roster_peer_t *peer, const char *after);
    /*
     * after: RFC 3339, of the last good run, or NULL.  NULL with the error
     * said.
     */
    void                 *(*fetch)(ctl_t *ctl, roster_peer_t *peer,
                                   const char *after);
    /* Its files.  Ownership: the caller's, as long as they are there. */
    csv_source_t         *(*source)(void *all);
    void                  (*free)(void *all);
} roster_server_t;


/* How the command ends; args[0] is the address. */
int roster_server_import(ctl_t *ctl, const roster_server_t *server);

/* Items that a page is asked for: 0, or -1, said. */
int roster_server_limit(const ctl_t *ctl, char limit[ROSTER_LIMIT_TEXT]);

#endif /* PUPIL_CTL_ROSTER_SERVER_H */

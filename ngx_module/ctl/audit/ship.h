/*
 * Copyright (C) the Pupil authors
 *
 * The command that takes checkpoints off the host.  It runs beside the sealer,
 * which waits for nobody; once more when there was something new meanwhile, or
 * when it failed.  One that hangs is ended, so that it fails.
 */

#ifndef PUPIL_CTL_AUDIT_SHIP_H
#define PUPIL_CTL_AUDIT_SHIP_H

#include <sys/types.h>

#include "ctl/audit/anchor.h"


/* A file that has something new; zeroed but for the first two. */
typedef struct {
    char     *command;          /* of sh, with the file as $1; NULL: none */
    char      path[ANCHOR_PATH_SIZE];
    pid_t     running;          /* 0: it is not */
    int       due, failed, killed;
    uint64_t  batch;            /* the last in the file */
    uint64_t  carried, shipped; /* when it began; when it last did not fail */
    int64_t   begun, again;     /* since when it runs, and not before: seconds
                                   of a clock that only runs on */
} ship_t;


/* The file goes up to this batch. */
void ship_due(ship_t *ship, uint64_t batch);

/* Looks whether it has ended, and begins it when it is due. */
void ship_poll(ship_t *ship);

/* Until there is nothing to do; 0, or -1: it failed. */
int ship_finish(ship_t *ship);

#endif /* PUPIL_CTL_AUDIT_SHIP_H */

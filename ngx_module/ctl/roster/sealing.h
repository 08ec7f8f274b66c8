/*
 * Copyright (C) the Pupil authors
 *
 * Images, on their way into pupil.import_image and out of it.
 */

#ifndef PUPIL_CTL_ROSTER_SEALING_H
#define PUPIL_CTL_ROSTER_SEALING_H

#include "ctl/roster/roster.h"


typedef struct {
    pupil_uuid_t     owner;
    json_t          *json;
} roster_image_t;

/* Empty when zeroed. */
typedef struct {
    roster_image_t  *list;
    uint32_t         count, size;
} roster_sealing_t;


/* Ownership: takes the reference. */
void roster_sealing_add(roster_sealing_t *sealing, const pupil_uuid_t *owner,
    json_t *json);
void roster_sealing_free(roster_sealing_t *sealing);

/*
 * Seals them, and writes them in the caller's transaction; people's, with what
 * status their account has.  Empty behind it.  0, or -1 with the error said.
 */
int roster_sealing_write(roster_t *roster, roster_sealing_t *sealing,
    const pupil_uuid_t *run);

/*
 * All images of a run, but those of who is erased, in transactions of their
 * own: each is given to take(), whose the object stays not.  -1 with the error
 * said, also for one that nobody with the keys has written.
 */
int roster_sealing_read(roster_t *roster, const pupil_uuid_t *run,
    int (*take)(void *ctx, const pupil_uuid_t *owner, json_t *json),
    void *ctx);

#endif /* PUPIL_CTL_ROSTER_SEALING_H */

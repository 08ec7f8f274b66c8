/*
 * Copyright (C) the Pupil authors
 *
 * Which tenants there are to seal.  The data database lists them, and whoever
 * can write it can take a row away; so those whose people have keys are sealed
 * by the word of the key store, too (invariant I9).
 */

#ifndef PUPIL_CTL_AUDIT_LISTING_H
#define PUPIL_CTL_AUDIT_LISTING_H

#include "ctl/base/ctl.h"


/* Of one tenant, from one pass to the next.  Zeroed at first. */
typedef struct {
    pupil_time_t  at;           /* then its row was there */
    int           missing;      /* passes since */
} listing_t;


/* Columns of listing_read(). */
enum {
    LISTING_TENANT = 0,
    LISTING_LISTED              /* its row is there */
};

/* Of a tenant each; NULL: the error was said. */
PGresult *listing_read(ctl_t *ctl);

/* Now its row is there, or not, which is said once. */
void listing_said(listing_t *listing, const pupil_uuid_t *tenant, int listed,
    pupil_time_t now);

#endif /* PUPIL_CTL_AUDIT_LISTING_H */

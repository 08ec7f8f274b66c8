/*
 * Copyright (C) the Pupil authors
 *
 * By what the scope of a breach is computed, as the line says, and what the key
 * store knows of it.
 */

#ifndef PUPIL_CTL_BREACH_ASKED_H
#define PUPIL_CTL_BREACH_ASKED_H

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"


/* Texts of SQL; NULL: not asked.  Zeroed at first. */
typedef struct {
    const char  *number, *scope;
    const char  *since, *until;     /* of the log */
    const char  *accounts;          /* literals of arrays: uuid, bigint, uuid */
    const char  *workers;
    const char  *owners;            /* whose keys an epoch wraps now */
    const char  *host, *epoch;
    const char  *backup;            /* what was held at that instant */

    int          log;               /* what is on record counts */
    int          could;             /* so does what could have been read */
    int          all;               /* everybody of the tenant may be reached */
    int          plain;             /* and of them only what is not sealed */

    int64_t      keys;              /* fetched by the host, -1: not known */
    json_t      *notes;             /* sentences */
} breach_asked_t;


/* What the line says, before anything is opened: 0 or -1. */
int breach_asked_read(ctl_t *ctl, breach_asked_t *asked);

/*
 * In the transaction of the data database, with the breach's own time where the
 * line has none; asks the key store.
 */
int breach_asked_know(ctl_t *ctl, breach_asked_t *asked);

/* As answers and the register have it.  Ownership: a reference. */
json_t *breach_asked_json(const ctl_t *ctl, const breach_asked_t *asked);

void breach_asked_free(breach_asked_t *asked);

#endif /* PUPIL_CTL_BREACH_ASKED_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Floors that are to rise.  Whoever can change the data database can take away
 * what it says of open revocations: so a run keeps its own promises from its
 * own memory, and the rows of pupil.revocation are there for who finishes what
 * was killed.
 */

#ifndef PUPIL_CTL_PROMISES_H
#define PUPIL_CTL_PROMISES_H

#include "core/vault/floor.h"
#include "ctl/base/ctl.h"


/* In the order of the key store's columns. */
typedef enum {
    CTL_FLOOR_SESSION = 0,
    CTL_FLOOR_CREDENTIAL,
    CTL_FLOOR_AUTHORITY,
    CTL_FLOORS
} ctl_floor_t;

/* Of a subject, to these; 0: not it. */
typedef struct {
    pupil_uuid_t    subject;
    pupil_floors_t  to;
} ctl_promise_t;


/* The floors by number. */
uint32_t ctl_floor_get(const pupil_floors_t *floors, int floor);
void ctl_floor_set(pupil_floors_t *floors, int floor, uint32_t number);
const char *ctl_floor_name(int floor);

/* Notes one, in the transaction that revokes. */
void ctl_promise(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to);

/* Once that is committed: raises what was noted, and forgets it. */
int ctl_promises_keep(ctl_t *ctl);

/*
 * 0, or -1 with the error said: another run overtook one that was kept, and the
 * floor rose above what both have signed.
 */
int ctl_promises_check(const ctl_t *ctl);

/* What was not committed binds nobody. */
void ctl_promises_forget(ctl_t *ctl);

/*
 * Raises floors to numbers that were taken, in a transaction of the key store.
 * Again is no harm: a floor never falls.
 */
int ctl_floors_raise(ctl_t *ctl, const ctl_promise_t *list, size_t count);

#endif /* PUPIL_CTL_PROMISES_H */

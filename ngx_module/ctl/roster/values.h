/*
 * Copyright (C) the Pupil authors
 *
 * Values that are stored, opened: those of a run before it changes them, and
 * those that it has left.
 */

#ifndef PUPIL_CTL_ROSTER_VALUES_H
#define PUPIL_CTL_ROSTER_VALUES_H

#include "ctl/roster/roster.h"


typedef enum {
    ROSTER_VALUES_NONE = 0,     /* there is no record */
    ROSTER_VALUES_THERE,
    ROSTER_VALUES_UNREADABLE    /* somebody without the keys changed it */
} roster_values_is_t;

#define ROSTER_OPENED  ROSTER_TITLED    /* values, of any record */

typedef struct {
    roster_values_is_t  is;
    pupil_str_t         values[ROSTER_OPENED];  /* as its record's definition
                                                   has them, or titles */
    pupil_uuid_t        parent;         /* of a class: its institution */
} roster_opened_t;


/*
 * Keys of these, into memory of the caller's that is freed by free().  Whatever
 * state they are in, but for those that are erased: that is whose state stays
 * erased.  NULL with the error said.
 */
ctl_owner_t *roster_values_owners(roster_t *roster, const pupil_uuid_t *ids,
    size_t count);

/*
 * One record of each of these, in the caller's transaction.  Values that are
 * not granted are empty.  Ownership: in pool.  0, or -1 with the error said.
 */
int roster_values_open(roster_t *roster, ctl_pool_t *pool, roster_kind_t kind,
    roster_record_t record, const ctl_owner_t *owners, size_t count,
    roster_opened_t *opened);

#endif /* PUPIL_CTL_ROSTER_VALUES_H */

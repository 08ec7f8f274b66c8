/*
 * Copyright (C) the Pupil authors
 *
 * Ids of one source, and those that the same people, classes and schools have
 * in another one, or in the same after it was numbered anew: a CSV file of
 *
 *     kind,old,new        kind: user, class or school
 *
 * An old id of a user may be that of a file that has ids of its own, as
 * "pupil/1"; in place of it a column "login" may have the log-in name.
 */

#ifndef PUPIL_CTL_ROSTER_MAPPING_H
#define PUPIL_CTL_ROSTER_MAPPING_H

#include "ctl/roster/roster.h"


#define ROSTER_FORMS  3         /* that an id of a user may have */

typedef struct {
    roster_kind_t    kind;
    roster_place_t   place;
    pupil_str_t      old, new;  /* old: or a log-in name */
    uint8_t          by_login;
    uint8_t          refused;
    uint8_t          found;     /* whose it is is known */
    uint8_t          moved;     /* its account is of the new source */
    uint8_t          done;      /* by a run before */

    pupil_uuid_t     owner;
    uint8_t          old_terms[ROSTER_FORMS][PUPIL_TERM_LEN];
    uint8_t          new_terms[ROSTER_FORMS][PUPIL_TERM_LEN];
    unsigned         forms;
    uint8_t          was[PUPIL_TERM_LEN];       /* as it is in the index */
} roster_mapped_t;

typedef struct {
    roster_t         *from, *to;        /* of the two sources */
    roster_mapped_t **list;             /* by kind once it is resolved */
    uint32_t          count, size;
    ctl_map_t         olds, news;       /* lines */
    size_t            mapped[ROSTER_ITEM_KINDS], done[ROSTER_ITEM_KINDS];
    size_t            left[ROSTER_ITEM_KINDS];  /* of the old source */
} roster_mapping_t;


/* Lines that cannot be are refused, in from.  -1 with the error said. */
int roster_mapping_read(roster_mapping_t *mapping, const char *path);

/* Whose they are, and whether somebody has the new ones. */
int roster_mapping_resolve(roster_mapping_t *mapping);

void roster_mapping_free(roster_mapping_t *mapping);

#endif /* PUPIL_CTL_ROSTER_MAPPING_H */

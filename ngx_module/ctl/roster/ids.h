/*
 * Copyright (C) the Pupil authors
 *
 * What the key store says of the ids of a source: under which name they are
 * hashed, and which of them are those of others now (invariant I18).
 */

#ifndef PUPIL_CTL_ROSTER_IDS_H
#define PUPIL_CTL_ROSTER_IDS_H

#include "ctl/roster/index.h"


/* What became of an id that somebody had. */
typedef enum {
    ROSTER_ID_THERE = 0,
    ROSTER_ID_MOVING,           /* a run was killed: it may be there */
    ROSTER_ID_MOVED
} roster_id_t;

/*
 * Reads both.  *was: what the source was called before, where that is not done
 * with, or NULL.  Returns -1 with the error said.
 */
int roster_ids_load(roster_t *roster, const char **was);

/* The same, and no source is being renamed to it, or from it. */
int roster_ids_ready(roster_t *roster);

/* Of a row of the blind index. */
roster_id_t roster_id_moved(const roster_t *roster,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner);

/*
 * As roster_index_row(): one whose id is another's now is not authentic, which
 * is on record.
 */
int roster_ids_row(roster_t *roster, roster_kind_t kind, const PGresult *res,
    int n, roster_index_row_t *row);

/* The term of an id, as the index has it. */
int roster_id_term(roster_t *roster, roster_kind_t kind, pupil_str_t id,
    uint8_t term[PUPIL_TERM_LEN]);

/*
 * terms, owners: literals of arrays.  That owners give up these ids, before the
 * index is written; and once it is, that they have these.
 */
int roster_ids_moving(ctl_t *ctl, const char *terms, const char *owners);
int roster_ids_moved(ctl_t *ctl, const char *terms, const char *owners);

/*
 * The ids of a source are another's, who has none; was: see roster_ids_load().
 * Done with, the rows of the data database have that name.
 */
int roster_ids_rename(ctl_t *ctl, const char *from, const char *to);
int roster_ids_renamed(ctl_t *ctl, const char *to);

#endif /* PUPIL_CTL_ROSTER_IDS_H */

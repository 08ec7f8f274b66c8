/*
 * Copyright (C) the Pupil authors
 *
 * What may be said of a group of persons once their records are gone: how many
 * they were, and how many of them had which value.  Nobody can be told from it,
 * by somebody who knows these rules, too: nothing is shown of fewer persons
 * than the threshold, neither in a cell nor as what is left of the total beside
 * the cells that are shown; no value that all have; and nothing by which a
 * cell that is not shown could be computed.  Pure; allowed in every context.
 */

#ifndef PUPIL_RELEASE_H
#define PUPIL_RELEASE_H

#include "core/base/pupil.h"


/* Of the persons of a group, those with one value: each is in one cell. */
typedef struct {
    uint32_t  persons;
    int       shown;                    /* set by pupil_release_group() */
} pupil_release_cell_t;


/*
 * Which cells of a group are shown.  Returns how many persons the group has;
 * 0: of this group nothing is said, not even that.
 */
uint32_t pupil_release_group(pupil_release_cell_t *cells, size_t count,
    uint32_t threshold);

#endif /* PUPIL_RELEASE_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Cells that are too small are hidden.
 */

#include "core/lifecycle/release.h"


static void release_hide_all(pupil_release_cell_t *cells, size_t count);


uint32_t
pupil_release_group(pupil_release_cell_t *cells, size_t count,
    uint32_t threshold)
{
    size_t    i;
    uint32_t  persons;

    persons = 0;

    for (i = 0; i < count; i++) {
        persons += cells[i].persons;
    }

    if (persons < threshold) {
        release_hide_all(cells, count);
        return 0;
    }

    for (i = 0; i < count; i++) {
        cells[i].shown = cells[i].persons >= threshold;
    }

    return persons;
}


static void
release_hide_all(pupil_release_cell_t *cells, size_t count)
{
    size_t  i;

    for (i = 0; i < count; i++) {
        cells[i].shown = 0;
    }
}

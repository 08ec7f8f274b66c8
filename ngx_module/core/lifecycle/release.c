/*
 * Copyright (C) the Pupil authors
 *
 * Cells that are too small are hidden, and what is left of the total beside
 * those that are shown says their sum.  That gives one away
 *
 *     as a group of its own       when the sum is below the threshold
 *     by its bound                when each has one person less than that: who
 *                                 knows the rule knows that there are no more
 *
 * and then the smallest cells that are large enough are hidden as well, all of
 * one size, so that which of them it was does not depend on their order.  What
 * is hidden could then belong to any of the values that are not shown, in any
 * order.  A value that everybody has is hidden for the same view as others.
 */

#include "core/lifecycle/release.h"


/* Of the cells that are hidden and not empty. */
typedef struct {
    uint32_t  cells, persons;
} hidden_t;


static hidden_t release_small(pupil_release_cell_t *cells, size_t count,
    uint32_t threshold);
static int release_uniform(const pupil_release_cell_t *cells, size_t count);
static void release_hide_smallest(pupil_release_cell_t *cells, size_t count);
static void release_hide_all(pupil_release_cell_t *cells, size_t count);


uint32_t
pupil_release_group(pupil_release_cell_t *cells, size_t count,
    uint32_t threshold)
{
    size_t    i;
    uint32_t  persons;
    hidden_t  hidden;

    persons = 0;

    for (i = 0; i < count; i++) {
        persons += cells[i].persons;
    }

    if (persons < threshold) {
        release_hide_all(cells, count);
        return 0;
    }

    if (release_uniform(cells, count)) {
        release_hide_all(cells, count);
        return persons;
    }

    hidden = release_small(cells, count, threshold);

    if (hidden.persons != 0
        && (hidden.persons < threshold
            || hidden.persons == hidden.cells * (threshold - 1)))
    {
        release_hide_smallest(cells, count);
    }

    return persons;
}


static hidden_t
release_small(pupil_release_cell_t *cells, size_t count, uint32_t threshold)
{
    size_t    i;
    hidden_t  hidden = { 0, 0 };

    for (i = 0; i < count; i++) {
        cells[i].shown = cells[i].persons >= threshold;

        if (!cells[i].shown && cells[i].persons != 0) {
            hidden.cells++;
            hidden.persons += cells[i].persons;
        }
    }

    return hidden;
}


static int
release_uniform(const pupil_release_cell_t *cells, size_t count)
{
    size_t    i;
    uint32_t  values;

    values = 0;

    for (i = 0; i < count; i++) {
        values += cells[i].persons != 0;
    }

    return values == 1;
}


static void
release_hide_smallest(pupil_release_cell_t *cells, size_t count)
{
    size_t    i;
    uint32_t  least;

    least = UINT32_MAX;

    for (i = 0; i < count; i++) {
        if (cells[i].shown && cells[i].persons < least) {
            least = cells[i].persons;
        }
    }

    for (i = 0; i < count; i++) {
        if (cells[i].persons == least) {
            cells[i].shown = 0;
        }
    }
}


static void
release_hide_all(pupil_release_cell_t *cells, size_t count)
{
    size_t  i;

    for (i = 0; i < count; i++) {
        cells[i].shown = 0;
    }
}

/*
 * Copyright (C) the Pupil authors
 *
 * The days of a row: its own, and those of its terms.
 */

#ifndef PUPIL_CTL_ROSTER_DATES_H
#define PUPIL_CTL_ROSTER_DATES_H

#include "ctl/roster/format.h"


/* Without the blanks around it. */
pupil_str_t roster_trim(pupil_str_t cell);

/* Cuts the first of a list of ids off; 0 when there is none left. */
int roster_list_next(pupil_str_t *list, pupil_str_t *id);

/*
 * The row's own dates; what they leave open is what its terms span.  NULL, or
 * why the row is refused: what is not understood is not without end (pitfall
 * 46), but where no link has dates.
 */
const char *roster_dates_read(const roster_t *roster, const roster_row_t *row,
    roster_term_t *span);

#endif /* PUPIL_CTL_ROSTER_DATES_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Columns by which schools' systems mark persons whose identity is protected,
 * of whom not even the name of their school may become known.
 */

#ifndef PUPIL_CTL_ROSTER_PROTECT_H
#define PUPIL_CTL_ROSTER_PROTECT_H

#include "core/base/pupil.h"


/* Whether a column marks them, by its name. */
int roster_protect_column(pupil_str_t name);

/* Whether a cell of such a column does: all but what says no. */
int roster_protect_mark(pupil_str_t cell);

#endif /* PUPIL_CTL_ROSTER_PROTECT_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What a terminal sees while an import runs: one line, that of now.
 */

#ifndef PUPIL_CTL_ROSTER_PROGRESS_H
#define PUPIL_CTL_ROSTER_PROGRESS_H

#include <stddef.h>


/* Nothing is shown where standard error is no terminal. */
void roster_progress(const char *what, size_t done, size_t all);
void roster_progress_end(void);

#endif /* PUPIL_CTL_ROSTER_PROGRESS_H */

/*
 * Copyright (C) the Pupil authors
 *
 * libpq's file of passwords, as init writes it.
 */

#ifndef PUPIL_CTL_PASSFILE_H
#define PUPIL_CTL_PASSFILE_H


/* Whether it has a line of this prefix; 0 when there is no such file. */
int ctl_passfile_has(const char *path, const char *prefix);

/*
 * Adds a line of prefix and secret to a file that nobody else may read; 0, or
 * -1 with the error said.
 */
int ctl_passfile_add(const char *path, const char *prefix,
    const char *secret);

#endif /* PUPIL_CTL_PASSFILE_H */

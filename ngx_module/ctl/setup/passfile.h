/*
 * Copyright (C) the Pupil authors
 *
 * libpq's file of passwords, as init writes it.
 */

#ifndef PUPIL_CTL_PASSFILE_H
#define PUPIL_CTL_PASSFILE_H

#include "ctl/base/memory.h"


/*
 * Can lines be added?  Where there is no file, one can be made; one that is
 * there is no one else's to read.  0, or -1 with the error said.
 */
int ctl_passfile_check(const char *path);

/*
 * The password of the line with this prefix; NULL when there is none, or no
 * such file.  Ownership: the pool's.
 */
const char *ctl_passfile_find(ctl_pool_t *pool, const char *path,
    const char *prefix);

/*
 * Adds a line of prefix and secret to a file that nobody else may read; 0, or
 * -1 with the error said.
 */
int ctl_passfile_add(const char *path, const char *prefix,
    const char *secret);

#endif /* PUPIL_CTL_PASSFILE_H */

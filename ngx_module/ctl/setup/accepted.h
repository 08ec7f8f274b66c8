/*
 * Copyright (C) the Pupil authors
 *
 * The file by which nginx -t knows what was accepted of plugins' grants.
 */

#ifndef PUPIL_CTL_ACCEPTED_H
#define PUPIL_CTL_ACCEPTED_H

#include "ctl/base/ctl.h"


/* Writes --accepted anew, from what the database says; without it nothing. */
int ctl_accepted_write(ctl_t *ctl, PGconn *conn);

#endif /* PUPIL_CTL_ACCEPTED_H */

/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl subject show: how much is held of a person.
 */

#ifndef PUPIL_CTL_HELD_H
#define PUPIL_CTL_HELD_H

#include "ctl/base/ctl.h"


int ctl_cmd_subject_show(ctl_t *ctl);

#endif /* PUPIL_CTL_HELD_H */

/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl restore replay.
 */

#ifndef PUPIL_CTL_REPLAY_H
#define PUPIL_CTL_REPLAY_H

#include "ctl/base/ctl.h"


int ctl_cmd_restore_replay(ctl_t *ctl);

#endif /* PUPIL_CTL_REPLAY_H */

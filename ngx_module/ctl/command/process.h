/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl as a process: what it lets nobody see, and whose it is.
 */

#ifndef PUPIL_CTL_PROCESS_H
#define PUPIL_CTL_PROCESS_H

#include "ctl/base/ctl.h"


/*
 * No core file, no debugger of the same account (I14), no file for others; 0 or
 * -1 with the error said.
 */
int ctl_process_harden(void);

/* Who ran it, for the audit (I19): into ctl->account. */
void ctl_process_account(ctl_t *ctl);

#endif /* PUPIL_CTL_PROCESS_H */

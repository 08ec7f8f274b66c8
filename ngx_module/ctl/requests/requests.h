/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl request: what people ask for of their data (GDPR articles 7 and 15
 * to 22), from when it comes until it is done.
 */

#ifndef PUPIL_CTL_REQUESTS_H
#define PUPIL_CTL_REQUESTS_H

#include "ctl/base/ctl.h"


int ctl_cmd_request_list(ctl_t *ctl);
int ctl_cmd_request_show(ctl_t *ctl);
int ctl_cmd_request_add(ctl_t *ctl);
int ctl_cmd_request_identify(ctl_t *ctl);
int ctl_cmd_request_extend(ctl_t *ctl);
int ctl_cmd_request_decide(ctl_t *ctl);
int ctl_cmd_request_forward(ctl_t *ctl);
int ctl_cmd_request_execute(ctl_t *ctl);

#endif /* PUPIL_CTL_REQUESTS_H */

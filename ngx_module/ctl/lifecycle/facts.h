/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl facts: records that were stored before their plugin bound any of
 * their fields get their facts, once for each tenant and category.
 */

#ifndef PUPIL_CTL_LIFECYCLE_FACTS_H
#define PUPIL_CTL_LIFECYCLE_FACTS_H

#include "ctl/base/ctl.h"


int ctl_cmd_facts(ctl_t *ctl);

#endif /* PUPIL_CTL_LIFECYCLE_FACTS_H */

/*
 * Copyright (C) the Pupil authors
 *
 * In which time zone a tenant's days begin (sql/keystore/078_zone.sql).
 */

#ifndef PUPIL_CTL_ZONE_H
#define PUPIL_CTL_ZONE_H

#include "ctl/base/ctl.h"


/*
 * Into ctl->zone, and the day that it is there into ctl->today.  The key store
 * is open.  0, or -1 with the error said.
 */
int ctl_zone_load(ctl_t *ctl);

/* For the functions of the data database that count days: 0, or -1, said. */
int ctl_zone_tell(const ctl_t *ctl);

/* Which day it was there then, microseconds since 1970. */
int ctl_zone_day(ctl_t *ctl, int64_t at, int32_t *day);

#endif /* PUPIL_CTL_ZONE_H */

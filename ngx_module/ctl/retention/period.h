/*
 * Copyright (C) the Pupil authors
 *
 * How long a tenant keeps what: as plugins declare, or for less time, by a
 * decision.  pupilctl retention set, list.
 */

#ifndef PUPIL_CTL_PERIOD_H
#define PUPIL_CTL_PERIOD_H

#include "ctl/base/ctl.h"


#define CTL_PERIOD_RECOVERY  "recovery"
#define CTL_PERIOD_LEGAL     "legal"    /* how long a hold lasts */
#define CTL_PERIOD_AUDIT     "audit"    /* whole months of the log */


int ctl_cmd_retention_set(ctl_t *ctl);
int ctl_cmd_retention_list(ctl_t *ctl);

/* In a transaction: the record of a decision on how long a category is kept. */
int ctl_period_record(ctl_t *ctl, const char *category, const char *detail);

/*
 * What the tenant has decided, as the key store has it; what expires in the
 * data database goes by it from then on.  Both are open.  Ownership: a
 * reference of the caller's.
 */
int ctl_periods_read(ctl_t *ctl, json_t **periods);

/* In days; never longer than the plugin says, whatever the row does. */
uint32_t ctl_period_days(const json_t *periods, const pupil_plugin_t *plugin);

/* The same of what no plugin declares. */
uint32_t ctl_period_own(const json_t *periods, const char *name);

/* The longest that counts from a closed account, of all plugins. */
uint32_t ctl_period_longest(const ctl_t *ctl, const json_t *periods);

#endif /* PUPIL_CTL_PERIOD_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Migrations of the two databases.
 */

#ifndef PUPIL_CTL_MIGRATE_H
#define PUPIL_CTL_MIGRATE_H

#include "ctl/base/ctl.h"


/* As conn, whoever may become the owner of the schema; as that again after. */
int ctl_migrate_data(ctl_t *ctl, PGconn *conn);
int ctl_migrate_keystore(ctl_t *ctl, PGconn *conn);

int ctl_cmd_migrate(ctl_t *ctl);

#endif /* PUPIL_CTL_MIGRATE_H */

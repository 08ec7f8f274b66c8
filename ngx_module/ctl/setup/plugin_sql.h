/*
 * Copyright (C) the Pupil authors
 *
 * The SQL files of plugins.
 */

#ifndef PUPIL_CTL_PLUGIN_SQL_H
#define PUPIL_CTL_PLUGIN_SQL_H

#include "ctl/base/ctl.h"


/*
 * Applies what --plugin-sql names, else what is found below --sql.  conn acts
 * as the owner of the schema.
 */
int ctl_plugin_sql_apply(ctl_t *ctl, PGconn *conn);

/*
 * Accepts newer plugins that grant no more than before, which needs nobody's
 * yes; says which ones grant more.
 */
int ctl_plugin_sql_renew(ctl_t *ctl, PGconn *conn);

#endif /* PUPIL_CTL_PLUGIN_SQL_H */

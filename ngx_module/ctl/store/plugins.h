/*
 * Copyright (C) the Pupil authors
 *
 * Plugins as the operator sees them: which are there, what they grant, and
 * whether somebody has accepted that.
 */

#ifndef PUPIL_CTL_PLUGINS_H
#define PUPIL_CTL_PLUGINS_H

#include "core/plugin/accepted.h"
#include "ctl/base/ctl.h"


/* Loads the newest plugin of each category in --plugins; once is enough. */
int ctl_plugins_open(ctl_t *ctl);

/* NULL: none of them has this category. */
pupil_category_t *ctl_plugin_find(ctl_t *ctl, const char *category);

/*
 * The field, when its plugin grants this through system, or -1.  found: its
 * category, may be NULL.
 */
int32_t ctl_granted(const ctl_t *ctl, const char *category,
    const char *field, uint32_t purpose, uint32_t operation,
    pupil_category_t **found);

/* An object a grant and field, so that sets can be compared. */
json_t *ctl_plugin_grants(const pupil_plugin_t *plugin);

/*
 * What the data database says was accepted, as in core/plugin/accepted.h.  No
 * data: with the error said.
 */
pupil_str_t ctl_plugins_accepted(ctl_t *ctl, PGconn *conn);

/* Says in the data database that the operator accepts what it grants. */
int ctl_plugin_accept(ctl_t *ctl, PGconn *conn, const pupil_plugin_t *plugin);

#endif /* PUPIL_CTL_PLUGINS_H */

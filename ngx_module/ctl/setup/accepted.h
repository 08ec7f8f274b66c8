/*
 * Copyright (C) the Pupil authors
 *
 * The file of pupil_accepted, which --accepted names; without --accepted each
 * of these does nothing and succeeds.
 *
 * A line comes into it for what a plugin's own file grants, when the operator
 * installs or accepts that plugin; any other stays as it is.  So whoever can
 * write pupil.plugin accepts nothing (invariant I17).
 */

#ifndef CTL_ACCEPTED_H
#define CTL_ACCEPTED_H

#include "ctl/base/ctl.h"


/* What the file says: "" if there is none.  Ownership: text from ctl->pool. */
int ctl_accepted_read(ctl_t *ctl, pupil_str_t *text);

/* The file says of this category what the plugin grants, and no more. */
int ctl_accepted_put(ctl_t *ctl, const pupil_plugin_t *plugin);

/* The same for a plugin that is installed, unless the file knows it. */
int ctl_accepted_put_new(ctl_t *ctl, const pupil_plugin_t *plugin);

/* Says which of the plugins grant more than the file, and what to do. */
int ctl_accepted_note(ctl_t *ctl);

#endif /* CTL_ACCEPTED_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Is a descriptor one that the host can enforce?
 */

#ifndef PUPIL_CHECK_H
#define PUPIL_CHECK_H

#include "core/base/pupil.h"
#include "pupil_plugin.h"


/*
 * Checks a descriptor, protecting fields first; the text of a refusal names
 * the field at fault and both values.  Pure.  Context: configuration.
 */
pupil_rc_t pupil_plugin_check(const pupil_plugin_t *plugin,
    pupil_error_t *error);

#endif /* PUPIL_CHECK_H */

/*
 * Copyright (C) the Pupil authors
 *
 * The part of pupil_plugin_check() about fields and grants.
 */

#ifndef PUPIL_CHECK_FIELDS_H
#define PUPIL_CHECK_FIELDS_H

#include "core/base/pupil.h"
#include "pupil_plugin.h"


/* The counts and sizes of both tables are known to be right. */
pupil_rc_t pupil_check_fields(const pupil_plugin_t *plugin,
    pupil_error_t *error);
pupil_rc_t pupil_check_grants(const pupil_plugin_t *plugin,
    pupil_error_t *error);

#endif /* PUPIL_CHECK_FIELDS_H */

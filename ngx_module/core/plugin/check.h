/*
 * Copyright (C) the Pupil authors
 *
 * What the files of pupil_plugin_check() share; private to them.
 */

#ifndef PUPIL_PLUGIN_CHECK_H
#define PUPIL_PLUGIN_CHECK_H

#include "core/plugin/loader.h"


#define PUPIL_CHECK_TEXT  1024      /* bytes of a sentence */


/* [a-z][a-z0-9_]*, at most PUPIL_MAX_NAME bytes; name may be NULL. */
int pupil_check_name(const char *name);

/* A name that may be NULL, for a message. */
const char *pupil_check_show(const char *text);

/*
 * The word of a name that is a special category of personal data, which is
 * refused (GDPR articles 9 and 10), or NULL.
 */
const char *pupil_check_sensitive(const char *name);

/* A sentence: there, not empty, of sane length, UTF-8. */
int pupil_check_sentence(const char *text);

/* The counts and sizes of both tables are known to be right. */
pupil_rc_t pupil_check_fields(const pupil_plugin_t *plugin,
    pupil_error_t *error);
pupil_rc_t pupil_check_grants(const pupil_plugin_t *plugin,
    pupil_error_t *error);

#endif /* PUPIL_PLUGIN_CHECK_H */

/*
 * Copyright (C) the Pupil authors
 *
 * The names and sentences of a descriptor.
 */

#ifndef PUPIL_CHECK_WORDS_H
#define PUPIL_CHECK_WORDS_H

#include "pupil_plugin.h"


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

#endif /* PUPIL_CHECK_WORDS_H */

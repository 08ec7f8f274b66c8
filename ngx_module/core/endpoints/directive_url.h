/*
 * Copyright (C) the Pupil authors
 *
 * The words of directives that take URLs.
 */

#ifndef PUPIL_DIRECTIVE_URL_H
#define PUPIL_DIRECTIVE_URL_H

#include "core/endpoints/directive.h"


#define PUPIL_PROVIDER_WORDS  (PUPIL_PROVIDER_FORM_POST + 1)

extern const pupil_word_t  pupil_provider_words[PUPIL_PROVIDER_WORDS];

/* pupil_login_provider, pupil_allowed_origin. */
pupil_rc_t pupil_provider_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);
pupil_rc_t pupil_origin_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

/* A path of this server: not "//", which is another one. */
int pupil_local_path(pupil_str_t path);

#endif /* PUPIL_DIRECTIVE_URL_H */

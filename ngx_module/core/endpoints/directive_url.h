/*
 * Copyright (C) the Pupil authors
 *
 * The words of directives that take URLs.
 */

#ifndef PUPIL_DIRECTIVE_URL_H
#define PUPIL_DIRECTIVE_URL_H

#include "core/endpoints/directive.h"


#define PUPIL_PROVIDER_WORDS  (PUPIL_PROVIDER_TITLE + 1)
#define PUPIL_URL_NAME_MAX    32      /* bytes */

_Static_assert(PUPIL_MAIL_PAGE_MAX + PUPIL_URL_NAME_MAX + 2
               <= PUPIL_MAIL_LINK_MAX, "a page, #, a name, a dot");

extern const pupil_word_t  pupil_provider_words[PUPIL_PROVIDER_WORDS];

/* What people call something: a line of at most 100 characters, or none. */
pupil_rc_t pupil_title_check(pupil_str_t title, pupil_error_t *error);

/* pupil_login_provider, pupil_allowed_origin. */
pupil_rc_t pupil_provider_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);
pupil_rc_t pupil_origin_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

/*
 * Can both be at one level: neither of the same name, nor such that one could
 * name accounts of the other's?  PUPIL_INVALID with error set.
 */
pupil_rc_t pupil_providers_apart(const pupil_words_t *one,
    const pupil_words_t *other, pupil_error_t *error);

/* As a route's {name} takes it. */
int pupil_url_name(pupil_str_t name);

/* A page behind which "#" and a token may stand. */
int pupil_link_page(pupil_str_t url);

/* A path of this server: not "//", which is another one. */
int pupil_local_path(pupil_str_t path);

#endif /* PUPIL_DIRECTIVE_URL_H */

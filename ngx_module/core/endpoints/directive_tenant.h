/*
 * Copyright (C) the Pupil authors
 *
 * pupil_tenant; pupil_login_tenant, and what it asks of what is around it.
 */

#ifndef PUPIL_DIRECTIVE_TENANT_H
#define PUPIL_DIRECTIVE_TENANT_H

#include "core/endpoints/directive.h"
#include "core/login/tenants.h"


extern const pupil_word_t  pupil_login_tenant_words[PUPIL_LOGIN_TENANT_WORDS];

/* Of pupil_tenant: a UUID, or a variable. */
pupil_rc_t pupil_tenant_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

pupil_rc_t pupil_login_tenant_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

/* What its words say, which were read. */
void pupil_login_tenant_of(const pupil_words_t *words,
    pupil_login_tenant_t *tenant);

/*
 * A location's, of which there are some.  home: what pupil_tenant says;
 * chooses: each of its providers that says of which school somebody is has
 * choose=.  PUPIL_INVALID with error set.
 */
pupil_rc_t pupil_login_tenants_around(pupil_str_t home, int chooses,
    pupil_error_t *error);

#endif /* PUPIL_DIRECTIVE_TENANT_H */

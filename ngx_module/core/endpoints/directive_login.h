/*
 * Copyright (C) the Pupil authors
 *
 * What directives of the log-in take.
 */

#ifndef PUPIL_DIRECTIVE_LOGIN_H
#define PUPIL_DIRECTIVE_LOGIN_H

#include "core/endpoints/directive.h"
#include "core/policy/role.h"


extern const pupil_word_t  pupil_login_pace_words[2];
extern const pupil_word_t  pupil_login_password_words[1];
extern const pupil_word_t  pupil_mail_words[PUPIL_MAIL_WORDS];
extern const pupil_word_t  pupil_password_hash_words[5];
extern const pupil_word_t  pupil_password_new_words[2];
extern const pupil_word_t  pupil_second_factor_words[PUPIL_ROLE_NONE];
extern const pupil_word_t  pupil_sign_up_words[PUPIL_SIGN_UP_WORDS];
extern const pupil_word_t  pupil_step_up_words[PUPIL_ROLE_NONE];

/* A proof as old as that is none, seconds. */
#define PUPIL_STEP_UP_LEAST  60
#define PUPIL_STEP_UP_MOST   (31 * 86400)

/* Where there is no language, there is nothing else. */
pupil_rc_t pupil_mail_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

/* Whose tenant it is, where, until when, and the page of its links. */
pupil_rc_t pupil_sign_up_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

/* A name, or a variable that no client sets. */
pupil_rc_t pupil_login_network_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);

#endif /* PUPIL_DIRECTIVE_LOGIN_H */

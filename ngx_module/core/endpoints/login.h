/*
 * Copyright (C) the Pupil authors
 *
 * /v1/login: what a client sends.
 */

#ifndef PUPIL_LOGIN_H
#define PUPIL_LOGIN_H

#include "core/input/input.h"


#define PUPIL_INPUT_IDENTIFIER_MAX  254     /* bytes */
#define PUPIL_INPUT_PASSWORD_MAX    1024    /* bytes */


/* password.data is a copy of its own: pupil_input_login_wipe() zeroes it. */
typedef struct {
    pupil_str_t  identifier;
    pupil_str_t  password;
} pupil_input_login_t;


/* {"identifier","password"} */
pupil_rc_t pupil_input_login(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_login_t *out, pupil_fault_t *fault);

/* Zeroes the copy of the password.  The body is the caller's to wipe. */
void pupil_input_login_wipe(pupil_input_login_t *login);

#endif /* PUPIL_LOGIN_H */

/*
 * Copyright (C) the Pupil authors
 *
 * /v1/login: its statements, and what a client sends.
 */

#ifndef PUPIL_LOGIN_H
#define PUPIL_LOGIN_H

#include "core/endpoints/endpoints.h"
#include "core/input/input.h"


/* The statements of /v1/login, by index. */
enum {
    PUPIL_LOGIN_RESERVE = 0,    /* throttle: reserve the attempt */
    PUPIL_LOGIN_FIND,           /* index rows, subject, credential, roles */
    PUPIL_LOGIN_ACCEPT,         /* session, throttle, network, audit */
    PUPIL_LOGIN_RENEW,          /* accept, and a hash at another cost */
    PUPIL_LOGIN_REFUSE,         /* same work, audit */
    PUPIL_LOGIN_COUNT
};

extern const pupil_template_t  pupil_login_templates[PUPIL_LOGIN_COUNT];


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

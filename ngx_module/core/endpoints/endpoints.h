/*
 * Copyright (C) the Pupil authors
 *
 * The endpoints, a row each: the directive that makes a location one, and its
 * statements as templates: what each could show, to whom, for what purpose.
 * One file an endpoint: login.c, session.c, homework.c, progress.c; those of
 * data.c are made from the descriptors of plugins.
 */

#ifndef PUPIL_ENDPOINTS_H
#define PUPIL_ENDPOINTS_H

#include "core/policy/statement.h"


typedef enum {
    PUPIL_ENDPOINT_LOGIN = 0,
    PUPIL_ENDPOINT_SESSION,
    PUPIL_ENDPOINT_HOMEWORK,
    PUPIL_ENDPOINT_PROGRESS,
    PUPIL_ENDPOINT_DATA,
    PUPIL_ENDPOINT_COUNT
} pupil_endpoint_id_t;


/* Indexes into an endpoint's table of templates. */

enum {
    PUPIL_LOGIN_RESERVE = 0,    /* throttle: reserve the attempt */
    PUPIL_LOGIN_FIND,           /* index rows, subject, credential, roles */
    PUPIL_LOGIN_ACCEPT,         /* session, throttle, network, audit */
    PUPIL_LOGIN_RENEW,          /* accept, and a hash at another cost */
    PUPIL_LOGIN_REFUSE,         /* same work, audit */
    PUPIL_LOGIN_COUNT
};

enum {
    PUPIL_SESSION_LOAD = 0,     /* the row, its role, the subject; no audit:
                                   every endpoint runs it */
    PUPIL_SESSION_TOUCH,        /* seen_at */
    PUPIL_SESSION_SHOW,         /* name, institutions; audit */
    PUPIL_SESSION_SWITCH,       /* new token for another institution */
    PUPIL_SESSION_END,          /* delete and NOTIFY */
    PUPIL_SESSION_COUNT
};

enum {
    PUPIL_HOMEWORK_EVIDENCE = 0,    /* the actor's enrolments, with MACs */
    PUPIL_HOMEWORK_PUPIL_LIST,
    PUPIL_HOMEWORK_PUPIL_PROGRESS,
    PUPIL_HOMEWORK_PUPIL_FEED,          /* the list, but definitions */
    PUPIL_HOMEWORK_PUPIL_DEFINITIONS,   /* what classes own of it */
    PUPIL_HOMEWORK_PUPIL_CURRENT,       /* progress, for the feed */
    PUPIL_HOMEWORK_TEACHER_FEED,
    PUPIL_HOMEWORK_TEACHER_DEFINITIONS,
    PUPIL_HOMEWORK_TEACHER_LIST,
    PUPIL_HOMEWORK_WRITTEN,         /* what was just written, audited */
    PUPIL_HOMEWORK_TEACHER_SUMMARY, /* counts; audited with the list */
    PUPIL_HOMEWORK_CREATE,
    PUPIL_HOMEWORK_PATCH,
    PUPIL_HOMEWORK_DELETE,
    PUPIL_HOMEWORK_OVERVIEW,        /* one homework, pupils of its class */
    PUPIL_HOMEWORK_RESULTS,         /* theirs; audited with the overview */
    PUPIL_HOMEWORK_COUNT
};

enum {
    PUPIL_PROGRESS_EVIDENCE = 0,
    PUPIL_PROGRESS_LOCK,            /* one submission of a pupil at a time */
    PUPIL_PROGRESS_SUBMIT,
    PUPIL_PROGRESS_HISTORY,
    PUPIL_PROGRESS_COUNT
};


/*
 * category: what the endpoint is for.  One granted statement that requires it
 * suffices; the others are refused when they are asked for (403).  NULL: the
 * endpoint cannot work without any of its statements.
 */
typedef struct {
    const char              *name;          /* "login" */
    const char              *directive;     /* "pupil_login" */
    const char              *category;      /* "homework", or NULL */
    const pupil_template_t  *templates;
    uint32_t                 count;
    unsigned                 generic:1;     /* serves every category, by what
                                               its plugin grants */
} pupil_endpoint_t;

extern const pupil_template_t  pupil_login_templates[PUPIL_LOGIN_COUNT];
extern const pupil_template_t  pupil_session_templates[PUPIL_SESSION_COUNT];
extern const pupil_template_t  pupil_homework_templates[PUPIL_HOMEWORK_COUNT];
extern const pupil_template_t  pupil_progress_templates[PUPIL_PROGRESS_COUNT];

/* By pupil_endpoint_id_t. */
extern const pupil_endpoint_t  pupil_endpoints[PUPIL_ENDPOINT_COUNT];

#endif /* PUPIL_ENDPOINTS_H */

/*
 * Copyright (C) the Pupil authors
 *
 * The endpoints, a row each: the directive that makes a location one, and its
 * statements as templates: what each could show, to whom, for what purpose.
 * A new endpoint is a file of this folder that defines pupil_<name>_endpoint,
 * a folder of http/ beside the others, and a line in the list below;
 * CONTRIBUTING.md walks through it.
 */

#ifndef PUPIL_ENDPOINTS_H
#define PUPIL_ENDPOINTS_H

#include "core/policy/statement.h"


#define PUPIL_ENDPOINTS(row)                                                  \
    row(LOGIN, login)                                                         \
    row(PASSWORD, password)                                                   \
    row(LOGIN_CODE, login_code)                                               \
    row(SESSION, session)                                                     \
    row(HOMEWORK, homework)                                                   \
    row(CLASSES, classes)                                                     \
    row(PROGRESS, progress)                                                   \
    row(DATA, data)                                                           \
    row(RIGHTS, rights)                                                       \
    row(SUPPORT, support)                                                     \
    row(IMPORTS, imports)


/*
 * category: what the endpoint is for.  One granted statement that requires it
 * suffices; the others are refused when they are asked for (403).  NULL: the
 * endpoint cannot work without any of its statements.
 */
typedef struct {
    const char              *name;          /* "login" */
    const char              *directive;     /* "pupil_login" */
    const char              *category;      /* "homework", or NULL */
    const pupil_template_t  *templates;     /* by an enum of its header */
    uint32_t                 count;
    unsigned                 generic:1;     /* serves every category, by what
                                               its plugin grants */
} pupil_endpoint_t;

#define PUPIL_ENDPOINT_ID(ID, name)   PUPIL_ENDPOINT_##ID,
#define PUPIL_ENDPOINT_ROW(ID, name)                                          \
    extern const pupil_endpoint_t  pupil_##name##_endpoint;

typedef enum {
    PUPIL_ENDPOINTS(PUPIL_ENDPOINT_ID)
    PUPIL_ENDPOINT_COUNT
} pupil_endpoint_id_t;

PUPIL_ENDPOINTS(PUPIL_ENDPOINT_ROW)

/* By pupil_endpoint_id_t. */
extern const pupil_endpoint_t *const  pupil_endpoints[PUPIL_ENDPOINT_COUNT];

#endif /* PUPIL_ENDPOINTS_H */

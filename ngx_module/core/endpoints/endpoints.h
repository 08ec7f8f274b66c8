/*
 * Copyright (C) the Pupil authors
 *
 * The endpoints, a row each.  Who includes this is compiled again when there
 * is a new one: those that define a row, and those that walk all of them.
 *
 * A new endpoint is a file of this folder that defines pupil_<name>_endpoint,
 * a folder of http/ beside the others, and a line in the list below;
 * CONTRIBUTING.md walks through it.
 */

#ifndef PUPIL_ENDPOINTS_H
#define PUPIL_ENDPOINTS_H

#include "core/endpoints/endpoint.h"


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

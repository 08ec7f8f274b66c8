/*
 * Copyright (C) the Pupil authors
 *
 * An endpoint: the directive that makes a location one, and its statements as
 * templates: what each could show, to whom, for what purpose.  Which there are
 * is told by endpoints.h.
 */

#ifndef PUPIL_ENDPOINT_H
#define PUPIL_ENDPOINT_H

#include "core/policy/statement.h"


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

#endif /* PUPIL_ENDPOINT_H */

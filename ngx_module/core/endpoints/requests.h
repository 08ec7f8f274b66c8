/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/requests: what people ask for of their data (core/lifecycle/request.h)
 * as statements of /v1/me/ and as a client sends it.
 */

#ifndef PUPIL_REQUESTS_H
#define PUPIL_REQUESTS_H

#include "core/endpoints/columns.h"
#include "core/input/input.h"
#include "core/lifecycle/request.h"


#define PUPIL_REQUEST_CATEGORIES_MOST  16

/* Of a sealed value's place: no plugin has that name. */
#define PUPIL_REQUEST_CATEGORY  "request"


extern const char  pupil_request_look_sql[];
extern const char  pupil_request_make_sql[];
extern const char  pupil_requests_sql[];


/*
 * PUPIL_RIGHTS_REQUEST_LOOK, $8 id: the actor's own of that id;
 * PUPIL_RIGHTS_REQUESTS, $8 and $9 before this time and id, $10 how many at
 * most: newest first, a row each.  NULL where there is none; what is sealed is
 * NULL where nothing was said.
 */
enum {
    PUPIL_RQ_OWNER = 1,
    PUPIL_RQ_REQUEST = PUPIL_RQ_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_RQ_CATEGORIES = PUPIL_RQ_REQUEST + PUPIL_REQUEST_COLUMNS,
    PUPIL_RQ_TEXT,
    PUPIL_RQ_EXTENSION,
    PUPIL_RQ_REASON,
    PUPIL_RQ_BEHALF,
    PUPIL_RQ_COLUMNS
};

/*
 * PUPIL_RIGHTS_REQUEST_MAKE, $8 id, $9 kind, $10 received_on and $11 due_on as
 * days, $12 created_at, $13 MAC, $14 categories and $15 text, sealed.
 */
enum {
    PUPIL_RN_SLOT = PUPIL_RECORDED + 1,
                                /* 0: the id is taken, NULL: ten are open */
    PUPIL_RN_COLUMNS
};


/* categories: separated by single spaces; empty for none, as text is. */
typedef struct {
    pupil_uuid_t          id;
    pupil_request_kind_t  kind;
    pupil_str_t           categories, text;
} pupil_input_request_t;


/* {"id","kind","categories"?,"text"?} */
pupil_rc_t pupil_input_request(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_request_t *out,
    pupil_fault_t *fault);

#endif /* PUPIL_REQUESTS_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What a location serves: every statement that its endpoint can run under the
 * location's policy, or why it cannot work.  The one place that decides it:
 * nginx -t and a worker's start register with the database what stands here,
 * pupilctl check prepares it.  Pure: no I/O.
 */

#ifndef PUPIL_COMPOSE_H
#define PUPIL_COMPOSE_H

#include "core/endpoints/data.h"
#include "core/endpoints/endpoint.h"
#include "core/endpoints/relation.h"


/* A statement, and the shape of an access to it that is refused. */
typedef struct {
    pupil_statement_t   statement;      /* when it is granted */
    pupil_statement_t   refusal;
    void               *registered;     /* the host's own, NULL at first: see
                                           pupil_location_each() */
    unsigned            granted:1;      /* its required wants are */
} pupil_composed_t;

/* One category of an endpoint that is generic, for one relation. */
typedef struct {
    pupil_generic_t   *generic;         /* NULL: nothing is granted */
    pupil_composed_t   stmt;
    pupil_composed_t   look;            /* before a write */
    pupil_composed_t   evidence;        /* pupil_generic_evidence(); not
                                           granted: none is needed */
} pupil_composed_generic_t;

/* Ownership: the allocator's, all of it. */
typedef struct {
    const pupil_endpoint_t    *endpoint;
    pupil_policy_t             policy;
    uint8_t                    policy_hash[PUPIL_HASH_LEN];
    pupil_str_t                policy_document;
    pupil_composed_t          *session; /* PUPIL_SESSION_*: every location
                                           loads sessions */
    pupil_composed_t          *stmts;   /* by the endpoint's enum */
    pupil_composed_generic_t  *reads;   /* generic: [category
                                           * PUPIL_RELATION_COUNT
                                           + relation] */
    pupil_composed_generic_t  *writes;
} pupil_location_t;


/*
 * Composes all that a location of this endpoint serves.  policy: narrowed by
 * the location's denials; what it points to outlives the location.
 * PUPIL_INVALID with error set when the location cannot work: the text says
 * what is missing and what to do, to stand behind the location's name.
 * PUPIL_NO_MEMORY, error set, too.  Context: configuration, pupilctl.
 */
pupil_rc_t pupil_location_compose(const pupil_endpoint_t *endpoint,
    const pupil_policy_t *policy, const pupil_alloc_t *alloc,
    pupil_location_t *location, pupil_error_t *error);


typedef pupil_rc_t (*pupil_composed_pt)(void *ctx, pupil_composed_t *composed);

/*
 * Hands over everything that was composed, also what is not granted and has
 * its refusal alone.  each() may set registered.  Ends with the first answer
 * that is not PUPIL_OK, and returns it.
 */
pupil_rc_t pupil_location_each(pupil_location_t *location,
    pupil_composed_pt each, void *ctx);

#endif /* PUPIL_COMPOSE_H */

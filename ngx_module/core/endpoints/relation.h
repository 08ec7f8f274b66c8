/*
 * Copyright (C) the Pupil authors
 *
 * Relations as SQL: worked out from live enrolments and roles, never taken
 * from a client.
 */

#ifndef PUPIL_RELATION_H
#define PUPIL_RELATION_H

#include "core/endpoints/columns.h"
#include "core/policy/statement.h"


/*
 * Columns of the rows that prove a relation, behind the nonce.  Each row is
 * one proof: it holds when every group in it that is not NULL is authentic.
 */
enum {
    PUPIL_DE_ACTOR_ROLE = 1,
    PUPIL_DE_ACTOR_ENROLMENT = PUPIL_DE_ACTOR_ROLE + PUPIL_ROLE_COLUMNS,
    PUPIL_DE_SUBJECT_ENROLMENT = PUPIL_DE_ACTOR_ENROLMENT
                                 + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_DE_SUBJECT_ROLE = PUPIL_DE_SUBJECT_ENROLMENT
                            + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_DE_COLUMNS = PUPIL_DE_SUBJECT_ROLE + PUPIL_ROLE_COLUMNS
};


/* Which records of a category relate: those whose field is among these. */
typedef struct {
    const char  *field;
    const char  *among;         /* a query */
} PUPIL_NAMED pupil_scope_t;

/* How /v1/data/ works out one relation to one kind of owner. */
typedef struct {
    uint32_t          relation;     /* pupil_relation_t */
    uint32_t          owner;        /* pupil_owner_kind_t */
    uint32_t          purpose;      /* that it is for */
    const char       *relates;      /* a query of column class; no row: no */
    pupil_template_t  evidence;     /* sql NULL: none needed */
    pupil_scope_t     scopes[2];    /* the first that the category has */
} PUPIL_NAMED pupil_relates_t;


/* NULL: /v1/data/ does not serve it. */
const pupil_relates_t *pupil_relates_find(uint32_t relation, uint32_t owner);

/* The purpose that /v1/data/ has for a relation; 0: none. */
uint32_t pupil_generic_purpose(uint32_t relation);

/*
 * The statement of the rows that prove a relation, so that their MACs are
 * checked before anything is shown: run it in the same Sync, before the read
 * or the look.  No row that holds: 404.  owner: pupil_owner_kind_t of the
 * category; $8 subject.  Static; NULL when none is needed: self.
 */
const pupil_template_t *pupil_generic_evidence(uint32_t relation,
    uint32_t owner);

#endif /* PUPIL_RELATION_H */

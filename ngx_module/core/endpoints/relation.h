/*
 * Copyright (C) the Pupil authors
 *
 * Relations as SQL: worked out from live enrolments and roles, never taken
 * from a client.
 */

#ifndef PUPIL_RELATION_H
#define PUPIL_RELATION_H

#include "core/endpoints/columns.h"
#include "core/policy/expected.h"
#include "core/policy/statement.h"


/*
 * Columns of the rows that prove a relation, behind the nonce: groups, of which
 * a relation fills those that it declares (pupil_proof_group_t).
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

/* And of a support grant, which proves it alone. */
enum {
    PUPIL_DE_SUPPORT = 1
};


/* Which records of a category relate: those whose field is among these. */
typedef struct {
    const char  *field;
    const char  *among;         /* a query */
} PUPIL_NAMED pupil_scope_t;

/* Whom a group of a proof is of. */
typedef enum {
    PUPIL_PROOF_ACTOR = 0,
    PUPIL_PROOF_SUBJECT,        /* the record's owner, a subject */
    PUPIL_PROOF_ANYBODY         /* whenever: what a class is of */
} pupil_proof_whose_t;

/* The class that a group's enrolment is in. */
typedef enum {
    PUPIL_PROOF_ANY_CLASS = 0,
    PUPIL_PROOF_SAME_CLASS,     /* as the actor's in the same row */
    PUPIL_PROOF_OWNER_CLASS     /* the record's owner, a class */
} pupil_proof_class_t;

/* What a group of columns must be about (invariant I20). */
typedef struct {
    uint32_t             column;        /* PUPIL_DE_*; 0: no more groups */
    unsigned             is_role:1;     /* else an enrolment */
    unsigned             everywhere:1;  /* of the tenant, else the school */
    pupil_proof_whose_t  whose;
    pupil_proof_class_t  in_class;
    const char          *role;          /* NULL: any */
} PUPIL_NAMED pupil_proof_group_t;

#define PUPIL_PROOF_GROUPS  3

/* Whom a request is about. */
typedef struct {
    const pupil_uuid_t  *actor;
    const pupil_uuid_t  *owner;         /* of the record: subject or class */
    const pupil_uuid_t  *institution;   /* of the session */
    const pupil_uuid_t  *class_id;      /* of the actor's enrolment; NULL:
                                           not known yet */
    int32_t              day;
} pupil_proof_about_t;

/* How /v1/data/ works out one relation to one kind of owner. */
typedef struct {
    uint32_t             relation;  /* pupil_relation_t */
    uint32_t             owner;     /* pupil_owner_kind_t */
    uint32_t             purpose;   /* that it is for */
    const char          *relates;   /* a query of column class; no row: no */
    pupil_template_t     evidence;  /* sql NULL: none needed */

    /* each row is a proof when so many of its groups are as expected */
    pupil_proof_group_t  groups[PUPIL_PROOF_GROUPS];
    uint32_t             needed;
    pupil_scope_t        scopes[2]; /* the first that the category has */
} PUPIL_NAMED pupil_relates_t;


/*
 * The rows that prove that the actor teaches the subject $8, for an endpoint of
 * its own: PUPIL_DE_COLUMNS.
 */
extern const char  pupil_teaches_sql[];

/* What a group must equal; points into about. */
void pupil_proof_expect(const pupil_proof_group_t *group,
    const pupil_proof_about_t *about, pupil_expected_t *expected);

/* NULL: /v1/data/ does not serve it. */
const pupil_relates_t *pupil_relates_find(uint32_t relation, uint32_t owner);

/* The purpose that /v1/data/ has for a relation; 0: none. */
uint32_t pupil_generic_purpose(uint32_t relation);

/*
 * The statement of the rows that prove a relation, so that their MACs, and
 * whom they are about, are checked before anything is shown: run it in the same
 * Sync, before the read or the look.  No row that holds: 404.  owner:
 * pupil_owner_kind_t of the category; $8 subject.  Static; NULL when none is
 * needed: self.
 */
const pupil_template_t *pupil_generic_evidence(uint32_t relation,
    uint32_t owner);

#endif /* PUPIL_RELATION_H */

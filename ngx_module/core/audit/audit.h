/*
 * Copyright (C) the Pupil authors
 *
 * What the audit log says of an access: names of outcomes, the truncation of
 * client addresses, shapes of accesses that are refused, and the insert of
 * records that no write carries.  A write carries its record in its own
 * statement: see statement.h and sql/data/002.
 */

#ifndef PUPIL_AUDIT_H
#define PUPIL_AUDIT_H

#include "core/policy/statement.h"


typedef enum {
    PUPIL_OUTCOME_ALLOWED = 0,
    PUPIL_OUTCOME_NOT_GRANTED,      /* 403 */
    PUPIL_OUTCOME_NOT_FOUND,        /* 404 on another's record */
    PUPIL_OUTCOME_REFUSED,          /* a log-in that failed */
    PUPIL_OUTCOME_THROTTLED,
    PUPIL_OUTCOME_TAMPERED,
    PUPIL_OUTCOME_RESTRICTED,
    PUPIL_OUTCOME_CONFLICT
} pupil_outcome_t;

const char *pupil_outcome_name(pupil_outcome_t outcome);


/*
 * A record that a statement can write.  It is given a MAC for each, and numbers
 * for as many as it writes at most; it says which it wrote in its column
 * PUPIL_RECORDED, a bit each.
 */
typedef struct {
    pupil_outcome_t  outcome;
    uint32_t         number;    /* from the first that it was given */
    uint32_t         choice;    /* 0: the usual; see record.h */
} pupil_audit_choice_t;

/* Of statements that write one, or none. */
extern const pupil_audit_choice_t  pupil_audit_allowed[1];


#define PUPIL_NETWORK_LEN  48       /* bytes of text, with NUL */

/*
 * A client address cut to its network: /24 of IPv4, /48 of IPv6, as text
 * for a parameter of type inet.  address: 4 or 16 bytes.  Empty otherwise.
 */
void pupil_network_truncate(const uint8_t *address, size_t len,
    char out[PUPIL_NETWORK_LEN]);


/*
 * Inserts the records of a group of requests of one tenant, of what they are
 * shown or refused: $2 the tenant, then an array a column, of equal length:
 * request, actor (zero: nobody), role, institution, network, shape, policy,
 * outcome, subjects (each the text of a uuid[]), note; $13 when, $14 the
 * writer, $15 the first number; arrays again: $16 how far each number is behind
 * that, $17 MACs.
 */
#define PUPIL_AUDIT_GROUP_PARAMS  17

enum {
    PUPIL_AG_STORED = 1,        /* how many were: not always all (I1) */
    PUPIL_AG_COLUMNS
};

extern const char     pupil_audit_group_sql[];
extern const uint8_t  pupil_audit_group_params[PUPIL_AUDIT_GROUP_PARAMS];


/*
 * What records refer to is stored before them: a shape with its accesses, a
 * policy with its document.  $1 the hash as \x and hex digits, $2 the text.
 */
#define PUPIL_AUDIT_STORE_PARAMS  2

extern const char  pupil_audit_shape_sql[];
extern const char  pupil_audit_policy_sql[];


/* The shape of what touches no category, and the text that it is of. */
extern const char     pupil_audit_nothing[];
extern const uint8_t  pupil_audit_nothing_shape[PUPIL_HASH_LEN];


/*
 * The shape of an access that was refused: the wants of its template, so that
 * it tells what was asked for.
 */
pupil_rc_t pupil_audit_template(const pupil_template_t *refused,
    const pupil_alloc_t *alloc, pupil_template_t **template);

#endif /* PUPIL_AUDIT_H */

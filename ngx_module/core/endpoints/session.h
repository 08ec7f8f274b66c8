/*
 * Copyright (C) the Pupil authors
 *
 * /v1/session: its statements, and what a client sends.
 */

#ifndef PUPIL_SESSION_H
#define PUPIL_SESSION_H

#include "core/audit/audit.h"
#include "core/endpoints/columns.h"
#include "core/input/input.h"
#include "core/policy/role.h"
#include "core/policy/statement.h"


/* The statements of /v1/session, by index. */
enum {
    PUPIL_SESSION_LOAD = 0,     /* the row, its role, the subject; no audit:
                                   every endpoint runs it */
    PUPIL_SESSION_TOUCH,        /* seen_at */
    PUPIL_SESSION_SHOW,         /* name, institutions; audit */
    PUPIL_SESSION_SWITCH,       /* new token for another role */
    PUPIL_SESSION_END,          /* delete and NOTIFY */
    PUPIL_SESSION_CLOSE,        /* the key store knows of what was deleted */
    PUPIL_SESSION_LIST,         /* those of the actor; audit of who is shown
                                   them */
    PUPIL_SESSION_END_THESE,    /* delete and NOTIFY; audit */
    PUPIL_SESSION_HEAR,         /* a provider's word, for log-ins under way */
    PUPIL_SESSION_THERE,        /* those by the word of a provider */
    PUPIL_SESSION_OPEN_THERE,   /* those that it has ended in part */
    PUPIL_SESSION_END_THERE,    /* delete and NOTIFY, by its word; audit */
    PUPIL_SESSION_SPEND,        /* its word counts no more; audit, if nobody
                                   was there */
    PUPIL_SESSION_NOTICE,       /* what somebody is told */
    PUPIL_SESSION_COUNT
};

extern const pupil_template_t  pupil_session_templates[PUPIL_SESSION_COUNT];


/* Column 0 of all results is the nonce. */

/*
 * PUPIL_SESSION_LOAD, $8 the token's hash: the session's row, NULL when there
 * is none; the role that it acts in and the subject, each NULL when it has
 * gone; the state of the subject as owner.
 */
enum {
    PUPIL_SL_SESSION = 1,
    PUPIL_SL_ROLE_ROW = PUPIL_SL_SESSION + PUPIL_SESSION_COLUMNS,
    PUPIL_SL_SUBJECT_ROW = PUPIL_SL_ROLE_ROW + PUPIL_ROLE_COLUMNS,
    PUPIL_SL_OWNER_STATE = PUPIL_SL_SUBJECT_ROW + PUPIL_SUBJECT_COLUMNS,
    PUPIL_SL_COLUMNS
};

/* PUPIL_SESSION_TOUCH, $8 hash, $9 seen_at, $10 the MAC that goes with it. */
enum {
    PUPIL_ST_TOUCHED = 1,       /* 1, or 0: a later one is there */
    PUPIL_ST_COLUMNS
};

/*
 * PUPIL_SESSION_SHOW: a row for each role of the actor; the actor and the
 * role's institution as owners.
 */
enum {
    PUPIL_SS_ROLE = 1,
    PUPIL_SS_OWNER = PUPIL_SS_ROLE + PUPIL_ROLE_COLUMNS,
    PUPIL_SS_SCHOOL_OWNER = PUPIL_SS_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_SS_COLUMNS = PUPIL_SS_SCHOOL_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_SS_WANT_GIVEN_NAME = 0,
    PUPIL_SS_WANT_FAMILY_NAME,
    PUPIL_SS_WANT_SCHOOL_TITLE
};

/*
 * The note of a switch: "to institution ID as ROLE", of all zeros for the
 * whole tenant.
 */
#define PUPIL_SESSION_NOTE     "to institution "
#define PUPIL_SESSION_NOTE_AS  " as "

/*
 * PUPIL_SESSION_SWITCH, $8 the old hash; $9 to $18 hash, role, institution,
 * created_at, seen_at, expires_at, MAC, proved_at and a provider's session and
 * subject of the row that takes its place.
 * PUPIL_SESSION_END, $8 the token's hash.
 */
enum {
    PUPIL_SW_MADE = PUPIL_RECORDED + 1,
                                /* 1, or 0: the session had ended */
    PUPIL_SW_NOTIFIED,
    PUPIL_SW_COLUMNS
};

enum {
    PUPIL_SE_GONE = 1,
    PUPIL_SE_NOTIFIED,
    PUPIL_SE_COLUMNS
};

/*
 * PUPIL_SESSION_CLOSE, $8 revocations: of PUPIL_SESSION_END and _SWITCH the
 * request's id.
 */
enum {
    PUPIL_SC_CLOSED = 1,        /* how many were open */
    PUPIL_SC_COLUMNS
};

/*
 * PUPIL_SESSION_LIST, $8 the hash of who asks: a row for each, oldest first, no
 * more than this many; NULL when there is none.
 */
#define PUPIL_SESSIONS_MOST  1000

enum {
    PUPIL_SO_TOKEN_HASH = 1,
    PUPIL_SO_SESSION,
    PUPIL_SO_COLUMNS = PUPIL_SO_SESSION + PUPIL_SESSION_COLUMNS
};

/*
 * PUPIL_SESSION_NOTICE, $8 whom, of each notice $9 id, $10 kind and $12 MAC,
 * $11 when; behind the statement that does it, in one transaction, and only
 * where that has made $13 a session of this hash, $14 a support grant of this
 * MAC, and $16 a revocation, each unless NULL.  The kind "failed_logins" only
 * where there was a burst in one of $15, buckets, which then is told.
 */
enum {
    PUPIL_SZ_TOLD = 1,
    PUPIL_SZ_COLUMNS
};

/*
 * PUPIL_SESSION_END_THESE, $8 token hashes, of the actor's, $9 under which id
 * each is open as a revocation.
 */
enum {
    PUPIL_SN_GONE = PUPIL_RECORDED + 1,
    PUPIL_SN_NOTIFIED,
    PUPIL_SN_COLUMNS
};

/*
 * PUPIL_SESSION_HEAR, $8 session or subject of a provider, as a hash; $9 now;
 * $10 the bucket of the token that says so, which does nothing once it is used.
 */
enum {
    PUPIL_SH_HEARD = 1,
    PUPIL_SH_COLUMNS
};

/*
 * PUPIL_SESSION_THERE, $8 session and $9 subject of a provider, as hashes, NULL
 * where it names none; $10 the bucket of the token that says so: a row for
 * each, by subjects, no more than PUPIL_SESSIONS_MOST; NULL when there is none.
 */
enum {
    PUPIL_SY_TOKEN_HASH = 1,
    PUPIL_SY_SESSION,
    PUPIL_SY_USED = PUPIL_SY_SESSION + PUPIL_SESSION_COLUMNS,
    PUPIL_SY_COLUMNS
};

/* The note of their end, and the provider's name. */
#define PUPIL_SESSION_NOTE_THERE  "logged out at "

/*
 * PUPIL_SESSION_OPEN_THERE, $8 and $9 the first and last id of revocations by a
 * token: a row for each that is open; NULL when there is none.
 */
enum {
    PUPIL_SR_REVOCATION = 1,
    PUPIL_SR_TOKEN_HASH,
    PUPIL_SR_COLUMNS
};

/*
 * PUPIL_SESSION_END_THERE, $8 token hashes, $9 under which id each is open as a
 * revocation; $10 whose they are, $11 the note.  On record if a row went.
 */
enum {
    PUPIL_SX_NOTIFIED = PUPIL_RECORDED + 1,
    PUPIL_SX_COLUMNS
};

/*
 * PUPIL_SESSION_SPEND, $8 the token's bucket, as an array; $9 nobody, $10 the
 * note if nobody was there, or NULL: then there is no record.
 */
enum {
    PUPIL_SP_SPENT = PUPIL_RECORDED + 1,
                                /* 1, or 0: the token was used before */
    PUPIL_SP_COLUMNS
};

/* Its record, when the token names nobody who is here. */
extern const pupil_audit_choice_t  pupil_session_nobody[1];


typedef struct {
    pupil_uuid_t  institution_id;       /* zero: the whole tenant */
    pupil_str_t   role_name;
    pupil_role_t  role;                 /* NONE: the strongest there */
} pupil_input_institution_t;


/* {"institution_id", "role"?} */
pupil_rc_t pupil_input_institution(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_institution_t *out,
    pupil_fault_t *fault);

#endif /* PUPIL_SESSION_H */

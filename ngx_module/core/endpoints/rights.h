/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/: what people ask about themselves; its statements and their columns.
 */

#ifndef PUPIL_RIGHTS_H
#define PUPIL_RIGHTS_H

#include "core/endpoints/columns.h"
#include "core/input/query.h"
#include "core/policy/statement.h"


/* The statements of /v1/me/, by index. */
enum {
    PUPIL_RIGHTS_AUDIT = 0,         /* who looked */
    PUPIL_RIGHTS_PROOF,             /* that it is in the log */
    PUPIL_RIGHTS_SUPPORT_MAKE,      /* support may be let in */
    PUPIL_RIGHTS_SUPPORT_LIST,
    PUPIL_RIGHTS_SUPPORT_END,
    PUPIL_RIGHTS_SUPPORT_RESERVE,   /* throttle: as PUPIL_LOGIN_RESERVE */
    PUPIL_RIGHTS_SUPPORT_TELL,      /* as PUPIL_LOGIN_TELL */
    PUPIL_RIGHTS_NOTICES,           /* what one is told */
    PUPIL_RIGHTS_NOTICE,
    PUPIL_RIGHTS_NOTICE_SEEN,
    PUPIL_RIGHTS_REQUEST_LOOK,      /* what one asks for: requests.h */
    PUPIL_RIGHTS_REQUEST_MAKE,
    PUPIL_RIGHTS_REQUESTS,
    PUPIL_RIGHTS_COUNT
};

extern const pupil_template_t  pupil_rights_templates[PUPIL_RIGHTS_COUNT];


/*
 * A record about the actor, NULL where there is none: pupil.audit_of(), in
 * sql/data/044.  ROLE NULL: it is listed, and not there any more.
 */
enum {
    PUPIL_CA_AT = 0,
    PUPIL_CA_WRITER,
    PUPIL_CA_NUMBER,
    PUPIL_CA_EVENT,
    PUPIL_CA_LEAF,
    PUPIL_CA_REQUEST,
    PUPIL_CA_ACTOR,
    PUPIL_CA_ROLE,
    PUPIL_CA_INSTITUTION,
    PUPIL_CA_SHAPE,
    PUPIL_CA_POLICY,
    PUPIL_CA_OUTCOME,
    PUPIL_CA_NETWORK,
    PUPIL_CA_SUBJECTS,
    PUPIL_CA_NOTE,
    PUPIL_CA_MAC,
    PUPIL_CA_ACCESSES,
    PUPIL_AUDIT_COLUMNS
};

/*
 * PUPIL_RIGHTS_AUDIT: $8 to $10 before this time, writer and number, $11 how
 * many at most.  Newest first, a row each.
 */
enum {
    PUPIL_RA_SEALED = 1,            /* all before is, NULL: nothing */
    PUPIL_RA_RECORD,
    PUPIL_RA_COLUMNS = PUPIL_RA_RECORD + PUPIL_AUDIT_COLUMNS
};

/*
 * PUPIL_RIGHTS_PROOF: $8 and $9 writer and number.  A row for each tile that a
 * proof may need, NULL for none, each with the last checkpoint.
 */
enum {
    PUPIL_RP_RECORD = 1,
    PUPIL_RP_SIZE = PUPIL_RP_RECORD + PUPIL_AUDIT_COLUMNS,
    PUPIL_RP_CHECKPOINT,
    PUPIL_RP_LEVEL,
    PUPIL_RP_TILE,
    PUPIL_RP_HASHES,
    PUPIL_RP_COLUMNS
};


/*
 * PUPIL_RIGHTS_SUPPORT_MAKE, $8 id, $9 hash of the code, $10 created_at, $11
 * expires_at, $12 MAC.
 */
enum {
    PUPIL_RM_MADE = PUPIL_RECORDED + 1,
                                    /* 1, or 0: there are five, or the
                                       actor is restricted */
    PUPIL_RM_COLUMNS
};

/* PUPIL_RIGHTS_SUPPORT_LIST: those that run, oldest first; NULL: none. */
enum {
    PUPIL_RL_GRANT = 1,
    PUPIL_RL_COLUMNS = PUPIL_RL_GRANT + PUPIL_SUPPORT_COLUMNS
};

/*
 * PUPIL_RIGHTS_SUPPORT_END, $8 id, $9 its hash, by which it is open as a
 * revocation until $10, under the request's id.
 */
enum {
    PUPIL_RE_ENDED = PUPIL_RECORDED + 1,
                                    /* 1, or 0: there is none */
    PUPIL_RE_COLUMNS
};


/*
 * PUPIL_RIGHTS_NOTICES: $8 and $9 before this time and id, $10 how many at
 * most.  Newest first, a row each; NULL where there is none.
 */
enum {
    PUPIL_RO_NOTICE = 1,
    PUPIL_RO_SUBJECT,
    PUPIL_RO_KIND,
    PUPIL_RO_AT,
    PUPIL_RO_SEEN_AT,
    PUPIL_RO_MAC,
    PUPIL_RO_COLUMNS
};

/* PUPIL_RIGHTS_NOTICE, $8 id: one of these. */

/*
 * PUPIL_RIGHTS_NOTICE_SEEN, $8 id, $9 when: the first time stays; $10 the MAC
 * that it was read with.
 */
enum {
    PUPIL_RZ_SEEN = PUPIL_RECORDED + 1,
                                    /* 1, or 0: there is none */
    PUPIL_RZ_COLUMNS
};


/* The cursor's id is that of a record, see below, or of a notice. */
typedef struct {
    pupil_page_t  page;
} pupil_rights_query_t;

/* limit and cursor. */
extern const pupil_argument_t  pupil_rights_arguments[];


/* A record is called by its writer and its number of that, as a UUID. */
void pupil_rights_id(uint64_t writer, uint64_t number, pupil_uuid_t *id);
void pupil_rights_id_read(const pupil_uuid_t *id, uint64_t *writer,
    uint64_t *number);

#endif /* PUPIL_RIGHTS_H */

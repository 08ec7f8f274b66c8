/*
 * Copyright (C) the Pupil authors
 *
 * Roles and enrolments as they are stored, whoever gave them.  A row that was
 * edited in the database is on record as tampering, and is not relied on
 * (invariant I18).
 */

#ifndef PUPIL_CTL_ROSTER_STORED_H
#define PUPIL_CTL_ROSTER_STORED_H

#include "ctl/roster/roster.h"
#include "ctl/store/record.h"


/* There are millions of them. */
typedef struct {
    pupil_uuid_t      subject;
    pupil_uuid_t      where;        /* an institution or a class */
    roster_role_t     role;         /* 0: one that no roster gives; up to
                                       here it is the key */
    pupil_uuid_t      id;           /* of an enrolment */
    pupil_uuid_t      institution;
    int32_t           from, to;
    uint32_t          number;       /* that its MAC names */
    uint32_t          user;         /* in the roster, or ROSTER_NONE */
    const char       *source;       /* the roster's memory */
    unsigned          authentic:1;  /* and not revoked */
    unsigned          tampered:1;   /* changed without the keys */
    unsigned          ours:1;       /* of this roster's source */
    unsigned          matched:1;    /* the roster has it as well */
    unsigned          leaves:1;     /* the roster says that it has ended */
    unsigned          kept:1;       /* of what the roster has, and cannot be
                                       taken */
    unsigned          absent:1;     /* the roster says nothing of it */
    unsigned          ends:1;       /* by this roster: see ends.c */
} roster_stored_t;

/* All rows of a kind of link. */
typedef struct {
    roster_kind_t     kind;
    roster_stored_t  *rows;
    size_t            count;
    uint32_t          size;
    ctl_places_t      keys;
} roster_table_t;


extern const ctl_access_t  roster_link_access[ROSTER_KINDS];


/*
 * Of each kind of link, tables[kind].  The ids of the roster's items are
 * known.  Returns -1 with the error said.
 */
int roster_stored_load(roster_t *roster, roster_table_t *tables);
void roster_stored_free(roster_table_t *tables);

/* The row of a link, or NULL; the same by ids. */
roster_stored_t *roster_stored_find(const roster_t *roster,
    const roster_table_t *table, const roster_link_t *link);
roster_stored_t *roster_stored_at(const roster_table_t *table,
    const pupil_uuid_t *subject, const pupil_uuid_t *where,
    roster_role_t role);
/* Whether an import of this source gave it and it has not ended. */
int roster_stored_live(const roster_t *roster, const roster_stored_t *row);

/* In the report: a row that was tampered with, and what became of it. */
void roster_stored_tampered(roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, const char *fate);

/* The role in pupil.role and pupil.enrolment. */
const char *roster_stored_role(roster_role_t role);
/* key: "mac" */
void roster_stored_mac(const roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, const pupil_key_t *key,
    uint8_t mac[PUPIL_MAC_LEN]);

#endif /* PUPIL_CTL_ROSTER_STORED_H */

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


typedef struct {
    pupil_uuid_t      id;           /* of an enrolment */
    pupil_uuid_t      subject;
    pupil_uuid_t      where;        /* an institution or a class */
    pupil_uuid_t      institution;
    roster_role_t     role;         /* 0: one that no roster gives */
    int32_t           from, to;
    uint32_t          number;       /* that its MAC names */
    char              source[64];
    uint8_t           authentic;    /* and not revoked */
    uint8_t           tampered;     /* changed without the keys */
    uint8_t           ours;         /* of this roster's source */
    uint32_t          user;         /* in the roster, or ROSTER_NONE */
    uint8_t           matched;      /* the roster has it as well */
    uint8_t           leaves;       /* the roster says that it has ended */
    uint8_t           kept;         /* of what the roster has, and cannot be
                                       taken */
    uint8_t           absent;       /* the roster says nothing of it */
    uint8_t           ends;         /* by this roster: see ends.c */
} roster_stored_t;

/* All rows of a kind of link. */
typedef struct {
    roster_kind_t     kind;
    roster_stored_t  *rows;
    size_t            count;
    ctl_map_t         keys;
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

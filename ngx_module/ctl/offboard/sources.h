/*
 * Copyright (C) the Pupil authors
 *
 * What is held of a tenant, as sources of records: the categories, by what
 * their plugins declare, and the host's own accounts, schools and classes.
 */

#ifndef PUPIL_CTL_SOURCES_H
#define PUPIL_CTL_SOURCES_H

#include "ctl/base/ctl.h"


/* A member of a record. */
typedef struct {
    const char  *name;          /* of a sealed one, of its field, too */
    const char  *sql;           /* of a row t; text, or what is sealed */
    uint32_t     type;          /* pupil_field_type_t */
    int          sealed;
} ctl_member_t;

/* Ownership: of what is not the host's, the command's pool. */
typedef struct {
    const char          *name;          /* of its folder */
    const char          *category;      /* that seals, and is on record */
    const char          *rows;          /* of the tenant $1, as t */
    const char          *owner, *record;        /* columns of t */
    int                  persons;       /* are its owners */
    int                  nobodys;       /* they are ids of rows alone */
    const ctl_member_t  *members;
    uint32_t             count;
} ctl_source_t;


/*
 * All of them.  A table with rows of owners whose plugin is not there is an
 * error.  The data database and the plugins are open.
 */
int ctl_sources_read(ctl_t *ctl, const ctl_source_t **list, size_t *count);

#endif /* PUPIL_CTL_SOURCES_H */

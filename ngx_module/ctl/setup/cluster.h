/*
 * Copyright (C) the Pupil authors
 *
 * A cluster that init works on: its roles with their passwords, and the
 * database.  What is there stays as it is.
 */

#ifndef PUPIL_CTL_CLUSTER_H
#define PUPIL_CTL_CLUSTER_H

#include <libpq-fe.h>

#include "ctl/base/ctl.h"


typedef struct {
    const char  *name;
    int          login;
} ctl_role_t;

/* One of the two databases, and the cluster that it is to be in. */
typedef struct {
    const char        *what;        /* for messages */
    const char        *conninfo;
    const char        *owner;
    const ctl_role_t  *roles;       /* ends with name NULL */
    int              (*migrate)(ctl_t *ctl, PGconn *conn);

    const char        *dbname;      /* of conninfo, "" before it is known */
    PGconn            *conn;        /* to the maintenance database */
} ctl_cluster_t;


/* The conninfo's database name, and a connection to "postgres" beside it. */
int ctl_cluster_open(ctl_t *ctl, ctl_cluster_t *cluster);

/* Is the database there?  1, 0, or -1 with the error said. */
int ctl_cluster_has_database(const ctl_cluster_t *cluster);

/*
 * Changes nothing; refuses where a role is there whose password this host
 * does not have, as a new one would lock the others out.
 */
int ctl_cluster_check(ctl_t *ctl, const ctl_cluster_t *cluster);

/* Roles, database and schema; says of each whether it was there. */
int ctl_cluster_make(ctl_t *ctl, const ctl_cluster_t *cluster);

#endif /* PUPIL_CTL_CLUSTER_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What decides in a database beside its tables: functions, triggers, rules,
 * views, policies, constraints, indexes, defaults, columns, grants, and whose
 * the tables are.  `pupilctl migrate` writes down what each migration and each
 * plugin's file made, by name and digest, in public.pupil_object, so that
 * pupilctl check can tell what none of them made (invariant I20).
 *
 * Written down, and not a list in this program, as plugins bring objects of
 * their own.  Whoever may run DDL can edit that table, too: it is for
 * accidents and for those who do not.
 */

#ifndef PUPIL_CTL_OBJECTS_H
#define PUPIL_CTL_OBJECTS_H

#include "ctl/base/db.h"


/*
 * Makes the table, if it is not there.  What a database that is older than the
 * table, or than a kind in it, has is taken as it is.  readers: roles.
 */
int ctl_objects_table(PGconn *conn, const char *readers);

/*
 * In the transaction of a migration or of a plugin's file: what is there
 * before it, and then what it made, changed and dropped.  Ownership of before:
 * the caller's; NULL with the error said.
 */
int ctl_objects_before(PGconn *conn, PGresult **before);
int ctl_objects_made(PGconn *conn, const PGresult *before);

/* A row for each object that is not as written down: a sentence. */
extern const char  ctl_objects_changed_sql[];

/* The same of those whose name is like $1, a regular expression. */
extern const char  ctl_objects_changed_of_sql[];

/*
 * Whether a table's rows are found as migrations have it: no other policy, rule
 * or view decides.  In the transaction that has read them, as none can be made
 * or dropped while it lasts.  -1: one does, which is said.
 */
int ctl_objects_hide_none(PGconn *conn, const char *table);

#endif /* PUPIL_CTL_OBJECTS_H */

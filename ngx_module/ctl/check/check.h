/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl check: what only the databases know (invariant I17).
 */

#ifndef PUPIL_CTL_CHECK_H
#define PUPIL_CTL_CHECK_H

#include "core/endpoints/database.h"
#include "core/endpoints/directive.h"
#include "ctl/check/nginxconf.h"


typedef struct {
    ctl_t         *ctl;
    nginxconf_t   *root, *http;
    const char    *folder;                          /* of the main file */
    const char    *conninfo[PUPIL_DATABASE_COUNT];  /* NULL: none given */
    const char    *master_key;
    pupil_str_t    accepted;                        /* of the file */
    int64_t        entered;                         /* of pupil_ledger */
    int            same_cluster;
    PGconn        *conn[PUPIL_DATABASE_COUNT];      /* NULL: none */
    json_t        *findings;
    json_t        *remarks;                 /* what is to be done, and is not
                                               wrong with a configuration */
    unsigned       statements, locations;
    unsigned       handlers;                        /* those of status too */
    unsigned       used:1;                          /* one has an endpoint */
    uint8_t        seen[PUPIL_DIRECTIVE_COUNT];     /* the directive is there */
} check_t;

/* A question to a database: each row that it returns is a finding. */
typedef struct {
    const char  *sql;
    const char  *text;          /* %s: the row's only column */
} check_question_t;


/* Our directives below a block, in their order: check_conf.c. */
void check_directives(check_t *check, const nginxconf_t *block);

/* A directive of ours, or PUPIL_DIRECTIVE_COUNT: check_conf.c. */
pupil_directive_id_t check_directive_find(const nginxconf_t *d);

/* The words behind a directive.  Ownership: the command's pool. */
pupil_str_t *check_words(check_t *check, const nginxconf_t *d);


/* Connects, and looks at what a fresh connection must fit: check_db.c. */
void check_databases(check_t *check);

/* Asks until one that has no sql; the number of findings: check_db.c. */
int check_ask(check_t *check, PGconn *conn,
    const check_question_t *questions);

/* What decides in a database, and no migration made: check_objects.c. */
void check_objects(check_t *check, PGconn *conn);

/* What workers read when they connect, as their user: check_files.c. */
void check_files(check_t *check);

/* The key file, against the key store: check_db.c. */
void check_key(check_t *check);

/* Whether they are there, and what is revoked of theirs: check_tenants.c. */
void check_tenants(check_t *check);

/* What is late of the tenant whose row a session sees: check_due.c. */
void check_due(check_t *check, const char *word);

/* Tables of the loaded plugins, and accepted grants: check_plugins.c. */
void check_plugins(check_t *check);

/* Grants that the file of pupil_accepted lacks: check_plugins.c. */
void check_accepted(check_t *check);

/* Prepares what a worker prepares: check_location.c. */
void check_fixed(check_t *check);
void check_locations(check_t *check, const nginxconf_t *block);

/* The command: check.c. */
int ctl_cmd_check(ctl_t *ctl);

#endif /* PUPIL_CTL_CHECK_H */

/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl check: what only the databases know (invariant I17).
 */

#ifndef PUPIL_CTL_CHECK_H
#define PUPIL_CTL_CHECK_H

#include "ctl/check/nginxconf.h"


typedef struct {
    ctl_t         *ctl;
    nginxconf_t   *root, *http;
    const char    *folder;              /* of the main file */
    const char    *database, *keystore, *master_key;
    int            same_cluster;
    PGconn        *data, *keys;
    json_t        *findings;
    unsigned       statements, locations;
} check_t;


/* A finding: a sentence that says what to do. */
__attribute__((format(printf, 2, 3)))
void check_found(check_t *check, const char *format, ...);

/* The databases and the key file: check_db.c. */
void check_data(check_t *check);
void check_plugins(check_t *check);
void check_keystore(check_t *check);
void check_clusters(check_t *check);
void check_key(check_t *check);

#endif /* PUPIL_CTL_CHECK_H */

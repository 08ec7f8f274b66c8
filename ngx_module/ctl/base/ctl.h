/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl, the operator's command: what all of its parts share.  It is a
 * process that does one thing and ends: memory that cannot be had ends it, and
 * the open transaction with it.  Every access to personal data is audited in
 * its own transaction (invariant I19); no message, report or log line holds a
 * value (I14).
 *
 * Functions return 0, or -1 once they have said the error.  Commands return
 * an exit code.
 */

#ifndef PUPIL_CTL_H
#define PUPIL_CTL_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdio.h>

#include "core/policy/policy.h"
#include "core/vault/keyring.h"
#include "ctl/base/memory.h"


/* Exit codes. */
#define CTL_DONE     0
#define CTL_FAILED   1      /* said on standard error, or found by check */
#define CTL_USAGE    2
#define CTL_HELD     3      /* a roster that nobody has accepted */
#define CTL_SILENT   4      /* a database did not answer */
#define CTL_BUSY     75     /* of a try of sync: somebody else's turn */


/* Options, by the table in options.c.  NULL: not given. */
typedef struct {
    const char  *database, *keystore, *key, *tenant, *plugins, *ticket;
    const char  *line_database, *line_keystore;     /* if the line has them */
    const char  *accepted, *checkpoints, *ship, *vkey;
    const char  *witness, *checkpoint;
    const char  *sql, *config, *tenant_name, *passfile, *source, *dates;
    const char  *class_id, *role, *institution, *subject, *actor, *since;
    const char  *category, *outcome, *until;
    const char  *limit, *password_hash, *login, *waive;
    const char  *ledger, *mirror, *signer, *reference, *key_backup_days;
    const char  *to, *recipients;
    const char  *noticed, *sent, *reason;       /* of a breach */
    const char  *account, *worker, *host, *epoch, *backup, *drafts, *tell;
    const char  *text, *behalf, *received, *condition;
    const char  *shares, *threshold, *accept, *apply, *report, *html;
    const char  *acceptance;
    const char  *schools, *classes;
    const char  *credentials, *ca, *state;
    const char  *mail, *mail_from, *mail_login, *mail_ca;
    const char  *title, *kind, *country, *transfer, *fields, *why;
    const char  *applications, *evidence, *evidence_date, *date;
    const char  *plugin_sql[64];
    unsigned     plugin_sql_count;
    int          json, same_cluster, generate, close_absent, help, version;
    int          confirm_removal, follow, dry_run, from_copy, offline;
    int          pupil_login_email;
    int          without_export;
    int          end, plan, mail_plain;
    int          decided;          /* by an administrator: see decided.h */
    int          sync;             /* the roster may be that of before */
} ctl_options_t;


/*
 * Counts what is written in transactions, as this process knows them, whatever
 * the database says: what is rolled back is taken back.
 */
typedef struct {
    uint64_t    last;
    uint64_t    kept;           /* the last when a transaction begins */
} ctl_count_t;


/* Floors that a run has said will rise: ctl/store/floors.c. */
typedef struct ctl_promises_s  ctl_promises_t;

/* Rows that a run takes away: ctl/store/revoked.c. */
typedef struct ctl_revoked_s  ctl_revoked_t;

typedef struct {
    ctl_options_t     opt;
    const char      **args;         /* behind the command's words */
    int               args_count;
    char              account[64];  /* of the operating system */

    ctl_pool_t        pool;         /* until the end */
    pupil_alloc_t     alloc;        /* of pool */

    PGconn           *data, *keys;  /* the two databases, NULL: not opened */
    ctl_promises_t   *promises;     /* NULL: none */
    ctl_revoked_t    *revoked;      /* NULL: none */
    pupil_uuid_t      tenant;
    char              tenant_text[PUPIL_UUID_TEXT_LEN + 1];
    const char       *zone;         /* where its days begin, and which day it */
    int32_t           today;        /* is there, by ctl_zone_load() */

    uint64_t          writer;       /* of this run's audit records */
    pupil_uuid_t      writer_tenant;
    ctl_count_t       written;      /* its numbers, by ctl_begin() and others */

    pupil_arena_t    *arena;
    pupil_keyring_t  *ring;
    pupil_kek_t      *keks;         /* in the arena */
    uint32_t          keks_count;
    pupil_key_t      *scratch;      /* in the arena: a key being made */

    pupil_policy_t    policy;       /* of all plugins, nothing denied */
    pupil_str_t       policy_document;
    uint8_t           policy_hash[32];
    const char       *plugin_files[PUPIL_POLICY_CATEGORIES];
} ctl_t;


/* "pupilctl: ..." on standard error; returns -1, so that it is returned. */
__attribute__((format(printf, 1, 2)))
int ctl_error(const char *format, ...);

/*
 * As one line, and nothing that a terminal obeys: what a database says may be
 * somebody's who writes there.
 */
void ctl_print_line(FILE *out, const char *text);

/* What was done, on standard error. */
__attribute__((format(printf, 1, 2)))
void ctl_note(const char *format, ...);

/* --reference, by which decision; or it is asked for: 0 or -1. */
int ctl_reference_given(const ctl_t *ctl);

/* The answer, on standard output.  Ownership: takes the reference. */
void ctl_json_print(json_t *json);

#endif /* PUPIL_CTL_H */

/*
 * Copyright (C) the Pupil authors
 *
 * The two databases: the schema that this build needs of each, what a fresh
 * connection is asked and what follows from the answers, and the statements
 * that no policy shapes.  How SQL is run is the host's: nginx's helper threads
 * and pupilctl each have a way of their own.
 */

#ifndef PUPIL_DATABASE_H
#define PUPIL_DATABASE_H

#include "core/policy/statement.h"
#include "core/vault/keyring.h"


typedef enum {
    PUPIL_DATABASE_DATA = 0,
    PUPIL_DATABASE_KEYSTORE,
    PUPIL_DATABASE_COUNT
} pupil_database_id_t;

typedef struct {
    const char  *name;          /* "data database" */
    int32_t      schema;        /* the newest migration that this build knows,
                                   and the oldest that it can serve */
} pupil_database_t;

/* By pupil_database_id_t. */
extern const pupil_database_t  pupil_databases[PUPIL_DATABASE_COUNT];


/*
 * What every connection that runs these statements sets first, so that how a
 * statement is executed depends on its text and on the indexes, and not on
 * what PostgreSQL believes to know of the tables: see docs/architecture.md.
 */
extern const char  pupil_session_sql[];


/*
 * Migrations: all that this build relies on, none that it cannot stand.  The
 * question has one row.
 */
extern const char  pupil_schema_sql[];

enum {
    PUPIL_QS_NUMBER = 0,        /* the newest */
    PUPIL_QS_COMPATIBLE         /* the oldest that a program has to know to use
                                   this schema */
};

pupil_rc_t pupil_schema_fits(pupil_database_id_t database, int64_t number,
    int64_t compatible, pupil_error_t *error);


/*
 * Data and keys must not be in one cluster, whose backups hold both.  The
 * question has one row: the cluster's identifier.  0: not known.
 */
extern const char  pupil_system_sql[];

pupil_rc_t pupil_systems_fit(uint64_t data, uint64_t keystore,
    pupil_error_t *error);


/* An epoch of the key file, without its key. */
typedef struct {
    uint32_t  epoch;
    uint8_t   fingerprint[PUPIL_HASH_LEN];      /* pupil_kek_fingerprint() */
} pupil_epoch_t;

/* epochs: room for count. */
void pupil_epochs_known(const pupil_kek_t *keks, uint32_t count,
    pupil_epoch_t *epochs);

/*
 * The key file is that of this key store.  The question has a row for each
 * epoch in force.
 */
extern const char  pupil_epochs_sql[];

enum {
    PUPIL_QE_EPOCH = 0,
    PUPIL_QE_FINGERPRINT        /* in hex digits */
};

/*
 * A connection of a worker says which epochs the worker has, in its name: $1,
 * by commas.  And who lacks one, $1: connections that say so, and
 * workers that reported in the last five minutes.
 */
enum {
    PUPIL_QL_CONNECTIONS = 0,
    PUPIL_QL_WORKERS,
    PUPIL_QL_FIRST
};

extern const char  pupil_epochs_told_sql[];
extern const char  pupil_epochs_lacking_sql[];

/*
 * PUPIL_OK; PUPIL_NO_KEY for an epoch that is newer than those of the file, as
 * this host may have been forgotten when it was copied; PUPIL_INVALID when the
 * file is another key store's.
 */
pupil_rc_t pupil_epoch_fits(const pupil_epoch_t *known, uint32_t count,
    int64_t epoch, pupil_str_t fingerprint, pupil_error_t *error);


/*
 * The marks (sql/keystore/032_mark.sql), by pupil_database_id_t: one row, the
 * columns below.  What was asked for later must not be less than what was known
 * when it was asked for (invariant I8): a data database than the keys that are
 * destroyed, a key store than the entries that are known of anywhere.
 */
extern const char *const  pupil_mark_sql[PUPIL_DATABASE_COUNT];

enum {
    PUPIL_QM_COPIED = 0,        /* of the data database */

    PUPIL_QM_ENTERED = 0,       /* of the key store */
    PUPIL_QM_DESTROYED,
    PUPIL_QM_COLUMNS            /* at most */
};

/* rows: of the answer, which has one unless somebody took it away. */
pupil_rc_t pupil_mark_there(pupil_database_id_t database, int rows,
    pupil_error_t *error);

pupil_rc_t pupil_copy_fits(int64_t copied, int64_t destroyed,
    pupil_error_t *error);
pupil_rc_t pupil_ledger_fits(int64_t entered, int64_t known,
    pupil_error_t *error);


/* One row: what was accepted of plugins' grants, as in accepted.h. */
extern const char  pupil_accepted_sql[];


/* One row: until when the audit has partitions, seconds since 1970; or 0. */
extern const char  pupil_partitions_sql[];


/*
 * Statements that no policy shapes, by pupil_fixed_id_t.  Parameters are all
 * their own; $1 is the nonce, which is the first column of each row (I12).
 */
typedef enum {
    PUPIL_FIXED_AUDIT_GROUP = 0,    /* see audit.h */
    PUPIL_FIXED_AUDIT_PROBE,
    PUPIL_FIXED_AUDIT_END,
    PUPIL_FIXED_TENANT_KEYS,
    PUPIL_FIXED_SERVICE_KEYS,
    PUPIL_FIXED_OWNER_KEYS_ASK,     /* committed before the next */
    PUPIL_FIXED_OWNER_KEYS,
    PUPIL_FIXED_FLOORS,
    PUPIL_FIXED_MARK_DATA,      /* the marks, as pupil_mark_sql, behind $1 */
    PUPIL_FIXED_MARK_KEYS,
    PUPIL_FIXED_REPORT,         /* $2 host, $3 the worker's number, $4 when it
                                   began, $5 its epochs by commas; nothing of
                                   interest */
    PUPIL_FIXED_END_SESSIONS,   /* $2 hashes of tokens, $3 until when the last
                                   would have lived; nothing of interest */
    PUPIL_FIXED_SESSIONS,
    PUPIL_FIXED_OWN_GIVE,       /* committed before anything is signed */
    PUPIL_FIXED_OWN_RAISE,
    PUPIL_FIXED_REDEEM,         /* a support code is used */
    PUPIL_FIXED_SPEND,          /* what else counts once is */
    PUPIL_FIXED_UNSPEND,        /* $2 hashes that were, $3 what takes them
                                   back; nothing of interest */
    PUPIL_FIXED_COUNT
} pupil_fixed_id_t;

/* PUPIL_FIXED_AUDIT_PROBE, $2 now, by this host. */
enum {
    PUPIL_AP_UNTIL = 1,         /* there are partitions, seconds since 1970 */
    PUPIL_AP_STORED,            /* false: a record was taken away */
    PUPIL_AP_COLUMNS
};

/* PUPIL_FIXED_AUDIT_END, $2 tenant. */
enum {
    PUPIL_AE_CLOSED = 1,        /* NULL: its audit has not ended */
    PUPIL_AE_ENTERED,           /* in the ledger: it has, or was moved */
    PUPIL_AE_COLUMNS
};

/*
 * PUPIL_FIXED_TENANT_KEYS, $2 tenant, $3 now: oldest first; NULL: no such
 * tenant.
 */
enum {
    PUPIL_KT_VERSION = 1,
    PUPIL_KT_EPOCH,             /* of the master key that wraps it */
    PUPIL_KT_WRAPPED,
    PUPIL_KT_HOLES,             /* of its audit that nobody has acknowledged */
    PUPIL_KT_MOVED,             /* 1: to another installation, without a key */
    PUPIL_KT_DAY,               /* that it is there, since 1970-01-01 */
    PUPIL_KT_BEGINS,
    PUPIL_KT_ENDS,
    PUPIL_KT_ZONE,              /* whose day that is */
    PUPIL_KT_COLUMNS
};

/* PUPIL_FIXED_MARK_DATA, behind the mark. */
enum {
    PUPIL_DM_UNSEALED = 1 + PUPIL_QM_COPIED + 1,
                                /* seconds that the sealer is behind, or NULL:
                                   there is none */
    PUPIL_DM_UNSHIPPED,         /* that a checkpoint waits to be shipped, 0:
                                   none does; NULL: nobody ships */
    PUPIL_DM_TENANT,            /* whose it is, or NULL */
    PUPIL_DM_SYNCED,            /* that the oldest of what timers import is
                                   old, or NULL: they import nothing */
    PUPIL_DM_HELD,              /* how many of their rosters are held */
    PUPIL_DM_COLUMNS
};

/* PUPIL_FIXED_MARK_KEYS, behind the mark. */
enum {
    PUPIL_KM_TENANTS = 1 + PUPIL_QM_DESTROYED + 1,
                                /* ids of those whose audit has holes that
                                   nobody has acknowledged, one behind the
                                   other */
    PUPIL_KM_HOLES,             /* of all of them */
    PUPIL_KM_COLUMNS
};

/* PUPIL_FIXED_SERVICE_KEYS, $2 tenant. */
enum {
    PUPIL_KS_NAME = 1,
    PUPIL_KS_TENANT_VERSION,    /* of the tenant's key that wraps it */
    PUPIL_KS_WRAPPED,
    PUPIL_KS_COLUMNS
};

/* PUPIL_FIXED_OWNER_KEYS_ASK, $2 a new ticket, $3 owners. */
enum {
    PUPIL_KA_REFUSED = 1,       /* why, or NULL */
    PUPIL_KA_SHARE,             /* of the cap that is spent, percent */
    PUPIL_KA_COLUMNS
};

/*
 * PUPIL_FIXED_OWNER_KEYS, $2 the ticket, $3 the same owners: those that have a
 * row.  One row that is NULL but for REFUSED: nothing is known of any.
 */
enum {
    PUPIL_KO_OWNER = 1,
    PUPIL_KO_STATE,
    PUPIL_KO_VERSION,
    PUPIL_KO_TENANT_VERSION,    /* as above */
    PUPIL_KO_WRAPPED,           /* NULL: erased */
    PUPIL_KO_REFUSED,           /* why, or NULL */
    PUPIL_KO_AUTHORITY,         /* the floor */
    PUPIL_KO_COLUMNS
};

/* PUPIL_FIXED_FLOORS, $2 tenant, $3 subject, $4 a token's hash or ''. */
enum {
    PUPIL_KF_SESSION = 1,
    PUPIL_KF_CREDENTIAL,
    PUPIL_KF_AUTHORITY,
    PUPIL_KF_ENDED,             /* 1: it was logged out */
    PUPIL_KF_STATE,             /* of the person as an owner */
    PUPIL_KF_TOKEN,             /* the last that was given */
    PUPIL_KF_ADDRESS,           /* the same */
    PUPIL_KF_COLUMNS
};

/*
 * PUPIL_FIXED_SESSIONS, $2 tenant, $3 subject, $4 hashes of tokens: a row for
 * each of those that was ended; one where none was.
 */
enum {
    PUPIL_KN_SESSION = 1,       /* the floor */
    PUPIL_KN_TOKEN_HASH,        /* NULL: none */
    PUPIL_KN_STATE,             /* of the person as an owner */
    PUPIL_KN_COLUMNS
};

/* PUPIL_FIXED_OWN_GIVE, $2 subject: numbers; NULL: not now, or not of them. */
enum {
    PUPIL_KG_SESSION = 1,
    PUPIL_KG_CREDENTIAL,
    PUPIL_KG_AFTER,             /* not now: seconds until there are; or NULL */
    PUPIL_KG_COLUMNS
};

/* PUPIL_FIXED_OWN_RAISE, $2 subject, $3 and $4 numbers that were given so. */
enum {
    PUPIL_KR_RAISED = 1,        /* true, or the floors are above */
    PUPIL_KR_COLUMNS
};

/*
 * PUPIL_FIXED_REDEEM, $2 whose data, $3 the number of the grant's row, $4 its
 * hash and $5 that of the code, $6 until when: they count, and the code was not
 * used before.
 */
enum {
    PUPIL_KU_REDEEMED = 1,
    PUPIL_KU_COLUMNS
};

/*
 * PUPIL_FIXED_SPEND, $2 hashes, of which the first is what is used, $3 until
 * when they are kept, $4 the SHA-256 of what takes them back, or NULL.
 */
enum {
    PUPIL_KX_FRESH = 1,         /* true: it was not used before */
    PUPIL_KX_COLUMNS
};

typedef struct {
    const char           *name;     /* for messages */
    pupil_database_id_t   database;
    const char           *sql;
    const uint8_t        *params;   /* pupil_param_t */
    uint32_t              params_count;
    uint32_t              columns;  /* of the result */
} pupil_fixed_t;

extern const pupil_fixed_t  pupil_fixed[PUPIL_FIXED_COUNT];

/* OIDs of its parameters; returns their number. */
uint32_t pupil_fixed_oids(const pupil_fixed_t *fixed,
    uint32_t oids[PUPIL_STATEMENT_PARAMS]);

#endif /* PUPIL_DATABASE_H */

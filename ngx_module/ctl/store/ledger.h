/*
 * Copyright (C) the Pupil authors
 *
 * The erasure ledger: authoritative in the key store, with a copy in the data
 * database (invariant I8).
 */

#ifndef PUPIL_CTL_LEDGER_H
#define PUPIL_CTL_LEDGER_H

#include "core/lifecycle/entry.h"
#include "ctl/base/ctl.h"


#define CTL_LEDGER_NUMBER_SIZE  24      /* in decimal digits */

#define CTL_LEDGER_CHANGED                                                    \
    "the key store was restored from a backup that is older, or somebody"     \
    " changed one of the two"


/* As PostgreSQL writes it.  Ownership: the command's pool. */
typedef struct {
    const char          *number, *subject, *at, *hash;
    const char          *place;         /* of a move, or NULL */
    pupil_entry_kind_t   kind;
    pupil_uuid_t         id;            /* of subject */
    int                  destroyed;     /* its key; of a move, it is in force */
} ctl_ledger_entry_t;


/* By the name that the databases have; -1: this program knows none such. */
int ctl_ledger_kind(const char *number, const char *name,
    pupil_entry_kind_t *kind);

/* 0 where it knows the kinds of all entries, of all tenants; or -1. */
int ctl_ledger_known(ctl_t *ctl);

/* The entry of a person's erasure, made unless there is one. */
int ctl_ledger_enter(ctl_t *ctl, const char *subject,
    ctl_ledger_entry_t *entry);

/* That of the end of the tenant; unless somebody is held. */
int ctl_ledger_enter_whole(ctl_t *ctl, ctl_ledger_entry_t *entry);

/* That of its move; unless it has ended, or is elsewhere. */
int ctl_ledger_enter_moved(ctl_t *ctl, const char *place,
    ctl_ledger_entry_t *entry);

/* 1 where the ledger ends the tenant, or moves it, and its entry; 0, or -1. */
int ctl_ledger_whole(ctl_t *ctl, ctl_ledger_entry_t *entry);

/*
 * The entries that the copy does not have.  One whose key is destroyed was in
 * it before that was done: then the data database was restored.
 */
int ctl_ledger_missing(ctl_t *ctl, ctl_ledger_entry_t **list, size_t *count);

/* The number of the key store's last entry, "0" for none. */
int ctl_ledger_last(ctl_t *ctl, char last[CTL_LEDGER_NUMBER_SIZE]);

/*
 * As missing, those whose key is not destroyed, or is there again, and those
 * behind last.
 */
int ctl_ledger_again(ctl_t *ctl, const char *last, ctl_ledger_entry_t **list,
    size_t *count);

/* As keystore.enter_again() takes it. */
typedef struct {
    const char  *number, *kind, *subject, *at, *hash;
    const char  *place;         /* NULL: none */
} ctl_ledger_row_t;

/*
 * Into a key store that was restored, behind its end: it has to follow.  Its
 * key is destroyed with that.
 */
int ctl_ledger_enter_again(ctl_t *ctl, const ctl_ledger_row_t *row);

/*
 * Enters in the key store what the copy has behind its end, with --from-copy;
 * without it, says whom that would erase and fails.
 */
int ctl_ledger_copy_restore(ctl_t *ctl);

/* The entries of the copy of which something is still to be deleted. */
int ctl_ledger_open(ctl_t *ctl, ctl_ledger_entry_t **list, size_t *count);

/* In a transaction of the data database: into the copy, behind its end. */
int ctl_ledger_copy(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/*
 * Destroys the key, or a tenant's, or takes the tenant from workers, and says
 * when.  Ownership: as above.
 */
int ctl_ledger_destroy(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char **when);

/*
 * *when: the last backup is gone that has the key, by the latest that a receipt
 * was told: told is that of this one, as PostgreSQL reads it, or NULL.  *when
 * is NULL where none was.  Ownership: as above.
 */
int ctl_ledger_backups(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *told, const char **when);

/*
 * The chain of hashes is whole, of kinds that this program knows, and the copy
 * is of this ledger.
 */
int ctl_ledger_check(ctl_t *ctl);

#endif /* PUPIL_CTL_LEDGER_H */

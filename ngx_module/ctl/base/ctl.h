/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl, the operator's command: what its parts share.  It is a process
 * that does one thing and ends: memory that cannot be had ends it, and the
 * open transaction with it.  Every access to personal data is audited in its
 * own transaction (invariant I19); no message, report or log line holds a
 * value (I14).
 */

#ifndef PUPIL_CTL_H
#define PUPIL_CTL_H

#include <libpq-fe.h>
#include <jansson.h>
#include <stdio.h>

#include "core/vault/authentic.h"
#include "core/vault/keyring_owner.h"
#include "core/login/password.h"
#include "core/policy/policy.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/plugin/value.h"


/* Exit codes. */
#define CTL_DONE     0
#define CTL_FAILED   1      /* said on standard error, or found by check */
#define CTL_USAGE    2


/* Blocks that go all at once, wiped. */
typedef struct ctl_block_s  ctl_block_t;

typedef struct {
    ctl_block_t  *blocks;
} ctl_pool_t;

/* Text that grows; data is NUL-terminated once something was added. */
typedef struct {
    char    *data;
    size_t   len, size;
} ctl_buf_t;

/* From bytes to a number. */
typedef struct {
    uint64_t     hash;
    pupil_str_t  key;           /* the caller's memory */
    uint32_t     value;
    uint32_t     used;
} ctl_slot_t;

typedef struct {
    ctl_slot_t  *slots;
    uint32_t     size, count;
} ctl_map_t;


/* Options, by the table in options.c.  NULL: not given. */
typedef struct {
    const char  *database, *keystore, *key, *tenant, *plugins, *ticket;
    const char  *sql, *config, *tenant_name, *passfile, *source, *dates;
    const char  *class_id, *role, *institution, *subject, *actor, *since;
    const char  *limit, *password_hash, *user;
    const char  *plugin_sql[64];
    unsigned     plugin_sql_count;
    int          json, same_cluster, generate, close_absent, help, version;
    int          confirm_removal;
} ctl_options_t;


typedef struct {
    ctl_options_t     opt;
    const char      **args;         /* behind the command's words */
    int               args_count;

    ctl_pool_t        pool;         /* until the end */
    pupil_alloc_t     alloc;        /* of pool */
    PGconn           *data, *keys;
    char              account[64];  /* of the operating system */

    pupil_arena_t    *arena;
    pupil_keyring_t  *ring;
    pupil_kek_t      *keks;         /* in the arena */
    pupil_key_t      *scratch;      /* in the arena: a key being made */
    uint32_t          keks_count;
    pupil_uuid_t      tenant;
    char              tenant_text[PUPIL_UUID_TEXT_LEN + 1];

    pupil_policy_t    policy;       /* of all plugins, nothing denied */
    pupil_str_t       policy_document;
    uint8_t           policy_hash[32];
    const char       *plugin_files[PUPIL_POLICY_CATEGORIES];
} ctl_t;


/* ---- util.c ---- */

void *ctl_pool_alloc(void *pool, size_t size);
void ctl_pool_free(ctl_pool_t *pool);
pupil_str_t ctl_pool_str(ctl_pool_t *pool, const void *data, size_t len);
char *ctl_pool_text(ctl_pool_t *pool, const void *data, size_t len);

void ctl_buf_add(ctl_buf_t *buf, const void *data, size_t len);
void ctl_buf_text(ctl_buf_t *buf, const char *text);
__attribute__((format(printf, 2, 3)))
void ctl_buf_printf(ctl_buf_t *buf, const char *format, ...);
void ctl_buf_free(ctl_buf_t *buf);      /* wipes */

/* The literal of a PostgreSQL array: begin, elements, end. */
void ctl_array_begin(ctl_buf_t *buf);
void ctl_array_uuid(ctl_buf_t *buf, const pupil_uuid_t *uuid);
void ctl_array_bytes(ctl_buf_t *buf, const uint8_t *data, size_t len);
void ctl_array_text(ctl_buf_t *buf, pupil_str_t text);
void ctl_array_int(ctl_buf_t *buf, int64_t value);
void ctl_array_null(ctl_buf_t *buf);
void ctl_array_end(ctl_buf_t *buf);

/* Returns the slot of a key; *fresh says whether it was made now. */
ctl_slot_t *ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh);
ctl_slot_t *ctl_map_get(const ctl_map_t *map, pupil_str_t key);
void ctl_map_free(ctl_map_t *map);

/* "pupilctl: ..." on standard error; returns -1. */
__attribute__((format(printf, 1, 2)))
int ctl_error(const char *format, ...);
__attribute__((format(printf, 1, 2)))
void ctl_note(const char *format, ...);

pupil_str_t ctl_str(const char *text);
int ctl_str_is(pupil_str_t s, const char *text);
const char *ctl_uuid_text(const pupil_uuid_t *uuid,
    char out[PUPIL_UUID_TEXT_LEN + 1]);
int ctl_uuid_parse(const char *text, pupil_uuid_t *out);
int32_t ctl_today(void);                /* UTC, days since 1970 */
pupil_time_t ctl_now(void);
void ctl_sha256(const void *data, size_t len, uint8_t out[32]);
/* A whole file, in the pool; NULL with the error said. */
char *ctl_file_read(ctl_pool_t *pool, const char *path, size_t *len);
void ctl_json_print(json_t *json);      /* prints, and drops the reference */


/* ---- db.c: the two databases, synchronously ---- */

PGconn *ctl_connect(const char *conninfo, const char *what);
/* NULL with the error said: never more than SQLSTATE and primary message. */
PGresult *ctl_query(PGconn *conn, const char *sql, int count,
    const char *const *params);
/* The same for what returns nothing of interest. */
int ctl_exec(PGconn *conn, const char *sql, int count,
    const char *const *params);
int ctl_begin(PGconn *conn, const pupil_uuid_t *tenant);
int ctl_commit(PGconn *conn);
void ctl_rollback(PGconn *conn);

int ctl_get_uuid(const PGresult *res, int row, int col, pupil_uuid_t *out);
int ctl_get_bytes(const PGresult *res, int row, int col, uint8_t *out,
    size_t size, size_t *len);
pupil_str_t ctl_get_str(const PGresult *res, int row, int col);
int32_t ctl_get_int(const PGresult *res, int row, int col, int32_t none);

/* Connects as the operator to what --database and --keystore say. */
int ctl_open_data(ctl_t *ctl);
int ctl_open_keys(ctl_t *ctl);
int ctl_become(PGconn *conn, const char *role);
/* Reads --tenant, or takes the only tenant that there is. */
int ctl_open_tenant(ctl_t *ctl);


/* ---- keys.c ---- */

typedef struct {
    pupil_uuid_t         id;
    pupil_owner_state_t  state;
    uint32_t             version, tenant_version;
    size_t               wrapped_len;       /* 0: not fetched */
    uint8_t              wrapped[PUPIL_WRAPPED_LEN];
} ctl_owner_t;

/* Arena, key file; then the tenant's own keys. */
int ctl_keys_open(ctl_t *ctl);
int ctl_keys_tenant(ctl_t *ctl);
/* Writes the first, or one more, epoch to the file of --key. */
int ctl_keys_append(ctl_t *ctl);
/* Registers the newest epoch with the key store; refuses a wrong file. */
int ctl_keys_register(ctl_t *ctl);
/* Makes what the tenant lacks of tenant and service keys. */
int ctl_keys_ensure(ctl_t *ctl);
const pupil_key_t *ctl_key(ctl_t *ctl, const char *name);
const pupil_key_t *ctl_key_index(ctl_t *ctl, const char *category,
    const char *field);

/* Makes the keys of owners in the key store: before any data row. */
int ctl_owners_make(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);
/* Fetches those with wrapped_len 0. */
int ctl_owners_fetch(ctl_t *ctl, ctl_owner_t *const *owners, size_t count);
/* Seals value at a place; sealed lies in pool. */
int ctl_seal(ctl_t *ctl, ctl_pool_t *pool, const ctl_owner_t *owner,
    const char *category, const char *field, const pupil_uuid_t *record,
    pupil_str_t value, pupil_str_t *sealed);


/* ---- record.c: the audit of the operator's accesses ---- */

typedef struct {
    const char  *category;
    const char  *fields;        /* separated by spaces */
    uint32_t     purpose, operation;    /* relation: system */
    const char  *about;         /* "subjects" or "none" */
} ctl_access_t;

/* In the transaction of the access.  subjects: an array literal. */
int ctl_record(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const char *subjects, const char *detail);
int ctl_record_one(ctl_t *ctl, const ctl_access_t *access,
    const char *outcome, const pupil_uuid_t *subject, const char *detail);


/* ---- plugins.c ---- */

int ctl_plugins_open(ctl_t *ctl);
/* The newest plugin of a category in --plugins; NULL. */
pupil_category_t *ctl_plugin_find(ctl_t *ctl, const char *category);
json_t *ctl_plugin_grants(const pupil_plugin_t *plugin);
/* A grant of now that accepted does not hold, as text; NULL: none. */
char *ctl_plugin_wider(ctl_pool_t *pool, json_t *accepted, json_t *now);
int ctl_plugin_accept(ctl_t *ctl, PGconn *conn, const pupil_plugin_t *plugin);
/* A field of a loaded plugin that grants this; -1. */
int32_t ctl_granted(const ctl_t *ctl, const char *category,
    const char *field, uint32_t purpose, uint32_t operation,
    pupil_category_t **found);


/* ---- migrate.c, tenant.c ---- */

int ctl_migrate_data(ctl_t *ctl, PGconn *conn);
int ctl_migrate_keystore(ctl_t *ctl, PGconn *conn);
/* The newest migration applied, 0 for none, -1 for an error.  compatible:
 * the oldest program that may use it. */
int ctl_schema_version(PGconn *conn, int *compatible);
int ctl_tenant_create(ctl_t *ctl, const char *name);
/* "m=19456,t=2" */
int ctl_password_cost(ctl_t *ctl, pupil_password_cost_t *cost);


/* ---- subject.c: rows of persons ---- */

/* The subject behind a log-in name; 1 found, 0 not, -1 error said. */
int ctl_subject_find(ctl_t *ctl, const char *login, pupil_uuid_t *subject);
int ctl_index_mac(ctl_t *ctl, const char *category, const char *field,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner,
    const pupil_uuid_t *record, uint8_t mac[PUPIL_MAC_LEN]);
/* Its row in pupil.owner, with the key fetched. */
int ctl_subject_owner(ctl_t *ctl, const pupil_uuid_t *subject,
    ctl_owner_t *owner);
int ctl_password_store(ctl_t *ctl, const ctl_owner_t *owner,
    pupil_str_t password);
/* All sessions of the subject, on all hosts, once that is committed. */
int ctl_sessions_end(ctl_t *ctl, const pupil_uuid_t *subject);


/* ---- list.c ---- */

/* --limit as text, or its default. */
int ctl_limit_read(const ctl_t *ctl, char text[16]);
/* text may be NULL. */
int ctl_id_check(const char *text, const char *option);
/*
 * The rows: as {name: [...]} with --json, else one a line, under a line of
 * column names when a terminal shows it; many subjects are then a number.
 */
void ctl_list_print(const ctl_t *ctl, const PGresult *res, const char *name,
    const char *const *columns);


/* ---- commands ---- */

int ctl_cmd_init(ctl_t *ctl);
int ctl_cmd_migrate(ctl_t *ctl);
int ctl_cmd_check(ctl_t *ctl);
int ctl_cmd_key_generate(ctl_t *ctl);
int ctl_cmd_key_status(ctl_t *ctl);
int ctl_cmd_tenant_add(ctl_t *ctl);
int ctl_cmd_tenant_list(ctl_t *ctl);
int ctl_cmd_plugin_list(ctl_t *ctl);
int ctl_cmd_plugin_show(ctl_t *ctl);
int ctl_cmd_plugin_accept(ctl_t *ctl);
int ctl_cmd_import_oneroster(ctl_t *ctl);
int ctl_cmd_import_sds(ctl_t *ctl);
int ctl_cmd_user_password(ctl_t *ctl);
int ctl_cmd_user_show(ctl_t *ctl);
int ctl_cmd_user_list(ctl_t *ctl);
int ctl_cmd_user_role_add(ctl_t *ctl);
int ctl_cmd_user_role_remove(ctl_t *ctl);
int ctl_cmd_audit_list(ctl_t *ctl);

#endif /* PUPIL_CTL_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What the programs that fill a school have in common: the keys of its tenant,
 * queries with binary results, and sessions.  Every function dies of an error.
 */

#ifndef BENCH_SEEDING_H
#define BENCH_SEEDING_H

#include <libpq-fe.h>
#include <stdio.h>

#include "core/vault/authentic.h"
#include "core/login/token.h"


#define SEED_HOURS  ((pupil_time_t) 3600 * 1000000)


typedef struct {
    PGconn        *data, *keys;
    FILE          *out;
    pupil_uuid_t   tenant;
    uint32_t       tenant_version;
    pupil_key_t    tenant_key, mac, token, fingerprint, login_id;
    pupil_time_t   now;
} seed_t;

typedef struct {
    pupil_session_row_t  row;
    uint8_t              hash[32], mac[PUPIL_MAC_LEN];
    char                 token[PUPIL_TOKEN_TEXT_LEN + 1],
                         csrf[PUPIL_TOKEN_TEXT_LEN + 1];
} seed_session_t;


void seed_die(const char *what, ...) __attribute__((noreturn,
    format(printf, 1, 2)));
pupil_str_t seed_str(const char *text);

PGconn *seed_connect(const char *conninfo);
void seed_run(PGconn *pg, const char *sql, ExecStatusType wanted);

/* Binary results; the first parameter is the tenant, the second $2::int8. */
PGresult *seed_query(const seed_t *seed, PGconn *pg, const char *sql,
    const char *limit);
pupil_uuid_t seed_get_uuid(PGresult *res, int row, int col);
uint32_t seed_get_int4(PGresult *res, int row, int col);
pupil_str_t seed_get_str(PGresult *res, int row, int col);

/* Reads the key-encryption key's file, and the keys that lie under it; and the
 * time. */
void seed_keys_load(seed_t *seed, const char *file);
void seed_unwrap(const pupil_key_t *parent, const pupil_wrapping_t *what,
    pupil_str_t wrapped, pupil_key_t *key);

/* A session that began now, for twelve hours.  role: outlives it; number: of
 * the floor of sessions. */
void seed_session_make(const seed_t *seed, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution, pupil_str_t role, uint32_t number,
    seed_session_t *session);

#endif /* BENCH_SEEDING_H */

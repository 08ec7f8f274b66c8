/*
 * Copyright (C) the Pupil authors
 *
 * What a fresh connection must fit, and what is stored through it before it
 * takes work: shapes of audit records and policies, so that each record can
 * be read.  Runs in helper threads: no logging, no memory of nginx's, nothing
 * is written but the atomics (see ngx_libpq.h).
 */

#include "http/conf/ngx_http_pupil_conf.h"


#define NGX_HTTP_PUPIL_CHECK_TIMEOUT  5000    /* ms */


static ngx_int_t ngx_http_pupil_check_data(PGconn *conn, void *data,
    char *text);
static ngx_int_t ngx_http_pupil_check_keys(PGconn *conn, void *data,
    char *text);
static ngx_int_t ngx_http_pupil_check_schema(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_durable(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_partitions(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_accepted(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_system(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_mark(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_epochs(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_told(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_insert(PGconn *conn,
    const ngx_http_pupil_stored_t *stored, char *text);
static PGresult *ngx_http_pupil_check_one(PGconn *conn, const char *sql,
    char *text);
static ngx_int_t ngx_http_pupil_check_run(PGconn *conn, const char *sql,
    ngx_uint_t n, const char *const *params, char *text);
static ngx_int_t ngx_http_pupil_check_said(pupil_rc_t rc,
    pupil_error_t *error, char *text);
static int64_t ngx_http_pupil_check_number(PGresult *res, int row, int col);
static void ngx_http_pupil_check_epochs_text(ngx_http_pupil_check_t *keys,
    u_char *text);
static ngx_int_t ngx_http_pupil_check_store(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_check_t *check);
static ngx_int_t ngx_http_pupil_check_add(ngx_conf_t *cf,
    ngx_http_pupil_check_t *check, const char *sql,
    const uint8_t hash[PUPIL_HASH_LEN], const pupil_str_t *text);


ngx_int_t
ngx_http_pupil_check_init(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_check_t  *data, *keys;

    data = &pmcf->conf->data_check;
    keys = &pmcf->conf->keys_check;

    data->database = PUPIL_DATABASE_DATA;
    data->policy = &pmcf->policy;
    data->durable = pmcf->audit.durable;
    data->same_cluster = pmcf->conf->same_cluster;
    data->own_system = &pmcf->conf->data_system;
    data->other_system = &pmcf->conf->keys_system;
    data->restored = &pmcf->restored;
    data->partitions_until = &pmcf->audit.partitions_until;

    *keys = *data;
    keys->database = PUPIL_DATABASE_KEYSTORE;
    keys->own_system = &pmcf->conf->keys_system;
    keys->other_system = &pmcf->conf->data_system;
    keys->epochs_count = pmcf->vault.keks_count;
    pupil_epochs_known(pmcf->vault.keks, keys->epochs_count, keys->epochs);
    ngx_http_pupil_check_epochs_text(keys, pmcf->fleet.epochs);

    if (ngx_http_pupil_check_store(cf, pmcf, data) != NGX_OK) {
        return NGX_ERROR;
    }

    pmcf->data->check = ngx_http_pupil_check_data;
    pmcf->data->check_data = data;
    pmcf->keystore->check = ngx_http_pupil_check_keys;
    pmcf->keystore->check_data = keys;

    return NGX_OK;
}


/* What a worker says that it has, in the words of pupil_epochs_told_sql. */
static void
ngx_http_pupil_check_epochs_text(ngx_http_pupil_check_t *keys, u_char *text)
{
    u_char    *p;
    uint32_t   i;

    p = text;

    for (i = 0; i < keys->epochs_count; i++) {
        p = ngx_sprintf(p, i == 0 ? "%uD" : ",%uD", keys->epochs[i].epoch);
    }

    *p = '\0';
    keys->told = (const char *) text;
}


/* What is to be stored: each shape and each policy, once. */
static ngx_int_t
ngx_http_pupil_check_store(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_check_t *check)
{
    ngx_uint_t           i;
    pupil_location_t   **locations;
    pupil_statement_t  **shapes;
    pupil_str_t          nothing;

    nothing.data = (const uint8_t *) pupil_audit_nothing;
    nothing.len = ngx_strlen(pupil_audit_nothing);

    shapes = pmcf->conf->shapes.elts;
    locations = pmcf->conf->locations.elts;

    if (ngx_array_init(&check->stored, cf->pool, 64,
                       sizeof(ngx_http_pupil_stored_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < pmcf->conf->shapes.nelts; i++) {
        if (ngx_http_pupil_check_add(cf, check, pupil_audit_shape_sql,
                                     shapes[i]->shape, &shapes[i]->accesses)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_pupil_check_add(cf, check, pupil_audit_shape_sql,
                                 pupil_audit_nothing_shape, &nothing)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < pmcf->conf->locations.nelts; i++) {
        if (ngx_http_pupil_check_add(cf, check, pupil_audit_policy_sql,
                                     locations[i]->policy_hash,
                                     &locations[i]->policy_document)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_check_add(ngx_conf_t *cf, ngx_http_pupil_check_t *check,
    const char *sql, const uint8_t hash[PUPIL_HASH_LEN],
    const pupil_str_t *text)
{
    u_char                    hex[2 + 2 * PUPIL_HASH_LEN + 1], *document;
    ngx_uint_t                i;
    ngx_http_pupil_stored_t  *stored;

    (void) ngx_sprintf(hex, "\\x%*xs%Z", (size_t) PUPIL_HASH_LEN, hash);

    stored = check->stored.elts;

    for (i = 0; i < check->stored.nelts; i++) {
        if (stored[i].sql == sql
            && ngx_strcmp(stored[i].hash, hex) == 0)
        {
            return NGX_OK;
        }
    }

    document = ngx_pnalloc(cf->pool, text->len + 1);
    stored = ngx_array_push(&check->stored);

    if (document == NULL || stored == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(document, (u_char *) text->data, text->len + 1);

    stored->sql = sql;
    stored->document = document;
    ngx_memcpy(stored->hash, hex, sizeof(hex));

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_check_data(PGconn *conn, void *data, char *text)
{
    ngx_http_pupil_check_t *check = data;

    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_pupil_stored_t  *stored;

    if (ngx_http_pupil_check_schema(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_accepted(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_system(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_durable(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_partitions(conn, check, text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    stored = check->stored.elts;

    for (i = 0; i < check->stored.nelts; i++) {
        rc = ngx_http_pupil_check_insert(conn, &stored[i], text);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_pupil_check_mark(conn, check, text);
}


static ngx_int_t
ngx_http_pupil_check_insert(PGconn *conn,
    const ngx_http_pupil_stored_t *stored, char *text)
{
    const char  *params[PUPIL_AUDIT_STORE_PARAMS];

    params[0] = (const char *) stored->hash;
    params[1] = (const char *) stored->document;

    return ngx_http_pupil_check_run(conn, stored->sql,
                                    PUPIL_AUDIT_STORE_PARAMS, params, text);
}


static ngx_int_t
ngx_http_pupil_check_keys(PGconn *conn, void *data, char *text)
{
    ngx_http_pupil_check_t *check = data;

    ngx_int_t  rc;

    if (ngx_http_pupil_check_schema(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_system(conn, check, text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_check_epochs(conn, check, text);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pupil_check_mark(conn, check, text);
}


static ngx_int_t
ngx_http_pupil_check_schema(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult       *res;
    pupil_rc_t      rc;
    pupil_error_t   error;

    res = ngx_http_pupil_check_one(conn, pupil_schema_sql, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_schema_fits(check->database,
                           ngx_http_pupil_check_number(res, 0, PUPIL_QS_NUMBER),
                           ngx_http_pupil_check_number(res, 0,
                                                       PUPIL_QS_COMPATIBLE),
                           &error);
    PQclear(res);

    return ngx_http_pupil_check_said(rc, &error, text);
}


/*
 * Once: its plugins are a worker's for as long as it lives, and what it may
 * serve is not taken from it when a version that grants less is accepted.
 */
static ngx_int_t
ngx_http_pupil_check_accepted(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult       *res;
    ngx_uint_t      i;
    pupil_rc_t      rc;
    pupil_str_t     accepted;
    pupil_error_t   error;

    if (check->accepted) {
        return NGX_OK;
    }

    res = ngx_http_pupil_check_one(conn, pupil_accepted_sql, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    accepted.data = (const uint8_t *) PQgetvalue(res, 0, 0);
    accepted.len = (size_t) PQgetlength(res, 0, 0);

    for (i = 0, rc = PUPIL_OK; i < check->policy->count && rc == PUPIL_OK;
         i++)
    {
        rc = pupil_accepted_check(accepted, check->policy->categories[i],
                                  &error);
    }

    PQclear(res);

    check->accepted = rc == PUPIL_OK;

    return ngx_http_pupil_check_said(rc, &error, text);
}


/*
 * Both checks of a worker note the cluster that they met, and the later one
 * sees both.
 */
static ngx_int_t
ngx_http_pupil_check_system(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult       *res;
    pupil_rc_t      rc;
    pupil_error_t   error;

    if (check->same_cluster) {
        return NGX_OK;
    }

    res = ngx_http_pupil_check_one(conn, pupil_system_sql, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    *check->own_system = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
    ngx_memory_barrier();
    PQclear(res);

    rc = pupil_systems_fit(*check->own_system, *check->other_system, &error);

    return ngx_http_pupil_check_said(rc, &error, text);
}


/*
 * The last: a restored database is looked at again soon, and served once all
 * erasures are in force (invariant I8).
 */
static ngx_int_t
ngx_http_pupil_check_mark(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    int                 i;
    int64_t             mark[PUPIL_QM_COLUMNS];
    PGresult           *res;
    pupil_rc_t          rc;
    pupil_error_t       error;
    ngx_atomic_uint_t   known;

    known = ngx_http_pupil_restored_known(check->restored, check->database);

    res = ngx_libpq_query(conn, pupil_mark_sql[check->database], 0, NULL,
                          NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < PQnfields(res) && PQntuples(res) == 1; i++) {
        mark[i] = ngx_http_pupil_check_number(res, 0, i);
    }

    rc = ngx_http_pupil_restored_answer(check->restored, check->database,
                                        PQntuples(res) == 1 ? mark : NULL,
                                        known, &error);
    PQclear(res);

    return ngx_http_pupil_check_said(rc, &error, text) == NGX_OK ? NGX_OK
                                                                 : NGX_AGAIN;
}


/*
 * The audit's durability, whatever the role or the database default to.  It is
 * set even where it is the default already: a default can change under a
 * connection, by a reload of the server, and what the session has set cannot.
 */
static ngx_int_t
ngx_http_pupil_check_durable(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    static const char *const  sql[] = {
        "SELECT pg_catalog.set_config('synchronous_commit',"
        " CASE pg_catalog.current_setting('synchronous_commit')"
        " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)",
        "SET synchronous_commit TO local",
        "SET synchronous_commit TO off"
    };

    return ngx_http_pupil_check_run(conn, sql[check->durable], 0, NULL, text);
}


static ngx_int_t
ngx_http_pupil_check_partitions(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult  *res;

    res = ngx_http_pupil_check_one(conn, pupil_partitions_sql, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    *check->partitions_until =
        (ngx_atomic_uint_t) ngx_http_pupil_check_number(res, 0, 0);
    PQclear(res);

    return NGX_OK;
}


/*
 * Without the newest epochs a worker serves with those that it has: whoever
 * made a new one copies it to each host, and one may be forgotten.
 */
static ngx_int_t
ngx_http_pupil_check_epochs(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    int             i, n, fit;
    PGresult       *res;
    pupil_rc_t      rc;
    pupil_str_t     fingerprint;
    pupil_error_t   error;

    res = ngx_libpq_query(conn, pupil_epochs_sql, 0, NULL,
                          NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    n = PQntuples(res);

    rc = PUPIL_OK;

    for (i = 0, fit = 0; i < n && rc != PUPIL_INVALID; i++) {
        fingerprint.data = (const uint8_t *) PQgetvalue(res, i,
                                                        PUPIL_QE_FINGERPRINT);
        fingerprint.len = (size_t) PQgetlength(res, i, PUPIL_QE_FINGERPRINT);

        rc = pupil_epoch_fits(check->epochs, check->epochs_count,
                              ngx_http_pupil_check_number(res, i,
                                                          PUPIL_QE_EPOCH),
                              fingerprint, &error);
        fit += rc == PUPIL_OK;
    }

    PQclear(res);

    if (rc != PUPIL_OK && !(rc == PUPIL_NO_KEY && fit != 0)) {
        return ngx_http_pupil_check_said(rc, &error, text);
    }

    return ngx_http_pupil_check_told(conn, check, text);
}


/* Who wraps keys anew waits for hosts that lack the epoch. */
static ngx_int_t
ngx_http_pupil_check_told(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    const char  *params[1];

    params[0] = check->told;

    return ngx_http_pupil_check_run(conn, pupil_epochs_told_sql, 1, params,
                                    text);
}


/* What has one row, whoever changed a table or hides its rows. */
static PGresult *
ngx_http_pupil_check_one(PGconn *conn, const char *sql, char *text)
{
    int        rows;
    PGresult  *res;

    res = ngx_libpq_query(conn, sql, 0, NULL, NGX_HTTP_PUPIL_CHECK_TIMEOUT,
                          text);
    if (res == NULL) {
        return NULL;
    }

    rows = PQntuples(res);

    if (rows != 1) {
        (void) ngx_snprintf((u_char *) text, NGX_LIBPQ_ERROR_SIZE,
                            "%d rows where there is one: \"%s\"%Z", rows, sql);
        PQclear(res);
        return NULL;
    }

    return res;
}


/*
 * Writes.  A database that cannot be written just now, as in the middle of a
 * failover, is the one that is meant all the same: NGX_AGAIN.
 */
static ngx_int_t
ngx_http_pupil_check_run(PGconn *conn, const char *sql, ngx_uint_t n,
    const char *const *params, char *text)
{
    PGresult  *res;

    res = ngx_libpq_query(conn, sql, n, params, NGX_HTTP_PUPIL_CHECK_TIMEOUT,
                          text);
    if (res == NULL) {
        return NGX_AGAIN;
    }

    PQclear(res);

    return NGX_OK;
}


/* Hands on what core said of an answer. */
static ngx_int_t
ngx_http_pupil_check_said(pupil_rc_t rc, pupil_error_t *error, char *text)
{
    if (rc == PUPIL_OK) {
        return NGX_OK;
    }

    (void) ngx_cpystrn((u_char *) text, (u_char *) error->text,
                       NGX_LIBPQ_ERROR_SIZE);

    return NGX_ERROR;
}


static int64_t
ngx_http_pupil_check_number(PGresult *res, int row, int col)
{
    return strtoll(PQgetvalue(res, row, col), NULL, 10);
}

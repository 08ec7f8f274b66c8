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
static ngx_int_t ngx_http_pupil_check_system(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_epochs(PGconn *conn,
    ngx_http_pupil_check_t *check, char *text);
static ngx_int_t ngx_http_pupil_check_run(PGconn *conn, const char *sql,
    char *text);
static ngx_int_t ngx_http_pupil_check_store(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_check_t *check);
static ngx_int_t ngx_http_pupil_check_insert(ngx_conf_t *cf,
    ngx_http_pupil_check_t *check, const char *into, const uint8_t hash[32],
    const pupil_str_t *document);


ngx_int_t
ngx_http_pupil_check_init(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    uint32_t                 i;
    ngx_http_pupil_check_t  *data, *keys;

    data = &pmcf->conf->data_check;
    keys = &pmcf->conf->keys_check;

    data->schema = NGX_HTTP_PUPIL_SCHEMA_DATA;
    data->durable = pmcf->audit.durable;
    data->same_cluster = pmcf->conf->same_cluster ? 1 : 0;
    data->own_system = &pmcf->conf->data_system;
    data->other_system = &pmcf->conf->keys_system;
    data->partitions_until = &pmcf->audit.partitions_until;

    *keys = *data;
    keys->schema = NGX_HTTP_PUPIL_SCHEMA_KEYSTORE;
    keys->keystore = 1;
    keys->own_system = &pmcf->conf->keys_system;
    keys->other_system = &pmcf->conf->data_system;
    keys->keks_count = pmcf->vault.keks_count;

    for (i = 0; i < pmcf->vault.keks_count; i++) {
        keys->epochs[i] = pmcf->vault.keks[i].epoch;
        pupil_kek_fingerprint(&pmcf->vault.keks[i].key, keys->fingerprints[i]);
    }

    if (ngx_http_pupil_check_store(cf, pmcf, data) != NGX_OK) {
        return NGX_ERROR;
    }

    pmcf->data->check = ngx_http_pupil_check_data;
    pmcf->data->check_data = data;
    pmcf->keystore->check = ngx_http_pupil_check_keys;
    pmcf->keystore->check_data = keys;

    return NGX_OK;
}


/* The inserts, one for each shape and each policy that is not there twice. */
static ngx_int_t
ngx_http_pupil_check_store(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_check_t *check)
{
    ngx_uint_t                   i, k;
    pupil_statement_t          **shapes;
    ngx_http_pupil_loc_conf_t  **policies;

    shapes = pmcf->conf->shapes.elts;
    policies = pmcf->conf->policies.elts;

    check->sql = ngx_palloc(cf->pool,
                            (pmcf->conf->shapes.nelts
                             + pmcf->conf->policies.nelts + 1)
                            * sizeof(ngx_str_t));
    if (check->sql == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < pmcf->conf->shapes.nelts; i++) {
        for (k = 0; k < i; k++) {
            if (ngx_memcmp(shapes[k]->shape, shapes[i]->shape, 32) == 0) {
                break;
            }
        }

        if (k == i
            && ngx_http_pupil_check_insert(cf, check,
                                           "pupil.audit_shape"
                                           " (shape, accesses)",
                                           shapes[i]->shape,
                                           &shapes[i]->accesses) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < pmcf->conf->policies.nelts; i++) {
        for (k = 0; k < i; k++) {
            if (ngx_memcmp(policies[k]->policy_hash,
                           policies[i]->policy_hash, 32) == 0)
            {
                break;
            }
        }

        if (k == i
            && ngx_http_pupil_check_insert(cf, check,
                                           "pupil.policy (policy, document)",
                                           policies[i]->policy_hash,
                                           &policies[i]->policy_document)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_check_insert(ngx_conf_t *cf, ngx_http_pupil_check_t *check,
    const char *into, const uint8_t hash[32], const pupil_str_t *document)
{
    size_t      i;
    u_char     *p;
    ngx_str_t  *sql;

    sql = &check->sql[check->sql_count++];

    sql->data = ngx_pnalloc(cf->pool, 160 + 64 + 2 * document->len);
    if (sql->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(sql->data, "INSERT INTO %s VALUES ('\\x", into);
    p = ngx_hex_dump(p, (u_char *) hash, 32);
    p = ngx_sprintf(p, "', '");

    for (i = 0; i < document->len; i++) {
        if (document->data[i] == '\'') {
            *p++ = '\'';
        }

        *p++ = document->data[i];
    }

    p = ngx_sprintf(p, "') ON CONFLICT DO NOTHING%Z");
    sql->len = p - sql->data - 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_check_data(PGconn *conn, void *data, char *text)
{
    ngx_http_pupil_check_t *check = data;

    ngx_uint_t  i;

    if (ngx_http_pupil_check_schema(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_system(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_durable(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_partitions(conn, check, text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < check->sql_count; i++) {
        if (ngx_http_pupil_check_run(conn, (char *) check->sql[i].data, text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_check_keys(PGconn *conn, void *data, char *text)
{
    ngx_http_pupil_check_t *check = data;

    if (ngx_http_pupil_check_schema(conn, check, text) != NGX_OK
        || ngx_http_pupil_check_system(conn, check, text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_check_epochs(conn, check, text);
}


/* Migrations: all that this build relies on, none that it cannot stand. */
static ngx_int_t
ngx_http_pupil_check_schema(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult   *res;
    ngx_int_t   number, compatible;

    res = ngx_libpq_query(conn,
              "SELECT coalesce(max(number), 0),"
              " coalesce(max(compatible_from), 0) FROM public.pupil_migration",
              NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    number = ngx_atoi((u_char *) PQgetvalue(res, 0, 0),
                      (size_t) PQgetlength(res, 0, 0));
    compatible = ngx_atoi((u_char *) PQgetvalue(res, 0, 1),
                          (size_t) PQgetlength(res, 0, 1));
    PQclear(res);

    if (number < (ngx_int_t) check->schema) {
        ngx_snprintf((u_char *) text, NGX_LIBPQ_ERROR_SIZE,
                     "the schema is at migration %i, and this module needs "
                     "%ui: run \"pupilctl migrate\"%Z", number,
                     check->schema);
        return NGX_ERROR;
    }

    if (compatible > (ngx_int_t) check->schema) {
        ngx_snprintf((u_char *) text, NGX_LIBPQ_ERROR_SIZE,
                     "the schema is at migration %i, which needs a module "
                     "that knows migration %i, and this one knows %ui: "
                     "install the newer module%Z", number, compatible,
                     check->schema);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * The key store must not be copied by a backup of the data.  Both checks of a
 * worker note the cluster that they met, and the later one sees both.
 */
static ngx_int_t
ngx_http_pupil_check_system(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult           *res;
    ngx_atomic_uint_t   own;

    if (check->same_cluster) {
        return NGX_OK;
    }

    res = ngx_libpq_query(conn,
              "SELECT system_identifier FROM pg_catalog.pg_control_system()",
              NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    own = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    *check->own_system = own;
    ngx_memory_barrier();

    if (own != 0 && own == *check->other_system) {
        ngx_snprintf((u_char *) text, NGX_LIBPQ_ERROR_SIZE,
                     "data and key store are in the same cluster, and so in "
                     "the same backups: give pupil_keystore a cluster of its "
                     "own, or say same_cluster there if this is a trial%Z");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The audit's durability, whatever the role or the database default to. */
static ngx_int_t
ngx_http_pupil_check_durable(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    static const char *const  sql[] = {
        "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
        " WHERE pg_catalog.current_setting('synchronous_commit')"
        " NOT IN ('on', 'remote_apply')",
        "SET synchronous_commit TO local",
        "SET synchronous_commit TO off"
    };

    return ngx_http_pupil_check_run(conn, sql[check->durable], text);
}


static ngx_int_t
ngx_http_pupil_check_partitions(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    PGresult  *res;

    res = ngx_libpq_query(conn,
              "SELECT coalesce(extract(epoch FROM"
              " pupil.audit_covered_until())::bigint, 0)",
              NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    *check->partitions_until = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    return NGX_OK;
}


/* The key file is that of this key store. */
static ngx_int_t
ngx_http_pupil_check_epochs(PGconn *conn, ngx_http_pupil_check_t *check,
    char *text)
{
    int        i, n;
    u_char     hex[64];
    uint32_t   k, epoch;
    PGresult  *res;

    res = ngx_libpq_query(conn,
              "SELECT epoch, encode(fingerprint, 'hex')"
              " FROM keystore.kek_epoch WHERE retired_at IS NULL"
              " ORDER BY epoch",
              NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    n = PQntuples(res);

    for (i = 0; i < n; i++) {
        epoch = (uint32_t) ngx_atoi((u_char *) PQgetvalue(res, i, 0),
                                    (size_t) PQgetlength(res, i, 0));

        for (k = 0; k < check->keks_count; k++) {
            if (check->epochs[k] == epoch) {
                break;
            }
        }

        if (k == check->keks_count) {
            ngx_snprintf((u_char *) text, NGX_LIBPQ_ERROR_SIZE,
                         "the key store is at epoch %uD, which the file of "
                         "pupil_master_key does not have: copy the newest "
                         "key file to this host and reload%Z", epoch);
            PQclear(res);
            return NGX_ERROR;
        }

        (void) ngx_hex_dump(hex, check->fingerprints[k], 32);

        if (PQgetlength(res, i, 1) != 64
            || ngx_memcmp(PQgetvalue(res, i, 1), hex, 64) != 0)
        {
            ngx_snprintf((u_char *) text, NGX_LIBPQ_ERROR_SIZE,
                         "epoch %uD in the file of pupil_master_key is not "
                         "the key of this key store: the file belongs to "
                         "another installation%Z", epoch);
            PQclear(res);
            return NGX_ERROR;
        }
    }

    PQclear(res);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_check_run(PGconn *conn, const char *sql, char *text)
{
    PGresult  *res;

    res = ngx_libpq_query(conn, sql, NGX_HTTP_PUPIL_CHECK_TIMEOUT, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    PQclear(res);

    return NGX_OK;
}

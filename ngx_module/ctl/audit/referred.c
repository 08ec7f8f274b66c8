/*
 * Copyright (C) the Pupil authors
 *
 * Hashes are made here, and not in SQL: the database may be bent.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/audit/referred.h"
#include "ctl/base/db.h"


#define ROOM  64        /* for the bytes of a hash that somebody edited */


typedef struct {
    uint8_t  hash[crypto_hash_sha256_BYTES];
} referred_hash_t;


static int rows_read(sequence_list_t *list, PGconn *conn, sequence_t *s,
    const char *sql, const finding_t *changed);
static void row_check(sequence_list_t *list, sequence_t *s,
    const PGresult *res, int row, const finding_t *changed);
static void hash_check(sequence_list_t *list, sequence_t *s,
    finding_kind_t kind, pupil_str_t hash, const pupil_audit_record_t *record);


static const char  shapes_sql[] =
    "SELECT shape, accesses FROM pupil.audit_shape";

static const char  policies_sql[] =
    "SELECT policy, document FROM pupil.policy";


int
referred_read(referred_t *referred, PGconn *conn, sequence_t *s,
    pupil_time_t now)
{
    finding_t  changed;

    memset(&changed, 0, sizeof(changed));
    changed.at = now;
    changed.kind = FINDING_SHAPE;

    if (rows_read(&referred->shapes, conn, s, shapes_sql, &changed) != 0) {
        return -1;
    }

    changed.kind = FINDING_POLICY;

    return rows_read(&referred->policies, conn, s, policies_sql, &changed);
}


static int
rows_read(sequence_list_t *list, PGconn *conn, sequence_t *s, const char *sql,
    const finding_t *changed)
{
    int        row;
    PGresult  *res;

    res = ctl_query(conn, sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        row_check(list, s, res, row, changed);
    }

    PQclear(res);

    return 0;
}


static void
row_check(sequence_list_t *list, sequence_t *s, const PGresult *res, int row,
    const finding_t *changed)
{
    size_t            len;
    uint8_t           stored[ROOM];
    finding_t         finding;
    pupil_str_t       text;
    referred_hash_t  *settled, made;

    memset(stored, 0, sizeof(stored));
    text = ctl_get_str(res, row, 1);
    crypto_hash_sha256(made.hash, text.data, text.len);

    if (ctl_get_bytes(res, row, 0, stored, sizeof(stored), &len) != 0
        || len != sizeof(made.hash)
        || memcmp(stored, made.hash, sizeof(made.hash)) != 0)
    {
        finding = *changed;
        memcpy(finding.hash, stored, sizeof(finding.hash));
        sequence_find(s, &finding);
    }

    settled = sequence_list_add(list, sizeof(referred_hash_t));
    memcpy(settled->hash, stored, sizeof(settled->hash));
}


void
referred_check(referred_t *referred, sequence_t *s,
    const pupil_audit_record_t *record)
{
    hash_check(&referred->shapes, s, FINDING_SHAPE, record->shape, record);
    hash_check(&referred->policies, s, FINDING_POLICY, record->policy, record);
}


static void
hash_check(sequence_list_t *list, sequence_t *s, finding_kind_t kind,
    pupil_str_t hash, const pupil_audit_record_t *record)
{
    size_t            i;
    finding_t         finding;
    referred_hash_t  *settled;

    settled = list->elts;

    if (hash.len != sizeof(settled->hash) || record->at < s->since) {
        return;
    }

    for (i = 0; i < list->count; i++) {
        if (memcmp(settled[i].hash, hash.data, hash.len) == 0) {
            return;
        }
    }

    memset(&finding, 0, sizeof(finding));
    finding.kind = kind;
    finding.gone = 1;
    finding.writer = record->writer;
    finding.first = record->number;
    finding.last = record->number;
    finding.at = record->at;
    memcpy(finding.hash, hash.data, hash.len);
    sequence_find(s, &finding);

    settled = sequence_list_add(list, sizeof(referred_hash_t));
    memcpy(settled->hash, hash.data, hash.len);
}


void
referred_free(referred_t *referred)
{
    free(referred->shapes.elts);
    free(referred->policies.elts);
    memset(referred, 0, sizeof(referred_t));
}

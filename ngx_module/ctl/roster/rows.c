/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/rows.h"
#include "ctl/roster/titles.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/facts.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/subject.h"


static const ctl_access_t  record_access[ROSTER_RECORDS] = {
    [ROSTER_IDENTITY] = {
        .category = "identity",
        .fields = "given_name family_name",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "subjects"
    },
    [ROSTER_CREDENTIAL] = {
        .category = "credential",
        .fields = "login_id",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "subjects"
    },
    [ROSTER_CONTACT] = {
        .category = "contact",
        .fields = "email",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "subjects"
    }
};


static int
owner_rows(roster_t *roster, const roster_batch_t *batch)
{
    int               rc;
    unsigned          i;
    roster_item_t    *item;
    roster_unnest_t   rows;

    roster_unnest_begin(&rows, 1);

    for (i = 0; i < batch->count; i++) {
        item = batch->changes[i].item;
        if (!item->known) {
            ctl_array_uuid(&rows.columns[0], &item->owner.id);
        }
    }

    rc = roster_unnest_exec(roster, &rows, "INSERT INTO pupil.owner (tenant,"
                            " owner, kind) SELECT $1::uuid, o, $2 FROM"
                            " unnest($3::uuid[]) AS o",
                            roster_kinds[batch->kind].owner, NULL);
    roster_unnest_free(&rows);

    return rc;
}


static int
subject_rows(roster_t *roster, const roster_batch_t *batch)
{
    int                   rc;
    uint8_t               mac[PUPIL_MAC_LEN];
    unsigned              i;
    roster_item_t        *item;
    roster_unnest_t       rows;
    const pupil_key_t    *key;
    pupil_subject_row_t   row;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row.tenant = roster->ctl->tenant;
    row.status = ctl_str("active");
    row.source = ctl_str(roster->source);
    row.number = 0;

    roster_unnest_begin(&rows, 2);

    for (i = 0; i < batch->count; i++) {
        item = batch->changes[i].item;
        if (item->known) {
            continue;
        }

        row.subject = item->owner.id;
        pupil_mac_subject(key, &row, mac);
        ctl_array_uuid(&rows.columns[0], &row.subject);
        ctl_array_bytes(&rows.columns[1], mac, pupil_mac_len(mac));
    }

    rc = roster_unnest_exec(roster, &rows, "INSERT INTO pupil.subject"
                            " (tenant, subject, status, source, mac) SELECT"
                            " $1::uuid, r.subject, 'active', $2, r.mac FROM"
                            " unnest($3::uuid[], $4::bytea[])"
                            " AS r(subject, mac)", roster->source, NULL);
    roster_unnest_free(&rows);

    return rc;
}


static int
index_add(roster_t *roster, roster_unnest_t *rows, const char *category,
    const char *field, const pupil_uuid_t *owner, const uint8_t *term)
{
    uint8_t  mac[PUPIL_MAC_LEN];

    if (ctl_index_mac(roster->ctl, category, field, term, owner, owner, mac)
        != 0)
    {
        return -1;
    }

    ctl_array_bytes(&rows->columns[0], term, PUPIL_TERM_LEN);
    ctl_array_uuid(&rows->columns[1], owner);
    ctl_array_bytes(&rows->columns[2], mac, pupil_mac_len(mac));

    return 0;
}


static int
index_exec(roster_t *roster, roster_unnest_t *rows, const char *category,
    const char *field)
{
    return roster_unnest_exec(roster, rows, "INSERT INTO pupil.blind_index"
                              " (tenant, category, field, term, owner,"
                              " record, mac) SELECT $1::uuid, $2, $3, r.term,"
                              " r.owner, r.owner, r.mac FROM"
                              " unnest($4::bytea[], $5::uuid[], $6::bytea[])"
                              " AS r(term, owner, mac)", category, field);
}


/* New items by the ids of their source. */
static int
source_rows(roster_t *roster, const roster_batch_t *batch)
{
    int               rc;
    unsigned          i;
    const char       *field;
    roster_item_t    *item;
    roster_unnest_t   rows;

    rc = 0;
    field = roster_kinds[batch->kind].source;
    roster_unnest_begin(&rows, 3);

    for (i = 0; rc == 0 && i < batch->count; i++) {
        item = batch->changes[i].item;
        if (!item->known) {
            rc = index_add(roster, &rows, "source", field, &item->owner.id,
                           item->term);
        }
    }

    if (rc == 0) {
        rc = index_exec(roster, &rows, "source", field);
    }

    roster_unnest_free(&rows);

    return rc;
}


/* The values of a record that are granted; their number. */
static unsigned
record_granted(const roster_t *roster, const roster_record_def_t *record,
    roster_value_t *granted)
{
    unsigned     i, n;
    const char  *field;

    n = 0;

    for (i = 0; i < record->count; i++) {
        field = roster_values[record->values[i]].field;
        if (roster_granted(roster, record->category, field, NULL) >= 0) {
            granted[n++] = record->values[i];
        }
    }

    return n;
}


/* INSERT ... ON CONFLICT for the values of a record that are granted. */
static void
record_sql(ctl_buf_t *sql, const pupil_category_t *category,
    const roster_value_t *granted, unsigned count)
{
    unsigned     i;
    const char  *field;

    ctl_buf_printf(sql, "INSERT INTO data.\"%s\" (tenant, owner, record,"
                   " key_version, source", category->plugin->name);
    for (i = 0; i < count; i++) {
        ctl_buf_printf(sql, ", \"%s\"", roster_values[granted[i]].field);
    }

    ctl_buf_text(sql, category->bound ? ", facts" : "");
    ctl_buf_text(sql, ") SELECT $1::uuid, r.owner, r.owner, r.version, $2");
    for (i = 0; i < count; i++) {
        ctl_buf_printf(sql, ", r.f%u", i);
    }
    ctl_buf_text(sql, category->bound ? ", r.facts" : "");

    ctl_buf_text(sql, " FROM unnest($3::uuid[], $4::integer[]");
    for (i = 0; i < count; i++) {
        ctl_buf_printf(sql, ", $%u::bytea[]", 5 + i);
    }
    if (category->bound) {
        ctl_buf_printf(sql, ", $%u::bytea[]", 5 + count);
    }

    ctl_buf_text(sql, ") AS r(owner, version");
    for (i = 0; i < count; i++) {
        ctl_buf_printf(sql, ", f%u", i);
    }
    ctl_buf_text(sql, category->bound ? ", facts" : "");

    ctl_buf_text(sql, ") ON CONFLICT (tenant, owner, record) DO UPDATE SET"
                 " key_version = EXCLUDED.key_version, source ="
                 " EXCLUDED.source, updated_at = now()");
    for (i = 0; i < count; i++) {
        field = roster_values[granted[i]].field;
        ctl_buf_printf(sql, ", \"%s\" = EXCLUDED.\"%s\"", field, field);
    }
    ctl_buf_text(sql, category->bound ? ", facts = EXCLUDED.facts" : "");
}


/* The facts of what is to be stored, as an element of column. */
static int
facts_add(roster_t *roster, ctl_pool_t *pool,
    const pupil_category_t *category, const roster_item_t *user,
    const pupil_bound_row_t *bound, ctl_buf_t *column)
{
    pupil_str_t  facts;

    if (ctl_facts_make(roster->ctl, pool, category, &user->owner,
                       &user->owner.id, bound, &facts) != 0)
    {
        return -1;
    }

    ctl_array_bytes(column, facts.data, facts.len);

    return 0;
}


/* A record of one user, sealed; without a value there is nothing to seal. */
static int
record_add(roster_t *roster, roster_unnest_t *rows,
    const pupil_category_t *category, const roster_item_t *user,
    const roster_value_t *granted, unsigned count, pupil_bound_row_t *bound)
{
    int          rc;
    unsigned     i;
    ctl_buf_t   *column;
    ctl_pool_t   pool;
    pupil_str_t  value, sealed;
    ctl_place_t  place;

    ctl_array_uuid(&rows->columns[0], &user->owner.id);
    ctl_array_int(&rows->columns[1], user->owner.version);

    place.owner = &user->owner;
    place.category = category->plugin->name;
    place.record = &user->owner.id;

    rc = 0;
    memset(&pool, 0, sizeof(ctl_pool_t));

    for (i = 0; rc == 0 && i < count; i++) {
        column = &rows->columns[2 + i];
        value = user->values[granted[i]];
        place.field = roster_values[granted[i]].field;

        if (value.len == 0) {
            memset(&sealed, 0, sizeof(pupil_str_t));
            ctl_array_null(column);

        } else {
            rc = ctl_seal(roster->ctl, &pool, &place, value, &sealed);
            if (rc == 0) {
                ctl_array_bytes(column, sealed.data, sealed.len);
            }
        }

        if (rc == 0 && bound != NULL) {
            ctl_bound_set(category, place.field, sealed, bound);
        }
    }

    if (rc == 0 && bound != NULL) {
        rc = facts_add(roster, &pool, category, user, bound,
                       &rows->columns[2 + count]);
    }

    ctl_pool_free(&pool);

    return rc;
}


/* What is stored of the users whose record is written; in pool. */
static int
stored_rows(roster_t *roster, ctl_pool_t *pool, const roster_batch_t *batch,
    roster_record_t record, const pupil_category_t *category,
    pupil_bound_row_t **stored)
{
    size_t         n;
    unsigned       i;
    ctl_owner_t  **owners;

    owners = ctl_pool_alloc(pool, (batch->count + 1) * sizeof(ctl_owner_t *));
    *stored = ctl_pool_alloc(pool, (batch->count + 1)
                                   * sizeof(pupil_bound_row_t));

    for (i = 0, n = 0; i < batch->count; i++) {
        if (batch->changes[i].write[record]) {
            owners[n++] = &batch->changes[i].item->owner;
        }
    }

    return ctl_bound_stored(roster->ctl, pool, category, owners, n, *stored);
}


static int
record_rows(roster_t *roster, const roster_batch_t *batch,
    roster_record_t record, const roster_value_t *granted, unsigned count)
{
    int                      rc;
    unsigned                 i;
    ctl_buf_t                sql;
    ctl_pool_t               pool;
    roster_unnest_t          rows;
    pupil_bound_row_t       *stored;
    const pupil_category_t  *category;

    rc = 0;
    stored = NULL;
    category = ctl_plugin_find(roster->ctl, roster_records[record].category);

    memset(&pool, 0, sizeof(ctl_pool_t));
    roster_unnest_begin(&rows, 2 + count + category->bound);

    if (category->bound) {
        rc = stored_rows(roster, &pool, batch, record, category, &stored);
    }

    for (i = 0; rc == 0 && i < batch->count; i++) {
        if (batch->changes[i].write[record]) {
            rc = record_add(roster, &rows, category, batch->changes[i].item,
                            granted, count, stored);
            stored = stored != NULL ? stored + 1 : NULL;
        }
    }

    if (rc == 0) {
        memset(&sql, 0, sizeof(ctl_buf_t));
        record_sql(&sql, category, granted, count);
        rc = roster_unnest_exec(roster, &rows, sql.data, roster->source,
                                NULL);
        ctl_buf_free(&sql);
    }

    roster_unnest_free(&rows);
    ctl_pool_free(&pool);

    return rc;
}


/* The index rows of a record that has changed: the old ones go. */
static int
term_rows(roster_t *roster, const roster_batch_t *batch,
    roster_record_t record, const char *subjects)
{
    int                     rc;
    unsigned                i;
    const char             *category, *field, *params[4];
    roster_item_t          *user;
    roster_unnest_t         rows;
    const roster_change_t  *change;

    category = roster_records[record].category;
    field = roster_values[roster_records[record].values[0]].field;

    params[0] = roster->ctl->tenant_text;
    params[1] = category;
    params[2] = field;
    params[3] = subjects;

    if (ctl_exec(roster->ctl->data, "DELETE FROM pupil.blind_index WHERE"
                 " tenant = $1::uuid AND category = $2 AND field = $3 AND"
                 " owner = ANY ($4::uuid[])", 4, params) != 0)
    {
        return -1;
    }

    rc = 0;
    roster_unnest_begin(&rows, 3);

    for (i = 0; rc == 0 && i < batch->count; i++) {
        change = &batch->changes[i];
        user = change->item;

        if (change->write[record] && user->states[record].has_term) {
            rc = index_add(roster, &rows, category, field, &user->owner.id,
                           user->states[record].term);
        }
    }

    if (rc == 0) {
        rc = index_exec(roster, &rows, category, field);
    }

    roster_unnest_free(&rows);

    return rc;
}


/* Whose record is written: their number, 0 where nothing of it is granted. */
static unsigned
record_subjects(const roster_t *roster, const roster_batch_t *batch,
    roster_record_t record, ctl_buf_t *subjects)
{
    unsigned        i, used;
    roster_value_t  granted[ROSTER_VALUES];

    used = 0;
    memset(subjects, 0, sizeof(ctl_buf_t));
    ctl_array_begin(subjects);

    for (i = 0; i < batch->count; i++) {
        if (batch->changes[i].write[record]) {
            ctl_array_uuid(subjects, &batch->changes[i].item->owner.id);
            used++;
        }
    }

    ctl_array_end(subjects);

    return record_granted(roster, &roster_records[record], granted) != 0
           ? used : 0;
}


/* One category of the users of a batch, with its index rows. */
static int
record_write(roster_t *roster, const roster_batch_t *batch,
    roster_record_t record)
{
    int                         rc;
    unsigned                    count;
    ctl_buf_t                   subjects;
    roster_value_t              granted[ROSTER_VALUES];
    const roster_record_def_t  *def;

    def = &roster_records[record];
    rc = 0;

    if (record_subjects(roster, batch, record, &subjects) != 0) {
        count = record_granted(roster, def, granted);
        rc = record_rows(roster, batch, record, granted, count);

        if (rc == 0 && def->indexed) {
            rc = term_rows(roster, batch, record, subjects.data);
        }
    }

    ctl_buf_free(&subjects);

    return rc;
}


/* The fingerprints that the next import compares with. */
static int
print_rows(roster_t *roster, const roster_batch_t *batch)
{
    int                     rc;
    unsigned                i, r;
    roster_unnest_t         rows;
    const roster_change_t  *change;

    roster_unnest_begin(&rows, 3);

    for (i = 0; i < batch->count; i++) {
        change = &batch->changes[i];

        for (r = 0; r < roster_record_count(batch->kind); r++) {
            if (!change->write[r]) {
                continue;
            }

            ctl_array_uuid(&rows.columns[0], &change->item->owner.id);
            ctl_array_text(&rows.columns[1],
                           ctl_str(roster_category(batch->kind, r)));
            ctl_array_bytes(&rows.columns[2], change->prints[r],
                            ROSTER_PRINT_LEN);
        }
    }

    rc = roster_unnest_exec(roster, &rows, "INSERT INTO pupil.imported"
                            " (tenant, owner, category, fingerprint) SELECT"
                            " $1::uuid, r.owner, r.category, r.print FROM"
                            " unnest($3::uuid[], $4::text[], $5::bytea[]) AS"
                            " r(owner, category, print) WHERE $2::text IS NOT"
                            " NULL ON CONFLICT (tenant, owner, category) DO"
                            " UPDATE SET fingerprint = EXCLUDED.fingerprint",
                            roster->source, NULL);
    roster_unnest_free(&rows);

    return rc;
}


static int
users_write(roster_t *roster, const roster_batch_t *batch)
{
    unsigned  r;

    if (subject_rows(roster, batch) != 0 || source_rows(roster, batch) != 0)
    {
        return -1;
    }

    for (r = 0; r < ROSTER_RECORDS; r++) {
        if (record_write(roster, batch, r) != 0) {
            return -1;
        }
    }

    return 0;
}


int
roster_rows_write(roster_t *roster, const roster_batch_t *batch)
{
    int  rc;

    if (owner_rows(roster, batch) != 0) {
        return -1;
    }

    if (batch->kind == ROSTER_USER) {
        rc = users_write(roster, batch);

    } else {
        rc = source_rows(roster, batch);

        if (rc == 0) {
            rc = roster_titles_write(roster, batch);
        }
    }

    return rc == 0 ? print_rows(roster, batch) : -1;
}


int
roster_rows_record_one(roster_t *roster, roster_record_t record,
    const char *subjects)
{
    return ctl_record(roster->ctl, &record_access[record], "allowed",
                      subjects, roster->detail);
}


int
roster_rows_record(roster_t *roster, const roster_batch_t *batch)
{
    int        rc;
    unsigned   r;
    ctl_buf_t  subjects;

    if (batch->kind != ROSTER_USER) {
        return roster_titles_record(roster, batch->kind);
    }

    rc = 0;

    for (r = 0; rc == 0 && r < ROSTER_RECORDS; r++) {
        if (record_subjects(roster, batch, r, &subjects) != 0) {
            rc = roster_rows_record_one(roster, r, subjects.data);
        }

        ctl_buf_free(&subjects);
    }

    return rc;
}

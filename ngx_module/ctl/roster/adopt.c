/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/accounts.h"
#include "ctl/roster/adopt.h"
#include "ctl/roster/ids.h"
#include "ctl/roster/put.h"
#include "ctl/roster/revoke.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/numbers.h"
#include "ctl/store/revoked.h"
#include "ctl/store/subject.h"


#define BATCH  500              /* items a transaction */

/* Some of a kind, in one transaction. */
typedef struct {
    roster_adopt_t          *adopt;
    roster_kind_t            kind;
    const roster_adopted_t  *list;
    size_t                   count;
    ctl_authority_t          whom[BATCH];
    roster_put_t            *put;
    ctl_buf_t                owners, was, now;  /* literals */
    ctl_buf_t                moved;             /* owners of was and now */
} batch_t;


static const char *const  source_sql[] = {
    [ROSTER_INSTITUTION] = "UPDATE pupil.institution SET source = $2 WHERE"
        " tenant = $1::uuid AND institution = ANY ($3::uuid[])",
    [ROSTER_CLASS] = "UPDATE pupil.class SET source = $2 WHERE"
        " tenant = $1::uuid AND class = ANY ($3::uuid[])"
};

static const ctl_access_t  adopt_access[ROSTER_ITEM_KINDS] = {
    [ROSTER_INSTITUTION] = {
        .category = "enrolment", .fields = "school_id",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE, .about = "none"
    },
    [ROSTER_CLASS] = {
        .category = "enrolment", .fields = "class_id",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE, .about = "none"
    },
    [ROSTER_USER] = {
        .category = "enrolment", .fields = "class_id school_id role from to",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE, .about = "subjects"
    }
};


static int
row_compare(const void *a, const void *b)
{
    const roster_stored_t  *one = *(roster_stored_t *const *) a;
    const roster_stored_t  *other = *(roster_stored_t *const *) b;

    return pupil_uuid_compare(&one->subject, &other->subject);
}


int
roster_adopt_load(roster_adopt_t *adopt)
{
    size_t           i;
    unsigned         kind;
    roster_table_t  *table;

    if (roster_stored_load(adopt->from, adopt->tables) != 0) {
        return -1;
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        table = &adopt->tables[kind];
        adopt->rows[kind] = ctl_memory((table->count + 1)
                                       * sizeof(roster_stored_t *));

        for (i = 0; i < table->count; i++) {
            adopt->rows[kind][i] = &table->rows[i];
        }

        qsort(adopt->rows[kind], table->count, sizeof(roster_stored_t *),
              row_compare);
    }

    return 0;
}


void
roster_adopt_free(roster_adopt_t *adopt)
{
    unsigned  kind;

    roster_stored_free(adopt->tables);

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        free(adopt->rows[kind]);
    }
}


/* The first of a subject's rows, or the end of them. */
static size_t
row_first(const roster_adopt_t *adopt, roster_kind_t kind,
    const pupil_uuid_t *subject)
{
    size_t  low, high, middle;

    low = 0;
    high = adopt->tables[kind].count;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (pupil_uuid_compare(&adopt->rows[kind][middle]->subject, subject)
            < 0)
        {
            low = middle + 1;
        } else {
            high = middle;
        }
    }

    return low;
}


/* What counts of them is the other source's, under their numbers. */
static int
links_adopt(batch_t *batch, roster_kind_t kind)
{
    size_t            i, k;
    roster_put_t     *put;
    roster_stored_t   row;
    roster_adopt_t   *adopt;

    adopt = batch->adopt;
    put = batch->put;
    put->kind = kind;
    put->count = 0;
    put->people = 0;

    for (i = 0; i < batch->count; i++) {
        k = row_first(adopt, kind, &batch->whom[i].subject);

        for ( /* void */ ; k < adopt->tables[kind].count; k++) {
            row = *adopt->rows[kind][k];

            if (pupil_uuid_compare(&row.subject, &batch->whom[i].subject)
                != 0)
            {
                break;
            }

            if (!row.ours || !row.authentic || row.role == 0) {
                continue;
            }

            if (roster_put_full(put)
                && roster_put_write(adopt->to, put) != 0)
            {
                return -1;
            }

            row.number = batch->whom[i].number;
            roster_put_add(adopt->to, put, &row);

            if (roster_revoke_note(adopt->to, kind,
                                   &put->rows[put->count - 1]) != 0)
            {
                return -1;
            }
        }
    }

    return roster_put_write(adopt->to, put);
}


static const ctl_authority_t *
whom_find(const batch_t *batch, const pupil_uuid_t *subject)
{
    size_t  i;

    for (i = 0; i < batch->count; i++) {
        if (pupil_uuid_compare(&batch->whom[i].subject, subject) == 0) {
            return &batch->whom[i];
        }
    }

    return NULL;
}


/* The row of an account that counts, of the other source from now on. */
static int
account_adopt(batch_t *batch, const PGresult *res, int n,
    roster_unnest_t *rows)
{
    ctl_t                  *ctl;
    uint8_t                 made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    uint32_t                number;
    ctl_row_t               row = { .table = CTL_ROW_SUBJECT };
    const char             *status;
    pupil_str_t             mac;
    const ctl_authority_t  *whom;

    ctl = batch->adopt->from->ctl;

    if (ctl_get_uuid(res, n, 0, &row.subject) != 0) {
        return ctl_error("a row of pupil.subject is malformed");
    }

    whom = whom_find(batch, &row.subject);
    status = PQgetvalue(res, n, 1);
    mac.data = stored;
    mac.len = 0;
    ctl_get_bytes(res, n, 2, stored, sizeof(stored), &mac.len);
    number = pupil_mac_number(mac);

    if (whom == NULL) {
        return 0;
    }

    if (ctl_subject_mac(ctl, &row.subject, batch->adopt->from->source, status,
                        number, made) != 0)
    {
        return -1;
    }

    if (pupil_mac_check(made, mac) != PUPIL_OK) {
        return ctl_record_one(ctl, &adopt_access[ROSTER_USER], "tampered",
                              &row.subject, "row=subject");
    }

    if (number < whom->floor) {
        return 0;
    }

    if (ctl_subject_mac(ctl, &row.subject, batch->adopt->to->source, status,
                        whom->number, made) != 0)
    {
        return -1;
    }

    ctl_revoked(ctl, &row, made);
    ctl_array_uuid(&rows->columns[0], &row.subject);
    ctl_array_bytes(&rows->columns[1], made, pupil_mac_len(made));

    return 0;
}


static int
accounts_adopt(batch_t *batch)
{
    int               n, rc;
    PGresult         *res;
    const char       *params[2];
    roster_t         *to;
    roster_unnest_t   rows;

    to = batch->adopt->to;
    params[0] = batch->owners.data;
    params[1] = batch->adopt->from->source;

    res = ctl_query(to->ctl->data, "SELECT subject, status, mac FROM"
                    " pupil.subject WHERE subject = ANY ($1::uuid[]) AND"
                    " source = $2 FOR UPDATE", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;
    roster_unnest_begin(&rows, 2);

    for (n = 0; rc == 0 && n < PQntuples(res); n++) {
        rc = account_adopt(batch, res, n, &rows);
    }

    if (rc == 0) {
        rc = roster_unnest_exec(to, &rows, "UPDATE pupil.subject AS s SET"
                                " source = $2, mac = r.mac FROM"
                                " unnest($3::uuid[], $4::bytea[]) AS"
                                " r(subject, mac) WHERE s.tenant = $1::uuid"
                                " AND s.subject = r.subject", to->source,
                                NULL);
    }

    roster_unnest_free(&rows);
    PQclear(res);

    return rc;
}


/* Whom a roster of the one has closed one of the other may open again. */
static int
prints_adopt(batch_t *batch, const ctl_map_t *left)
{
    int               rc;
    size_t            i;
    uint8_t           print[ROSTER_PRINT_LEN];
    roster_t         *to;
    pupil_str_t       key;
    roster_unnest_t   rows;

    rc = 0;
    to = batch->adopt->to;
    key.len = PUPIL_UUID_LEN;
    roster_unnest_begin(&rows, 2);

    for (i = 0; rc == 0 && i < batch->count; i++) {
        key.data = batch->whom[i].subject.b;

        if (ctl_map_get(left, key) == NULL) {
            continue;
        }

        rc = roster_account_print(to, &batch->whom[i].subject,
                                  batch->whom[i].number, print);
        ctl_array_uuid(&rows.columns[0], &batch->whom[i].subject);
        ctl_array_bytes(&rows.columns[1], print, ROSTER_PRINT_LEN);
    }

    if (rc == 0) {
        rc = roster_unnest_exec(to, &rows, "UPDATE pupil.imported AS i SET"
                                " fingerprint = r.print FROM unnest($3::uuid[],"
                                " $4::bytea[]) AS r(owner, print) WHERE"
                                " i.tenant = $1::uuid AND i.owner = r.owner"
                                " AND i.category = $2", "left", NULL);
    }

    roster_unnest_free(&rows);

    return rc;
}


/* Ids of the index: those of before go, and others come. */
static int
index_adopt(batch_t *batch)
{
    int               rc;
    size_t            i;
    uint8_t           mac[PUPIL_MAC_LEN];
    roster_t         *to;
    const char       *field, *params[3];
    roster_unnest_t   rows;

    to = batch->adopt->to;
    field = roster_kinds[batch->kind].source;
    params[0] = to->ctl->tenant_text;
    params[1] = field;
    params[2] = batch->was.data;

    if (ctl_exec(to->ctl->data, "DELETE FROM pupil.blind_index WHERE tenant ="
                 " $1::uuid AND category = 'source' AND field = $2 AND term ="
                 " ANY ($3::bytea[])", 3, params) != 0)
    {
        return -1;
    }

    rc = 0;
    roster_unnest_begin(&rows, 3);

    for (i = 0; rc == 0 && i < batch->count; i++) {
        if (batch->list[i].now == NULL) {
            continue;
        }

        rc = ctl_index_mac(to->ctl, "source", field, batch->list[i].now,
                           &batch->list[i].owner, &batch->list[i].owner, mac);
        ctl_array_bytes(&rows.columns[0], batch->list[i].now, PUPIL_TERM_LEN);
        ctl_array_uuid(&rows.columns[1], &batch->list[i].owner);
        ctl_array_bytes(&rows.columns[2], mac, pupil_mac_len(mac));
    }

    if (rc == 0) {
        rc = roster_unnest_exec(to, &rows, "INSERT INTO pupil.blind_index"
                                " (tenant, category, field, term, owner,"
                                " record, mac) SELECT $1::uuid, 'source', $2,"
                                " r.term, r.owner, r.owner, r.mac FROM"
                                " unnest($3::bytea[], $4::uuid[], $5::bytea[])"
                                " AS r(term, owner, mac)", field, NULL);
    }

    roster_unnest_free(&rows);

    return rc;
}


static int
same_source(const roster_adopt_t *adopt)
{
    return strcmp(adopt->from->source, adopt->to->source) == 0;
}


static int
batch_record(batch_t *batch)
{
    ctl_t  *ctl;

    ctl = batch->adopt->from->ctl;

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_record(ctl, &adopt_access[batch->kind], "allowed",
                         batch->kind == ROSTER_USER ? batch->owners.data
                                                    : "{}",
                         batch->adopt->detail) == 0
           && ctl_commit(ctl->data) == 0 ? 0 : -1;
}


static int
places_write(batch_t *batch)
{
    ctl_t       *ctl;
    const char  *params[3];

    ctl = batch->adopt->to->ctl;
    params[0] = ctl->tenant_text;
    params[1] = batch->adopt->to->source;
    params[2] = batch->owners.data;

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && index_adopt(batch) == 0
           && ctl_exec(ctl->data, source_sql[batch->kind], 3, params) == 0
           && ctl_commit(ctl->data) == 0 ? 0 : -1;
}


static int
users_write(batch_t *batch)
{
    int             rc;
    ctl_t          *ctl;
    size_t          i;
    ctl_map_t       left;
    pupil_uuid_t   *subjects;
    roster_adopt_t *adopt;

    adopt = batch->adopt;
    ctl = adopt->from->ctl;
    memset(&left, 0, sizeof(ctl_map_t));
    subjects = ctl_pool_alloc(&adopt->from->pool,
                              batch->count * sizeof(pupil_uuid_t));

    for (i = 0; i < batch->count; i++) {
        subjects[i] = batch->list[i].owner;
        batch->whom[i].subject = subjects[i];
        batch->whom[i].floor = roster_floor(adopt->from, &subjects[i]);
    }

    if (same_source(adopt)) {
        return ctl_begin(ctl->data, &ctl->tenant) == 0
               && index_adopt(batch) == 0 && ctl_commit(ctl->data) == 0
               ? 0 : -1;
    }

    rc = ctl_numbers_take(ctl, batch->whom, batch->count) == 0
         && ctl_begin(ctl->data, &ctl->tenant) == 0
         && roster_accounts_left(adopt->from, subjects, batch->count, &left)
            == 0
         && index_adopt(batch) == 0 && accounts_adopt(batch) == 0
         && prints_adopt(batch, &left) == 0
         && links_adopt(batch, ROSTER_ROLE) == 0
         && links_adopt(batch, ROSTER_ENROLMENT) == 0
         && ctl_revoke_authority(ctl, batch->whom, batch->count) == 0
         && ctl_commit(ctl->data) == 0 ? 0 : -1;

    ctl_map_free(&left);

    if (rc != 0 || ctl_revoke_finish(ctl, NULL) != 0) {
        return -1;
    }

    for (i = 0; i < batch->count; i++) {
        roster_floor_set(adopt->from, &batch->whom[i].subject,
                         batch->whom[i].number);
    }

    return 0;
}


/* That ids are given up is in the key store before they are. */
static int
batch_run(batch_t *batch)
{
    ctl_t  *ctl;

    ctl = batch->adopt->from->ctl;

    if (batch_record(batch) != 0
        || roster_ids_moving(ctl, batch->was.data, batch->moved.data) != 0
        || (batch->kind == ROSTER_USER ? users_write(batch)
                                       : places_write(batch)) != 0
        || roster_ids_moved(ctl, batch->now.data, batch->moved.data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}


static void
batch_lists(batch_t *batch)
{
    size_t                   i;
    const roster_adopted_t  *one;

    ctl_array_begin(&batch->owners);
    ctl_array_begin(&batch->was);
    ctl_array_begin(&batch->now);
    ctl_array_begin(&batch->moved);

    for (i = 0; i < batch->count; i++) {
        one = &batch->list[i];
        ctl_array_uuid(&batch->owners, &one->owner);

        if (one->now != NULL) {
            ctl_array_bytes(&batch->was, one->was, PUPIL_TERM_LEN);
            ctl_array_bytes(&batch->now, one->now, PUPIL_TERM_LEN);
            ctl_array_uuid(&batch->moved, &one->owner);
        }
    }

    ctl_array_end(&batch->owners);
    ctl_array_end(&batch->was);
    ctl_array_end(&batch->now);
    ctl_array_end(&batch->moved);
}


int
roster_adopt_items(roster_adopt_t *adopt, roster_kind_t kind,
    const roster_adopted_t *list, size_t count)
{
    int       rc;
    size_t    i;
    batch_t  *batch;

    batch = ctl_memory(sizeof(batch_t));
    memset(batch, 0, sizeof(batch_t));
    batch->adopt = adopt;
    batch->kind = kind;
    batch->put = ctl_memory(sizeof(roster_put_t));
    rc = 0;

    for (i = 0; rc == 0 && i < count; i += batch->count) {
        batch->list = list + i;
        batch->count = count - i < BATCH ? count - i : BATCH;
        batch_lists(batch);
        rc = batch_run(batch);
    }

    ctl_buf_free(&batch->owners);
    ctl_buf_free(&batch->was);
    ctl_buf_free(&batch->now);
    ctl_buf_free(&batch->moved);
    free(batch->put);
    free(batch);

    return rc;
}

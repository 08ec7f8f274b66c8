/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/links.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/keys.h"


#define BATCH  1000             /* links a transaction */

/* As write_sql has them. */
enum {
    COLUMN_ID = 0,
    COLUMN_SUBJECT,
    COLUMN_WHERE,
    COLUMN_INSTITUTION,
    COLUMN_ROLE,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_MAC,
    COLUMNS
};

typedef struct {
    roster_kind_t     kind;
    roster_stored_t   rows[BATCH];      /* as they should be */
    unsigned          count;
} batch_t;


static const char *const  write_sql[ROSTER_KINDS] = {
    [ROSTER_ROLE] =
        "INSERT INTO pupil.role (tenant, subject, institution, role,"
        " valid_from, valid_to, source, mac) SELECT $1::uuid, r.subject,"
        " r.place, r.role, DATE '1970-01-01' + r.since, DATE '1970-01-01' +"
        " r.until, $2, r.mac FROM unnest($3::uuid[], $4::uuid[], $5::uuid[],"
        " $6::uuid[], $7::text[], $8::integer[], $9::integer[],"
        " $10::bytea[]) AS r(id, subject, place, institution, role, since,"
        " until, mac) ON CONFLICT (tenant, subject, institution, role) DO"
        " UPDATE SET valid_from = EXCLUDED.valid_from, valid_to ="
        " EXCLUDED.valid_to, source = EXCLUDED.source, mac = EXCLUDED.mac",
    [ROSTER_ENROLMENT] =
        "INSERT INTO pupil.enrolment (tenant, enrolment, subject, class,"
        " institution, role, valid_from, valid_to, source, mac) SELECT"
        " $1::uuid, r.id, r.subject, r.place, r.institution, r.role,"
        " DATE '1970-01-01' + r.since, DATE '1970-01-01' + r.until, $2,"
        " r.mac FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[],"
        " $7::text[], $8::integer[], $9::integer[], $10::bytea[]) AS r(id,"
        " subject, place, institution, role, since, until, mac) ON CONFLICT"
        " (tenant, subject, class, role) DO UPDATE SET institution ="
        " EXCLUDED.institution, valid_from = EXCLUDED.valid_from, valid_to ="
        " EXCLUDED.valid_to, source = EXCLUDED.source, mac = EXCLUDED.mac"
};


static void
date_add(ctl_buf_t *column, int32_t days)
{
    if (days == PUPIL_DATE_NONE) {
        ctl_array_null(column);
    } else {
        ctl_array_int(column, days);
    }
}


static void
row_add(const roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, const pupil_key_t *key, ctl_buf_t *columns)
{
    uint8_t  mac[PUPIL_MAC_LEN];

    roster_stored_mac(roster, kind, row, key, mac);

    ctl_array_uuid(&columns[COLUMN_ID], &row->id);
    ctl_array_uuid(&columns[COLUMN_SUBJECT], &row->subject);
    ctl_array_uuid(&columns[COLUMN_WHERE], &row->where);
    ctl_array_uuid(&columns[COLUMN_INSTITUTION], &row->institution);
    ctl_array_text(&columns[COLUMN_ROLE],
                   ctl_str(roster_stored_role(row->role)));
    date_add(&columns[COLUMN_FROM], row->from);
    date_add(&columns[COLUMN_TO], row->to);
    ctl_array_bytes(&columns[COLUMN_MAC], mac, pupil_mac_len(mac));
}


/* Whom a batch is about, each of them once. */
static void
subjects_list(const batch_t *batch, ctl_buf_t *subjects)
{
    int          fresh;
    unsigned     i;
    ctl_map_t    seen;
    pupil_str_t  s;

    memset(&seen, 0, sizeof(ctl_map_t));
    s.len = PUPIL_UUID_LEN;

    ctl_array_begin(subjects);

    for (i = 0; i < batch->count; i++) {
        s.data = batch->rows[i].subject.b;
        ctl_map_put(&seen, s, &fresh);
        if (fresh) {
            ctl_array_uuid(subjects, &batch->rows[i].subject);
        }
    }

    ctl_array_end(subjects);
    ctl_map_free(&seen);
}


static int
batch_write(roster_t *roster, batch_t *batch)
{
    int                 rc;
    ctl_t              *ctl;
    unsigned            i;
    ctl_buf_t           subjects;
    roster_unnest_t     rows;
    const pupil_key_t  *key;

    if (batch->count == 0) {
        return 0;
    }

    ctl = roster->ctl;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    roster_unnest_begin(&rows, COLUMNS);
    for (i = 0; i < batch->count; i++) {
        row_add(roster, batch->kind, &batch->rows[i], key, rows.columns);
    }

    memset(&subjects, 0, sizeof(ctl_buf_t));
    subjects_list(batch, &subjects);

    rc = 0;
    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_unnest_exec(roster, &rows, write_sql[batch->kind],
                              roster->source, NULL) != 0
        || ctl_record(ctl, &roster_link_access[batch->kind], "allowed",
                      subjects.data, roster->source) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        rc = -1;
    }

    roster_unnest_free(&rows);
    ctl_buf_free(&subjects);
    batch->count = 0;

    return rc;
}


static void
batch_add(const roster_t *roster, batch_t *batch, const roster_stored_t *row)
{
    roster_stored_t  *copy;

    copy = &batch->rows[batch->count++];
    *copy = *row;
    snprintf(copy->source, sizeof(copy->source), "%s", roster->source);
}


/* The row as it should be.  row: as it is stored, or NULL. */
static void
row_plan(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link, const roster_stored_t *row,
    roster_stored_t *want)
{
    const roster_item_t  *where, *institution;

    where = roster_link_where(roster, kind, link);
    institution = roster_parent(roster, where);
    if (institution == NULL) {
        institution = where;
    }

    memset(want, 0, sizeof(roster_stored_t));
    want->subject = roster_item(roster, ROSTER_USER, link->user)->owner.id;
    want->where = where->owner.id;
    want->institution = institution->owner.id;
    want->role = link->role;
    want->from = link->from;
    want->to = link->to;

    if (row != NULL) {
        want->id = row->id;
    } else {
        pupil_uuid_random(&want->id);
    }

    /* without a first day: since it is stored, or else from today on */
    if (link->from == PUPIL_DATE_NONE) {
        want->from = roster->today;

        if (row != NULL && row->authentic && row->from <= roster->today
            && row->to >= roster->today)
        {
            want->from = row->from;
        }
    }

    if (want->to < want->from) {
        want->from = want->to;
    }
}


static int
row_differs(const roster_stored_t *row, const roster_stored_t *want)
{
    return !row->authentic || row->from != want->from || row->to != want->to
           || pupil_uuid_compare(&row->institution, &want->institution) != 0;
}


static void
link_apply(roster_t *roster, const roster_table_t *table, batch_t *batch,
    const roster_link_t *link)
{
    roster_count_t         *count;
    roster_stored_t         want;
    const roster_stored_t  *row;

    if (roster_link_refused(roster, table->kind, link)) {
        roster_refuse(roster, table->kind, &link->place,
                      "its user, class or institution is refused");
        return;
    }

    count = &roster->counts[table->kind];
    row = roster_stored_find(roster, table, link);
    row_plan(roster, table->kind, link, row, &want);

    /* what an operator or another source gave is not ours to change */
    if (row != NULL
        && (!row_differs(row, &want) || (row->authentic && !row->ours)))
    {
        count->unchanged++;
        return;
    }

    if (row == NULL) {
        count->taken++;
    } else {
        count->changed++;
    }

    batch_add(roster, batch, &want);
}


static int
links_write(roster_t *roster, const roster_table_t *table, batch_t *batch)
{
    uint32_t         i;
    roster_links_t  *links;

    links = &roster->links[table->kind];

    for (i = 0; i < links->count; i++) {
        link_apply(roster, table, batch, &links->links[i]);

        if (batch->count == BATCH) {
            if (batch_write(roster, batch) != 0) {
                return -1;
            }
            roster_progress(roster_kinds[table->kind].name, i, links->count);
        }
    }

    return batch_write(roster, batch);
}


static int
absent_end(roster_t *roster, const roster_table_t *table, batch_t *batch)
{
    size_t            i;
    int32_t           yesterday;
    roster_stored_t   ended;

    yesterday = roster->today - 1;

    for (i = 0; i < table->count; i++) {
        ended = table->rows[i];

        if (ended.matched || !roster_stored_live(roster, &ended)) {
            continue;
        }

        ended.to = yesterday;
        if (ended.from > yesterday) {
            ended.from = yesterday;
        }

        roster->counts[table->kind].ended++;
        batch_add(roster, batch, &ended);

        if (batch->count == BATCH && batch_write(roster, batch) != 0) {
            return -1;
        }
    }

    return batch_write(roster, batch);
}


int
roster_links_apply(roster_t *roster, const roster_table_t *tables)
{
    unsigned   kind;
    batch_t   *batch;

    if (roster_granted(roster, "enrolment", "class_id", NULL) < 0
        || roster_granted(roster, "enrolment", "role", NULL) < 0)
    {
        return ctl_error("no plugin grants enrolment.class_id and"
                         " enrolment.role to rostering: roles and enrolments"
                         " were not written");
    }

    batch = ctl_pool_alloc(&roster->pool, sizeof(batch_t));
    memset(batch, 0, sizeof(batch_t));

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        batch->kind = kind;

        if (links_write(roster, &tables[kind], batch) != 0) {
            return -1;
        }

        if (roster->ctl->opt.close_absent
            && absent_end(roster, &tables[kind], batch) != 0)
        {
            return -1;
        }
    }

    return 0;
}

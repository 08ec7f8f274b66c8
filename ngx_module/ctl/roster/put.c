/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/images.h"
#include "ctl/roster/put.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/keys.h"


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


/* Whom they are about, each of them once. */
static void
subjects_list(const roster_put_t *put, ctl_buf_t *subjects)
{
    int          fresh;
    unsigned     i;
    ctl_map_t    seen;
    pupil_str_t  s;

    memset(&seen, 0, sizeof(ctl_map_t));
    s.len = PUPIL_UUID_LEN;

    ctl_array_begin(subjects);

    for (i = 0; i < put->count; i++) {
        s.data = put->rows[i].subject.b;
        ctl_map_put(&seen, s, &fresh);
        if (fresh) {
            ctl_array_uuid(subjects, &put->rows[i].subject);
        }
    }

    ctl_array_end(subjects);
    ctl_map_free(&seen);
}


int
roster_put_full(const roster_put_t *put)
{
    return put->count == ROSTER_PUT_ROWS || put->people == ROSTER_PUT_PEOPLE;
}


void
roster_put_add(const roster_t *roster, roster_put_t *put,
    const roster_stored_t *row)
{
    roster_stored_t  *copy;

    put->people += put->count == 0
                   || pupil_uuid_compare(&put->rows[put->count - 1].subject,
                                         &row->subject) != 0;
    copy = &put->rows[put->count++];
    *copy = *row;
    copy->source = roster->source;
}


int
roster_put_write(roster_t *roster, roster_put_t *put)
{
    int                 rc;
    unsigned            i;
    roster_unnest_t     rows;
    const pupil_key_t  *key;

    if (put->count == 0) {
        return 0;
    }

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    if (roster_images_put(roster, put) != 0) {
        return -1;
    }

    roster_unnest_begin(&rows, COLUMNS);
    for (i = 0; i < put->count; i++) {
        row_add(roster, put->kind, &put->rows[i], key, rows.columns);
    }

    rc = roster_unnest_exec(roster, &rows, write_sql[put->kind],
                            roster->source, NULL);
    roster_unnest_free(&rows);
    put->count = 0;
    put->people = 0;

    return rc;
}


static int
put_record(const roster_t *roster, const roster_put_t *put)
{
    int        rc;
    ctl_buf_t  subjects;

    memset(&subjects, 0, sizeof(ctl_buf_t));
    subjects_list(put, &subjects);

    rc = ctl_record(roster->ctl, &roster_link_access[put->kind], "allowed",
                    subjects.data, roster->detail);
    ctl_buf_free(&subjects);

    return rc;
}


int
roster_put_commit(roster_t *roster, roster_put_t *put)
{
    ctl_t  *ctl;

    if (put->count == 0) {
        return 0;
    }

    ctl = roster->ctl;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || put_record(roster, put) != 0 || ctl_commit(ctl->data) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_put_write(roster, put) != 0 || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}

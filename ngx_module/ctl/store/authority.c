/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/vault/authentic.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/map.h"
#include "ctl/base/text.h"
#include "ctl/store/authority.h"
#include "ctl/store/keys.h"
#include "ctl/store/record.h"
#include "ctl/store/revoked.h"


/* A table, and how its rows are read and written. */
typedef struct {
    const char  *select;        /* $1 subjects */
    const char  *update;        /* $1 places, $2 MACs */
    const char  *tampered;      /* for the record */
    int          where, role;   /* columns of ctl_row_t, 0: it has none */
    int        (*mac)(ctl_t *ctl, const PGresult *res, int row,
                      const pupil_key_t *key, uint32_t number,
                      uint8_t mac[PUPIL_MAC_LEN]);
} table_t;

/* Columns that all of them select, in front of the table's own. */
enum {
    ROW_PLACE = 0,              /* valid as long as the row is locked */
    ROW_SUBJECT,
    ROW_MAC,
    ROW_OWN
};

typedef struct {
    ctl_t                  *ctl;
    const ctl_authority_t  *list;
    ctl_map_t               by_subject;
    const char             *subjects;       /* all of them, as a literal */
    const pupil_key_t      *key;
} renewal_t;


static int table_renew(const renewal_t *renewal, const table_t *table);
static int rows_renew(const renewal_t *renewal, const table_t *table,
    const PGresult *res, ctl_buf_t *places, ctl_buf_t *macs);
static int row_renew(const renewal_t *renewal, const table_t *table,
    const PGresult *res, int row, uint8_t mac[PUPIL_MAC_LEN]);
static int row_name(const table_t *table, const PGresult *res, int row,
    ctl_row_t *name);
static int unseen_record(ctl_t *ctl);
static int mac_subject(ctl_t *ctl, const PGresult *res, int row,
    const pupil_key_t *key, uint32_t number, uint8_t mac[PUPIL_MAC_LEN]);
static int mac_role(ctl_t *ctl, const PGresult *res, int row,
    const pupil_key_t *key, uint32_t number, uint8_t mac[PUPIL_MAC_LEN]);
static int mac_enrolment(ctl_t *ctl, const PGresult *res, int row,
    const pupil_key_t *key, uint32_t number, uint8_t mac[PUPIL_MAC_LEN]);


#define UPDATE(table)                                                         \
    "UPDATE pupil." table " AS t SET mac = n.mac FROM unnest($1::tid[],"      \
    " $2::bytea[]) AS n (place, mac) WHERE t.ctid = n.place"

#define WHOM  " WHERE subject = ANY ($1::uuid[]) ORDER BY subject FOR UPDATE"

#define DAYS(column)  column " - DATE '1970-01-01'"

/* In the order of ctl_row_table_t. */
static const table_t  tables[] = {
    {
        .select = "SELECT ctid, subject, mac, status, source FROM"
                  " pupil.subject" WHOM,
        .update = UPDATE("subject"),
        .tampered = "row=subject",
        .mac = mac_subject
    }, {
        .select = "SELECT ctid, subject, mac, institution, role, "
                  DAYS("valid_from") ", " DAYS("valid_to") ", source FROM"
                  " pupil.role" WHOM,
        .update = UPDATE("role"),
        .tampered = "row=role",
        .where = ROW_OWN,
        .role = ROW_OWN + 1,
        .mac = mac_role
    }, {
        .select = "SELECT ctid, subject, mac, enrolment, class, institution,"
                  " role, " DAYS("valid_from") ", " DAYS("valid_to") ","
                  " source FROM pupil.enrolment" WHOM,
        .update = UPDATE("enrolment"),
        .tampered = "row=enrolment",
        .where = ROW_OWN + 1,
        .role = ROW_OWN + 3,
        .mac = mac_enrolment
    }, {
        .select = NULL
    }
};

static const ctl_access_t  renew_access = {
    .category = "enrolment",
    .fields = "class_id school_id role from to",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_authority_renew(ctl_t *ctl, const ctl_authority_t *list, size_t count)
{
    int             rc, fresh;
    size_t          i;
    ctl_buf_t       subjects;
    pupil_str_t     key;
    renewal_t       renewal;
    const table_t  *table;

    if (count == 0) {
        return 0;
    }

    memset(&renewal, 0, sizeof(renewal_t));
    renewal.ctl = ctl;
    renewal.list = list;
    renewal.key = ctl_key(ctl, "mac");

    if (renewal.key == NULL) {
        return -1;
    }

    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);
    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < count; i++) {
        key.data = list[i].subject.b;
        ctl_map_put(&renewal.by_subject, key, &fresh)->value = (uint32_t) i;
        ctl_array_uuid(&subjects, &list[i].subject);
    }

    ctl_array_end(&subjects);
    renewal.subjects = subjects.data;
    rc = 0;

    for (table = tables; rc == 0 && table->select != NULL; table++) {
        rc = table_renew(&renewal, table);
    }

    if (rc == 0) {
        rc = unseen_record(ctl);
    }

    ctl_revoked_forget(ctl);
    ctl_map_free(&renewal.by_subject);
    ctl_buf_free(&subjects);

    return rc;
}


static int
table_renew(const renewal_t *renewal, const table_t *table)
{
    int          rc;
    PGresult    *res;
    ctl_buf_t    places, macs;
    const char  *params[2];

    params[0] = renewal->subjects;

    res = ctl_query(renewal->ctl->data, table->select, 1, params);
    if (res == NULL) {
        return -1;
    }

    ctl_buf_init(&places);
    ctl_buf_init(&macs);

    rc = rows_renew(renewal, table, res, &places, &macs);
    PQclear(res);

    if (rc == 0) {
        params[0] = places.data;
        params[1] = macs.data;
        rc = ctl_exec(renewal->ctl->data, table->update, 2, params);
    }

    ctl_buf_free(&places);
    ctl_buf_free(&macs);

    return rc;
}


static int
rows_renew(const renewal_t *renewal, const table_t *table,
    const PGresult *res, ctl_buf_t *places, ctl_buf_t *macs)
{
    int      row, rc;
    uint8_t  mac[PUPIL_MAC_LEN];

    ctl_array_begin(places);
    ctl_array_begin(macs);

    for (row = 0; row < PQntuples(res); row++) {
        rc = row_renew(renewal, table, res, row, mac);

        if (rc < 0) {
            return -1;
        }

        if (rc > 0) {
            ctl_array_text(places, ctl_get_str(res, row, ROW_PLACE));
            ctl_array_bytes(macs, mac, pupil_mac_len(mac));
        }
    }

    ctl_array_end(places);
    ctl_array_end(macs);

    return 0;
}


/* 1 with its new MAC, 0 when it stays as it is, or -1. */
static int
row_renew(const renewal_t *renewal, const table_t *table,
    const PGresult *res, int row, uint8_t mac[PUPIL_MAC_LEN])
{
    uint8_t                 stored[PUPIL_MAC_LEN];
    uint32_t                number;
    ctl_row_t               name;
    pupil_str_t             text;
    pupil_uuid_t            subject;
    const ctl_slot_t       *slot;
    const ctl_authority_t  *whom;

    if (ctl_get_uuid(res, row, ROW_SUBJECT, &subject) != 0) {
        return -1;
    }

    text.data = subject.b;
    text.len = PUPIL_UUID_LEN;

    slot = ctl_map_get(&renewal->by_subject, text);
    if (slot == NULL) {
        return 0;
    }

    whom = &renewal->list[slot->value];

    text.data = stored;
    text.len = 0;
    ctl_get_bytes(res, row, ROW_MAC, stored, sizeof(stored), &text.len);
    number = pupil_mac_number(text);

    if (table->mac(renewal->ctl, res, row, renewal->key, number, mac) != 0) {
        return -1;
    }

    if (pupil_mac_check(mac, text) != PUPIL_OK) {
        return ctl_record_one(renewal->ctl, &renew_access, "tampered",
                              &subject, table->tampered);
    }

    if (number < whom->floor) {
        return 0;
    }

    if (table->mac(renewal->ctl, res, row, renewal->key, whom->number,
                   mac) != 0
        || row_name(table, res, row, &name) != 0)
    {
        return -1;
    }

    if (!ctl_revoked_fits(renewal->ctl, &name, mac)) {
        return ctl_record_one(renewal->ctl, &renew_access, "tampered",
                              &subject, table->tampered);
    }

    /* what is written under the number already is not written twice */
    return number != whom->number;
}


static int
row_name(const table_t *table, const PGresult *res, int row, ctl_row_t *name)
{
    memset(name, 0, sizeof(ctl_row_t));
    name->table = (ctl_row_table_t) (table - tables);

    if (table->role != 0) {
        name->role = ctl_get_str(res, row, table->role);
    }

    if (table->where != 0
        && ctl_get_uuid(res, row, table->where, &name->where) != 0)
    {
        return -1;
    }

    return ctl_get_uuid(res, row, ROW_SUBJECT, &name->subject);
}


/* What is left of a row was written, and is not there. */
static int
unseen_record(ctl_t *ctl)
{
    const ctl_row_t  *row;

    while ((row = ctl_revoked_unseen(ctl)) != NULL) {
        if (ctl_record_one(ctl, &renew_access, "tampered", &row->subject,
                           tables[row->table].tampered) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
mac_subject(ctl_t *ctl, const PGresult *res, int row, const pupil_key_t *key,
    uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_subject_row_t  subject;

    if (ctl_get_uuid(res, row, ROW_SUBJECT, &subject.subject) != 0) {
        return -1;
    }

    subject.tenant = ctl->tenant;
    subject.status = ctl_get_str(res, row, ROW_OWN);
    subject.source = ctl_get_str(res, row, ROW_OWN + 1);
    subject.number = number;

    pupil_mac_subject(key, &subject, mac);

    return 0;
}


static int
mac_role(ctl_t *ctl, const PGresult *res, int row, const pupil_key_t *key,
    uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_role_row_t  role;

    if (ctl_get_uuid(res, row, ROW_SUBJECT, &role.subject) != 0
        || ctl_get_uuid(res, row, ROW_OWN, &role.institution) != 0)
    {
        return -1;
    }

    role.tenant = ctl->tenant;
    role.role = ctl_get_str(res, row, ROW_OWN + 1);
    role.valid_from = ctl_get_int(res, row, ROW_OWN + 2, PUPIL_DATE_NONE);
    role.valid_to = ctl_get_int(res, row, ROW_OWN + 3, PUPIL_DATE_NONE);
    role.source = ctl_get_str(res, row, ROW_OWN + 4);
    role.number = number;

    pupil_mac_role(key, &role, mac);

    return 0;
}


static int
mac_enrolment(ctl_t *ctl, const PGresult *res, int row,
    const pupil_key_t *key, uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_enrolment_row_t  e;

    if (ctl_get_uuid(res, row, ROW_SUBJECT, &e.subject) != 0
        || ctl_get_uuid(res, row, ROW_OWN, &e.enrolment) != 0
        || ctl_get_uuid(res, row, ROW_OWN + 1, &e.class_id) != 0
        || ctl_get_uuid(res, row, ROW_OWN + 2, &e.institution) != 0)
    {
        return -1;
    }

    e.tenant = ctl->tenant;
    e.role = ctl_get_str(res, row, ROW_OWN + 3);
    e.valid_from = ctl_get_int(res, row, ROW_OWN + 4, PUPIL_DATE_NONE);
    e.valid_to = ctl_get_int(res, row, ROW_OWN + 5, PUPIL_DATE_NONE);
    e.source = ctl_get_str(res, row, ROW_OWN + 6);
    e.number = number;

    pupil_mac_enrolment(key, &e, mac);

    return 0;
}

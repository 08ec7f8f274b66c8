/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/stream.h"
#include "ctl/base/text.h"
#include "ctl/roster/revoke.h"
#include "ctl/roster/stored.h"
#include "ctl/store/keys.h"
#include "ctl/store/objects.h"


/* Bytes of a row: subject, where, role. */
#define KEY_LEN  (2 * PUPIL_UUID_LEN + sizeof(roster_role_t))

/* As load_sql has them. */
enum {
    COLUMN_ID = 0,
    COLUMN_SUBJECT,
    COLUMN_WHERE,
    COLUMN_INSTITUTION,
    COLUMN_ROLE,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_SOURCE,
    COLUMN_MAC
};

typedef struct {
    roster_role_t  role;
    const char    *text;
} role_text_t;


const ctl_access_t  roster_link_access[ROSTER_KINDS] = {
    [ROSTER_ROLE] = {
        .category = "enrolment",
        .fields = "school_id role from to",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "subjects"
    },
    [ROSTER_ENROLMENT] = {
        .category = "enrolment",
        .fields = "class_id school_id role from to",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "subjects"
    }
};

static const char *const  load_sql[ROSTER_KINDS] = {
    [ROSTER_ROLE] =
        "SELECT subject, subject, institution, institution, role,"
        " (valid_from - DATE '1970-01-01')::bigint,"
        " (valid_to - DATE '1970-01-01')::bigint,"
        " source, mac FROM pupil.role",
    [ROSTER_ENROLMENT] =
        "SELECT enrolment, subject, class, institution, role,"
        " (valid_from - DATE '1970-01-01')::bigint,"
        " (valid_to - DATE '1970-01-01')::bigint,"
        " source, mac FROM pupil.enrolment"
};

static const char *const  tables_of[ROSTER_KINDS] = {
    [ROSTER_ROLE] = "pupil.role",
    [ROSTER_ENROLMENT] = "pupil.enrolment"
};

static const char *const  tampered_detail[ROSTER_KINDS] = {
    [ROSTER_ROLE] = "row=role",
    [ROSTER_ENROLMENT] = "row=enrolment"
};

static void row_mac(const roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, pupil_str_t named, const pupil_key_t *key,
    uint8_t mac[PUPIL_MAC_LEN]);


static const role_text_t  role_texts[] = {
    { ROSTER_PUPIL, "pupil" },
    { ROSTER_TEACHER, "teacher" },
    { ROSTER_ADMIN, "school_admin" },
    { 0, NULL }
};


const char *
roster_stored_role(roster_role_t role)
{
    const role_text_t  *text;

    for (text = role_texts; text->text != NULL; text++) {
        if (text->role == role) {
            break;
        }
    }

    return text->text;
}


static roster_role_t
role_find(pupil_str_t name)
{
    const role_text_t  *text;

    for (text = role_texts; text->text != NULL; text++) {
        if (strlen(text->text) == name.len
            && memcmp(text->text, name.data, name.len) == 0)
        {
            break;
        }
    }

    return text->role;
}


void
roster_stored_mac(const roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, const pupil_key_t *key,
    uint8_t mac[PUPIL_MAC_LEN])
{
    row_mac(roster, kind, row, ctl_str(roster_stored_role(row->role)), key,
            mac);
}


/* named: the role as it is stored, be it one that rosters give or not. */
static void
row_mac(const roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, pupil_str_t named, const pupil_key_t *key,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_role_row_t       role;
    pupil_enrolment_row_t  enrolment;

    if (kind == ROSTER_ROLE) {
        role.tenant = roster->ctl->tenant;
        role.subject = row->subject;
        role.institution = row->where;
        role.role = named;
        role.valid_from = row->from;
        role.valid_to = row->to;
        role.source = ctl_str(row->source);
        role.number = row->number;
        pupil_mac_role(key, &role, mac);
        return;
    }

    enrolment.tenant = roster->ctl->tenant;
    enrolment.enrolment = row->id;
    enrolment.subject = row->subject;
    enrolment.class_id = row->where;
    enrolment.institution = row->institution;
    enrolment.role = named;
    enrolment.valid_from = row->from;
    enrolment.valid_to = row->to;
    enrolment.source = ctl_str(row->source);
    enrolment.number = row->number;
    pupil_mac_enrolment(key, &enrolment, mac);
}


/* One of few, each kept once. */
static const char *
source_of(roster_t *roster, pupil_str_t text)
{
    unsigned  i;

    for (i = 0; i < roster->stored_count; i++) {
        if (strlen(roster->stored[i]) == text.len
            && memcmp(roster->stored[i], text.data, text.len) == 0)
        {
            return roster->stored[i];
        }
    }

    roster->stored = roster_grow(roster->stored, i, &roster->stored_size,
                                 sizeof(char *));
    roster->stored[i] = ctl_pool_text(&roster->pool, text.data, text.len);

    return roster->stored[roster->stored_count++];
}


static int32_t
day_of(pupil_str_t column)
{
    return (int32_t) ctl_column_int8(column, PUPIL_DATE_NONE);
}


static int
row_read(roster_t *roster, roster_kind_t kind, const pupil_str_t *columns,
    const pupil_key_t *key, roster_stored_t *row)
{
    uint8_t      made[PUPIL_MAC_LEN];
    pupil_str_t  mac;

    memset(row, 0, sizeof(roster_stored_t));
    row->user = ROSTER_NONE;

    if (ctl_column_uuid(columns[COLUMN_ID], &row->id) != 0
        || ctl_column_uuid(columns[COLUMN_SUBJECT], &row->subject) != 0
        || ctl_column_uuid(columns[COLUMN_WHERE], &row->where) != 0
        || ctl_column_uuid(columns[COLUMN_INSTITUTION], &row->institution)
           != 0)
    {
        return ctl_error("a stored role or enrolment is malformed");
    }

    row->role = role_find(columns[COLUMN_ROLE]);
    row->from = day_of(columns[COLUMN_FROM]);
    row->to = day_of(columns[COLUMN_TO]);
    row->source = source_of(roster, columns[COLUMN_SOURCE]);
    row->ours = strcmp(row->source, roster->source) == 0;

    mac = columns[COLUMN_MAC];
    row->number = pupil_mac_number(mac);
    row_mac(roster, kind, row, columns[COLUMN_ROLE], key, made);

    if (pupil_mac_check(made, mac) == PUPIL_OK) {
        row->authentic = row->number >= roster_floor(roster, &row->subject);
    } else {
        row->tampered = 1;
    }

    return 0;
}


/* As they come, as none of them may be kept twice: there are millions. */
static int
rows_stream(roster_t *roster, roster_table_t *table, const pupil_key_t *key)
{
    int            rc;
    ctl_stream_t   stream;

    if (ctl_stream_begin(&stream, roster->ctl->data, "%s",
                         load_sql[table->kind]) != 0)
    {
        return -1;
    }

    while ((rc = ctl_stream_next(&stream)) > 0) {
        table->rows = roster_grow(table->rows, (uint32_t) table->count,
                                  &table->size, sizeof(roster_stored_t));

        if (row_read(roster, table->kind, stream.columns, key,
                     &table->rows[table->count]) != 0)
        {
            rc = -1;
            break;
        }

        table->count++;
    }

    ctl_stream_end(&stream);

    return rc;
}


/* Once the connection is free again. */
static int
tampered_record(roster_t *roster, const roster_table_t *table)
{
    int     rc;
    size_t  i;

    rc = 0;

    for (i = 0; rc == 0 && i < table->count; i++) {
        if (table->rows[i].tampered) {
            rc = ctl_record_one(roster->ctl, &roster_link_access[table->kind],
                                "tampered", &table->rows[i].subject,
                                tampered_detail[table->kind]);
        }
    }

    return rc;
}


static int
rows_load(roster_t *roster, roster_table_t *table)
{
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL || rows_stream(roster, table, key) != 0) {
        return -1;
    }

    /* a row that is hidden now would not be ended (invariant I18) */
    if (ctl_objects_hide_none(roster->ctl->data, tables_of[table->kind]) != 0)
    {
        return ctl_error("rows of %s may be hidden; nothing was changed",
                         tables_of[table->kind]);
    }

    return tampered_record(roster, table);
}


static pupil_str_t
key_of(const void *array, uint32_t i)
{
    pupil_str_t             key;
    const roster_stored_t  *rows = array;

    key.data = rows[i].subject.b;
    key.len = KEY_LEN;

    return key;
}


static void
keys_make(roster_table_t *table)
{
    uint32_t  i;

    for (i = 0; i < table->count; i++) {
        ctl_places_add(&table->keys, table->rows, key_of,
                       key_of(table->rows, i));
    }
}


roster_stored_t *
roster_stored_at(const roster_table_t *table, const pupil_uuid_t *subject,
    const pupil_uuid_t *where, roster_role_t role)
{
    uint32_t          i;
    roster_stored_t   row;

    row.subject = *subject;
    row.where = *where;
    row.role = role;
    i = ctl_places_find(&table->keys, table->rows, key_of, key_of(&row, 0));

    return i == CTL_PLACES_NONE ? NULL : &table->rows[i];
}


roster_stored_t *
roster_stored_find(const roster_t *roster, const roster_table_t *table,
    const roster_link_t *link)
{
    return roster_stored_at(table,
                            &roster_item(roster, ROSTER_USER,
                                         link->user)->owner.id,
                            &roster_link_where(roster, table->kind,
                                               link)->owner.id, link->role);
}


int
roster_stored_live(const roster_t *roster, const roster_stored_t *row)
{
    return row->ours && row->authentic && row->role != 0
           && row->to >= roster->today;
}


void
roster_stored_tampered(roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row, const char *fate)
{
    char  subject[PUPIL_UUID_TEXT_LEN + 1], where[PUPIL_UUID_TEXT_LEN + 1];

    json_array_append_new(roster->tampered,
        json_pack("{s:s,s:s,s:s,s:s}", "table", tables_of[kind],
                  "subject", ctl_uuid_text(&row->subject, subject),
                  "where", ctl_uuid_text(&row->where, where), "fate", fate));
}


/* What is refused is not absent, and stays as it is. */
static void
rows_match(roster_t *roster, roster_table_t *table)
{
    uint32_t          i;
    roster_link_t    *link;
    roster_links_t   *links;
    roster_stored_t  *row;

    links = &roster->links[table->kind];

    for (i = 0; i < links->count; i++) {
        link = &links->links[i];

        row = roster_stored_find(roster, table, link);
        if (row == NULL) {
            continue;
        }

        row->user = link->user;

        if (roster_link_leaves(roster, table->kind, link)) {
            row->leaves = 1;

        } else if (roster_link_refused(roster, table->kind, link)) {
            row->kept = 1;

        } else {
            row->matched = 1;
        }
    }
}


int
roster_stored_load(roster_t *roster, roster_table_t *tables)
{
    unsigned  kind;
    PGconn   *conn;

    conn = roster->ctl->data;

    if (roster_floors_load(roster) != 0) {
        return -1;
    }

    if (ctl_begin(conn, &roster->ctl->tenant) != 0) {
        return -1;
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        tables[kind].kind = kind;

        if (rows_load(roster, &tables[kind]) != 0) {
            return -1;
        }

        keys_make(&tables[kind]);
        rows_match(roster, &tables[kind]);
    }

    /* what was found tampered with is on record */
    return ctl_commit(conn);
}


void
roster_stored_free(roster_table_t *tables)
{
    unsigned  kind;

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        ctl_places_free(&tables[kind].keys);
        free(tables[kind].rows);
    }
}

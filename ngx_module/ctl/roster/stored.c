/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/revoke.h"
#include "ctl/roster/stored.h"
#include "ctl/store/keys.h"
#include "ctl/store/objects.h"


#define KEY_LEN  (2 * PUPIL_UUID_LEN + 1)   /* subject, where, role */

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
        " valid_from - DATE '1970-01-01', valid_to - DATE '1970-01-01',"
        " source, mac FROM pupil.role",
    [ROSTER_ENROLMENT] =
        "SELECT enrolment, subject, class, institution, role,"
        " valid_from - DATE '1970-01-01', valid_to - DATE '1970-01-01',"
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
role_find(const char *name)
{
    const role_text_t  *text;

    for (text = role_texts; text->text != NULL; text++) {
        if (strcmp(text->text, name) == 0) {
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


static int
row_read(roster_t *roster, roster_kind_t kind, const PGresult *res, int n,
    const pupil_key_t *key, roster_stored_t *row)
{
    uint8_t      made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t  mac;

    memset(row, 0, sizeof(roster_stored_t));
    row->user = ROSTER_NONE;

    if (ctl_get_uuid(res, n, 0, &row->id) != 0
        || ctl_get_uuid(res, n, 1, &row->subject) != 0
        || ctl_get_uuid(res, n, 2, &row->where) != 0
        || ctl_get_uuid(res, n, 3, &row->institution) != 0)
    {
        return ctl_error("a stored role or enrolment is malformed");
    }

    row->role = role_find(PQgetvalue(res, n, 4));
    row->from = ctl_get_int(res, n, 5, PUPIL_DATE_NONE);
    row->to = ctl_get_int(res, n, 6, PUPIL_DATE_NONE);
    snprintf(row->source, sizeof(row->source), "%s", PQgetvalue(res, n, 7));
    row->ours = strcmp(row->source, roster->source) == 0;

    mac.data = stored;
    mac.len = 0;
    ctl_get_bytes(res, n, 8, stored, sizeof(stored), &mac.len);
    row->number = pupil_mac_number(mac);
    row_mac(roster, kind, row, ctl_get_str(res, n, 4), key, made);

    if (pupil_mac_check(made, mac) == PUPIL_OK) {
        row->authentic = row->number >= roster_floor(roster, &row->subject);
        return 0;
    }

    row->tampered = 1;

    return ctl_record_one(roster->ctl, &roster_link_access[kind],
                            "tampered", &row->subject, tampered_detail[kind]);
}


static int
rows_load(roster_t *roster, roster_table_t *table)
{
    int                 n, rc;
    PGresult           *res;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    res = ctl_query(roster->ctl->data, load_sql[table->kind], 0, NULL);
    if (res == NULL) {
        return -1;
    }

    /* a row that is hidden now would not be ended (invariant I18) */
    if (ctl_objects_hide_none(roster->ctl->data, tables_of[table->kind]) != 0)
    {
        PQclear(res);
        return ctl_error("rows of %s may be hidden; nothing was changed",
                         tables_of[table->kind]);
    }

    rc = 0;
    table->count = (size_t) PQntuples(res);
    table->rows = ctl_pool_alloc(&roster->pool, table->count
                                                * sizeof(roster_stored_t));

    for (n = 0; rc == 0 && n < PQntuples(res); n++) {
        rc = row_read(roster, table->kind, res, n, key, &table->rows[n]);
    }

    PQclear(res);

    return rc;
}


static void
key_make(const pupil_uuid_t *subject, const pupil_uuid_t *where,
    roster_role_t role, uint8_t key[KEY_LEN])
{
    memcpy(key, subject->b, PUPIL_UUID_LEN);
    memcpy(key + PUPIL_UUID_LEN, where->b, PUPIL_UUID_LEN);
    key[2 * PUPIL_UUID_LEN] = (uint8_t) role;
}


static void
keys_make(roster_t *roster, roster_table_t *table)
{
    int               fresh;
    size_t            i;
    uint8_t          *key;
    pupil_str_t       s;
    roster_stored_t  *row;

    s.len = KEY_LEN;

    for (i = 0; i < table->count; i++) {
        row = &table->rows[i];

        key = ctl_pool_alloc(&roster->pool, KEY_LEN);
        key_make(&row->subject, &row->where, row->role, key);

        s.data = key;
        ctl_map_put(&table->keys, s, &fresh)->value = (uint32_t) i;
    }
}


roster_stored_t *
roster_stored_at(const roster_table_t *table, const pupil_uuid_t *subject,
    const pupil_uuid_t *where, roster_role_t role)
{
    uint8_t       key[KEY_LEN];
    ctl_slot_t   *slot;
    pupil_str_t   s;

    key_make(subject, where, role, key);
    s.data = key;
    s.len = KEY_LEN;
    slot = ctl_map_get(&table->keys, s);

    return slot == NULL ? NULL : &table->rows[slot->value];
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

        keys_make(roster, &tables[kind]);
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
        ctl_map_free(&tables[kind].keys);
    }
}

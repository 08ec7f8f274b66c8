/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user: accounts, by their pseudonyms.  A name is never shown here; a
 * log-in name is only ever looked for.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/literal.h"
#include "ctl/base/map.h"
#include "ctl/base/text.h"
#include "ctl/people/user.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"
#include "ctl/store/turn.h"
#include "ctl/store/whom.h"


static json_t *role_entry(ctl_t *ctl, const PGresult *res, int n,
    const pupil_key_t *key, uint32_t floor);
static int role_authentic(ctl_t *ctl, const PGresult *res, int n,
    const pupil_key_t *key, uint32_t *number);
static int list_record(ctl_t *ctl, const PGresult *res);


static const ctl_access_t  show_access = {
    .category = "enrolment",
    .fields = "school_id role from to",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

/* In the order of pupilctl user list. */
static const char *const  list_columns[] = {
    "id", "role", "institution", NULL
};

/* $4: the day. */
#define TODAY  "(DATE '1970-01-01' + $4::integer)"
#define LIVE                                                                  \
    "valid_from <= " TODAY " AND coalesce(valid_to, " TODAY ") >= " TODAY

/* Parameters: class, role or NULL, limit, day. */
static const char  class_sql[] =
    "SELECT subject, role, institution FROM pupil.enrolment WHERE class ="
    " $1::uuid AND role = coalesce($2, role) AND " LIVE " ORDER BY role,"
    " subject LIMIT $3::integer";

/* The same, with no class. */
static const char  tenant_sql[] =
    "SELECT subject, role, institution FROM pupil.role WHERE $1::uuid IS NULL"
    " AND role = coalesce($2, role) AND " LIVE " ORDER BY role, subject"
    " LIMIT $3::integer";

static const char  roles_sql[] =
    "SELECT r.subject, r.institution, r.role, r.valid_from,"
    " coalesce(r.valid_to::text, ''), r.valid_from - DATE '1970-01-01',"
    " r.valid_to - DATE '1970-01-01', r.source, r.mac FROM pupil.role r"
    " WHERE r.subject = $1::uuid ORDER BY r.role, r.institution";

/* Columns of roles_sql. */
enum {
    ROLE_SUBJECT = 0,
    ROLE_INSTITUTION,
    ROLE_ROLE,
    ROLE_FROM,                  /* as text */
    ROLE_TO,                    /* "": without end */
    ROLE_FROM_DAYS,
    ROLE_TO_DAYS,
    ROLE_SOURCE,
    ROLE_MAC
};


int
ctl_user_open(ctl_t *ctl)
{
    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return -1;
    }

    return ctl_begin(ctl->data, &ctl->tenant);
}


int
ctl_user_write(ctl_t *ctl)
{
    return ctl_user_open(ctl) == 0 ? ctl_turn_share(ctl) : -1;
}


int
ctl_user_find(ctl_t *ctl, const ctl_access_t *access, pupil_uuid_t *subject)
{
    int  rc;

    rc = ctl_subject_find(ctl, ctl->args[0], subject);

    if (rc == 0
        && ctl_record_one(ctl, access, "not_found", NULL, NULL) == 0
        && ctl_commit(ctl->data) == 0)
    {
        ctl_error("nobody logs in with this name in this tenant");
    }

    return rc == 1 ? 0 : -1;
}


int
ctl_user_index(ctl_t *ctl, const char *field,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    char         hex[CTL_BYTEA_SIZE(PUPIL_TERM_LEN)];
    char         text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t      mac[PUPIL_MAC_LEN];
    const char  *params[5];

    if (ctl_index_mac(ctl, "credential", field, term, owner, owner, mac)
        != 0)
    {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = field;
    params[2] = ctl_bytea(term, PUPIL_TERM_LEN, hex);
    params[3] = ctl_uuid_text(owner, id);
    params[4] = ctl_bytea(mac, pupil_mac_len(mac), text);

    return ctl_exec(ctl->data, "INSERT INTO pupil.blind_index (tenant,"
                    " category, field, term, owner, record, mac) VALUES"
                    " ($1::uuid, 'credential', $2, $3::bytea, $4::uuid,"
                    " $4::uuid, $5::bytea)", 5, params);
}


int
ctl_cmd_user_show(ctl_t *ctl)
{
    json_t      *roles;
    ctl_whom_t   whom;

    memset(&whom, 0, sizeof(ctl_whom_t));

    if (ctl_user_open(ctl) != 0
        || ctl_user_find(ctl, &show_access, &whom.id) != 0)
    {
        return CTL_FAILED;
    }

    ctl_uuid_text(&whom.id, whom.text);

    if (ctl_whom_read(ctl, &show_access, &whom) != 0) {
        return CTL_FAILED;
    }

    roles = ctl_user_roles(ctl, &whom.id);

    if (roles == NULL
        || ctl_record_one(ctl, &show_access, "allowed", &whom.id, NULL) != 0
        || ctl_commit(ctl->data) != 0)
    {
        json_decref(roles);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:b,s:o}", "id", whom.text,
                                 "status", whom.status,
                                 "revoked", whom.revoked, "roles", roles));
        return CTL_DONE;
    }

    printf("%s %s%s\n", whom.text, whom.status,
           whom.revoked ? ", revoked" : "");
    ctl_user_roles_print(roles);
    json_decref(roles);

    return CTL_DONE;
}


/*
 * A role that is not authentic is as if it were not there (I18), and said; one
 * below the floor is shown, and gives nothing.
 */
json_t *
ctl_user_roles(ctl_t *ctl, const pupil_uuid_t *subject)
{
    int                 n, rc;
    char                id[PUPIL_UUID_TEXT_LEN + 1];
    json_t             *list, *entry;
    PGresult           *res;
    const char         *params[1];
    pupil_floors_t      floors;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");

    if (key == NULL || ctl_floors_read(ctl, subject, &floors) != 0) {
        return NULL;
    }

    params[0] = ctl_uuid_text(subject, id);

    res = ctl_query(ctl->data, roles_sql, 1, params);
    if (res == NULL) {
        return NULL;
    }

    rc = 0;
    list = json_array();

    for (n = 0; n < PQntuples(res) && rc == 0; n++) {
        entry = role_entry(ctl, res, n, key, floors.authority);

        if (entry != NULL) {
            json_array_append_new(list, entry);
        } else {
            rc = ctl_record_one(ctl, &show_access, "tampered", subject,
                                "row=role");
        }
    }

    PQclear(res);

    if (rc != 0) {
        json_decref(list);
        return NULL;
    }

    return list;
}


/* NULL: not authentic. */
static json_t *
role_entry(ctl_t *ctl, const PGresult *res, int n, const pupil_key_t *key,
    uint32_t floor)
{
    uint32_t     number;
    const char  *to;

    if (!role_authentic(ctl, res, n, key, &number)) {
        return NULL;
    }

    to = PQgetvalue(res, n, ROLE_TO);

    return json_pack("{s:s,s:s,s:s,s:s*,s:s,s:b}",
        "role", PQgetvalue(res, n, ROLE_ROLE),
        "institution", PQgetvalue(res, n, ROLE_INSTITUTION),
        "from", PQgetvalue(res, n, ROLE_FROM),
        "to", to[0] != '\0' ? to : NULL,
        "source", PQgetvalue(res, n, ROLE_SOURCE),
        "revoked", number < floor);
}


static int
role_authentic(ctl_t *ctl, const PGresult *res, int n, const pupil_key_t *key,
    uint32_t *number)
{
    uint8_t           made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t       mac;
    pupil_role_row_t  row;

    if (ctl_get_uuid(res, n, ROLE_SUBJECT, &row.subject) != 0
        || ctl_get_uuid(res, n, ROLE_INSTITUTION, &row.institution) != 0)
    {
        return 0;
    }

    row.tenant = ctl->tenant;
    row.role = ctl_get_str(res, n, ROLE_ROLE);
    row.valid_from = ctl_get_int(res, n, ROLE_FROM_DAYS, PUPIL_DATE_NONE);
    row.valid_to = ctl_get_int(res, n, ROLE_TO_DAYS, PUPIL_DATE_NONE);
    row.source = ctl_get_str(res, n, ROLE_SOURCE);

    mac.data = stored;
    ctl_get_bytes(res, n, ROLE_MAC, stored, sizeof(stored), &mac.len);

    row.number = pupil_mac_number(mac);
    pupil_mac_role(key, &row, made);

    *number = row.number;

    return pupil_mac_check(made, mac) == PUPIL_OK;
}


void
ctl_user_roles_print(const json_t *roles)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(roles, i, entry) {
        printf("  %-13s %s from %s%s\n",
               json_string_value(json_object_get(entry, "role")),
               json_string_value(json_object_get(entry, "institution")),
               json_string_value(json_object_get(entry, "from")),
               json_is_true(json_object_get(entry, "revoked")) ? ", revoked"
                                                               : "");
    }
}


int
ctl_cmd_user_list(ctl_t *ctl)
{
    int          rc;
    char         limit[16], today[16];
    PGresult    *res;
    const char  *params[4];

    if (ctl_limit_read(ctl, limit) != 0
        || ctl_id_check(ctl->opt.class_id, "--class") != 0)
    {
        return CTL_USAGE;
    }

    if (ctl_user_open(ctl) != 0) {
        return CTL_FAILED;
    }

    params[0] = ctl->opt.class_id;
    params[1] = ctl->opt.role;
    params[2] = limit;
    params[3] = today;

    snprintf(today, sizeof(today), "%d", (int) ctl->today);

    res = ctl_query(ctl->data, ctl->opt.class_id != NULL ? class_sql
                                                         : tenant_sql,
                    4, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    rc = CTL_FAILED;

    if (list_record(ctl, res) == 0 && ctl_commit(ctl->data) == 0) {
        ctl_list_print(ctl, res, "users", list_columns);
        rc = CTL_DONE;
    }

    PQclear(res);

    return rc;
}


/* Everybody in the list is on record, once. */
static int
list_record(ctl_t *ctl, const PGresult *res)
{
    int           n, rc, fresh;
    ctl_buf_t     ids;
    ctl_map_t     seen;
    pupil_uuid_t  id;

    ctl_buf_init(&ids);
    memset(&seen, 0, sizeof(ctl_map_t));

    ctl_array_begin(&ids);

    for (n = 0; n < PQntuples(res); n++) {
        ctl_map_put(&seen, ctl_get_str(res, n, 0), &fresh);

        if (fresh && ctl_get_uuid(res, n, 0, &id) == 0) {
            ctl_array_uuid(&ids, &id);
        }
    }

    ctl_array_end(&ids);

    rc = ctl_record(ctl, &show_access, "allowed", ids.data, NULL);

    ctl_map_free(&seen);
    ctl_buf_free(&ids);

    return rc;
}

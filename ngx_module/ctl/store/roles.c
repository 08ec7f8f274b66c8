/*
 * Copyright (C) the Pupil authors
 */

#include "core/vault/authentic.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/roles.h"


static json_t *role_entry(ctl_t *ctl, const PGresult *res, int n,
    const pupil_key_t *key, uint32_t floor);
static int role_authentic(ctl_t *ctl, const PGresult *res, int n,
    const pupil_key_t *key, uint32_t *number);


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


/*
 * A role that is not authentic is as if it were not there (I18), and said; one
 * below the floor is shown, and gives nothing.
 */
json_t *
ctl_roles(ctl_t *ctl, const ctl_access_t *access, const pupil_uuid_t *subject,
    size_t *doubted)
{
    size_t              left_out;
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
    left_out = 0;
    list = json_array();

    for (n = 0; n < PQntuples(res) && rc == 0; n++) {
        entry = role_entry(ctl, res, n, key, floors.authority);

        if (entry != NULL) {
            json_array_append_new(list, entry);
        } else {
            left_out++;
            rc = ctl_record_one(ctl, access, "tampered", subject,
                                "row=role");
        }
    }

    PQclear(res);

    if (rc != 0) {
        json_decref(list);
        return NULL;
    }

    if (doubted != NULL) {
        *doubted = left_out;
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
ctl_roles_print(const json_t *roles)
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

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
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/roles.h"
#include "ctl/store/subject.h"
#include "ctl/store/turn.h"
#include "ctl/store/whom.h"


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
ctl_user_credential(ctl_t *ctl, const ctl_access_t *access, const char *field,
    const char *note, ctl_owner_t *owner)
{
    pupil_uuid_t  subject;

    if (ctl_granted(ctl, "credential", field, PUPIL_PURPOSE_ADMINISTRATION,
                    PUPIL_OPERATION_WRITE, NULL)
        < 0)
    {
        return ctl_error("no plugin grants credential.%s to administration"
                         " through system", field);
    }

    return ctl_user_find(ctl, access, &subject) == 0
           && ctl_subject_owner(ctl, &subject, owner) == 0
           && ctl_record_one(ctl, access, "allowed", &subject, note) == 0
           ? 0 : -1;
}


int
ctl_user_index(ctl_t *ctl, const char *category, const char *field,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    char         hex[CTL_BYTEA_SIZE(PUPIL_TERM_LEN)];
    char         text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t      mac[PUPIL_MAC_LEN];
    const char  *params[6];

    if (ctl_index_mac(ctl, category, field, term, owner, owner, mac)
        != 0)
    {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = field;
    params[2] = ctl_bytea(term, PUPIL_TERM_LEN, hex);
    params[3] = ctl_uuid_text(owner, id);
    params[4] = ctl_bytea(mac, pupil_mac_len(mac), text);
    params[5] = category;

    return ctl_exec(ctl->data, "INSERT INTO pupil.blind_index (tenant,"
                    " category, field, term, owner, record, mac) VALUES"
                    " ($1::uuid, $6, $2, $3::bytea, $4::uuid, $4::uuid,"
                    " $5::bytea)", 6, params);
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

    roles = ctl_roles(ctl, &show_access, &whom.id, NULL);

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
    ctl_roles_print(roles);
    json_decref(roles);

    return CTL_DONE;
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

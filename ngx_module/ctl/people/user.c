/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user and audit: pseudonyms, roles and passwords.  A name is never
 * shown here; a log-in name is only ever looked for.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/base/ctl.h"
#include "core/endpoints/login.h"


#define PASSWORD_MIN  8                 /* bytes */

static const ctl_access_t  password_access = {
    "credential", "password_hash", PUPIL_PURPOSE_ADMINISTRATION,
    PUPIL_OPERATION_WRITE, "subjects"
};

static const ctl_access_t  show_access = {
    "enrolment", "school_id role from to", PUPIL_PURPOSE_ADMINISTRATION,
    PUPIL_OPERATION_READ, "subjects"
};

static const ctl_access_t  role_access = {
    "enrolment", "school_id role from to", PUPIL_PURPOSE_ADMINISTRATION,
    PUPIL_OPERATION_WRITE, "subjects"
};

static const ctl_access_t  audit_access = {
    "audit", "", PUPIL_PURPOSE_ACCOUNTABILITY, PUPIL_OPERATION_READ,
    "subjects"
};

static const char *const  roles[] = {
    "pupil", "teacher", "school_admin", "tenant_admin", "dpo", "support", NULL
};


/* The tenant's keys, the plugins, and a transaction. */
static int
user_open(ctl_t *ctl)
{
    return ctl_plugins_open(ctl) == 0 && ctl_keys_tenant(ctl) == 0
           && ctl_begin(ctl->data, &ctl->tenant) == 0 ? 0 : -1;
}


/* Finds LOGIN; an unknown one is on record as well. */
static int
user_find(ctl_t *ctl, const ctl_access_t *access, pupil_uuid_t *subject)
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


static int
line_read(char *line, size_t size, size_t *len)
{
    int  rc = 0;

    *len = 0;
    while (*len < size && read(STDIN_FILENO, line + *len, 1) == 1) {
        if (line[*len] == '\n') {
            break;
        }
        (*len)++;
    }
    if (*len == size) {
        rc = ctl_error("the password is longer than %d bytes",
                       PUPIL_INPUT_PASSWORD_MAX);
    }
    if (rc == 0 && *len != 0 && line[*len - 1] == '\r') {
        (*len)--;
    }

    return rc;
}


/* From standard input; without echo when that is a terminal. */
static int
password_read(char *line, size_t size, size_t *len)
{
    int             rc;
    struct termios  old, quiet;

    if (!isatty(STDIN_FILENO)) {
        rc = line_read(line, size, len);
    } else {
        fputs("Password: ", stderr);
        if (tcgetattr(STDIN_FILENO, &old) != 0) {
            return ctl_error("the terminal cannot be set");
        }
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t) ECHO;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
            return ctl_error("the terminal cannot be set");
        }
        rc = line_read(line, size, len);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }

    if (rc != 0) {
        return -1;
    }
    if (*len < PASSWORD_MIN) {
        return ctl_error("a password has at least %d bytes", PASSWORD_MIN);
    }

    return pupil_utf8_check((uint8_t *) line, *len, NULL) == PUPIL_OK
           && memchr(line, 0, *len) == NULL ? 0
           : ctl_error("the password is no UTF-8");
}


int
ctl_cmd_user_password(ctl_t *ctl)
{
    int                     rc = CTL_FAILED;
    char                   *line;
    size_t                  size = PUPIL_INPUT_PASSWORD_MAX + 1;
    uint8_t                 random[16];
    ctl_owner_t             owner;
    pupil_str_t             password;
    pupil_uuid_t            subject;
    pupil_password_cost_t   cost;

    if (ctl_password_cost(ctl, &cost) != 0) {
        return CTL_USAGE;
    }

    line = ctl_pool_alloc(&ctl->pool, size);
    memset(line, 0, size);
    password.data = (uint8_t *) line;
    password.len = 0;

    if (ctl->opt.generate) {
        randombytes_buf(random, sizeof(random));
    } else if (password_read(line, size, &password.len) != 0) {
        goto done;
    }
    if (ctl->opt.generate) {
        password.len = pupil_base64url_encode(random, sizeof(random),
                                              (uint8_t *) line);
        sodium_memzero(random, sizeof(random));
    }

    if (user_open(ctl) != 0) {
        goto done;
    }
    if (ctl_granted(ctl, "credential", "password_hash",
                    PUPIL_PURPOSE_ADMINISTRATION, PUPIL_OPERATION_WRITE, NULL)
        < 0)
    {
        ctl_error("no plugin grants credential.password_hash to"
                  " administration through system");
        goto done;
    }

    if (user_find(ctl, &password_access, &subject) == 0
        && ctl_subject_owner(ctl, &subject, &owner) == 0
        && ctl_password_store(ctl, &owner, password) == 0
        && ctl_sessions_end(ctl, &subject) == 0
        && ctl_record_one(ctl, &password_access, "allowed", &subject, NULL)
           == 0
        && ctl_commit(ctl->data) == 0)
    {
        rc = CTL_DONE;
        if (ctl->opt.generate) {
            printf("%s\n", line);
        }
    }

done:

    sodium_memzero(line, size);

    return rc;
}


static const char *const  role_sql =
    "SELECT r.subject, r.institution, r.role, r.valid_from,"
    " coalesce(r.valid_to::text, ''), r.valid_from - DATE '1970-01-01',"
    " r.valid_to - DATE '1970-01-01', r.source, r.mac FROM pupil.role r"
    " WHERE r.subject = $1::uuid ORDER BY r.role, r.institution";


/* A role row, or NULL when it is not authentic: then as if it were not. */
static json_t *
role_entry(ctl_t *ctl, const PGresult *res, int n, const pupil_key_t *key)
{
    uint8_t           made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t       s = { stored, 0 };
    pupil_role_row_t  row;

    row.tenant = ctl->tenant;
    ctl_get_uuid(res, n, 0, &row.subject);
    ctl_get_uuid(res, n, 1, &row.institution);
    row.role = ctl_get_str(res, n, 2);
    row.valid_from = ctl_get_int(res, n, 5, PUPIL_DATE_NONE);
    row.valid_to = ctl_get_int(res, n, 6, PUPIL_DATE_NONE);
    row.source = ctl_get_str(res, n, 7);
    pupil_mac_role(key, &row, made);
    ctl_get_bytes(res, n, 8, stored, sizeof(stored), &s.len);
    if (pupil_mac_check(made, s) != PUPIL_OK) {
        return NULL;
    }

    return json_pack("{s:s,s:s,s:s,s:s*,s:s}", "role", PQgetvalue(res, n, 2),
                     "institution", PQgetvalue(res, n, 1), "from",
                     PQgetvalue(res, n, 3), "to",
                     PQgetvalue(res, n, 4)[0] != '\0' ? PQgetvalue(res, n, 4)
                                                      : NULL,
                     "source", PQgetvalue(res, n, 7));
}


static json_t *
subject_roles(ctl_t *ctl, const char *id, const pupil_uuid_t *subject)
{
    int                 n;
    json_t             *list, *entry;
    PGresult           *res;
    const char         *params[1];
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    params[0] = id;
    res = key == NULL ? NULL : ctl_query(ctl->data, role_sql, 1, params);
    if (res == NULL) {
        return NULL;
    }

    list = json_array();
    for (n = 0; n < PQntuples(res); n++) {
        entry = role_entry(ctl, res, n, key);
        if (entry != NULL) {
            json_array_append_new(list, entry);
        } else if (ctl_record_one(ctl, &show_access, "tampered", subject,
                                  "row=role") != 0)
        {
            PQclear(res);
            json_decref(list);
            return NULL;
        }
    }
    PQclear(res);

    return list;
}


int
ctl_cmd_user_show(ctl_t *ctl)
{
    char           id[PUPIL_UUID_TEXT_LEN + 1], *status;
    size_t         i;
    json_t        *list, *entry;
    PGresult      *res;
    const char    *params[1];
    pupil_uuid_t   subject;

    if (user_open(ctl) != 0 || user_find(ctl, &show_access, &subject) != 0) {
        return CTL_FAILED;
    }

    params[0] = ctl_uuid_text(&subject, id);
    res = ctl_query(ctl->data, "SELECT status FROM pupil.subject WHERE"
                    " subject = $1::uuid", 1, params);
    if (res == NULL) {
        return CTL_FAILED;
    }
    status = ctl_pool_text(&ctl->pool, PQntuples(res) == 1
                           ? PQgetvalue(res, 0, 0) : "",
                           PQntuples(res) == 1
                           ? (size_t) PQgetlength(res, 0, 0) : 0);
    PQclear(res);

    list = subject_roles(ctl, id, &subject);
    if (list == NULL
        || ctl_record_one(ctl, &show_access, "allowed", &subject, NULL) != 0
        || ctl_commit(ctl->data) != 0)
    {
        json_decref(list);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:o}", "id", id, "status", status,
                                 "roles", list));
        return CTL_DONE;
    }

    printf("%s %s\n", id, status);
    json_array_foreach(list, i, entry) {
        printf("  %-13s %s from %s\n",
               json_string_value(json_object_get(entry, "role")),
               json_string_value(json_object_get(entry, "institution")),
               json_string_value(json_object_get(entry, "from")));
    }
    json_decref(list);

    return CTL_DONE;
}


/* Everybody in the list is on record. */
static int
list_record(ctl_t *ctl, const PGresult *res, const ctl_access_t *access)
{
    int           n, rc, fresh;
    ctl_buf_t     ids = { NULL, 0, 0 };
    ctl_map_t     seen = { NULL, 0, 0 };
    pupil_str_t   s;
    pupil_uuid_t  id;

    ctl_array_begin(&ids);
    for (n = 0; n < PQntuples(res); n++) {
        s = ctl_get_str(res, n, 0);
        ctl_map_put(&seen, s, &fresh);
        if (fresh && ctl_get_uuid(res, n, 0, &id) == 0) {
            ctl_array_uuid(&ids, &id);
        }
    }
    ctl_array_end(&ids);
    ctl_map_free(&seen);
    rc = ctl_record(ctl, access, "allowed", ids.data, NULL);
    ctl_buf_free(&ids);

    return rc == 0 ? ctl_commit(ctl->data) : -1;
}


int
ctl_cmd_user_list(ctl_t *ctl)
{
    int          rc = CTL_FAILED;
    char         limit[16];
    PGresult    *res;
    const char  *params[3];
    static const char *const  columns[] = {
        "id", "role", "institution", NULL
    };

    if (ctl_limit_read(ctl, limit) != 0
        || ctl_id_check(ctl->opt.class_id, "--class") != 0)
    {
        return CTL_USAGE;
    }

    if (user_open(ctl) != 0) {
        return CTL_FAILED;
    }

    params[0] = ctl->opt.class_id;
    params[1] = ctl->opt.role;
    params[2] = limit;
    res = ctl_query(ctl->data, ctl->opt.class_id != NULL
        ? "SELECT subject, role, institution FROM pupil.enrolment WHERE class"
          " = $1::uuid AND role = coalesce($2, role) AND valid_from <="
          " current_date AND coalesce(valid_to, current_date) >= current_date"
          " ORDER BY role, subject LIMIT $3::integer"
        : "SELECT subject, role, institution FROM pupil.role WHERE $1::uuid"
          " IS NULL AND role = coalesce($2, role) AND valid_from <="
          " current_date AND coalesce(valid_to, current_date) >= current_date"
          " ORDER BY role, subject LIMIT $3::integer", 3, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    if (list_record(ctl, res, &show_access) == 0) {
        ctl_list_print(ctl, res, "users", columns);
        rc = CTL_DONE;
    }
    PQclear(res);

    return rc;
}


/* ROLE and --institution of the line. */
static int
role_words(ctl_t *ctl, pupil_role_row_t *row)
{
    int                 whole;
    const char         *role = ctl->args[1];
    const char *const  *known;

    for (known = roles; *known != NULL && strcmp(*known, role) != 0; known++)
    { /* void */ }
    if (*known == NULL) {
        return ctl_error("roles are pupil, teacher, school_admin,"
                         " tenant_admin, dpo and support");
    }

    whole = strcmp(role, "tenant_admin") == 0 || strcmp(role, "dpo") == 0
            || strcmp(role, "support") == 0;
    if (whole != (ctl->opt.institution == NULL)) {
        return ctl_error(whole ? "%s is a role of the whole tenant, without"
                                 " --institution"
                               : "%s needs --institution", role);
    }

    memset(&row->institution, 0, sizeof(pupil_uuid_t));
    row->role = ctl_str(role);

    return whole || ctl_uuid_parse(ctl->opt.institution, &row->institution)
                    == 0 ? 0
           : ctl_error("--institution is no lower-case UUID");
}


static int
role_store(ctl_t *ctl, pupil_role_row_t *row, int add)
{
    int                 rc;
    char                id[PUPIL_UUID_TEXT_LEN + 1];
    char                place[PUPIL_UUID_TEXT_LEN + 1];
    char                mac_text[2 * PUPIL_MAC_LEN + 3];
    uint8_t             mac[PUPIL_MAC_LEN];
    PGresult           *res;
    char                today[16];
    const char         *params[6];
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row->tenant = ctl->tenant;
    row->source = ctl_str("operator");
    row->valid_from = ctl_today();
    row->valid_to = PUPIL_DATE_NONE;
    pupil_mac_role(key, row, mac);
    memcpy(mac_text, "\\x", 2);
    pupil_hex_encode(mac, sizeof(mac), (uint8_t *) mac_text + 2);
    mac_text[sizeof(mac_text) - 1] = '\0';

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&row->subject, id);
    params[2] = ctl_uuid_text(&row->institution, place);
    params[3] = (const char *) row->role.data;
    params[4] = mac_text;
    snprintf(today, sizeof(today), "%d", (int) row->valid_from);
    params[5] = today;

    if (add && ctl->opt.institution != NULL) {
        res = ctl_query(ctl->data, "SELECT 1 FROM pupil.institution WHERE"
                        " institution = $1::uuid", 1, &params[2]);
        rc = res == NULL ? -1 : PQntuples(res);
        PQclear(res);
        if (rc != 1) {
            return rc < 0 ? -1 : ctl_error("the tenant has no such"
                                           " institution");
        }
    }

    if (add) {
        return ctl_exec(ctl->data, "INSERT INTO pupil.role (tenant, subject,"
                        " institution, role, valid_from, source, mac) VALUES"
                        " ($1::uuid, $2::uuid, $3::uuid, $4, DATE '1970-01-01'"
                        " + $6::integer, 'operator', $5::bytea) ON"
                        " CONFLICT (tenant, subject, institution, role) DO"
                        " UPDATE SET valid_from = EXCLUDED.valid_from,"
                        " valid_to = NULL, source = EXCLUDED.source, mac ="
                        " EXCLUDED.mac", 6, params);
    }

    res = ctl_query(ctl->data, "DELETE FROM pupil.role WHERE tenant ="
                    " $1::uuid AND subject = $2::uuid AND institution ="
                    " $3::uuid AND role = $4", 4, params);
    rc = res == NULL ? -1 : strcmp(PQcmdTuples(res), "1") == 0 ? 0
         : ctl_error("this person has no such role there");
    PQclear(res);

    return rc;
}


static int
role_change(ctl_t *ctl, int add)
{
    pupil_role_row_t  row;

    if (role_words(ctl, &row) != 0) {
        return CTL_USAGE;
    }

    if (user_open(ctl) != 0
        || user_find(ctl, &role_access, &row.subject) != 0
        || role_store(ctl, &row, add) != 0
        || ctl_record_one(ctl, &role_access, "allowed", &row.subject,
                          add ? "role=add" : "role=remove") != 0
        || ctl_commit(ctl->data) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "status", add ? "added"
                                                        : "removed"));
    }

    return CTL_DONE;
}


int
ctl_cmd_user_role_add(ctl_t *ctl)
{
    return role_change(ctl, 1);
}


int
ctl_cmd_user_role_remove(ctl_t *ctl)
{
    return role_change(ctl, 0);
}


int
ctl_cmd_audit_list(ctl_t *ctl)
{
    int            rc = CTL_FAILED;
    char           limit[16];
    PGresult      *res;
    const char    *params[4];
    pupil_time_t   since;
    pupil_uuid_t   subject;
    static const char *const  columns[] = {
        "at", "actor", "role", "institution", "category", "fields",
        "purpose", "relation", "operation", "outcome", "subjects", "network",
        "request", "note", NULL
    };

    if (ctl_limit_read(ctl, limit) != 0
        || ctl_id_check(ctl->opt.subject, "--subject") != 0
        || ctl_id_check(ctl->opt.actor, "--actor") != 0)
    {
        return CTL_USAGE;
    }

    if (ctl->opt.since != NULL
        && pupil_time_parse((const uint8_t *) ctl->opt.since,
                            strlen(ctl->opt.since), &since) != PUPIL_OK)
    {
        ctl_error("--since is a time such as 2026-11-21T08:00:00Z");
        return CTL_USAGE;
    }

    /* no key is needed: the audit holds no value */
    if (ctl_plugins_open(ctl) != 0 || ctl_open_tenant(ctl) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return CTL_FAILED;
    }

    params[0] = ctl->opt.subject;
    params[1] = ctl->opt.actor;
    params[2] = ctl->opt.since;
    params[3] = limit;
    res = ctl_query(ctl->data, "SELECT to_char(at, 'YYYY-MM-DD\"T\""
                    "HH24:MI:SS.US\"Z\"'), actor, role, institution,"
                    " category, array_to_string(fields, ' '), purpose,"
                    " relation, operation, outcome,"
                    " array_to_string(subjects, ' '), network, request, note"
                    " FROM pupil.audit_event WHERE ($1::uuid IS NULL OR"
                    " $1::uuid = ANY (subjects)) AND ($2::uuid IS NULL OR"
                    " actor = $2::uuid) AND ($3::timestamptz IS NULL OR at >="
                    " $3::timestamptz) ORDER BY at DESC, request LIMIT"
                    " $4::integer", 4, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    if (ctl->opt.subject != NULL) {
        ctl_uuid_parse(ctl->opt.subject, &subject);
    }
    if (ctl_record_one(ctl, &audit_access, "allowed",
                       ctl->opt.subject != NULL ? &subject : NULL, NULL) == 0
        && ctl_commit(ctl->data) == 0)
    {
        ctl_list_print(ctl, res, "events", columns);
        rc = CTL_DONE;
    }
    PQclear(res);

    return rc;
}

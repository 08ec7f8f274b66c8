/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user role: roles that the operator gives and ends.
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/people/role.h"
#include "ctl/people/trial.h"
#include "ctl/people/user.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/numbers.h"
#include "ctl/store/revoked.h"
#include "ctl/store/subject.h"


typedef struct {
    const char  *name;
    int          whole;         /* of the whole tenant, not of a school */
} role_t;

typedef struct {
    const char  *status;        /* in the answer */
    int        (*change)(ctl_t *ctl, pupil_role_row_t *row);
} change_t;


static int role_change(ctl_t *ctl, const change_t *change);
static const role_t *role_find(const char *name);
static int role_add(ctl_t *ctl, pupil_role_row_t *row);
static int role_remove(ctl_t *ctl, pupil_role_row_t *row);
static int role_one(ctl_t *ctl, const pupil_role_row_t *row, const char *sql);
static int role_rows(ctl_t *ctl, const pupil_role_row_t *row,
    const char *sql);
static int role_revoke(ctl_t *ctl, const pupil_role_row_t *row);
static int same_place(const pupil_role_row_t *one,
    const pupil_role_row_t *other);


/* $1: tenant, $2: subject, $3: institution, $4: role. */
#define ROLE_IS                                                               \
    " FROM pupil.role WHERE tenant = $1::uuid AND subject = $2::uuid"         \
    " AND institution = $3::uuid AND role = $4"


const ctl_access_t  ctl_role_access = {
    .category = "enrolment",
    .fields = "school_id role from to",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const role_t  roles[] = {
    { .name = "pupil", .whole = 0 },
    { .name = "teacher", .whole = 0 },
    { .name = "school_admin", .whole = 0 },
    { .name = "tenant_admin", .whole = 1 },
    { .name = "dpo", .whole = 1 },
    { .name = "support", .whole = 1 },
    { .name = NULL }
};


int
ctl_cmd_user_role_add(ctl_t *ctl)
{
    static const change_t  add = {
        .status = "added",
        .change = role_add
    };

    return role_change(ctl, &add);
}


int
ctl_cmd_user_role_remove(ctl_t *ctl)
{
    static const change_t  remove = {
        .status = "removed",
        .change = role_remove
    };

    return role_change(ctl, &remove);
}


static int
role_change(ctl_t *ctl, const change_t *change)
{
    char              id[PUPIL_UUID_TEXT_LEN + 1];
    pupil_role_row_t  row;

    if (ctl_role_words(ctl, &row) != 0) {
        return CTL_USAGE;
    }

    if (ctl_user_write(ctl) != 0
        || ctl_user_find(ctl, &ctl_role_access, &row.subject) != 0
        || change->change(ctl, &row) != 0
        || ctl_commit(ctl->data) != 0
        || ctl_revoke_finish(ctl, &row.subject) != 0)
    {
        return CTL_FAILED;
    }

    ctl_uuid_text(&row.subject, id);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:s}", "id", id, "role",
                                 ctl->args[1], "status", change->status));
    } else {
        printf("%s %s %s\n", id, ctl->args[1], change->status);
    }

    return CTL_DONE;
}


/* ROLE and --institution of the line. */
int
ctl_role_words(ctl_t *ctl, pupil_role_row_t *row)
{
    const char    *name, *institution;
    const role_t  *role;

    name = ctl->args[1];
    institution = ctl->opt.institution;

    role = role_find(name);
    if (role == NULL) {
        return ctl_error("roles are pupil, teacher, school_admin,"
                         " tenant_admin, dpo and support");
    }

    row->role = ctl_str(name);
    memset(&row->institution, 0, sizeof(pupil_uuid_t));

    if (role->whole && institution != NULL) {
        return ctl_error("%s is a role of the whole tenant, without"
                         " --institution", name);
    }

    if (role->whole) {
        return 0;
    }

    if (institution == NULL) {
        return ctl_error("%s needs --institution", name);
    }

    if (ctl_uuid_parse(institution, &row->institution) != 0) {
        return ctl_error("--institution is no lower-case UUID");
    }

    return 0;
}


static const role_t *
role_find(const char *name)
{
    const role_t  *role;

    for (role = roles; role->name != NULL; role++) {
        if (strcmp(role->name, name) == 0) {
            return role;
        }
    }

    return NULL;
}


/*
 * The record is committed before the role is signed, and whoever keeps what was
 * signed has it on record (invariant I19).  Whoever is given one is on trial no
 * more: when that ends, nothing that somebody deletes or puts back in the data
 * database closes the account (invariant I18).
 */
static int
role_add(ctl_t *ctl, pupil_role_row_t *row)
{
    int               stands, trial;
    size_t            count;
    pupil_floors_t    floors;
    pupil_role_row_t  rows[2];

    if (ctl_role_institution(ctl, row) != 0
        || ctl_role_record(ctl, row, "role=add") != 0
        || ctl_revoke_begin(ctl, &row->subject) != 0
        || ctl_floors_read(ctl, &row->subject, &floors) != 0)
    {
        return -1;
    }

    ctl_role_today(ctl, row);

    rows[1].subject = row->subject;
    stands = role_rows(ctl, row, "SELECT" ROLE_IS);
    trial = ctl_trial_role(ctl, &rows[1]);

    if (stands < 0 || trial < 0) {
        return -1;
    }

    if (!stands && !trial) {
        return ctl_role_write(ctl, row, floors.authority);
    }

    rows[0] = *row;
    rows[1].source = row->source;
    count = trial && !same_place(&rows[0], &rows[1]) ? 2 : 1;

    return ctl_roles_replace(ctl, rows, count) == 0
           ? ctl_trial_delete(ctl, &row->subject) : -1;
}


static int
same_place(const pupil_role_row_t *one, const pupil_role_row_t *other)
{
    return pupil_uuid_compare(&one->institution, &other->institution) == 0
           && one->role.len == other->role.len
           && memcmp(one->role.data, other->role.data, one->role.len) == 0;
}


int
ctl_roles_replace(ctl_t *ctl, pupil_role_row_t *rows, size_t count)
{
    size_t              i;
    uint8_t             mac[PUPIL_MAC_LEN];
    ctl_row_t           left;
    pupil_floors_t      floors;
    ctl_authority_t     whom = { .subject = rows->subject };
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");

    if (key == NULL || ctl_floors_read(ctl, &rows->subject, &floors) != 0) {
        return -1;
    }

    whom.floor = floors.authority;

    if (ctl_numbers_take(ctl, &whom, 1) != 0) {
        return -1;
    }

    for (i = 0; i < count; i++) {

        if (ctl_role_write(ctl, &rows[i], whom.floor) != 0) {
            return -1;
        }

        rows[i].number = whom.number;
        pupil_mac_role(key, &rows[i], mac);

        memset(&left, 0, sizeof(ctl_row_t));
        left.table = CTL_ROW_ROLE;
        left.subject = rows[i].subject;
        left.where = rows[i].institution;
        left.role = rows[i].role;
        ctl_revoked(ctl, &left, mac);
    }

    return ctl_revoke_authority(ctl, &whom, 1);
}


void
ctl_role_today(const ctl_t *ctl, pupil_role_row_t *row)
{
    row->source = ctl_str("operator");
    row->valid_from = ctl->today;
    row->valid_to = PUPIL_DATE_NONE;
}


int
ctl_role_record(ctl_t *ctl, const pupil_role_row_t *row, const char *what)
{
    int        rc;
    char       institution[PUPIL_UUID_TEXT_LEN + 1];
    ctl_buf_t  detail;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "%s as=%s", what, (const char *) row->role.data);

    if (!pupil_uuid_is_zero(&row->institution)) {
        ctl_buf_printf(&detail, " institution=%s",
                       ctl_uuid_text(&row->institution, institution));
    }

    rc = ctl_record_one(ctl, &ctl_role_access, "allowed", &row->subject,
                        detail.data);
    ctl_buf_free(&detail);

    return rc;
}


int
ctl_role_write(ctl_t *ctl, pupil_role_row_t *row, uint32_t floor)
{
    char                from[16], to[16];
    char                subject[PUPIL_UUID_TEXT_LEN + 1];
    char                institution[PUPIL_UUID_TEXT_LEN + 1];
    char                text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t             mac[PUPIL_MAC_LEN];
    const char         *params[8];
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row->tenant = ctl->tenant;
    row->number = floor;
    pupil_mac_role(key, row, mac);

    snprintf(from, sizeof(from), "%d", (int) row->valid_from);
    snprintf(to, sizeof(to), "%d", (int) row->valid_to);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&row->subject, subject);
    params[2] = ctl_uuid_text(&row->institution, institution);
    params[3] = (const char *) row->role.data;
    params[4] = ctl_bytea(mac, pupil_mac_len(mac), text);
    params[5] = from;
    params[6] = row->valid_to == PUPIL_DATE_NONE ? NULL : to;
    params[7] = (const char *) row->source.data;

    return ctl_exec(ctl->data, "INSERT INTO pupil.role (tenant, subject,"
                    " institution, role, valid_from, valid_to, source, mac)"
                    " VALUES ($1::uuid, $2::uuid, $3::uuid, $4, DATE"
                    " '1970-01-01' + $6::integer, DATE '1970-01-01' +"
                    " $7::integer, $8, $5::bytea) ON CONFLICT (tenant,"
                    " subject, institution, role) DO UPDATE SET valid_from ="
                    " EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to,"
                    " source = EXCLUDED.source, mac = EXCLUDED.mac", 8,
                    params);
}


int
ctl_role_institution(ctl_t *ctl, const pupil_role_row_t *row)
{
    int          found;
    char         institution[PUPIL_UUID_TEXT_LEN + 1];
    PGresult    *res;
    const char  *params[1];

    if (pupil_uuid_is_zero(&row->institution)) {
        return 0;
    }

    params[0] = ctl_uuid_text(&row->institution, institution);

    res = ctl_query(ctl->data, "SELECT 1 FROM pupil.institution WHERE"
                    " institution = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    found = PQntuples(res) == 1;
    PQclear(res);

    return found ? 0 : ctl_error("the tenant has no such institution");
}


/* On record before the others are signed under another number. */
static int
role_remove(ctl_t *ctl, pupil_role_row_t *row)
{
    if (role_one(ctl, row, "SELECT" ROLE_IS) != 0
        || ctl_role_record(ctl, row, "role=remove") != 0
        || ctl_revoke_begin(ctl, &row->subject) != 0
        || role_one(ctl, row, "DELETE" ROLE_IS) != 0)
    {
        return -1;
    }

    return role_revoke(ctl, row);
}


/* -1 unless it is one row that the statement finds. */
static int
role_one(ctl_t *ctl, const pupil_role_row_t *row, const char *sql)
{
    int  rows;

    rows = role_rows(ctl, row, sql);

    return rows == 1 ? 0 : rows < 0 ? -1
           : ctl_error("this person has no such role there");
}


/* How many the statement finds, none or one, or -1. */
static int
role_rows(ctl_t *ctl, const pupil_role_row_t *row, const char *sql)
{
    int          rows;
    char         subject[PUPIL_UUID_TEXT_LEN + 1];
    char         institution[PUPIL_UUID_TEXT_LEN + 1];
    PGresult    *res;
    const char  *params[4];

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&row->subject, subject);
    params[2] = ctl_uuid_text(&row->institution, institution);
    params[3] = (const char *) row->role.data;

    res = ctl_query(ctl->data, sql, 4, params);
    if (res == NULL) {
        return -1;
    }

    rows = strcmp(PQcmdTuples(res), "1") == 0;
    PQclear(res);

    return rows;
}


/*
 * The others are written under another number in the same transaction, so that
 * nobody can put this one among them.
 */
static int
role_revoke(ctl_t *ctl, const pupil_role_row_t *row)
{
    ctl_row_t        gone;
    pupil_floors_t   floors;
    ctl_authority_t  whom = { .subject = row->subject };

    gone.table = CTL_ROW_ROLE;
    gone.subject = row->subject;
    gone.where = row->institution;
    gone.role = row->role;
    ctl_revoked(ctl, &gone, NULL);

    if (ctl_floors_read(ctl, &row->subject, &floors) != 0) {
        return -1;
    }

    whom.floor = floors.authority;

    return ctl_numbers_take(ctl, &whom, 1) == 0
           ? ctl_revoke_authority(ctl, &whom, 1) : -1;
}

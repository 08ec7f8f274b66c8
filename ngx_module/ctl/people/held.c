/*
 * Copyright (C) the Pupil authors
 *
 * What is held of a person, counted and dated, and never a value.  Categories
 * are those that are installed in the database, whether or not their plugins
 * are here: so nothing that is held is left out.
 */

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/people/held.h"
#include "ctl/store/hold.h"
#include "ctl/store/roles.h"
#include "ctl/store/whom.h"


static json_t *held_read(ctl_t *ctl, const ctl_whom_t *whom);
static int category_read(ctl_t *ctl, const ctl_whom_t *whom,
    const char *category, json_t *held);
static void held_print(const ctl_whom_t *whom, const char *hold,
    const json_t *roles, const json_t *held);


static const ctl_access_t  held_access = {
    .category = "enrolment",
    .fields = "school_id role from to",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};


int
ctl_cmd_subject_show(ctl_t *ctl)
{
    json_t      *roles, *held;
    ctl_whom_t   whom;
    const char  *hold;

    if (ctl_whom_words(ctl, &whom) != 0) {
        return CTL_USAGE;
    }

    if (ctl_whom_find(ctl, &held_access, &whom) != 0) {
        return CTL_FAILED;
    }

    roles = ctl_roles(ctl, &held_access, &whom.id, NULL);
    held = held_read(ctl, &whom);

    if (roles == NULL || held == NULL
        || ctl_hold_read(ctl, whom.text, &hold) != 0
        || ctl_record_one(ctl, &held_access, "allowed", &whom.id,
                          "subject=show") != 0
        || ctl_commit(ctl->data) != 0)
    {
        json_decref(roles);
        json_decref(held);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:s,s:b,s:s*,s:o,s:o}",
            "id", whom.text, "state", ctl_state_name(ctl_whom_state(&whom)),
            "status", whom.status, "revoked", whom.revoked, "hold", hold,
            "roles", roles, "categories", held));
        return CTL_DONE;
    }

    held_print(&whom, hold, roles, held);
    json_decref(roles);
    json_decref(held);

    return CTL_DONE;
}


/* {category: {records, from, to}}; NULL with the error said. */
static json_t *
held_read(ctl_t *ctl, const ctl_whom_t *whom)
{
    int        rc, row;
    json_t    *held;
    PGresult  *res;

    res = ctl_query(ctl->data, "SELECT category FROM pupil.plugin WHERE"
                    " to_regclass(format('data.%I', category)) IS NOT NULL"
                    " ORDER BY category", 0, NULL);
    if (res == NULL) {
        return NULL;
    }

    rc = 0;
    held = json_object();

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = category_read(ctl, whom, PQgetvalue(res, row, 0), held);
    }

    PQclear(res);

    if (rc != 0) {
        json_decref(held);
        return NULL;
    }

    return held;
}


#define STAMP(when)                                                           \
    "to_char(" when "(updated_at) AT TIME ZONE 'UTC',"                        \
    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static int
category_read(ctl_t *ctl, const ctl_whom_t *whom, const char *category,
    json_t *held)
{
    json_t      *entry;
    PGresult    *res;
    ctl_buf_t    sql;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = whom->text;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "SELECT count(*), " STAMP("min") ", " STAMP("max")
                   " FROM data.\"%s\" WHERE tenant = $1::uuid AND owner ="
                   " $2::uuid", category);

    res = ctl_query_one(ctl->data, sql.data, 2, params);
    ctl_buf_free(&sql);

    if (res == NULL) {
        return -1;
    }

    entry = json_pack("{s:i}", "records", (int) ctl_get_int(res, 0, 0, 0));

    if (!PQgetisnull(res, 0, 1)) {
        json_object_set_new(entry, "from", json_string(PQgetvalue(res, 0, 1)));
        json_object_set_new(entry, "to", json_string(PQgetvalue(res, 0, 2)));
    }

    json_object_set_new(held, category, entry);
    PQclear(res);

    return 0;
}


static void
held_print(const ctl_whom_t *whom, const char *hold, const json_t *roles,
    const json_t *held)
{
    json_t      *entry;
    const char  *category, *from;

    printf("%s %s %s%s\n", whom->text, ctl_state_name(ctl_whom_state(whom)),
           whom->status, whom->revoked ? ", revoked" : "");

    if (hold != NULL) {
        printf("  held: %s\n", hold);
    }

    ctl_roles_print(roles);

    json_object_foreach((json_t *) held, category, entry) {
        from = json_string_value(json_object_get(entry, "from"));

        printf("  %-13s %lld%s%s%s%s\n", category,
               (long long) json_integer_value(json_object_get(entry,
                                                              "records")),
               from != NULL ? " from " : "", from != NULL ? from : "",
               from != NULL ? " to " : "", from != NULL
               ? json_string_value(json_object_get(entry, "to")) : "");
    }
}

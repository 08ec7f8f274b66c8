/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/retention/audit_months.h"
#include "ctl/retention/kept.h"
#include "ctl/retention/leavers.h"
#include "ctl/retention/period.h"
#include "ctl/retention/retention.h"
#include "ctl/retention/upcoming.h"
#include "ctl/store/hold.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/zone.h"


/* What is known of a tenant. */
typedef struct {
    ctl_kept_t   kept;
    json_t      *periods, *list;
} upcoming_t;

/* Statements of the tenant $1, the category $2 and, of three, the reference $3;
 * NULL: none. */
typedef struct {
    const char  *word;          /* on record */
    const char  *says;          /* in the answer */
    int          holds;
    int          data_params, keys_params;
    const char  *data, *keys;
} decision_t;


static int category_look(ctl_t *ctl, pupil_category_t *category, void *data);
static int people_look(ctl_t *ctl, upcoming_t *u);
static int holds_look(ctl_t *ctl, upcoming_t *u);
static int audit_look(ctl_t *ctl, upcoming_t *u);
static void look_add(upcoming_t *u, const char *name, int64_t records,
    int64_t owners, uint32_t days);
static void look_print(const ctl_t *ctl, const upcoming_t *u);
static int decide(ctl_t *ctl, const decision_t *decision);
static int decision_check(ctl_t *ctl, const char *category);
static int decision_data(ctl_t *ctl, const decision_t *decision);
static int decision_keys(ctl_t *ctl, const decision_t *decision);
static int decision_exec(ctl_t *ctl, PGconn *conn, const char *sql, int count);
static int decision_record(ctl_t *ctl, const decision_t *decision);


#define HOLD(schema)                                                          \
    "INSERT INTO " schema ".retention_hold (tenant, category, reference)"     \
    " VALUES ($1::uuid, $2, $3) ON CONFLICT (tenant, category) DO UPDATE"     \
    " SET reference = EXCLUDED.reference"

#define RELEASE(schema)                                                       \
    "DELETE FROM " schema ".retention_hold WHERE tenant = $1::uuid AND"       \
    " category = $2"

static const decision_t  decision_held = {
    .word = "held",
    .says = "held",
    .holds = 1,
    .data_params = 3,
    .keys_params = 3,
    .data = HOLD("pupil"),
    .keys = HOLD("keystore")
};

static const decision_t  decision_confirmed = {
    .word = "confirmed",
    .says = "confirmed",
    .data_params = 2,
    .keys_params = 3,
    .data = RELEASE("pupil"),
    .keys = "WITH held AS (" RELEASE("keystore") ") UPDATE"
            " keystore.retention_confirm SET confirmed_at = now(),"
            " confirmation = $3 WHERE tenant = $1::uuid AND category = $2"
};

static const decision_t  decision_asked = {
    .word = "asked",
    .says = "to be confirmed",
    .holds = 1,
    .keys_params = 3,
    .keys = "INSERT INTO keystore.retention_confirm (tenant, category,"
            " reference) VALUES ($1::uuid, $2, $3) ON CONFLICT (tenant,"
            " category) DO UPDATE SET reference = EXCLUDED.reference,"
            " asked_at = now()"
};

static const decision_t  decision_unasked = {
    .word = "unasked",
    .says = "not to be confirmed",
    .keys_params = 2,
    .keys = "DELETE FROM keystore.retention_confirm WHERE tenant = $1::uuid"
            " AND category = $2"
};


int
ctl_cmd_retention_upcoming(ctl_t *ctl)
{
    int         rc;
    upcoming_t  u = { .list = json_array() };

    rc = ctl_plugins_open(ctl) == 0 && ctl_keys_tenant(ctl) == 0
         && ctl_zone_tell(ctl) == 0 && ctl_kept_read(ctl, &u.kept) == 0
         && ctl_periods_read(ctl, &u.periods) == 0
         && ctl_retention_each(ctl, category_look, &u) == 0
         && people_look(ctl, &u) == 0
         && holds_look(ctl, &u) == 0 && audit_look(ctl, &u) == 0
         ? CTL_DONE : CTL_FAILED;

    if (rc == CTL_DONE) {
        look_print(ctl, &u);
    }

    json_decref(u.list);
    json_decref(u.periods);
    ctl_kept_free(&u.kept);

    return rc;
}


static int
category_look(ctl_t *ctl, pupil_category_t *category, void *data)
{
    char                   text[16], ahead[16];
    uint32_t               days;
    PGresult              *res;
    upcoming_t            *u = data;
    const char            *params[5];
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;
    days = ctl_period_days(u->periods, plugin);

    snprintf(text, sizeof(text), "%u", (unsigned) days);
    snprintf(ahead, sizeof(ahead), "%d", CTL_RETENTION_AHEAD);

    params[0] = plugin->name;
    params[1] = ctl_retention_event(plugin);
    params[2] = text;
    params[3] = u->kept.people;
    params[4] = ahead;

    res = ctl_ask_one(ctl, ctl->data, "SELECT records, owners FROM"
                      " pupil.upcoming($1, $2, $3::integer, $4::uuid[],"
                      " $5::integer)", 5, params);
    if (res == NULL) {
        return -1;
    }

    look_add(u, plugin->name, strtoll(PQgetvalue(res, 0, 0), NULL, 10),
             strtoll(PQgetvalue(res, 0, 1), NULL, 10), days);
    PQclear(res);

    return 0;
}


/* Whose time is over within these days. */
static int
people_look(ctl_t *ctl, upcoming_t *u)
{
    int64_t  people;

    if (ctl_leavers_ahead(ctl, u->kept.people, u->periods, CTL_RETENTION_AHEAD,
                          &people)
        != 0)
    {
        return -1;
    }

    look_add(u, "people", people, people,
             ctl_period_longest(ctl, u->periods));

    return 0;
}


static int
holds_look(ctl_t *ctl, upcoming_t *u)
{
    int        days, count;
    PGresult  *res;

    days = (int) ctl_period_own(u->periods, CTL_PERIOD_LEGAL);

    res = ctl_hold_over(ctl, days - CTL_RETENTION_AHEAD);
    if (res == NULL) {
        return -1;
    }

    count = PQntuples(res);
    PQclear(res);

    look_add(u, "holds", count, count, (uint32_t) days);

    return 0;
}


/* Events of the log, whoever they are about. */
static int
audit_look(ctl_t *ctl, upcoming_t *u)
{
    int64_t   events;
    uint32_t  days;

    days = ctl_period_own(u->periods, CTL_PERIOD_AUDIT);

    if (ctl_audit_months_count(ctl, days, CTL_RETENTION_AHEAD, &events) != 0) {
        return -1;
    }

    look_add(u, CTL_PERIOD_AUDIT, events, 0, days);

    return 0;
}


static void
look_add(upcoming_t *u, const char *name, int64_t records, int64_t owners,
    uint32_t days)
{
    json_array_append_new(u->list, json_pack("{s:s,s:I,s:I,s:i,s:O*}",
        "category", name, "records", (json_int_t) records, "owners",
        (json_int_t) owners, "days", (int) days, "held",
        json_object_get(u->kept.categories, name)));
}


static void
look_print(const ctl_t *ctl, const upcoming_t *u)
{
    size_t       i;
    json_t      *row;
    const char  *held;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:i,s:i,s:O}", "tenant",
                                 ctl->tenant_text, "ahead", CTL_RETENTION_AHEAD,
                                 "restricted", u->kept.restricted,
                                 "upcoming", u->list));
        return;
    }

    json_array_foreach(u->list, i, row) {
        held = json_string_value(json_object_get(row, "held"));

        printf("%-13s %7lld of %lld%s%s\n",
               json_string_value(json_object_get(row, "category")),
               (long long) json_integer_value(json_object_get(row,
                                                              "records")),
               (long long) json_integer_value(json_object_get(row, "owners")),
               held != NULL ? ", held: " : "", held != NULL ? held : "");
    }

    if (u->kept.restricted != 0) {
        printf("%-13s %7d are kept\n", "restricted", u->kept.restricted);
    }
}


int
ctl_cmd_retention_hold(ctl_t *ctl)
{
    return decide(ctl, &decision_held);
}


int
ctl_cmd_retention_confirm(ctl_t *ctl)
{
    return decide(ctl, &decision_confirmed);
}


int
ctl_cmd_retention_ask(ctl_t *ctl)
{
    return decide(ctl, &decision_asked);
}


int
ctl_cmd_retention_unask(ctl_t *ctl)
{
    return decide(ctl, &decision_unasked);
}


static int
decide(ctl_t *ctl, const decision_t *decision)
{
    if (ctl_reference_given(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || decision_check(ctl, ctl->args[0]) != 0
        || decision_data(ctl, decision) != 0
        || decision_keys(ctl, decision) != 0
        || (decision->holds && ctl_hold_settle(ctl) != 0))
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:s}", "category", ctl->args[0],
                                 "retention", decision->word, "reference",
                                 ctl->opt.reference));
    } else {
        printf("%s %s: %s\n", ctl->args[0], decision->says,
               ctl->opt.reference);
    }

    return CTL_DONE;
}


static int
decision_check(ctl_t *ctl, const char *category)
{
    return strcmp(category, CTL_PERIOD_AUDIT) == 0
           || ctl_plugin_find(ctl, category) != NULL ? 0
           : ctl_error("no plugin in %s is of the category %s",
                       ctl->opt.plugins, category);
}


/* The record first: what nobody can account for would be the worse. */
static int
decision_data(ctl_t *ctl, const decision_t *decision)
{
    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && (decision->data == NULL
            || decision_exec(ctl, ctl->data, decision->data,
                             decision->data_params) == 0)
        && decision_record(ctl, decision) == 0 && ctl_commit(ctl->data) == 0)
    {
        return 0;
    }

    ctl_rollback(ctl->data);

    return -1;
}


/* Either of the two holds: whoever is killed before this leaves a hold. */
static int
decision_keys(ctl_t *ctl, const decision_t *decision)
{
    if (ctl_begin(ctl->keys, &ctl->tenant) == 0
        && decision_exec(ctl, ctl->keys, decision->keys, decision->keys_params)
           == 0
        && ctl_commit(ctl->keys) == 0)
    {
        return 0;
    }

    ctl_rollback(ctl->keys);

    return ctl_error("the key store was not changed: run this again");
}


static int
decision_exec(ctl_t *ctl, PGconn *conn, const char *sql, int count)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = ctl->args[0];
    params[2] = ctl->opt.reference;

    return ctl_exec(conn, sql, count, params);
}


static int
decision_record(ctl_t *ctl, const decision_t *decision)
{
    int        rc;
    ctl_buf_t  detail;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "retention=%s %s", ctl->args[0], decision->word);

    rc = ctl_period_record(ctl, ctl->args[0], detail.data);
    ctl_buf_free(&detail);

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 *
 * A tenant narrows and never widens, as configuration does with grants (I4):
 * who has to keep something for longer holds it.  What was decided is the key
 * store's word, as keys are destroyed by it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/retention/period.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/recovery.h"
#include "ctl/store/retained.h"


static int period_check(ctl_t *ctl, const char *name, uint32_t days);
static int period_most(ctl_t *ctl, const char *name, uint32_t *most);
static int period_write(ctl_t *ctl, const char *name, const char *days);
static int period_decide(ctl_t *ctl, const char *name, const char *days);
static int recovery_say(ctl_t *ctl, const json_t *periods);
static int period_record(ctl_t *ctl, const char *name, const char *days);
static size_t own_find(const char *name);
static uint32_t period_days(const json_t *periods, const char *name,
    uint32_t most);
static void periods_print(ctl_t *ctl, const json_t *periods);
static void period_print(const ctl_t *ctl, const json_t *periods,
    const char *name, uint32_t most, json_t *list);


/*
 * What no plugin declares, and for how many days.  The audit is kept for a year
 * at least: who looked can be asked that long.
 */
static const struct {
    const char  *name;
    const char  *category;              /* of the record of a decision */
    uint32_t     least, most;
} own[] = {
    { CTL_PERIOD_RECOVERY, "enrolment", 1, CTL_RECOVERY_DAYS },
    { CTL_PERIOD_LEGAL, "enrolment", 1, 1826 },         /* five years */
    { CTL_PERIOD_AUDIT, "audit", RETAINED_DAYS_LEAST, RETAINED_DAYS_MOST },
    { NULL, NULL, 0, 0 }
};


int
ctl_cmd_retention_set(ctl_t *ctl)
{
    char        *end;
    long         days;
    const char  *name;

    name = ctl->args[0];
    days = strtol(ctl->args[1], &end, 10);

    if (days < 1 || days > 36500 || *end != '\0') {
        ctl_error("DAYS is a number from 1 to 36500");
        return CTL_USAGE;
    }

    if (ctl_reference_given(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || period_check(ctl, name, (uint32_t) days) != 0
        || period_write(ctl, name, ctl->args[1]) != 0)
    {
        ctl_rollback(ctl->data);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:I,s:s}", "name", name, "days",
                                 (json_int_t) days, "reference",
                                 ctl->opt.reference));
    } else {
        printf("%s %s days: %s\n", name, ctl->args[1], ctl->opt.reference);
    }

    return CTL_DONE;
}


static int
period_check(ctl_t *ctl, const char *name, uint32_t days)
{
    uint32_t  least, most = 0;

    if (period_most(ctl, name, &most) != 0) {
        return -1;
    }

    least = own[own_find(name)].least;

    if (days < least) {
        return ctl_error("%s is kept for %u days at least", name,
                         (unsigned) least);
    }

    return days <= most ? 0
           : ctl_error("%s is kept for %u days at most: hold whose records"
                       " have to be kept for longer", name, (unsigned) most);
}


static int
period_most(ctl_t *ctl, const char *name, uint32_t *most)
{
    const pupil_category_t  *category;

    *most = own[own_find(name)].most;
    if (*most != 0) {
        return 0;
    }

    category = ctl_plugin_find(ctl, name);
    if (category == NULL) {
        return ctl_error("no plugin in %s is of the category %s",
                         ctl->opt.plugins, name);
    }

    *most = category->plugin->retention->days;

    return 0;
}


/* The record first: a period that nobody can account for would be the worse. */
static int
period_write(ctl_t *ctl, const char *name, const char *days)
{
    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || period_record(ctl, name, days) != 0 || ctl_commit(ctl->data) != 0)
    {
        return -1;
    }

    if (period_decide(ctl, name, days) == 0) {
        return 0;
    }

    ctl_rollback(ctl->keys);

    return ctl_error("the key store was not changed: run this again");
}


static int
period_decide(ctl_t *ctl, const char *name, const char *days)
{
    const char  *params[4];

    params[0] = ctl->tenant_text;
    params[1] = name;
    params[2] = days;
    params[3] = ctl->opt.reference;

    return ctl_write(ctl, ctl->keys, "INSERT INTO keystore.retention (tenant,"
                     " name, days, reference) VALUES ($1::uuid, $2,"
                     " $3::integer, $4) ON CONFLICT (tenant, name) DO UPDATE"
                     " SET days = EXCLUDED.days, reference ="
                     " EXCLUDED.reference, set_at = now()", 4, params);
}


static int
period_record(ctl_t *ctl, const char *name, const char *days)
{
    int          rc;
    ctl_buf_t    detail;
    const char  *category;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "retention=%s days=%s", name, days);

    category = own[own_find(name)].category;
    rc = ctl_period_record(ctl, category != NULL ? category : name,
                           detail.data);
    ctl_buf_free(&detail);

    return rc;
}


int
ctl_period_record(ctl_t *ctl, const char *category, const char *detail)
{
    ctl_access_t  access;

    access.category = category;
    access.fields = "";
    access.purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION;
    access.operation = PUPIL_OPERATION_WRITE;
    access.about = "none";

    return ctl_record_one(ctl, &access, "allowed", NULL, detail);
}


int
ctl_periods_read(ctl_t *ctl, json_t **periods)
{
    int          row;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->keys, "SELECT name, days, reference FROM"
                  " keystore.retention WHERE tenant = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    *periods = json_object();

    for (row = 0; row < PQntuples(res); row++) {
        json_object_set_new(*periods, PQgetvalue(res, row, 0),
            json_pack("{s:i,s:s}", "days", (int) ctl_get_int(res, row, 1, 0),
                      "reference", PQgetvalue(res, row, 2)));
    }

    PQclear(res);

    return recovery_say(ctl, *periods);
}


/* To pupil.recovery_days(), for as long as this session goes on. */
static int
recovery_say(ctl_t *ctl, const json_t *periods)
{
    char         days[16];
    const char  *params[1];

    snprintf(days, sizeof(days), "%u",
             (unsigned) ctl_period_own(periods, CTL_PERIOD_RECOVERY));
    params[0] = days;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_exec(ctl->data, "SELECT set_config('pupil.recovery', $1,"
                    " false)", 1, params) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return ctl_commit(ctl->data);
}


uint32_t
ctl_period_days(const json_t *periods, const pupil_plugin_t *plugin)
{
    return period_days(periods, plugin->name, plugin->retention->days);
}


uint32_t
ctl_period_own(const json_t *periods, const char *name)
{
    return period_days(periods, name, own[own_find(name)].most);
}


uint32_t
ctl_period_longest(const ctl_t *ctl, const json_t *periods)
{
    uint32_t               i, days, longest;
    const pupil_plugin_t  *plugin;

    longest = 0;

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;
        days = ctl_period_days(periods, plugin);

        if (plugin->retention->from == PUPIL_EVENT_ACCOUNT_CLOSED
            && days > longest)
        {
            longest = days;
        }
    }

    return longest;
}


/* The last row, which is empty: it is none of those. */
static size_t
own_find(const char *name)
{
    size_t  i;

    for (i = 0; own[i].name != NULL && strcmp(own[i].name, name) != 0; i++) {
        /* void */
    }

    return i;
}


static uint32_t
period_days(const json_t *periods, const char *name, uint32_t most)
{
    json_int_t  days;

    days = json_integer_value(json_object_get(json_object_get(periods, name),
                                              "days"));

    return days > 0 && days < (json_int_t) most ? (uint32_t) days : most;
}


int
ctl_cmd_retention_list(ctl_t *ctl)
{
    json_t  *periods;

    if (ctl_plugins_open(ctl) != 0 || ctl_open_data(ctl) != 0
        || ctl_open_keys(ctl) != 0 || ctl_open_tenant(ctl) != 0
        || ctl_periods_read(ctl, &periods) != 0)
    {
        return CTL_FAILED;
    }

    periods_print(ctl, periods);
    json_decref(periods);

    return CTL_DONE;
}


static void
periods_print(ctl_t *ctl, const json_t *periods)
{
    json_t                *list;
    uint32_t               i;
    const pupil_plugin_t  *plugin;

    list = json_array();

    for (i = 0; own[i].name != NULL; i++) {
        period_print(ctl, periods, own[i].name, own[i].most, list);
    }

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;
        period_print(ctl, periods, plugin->name, plugin->retention->days,
                     list);
    }

    if (ctl->opt.json) {
        ctl_json_print(list);
    } else {
        json_decref(list);
    }
}


static void
period_print(const ctl_t *ctl, const json_t *periods, const char *name,
    uint32_t most, json_t *list)
{
    json_int_t   days;
    const char  *reference;

    days = period_days(periods, name, most);
    reference = json_string_value(json_object_get(json_object_get(periods,
                                                                  name),
                                                  "reference"));

    json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:s*}", "name", name,
        "days", days, "declared", (json_int_t) most, "reference", reference));

    if (!ctl->opt.json) {
        printf("%-13s %5lld days%s%s\n", name, (long long) days,
               reference != NULL ? ": " : "",
               reference != NULL ? reference : "");
    }
}

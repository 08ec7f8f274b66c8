/*
 * Copyright (C) the Pupil authors
 *
 * What has expired, by what plugins declare: a thousand records at a time, in a
 * transaction with their audit record, so that whoever is killed has only to be
 * run again.  Enrolments are the last, as what counts from their end needs
 * them.
 */

#include <stdlib.h>
#include <string.h>

#include "core/plugin/aggregate.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/tenants.h"
#include "ctl/retention/anonymise.h"
#include "ctl/retention/audit_months.h"
#include "ctl/retention/hold.h"
#include "ctl/retention/kept.h"
#include "ctl/retention/leavers.h"
#include "ctl/retention/period.h"
#include "ctl/retention/retention.h"
#include "ctl/store/hold.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/turn.h"
#include "ctl/store/zone.h"


#define BATCH      "1000"
#define ENROLMENT  "enrolment"


/* Of a tenant. */
typedef struct {
    ctl_kept_t   kept;
    json_t      *narrowed;      /* days, by what the tenant has decided of */
    ctl_buf_t    before;        /* an array: categories that need enrolments */
    json_t      *counts;        /* by category */
    int64_t      changed;       /* by somebody: in no statistics */
} run_t;


static int tenant_run(ctl_t *ctl, void *data);
static int tenant_one(ctl_t *ctl);
static int tenant_left(ctl_t *ctl, void *data);
static int ended_run(ctl_t *ctl, int say);
static int holds_run(ctl_t *ctl, run_t *run);
static int audit_run(ctl_t *ctl, run_t *run);
static int people_run(ctl_t *ctl, run_t *run);
static int categories_run(ctl_t *ctl, run_t *run);
static int category_run(ctl_t *ctl, pupil_category_t *category, void *data);
static int category_go(ctl_t *ctl, run_t *run, pupil_category_t *category,
    int64_t *records);
static int category_expire(ctl_t *ctl, run_t *run,
    const pupil_plugin_t *plugin, int64_t *records);
static int batch_run(ctl_t *ctl, run_t *run, const pupil_plugin_t *plugin,
    int64_t *records);
static PGresult *batch_expire(ctl_t *ctl, const run_t *run,
    const pupil_plugin_t *plugin);
static int tenant_sweep(ctl_t *ctl, run_t *run);
static int sweep(ctl_t *ctl, PGconn *conn, const char *sql, run_t *run);
static void tenant_print(const ctl_t *ctl, const run_t *run);


static const char  categories_sql[] =
    "SELECT p.category FROM pupil.plugin AS p JOIN pg_class AS c ON c.oid ="
    " to_regclass(format('data.%I', p.category)) WHERE c.relkind = 'r' OR"
    " p.category = '" ENROLMENT "' ORDER BY p.category = '" ENROLMENT "',"
    " p.category";


int
ctl_cmd_retention_run(ctl_t *ctl)
{
    int  rc;

    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_plugins_open(ctl) != 0)
    {
        return CTL_FAILED;
    }

    /* what one of the former lacks is no reason to keep what has ended */
    if (ctl->opt.tenant == NULL) {
        rc = ctl_tenants_each(ctl, tenant_run, NULL);

        return ctl_tenants_erased(ctl, tenant_left, NULL) == 0 && rc == 0
               ? CTL_DONE : CTL_FAILED;
    }

    return ctl_open_tenant(ctl) == 0 && tenant_one(ctl) == 0
           ? CTL_DONE : CTL_FAILED;
}


static int
tenant_one(ctl_t *ctl)
{
    const char  *ended;

    if (ctl_keys_ended(ctl, &ended) != 0) {
        return -1;
    }

    return ended != NULL ? ended_run(ctl, 1) : tenant_run(ctl, NULL);
}


/* Those that have keys were run before. */
static int
tenant_left(ctl_t *ctl, void *data)
{
    const char  *ended;

    (void) data;

    if (ctl_keys_ended(ctl, &ended) != 0) {
        return -1;
    }

    return ended != NULL ? ended_run(ctl, 0) : 0;
}


/* Of one that has ended the audit is left.  say: also that nothing went. */
static int
ended_run(ctl_t *ctl, int say)
{
    run_t    run;
    int64_t  records;

    if (ctl_audit_ended_run(ctl, &records) != 0) {
        return -1;
    }

    if (records != 0 || say) {
        memset(&run, 0, sizeof(run_t));
        run.counts = json_pack("{s:I}", CTL_PERIOD_AUDIT,
                               (json_int_t) records);
        tenant_print(ctl, &run);
        json_decref(run.counts);
    }

    return 0;
}


/* An import writes what it has read before. */
static int
tenant_run(ctl_t *ctl, void *data)
{
    int    rc;
    run_t  run;

    (void) data;

    if (ctl_keys_open(ctl) != 0) {
        return -1;
    }

    rc = ctl_turn_take(ctl);
    if (rc != 0) {
        return rc < 0 ? -1
               : ctl_error("an import of this tenant is running, or an"
                           " erasure: try again");
    }

    memset(&run, 0, sizeof(run_t));
    run.counts = json_object();
    ctl_buf_init(&run.before);
    ctl_array_begin(&run.before);

    rc = ctl_zone_tell(ctl) == 0
         && ctl_periods_read(ctl, &run.narrowed) == 0
         && holds_run(ctl, &run) == 0 && ctl_kept_read(ctl, &run.kept) == 0
         && categories_run(ctl, &run) == 0 && people_run(ctl, &run) == 0
         && audit_run(ctl, &run) == 0
         && (ctl->opt.dry_run || tenant_sweep(ctl, &run) == 0) ? 0 : -1;

    ctl_turn_give(ctl);

    if (rc == 0) {
        tenant_print(ctl, &run);
    }

    json_decref(run.counts);
    json_decref(run.narrowed);
    ctl_kept_free(&run.kept);
    ctl_buf_free(&run.before);

    return rc;
}


/* Those that were said too long ago end: no hold is for ever. */
static int
holds_run(ctl_t *ctl, run_t *run)
{
    int        row, days, ended, count;
    PGresult  *res;

    days = (int) ctl_period_own(run->narrowed, CTL_PERIOD_LEGAL);

    res = ctl_hold_over(ctl, days);
    if (res == NULL) {
        return -1;
    }

    count = 0;

    for (row = 0; row < PQntuples(res); row++) {
        ended = ctl->opt.dry_run
                ? 1 : ctl_hold_end(ctl, PQgetvalue(res, row, 0), days);

        if (ended < 0) {
            PQclear(res);
            return -1;
        }

        count += ended;
    }

    json_object_set_new(run->counts, "holds", json_integer(count));
    PQclear(res);

    return 0;
}


static int
audit_run(ctl_t *ctl, run_t *run)
{
    int       rc;
    int64_t   gone;
    uint32_t  days;

    days = ctl_period_own(run->narrowed, CTL_PERIOD_AUDIT);
    gone = 0;

    while (json_object_get(run->kept.categories, CTL_PERIOD_AUDIT) == NULL) {
        rc = ctl_audit_months_run(ctl, &run->kept, days, &gone);
        json_object_set_new(run->counts, CTL_PERIOD_AUDIT, json_integer(gone));

        if (rc <= 0) {
            return rc;
        }
    }

    return 0;
}


/* Whole, once nothing of theirs has to be kept: a category that is held is. */
static int
people_run(ctl_t *ctl, run_t *run)
{
    int64_t  people;

    if (json_object_size(run->kept.categories) != 0) {
        return 0;
    }

    if (ctl_leavers_run(ctl, run->kept.people, run->narrowed, &people) != 0) {
        return -1;
    }

    json_object_set_new(run->counts, "people", json_integer(people));

    return 0;
}


static int
categories_run(ctl_t *ctl, run_t *run)
{
    int  rc;

    rc = ctl_retention_each(ctl, category_run, run);
    json_object_set_new(run->counts, "changed", json_integer(run->changed));

    return rc;
}


int
ctl_retention_each(ctl_t *ctl, int (*run)(ctl_t *ctl,
    pupil_category_t *category, void *data), void *data)
{
    int                rc, row;
    PGresult          *res;
    pupil_category_t  *category;

    res = ctl_ask(ctl, ctl->data, categories_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (rc = 0, row = 0; rc == 0 && row < PQntuples(res); row++) {
        category = ctl_plugin_find(ctl, PQgetvalue(res, row, 0));

        rc = category != NULL ? run(ctl, category, data)
             : ctl_error("the plugin of %s is not in %s, so that nobody knows"
                         " when it expires: put it there",
                         PQgetvalue(res, row, 0), ctl->opt.plugins);
    }

    PQclear(res);

    return rc;
}


/* As pupil.expired() has them. */
const char *
ctl_retention_event(const pupil_plugin_t *plugin)
{
    return pupil_event_name(plugin->retention->from);
}


static int
category_run(ctl_t *ctl, pupil_category_t *category, void *data)
{
    int                    rc;
    run_t                 *run = data;
    int64_t                records;
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;
    records = 0;

    if (strcmp(plugin->name, ENROLMENT) == 0) {
        ctl_array_end(&run->before);

    } else if (plugin->retention->from == PUPIL_EVENT_ENROLMENT_ENDED) {
        ctl_array_text(&run->before, ctl_str(plugin->name));
    }

    if (plugin->retention->then != PUPIL_EXPIRY_ERASE && !ctl->opt.dry_run
        && pupil_aggregate(plugin) == NULL)
    {
        ctl_note("%s asks for its records to be made anonymous, and declares"
                 " no aggregate: they are kept", plugin->name);
        return 0;
    }

    while (json_object_get(run->kept.categories, plugin->name) == NULL) {
        rc = category_go(ctl, run, category, &records);
        json_object_set_new(run->counts, plugin->name, json_integer(records));

        if (rc <= 0) {
            return rc;
        }
    }

    return 0;
}


/* *records: adds those that went.  1: somebody has held something meanwhile. */
static int
category_go(ctl_t *ctl, run_t *run, pupil_category_t *category,
    int64_t *records)
{
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;

    if (plugin->retention->then == PUPIL_EXPIRY_ERASE || ctl->opt.dry_run) {
        return category_expire(ctl, run, plugin, records);
    }

    return ctl_anonymise_run(ctl, &run->kept, category,
                             ctl_retention_event(plugin),
                             ctl_period_days(run->narrowed, plugin), records,
                             &run->changed);
}


static int
category_expire(ctl_t *ctl, run_t *run, const pupil_plugin_t *plugin,
    int64_t *records)
{
    int      rc;
    int64_t  batch;

    do {
        rc = batch_run(ctl, run, plugin, &batch);
        ctl_rollback(ctl->data);

        if (rc != 0) {
            return rc;
        }

        *records += batch;
    } while (batch != 0 && !ctl->opt.dry_run);

    return 0;
}


static int
batch_run(ctl_t *ctl, run_t *run, const pupil_plugin_t *plugin,
    int64_t *records)
{
    int        rc, row;
    PGresult  *res;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    res = batch_expire(ctl, run, plugin);
    if (res == NULL) {
        return -1;
    }

    for (row = 0, *records = 0; row < PQntuples(res); row++) {
        *records += strtoll(PQgetvalue(res, row, 1), NULL, 10);
    }

    rc = 0;

    if (*records != 0 && !ctl->opt.dry_run) {
        rc = ctl_retention_record(ctl, plugin, res, *records) == 0
             ? ctl_kept_commit(ctl, &run->kept) : -1;
    }

    PQclear(res);

    return rc;
}


/* Rows of an owner and how many records of theirs. */
static PGresult *
batch_expire(ctl_t *ctl, const run_t *run, const pupil_plugin_t *plugin)
{
    char         days[16];
    const char  *most, *params[5];

    snprintf(days, sizeof(days), "%u",
             (unsigned) ctl_period_days(run->narrowed, plugin));
    most = ctl->opt.dry_run ? "0" : BATCH;

    if (strcmp(plugin->name, ENROLMENT) == 0) {
        params[0] = days;
        params[1] = run->kept.people;
        params[2] = run->before.data;
        params[3] = most;

        return ctl_query(ctl->data, "SELECT owner, records FROM"
                         " pupil.expire_enrolments($1::integer, $2::uuid[],"
                         " $3::text[], $4::integer)", 4, params);
    }

    params[0] = plugin->name;
    params[1] = ctl_retention_event(plugin);
    params[2] = days;
    params[3] = run->kept.people;
    params[4] = most;

    return ctl_query(ctl->data, "SELECT owner, records FROM pupil.expire($1,"
                     " $2, $3::integer, $4::uuid[], $5::integer)", 5, params);
}


int
ctl_retention_record(ctl_t *ctl, const pupil_plugin_t *plugin,
    const PGresult *res, int64_t records)
{
    int           rc, row;
    uint32_t      i;
    ctl_buf_t     fields, detail, subjects;
    ctl_access_t  access;
    pupil_uuid_t  id;

    ctl_buf_init(&fields);
    ctl_buf_init(&detail);
    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    for (i = 0; i < plugin->fields_count; i++) {
        ctl_buf_printf(&fields, "%s%s", i > 0 ? " " : "",
                       plugin->fields[i].name);
    }

    /* a class is nobody */
    for (row = 0; plugin->owner == PUPIL_OWNER_SUBJECT && row < PQntuples(res);
         row++)
    {
        if (ctl_get_uuid(res, row, 0, &id) == 0) {
            ctl_array_uuid(&subjects, &id);
        }
    }

    ctl_array_end(&subjects);
    ctl_buf_printf(&detail, "retention records=%lld", (long long) records);

    access.category = plugin->name;
    access.fields = fields.data;
    access.purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION;
    access.operation = PUPIL_OPERATION_WRITE;
    access.about = plugin->owner == PUPIL_OWNER_SUBJECT ? "subjects" : "none";

    rc = ctl_record(ctl, &access, "allowed", subjects.data, detail.data);

    ctl_buf_free(&fields);
    ctl_buf_free(&detail);
    ctl_buf_free(&subjects);

    return rc;
}


/* Of no record, like a log-out: nothing is shown, and nothing of a person
 * goes. */
static int
tenant_sweep(ctl_t *ctl, run_t *run)
{
    if (sweep(ctl, ctl->data, "SELECT * FROM pupil.sweep()", run) != 0) {
        return -1;
    }

    return sweep(ctl, ctl->keys, "SELECT * FROM keystore.sweep()", run);
}


/* Each column is a count, and its name what was swept. */
static int
sweep(ctl_t *ctl, PGconn *conn, const char *sql, run_t *run)
{
    int        i;
    PGresult  *res;

    res = ctl_begin(conn, &ctl->tenant) == 0
          ? ctl_query_one(conn, sql, 0, NULL) : NULL;

    if (res == NULL || ctl_commit(conn) != 0) {
        PQclear(res);
        ctl_rollback(conn);
        return -1;
    }

    for (i = 0; i < PQnfields(res); i++) {
        json_object_set_new(run->counts, PQfname(res, i),
            json_integer(strtoll(PQgetvalue(res, 0, i), NULL, 10)));
    }

    PQclear(res);

    return 0;
}


static void
tenant_print(const ctl_t *ctl, const run_t *run)
{
    json_t      *count;
    const char  *name;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:O}", "tenant", ctl->tenant_text,
                                 "expired", run->counts));
        return;
    }

    json_object_foreach(run->counts, name, count) {
        if (json_integer_value(count) != 0) {
            printf("%s %-13s %lld%s\n", ctl->tenant_text, name,
                   (long long) json_integer_value(count),
                   ctl->opt.dry_run ? " would go" : "");
        }
    }
}

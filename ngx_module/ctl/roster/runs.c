/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/runs.h"
#include "ctl/store/recovery.h"


#define COLUMNS                                                               \
    "r.run, r.source, r.number, to_char(r.begun_at AT TIME ZONE 'UTC',"       \
    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), r.state, r.people, r.images"

enum {
    COLUMN_RUN = 0,
    COLUMN_SOURCE,
    COLUMN_NUMBER,
    COLUMN_AT,
    COLUMN_STATE,
    COLUMN_PEOPLE,
    COLUMN_IMAGES
};

static const char *const  states[] = {
    [ROSTER_RUN_BEGUN] = "begun",
    [ROSTER_RUN_DONE] = "done",
    [ROSTER_RUN_UNDOING] = "undoing",
    [ROSTER_RUN_UNDONE] = "undone"
};

/* What cannot be undone any more.  $1: tenant, $2: CTL_RECOVERY_DAYS. */
static const char  over_sql[] =
    "SELECT array_agg(k.run)::text FROM keystore.import_run AS k WHERE"
    " k.tenant = $1::uuid AND k.begun_at < " CTL_RECOVERY_SINCE("$2");


int
roster_run_begin(ctl_t *ctl, const char *source, const char *plan,
    roster_run_t *run)
{
    const char  *params[4];

    memset(run, 0, sizeof(roster_run_t));
    pupil_uuid_random(&run->id);
    snprintf(run->source, sizeof(run->source), "%s", source);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&run->id, run->text);
    params[2] = source;
    params[3] = plan;

    return ctl_write(ctl, ctl->keys, "INSERT INTO keystore.import_run (tenant,"
                     " run, source, plan) VALUES ($1::uuid, $2::uuid, $3, $4)",
                     4, params);
}


int
roster_run_ended(ctl_t *ctl, const roster_run_t *run)
{
    char         people[16], images[16];
    const char  *params[4];

    snprintf(people, sizeof(people), "%d", run->people);
    snprintf(images, sizeof(images), "%d", run->images);

    params[0] = ctl->tenant_text;
    params[1] = run->text;
    params[2] = people;
    params[3] = images;

    return ctl_write(ctl, ctl->keys, "UPDATE keystore.import_run SET state ="
                     " 'done', ended_at = now(), people = $3::integer, images"
                     " = $4::integer WHERE tenant = $1::uuid AND run ="
                     " $2::uuid AND state = 'begun'", 4, params);
}


int
roster_run_state(ctl_t *ctl, const roster_run_t *run,
    roster_run_state_t state)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = run->text;
    params[2] = states[state];

    if (ctl_write(ctl, ctl->keys, "UPDATE keystore.import_run SET state = $3,"
                  " ended_at = now() WHERE tenant = $1::uuid AND run ="
                  " $2::uuid AND state <> 'undone'", 3, params) != 0)
    {
        return -1;
    }

    return state != ROSTER_RUN_UNDONE ? 0
           : roster_note_state(ctl, run->text, states[state]);
}


static int
run_read(const PGresult *res, int row, roster_run_t *run)
{
    unsigned  i;

    memset(run, 0, sizeof(roster_run_t));

    if (ctl_get_uuid(res, row, COLUMN_RUN, &run->id) != 0) {
        return ctl_error("a row of keystore.import_run is malformed");
    }

    ctl_uuid_text(&run->id, run->text);
    snprintf(run->source, sizeof(run->source), "%s",
             PQgetvalue(res, row, COLUMN_SOURCE));
    snprintf(run->number, sizeof(run->number), "%s",
             PQgetvalue(res, row, COLUMN_NUMBER));
    snprintf(run->at, sizeof(run->at), "%s", PQgetvalue(res, row, COLUMN_AT));
    run->people = ctl_get_int(res, row, COLUMN_PEOPLE, -1);
    run->images = ctl_get_int(res, row, COLUMN_IMAGES, -1);

    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(PQgetvalue(res, row, COLUMN_STATE), states[i]) == 0) {
            run->state = i;
        }
    }

    return 0;
}


int
roster_run_find(ctl_t *ctl, const char *id, roster_run_t *run)
{
    int            rc;
    PGresult      *res;
    const char    *params[2];
    pupil_uuid_t   uuid;

    if (pupil_uuid_parse((const uint8_t *) id, strlen(id), &uuid)
        != PUPIL_OK)
    {
        return ctl_error("RUN is an id that pupilctl import list has");
    }

    params[0] = ctl->tenant_text;
    params[1] = id;

    res = ctl_ask(ctl, ctl->keys, "SELECT " COLUMNS " FROM"
                  " keystore.import_run AS r WHERE r.tenant = $1::uuid AND"
                  " r.run = $2::uuid", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 1 ? run_read(res, 0, run)
         : ctl_error("there is no run %s of this tenant's, or it can be undone"
                     " no more: see pupilctl import list", id);
    PQclear(res);

    return rc;
}


int
roster_runs_later(ctl_t *ctl, const roster_run_t *run, ctl_buf_t *ids)
{
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = run->number;

    res = ctl_ask_one(ctl, ctl->keys, "SELECT coalesce(array_agg(r.run), '{}')"
                      "::text FROM keystore.import_run AS r WHERE r.tenant ="
                      " $1::uuid AND r.number > $2::bigint AND r.state <>"
                      " 'undone'", 2, params);
    if (res == NULL) {
        return -1;
    }

    ctl_buf_text(ids, PQgetvalue(res, 0, 0));
    PQclear(res);

    return 0;
}


static json_t *
run_json(const roster_run_t *run)
{
    json_t  *json;

    json = json_pack("{s:s,s:s,s:s,s:s}", "run", run->text, "at", run->at,
                     "source", run->source, "state", states[run->state]);

    json_object_set_new(json, "people", run->people < 0
                        ? json_null() : json_integer(run->people));

    return json;
}


int
ctl_cmd_import_list(ctl_t *ctl)
{
    int            rc, row;
    json_t        *list;
    PGresult      *res;
    const char    *params[1];
    roster_run_t   run;

    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_open_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    params[0] = ctl->tenant_text;
    res = ctl_ask(ctl, ctl->keys, "SELECT " COLUMNS " FROM"
                  " keystore.import_run AS r WHERE r.tenant = $1::uuid ORDER"
                  " BY r.number", 1, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    rc = 0;
    list = json_array();

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = run_read(res, row, &run);

        if (rc == 0 && ctl->opt.json) {
            json_array_append_new(list, run_json(&run));

        } else if (rc == 0) {
            printf("%s  %s  %-16s %-8s", run.text, run.at, run.source,
                   states[run.state]);
            printf(run.people < 0 ? "\n" : " %d people\n", run.people);
        }
    }

    PQclear(res);

    if (rc == 0 && ctl->opt.json) {
        ctl_json_print(list);
    } else {
        json_decref(list);
    }

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* Images before what says that they are there. */
static int
runs_delete(ctl_t *ctl, const char *runs)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = runs;

    if (ctl_write(ctl, ctl->data, "WITH note AS (DELETE FROM pupil.import_plan"
                  " AS p WHERE p.tenant = $1::uuid AND p.id = ANY"
                  " ($2::uuid[])), decision AS (DELETE FROM"
                  " pupil.import_decision AS d WHERE d.tenant = $1::uuid AND"
                  " d.id = ANY ($2::uuid[])) DELETE FROM pupil.import_image"
                  " AS i WHERE i.tenant = $1::uuid AND i.run = ANY"
                  " ($2::uuid[])", 2, params) != 0)
    {
        return -1;
    }

    return ctl_write(ctl, ctl->keys, "DELETE FROM keystore.import_run WHERE"
                     " tenant = $1::uuid AND run = ANY ($2::uuid[])", 2,
                     params);
}


int
ctl_imports_forget(ctl_t *ctl)
{
    int          rc;
    char         most[16];
    PGresult    *res;
    const char  *params[2];

    snprintf(most, sizeof(most), "%d", CTL_RECOVERY_DAYS);
    params[0] = ctl->tenant_text;
    params[1] = most;

    res = ctl_ask_one(ctl, ctl->keys, over_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQgetisnull(res, 0, 0) ? 0 : runs_delete(ctl, PQgetvalue(res, 0, 0));
    PQclear(res);

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 *
 * The record of an acknowledgement comes first: one that nobody can account for
 * would be the worse.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/audit/hole.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define NUMBER_SIZE  24         /* of a number in decimal digits */


static int acknowledge(ctl_t *ctl, const char *batch);
static int acknowledge_record(ctl_t *ctl, const char *batch);
static int hole_open(ctl_t *ctl, const char *batch);
static int hole_number(const char *text);


static const ctl_access_t  acknowledge_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};

static const char  holes_sql[] =
    "SELECT batch, missing, to_char(found_at AT TIME ZONE 'UTC',"
    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), to_char(acknowledged_at AT TIME ZONE"
    " 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), reference"
    " FROM keystore.hole WHERE tenant = $1::uuid ORDER BY batch";

static const char  batches_sql[] =
    "SELECT coalesce(array_agg(batch ORDER BY batch), '{}'),"
    " coalesce(array_agg(missing ORDER BY batch), '{}') FROM pupil.seal"
    " WHERE tenant = pupil.current_tenant() AND missing > 0";

static const char  list_sql[] =
    "SELECT count(keystore.find_hole(s.batch, s.missing)) FROM"
    " unnest($2::bigint[], $3::integer[]) AS s (batch, missing) WHERE NOT"
    " EXISTS (SELECT FROM keystore.hole AS h WHERE h.tenant = $1::uuid"
    " AND h.batch = s.batch)";

static const char  recount_sql[] = "SELECT keystore.recount_holes()";


int
ctl_cmd_audit_holes(ctl_t *ctl)
{
    PGresult    *res;
    const char  *params[1];

    static const char *const  columns[] = {
        "hole", "missing", "found", "acknowledged", "reference", NULL
    };

    if (ctl_open_data(ctl) != 0 || ctl_open_tenant(ctl) != 0
        || ctl_open_keys(ctl) != 0)
    {
        return CTL_FAILED;
    }

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->keys, holes_sql, 1, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    ctl_list_print(ctl, res, "holes", columns);
    PQclear(res);

    return CTL_DONE;
}


int
ctl_cmd_audit_acknowledge(ctl_t *ctl)
{
    int          open;
    const char  *batch;

    batch = ctl->args[0];

    if (hole_number(batch) != 0 || ctl_reference_given(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    open = hole_open(ctl, batch);

    if (open < 0
        || (open && (acknowledge_record(ctl, batch) != 0
                     || acknowledge(ctl, batch) != 0)))
    {
        ctl_rollback(ctl->data);
        ctl_rollback(ctl->keys);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:I,s:b}", "hole",
                                 (json_int_t) strtoll(batch, NULL, 10),
                                 "before", !open));
    } else {
        printf("hole %s %s\n", batch, open ? "acknowledged"
                                           : "was acknowledged before");
    }

    return CTL_DONE;
}


static int
hole_number(const char *text)
{
    char  *end;

    return strtoll(text, &end, 10) > 0 && *end == '\0' ? 0
           : ctl_error("HOLE is a number, as pupilctl audit holes has it");
}


/* 1, or 0: it was acknowledged; -1 with the error said. */
static int
hole_open(ctl_t *ctl, const char *batch)
{
    int          open;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = batch;

    res = ctl_ask(ctl, ctl->keys, "SELECT (acknowledged_at IS NULL)::integer"
                  " FROM keystore.hole WHERE tenant = $1::uuid AND batch ="
                  " $2::bigint", 2, params);
    if (res == NULL) {
        return -1;
    }

    open = PQntuples(res) == 1 ? (int) ctl_get_int(res, 0, 0, 0)
           : ctl_error("the log has no hole %s: pupilctl audit holes says"
                       " which there are", batch);
    PQclear(res);

    return open;
}


static int
acknowledge_record(ctl_t *ctl, const char *batch)
{
    char  detail[NUMBER_SIZE + sizeof("hole=")];

    snprintf(detail, sizeof(detail), "hole=%s", batch);

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_record_one(ctl, &acknowledge_access, "allowed", NULL, detail)
              == 0
           ? ctl_commit(ctl->data) : -1;
}


static int
acknowledge(ctl_t *ctl, const char *batch)
{
    const char  *params[2];

    params[0] = batch;
    params[1] = ctl->opt.reference;

    return ctl_write(ctl, ctl->keys, "SELECT FROM"
                     " keystore.acknowledge_hole($1::bigint, $2)", 2,
                     params) == 0
           ? 0 : ctl_error("the key store was not changed: run this again");
}


int
hole_found(ctl_t *ctl, uint64_t batch, uint32_t missing)
{
    char         text[2][NUMBER_SIZE];
    const char  *params[2];

    snprintf(text[0], NUMBER_SIZE, "%" PRIu64, batch);
    snprintf(text[1], NUMBER_SIZE, "%" PRIu32, missing);
    params[0] = text[0];
    params[1] = text[1];

    return ctl_write(ctl, ctl->keys, "SELECT keystore.find_hole($1::bigint,"
                     " $2::integer)", 2, params);
}


/* Of batches that an older program has sealed; or somebody took them out. */
int
hole_list(ctl_t *ctl)
{
    int          rc;
    PGresult    *res;
    const char  *params[3];

    res = ctl_query_one(ctl->data, batches_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = PQgetvalue(res, 0, 0);
    params[2] = PQgetvalue(res, 0, 1);

    rc = ctl_begin(ctl->keys, &ctl->tenant) == 0
         && ctl_exec(ctl->keys, list_sql, 3, params) == 0
         && ctl_exec(ctl->keys, recount_sql, 0, NULL) == 0
         && ctl_commit(ctl->keys) == 0
         ? 0 : -1;

    ctl_rollback(ctl->keys);
    PQclear(res);

    return rc;
}


int
hole_recount(ctl_t *ctl)
{
    return ctl_write(ctl, ctl->keys, recount_sql, 0, NULL);
}


int
hole_read(ctl_t *ctl, sequence_list_t *holes)
{
    int          row;
    hole_t      *hole;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->keys, holes_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        hole = sequence_list_add(holes, sizeof(hole_t));
        hole->batch = strtoull(PQgetvalue(res, row, 0), NULL, 10);
        hole->missing = strtoull(PQgetvalue(res, row, 1), NULL, 10);
        hole->acknowledged = !PQgetisnull(res, row, 3);
    }

    PQclear(res);

    return 0;
}

/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/plan.h"
#include "ctl/roster/source.h"
#include "ctl/roster/sources.h"
#include "ctl/store/keys.h"


/* Of accounts that no roster gives. */
static const char *const  reserved[] = {
    "operator", "manual", "decoy", NULL
};

#define ISO(column)                                                           \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Counts are of who and what is there now. */
static const char  list_sql[] =
    "SELECT coalesce(s.source, n.source), coalesce(s.format, ''),"
    " coalesce(n.users, 0), coalesce(n.classes, 0), coalesce(n.schools, 0),"
    " " ISO("s.ran_at") ", " ISO("s.good_at") ", s.ended, s.plan"
    " FROM pupil.source AS s FULL JOIN (SELECT c.source, sum(c.users) AS"
    " users, sum(c.classes) AS classes, sum(c.schools) AS schools FROM (SELECT"
    " source, count(*) AS users, 0 AS classes, 0 AS schools FROM"
    " pupil.subject WHERE status <> 'closed' GROUP BY 1 UNION ALL"
    " SELECT source, 0, count(*), 0 FROM pupil.class GROUP BY 1 UNION ALL"
    " SELECT source, 0, 0, count(*) FROM pupil.institution GROUP BY 1"
    ") AS c WHERE c.source <> ALL ($1::text[]) GROUP BY 1) AS n"
    " ON n.source = s.source ORDER BY 1";


int
roster_source_check(const char *option, const char *source)
{
    size_t              len;
    const char *const  *name;

    len = strlen(source);

    for (name = reserved; *name != NULL; name++) {
        if (strcmp(source, *name) == 0) {
            len = 0;
        }
    }

    return len != 0 && len <= 32
           && strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len
           ? 0 : ctl_error("%s has 1 to 32 of a-z, 0-9, - and _, and is none"
                           " of operator, manual and decoy", option);
}


int
roster_source_ran(const roster_t *roster, const char *format,
    const char *ended, const uint8_t *input)
{
    char         print[CTL_BYTEA_SIZE(ROSTER_PRINT_LEN)];
    ctl_t       *ctl;
    const char  *params[7];

    ctl = roster->ctl;
    params[0] = ctl->tenant_text;
    params[1] = roster->source;
    params[2] = format;         /* NULL: that of before */
    params[3] = ended;
    params[4] = strcmp(ended, "held") == 0 ? roster_plan_first(roster) : NULL;
    params[5] = input != NULL ? ctl_bytea(input, ROSTER_PRINT_LEN, print)
                              : NULL;
    params[6] = ctl->opt.sync ? "true" : "false";

    return ctl_write(ctl, ctl->data, "INSERT INTO pupil.source AS s (tenant,"
                     " source, format, ran_at, good_at, ended, plan, input,"
                     " synced) VALUES ($1::uuid, $2, coalesce($3, ''), now(),"
                     " CASE WHEN $4 = 'done' THEN now() END, $4, $5,"
                     " $6::bytea, CASE WHEN $7::boolean THEN now() END)"
                     " ON CONFLICT (tenant, source) DO UPDATE SET format ="
                     " coalesce($3, s.format), ran_at = EXCLUDED.ran_at,"
                     " good_at = coalesce(EXCLUDED.good_at, s.good_at), ended"
                     " = EXCLUDED.ended, plan = EXCLUDED.plan, input ="
                     " EXCLUDED.input, synced = coalesce(s.synced,"
                     " EXCLUDED.synced)", 7, params);
}


int
roster_source_rename(ctl_t *ctl, const char *from, const char *to)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = from;
    params[2] = to;

    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && ctl_exec(ctl->data, "DELETE FROM pupil.source WHERE tenant ="
                    " $1::uuid AND source = $3 AND EXISTS (SELECT FROM"
                    " pupil.source WHERE tenant = $1::uuid AND source = $2)",
                    3, params) == 0
        && ctl_exec(ctl->data, "WITH gone AS (DELETE FROM pupil.source WHERE"
                    " tenant = $1::uuid AND source = $2 RETURNING *) INSERT"
                    " INTO pupil.source (tenant, source, format, ran_at,"
                    " good_at, ended, plan, synced) SELECT tenant, $3, format,"
                    " ran_at, good_at, ended, plan, synced FROM gone", 3,
                    params) == 0
        && ctl_commit(ctl->data) == 0)
    {
        return 0;
    }

    ctl_rollback(ctl->data);

    return -1;
}


int
roster_source_good(ctl_t *ctl, const char *source)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = source;

    return ctl_write(ctl, ctl->data, "UPDATE pupil.source SET ran_at = now(),"
                     " good_at = now() WHERE tenant = $1::uuid AND source = $2"
                     " AND ended = 'done'", 2, params);
}


int
roster_source_unsynced(ctl_t *ctl, const char *source)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = source;

    return ctl_write(ctl, ctl->data, "UPDATE pupil.source SET synced = NULL"
                     " WHERE tenant = $1::uuid AND source = $2", 2, params);
}


static json_t *
text_or_null(const PGresult *res, int row, int col)
{
    return PQgetisnull(res, row, col) ? json_null()
           : json_string(PQgetvalue(res, row, col));
}


static void
list_json(const PGresult *res)
{
    int      row;
    json_t  *list;

    list = json_array();

    for (row = 0; row < PQntuples(res); row++) {
        json_array_append_new(list, json_pack(
            "{s:s,s:s,s:I,s:I,s:I,s:o,s:o,s:o,s:o}",
            "source", PQgetvalue(res, row, 0),
            "format", PQgetvalue(res, row, 1),
            "users", (json_int_t) ctl_get_int(res, row, 2, 0),
            "classes", (json_int_t) ctl_get_int(res, row, 3, 0),
            "schools", (json_int_t) ctl_get_int(res, row, 4, 0),
            "ran_at", text_or_null(res, row, 5),
            "good_at", text_or_null(res, row, 6),
            "ended", text_or_null(res, row, 7),
            "plan", text_or_null(res, row, 8)));
    }

    ctl_json_print(json_pack("{s:o}", "sources", list));
}


static const char *
or_dash(const PGresult *res, int row, int col)
{
    return PQgetisnull(res, row, col) || PQgetvalue(res, row, col)[0] == '\0'
           ? "-" : PQgetvalue(res, row, col);
}


int
ctl_cmd_source_list(ctl_t *ctl)
{
    int          row;
    PGresult    *res;
    const char  *params[1];

    if (ctl_keys_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    params[0] = "{operator,manual,decoy}";

    res = ctl_ask(ctl, ctl->data, list_sql, 1, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        list_json(res);
        PQclear(res);
        return CTL_DONE;
    }

    printf("%-32s %-10s %8s %8s %8s  %-20s  %s\n", "source", "format",
           "users", "classes", "schools", "last good import", "last import");

    for (row = 0; row < PQntuples(res); row++) {
        printf("%-32s %-10s %8s %8s %8s  %-20s  %s\n", or_dash(res, row, 0),
               or_dash(res, row, 1), or_dash(res, row, 2),
               or_dash(res, row, 3), or_dash(res, row, 4),
               or_dash(res, row, 6), or_dash(res, row, 7));
    }

    PQclear(res);

    return CTL_DONE;
}

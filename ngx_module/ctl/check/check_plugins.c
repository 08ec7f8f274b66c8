/*
 * Copyright (C) the Pupil authors
 *
 * The tables of the loaded plugins, and whether what they grant was accepted.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/check/found.h"
#include "ctl/store/plugins.h"


/* A column that every category has. */
typedef struct {
    const char  *name, *type;
} column_t;

/* Columns of the question for a table, a row for each of its columns. */
enum {
    TABLE_COLUMN = 0,
    TABLE_TYPE,
    TABLE_READ              /* may it be read, t or f */
};


static const char  table_sql[] =
    "SELECT a.attname, format_type(a.atttypid, -1),"
    " has_table_privilege(c.oid, 'SELECT')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " AND NOT a.attisdropped WHERE n.nspname = 'data' AND c.relname = $1";

static const column_t  host_columns[] = {
    { "tenant", "uuid" },
    { "owner", "uuid" },
    { "record", "uuid" },
    { "key_version", "integer" },
    { "source", "text" },
    { "updated_at", "timestamp with time zone" },
    { NULL, NULL }
};


static void
column_check(check_t *check, const PGresult *res, const char *category,
    const char *column, const char *type)
{
    int  n;

    for (n = 0; n < PQntuples(res); n++) {
        if (strcmp(PQgetvalue(res, n, TABLE_COLUMN), column) == 0) {
            break;
        }
    }

    if (n == PQntuples(res)) {
        check_found(check, "data.%s has no column %s of type %s: run pupilctl"
                    " migrate with the plugin's SQL file", category, column,
                    type);

    } else if (strcmp(PQgetvalue(res, n, TABLE_TYPE), type) != 0) {
        check_found(check, "data.%s.%s is of type %s, the plugin needs %s:"
                    " correct the plugin's SQL file", category, column,
                    PQgetvalue(res, n, TABLE_TYPE), type);
    }
}


static void
columns_check(check_t *check, const PGresult *res,
    const pupil_plugin_t *plugin)
{
    uint32_t         f;
    const column_t  *column;

    for (column = host_columns; column->name != NULL; column++) {
        column_check(check, res, plugin->name, column->name, column->type);
    }

    for (f = 0; f < plugin->fields_count; f++) {
        column_check(check, res, plugin->name, plugin->fields[f].name,
                     pupil_field_column(&plugin->fields[f]));
    }
}


static void
table_check(check_t *check, const pupil_plugin_t *plugin)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = plugin->name;
    res = ctl_query(check->conn[PUPIL_DATABASE_DATA], table_sql, 1, params);

    if (res == NULL || PQntuples(res) == 0) {
        check_found(check, "the plugin %s has no table data.%s: run pupilctl"
                    " migrate --plugin-sql %s.sql", plugin->name,
                    plugin->name, plugin->name);
        PQclear(res);
        return;
    }

    if (PQgetvalue(res, 0, TABLE_READ)[0] != 't') {
        check_found(check, "the role of pupil_database lacks privileges on"
                    " data.%s: its SQL file ends with SELECT"
                    " pupil.protect('%s')", plugin->name, plugin->name);
    }

    columns_check(check, res, plugin);
    PQclear(res);
}


void
check_plugins(check_t *check)
{
    PGconn         *conn;
    uint32_t        i;
    pupil_str_t     accepted;
    pupil_error_t   error;

    conn = check->conn[PUPIL_DATABASE_DATA];
    if (conn == NULL) {
        return;
    }

    accepted = ctl_plugins_accepted(check->ctl, conn);

    if (accepted.data == NULL) {
        check_found(check, "what was accepted of plugins' grants cannot be"
                    " read: give the role of pupil_database SELECT on"
                    " pupil.plugin");
        return;
    }

    for (i = 0; i < check->ctl->policy.count; i++) {
        table_check(check, check->ctl->policy.categories[i]->plugin);

        if (pupil_accepted_check(accepted, check->ctl->policy.categories[i],
                                 &error)
            != PUPIL_OK)
        {
            check_found(check, "%s: %s", check->ctl->plugin_files[i],
                        error.text);
        }
    }
}


void
check_accepted(check_t *check)
{
    uint32_t       i;
    pupil_error_t  error;

    for (i = 0; check->accepted.data != NULL
                && i < check->ctl->policy.count; i++)
    {
        if (pupil_accepted_check(check->accepted,
                                 check->ctl->policy.categories[i], &error)
            != PUPIL_OK)
        {
            check_found_at(check, check->http, "pupil_accepted: %s",
                           error.text);
        }
    }
}

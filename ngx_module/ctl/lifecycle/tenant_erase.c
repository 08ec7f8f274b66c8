/*
 * Copyright (C) the Pupil authors
 *
 * In the order of ctl/lifecycle/erase.c, of a tenant as a whole.  With the keys
 * goes the one that records are made with: so it is on record before, and what
 * was deleted, table by table, stands in pupil.erasure alone.  With its entry
 * in the ledger nothing more of the tenant goes on record, and all that is
 * there is sealed before, by a key that goes, too (invariant I9).
 *
 * A move ends where the keys would go: these stay, like the rows, until the end
 * of the tenant, and are given to no worker any more.
 */

#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/lifecycle/ended.h"
#include "ctl/lifecycle/tail.h"
#include "ctl/lifecycle/tenant_erase.h"
#include "ctl/store/kek.h"
#include "ctl/store/keys.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define TRIES  3                /* while requests under way still write */


static int tenant_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    int seal);
static int log_end(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int fence(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int fence_write(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const ctl_ledger_entry_t *list, size_t count);
static int fence_record(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int end_write(ctl_t *ctl, const char *detail);
static int end_there(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static void end_detail(const ctl_ledger_entry_t *entry, ctl_buf_t *detail);
static int audit_end(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int rows_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int tables_open(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int tables_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int table_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *name);
static int tables_left(ctl_t *ctl, const char **left);
static int tables_undone(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char **open);


static const ctl_access_t  end_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


int
ctl_tenant_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    return tenant_erase(ctl, entry, 0);
}


int
ctl_tenant_end(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    return tenant_erase(ctl, entry, !entry->destroyed);
}


static int
tenant_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry, int seal)
{
    const char  *when;

    if (ctl_kek_open(ctl) != 0
        || (!entry->destroyed
            && (ctl_plugins_open(ctl) != 0 || ctl_keys_take(ctl) != 0)))
    {
        return -1;
    }

    if (fence(ctl, entry) != 0) {
        ctl_rollback(ctl->data);
        return -1;
    }

    if ((seal && log_end(ctl, entry) != 0)
        || ctl_ledger_file_append(ctl, entry) != 0
        || (!entry->destroyed && ctl_ledger_destroy(ctl, entry, &when) != 0))
    {
        return -1;
    }

    return entry->kind == PUPIL_ENTRY_MOVED ? 0 : rows_erase(ctl, entry);
}


/*
 * How long a log is kept that goes on elsewhere is said there.  What is left of
 * it here was sealed before it moved, and goes by what is said at the end.
 */
static int
log_end(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    const char  *moved;

    if (ctl_keys_moved(ctl, &moved) != 0
        || (moved == NULL
            && (ctl_tail_sealed(ctl) != 0 || end_there(ctl, entry) != 0)))
    {
        return -1;
    }

    return entry->kind == PUPIL_ENTRY_MOVED ? 0 : ctl_tail_retain(ctl);
}


static int
rows_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          tries;
    const char  *left;

    if (tables_open(ctl, entry) != 0) {
        ctl_rollback(ctl->data);
        return -1;
    }

    for (tries = 0, left = ""; left != NULL && tries < TRIES; tries++) {
        if (tables_erase(ctl, entry) != 0 || tables_left(ctl, &left) != 0) {
            ctl_rollback(ctl->data);
            return -1;
        }
    }

    return left == NULL ? 0
           : ctl_error("%s has rows of this tenant still: something in the"
                       " data database keeps them, see pupilctl check", left);
}


/* The mark counts copies of all tenants: of this one, too, none may lack. */
static int
fence(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    size_t               count;
    ctl_ledger_entry_t  *list;

    return ctl_ledger_missing(ctl, &list, &count) == 0
           ? fence_write(ctl, entry, list, count) : -1;
}


static int
fence_write(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const ctl_ledger_entry_t *list, size_t count)
{
    int     rc;
    size_t  i;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    for (i = 0; i < count; i++) {
        if (ctl_ledger_copy(ctl, &list[i]) != 0) {
            return -1;
        }
    }

    rc = entry->destroyed ? 0 : fence_record(ctl, entry);

    return rc == 0 && audit_end(ctl, entry) == 0 ? ctl_commit(ctl->data) : -1;
}


/* Behind its move nothing of a tenant goes on record: it has ended before. */
static int
fence_record(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          rc;
    ctl_buf_t    detail;
    const char  *moved;

    if (ctl_keys_moved(ctl, &moved) != 0) {
        return -1;
    }

    if (moved != NULL) {
        return 0;
    }

    end_detail(entry, &detail);
    rc = end_write(ctl, detail.data);
    ctl_buf_free(&detail);

    return rc;
}


/*
 * Once: what is there again after each try is never all sealed.  Whether it is
 * there says no row that anybody can write.
 */
static int
end_write(ctl_t *ctl, const char *detail)
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    rc = ctl_ended_recorded(ctl, detail);
    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    params[0] = ctl->tenant_text;

    res = ctl_query(ctl->data, "SELECT FROM pupil.audit_end WHERE tenant ="
                    " $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0
         ? ctl_record_one(ctl, &end_access, "allowed", NULL, detail)
         : ctl_error("pupil.audit_end has a row of this tenant, and there is"
                     " no record of its end: somebody has written the data"
                     " database.  As its superuser, DELETE that row, and run"
                     " this again");
    PQclear(res);

    return rc;
}


/* Before keys go: whoever writes the data database can have taken it away. */
static int
end_there(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int        rc;
    ctl_buf_t  detail;

    end_detail(entry, &detail);

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? ctl_ended_recorded(ctl, detail.data) : -1;

    ctl_rollback(ctl->data);
    ctl_buf_free(&detail);

    return rc == 0 ? ctl_error("the record of the tenant's end is there no"
                               " more: run this again")
                   : rc < 0 ? -1 : 0;
}


static void
end_detail(const ctl_ledger_entry_t *entry, ctl_buf_t *detail)
{
    ctl_buf_init(detail);
    ctl_buf_printf(detail, "%s=%s%s%s",
                   entry->place != NULL ? "moved" : "offboard", entry->number,
                   entry->place != NULL ? " to=" : "",
                   entry->place != NULL ? entry->place : "");
}


/* The record of the end is the last. */
static int
audit_end(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          stored;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = entry->destroyed ? "true" : "false";

    res = ctl_query(ctl->data, "INSERT INTO pupil.audit_end AS e (tenant,"
                    " closed) VALUES ($1::uuid, $2::boolean) ON CONFLICT"
                    " (tenant) DO UPDATE SET closed = e.closed OR"
                    " EXCLUDED.closed RETURNING e.closed", 2, params);
    if (res == NULL) {
        return -1;
    }

    stored = PQntuples(res) == 1;
    PQclear(res);

    return stored ? 0
           : ctl_error("the end of the tenant's audit is not stored: look for"
                       " a trigger or a rule on pupil.audit_end, see pupilctl"
                       " check");
}


/* Behind its end none is left open: nobody would look for it. */
static int
tables_open(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = entry->number;

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_exec(ctl->data, "INSERT INTO pupil.erasure (tenant, number,"
                       " name, state) SELECT t.tenant, $2::bigint, o.name,"
                       " 'open' FROM pupil.tenant AS t, pupil.offboarded() AS"
                       " o WHERE t.tenant = $1::uuid ON CONFLICT (tenant,"
                       " number, name) DO NOTHING", 2, params) == 0
           ? ctl_commit(ctl->data) : -1;
}


/*
 * The tenant's own row is the last, and stays as long as anything does: by it,
 * whoever is to go on is found.
 */
static int
tables_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          rc, row, last;
    PGresult    *res;
    const char  *left;

    res = ctl_ask(ctl, ctl->data, "SELECT name FROM pupil.offboarded()", 0,
                  NULL);
    if (res == NULL) {
        return -1;
    }

    last = PQntuples(res) - 1;

    for (row = 0, rc = 0; rc == 0 && row < last; row++) {
        rc = table_erase(ctl, entry, PQgetvalue(res, row, 0));
    }

    if (rc == 0) {
        rc = tables_left(ctl, &left);
    }

    if (rc == 0
        && (left == NULL || strcmp(left, PQgetvalue(res, last, 0)) == 0))
    {
        rc = table_erase(ctl, entry, PQgetvalue(res, last, 0));
    }

    PQclear(res);

    return rc;
}


/* One that is done is open for that long alone, and so is a new one. */
static int
table_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry, const char *name)
{
    const char  *params[3];

    params[0] = entry->number;
    params[1] = name;
    params[2] = ctl->tenant_text;

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_exec(ctl->data, "INSERT INTO pupil.erasure (tenant, number,"
                       " name, state) VALUES ($3::uuid, $1::bigint, $2, 'open')"
                       " ON CONFLICT (tenant, number, name) DO UPDATE SET state"
                       " = 'open'", 3, params) == 0
           && ctl_exec(ctl->data, "SELECT pupil.offboard($1::bigint, $2)", 2,
                       params) == 0
           ? ctl_commit(ctl->data) : -1;
}


/* *left: a table that has rows of the tenant, or NULL. */
static int
tables_left(ctl_t *ctl, const char **left)
{
    return ctl_query_text(ctl, ctl->data, "SELECT pupil.offboard_left() AS"
                          " name", 0, NULL, left);
}


int
ctl_tenant_erased(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    size_t               count;
    const char          *left, *open;
    ctl_ledger_entry_t  *list;

    left = NULL;
    open = NULL;

    if (ctl_ledger_missing(ctl, &list, &count) != 0
        || (entry->kind != PUPIL_ENTRY_MOVED
            && (tables_left(ctl, &left) != 0
                || tables_undone(ctl, entry, &open) != 0)))
    {
        return -1;
    }

    return entry->destroyed && count == 0 && left == NULL && open == NULL;
}


/* *open: a table that is not done, whatever it has, or NULL. */
static int
tables_undone(ctl_t *ctl, const ctl_ledger_entry_t *entry, const char **open)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = entry->number;

    return ctl_query_text(ctl, ctl->data, "SELECT min(name) FROM pupil.erasure"
                          " JOIN pupil.offboarded() USING (name) WHERE tenant ="
                          " $1::uuid AND number = $2::bigint AND state ="
                          " 'open'", 2, params, open);
}

/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/store/ledger.h"
#include "ctl/store/marks.h"


/* The end of the copy; number "0": it has none. */
typedef struct {
    char  number[24];
    char  hash[CTL_BYTEA_SIZE(PUPIL_HASH_LEN)];
} head_t;


static int entry_enter(ctl_t *ctl, const char *sql, int count,
    const char *const *params, ctl_ledger_entry_t *entry);
static int entries_read(ctl_t *ctl, const char *sql, const char *last,
    ctl_ledger_entry_t **list, size_t *count);
static int rows_enter(ctl_t *ctl, const PGresult *res);
static int rows_refuse(const PGresult *res);
static int entries_take(ctl_t *ctl, PGresult *res,
    ctl_ledger_entry_t **list, size_t *count);
static int entry_take(ctl_t *ctl, const PGresult *res, int row,
    ctl_ledger_entry_t *entry);
static const char *text_take(ctl_t *ctl, const PGresult *res, int row,
    int col);
static int head_read(ctl_t *ctl, head_t *head);


#define COLUMNS  "l.number, l.subject, l.at, l.hash, l.kind, l.place"

enum {
    COLUMN_NUMBER = 0,
    COLUMN_SUBJECT,
    COLUMN_AT,
    COLUMN_HASH,
    COLUMN_KIND,
    COLUMN_PLACE,
    COLUMN_DESTROYED
};

/* Whose key is not there at all was never made, and needs no destroying. */
#define DESTROYED                                                             \
    "CASE l.kind WHEN 'tenant' THEN EXISTS (SELECT FROM keystore.gone AS g"   \
    " WHERE g.tenant = l.tenant) WHEN 'moved' THEN EXISTS (SELECT FROM"       \
    " keystore.moved AS m WHERE m.tenant = l.tenant) ELSE coalesce((SELECT"   \
    " k.state = 'erased' FROM keystore.owner_key AS k WHERE k.tenant ="       \
    " l.tenant AND k.owner = l.subject), true) END"

/* $2: the end of the copy. */
static const char  missing_sql[] =
    "SELECT " COLUMNS ", " DESTROYED " FROM keystore.ledger AS l"
    " WHERE l.tenant = $1::uuid AND l.number > $2::bigint ORDER BY l.number";

static const char  whole_sql[] =
    "SELECT " COLUMNS ", " DESTROYED " FROM keystore.ledger AS l"
    " WHERE l.tenant = $1::uuid AND l.kind IN ('tenant', 'moved') ORDER BY"
    " l.number DESC LIMIT 1";

/*
 * $3: what is behind that was entered again.  Whose floors never rose was
 * entered again by a replay that was killed.
 */
static const char  again_sql[] =
    "SELECT " COLUMNS ", " DESTROYED " FROM keystore.ledger AS l"
    " WHERE l.tenant = $1::uuid AND (l.number > least($2::bigint, $3::bigint)"
    " OR NOT " DESTROYED " OR (l.kind = 'erasure' AND NOT EXISTS (SELECT FROM"
    " keystore.floor AS f WHERE f.tenant = l.tenant AND f.subject ="
    " l.subject))) ORDER BY l.number";

/* The data database says which are open; the key store, what they are. */
static const char  open_sql[] =
    "SELECT array_agg(DISTINCT e.number) FROM pupil.erasure AS e WHERE"
    " e.tenant = $1::uuid AND e.state = 'open'";

static const char  named_sql[] =
    "SELECT n.number, l.subject, l.at, l.hash, l.kind, l.place, false FROM"
    " unnest($2::bigint[]) AS n (number) LEFT JOIN keystore.ledger AS l"
    " ON l.tenant = $1::uuid AND l.number = n.number ORDER BY n.number";

/* $2: the key store's last; at in microseconds, as it is entered again. */
static const char  behind_sql[] =
    "SELECT l.number, l.subject, (extract(epoch FROM l.at) * 1000000)::bigint,"
    " l.hash, l.kind, l.place FROM pupil.ledger AS l WHERE l.tenant ="
    " $1::uuid AND l.number > $2::bigint ORDER BY l.number";

/* $2: a number without a gap before it. */
static const char  copy_sql[] =
    "INSERT INTO pupil.ledger (tenant, number, kind, subject, at, hash,"
    " place) SELECT $1::uuid, $2::bigint, $6, $3::uuid, $4::timestamptz,"
    " $5::bytea, $7 WHERE $2::bigint = 1 OR EXISTS (SELECT FROM pupil.ledger"
    " AS l WHERE l.tenant = $1::uuid AND l.number = $2::bigint - 1)"
    " ON CONFLICT (tenant, number) DO NOTHING";

#define WHEN(call)                                                            \
    "SELECT to_char(" call " AT TIME ZONE 'UTC',"                             \
    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const char *const  destroy_sql[PUPIL_ENTRY_KINDS] = {
    [PUPIL_ENTRY_ERASURE] =
        WHEN("keystore.destroy_key($1::bigint, $2::bigint)"),
    [PUPIL_ENTRY_TENANT] =
        WHEN("keystore.destroy_tenant($1::bigint, $2::bigint)"),
    [PUPIL_ENTRY_MOVED] =
        WHEN("keystore.leave($1::bigint, $2::bigint)")
};

/* As if the data database had a copy of all that there are. */
#define ALL_COPIED  "(SELECT m.entered FROM keystore.mark AS m)"

static const char *const  again_destroy_sql[PUPIL_ENTRY_KINDS] = {
    [PUPIL_ENTRY_ERASURE] =
        "SELECT keystore.destroy_key($1::bigint, " ALL_COPIED ")",
    [PUPIL_ENTRY_TENANT] =
        "SELECT keystore.destroy_tenant($1::bigint, " ALL_COPIED ")",
    [PUPIL_ENTRY_MOVED] =
        "SELECT keystore.leave($1::bigint, " ALL_COPIED ")"
};

static const char  backups_sql[] =
    WHEN("keystore.backups_gone($1::bigint, $2::timestamptz)");

static const char  copied_sql[] =
    "SELECT hash = $3::bytea AND subject = $4::uuid FROM pupil.ledger WHERE"
    " tenant = $1::uuid AND number = $2::bigint";


int
ctl_ledger_enter(ctl_t *ctl, const char *subject, ctl_ledger_entry_t *entry)
{
    const char  *params[1];

    params[0] = subject;

    return entry_enter(ctl, "SELECT " COLUMNS ", false FROM"
                       " keystore.enter_erasure($1::uuid) AS l", 1, params,
                       entry);
}


int
ctl_ledger_enter_whole(ctl_t *ctl, ctl_ledger_entry_t *entry)
{
    return entry_enter(ctl, "SELECT " COLUMNS ", " DESTROYED " FROM"
                       " keystore.enter_offboard() AS l", 0, NULL, entry);
}


int
ctl_ledger_enter_moved(ctl_t *ctl, const char *place,
    ctl_ledger_entry_t *entry)
{
    const char  *params[1];

    params[0] = place;

    return entry_enter(ctl, "SELECT " COLUMNS ", " DESTROYED " FROM"
                       " keystore.enter_moved($1) AS l", 1, params, entry);
}


static int
entry_enter(ctl_t *ctl, const char *sql, int count,
    const char *const *params, ctl_ledger_entry_t *entry)
{
    int        rc;
    PGresult  *res;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query_one(ctl->keys, sql, count, params);
    rc = res != NULL && entry_take(ctl, res, 0, entry) == 0
         ? ctl_commit(ctl->keys) : -1;

    PQclear(res);

    if (rc != 0) {
        ctl_rollback(ctl->keys);
    }

    return rc;
}


int
ctl_ledger_whole(ctl_t *ctl, ctl_ledger_entry_t *entry)
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->keys, whole_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0 ? 0
         : entry_take(ctl, res, 0, entry) == 0 ? 1 : -1;
    PQclear(res);

    return rc;
}


int
ctl_ledger_missing(ctl_t *ctl, ctl_ledger_entry_t **list, size_t *count)
{
    return entries_read(ctl, missing_sql, NULL, list, count);
}


int
ctl_ledger_again(ctl_t *ctl, const char *last, ctl_ledger_entry_t **list,
    size_t *count)
{
    return entries_read(ctl, again_sql, last, list, count);
}


static int
entries_read(ctl_t *ctl, const char *sql, const char *last,
    ctl_ledger_entry_t **list, size_t *count)
{
    head_t       head;
    PGresult    *res;
    const char  *params[3];

    if (head_read(ctl, &head) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = head.number;
    params[2] = last;
    res = ctl_ask(ctl, ctl->keys, sql, last == NULL ? 2 : 3, params);

    return res != NULL ? entries_take(ctl, res, list, count) : -1;
}


int
ctl_ledger_copy_restore(ctl_t *ctl)
{
    int          rc;
    char         last[CTL_LEDGER_NUMBER_SIZE];
    PGresult    *res;
    const char  *params[2];

    if (ctl_ledger_last(ctl, last) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = last;

    res = ctl_ask(ctl, ctl->data, behind_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0 ? 0
         : ctl->opt.from_copy ? rows_enter(ctl, res) : rows_refuse(res);
    PQclear(res);

    return rc;
}


int
ctl_ledger_last(ctl_t *ctl, char last[CTL_LEDGER_NUMBER_SIZE])
{
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask_one(ctl, ctl->keys, "SELECT coalesce(max(number), 0) FROM"
                      " keystore.ledger WHERE tenant = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    snprintf(last, CTL_LEDGER_NUMBER_SIZE, "%s", PQgetvalue(res, 0, 0));
    PQclear(res);

    return 0;
}


static int
rows_enter(ctl_t *ctl, const PGresult *res)
{
    int               i;
    ctl_ledger_row_t  row;

    for (i = 0; i < PQntuples(res); i++) {
        row.number = PQgetvalue(res, i, COLUMN_NUMBER);
        row.subject = PQgetvalue(res, i, COLUMN_SUBJECT);
        row.at = PQgetvalue(res, i, COLUMN_AT);
        row.hash = PQgetvalue(res, i, COLUMN_HASH);
        row.kind = PQgetvalue(res, i, COLUMN_KIND);
        row.place = PQgetisnull(res, i, COLUMN_PLACE)
                    ? NULL : PQgetvalue(res, i, COLUMN_PLACE);

        if (ctl_ledger_enter_again(ctl, &row) != 0) {
            return -1;
        }
    }

    return 0;
}


/* Whoever writes the data database can have put them there. */
static int
rows_refuse(const PGresult *res)
{
    int  i;

    for (i = 0; i < PQntuples(res); i++) {
        ctl_error("the data database has entry %s, %s, which the key store"
                  " lacks", PQgetvalue(res, i, COLUMN_NUMBER),
                  PQgetvalue(res, i, COLUMN_SUBJECT));
    }

    return ctl_error("the key store was restored from a backup that is older:"
                     " restore a newer one, or give the mirrored ledger with"
                     " --ledger; where there is neither, and these people were"
                     " erased, --from-copy erases them again");
}


/*
 * With the entry the key goes, as it had gone: a data database that has no copy
 * of it is behind then, and not served before it has (invariant I8).
 */
int
ctl_ledger_enter_again(ctl_t *ctl, const ctl_ledger_row_t *row)
{
    const char          *params[6];
    pupil_entry_kind_t   kind;

    if (ctl_ledger_kind(row->number, row->kind, &kind) != 0) {
        return -1;
    }

    params[0] = row->number;
    params[1] = row->kind;
    params[2] = row->subject;
    params[3] = row->at;
    params[4] = row->place;
    params[5] = row->hash;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0
        || ctl_exec(ctl->keys, "SELECT keystore.enter_again($1::bigint, $2,"
                    " $3::uuid, $4::bigint, $5, $6::bytea)", 6, params) != 0
        || ctl_exec(ctl->keys, again_destroy_sql[kind], 1, params) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return ctl_commit(ctl->keys);
}


/* One that this program does not know is for one that does. */
int
ctl_ledger_kind(const char *number, const char *name, pupil_entry_kind_t *kind)
{
    *kind = pupil_entry_kind_find(name);

    return *kind != PUPIL_ENTRY_KINDS ? 0
           : ctl_error("entry %s of the erasure ledger is of the kind \"%s\","
                       " which this program does not know: upgrade Pupil",
                       number, name);
}


int
ctl_ledger_open(ctl_t *ctl, ctl_ledger_entry_t **list, size_t *count)
{
    PGresult    *res;
    const char  *params[2];

    *list = NULL;
    *count = 0;
    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->data, open_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    if (PQgetisnull(res, 0, 0)) {
        PQclear(res);
        return 0;
    }

    params[1] = text_take(ctl, res, 0, 0);
    PQclear(res);

    res = ctl_ask(ctl, ctl->keys, named_sql, 2, params);

    return res != NULL ? entries_take(ctl, res, list, count) : -1;
}


/* Frees res. */
static int
entries_take(ctl_t *ctl, PGresult *res, ctl_ledger_entry_t **list,
    size_t *count)
{
    int  row, rows, rc;

    rc = 0;
    rows = PQntuples(res);
    *count = (size_t) rows;
    *list = rows == 0 ? NULL
            : ctl_pool_alloc(&ctl->pool, *count * sizeof(ctl_ledger_entry_t));

    for (row = 0; rc == 0 && row < rows; row++) {
        rc = entry_take(ctl, res, row, &(*list)[row]);
    }

    PQclear(res);

    return rc;
}


static int
entry_take(ctl_t *ctl, const PGresult *res, int row,
    ctl_ledger_entry_t *entry)
{
    if (PQgetisnull(res, row, COLUMN_SUBJECT)) {
        return ctl_error("entry %s of the erasure ledger is open in the data"
                         " database, and is not in the key store: "
                         CTL_LEDGER_CHANGED,
                         PQgetvalue(res, row, COLUMN_NUMBER));
    }

    entry->number = text_take(ctl, res, row, COLUMN_NUMBER);
    entry->subject = text_take(ctl, res, row, COLUMN_SUBJECT);
    entry->at = text_take(ctl, res, row, COLUMN_AT);
    entry->hash = text_take(ctl, res, row, COLUMN_HASH);
    entry->destroyed = PQgetvalue(res, row, COLUMN_DESTROYED)[0] == 't';
    entry->place = PQgetisnull(res, row, COLUMN_PLACE)
                   ? NULL : text_take(ctl, res, row, COLUMN_PLACE);

    return ctl_ledger_kind(entry->number, PQgetvalue(res, row, COLUMN_KIND),
                     &entry->kind) == 0
           ? ctl_get_uuid(res, row, COLUMN_SUBJECT, &entry->id) : -1;
}


static const char *
text_take(ctl_t *ctl, const PGresult *res, int row, int col)
{
    return ctl_pool_text(&ctl->pool, PQgetvalue(res, row, col),
                         (size_t) PQgetlength(res, row, col));
}


int
ctl_ledger_copy(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          same;
    PGresult    *res;
    const char  *params[7];

    params[0] = ctl->tenant_text;
    params[1] = entry->number;
    params[2] = entry->subject;
    params[3] = entry->at;
    params[4] = entry->hash;
    params[5] = pupil_entry_kind_name(entry->kind);
    params[6] = entry->place;

    if (ctl_exec(ctl->data, copy_sql, 7, params) != 0) {
        return -1;
    }

    params[2] = entry->hash;
    params[3] = entry->subject;

    res = ctl_query(ctl->data, copied_sql, 4, params);
    if (res == NULL) {
        return -1;
    }

    same = PQntuples(res) == 1 && PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);

    return same ? 0
           : ctl_error("entry %s of the erasure ledger is not the next of the"
                       " data database: another erasure is under way, try"
                       " again", entry->number);
}


int
ctl_ledger_destroy(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char **when)
{
    int          rc;
    char         text[24];
    int64_t      copied;
    PGresult    *res;
    const char  *params[2];

    /* with this entry, which was copied before */
    if (ctl_mark_count(ctl, &copied) != 0
        || ctl_begin(ctl->keys, &ctl->tenant) != 0)
    {
        return -1;
    }

    snprintf(text, sizeof(text), "%" PRId64, copied);
    params[0] = entry->number;
    params[1] = text;

    res = ctl_query_one(ctl->keys, destroy_sql[entry->kind], 2, params);
    rc = -1;

    if (res != NULL) {
        *when = text_take(ctl, res, 0, 0);
        rc = ctl_commit(ctl->keys);
    }

    PQclear(res);

    if (rc != 0) {
        ctl_rollback(ctl->keys);
    }

    return rc;
}


int
ctl_ledger_backups(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *told, const char **when)
{
    int          rc;
    PGresult    *res;
    const char  *params[2];

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    params[0] = entry->number;
    params[1] = told;

    res = ctl_query_one(ctl->keys, backups_sql, 2, params);
    rc = -1;

    if (res != NULL) {
        *when = PQgetisnull(res, 0, 0) ? NULL : text_take(ctl, res, 0, 0);
        rc = ctl_commit(ctl->keys);
    }

    PQclear(res);

    if (rc != 0) {
        ctl_rollback(ctl->keys);
    }

    return rc;
}


static int
head_read(ctl_t *ctl, head_t *head)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->data, "SELECT number, hash FROM pupil.ledger WHERE"
              " tenant = $1::uuid ORDER BY number DESC LIMIT 1", 1, params);
    if (res == NULL) {
        return -1;
    }

    snprintf(head->number, sizeof(head->number), "%s",
             PQntuples(res) == 1 ? PQgetvalue(res, 0, 0) : "0");
    snprintf(head->hash, sizeof(head->hash), "%s",
             PQntuples(res) == 1 ? PQgetvalue(res, 0, 1) : "");
    PQclear(res);

    return 0;
}

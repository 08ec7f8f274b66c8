/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/parts.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define DATA      "data."
#define DATA_LEN  (sizeof(DATA) - 1)

#define REFERENCE_MAX  200      /* bytes */

/* What is to be noted. */
typedef struct {
    ctl_buf_t  names, states;
} notes_t;


static PGresult *categories_read(ctl_t *ctl,
    const ctl_ledger_entry_t *entry);
static int category_note(ctl_t *ctl, const char *category, int waived_before,
    notes_t *notes);
static int waived(const ctl_t *ctl, const char *category);
static int reference_check(const ctl_t *ctl);
static void note_add(notes_t *notes, const char *schema, const char *name,
    const char *state);
static int notes_store(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const notes_t *notes);
static int parts_open(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int parts_gone(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static PGresult *left_read(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static void left_add(ctl_buf_t *sql, const char *schema, const char *name,
    const char *whose);
static int table_returned(ctl_t *ctl, const char *name, const char *whose);
static int part_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *name);
static int part_record(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *name);
static void fields_text(const pupil_plugin_t *plugin, ctl_buf_t *fields);
static PGresult *held_read(ctl_t *ctl, const char *name,
    const char *subject);
static PGresult *parts_read(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *state);


/* The host's own rows about a person, by this column; for pupil.erase(). */
static const struct {
    const char  *name, *whose;
} host_tables[] = {
    { "role", "subject" },
    { "enrolment", "subject" },
    { "session", "subject" },
    { "blind_index", "owner" },
    { "imported", "owner" },
    { "import_image", "owner" },
    { "outbox", "subject" },
    { "support_grant", "subject" },
    { "notice", "subject" },
    { "sign_up", "subject" },
    { "trial", "subject" },
    { "breach_found", "subject" },
    { "breach_told", "subject" },
    { "request_text", "subject" },
    { NULL, NULL }
};


/*
 * Every table that has rows of owners, and whether this erasure goes without
 * it: what pupil.plugin says of categories may have been lost, or taken away.
 */
static PGresult *
categories_read(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = entry != NULL ? entry->number : NULL;

    return ctl_query(ctl->data, "SELECT c.relname, coalesce(e.state ="
                     " 'waived', false) FROM pg_class AS c JOIN pg_attribute"
                     " AS a ON a.attrelid = c.oid AND a.attname = 'owner' AND"
                     " NOT a.attisdropped LEFT JOIN pupil.erasure AS e ON"
                     " e.tenant = $1::uuid AND e.number = $2::bigint AND"
                     " e.name = 'data.' || c.relname WHERE c.relnamespace ="
                     " 'data'::regnamespace AND c.relkind IN ('r', 'p') AND"
                     " NOT c.relispartition ORDER BY c.relname", 2, params);
}


int
ctl_parts_check(ctl_t *ctl)
{
    return ctl_parts_note(ctl, NULL);
}


/* entry NULL: it is only looked at. */
int
ctl_parts_note(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int        i, rc;
    notes_t    notes;
    PGresult  *res;

    res = categories_read(ctl, entry);
    if (res == NULL) {
        return -1;
    }

    rc = 0;
    ctl_buf_init(&notes.names);
    ctl_buf_init(&notes.states);
    ctl_array_begin(&notes.names);
    ctl_array_begin(&notes.states);

    for (i = 0; rc == 0 && i < PQntuples(res); i++) {
        rc = category_note(ctl, PQgetvalue(res, i, 0),
                           PQgetvalue(res, i, 1)[0] == 't', &notes);
    }

    for (i = 0; host_tables[i].name != NULL; i++) {
        note_add(&notes, "pupil.", host_tables[i].name, "open");
    }

    ctl_array_end(&notes.names);
    ctl_array_end(&notes.states);

    if (rc == 0 && entry != NULL) {
        rc = notes_store(ctl, entry, &notes);
    }

    ctl_buf_free(&notes.names);
    ctl_buf_free(&notes.states);
    PQclear(res);

    return rc;
}


/* What a class owns is not the person's who wrote it. */
static int
category_note(ctl_t *ctl, const char *category, int waived_before,
    notes_t *notes)
{
    const pupil_category_t  *found;

    found = ctl_plugin_find(ctl, category);

    if (found != NULL) {
        if (found->plugin->owner == PUPIL_OWNER_SUBJECT) {
            note_add(notes, DATA, category, "open");
        }

        return 0;
    }

    if (!waived_before && !waived(ctl, category)) {
        return ctl_error("the plugin of %s is not in %s, so that nobody knows"
                         " what to erase of it: put it there, or say --waive"
                         " %s --reference TEXT", category, ctl->opt.plugins,
                         category);
    }

    if (!waived_before && reference_check(ctl) != 0) {
        return -1;
    }

    note_add(notes, DATA, category, "waived");

    return 0;
}


/* --waive: names, separated by commas. */
static int
waived(const ctl_t *ctl, const char *category)
{
    size_t       len;
    const char  *p;

    if (ctl->opt.waive == NULL) {
        return 0;
    }

    for (p = ctl->opt.waive; *p != '\0'; p += len) {
        if (*p == ',') {
            p++;
        }

        len = strcspn(p, ",");

        if (strlen(category) == len && strncmp(p, category, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* It stands in a line of the receipt. */
static int
reference_check(const ctl_t *ctl)
{
    size_t       i;
    pupil_str_t  text;

    text = ctl_str(ctl->opt.reference != NULL ? ctl->opt.reference : "");

    for (i = 0; i < text.len && text.data[i] >= ' '; i++) { /* void */ }

    return text.len != 0 && text.len <= REFERENCE_MAX && i == text.len ? 0
           : ctl_error("--waive %s needs --reference: by which decision, a line"
                       " of at most %d bytes, without a name", ctl->opt.waive,
                       REFERENCE_MAX);
}


static void
note_add(notes_t *notes, const char *schema, const char *name,
    const char *state)
{
    ctl_buf_t  text;

    ctl_buf_init(&text);
    ctl_buf_printf(&text, "%s%s", schema, name);

    ctl_array_text(&notes->names, ctl_str(text.data));
    ctl_array_text(&notes->states, ctl_str(state));

    ctl_buf_free(&text);
}


/* What was waived is open again once its plugin is there, and the reverse. */
static int
notes_store(ctl_t *ctl, const ctl_ledger_entry_t *entry, const notes_t *notes)
{
    int          rc;
    PGresult    *res;
    const char  *params[5];

    params[0] = ctl->tenant_text;
    params[1] = entry->number;
    params[2] = notes->names.data;
    params[3] = notes->states.data;
    params[4] = ctl->opt.reference;

    if (ctl_exec(ctl->data, "INSERT INTO pupil.erasure AS e (tenant, number,"
                 " name, state, reference) SELECT $1::uuid, $2::bigint,"
                 " n.name, n.state, CASE n.state WHEN 'waived' THEN"
                 " coalesce(b.reference, $5) END FROM unnest($3::text[],"
                 " $4::text[]) AS n (name, state) LEFT JOIN pupil.erasure AS b"
                 " ON b.tenant = $1::uuid AND b.number = $2::bigint AND b.name"
                 " = n.name ON CONFLICT (tenant, number, name) DO UPDATE SET"
                 " state = EXCLUDED.state, reference = EXCLUDED.reference"
                 " WHERE e.state NOT IN ('done', EXCLUDED.state)", 5, params)
        != 0)
    {
        return -1;
    }

    res = ctl_query(ctl->data, "SELECT n.name FROM unnest($3::text[]) AS n"
                    " (name) WHERE NOT EXISTS (SELECT FROM pupil.erasure AS e"
                    " WHERE e.tenant = $1::uuid AND e.number = $2::bigint AND"
                    " e.name = n.name)", 3, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0 ? 0
         : ctl_error("the data database did not store that %s is to be"
                     " deleted", PQgetvalue(res, 0, 0));
    PQclear(res);

    return rc;
}


int
ctl_parts_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int        rc, row;
    PGresult  *res;

    if (parts_open(ctl, entry) != 0) {
        return -1;
    }

    res = parts_read(ctl, entry, "open");
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = part_erase(ctl, entry, PQgetvalue(res, row, 0));
    }

    PQclear(res);

    return rc == 0 ? parts_gone(ctl, entry) : rc;
}


/* What is said to be done and has rows of this person is not. */
static int
parts_open(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          rc, row;
    ctl_buf_t    names;
    PGresult    *left;
    const char  *params[3];

    left = left_read(ctl, entry);
    if (left == NULL) {
        return -1;
    }

    ctl_buf_init(&names);
    ctl_array_begin(&names);

    for (row = 0; row < PQntuples(left); row++) {
        ctl_array_text(&names, ctl_str(PQgetvalue(left, row, 0)));
    }

    ctl_array_end(&names);

    params[0] = ctl->tenant_text;
    params[1] = entry->number;
    params[2] = names.data;

    rc = PQntuples(left) == 0 ? 0
         : ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_exec(ctl->data, "UPDATE pupil.erasure SET state = 'open'"
                       " WHERE tenant = $1::uuid AND number = $2::bigint AND"
                       " name = ANY ($3::text[]) AND state = 'done'", 3,
                       params) == 0
           ? ctl_commit(ctl->data) : -1;

    ctl_buf_free(&names);
    PQclear(left);

    return rc;
}


static int
parts_gone(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int        rc;
    PGresult  *left;

    left = left_read(ctl, entry);
    if (left == NULL) {
        return -1;
    }

    rc = PQntuples(left) == 0 ? 0
         : ctl_error("%s has rows of this person still: something in the data"
                     " database keeps them, see pupilctl check",
                     PQgetvalue(left, 0, 0));
    PQclear(left);

    return rc;
}


/* The tables that have rows of this person, but those that were waived. */
static PGresult *
left_read(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int                      i;
    ctl_buf_t                sql;
    PGresult                *res;
    const char              *params[2];
    const pupil_category_t  *found;

    res = ctl_begin(ctl->data, &ctl->tenant) == 0
          ? categories_read(ctl, entry) : NULL;
    if (res == NULL) {
        return NULL;
    }

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, "SELECT NULL::text WHERE false");

    for (i = 0; i < PQntuples(res); i++) {
        found = ctl_plugin_find(ctl, PQgetvalue(res, i, 0));

        if (found != NULL && found->plugin->owner == PUPIL_OWNER_SUBJECT) {
            left_add(&sql, DATA, found->plugin->name, "owner");
        }
    }

    for (i = 0; host_tables[i].name != NULL; i++) {
        left_add(&sql, "pupil.", host_tables[i].name, host_tables[i].whose);
    }

    PQclear(res);

    params[0] = ctl->tenant_text;
    params[1] = entry->subject;

    res = ctl_query(ctl->data, sql.data, 2, params);
    ctl_rollback(ctl->data);
    ctl_buf_free(&sql);

    return res;
}


/* Names are those of plugins, which were checked, and of the host. */
static void
left_add(ctl_buf_t *sql, const char *schema, const char *name,
    const char *whose)
{
    ctl_buf_printf(sql, " UNION ALL SELECT '%s%s' WHERE EXISTS (SELECT FROM"
                   " %s%s WHERE tenant = $1::uuid AND %s = $2::uuid)", schema,
                   name, schema, name, whose);
}


/*
 * Without plugins, which need not be here: the names are tables, as PostgreSQL
 * writes them.
 */
int
ctl_parts_returned(ctl_t *ctl)
{
    int          rc, row;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_query(ctl->data, "SELECT n.name, min(a.attname) FROM (SELECT"
                    " DISTINCT e.name FROM pupil.erasure AS e WHERE e.tenant"
                    " = $1::uuid AND e.state = 'done') AS n JOIN pg_class AS"
                    " c ON c.oid = to_regclass(n.name) AND c.relkind = 'r'"
                    " AND n.name = concat(c.relnamespace::regnamespace, '.',"
                    " quote_ident(c.relname)) JOIN pg_attribute AS a ON"
                    " a.attrelid = c.oid AND a.attname IN ('owner',"
                    " 'subject') AND NOT a.attisdropped WHERE"
                    " has_table_privilege(c.oid, 'SELECT') GROUP BY n.name",
                    1, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = table_returned(ctl, PQgetvalue(res, row, 0),
                            PQgetvalue(res, row, 1));
    }

    PQclear(res);

    return rc;
}


static int
table_returned(ctl_t *ctl, const char *name, const char *whose)
{
    ctl_buf_t    sql;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = name;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "UPDATE pupil.erasure AS e SET state = 'open' FROM"
                   " pupil.ledger AS l WHERE e.tenant = $1::uuid AND e.name ="
                   " $2 AND e.state = 'done' AND l.tenant = e.tenant AND"
                   " l.number = e.number AND l.kind = 'erasure' AND EXISTS"
                   " (SELECT FROM %s AS t WHERE t.tenant = $1::uuid AND t.%s ="
                   " l.subject) RETURNING e.number", name, whose);

    res = ctl_query(ctl->data, sql.data, 2, params);
    ctl_buf_free(&sql);

    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) != 0) {
        ctl_note("%s has rows of %d who were erased: they go again; was a"
                 " part of the data database restored?", name, PQntuples(res));
    }

    PQclear(res);

    return 0;
}


static int
part_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry, const char *name)
{
    const char  *params[2];

    params[0] = entry->number;
    params[1] = name;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_exec(ctl->data, "SELECT pupil.erase($1::bigint, $2)", 2, params)
           != 0
        || part_record(ctl, entry, name) != 0 || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}


static int
part_record(ctl_t *ctl, const ctl_ledger_entry_t *entry, const char *name)
{
    int                      rc;
    ctl_buf_t                fields, detail;
    ctl_access_t             access;
    const pupil_category_t  *category;

    ctl_buf_init(&fields);
    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "erasure=%s table=%s", entry->number, name);

    category = strncmp(name, DATA, DATA_LEN) == 0
               ? ctl_plugin_find(ctl, name + DATA_LEN) : NULL;

    if (category != NULL) {
        fields_text(category->plugin, &fields);
    } else {
        ctl_buf_text(&fields, "class_id school_id role from to");
    }

    access.category = category != NULL ? category->plugin->name : "enrolment";
    access.fields = fields.data;
    access.purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION;
    access.operation = PUPIL_OPERATION_WRITE;
    access.about = "subjects";

    rc = ctl_record_one(ctl, &access, "allowed", &entry->id, detail.data);

    ctl_buf_free(&fields);
    ctl_buf_free(&detail);

    return rc;
}


static void
fields_text(const pupil_plugin_t *plugin, ctl_buf_t *fields)
{
    uint32_t  i;

    for (i = 0; i < plugin->fields_count; i++) {
        ctl_buf_printf(fields, "%s%s", i > 0 ? " " : "",
                       plugin->fields[i].name);
    }
}


json_t *
ctl_parts_told(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int        row;
    json_t    *list;
    PGresult  *res;

    res = parts_read(ctl, entry, NULL);
    if (res == NULL) {
        return NULL;
    }

    list = json_array();

    for (row = 0; row < PQntuples(res); row++) {
        json_array_append_new(list, json_pack("{s:s,s:s,s:i,s:s,s:s*}",
            "table", PQgetvalue(res, row, 0),
            "state", PQgetvalue(res, row, 1),
            "records", (int) ctl_get_int(res, row, 2, 0),
            "at", PQgetvalue(res, row, 3),
            "reference", PQgetisnull(res, row, 4)
                         ? NULL : PQgetvalue(res, row, 4)));
    }

    PQclear(res);

    return list;
}


json_t *
ctl_parts_held(ctl_t *ctl, const char *subject, const char *state)
{
    int                      i;
    json_t                  *list;
    PGresult                *res, *rows;
    const pupil_category_t  *found;

    res = categories_read(ctl, NULL);
    list = json_array();

    for (i = 0; res != NULL && i < PQntuples(res); i++) {
        found = ctl_plugin_find(ctl, PQgetvalue(res, i, 0));

        if (found == NULL || found->plugin->owner != PUPIL_OWNER_SUBJECT) {
            continue;
        }

        rows = held_read(ctl, found->plugin->name, subject);

        if (rows == NULL) {
            PQclear(res);
            res = NULL;
            break;
        }

        json_array_append_new(list, json_pack("{s:s,s:s,s:i}",
            "table", PQgetvalue(rows, 0, 0), "state", state,
            "records", (int) ctl_get_int(rows, 0, 1, 0)));
        PQclear(rows);
    }

    if (res == NULL) {
        json_decref(list);
        return NULL;
    }

    PQclear(res);

    return list;
}


/* The name is that of a plugin, which was checked. */
static PGresult *
held_read(ctl_t *ctl, const char *name, const char *subject)
{
    ctl_buf_t    sql;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = subject;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "SELECT '" DATA "%s', count(*) FROM " DATA "%s WHERE"
                   " tenant = $1::uuid AND owner = $2::uuid", name, name);

    res = ctl_query_one(ctl->data, sql.data, 2, params);
    ctl_buf_free(&sql);

    return res;
}


/* state: NULL for all. */
static PGresult *
parts_read(ctl_t *ctl, const ctl_ledger_entry_t *entry, const char *state)
{
    PGresult    *res;
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = entry->number;
    params[2] = state;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return NULL;
    }

    res = ctl_query(ctl->data, "SELECT name, state, records, to_char(at AT"
                    " TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                    " reference FROM pupil.erasure WHERE tenant = $1::uuid AND"
                    " number = $2::bigint AND state = coalesce($3, state)"
                    " ORDER BY name", 3, params);
    ctl_rollback(ctl->data);

    return res;
}

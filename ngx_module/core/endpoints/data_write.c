/*
 * Copyright (C) the Pupil authors
 *
 * The statement of /v1/data/ that writes one record.
 */

#include <string.h>

#include "core/endpoints/data_sql.h"
#include "core/endpoints/endpoint_sql.h"
#include "core/plugin/names.h"


/* The field of want i. */
static const pupil_field_t *
data_write_field(const pupil_maker_t *m, uint32_t i)
{
    int32_t      n;
    pupil_str_t  name;

    name.data = (const uint8_t *) m->wants[i].field;
    name.len = strlen(m->wants[i].field);
    n = pupil_category_field(m->category, name);

    return &m->category->plugin->fields[n];
}


/* The given value of want i as the type of its column. */
static void
data_write_value(const pupil_maker_t *m, uint32_t i, pupil_sql_t *sql)
{
    const pupil_field_t  *field;

    field = data_write_field(m, i);

    if (field->flags & PUPIL_FIELD_SEALED) {
        pupil_sql_add(sql, "$12[%u]", i + 1);

    } else if (field->type == PUPIL_TYPE_UUID_LIST) {
        pupil_sql_add(sql, "string_to_array($13[%u], ' ')::uuid[]", i + 1);

    } else {
        pupil_sql_add(sql, "$13[%u]::%s", i + 1, pupil_field_column(field));
    }
}


/*
 * What the record must fulfil: a new one has all required fields, and the
 * field that says of which class it is names one that relates.
 */
static void
data_write_conditions(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t               f, i;
    const pupil_plugin_t  *plugin;
    const pupil_want_t    *want;

    plugin = m->category->plugin;

    for (f = 0; f < plugin->fields_count; f++) {
        if (!(plugin->fields[f].flags & PUPIL_FIELD_REQUIRED)
            && (m->scope == NULL
                || strcmp(m->scope->field, plugin->fields[f].name) != 0))
        {
            continue;
        }

        want = NULL;
        for (i = 0; i < m->generic->template.wants_count; i++) {
            if (strcmp(m->wants[i].field, plugin->fields[f].name) == 0) {
                want = &m->wants[i];
                break;
            }
        }

        pupil_sql_add(sql, " AND (EXISTS (SELECT FROM old)");

        if (want == NULL) {
            pupil_sql_add(sql, ")");
            continue;
        }

        pupil_sql_add(sql, " AND $11[%u] = 0 OR $11[%u] = 1 AND ", i + 1,
                      i + 1);
        data_write_value(m, i, sql);

        if (m->scope != NULL && strcmp(m->scope->field, want->field) == 0) {
            pupil_sql_add(sql, " IN (%s))", m->scope->among);
        } else {
            pupil_sql_add(sql, " IS NOT NULL)");
        }
    }
}


/* The columns of the record, and their values; of what is not given, old's. */
static void
data_write_columns(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t  i, count;

    count = m->generic->template.wants_count;

    pupil_sql_add(sql, " (tenant, owner, record, key_version, source,"
                  " updated_at");

    for (i = 0; i < count; i++) {
        pupil_sql_add(sql, ", ");
        pupil_sql_name(sql, m->wants[i].field);
    }

    pupil_sql_add(sql, m->category->bound ? ", facts)" : ")");
    pupil_sql_add(sql, " SELECT $2, $8, $9, $10, 'user', now()");

    for (i = 0; i < count; i++) {
        pupil_sql_add(sql, ", CASE WHEN $11[%u] = 1 THEN ", i + 1);
        data_write_value(m, i, sql);
        pupil_sql_add(sql, " ELSE old.");
        pupil_sql_name(sql, m->wants[i].field);
        pupil_sql_add(sql, " END");
    }

    pupil_sql_add(sql, m->category->bound ? ", $18" : "");
}


/*
 * CTE w: the record, when everything allows it.  What is not given keeps its
 * value, in the insert too: PostgreSQL checks NOT NULL before it finds that
 * the record is there.
 */
static void
data_write_record(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t     i, count;
    const char  *name;

    count = m->generic->template.wants_count;

    pupil_sql_add(sql, "w AS (INSERT INTO data.");
    pupil_sql_name(sql, m->category->plugin->name);
    pupil_sql_add(sql, " AS t");
    data_write_columns(m, sql);

    pupil_sql_add(sql, " FROM o LEFT JOIN old ON true WHERE o.state ="
                  " 'active'"
                  " AND o.key_version = $10 AND EXISTS (SELECT FROM r)"
                  " AND NOT EXISTS (SELECT FROM taken)");

    if (m->category->plugin->cardinality == PUPIL_CARDINALITY_ONE) {
        pupil_sql_add(sql, " AND $9 = $8");
    }

    if (m->category->bound) {
        pupil_sql_add(sql, " AND EXISTS (SELECT FROM old)"
                      " = ($19 IS NOT NULL)");
    }

    data_write_conditions(m, sql);

    pupil_sql_add(sql, " ON CONFLICT (tenant, owner, record) DO UPDATE SET"
                  " key_version = excluded.key_version,"
                  " source = excluded.source,"
                  " updated_at = excluded.updated_at");

    for (i = 0; i < count; i++) {
        name = m->wants[i].field;

        pupil_sql_add(sql, ", ");
        pupil_sql_name(sql, name);
        pupil_sql_add(sql, " = CASE WHEN $11[%u] = 1 THEN excluded.", i + 1);
        pupil_sql_name(sql, name);
        pupil_sql_add(sql, " ELSE t.");
        pupil_sql_name(sql, name);
        pupil_sql_add(sql, " END");
    }

    /* only while it is what the facts were made from */
    pupil_sql_add(sql, m->category->bound
                       ? ", facts = excluded.facts WHERE t.facts = $19"
                       : " WHERE true");
    pupil_generic_scope(m, sql);
    pupil_sql_add(sql, " RETURNING t.record), ");
}


/*
 * Whether any field has a blind index.  Without one, the statement names no
 * row of it: the gateway's role may have no privilege to write there.
 */
static int
data_write_indexed(const pupil_maker_t *m)
{
    uint32_t  i;

    for (i = 0; i < m->generic->template.wants_count; i++) {
        if (data_write_field(m, i)->flags & PUPIL_FIELD_INDEXED) {
            return 1;
        }
    }

    return 0;
}


/* CTE taken: terms that are another owner's, which make it a conflict. */
static void
data_write_taken(const pupil_maker_t *m, pupil_sql_t *sql)
{
    if (!data_write_indexed(m)) {
        pupil_sql_add(sql, "taken AS (SELECT WHERE false), ");
        return;
    }

    pupil_sql_add(sql, "given AS (SELECT * FROM"
                  " unnest($14, $15, $16) AS x(field, term, mac)),"
                  " taken AS (SELECT FROM given g JOIN pupil.blind_index b"
                  " ON b.tenant = $2 AND b.category = '%s'"
                  " AND b.field = g.field AND b.term = g.term"
                  " WHERE b.owner <> $8 AND EXISTS (SELECT FROM r)), ",
                  m->category->plugin->name);
}


/*
 * CTEs of the blind index.  Where two write a term at once, the primary key
 * makes one fail.
 */
static void
data_write_index(const pupil_maker_t *m, pupil_sql_t *sql)
{
    const char  *name;

    if (!data_write_indexed(m)) {
        return;
    }

    name = m->category->plugin->name;

    pupil_sql_add(sql, "gone AS (DELETE FROM pupil.blind_index b"
                  " USING given g WHERE b.tenant = $2 AND b.category = '%s'"
                  " AND b.field = g.field AND b.owner = $8"
                  " AND b.record = $9 AND b.term IS DISTINCT FROM g.term"
                  " AND EXISTS (SELECT FROM w)), ", name);
    pupil_sql_add(sql, "come AS (INSERT INTO pupil.blind_index (tenant,"
                  " category, field, term, owner, record, mac)"
                  " SELECT $2, '%s', g.field, g.term, $8, $9, g.mac"
                  " FROM given g WHERE g.term IS NOT NULL"
                  " AND EXISTS (SELECT FROM w)"
                  " AND NOT EXISTS (SELECT FROM pupil.blind_index b"
                  " WHERE b.tenant = $2 AND b.category = '%s'"
                  " AND b.field = g.field AND b.term = g.term)), ", name,
                  name);
}


/* As the statement's result says. */
const pupil_audit_choice_t  pupil_generic_choices[PUPIL_GENERIC_CHOICES] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED },
    { .outcome = PUPIL_OUTCOME_CONFLICT, .choice = 1 },
    { .outcome = PUPIL_OUTCOME_NOT_FOUND, .choice = 2 },
    { .outcome = PUPIL_OUTCOME_RESTRICTED, .choice = 3 }
};


/* The subjects of the audit record. */
static const char *
data_write_subjects(const pupil_maker_t *m)
{
    return m->wants[0].about == PUPIL_ABOUT_SUBJECTS ? "ARRAY[$8]"
                                                     : "'{}'::uuid[]";
}


void
pupil_generic_write_sql(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t     i;
    const char  *name;

    name = m->category->plugin->name;

    /* only through classes whose evidence was checked (invariant I18) */
    pupil_sql_add(sql, "WITH q AS (%s), r AS (SELECT q.class FROM q"
                  " WHERE q.class IS NULL OR q.class = ANY ($17)), ",
                  m->relates->relates);
    pupil_sql_add(sql, "o AS (SELECT x.state, x.key_version"
                  " FROM pupil.owner x WHERE x.tenant = $2 AND x.owner = $8),"
                  " old AS (SELECT t.record");

    for (i = 0; i < m->generic->template.wants_count; i++) {
        pupil_sql_add(sql, ", t.");
        pupil_sql_name(sql, m->wants[i].field);
    }

    pupil_sql_add(sql, " FROM data.");
    pupil_sql_name(sql, name);
    pupil_sql_add(sql, " t WHERE t.tenant = $2 AND t.owner = $8"
                  " AND t.record = $9 AND EXISTS (SELECT FROM r)");
    pupil_generic_scope(m, sql);
    pupil_sql_add(sql, "), ");

    data_write_taken(m, sql);
    data_write_record(m, sql);
    data_write_index(m, sql);

    pupil_sql_add(sql, "result AS (SELECT CASE"
                  " WHEN NOT EXISTS (SELECT FROM r) THEN 2"
                  " WHEN EXISTS (SELECT FROM taken) THEN 1"
                  " WHEN EXISTS (SELECT FROM w) THEN 0"
                  " WHEN (SELECT state FROM o) <> 'active' THEN 3"
                  " END AS choice), "
                  "a AS (INSERT INTO pupil.audit_record ({audit}, number, mac,"
                  " outcome, subjects) SELECT {audit_values}, {number}, "
                  PUPIL_SQL_MAC("x.choice") ", CASE x.choice"
                  " WHEN 0 THEN 'allowed' WHEN 1 THEN 'conflict'"
                  " WHEN 2 THEN 'not_found' ELSE 'restricted' END, %s"
                  " FROM result x WHERE x.choice IS NOT NULL RETURNING 1)"
                  " SELECT " PUPIL_SQL_RECORDED("a",
                      "SELECT count(x.choice) FROM result x",
                      "SELECT coalesce(1 << x.choice, 0) FROM result x") ","
                  " EXISTS (SELECT FROM r),"
                  " EXISTS (SELECT FROM old), EXISTS (SELECT FROM taken),"
                  " (SELECT state FROM o WHERE EXISTS (SELECT FROM r)),"
                  " EXISTS (SELECT FROM w)", data_write_subjects(m));
}

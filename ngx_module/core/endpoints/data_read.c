/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/data/ that read records, and that look at one before
 * it is written.
 */

#include <string.h>

#include "core/endpoints/data_sql.h"
#include "core/endpoints/endpoint_sql.h"


const char *
pupil_generic_uuid(const pupil_category_t *category, const char *name)
{
    uint32_t              i;
    const pupil_field_t  *field;

    for (i = 0; i < category->plugin->fields_count; i++) {
        field = &category->plugin->fields[i];

        if (strcmp(field->name, name) == 0 && field->type == PUPIL_TYPE_UUID
            && !(field->flags & PUPIL_FIELD_SEALED))
        {
            return field->name;
        }
    }

    return NULL;
}


int
pupil_generic_proved(const pupil_category_t *category)
{
    return strcmp(category->plugin->name, "enrolment") == 0;
}


int
pupil_generic_withdraws(const pupil_category_t *category)
{
    int32_t      i;
    pupil_str_t  name = pupil_str("deleted_at");

    i = pupil_category_field(category, name);

    return i >= 0
           && category->plugin->fields[i].type == PUPIL_TYPE_TIMESTAMP
           && !(category->plugin->fields[i].flags & PUPIL_FIELD_SEALED);
}


/*
 * The field until whose time those who are taught, and those whom the record is
 * about, see nothing, or NULL.
 */
static const char *
data_read_embargo(const pupil_maker_t *m)
{
    uint32_t              i;
    const pupil_field_t  *field;

    for (i = 0; i < m->category->plugin->fields_count; i++) {
        field = &m->category->plugin->fields[i];

        if ((m->relates->relation == PUPIL_RELATION_TAUGHT_BY
             || m->relates->relation == PUPIL_RELATION_SELF)
            && (field->flags & PUPIL_FIELD_EMBARGO))
        {
            return field->name;
        }
    }

    return NULL;
}


/* Who relates, as CTE r of column class. */
static void
data_read_relates(const pupil_maker_t *m, pupil_sql_t *sql)
{
    pupil_sql_add(sql, "WITH r AS (%s), ", m->relates->relates);
}


void
pupil_generic_scope(const pupil_maker_t *m, pupil_sql_t *sql)
{
    if (m->scope != NULL) {
        pupil_sql_add(sql, " AND t.");
        pupil_sql_name(sql, m->scope->field);
        pupil_sql_add(sql, " IN (%s)", m->scope->among);
    }
}


/* The record's class, its sealing owners, the row it is made of, its fields. */
static void
data_read_columns(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t     i;
    const char  *class_id;

    class_id = pupil_generic_uuid(m->category, "class_id");

    if (class_id != NULL) {
        pupil_sql_add(sql, "t.");
        pupil_sql_name(sql, class_id);
        pupil_sql_add(sql, " AS in_class");
    } else {
        pupil_sql_add(sql, "NULL::uuid AS in_class");
    }

    pupil_sql_add(sql, ", %s AS brought_by",
                  m->relates->relation == PUPIL_RELATION_SELF
                  ? "t.source" : "NULL::text");

    for (i = 0; i < m->generic->sealers; i++) {
        pupil_sql_add(sql, ", o%u.owner AS o%u_id, o%u.state AS o%u_state,"
                      " o%u.key_version AS o%u_version", i, i, i, i, i, i);
    }

    if (m->generic->proof != 0) {
        pupil_sql_add(sql, ", v.enrolment, v.subject, v.class,"
                      " v.institution, v.role AS v_role,"
                      " v.valid_from - DATE '1970-01-01' AS v_from,"
                      " v.valid_to - DATE '1970-01-01' AS v_to,"
                      " v.source AS v_source, v.mac");
    }

    pupil_sql_add(sql, "{t}");
}


/* Where these columns come from. */
static void
data_read_tables(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t  i;

    pupil_sql_add(sql, " FROM data.");
    pupil_sql_name(sql, m->category->plugin->name);
    pupil_sql_add(sql, " t");

    if (m->generic->proof != 0) {
        pupil_sql_add(sql, " LEFT JOIN " PUPIL_SQL_EACH(
                      "SELECT v.* FROM pupil.enrolment v WHERE v.tenant = $2"
                      " AND v.enrolment = t.record") " AS v ON true");
    }

    for (i = 0; i < m->generic->sealers; i++) {
        pupil_sql_add(sql, " LEFT JOIN LATERAL (SELECT o.* FROM pupil.owner o"
                      " WHERE o.tenant = $2 AND o.owner = t.");
        pupil_sql_name(sql, m->sealers[i]);
        pupil_sql_add(sql, " OFFSET 0) AS o%u ON true", i);
    }
}


void
pupil_generic_read_sql(const pupil_maker_t *m, pupil_sql_t *sql)
{
    const char  *embargo;

    embargo = data_read_embargo(m);

    data_read_relates(m, sql);
    pupil_sql_add(sql, "d AS (SELECT t.record, t.owner AS owner_id, ");
    data_read_columns(m, sql);
    data_read_tables(m, sql);

    pupil_sql_add(sql, " WHERE t.tenant = $2 AND t.owner = $8"
                  " AND EXISTS (SELECT FROM r)"
                  " AND ($9::uuid IS NULL OR t.record > $9)%s",
                  pupil_generic_withdraws(m->category)
                  ? " AND t.deleted_at IS NULL" : "");

    if (embargo != NULL) {
        pupil_sql_add(sql, " AND t.");
        pupil_sql_name(sql, embargo);
        pupil_sql_add(sql, " <= now()");
    }

    pupil_generic_scope(m, sql);
    pupil_sql_add(sql, " ORDER BY t.record LIMIT $10)"
                  " SELECT $1::bigint, EXISTS (SELECT FROM r), d.*"
                  " FROM (VALUES (1)) AS one LEFT JOIN d ON true"
                  " ORDER BY d.record");
}


void
pupil_generic_look_sql(const pupil_maker_t *m, pupil_sql_t *sql)
{
    const char  *facts;

    facts = m->category->bound ? "{t}" : "";

    data_read_relates(m, sql);
    pupil_sql_add(sql, "old AS (SELECT t.record%s FROM data.", facts);
    pupil_sql_name(sql, m->category->plugin->name);
    pupil_sql_add(sql, " t WHERE t.tenant = $2 AND t.owner = $8"
                  " AND t.record = $9 AND EXISTS (SELECT FROM r)");
    pupil_generic_scope(m, sql);
    pupil_sql_add(sql, ") SELECT $1::bigint, EXISTS (SELECT FROM r),"
                  " t.record IS NOT NULL, o.owner, o.state,"
                  " o.key_version%s FROM (VALUES (1)) AS one"
                  " LEFT JOIN pupil.owner o ON o.tenant = $2"
                  " AND o.owner = $8 AND EXISTS (SELECT FROM r)"
                  " LEFT JOIN old AS t ON true", facts);
}

/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/data/, made up from a descriptor: what is granted of a
 * category, and how it is read.
 */

#include <string.h>

#include "core/endpoints/data.h"
#include "core/endpoints/endpoint_sql.h"


#define PUPIL_PARAMS_LOOK   { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID }
#define PUPIL_PARAMS_READ                                                     \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4 }
#define PUPIL_PARAMS_WRITE                                                    \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4,                   \
      PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,                        \
      PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_TEXT_ARRAY,                         \
      PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,                       \
      PUPIL_PARAM_UUID_ARRAY }

/* Columns of a read before the owners, of each owner; see statement.h. */
#define PUPIL_READ_FIXED    5
#define PUPIL_READ_SEALER   3
#define PUPIL_READ_PROOF    9       /* the row that a record is made of */

#define PUPIL_LOOK_COLUMNS   6
#define PUPIL_WRITE_COLUMNS  6


/* A plain UUID field of the category, or NULL. */
static const char *
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


/* Does the category mark records as withdrawn? */
static int
pupil_generic_deletes(const pupil_category_t *category)
{
    int32_t      i;
    pupil_str_t  name = pupil_str("deleted_at");

    i = pupil_category_field(category, name);

    return i >= 0
           && category->plugin->fields[i].type == PUPIL_TYPE_TIMESTAMP
           && !(category->plugin->fields[i].flags & PUPIL_FIELD_SEALED);
}


/*
 * Is a record the host's own row that authorises, seen through a view?  Such a
 * row is shown only when it is authentic (invariant I18).
 */
static int
pupil_generic_proved(const pupil_maker_t *m)
{
    return strcmp(m->category->plugin->name, "enrolment") == 0;
}


/* The field until whose time those who are taught see nothing, or NULL. */
static const char *
pupil_generic_embargo(const pupil_maker_t *m)
{
    uint32_t              i;
    const pupil_field_t  *field;

    for (i = 0; i < m->category->plugin->fields_count; i++) {
        field = &m->category->plugin->fields[i];

        if (m->relates->relation == PUPIL_RELATION_TAUGHT_BY
            && (field->flags & PUPIL_FIELD_EMBARGO))
        {
            return field->name;
        }
    }

    return NULL;
}


/* The group of an owner that seals: 0 is the record's. */
static uint8_t
pupil_generic_sealer(pupil_maker_t *m, const char *sealed_by)
{
    uint32_t  i;

    if (sealed_by == NULL) {
        return 0;
    }

    for (i = 1; i < m->generic->sealers; i++) {
        if (strcmp(m->sealers[i], sealed_by) == 0) {
            return (uint8_t) i;
        }
    }

    m->sealers[m->generic->sealers] = sealed_by;

    return (uint8_t) m->generic->sealers++;
}


static int
pupil_generic_granted(const pupil_policy_t *policy, uint32_t category,
    const pupil_generic_t *g, const char *name)
{
    int32_t      field;
    pupil_str_t  str;

    str.data = (const uint8_t *) name;
    str.len = strlen(name);
    field = pupil_category_field(policy->categories[category], str);

    return field >= 0
           && pupil_policy_grant(policy, category, (uint32_t) field,
                                 g->purpose, g->relation, g->operation)
              != NULL;
}


/* The fields that this operation through this relation may touch. */
static void
pupil_generic_wants(pupil_maker_t *m, const pupil_policy_t *policy,
    uint32_t category)
{
    uint32_t               i, write;
    pupil_want_t          *want;
    pupil_generic_t       *g;
    const pupil_field_t   *field;
    const pupil_plugin_t  *plugin;

    g = m->generic;
    plugin = m->category->plugin;
    write = g->operation == PUPIL_OPERATION_WRITE;

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        if ((field->flags & PUPIL_FIELD_INTERNAL)
            || !pupil_generic_granted(policy, category, g, field->name)
            || (field->sealed_by != NULL
                && (write || !pupil_generic_granted(policy, category, g,
                                                    field->sealed_by))))
        {
            continue;
        }

        g->sealer[g->template.wants_count] =
            pupil_generic_sealer(m, field->sealed_by);

        want = &m->wants[g->template.wants_count++];
        want->mark = write ? "" : "fields";
        want->alias = "t";
        want->category = plugin->name;
        want->field = field->name;
        want->purpose = g->purpose;
        want->relation = g->relation;
        want->operation = g->operation;
        want->flags = write ? PUPIL_WANT_REQUIRED | PUPIL_WANT_SILENT : 0;
        want->about = plugin->owner == PUPIL_OWNER_CLASS ? PUPIL_ABOUT_NONE
                      : g->relation == PUPIL_RELATION_SELF
                        ? PUPIL_ABOUT_ACTOR : PUPIL_ABOUT_SUBJECTS;
    }
}


void
pupil_generic_begin(const pupil_maker_t *m, pupil_sql_t *sql)
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


static void
pupil_generic_read_sql(const pupil_maker_t *m, pupil_sql_t *sql)
{
    uint32_t     i;
    const char  *class_id, *embargo;

    class_id = pupil_generic_uuid(m->category, "class_id");
    embargo = pupil_generic_embargo(m);

    pupil_generic_begin(m, sql);
    pupil_sql_add(sql, "d AS (SELECT t.record, t.owner AS owner_id, ");

    if (class_id != NULL) {
        pupil_sql_add(sql, "t.");
        pupil_sql_name(sql, class_id);
        pupil_sql_add(sql, " AS in_class");
    } else {
        pupil_sql_add(sql, "NULL::uuid AS in_class");
    }

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

    pupil_sql_add(sql, "{fields} FROM data.");
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

    pupil_sql_add(sql, " WHERE t.tenant = $2 AND t.owner = $8"
                  " AND EXISTS (SELECT FROM r)"
                  " AND ($9::uuid IS NULL OR t.record > $9)%s",
                  pupil_generic_deletes(m->category)
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


static void
pupil_generic_look_sql(const pupil_maker_t *m, pupil_sql_t *sql)
{
    pupil_generic_begin(m, sql);
    pupil_sql_add(sql, "old AS (SELECT FROM data.");
    pupil_sql_name(sql, m->category->plugin->name);
    pupil_sql_add(sql, " t WHERE t.tenant = $2 AND t.owner = $8"
                  " AND t.record = $9 AND EXISTS (SELECT FROM r)");
    pupil_generic_scope(m, sql);
    pupil_sql_add(sql, ") SELECT $1::bigint, EXISTS (SELECT FROM r),"
                  " EXISTS (SELECT FROM old), o.owner, o.state,"
                  " o.key_version FROM (VALUES (1)) AS one"
                  " LEFT JOIN pupil.owner o ON o.tenant = $2"
                  " AND o.owner = $8 AND EXISTS (SELECT FROM r)");
}


/* Copies the text of a template that was made. */
static pupil_rc_t
pupil_generic_text(const pupil_maker_t *m, pupil_template_t *template,
    const char *suffix,
    void (*write)(const pupil_maker_t *m, pupil_sql_t *sql))
{
    pupil_rc_t   rc;
    pupil_str_t  text;
    pupil_sql_t  sql;

    pupil_sql_init(&sql, m->alloc);
    write(m, &sql);

    rc = pupil_sql_finish(&sql, &text);
    if (rc != PUPIL_OK) {
        return rc;
    }

    template->sql = (const char *) text.data;

    pupil_sql_init(&sql, m->alloc);
    pupil_sql_add(&sql, "data %s %s %s", m->category->plugin->name,
                  pupil_relation_name(m->relates->relation), suffix);

    rc = pupil_sql_finish(&sql, &text);
    template->name = (const char *) text.data;

    return rc;
}


/* Everything but the text; PUPIL_NOT_FOUND when nothing is granted. */
static pupil_rc_t
pupil_generic_make(pupil_maker_t *m, const pupil_policy_t *policy,
    uint32_t category, uint32_t relation, uint32_t operation,
    const pupil_alloc_t *alloc)
{
    uint32_t               i, fields;
    const pupil_plugin_t  *plugin;

    memset(m, 0, sizeof(*m));

    if (category >= policy->count) {
        return PUPIL_NOT_FOUND;
    }

    m->alloc = alloc;
    m->category = policy->categories[category];
    plugin = m->category->plugin;
    fields = plugin->fields_count;

    m->relates = pupil_relates_find(relation, plugin->owner);
    if (m->relates == NULL) {
        return PUPIL_NOT_FOUND;
    }

    for (i = 0; i < 2 && m->scope == NULL
                && m->relates->scopes[i].field != NULL; i++)
    {
        if (pupil_generic_uuid(m->category, m->relates->scopes[i].field)
            != NULL)
        {
            m->scope = &m->relates->scopes[i];
        }
    }

    m->generic = alloc->alloc(alloc->ctx, sizeof(*m->generic));
    m->wants = alloc->alloc(alloc->ctx, fields * sizeof(pupil_want_t));
    if (m->generic == NULL || m->wants == NULL) {
        return PUPIL_NO_MEMORY;
    }

    memset(m->generic, 0, sizeof(*m->generic));
    m->generic->template.wants = m->wants;
    m->generic->purpose = m->relates->purpose;
    m->generic->relation = relation;
    m->generic->operation = operation;
    m->generic->sealers = 1;
    m->sealers[0] = "owner";

    pupil_generic_wants(m, policy, category);

    return m->generic->template.wants_count != 0 ? PUPIL_OK
                                                 : PUPIL_NOT_FOUND;
}


pupil_rc_t
pupil_generic_read(const pupil_policy_t *policy, uint32_t category,
    uint32_t relation, const pupil_alloc_t *alloc, pupil_generic_t **generic)
{
    pupil_rc_t         rc;
    pupil_maker_t      m;
    pupil_template_t  *template;

    static const uint8_t  params[PUPIL_STATEMENT_PARAMS] = PUPIL_PARAMS_READ;

    *generic = NULL;

    rc = pupil_generic_make(&m, policy, category, relation,
                            PUPIL_OPERATION_READ, alloc);
    if (rc != PUPIL_OK) {
        return rc;
    }

    template = &m.generic->template;
    template->fixed = PUPIL_READ_FIXED
                      + PUPIL_READ_SEALER * m.generic->sealers;

    if (pupil_generic_proved(&m)) {
        m.generic->proof = template->fixed;
        template->fixed += PUPIL_READ_PROOF;
    }

    memcpy(template->params, params, sizeof(params));

    rc = pupil_generic_text(&m, template, "read", pupil_generic_read_sql);
    if (rc == PUPIL_OK) {
        *generic = m.generic;
    }

    return rc;
}


pupil_rc_t
pupil_generic_write(const pupil_policy_t *policy, uint32_t category,
    uint32_t relation, const pupil_alloc_t *alloc, pupil_generic_t **generic)
{
    pupil_rc_t         rc;
    pupil_maker_t      m;
    pupil_template_t  *template, *look;

    static const uint8_t  params[PUPIL_STATEMENT_PARAMS] = PUPIL_PARAMS_WRITE;
    static const uint8_t  looks[PUPIL_STATEMENT_PARAMS] = PUPIL_PARAMS_LOOK;

    *generic = NULL;

    if (category < policy->count
        && (policy->categories[category]->plugin->flags
            & PUPIL_PLUGIN_NO_GENERIC_WRITE))
    {
        return PUPIL_NOT_FOUND;
    }

    rc = pupil_generic_make(&m, policy, category, relation,
                            PUPIL_OPERATION_WRITE, alloc);
    if (rc != PUPIL_OK) {
        return rc;
    }

    template = &m.generic->template;
    template->fixed = PUPIL_WRITE_COLUMNS;
    memcpy(template->params, params, sizeof(params));

    look = &m.generic->look;
    look->fixed = PUPIL_LOOK_COLUMNS;
    memcpy(look->params, looks, sizeof(looks));

    rc = pupil_generic_text(&m, template, "write", pupil_generic_write_sql);

    if (rc == PUPIL_OK) {
        rc = pupil_generic_text(&m, look, "look", pupil_generic_look_sql);
    }

    if (rc == PUPIL_OK) {
        *generic = m.generic;
    }

    return rc;
}

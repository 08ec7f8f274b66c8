/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/data/, made up from a descriptor: what is granted of a
 * category.
 */

#include <string.h>

#include "core/audit/audit.h"
#include "core/endpoints/data_sql.h"


#define PUPIL_PARAMS_LOOK   { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID }
#define PUPIL_PARAMS_READ                                                     \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4 }
#define PUPIL_PARAMS_WRITE                                                    \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4,                   \
      PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,                        \
      PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_TEXT_ARRAY,                         \
      PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,                       \
      PUPIL_PARAM_UUID_ARRAY }

/* Columns of a read before the owners, of each owner; see data.h. */
#define PUPIL_READ_FIXED    5
#define PUPIL_READ_SEALER   3
#define PUPIL_READ_PROOF    9       /* the row that a record is made of */

#define PUPIL_LOOK_COLUMNS   6
#define PUPIL_WRITE_COLUMNS  6


/* The group of an owner that seals: 0 is the record's. */
static uint8_t
data_sealer(pupil_maker_t *m, const char *sealed_by)
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
data_granted(const pupil_policy_t *policy, uint32_t category,
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


/* Whom the audit record is about. */
static pupil_about_t
data_about(const pupil_plugin_t *plugin, uint32_t relation)
{
    if (plugin->owner == PUPIL_OWNER_CLASS) {
        return PUPIL_ABOUT_NONE;
    }

    return relation == PUPIL_RELATION_SELF ? PUPIL_ABOUT_ACTOR
                                           : PUPIL_ABOUT_SUBJECTS;
}


/* The fields that this operation through this relation may touch. */
static void
data_wants(pupil_maker_t *m, const pupil_policy_t *policy,
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
            || !data_granted(policy, category, g, field->name)
            || (field->sealed_by != NULL
                && (write || !data_granted(policy, category, g,
                                                    field->sealed_by))))
        {
            continue;
        }

        g->sealer[g->template.wants_count] =
            data_sealer(m, field->sealed_by);

        want = &m->wants[g->template.wants_count++];
        want->alias = write ? NULL : "t";
        want->category = plugin->name;
        want->field = field->name;
        want->purpose = g->purpose;
        want->relation = g->relation;
        want->operation = g->operation;
        want->flags = write ? PUPIL_WANT_REQUIRED : 0;
        want->about = data_about(plugin, g->relation);
    }
}


/* Copies the text of a template that was made. */
static pupil_rc_t
data_text(const pupil_maker_t *m, pupil_template_t *template,
    const char *suffix, pupil_maker_pt write)
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
data_make(pupil_maker_t *m, const pupil_policy_t *policy,
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

    data_wants(m, policy, category);

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

    rc = data_make(&m, policy, category, relation,
                            PUPIL_OPERATION_READ, alloc);
    if (rc != PUPIL_OK) {
        return rc;
    }

    template = &m.generic->template;
    template->fixed = PUPIL_READ_FIXED
                      + PUPIL_READ_SEALER * m.generic->sealers;

    if (pupil_generic_proved(m.category)) {
        m.generic->proof = template->fixed;
        template->fixed += PUPIL_READ_PROOF;
    }

    memcpy(template->params, params, sizeof(params));

    rc = data_text(&m, template, "read", pupil_generic_read_sql);
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

    rc = data_make(&m, policy, category, relation,
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

    rc = data_text(&m, template, "write", pupil_generic_write_sql);

    if (rc == PUPIL_OK) {
        rc = data_text(&m, look, "look", pupil_generic_look_sql);
    }

    if (rc == PUPIL_OK) {
        *generic = m.generic;
    }

    return rc;
}


pupil_rc_t
pupil_generic_asked(const pupil_plugin_t *plugin, uint32_t relation,
    uint32_t operation, const pupil_alloc_t *alloc,
    pupil_template_t **template)
{
    pupil_want_t      want;
    pupil_template_t  asked;

    memset(&want, 0, sizeof(want));
    want.category = plugin->name;
    want.field = "";
    want.purpose = pupil_generic_purpose(relation);
    want.relation = relation;
    want.operation = operation;
    want.about = data_about(plugin, relation);

    memset(&asked, 0, sizeof(asked));
    asked.name = plugin->name;
    asked.wants = &want;
    asked.wants_count = 1;

    return pupil_audit_template(&asked, alloc, template);
}

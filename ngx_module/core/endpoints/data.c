/*
 * Copyright (C) the Pupil authors
 *
 * /v1/data/: what clients send, and the statements, made up from a descriptor:
 * what is granted of a category.
 */

#include <string.h>

#include "core/audit/audit.h"
#include "core/endpoints/data_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/input/rule.h"


const pupil_endpoint_t  pupil_data_endpoint = {
    .name = "data",
    .directive = "pupil_data",
    .generic = 1
};


/* See data.h. */
static const uint8_t  data_read_params[PUPIL_STATEMENT_PARAMS] = {
    PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4
};

static const uint8_t  data_look_params[PUPIL_STATEMENT_PARAMS] = {
    PUPIL_PARAM_UUID, PUPIL_PARAM_UUID
};

static const uint8_t  data_write_params[PUPIL_STATEMENT_PARAMS] = {
    PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4,
    PUPIL_PARAM_INT4_ARRAY, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_TEXT_ARRAY,
    PUPIL_PARAM_TEXT_ARRAY, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA_ARRAY,
    PUPIL_PARAM_UUID_ARRAY
};


/* Of a patch of any category, whose rest is the plugin's. */
static const pupil_rule_t  data_id_rule = {
    .name = "id",
    .kind = RULE_UUID
};


const pupil_argument_t  pupil_data_arguments[] = {
    PUPIL_PAGE_ARGUMENTS(pupil_data_query_t),
    { .name = NULL }
};


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


/* Of each owner beside the record's, the want whose value says whose it is. */
static void
data_names(pupil_maker_t *m)
{
    uint32_t  g, i;

    for (g = 1; g < m->generic->sealers; g++) {
        for (i = 0; i < m->generic->template.wants_count; i++) {
            if (strcmp(m->wants[i].field, m->sealers[g]) == 0) {
                m->generic->names[g] = (uint8_t) i;
            }
        }
    }
}


/* The text of a template, and its name. */
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

    *generic = NULL;

    rc = data_make(&m, policy, category, relation,
                            PUPIL_OPERATION_READ, alloc);
    if (rc != PUPIL_OK) {
        return rc;
    }

    data_names(&m);
    m.generic->of_class = pupil_generic_uuid(m.category, "class_id") != NULL;

    template = &m.generic->template;
    template->fixed = PUPIL_DR_SEALERS
                      + PUPIL_OWNER_COLUMNS * m.generic->sealers;

    if (pupil_generic_proved(m.category)) {
        m.generic->proof = template->fixed;
        template->fixed += PUPIL_ENROLMENT_COLUMNS;
    }

    if (m.category->bound) {
        template->facts = "t";
        template->facts_of = m.category->plugin->name;
    }

    memcpy(template->params, data_read_params, sizeof(data_read_params));

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

    *generic = NULL;

    /* whoever was let in looks, and changes nothing, whatever is granted */
    if (relation == PUPIL_RELATION_SUPPORT_GRANT
        || (category < policy->count
            && (policy->categories[category]->plugin->flags
                & PUPIL_PLUGIN_NO_GENERIC_WRITE)))
    {
        return PUPIL_NOT_FOUND;
    }

    rc = data_make(&m, policy, category, relation,
                            PUPIL_OPERATION_WRITE, alloc);
    if (rc != PUPIL_OK) {
        return rc;
    }

    data_names(&m);
    m.generic->of_class = pupil_generic_uuid(m.category, "class_id") != NULL;

    template = &m.generic->template;
    template->fixed = PUPIL_DW_COLUMNS;
    template->records = PUPIL_GENERIC_CHOICES;
    memcpy(template->params, data_write_params, sizeof(data_write_params));

    look = &m.generic->look;
    look->fixed = PUPIL_DL_COLUMNS;

    if (m.category->bound) {
        template->facts_of = m.category->plugin->name;
        template->params[PUPIL_DW_PARAMS] = PUPIL_PARAM_BYTEA;
        template->params[PUPIL_DW_PARAMS + 1] = PUPIL_PARAM_BYTEA;
        look->facts = "t";
        look->facts_of = m.category->plugin->name;
    }

    memcpy(look->params, data_look_params, sizeof(data_look_params));

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
    pupil_want_t      want = {
        .category = plugin->name,
        .field = "",
        .purpose = pupil_generic_purpose(relation),
        .relation = relation,
        .operation = operation,
        .about = data_about(plugin, relation)
    };
    pupil_template_t  asked = {
        .name = plugin->name,
        .wants = &want,
        .wants_count = 1
    };

    return pupil_audit_template(&asked, alloc, template);
}


/* The members beside id, which are counted. */
static pupil_rc_t
data_patch_members(pupil_body_t *in, pupil_input_patch_t *out)
{
    uint32_t               node;
    pupil_rc_t             rc;
    pupil_input_member_t  *member;

    for (node = pupil_json_first(&in->json, 0);
         node != PUPIL_JSON_NONE;
         node = pupil_json_next(&in->json, node))
    {
        if (pupil_json_key_is(&in->json, node, data_id_rule.name)) {
            continue;
        }

        member = &out->members[out->count++];
        member->node = node;

        rc = pupil_json_key(&in->json, node, in->alloc, &member->name);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_input_patch(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_patch_t *out, pupil_fault_t *fault)
{
    uint32_t      id, count;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_patch_t));

    rc = pupil_input_parse(&in, alloc, body, 0, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (pupil_json_type(&in.json, 0) != PUPIL_JSON_OBJECT) {
        return pupil_rule_refuse(&in, 0, "type");
    }

    id = pupil_json_member(&in.json, 0, data_id_rule.name);
    if (id != PUPIL_JSON_NONE) {
        rc = pupil_rule_member(&in, id, &data_id_rule, &out->id);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    count = in.json.nodes[0].children - (id != PUPIL_JSON_NONE);
    if (count == 0) {
        return pupil_rule_refuse(&in, 0, "minProperties");
    }

    if (count > PUPIL_INPUT_MEMBERS_MAX) {
        return pupil_rule_refuse(&in, 0, "maxProperties");
    }

    out->members = alloc->alloc(alloc->ctx,
                                count * sizeof(pupil_input_member_t));
    if (out->members == NULL) {
        return PUPIL_NO_MEMORY;
    }

    out->json = in.json;

    return data_patch_members(&in, out);
}

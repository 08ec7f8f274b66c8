/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/json/writer.h"
#include "core/plugin/bound.h"
#include "core/policy/sql.h"
#include "core/policy/statement.h"


/* A configuration has hundreds of statements, whose shapes are short. */
#define PUPIL_STATEMENT_CHUNK  512   /* bytes */


/* What a placeholder is replaced with that is no alias. */
typedef void (*pupil_expand_pt)(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql);

typedef struct {
    const char       *name;
    pupil_expand_pt   expand;
} pupil_placeholder_t;


static void pupil_statement_audit(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql);
static void pupil_statement_audit_values(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql);
static void pupil_statement_number(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql);
static void pupil_statement_macs(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql);


/* Behind a statement's own parameters, from 1. */
enum {
    PUPIL_RECORD_AT = 1,
    PUPIL_RECORD_WRITER,
    PUPIL_RECORD_NUMBER,
    PUPIL_RECORD_MACS
};


static const pupil_placeholder_t  pupil_placeholders[] = {
    { "audit",        pupil_statement_audit },
    { "audit_values", pupil_statement_audit_values },
    { "number",       pupil_statement_number },
    { "macs",         pupil_statement_macs },
    { NULL,           NULL }
};

static const uint32_t  pupil_oids[] = {
    [PUPIL_PARAM_UUID]        = PUPIL_OID_UUID,
    [PUPIL_PARAM_INT4]        = PUPIL_OID_INT4,
    [PUPIL_PARAM_INT8]        = PUPIL_OID_INT8,
    [PUPIL_PARAM_BOOL]        = PUPIL_OID_BOOL,
    [PUPIL_PARAM_BYTEA]       = PUPIL_OID_BYTEA,
    [PUPIL_PARAM_TEXT]        = PUPIL_OID_TEXT,
    [PUPIL_PARAM_TIMESTAMPTZ] = PUPIL_OID_TIMESTAMPTZ,
    [PUPIL_PARAM_UUID_ARRAY]  = PUPIL_OID_UUID_ARRAY,
    [PUPIL_PARAM_BYTEA_ARRAY] = PUPIL_OID_BYTEA_ARRAY,
    [PUPIL_PARAM_TEXT_ARRAY]  = PUPIL_OID_TEXT_ARRAY,
    [PUPIL_PARAM_INT4_ARRAY]  = PUPIL_OID_INT4_ARRAY
};

static const uint8_t  pupil_common[PUPIL_STATEMENT_COMMON] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID,
    PUPIL_PARAM_TEXT, PUPIL_PARAM_UUID, PUPIL_PARAM_TEXT
};

const uint8_t  pupil_record_params[PUPIL_STATEMENT_RECORD] = {
    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_INT8, PUPIL_PARAM_INT8,
    PUPIL_PARAM_BYTEA
};

static const char *const  pupil_abouts[] = {
    [PUPIL_ABOUT_NONE]     = "none",
    [PUPIL_ABOUT_ACTOR]    = "actor",
    [PUPIL_ABOUT_SUBJECTS] = "subjects"
};


static void
pupil_statement_audit(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql)
{
    (void) policy_hash;

    pupil_sql_add(sql, "tenant, request, actor, role, institution, network,"
                       " shape, policy");

    if (statement->from->records != 0) {
        pupil_sql_add(sql, ", at, writer");
    }
}


/* What the n-th of the parameters behind the statement's own is called. */
static uint32_t
pupil_statement_record(const pupil_statement_t *statement, uint32_t n)
{
    return PUPIL_STATEMENT_COMMON + statement->params + n;
}


static void
pupil_statement_audit_values(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql)
{
    uint32_t  at;

    pupil_sql_add(sql, "$2, $3, $4, $5, $6, $7::inet, ");
    pupil_sql_bytea(sql, statement->shape, sizeof(statement->shape));
    pupil_sql_add(sql, ", ");
    pupil_sql_bytea(sql, policy_hash, PUPIL_HASH_LEN);

    if (statement->from->records != 0) {
        at = pupil_statement_record(statement, PUPIL_RECORD_AT);
        pupil_sql_add(sql, ", " PUPIL_SQL_AT("$%u") ", $%u", at, at, at + 1);
    }
}


static void
pupil_statement_number(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql)
{
    (void) policy_hash;

    pupil_sql_add(sql, "$%u", pupil_statement_record(statement,
                                                     PUPIL_RECORD_NUMBER));
}


static void
pupil_statement_macs(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_sql_t *sql)
{
    (void) policy_hash;

    pupil_sql_add(sql, "$%u", pupil_statement_record(statement,
                                                     PUPIL_RECORD_MACS));
}


/* Why a required want is not there, in words for an operator. */
static pupil_rc_t
pupil_statement_refuse(const pupil_template_t *template,
    const pupil_policy_t *policy, const pupil_want_t *want,
    int32_t category, int32_t field, pupil_error_t *error)
{
    const char      *why;
    pupil_policy_t   whole;

    if (category < 0) {
        why = "its plugin is not loaded: add it with pupil_plugin";

    } else if (field < 0) {
        why = "the loaded plugin has no such field";

    } else {
        whole = *policy;
        whole.denies_count = 0;
        why = pupil_policy_grant(&whole, (uint32_t) category,
                                 (uint32_t) field, want->purpose,
                                 want->relation, want->operation) != NULL
              ? "pupil_deny takes it away"
              : "its plugin does not grant it";
    }

    return pupil_error_set(error, "%s cannot work without field \"%s\" of"
                           " category \"%s\" (to %s, purpose %s, relation"
                           " %s): %s", template->name, want->field,
                           want->category,
                           pupil_operation_name(want->operation),
                           pupil_purpose_name(want->purpose),
                           pupil_relation_name(want->relation), why);
}


static pupil_rc_t
pupil_statement_grants(pupil_statement_t *statement,
    const pupil_policy_t *policy, pupil_error_t *error)
{
    int32_t                  category, field;
    uint32_t                 i;
    pupil_str_t              name;
    const pupil_want_t      *want;
    const pupil_grant_t     *grant;
    const pupil_template_t  *template;

    template = statement->from;

    if (template->wants_count > PUPIL_STATEMENT_WANTS) {
        return pupil_error_set(error, "%s: %u fields, over %d",
                               template->name, template->wants_count,
                               PUPIL_STATEMENT_WANTS);
    }

    for (i = 0; i < template->wants_count; i++) {
        want = &template->wants[i];
        field = -1;
        grant = NULL;

        name.data = (const uint8_t *) want->category;
        name.len = strlen(want->category);

        category = pupil_policy_category(policy, name);
        if (category >= 0) {
            statement->category[i] = policy->categories[category];

            name.data = (const uint8_t *) want->field;
            name.len = strlen(want->field);
            field = pupil_category_field(statement->category[i], name);
        }

        if (field >= 0) {
            grant = pupil_policy_grant(policy, (uint32_t) category,
                                       (uint32_t) field, want->purpose,
                                       want->relation, want->operation);
        }

        if (grant == NULL && (want->flags & PUPIL_WANT_REQUIRED)) {
            return pupil_statement_refuse(template, policy, want, category,
                                          field, error);
        }

        statement->field[i] = field;
        statement->column[i] = -1;
        statement->granted[i] = grant != NULL;
        statement->projected[i] = grant != NULL
                                  && (grant->flags & PUPIL_GRANT_PROJECTED);
    }

    return PUPIL_OK;
}


static int
pupil_access_compare(const pupil_want_t *a, const pupil_want_t *b)
{
    int  rc;

    rc = strcmp(a->category, b->category);
    if (rc == 0) {
        rc = strcmp(pupil_purpose_name(a->purpose),
                    pupil_purpose_name(b->purpose));
    }
    if (rc == 0) {
        rc = strcmp(pupil_relation_name(a->relation),
                    pupil_relation_name(b->relation));
    }
    if (rc == 0) {
        rc = strcmp(pupil_operation_name(a->operation),
                    pupil_operation_name(b->operation));
    }

    return rc != 0 ? rc : strcmp(pupil_abouts[a->about],
                                 pupil_abouts[b->about]);
}


static int
pupil_want_compare(const void *one, const void *two)
{
    int                        rc;
    const pupil_want_t *const *a = one;
    const pupil_want_t *const *b = two;

    rc = pupil_access_compare(*a, *b);

    return rc != 0 ? rc : strcmp((*a)->field, (*b)->field);
}


static void
pupil_access_begin(pupil_writer_t *out, const pupil_want_t *want)
{
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "category");
    pupil_writer_cstr(out, want->category);
    pupil_writer_key(out, "fields");
    pupil_writer_array_begin(out);
}


static void
pupil_access_end(pupil_writer_t *out, const pupil_want_t *want)
{
    pupil_writer_array_end(out);
    pupil_writer_key(out, "purpose");
    pupil_writer_cstr(out, pupil_purpose_name(want->purpose));
    pupil_writer_key(out, "relation");
    pupil_writer_cstr(out, pupil_relation_name(want->relation));
    pupil_writer_key(out, "operation");
    pupil_writer_cstr(out, pupil_operation_name(want->operation));
    pupil_writer_key(out, "about");
    pupil_writer_cstr(out, pupil_abouts[want->about]);
    pupil_writer_object_end(out);
}


/* What the audit record says was touched: canonical, so that it hashes. */
static pupil_rc_t
pupil_statement_shape(pupil_statement_t *statement,
    const pupil_alloc_t *alloc)
{
    uint32_t                 i, n;
    pupil_rc_t               rc;
    pupil_writer_t           out;
    const pupil_want_t      *want, *sorted[PUPIL_STATEMENT_WANTS] = { NULL };
    const pupil_template_t  *template;

    template = statement->from;

    for (i = 0, n = 0; i < template->wants_count; i++) {
        want = &template->wants[i];

        if (statement->granted[i] || (want->flags & PUPIL_WANT_ASKED)) {
            sorted[n++] = want;
        }
    }

    qsort(sorted, n, sizeof(sorted[0]), pupil_want_compare);

    pupil_writer_init(&out, alloc, PUPIL_STATEMENT_CHUNK);
    pupil_writer_array_begin(&out);

    for (i = 0; i < n; i++) {
        if (i == 0 || pupil_access_compare(sorted[i - 1], sorted[i]) != 0) {
            pupil_access_begin(&out, sorted[i]);
        }

        if (sorted[i]->field[0] != '\0'
            && (i == 0
                || pupil_want_compare(&sorted[i - 1], &sorted[i]) != 0))
        {
            pupil_writer_cstr(&out, sorted[i]->field);
        }

        if (i + 1 == n || pupil_access_compare(sorted[i], sorted[i + 1]) != 0)
        {
            pupil_access_end(&out, sorted[i]);
        }
    }

    pupil_writer_array_end(&out);

    rc = pupil_writer_flatten(&out, alloc, &statement->accesses);
    if (rc == PUPIL_OK) {
        crypto_hash_sha256(statement->shape, statement->accesses.data,
                           statement->accesses.len);
    }

    return rc;
}


/* Whose facts are read, if any are. */
static pupil_rc_t
pupil_statement_bound(pupil_statement_t *statement,
    const pupil_policy_t *policy, pupil_error_t *error)
{
    int32_t                  category;
    uint32_t                 i;
    pupil_str_t              name;
    const pupil_template_t  *template;

    template = statement->from;
    statement->facts = -1;

    for (i = 0; i < PUPIL_MAX_FIELDS; i++) {
        statement->cells[i] = -1;
    }

    if (template->facts_of == NULL) {
        return PUPIL_OK;
    }

    name.data = (const uint8_t *) template->facts_of;
    name.len = strlen(template->facts_of);
    category = pupil_policy_category(policy, name);

    if (category < 0 || !policy->categories[category]->bound) {
        return pupil_error_set(error, "%s cannot work with this plugin of"
                               " category \"%s\": it binds no fields; take"
                               " one of version 1.1 of the ABI",
                               template->name, template->facts_of);
    }

    statement->bound = policy->categories[category];

    return PUPIL_OK;
}


/* The column of a field that is shown of a record whose facts are read. */
static int32_t
pupil_statement_wanted(const pupil_statement_t *statement, uint32_t field)
{
    uint32_t             i;
    const pupil_want_t  *want;

    for (i = 0; i < statement->from->wants_count; i++) {
        want = &statement->from->wants[i];

        if (want->alias != NULL
            && strcmp(want->alias, statement->from->facts) == 0
            && statement->field[i] == (int32_t) field)
        {
            return statement->column[i];
        }
    }

    return -1;
}


/* Where each field is: shown, or behind the facts when they bind it. */
static void
pupil_statement_cells(pupil_statement_t *statement)
{
    int32_t                column;
    uint32_t               i;
    const pupil_plugin_t  *plugin;

    plugin = statement->bound->plugin;

    for (i = 0; i < plugin->fields_count; i++) {
        column = pupil_statement_wanted(statement, i);

        if (column < 0 && pupil_bound_plain(&plugin->fields[i])) {
            column = (int32_t) statement->columns++;
        }

        statement->cells[i] = column;
    }
}


/* Behind the granted wants of a table: the facts, and what else they bind. */
static void
pupil_statement_facts(pupil_statement_t *statement, pupil_sql_t *sql)
{
    uint32_t               i;
    const char            *alias;
    const pupil_plugin_t  *plugin;

    alias = statement->from->facts;
    plugin = statement->bound->plugin;

    if (statement->facts < 0) {
        statement->facts = (int32_t) statement->columns++;
        pupil_statement_cells(statement);
    }

    pupil_sql_add(sql, ", %s.facts", alias);

    for (i = 0; i < plugin->fields_count; i++) {
        if (pupil_bound_plain(&plugin->fields[i])
            && pupil_statement_wanted(statement, i) < 0)
        {
            pupil_sql_add(sql, ", %s.", alias);
            pupil_sql_name(sql, plugin->fields[i].name);
        }
    }
}


/* Replaces {name}.  Returns whether there is such a placeholder. */
static int
pupil_statement_expand(pupil_statement_t *statement,
    const uint8_t *policy_hash, pupil_str_t name, pupil_sql_t *sql)
{
    int                         known;
    uint32_t                    i;
    const pupil_want_t         *want;
    const pupil_placeholder_t  *p;

    for (p = pupil_placeholders; p->name != NULL; p++) {
        if (pupil_str_is(name, p->name)) {
            p->expand(statement, policy_hash, sql);
            return 1;
        }
    }

    for (i = 0, known = 0; i < statement->from->wants_count; i++) {
        want = &statement->from->wants[i];

        if (want->alias == NULL || !pupil_str_is(name, want->alias)) {
            continue;
        }

        known = 1;

        if (!statement->granted[i]) {
            continue;
        }

        pupil_sql_add(sql, ", %s.", want->alias);
        pupil_sql_name(sql, want->field);

        if (statement->column[i] < 0) {
            statement->column[i] = (int32_t) statement->columns++;
        }
    }

    if (statement->from->facts != NULL
        && pupil_str_is(name, statement->from->facts))
    {
        known = 1;
        pupil_statement_facts(statement, sql);
    }

    return known;
}


static pupil_rc_t
pupil_statement_text(pupil_statement_t *statement,
    const uint8_t *policy_hash, const pupil_alloc_t *alloc,
    pupil_error_t *error)
{
    size_t       len;
    const char  *p;
    pupil_str_t  name;
    pupil_sql_t  sql;

    pupil_sql_init(&sql, alloc);

    for (p = statement->from->sql; *p != '\0'; p = (const char *) name.data
                                                   + name.len + 1)
    {
        len = strcspn(p, "{");
        pupil_sql_bytes(&sql, p, len);
        p += len;

        if (*p == '\0') {
            break;
        }

        name.data = (const uint8_t *) p + 1;
        name.len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");

        if (name.data[name.len] != '}') {
            return pupil_error_set(error, "%s: a brace without placeholder",
                                   statement->from->name);
        }

        if (name.len == 0) {
            pupil_sql_bytes(&sql, "{}", 2);

        } else if (!pupil_statement_expand(statement, policy_hash, name,
                                           &sql))
        {
            return pupil_error_set(error, "%s: unknown placeholder {%.*s}",
                                   statement->from->name, (int) name.len,
                                   (const char *) name.data);
        }
    }

    return pupil_sql_finish(&sql, &statement->sql);
}


pupil_rc_t
pupil_statement_compose(const pupil_template_t *template,
    const pupil_policy_t *policy, const uint8_t policy_hash[PUPIL_HASH_LEN],
    const pupil_alloc_t *alloc, pupil_statement_t *statement,
    pupil_error_t *error)
{
    pupil_rc_t  rc;

    memset(statement, 0, sizeof(*statement));
    statement->from = template;
    statement->columns = template->fixed;

    while (statement->params < PUPIL_STATEMENT_PARAMS
           && template->params[statement->params] != PUPIL_PARAM_END)
    {
        statement->params++;
    }

    rc = pupil_statement_grants(statement, policy, error);

    if (rc == PUPIL_OK) {
        rc = pupil_statement_bound(statement, policy, error);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_statement_shape(statement, alloc);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_statement_text(statement, policy_hash, alloc, error);
    }

    if (rc == PUPIL_NO_MEMORY) {
        (void) pupil_error_set(error, "%s: out of memory", template->name);
    }

    return rc;
}


int32_t
pupil_statement_cell(const pupil_statement_t *statement, const char *field)
{
    int32_t      i;
    pupil_str_t  name;

    name.data = (const uint8_t *) field;
    name.len = strlen(field);
    i = pupil_category_field(statement->bound, name);

    return i >= 0 ? statement->cells[i] : -1;
}


uint32_t
pupil_param_oid(uint8_t param)
{
    return param < sizeof(pupil_oids) / sizeof(pupil_oids[0])
           ? pupil_oids[param] : 0;
}


uint32_t
pupil_statement_oids(const pupil_statement_t *statement,
    uint32_t oids[PUPIL_STATEMENT_ALL])
{
    uint32_t  i, n;

    for (i = 0; i < PUPIL_STATEMENT_COMMON; i++) {
        oids[i] = pupil_param_oid(pupil_common[i]);
    }

    for (i = 0; i < statement->params; i++) {
        oids[PUPIL_STATEMENT_COMMON + i] =
            pupil_param_oid(statement->from->params[i]);
    }

    n = PUPIL_STATEMENT_COMMON + statement->params;

    for (i = 0; statement->from->records != 0 && i < PUPIL_STATEMENT_RECORD;
         i++)
    {
        oids[n++] = pupil_param_oid(pupil_record_params[i]);
    }

    return n;
}

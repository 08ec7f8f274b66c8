/*
 * Copyright (C) the Pupil authors
 *
 * The statement of a location that pupil_access guards: made of its claims, by
 * what the plugins say of these.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/access.h"
#include "core/endpoints/endpoint_sql.h"
#include "core/policy/sql.h"


/* Of the tables that a statement reads, a letter each. */
static const char *const  pupil_access_aliases[] = { "a", "b", "c", "d" };


const pupil_endpoint_t  pupil_access_endpoint = {
    .name = "access",
    .directive = "pupil_access"
};


/* Is it text that a header field can have? */
static pupil_rc_t
pupil_access_field(const pupil_claim_t *claim, const pupil_field_t *field,
    pupil_error_t *error)
{
    if (strcmp(field->name, claim->field) != 0
        || (!(field->flags & PUPIL_FIELD_INTERNAL)
            && field->type != PUPIL_TYPE_JSON
            && field->type != PUPIL_TYPE_UUID_LIST))
    {
        return PUPIL_OK;
    }

    return pupil_error_set(error, "\"%s.%s\" is no claim: it is nothing that a"
                           " header field can hold", claim->category,
                           claim->field);
}


/* Can what is there of a person be read by their id alone, as it is? */
static pupil_rc_t
pupil_access_category(const pupil_claim_t *claim, const pupil_policy_t *policy,
    pupil_error_t *error)
{
    int32_t                at;
    uint32_t               i;
    pupil_str_t            name;
    const pupil_plugin_t  *plugin;

    name.data = (const uint8_t *) claim->category;
    name.len = strlen(claim->category);

    at = pupil_policy_category(policy, name);
    if (at < 0) {
        return PUPIL_OK;        /* that no plugin is loaded is said later */
    }

    plugin = policy->categories[at]->plugin;

    if (plugin->owner != PUPIL_OWNER_SUBJECT
        || plugin->cardinality != PUPIL_CARDINALITY_ONE)
    {
        return pupil_error_set(error, "\"%s.%s\" is no claim: of the category"
                               " \"%s\" there is not one record for each"
                               " person", claim->category, claim->field,
                               claim->category);
    }

    for (i = 0; i < plugin->fields_count; i++) {
        if (plugin->fields[i].flags & PUPIL_FIELD_BOUND) {
            return pupil_error_set(error, "\"%s.%s\" is no claim: what decides"
                                   " something here is told to nobody else",
                                   claim->category, claim->field);
        }

        if (pupil_access_field(claim, &plugin->fields[i], error) != PUPIL_OK) {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


/* Which of the tables is the claim's: the count when there are too many. */
static uint32_t
pupil_access_table(pupil_template_t *template, const char *category)
{
    uint32_t  i;

    for (i = 0; i < PUPIL_COUNT(pupil_access_aliases); i++) {
        if (template->tables[i] == NULL) {
            template->tables[i] = category;
        }

        if (strcmp(template->tables[i], category) == 0) {
            break;
        }
    }

    return i;
}


static pupil_rc_t
pupil_access_want(pupil_access_t *access, uint32_t n,
    const pupil_policy_t *policy, pupil_error_t *error)
{
    uint32_t        table;
    pupil_rc_t      rc;
    pupil_want_t   *want;
    pupil_claim_t  *claim;

    claim = &access->claims[n];
    want = &access->wants[PUPIL_AC_WANT_CLAIM + n];

    want->category = claim->category;
    want->field = claim->field;
    want->purpose = access->purpose;
    want->relation = PUPIL_RELATION_SELF;
    want->operation = PUPIL_OPERATION_READ;
    want->about = PUPIL_ABOUT_ACTOR;
    want->flags = PUPIL_WANT_REQUIRED;

    if (claim->role) {
        return PUPIL_OK;
    }

    rc = pupil_access_category(claim, policy, error);
    if (rc != PUPIL_OK) {
        return rc;
    }

    table = pupil_access_table(&access->template, claim->category);
    if (table == PUPIL_COUNT(pupil_access_aliases)) {
        return pupil_error_set(error, "claims= takes those of %d categories at"
                               " most", (int) table);
    }

    want->alias = pupil_access_aliases[table];

    return PUPIL_OK;
}


static pupil_rc_t
pupil_access_sql(pupil_template_t *template, const pupil_alloc_t *alloc)
{
    uint32_t     i;
    pupil_rc_t   rc;
    pupil_sql_t  sql;
    pupil_str_t  text;
    const char  *alias;

    pupil_sql_init(&sql, alloc);
    pupil_sql_add(&sql, "SELECT $1::bigint, o.owner, o.state, o.key_version");

    for (i = 0; template->tables[i] != NULL; i++) {
        pupil_sql_add(&sql, "{%s}", pupil_access_aliases[i]);
    }

    pupil_sql_add(&sql, " FROM " PUPIL_SQL_ONE
                  " LEFT JOIN pupil.owner AS o ON o.tenant = $2"
                  " AND o.owner = $4");

    for (i = 0; template->tables[i] != NULL; i++) {
        alias = pupil_access_aliases[i];

        pupil_sql_add(&sql, " LEFT JOIN data.");
        pupil_sql_name(&sql, template->tables[i]);
        pupil_sql_add(&sql, " AS %s ON %s.tenant = $2 AND %s.owner = $4"
                      " AND %s.record = $4", alias, alias, alias, alias);
    }

    rc = pupil_sql_finish(&sql, &text);
    template->sql = (const char *) text.data;

    return rc;
}


pupil_rc_t
pupil_access_compose(pupil_access_t *access, const pupil_policy_t *policy,
    const pupil_alloc_t *alloc, pupil_error_t *error)
{
    uint32_t           i;
    pupil_rc_t         rc;
    pupil_want_t      *name;
    pupil_template_t  *template;

    if (access->endpoint.count != 0) {
        return PUPIL_OK;
    }

    template = &access->template;
    memset(template, 0, sizeof(*template));

    /* for the record, as there is no category of that name */
    name = &access->wants[PUPIL_AC_WANT_NAME];
    name->category = "application";
    name->field = access->application;
    name->purpose = access->purpose;
    name->relation = PUPIL_RELATION_SELF;
    name->operation = PUPIL_OPERATION_READ;
    name->about = PUPIL_ABOUT_ACTOR;
    name->flags = PUPIL_WANT_ASKED;

    for (i = 0; i < access->count; i++) {
        rc = pupil_access_want(access, i, policy, error);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    template->name = "access enter";
    template->fixed = PUPIL_AC_COLUMNS;
    template->wants = access->wants;
    template->wants_count = PUPIL_AC_WANT_CLAIM + access->count;

    access->endpoint = pupil_access_endpoint;
    access->endpoint.templates = template;
    access->endpoint.count = PUPIL_ACCESS_COUNT;

    rc = pupil_access_sql(template, alloc);

    return rc == PUPIL_OK ? PUPIL_OK
                          : pupil_error_set(error, "out of memory");
}

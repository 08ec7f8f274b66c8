/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/json/writer.h"
#include "core/policy/policy.h"


/* One field of one grant, as the document sorts and groups them. */
typedef struct {
    const pupil_grant_t  *grant;
    const char           *field;
} pupil_granted_t;


pupil_rc_t
pupil_policy_add(pupil_policy_t *policy, pupil_category_t *category,
    pupil_error_t *error)
{
    if (pupil_policy_category(policy, category->name) >= 0) {
        return pupil_error_set(error, "category \"%s\" is loaded twice",
                               category->plugin->name);
    }

    if (policy->count == PUPIL_POLICY_CATEGORIES) {
        return pupil_error_set(error, "more than %d plugins",
                               PUPIL_POLICY_CATEGORIES);
    }

    policy->categories[policy->count++] = category;

    return PUPIL_OK;
}


int32_t
pupil_policy_category(const pupil_policy_t *policy, pupil_str_t name)
{
    uint32_t  i;

    for (i = 0; i < policy->count; i++) {
        if (pupil_str_is(name, policy->categories[i]->plugin->name)) {
            return (int32_t) i;
        }
    }

    return -1;
}


/* Appends ", name" while there is room. */
static void
pupil_policy_list(char *text, size_t size, const char *name)
{
    size_t  len;

    len = strlen(text);
    (void) snprintf(text + len, size - len, "%s%s", len != 0 ? ", " : "",
                    name);
}


static pupil_rc_t
pupil_deny_target(const pupil_policy_t *policy, pupil_str_t word,
    pupil_deny_t *deny, pupil_error_t *error)
{
    char                     known[PUPIL_ERROR_SIZE];
    int32_t                  i;
    uint32_t                 n;
    pupil_str_t              category, field;
    const uint8_t           *dot;
    const pupil_category_t  *c;

    category = word;
    field.data = NULL;
    field.len = 0;

    dot = word.len != 0 ? memchr(word.data, '.', word.len) : NULL;
    if (dot != NULL) {
        category.len = (size_t) (dot - word.data);
        field.data = dot + 1;
        field.len = word.len - category.len - 1;
    }

    known[0] = '\0';

    i = pupil_policy_category(policy, category);
    if (i < 0) {
        for (n = 0; n < policy->count; n++) {
            pupil_policy_list(known, sizeof(known),
                              policy->categories[n]->plugin->name);
        }

        return pupil_error_set(error, "no plugin of category \"%.*s\" is"
                               " loaded; loaded are: %s", (int) category.len,
                               (const char *) category.data, known);
    }

    c = policy->categories[i];
    deny->category = c->name;

    if (dot == NULL) {
        return PUPIL_OK;
    }

    i = pupil_category_field(c, field);
    if (i < 0) {
        for (n = 0; n < c->plugin->fields_count; n++) {
            pupil_policy_list(known, sizeof(known),
                              c->plugin->fields[n].name);
        }

        return pupil_error_set(error, "category \"%s\" has no field"
                               " \"%.*s\"; it has: %s", c->plugin->name,
                               (int) field.len, (const char *) field.data,
                               known);
    }

    deny->field = c->field_names[i];

    return PUPIL_OK;
}


/* Where "purpose=NAME" or "relation=NAME" goes; NULL: neither. */
static uint32_t *
pupil_policy_deny_slot(pupil_deny_t *deny, pupil_str_t word,
    pupil_str_t *name, const char *(**names)(uint32_t), uint32_t *count)
{
    uint32_t  *slot;
    size_t     len;

    if (word.len > 8 && memcmp(word.data, "purpose=", 8) == 0) {
        len = 8;
        slot = &deny->purpose;
        *names = pupil_purpose_name;
        *count = PUPIL_PURPOSE_COUNT;

    } else if (word.len > 9 && memcmp(word.data, "relation=", 9) == 0) {
        len = 9;
        slot = &deny->relation;
        *names = pupil_relation_name;
        *count = PUPIL_RELATION_COUNT;

    } else {
        return NULL;
    }

    name->data = word.data + len;
    name->len = word.len - len;

    return slot;
}


static pupil_rc_t
pupil_deny_condition(pupil_str_t word, pupil_deny_t *deny,
    pupil_error_t *error)
{
    char          known[PUPIL_ERROR_SIZE];
    uint32_t      i, count, *slot;
    pupil_str_t   name;
    const char  *(*names)(uint32_t);

    slot = pupil_policy_deny_slot(deny, word, &name, &names, &count);
    if (slot == NULL) {
        return pupil_error_set(error, "\"%.*s\" is neither purpose=NAME nor"
                               " relation=NAME", (int) word.len,
                               (const char *) word.data);
    }

    if (*slot != 0) {
        return pupil_error_set(error, "\"%.*s\": given twice", (int) word.len,
                               (const char *) word.data);
    }

    known[0] = '\0';

    for (i = 1; i < count; i++) {
        if (pupil_str_is(name, names(i))) {
            *slot = i;
            return PUPIL_OK;
        }

        pupil_policy_list(known, sizeof(known), names(i));
    }

    return pupil_error_set(error, "\"%.*s\" is unknown; known are: %s",
                           (int) word.len, (const char *) word.data, known);
}


/* Does it take this grant away, for its field? */
static int
pupil_deny_takes(const pupil_deny_t *deny, const pupil_grant_t *grant)
{
    return (deny->purpose == 0 || deny->purpose == grant->purpose)
           && (deny->relation == 0 || deny->relation == grant->relation);
}


/* One that takes nothing away looks like a wall, and is none. */
static pupil_rc_t
pupil_deny_check(const pupil_policy_t *policy, const pupil_deny_t *deny,
    pupil_error_t *error)
{
    int32_t                category;
    uint32_t               i, f;
    const pupil_grant_t   *grant;
    const pupil_plugin_t  *plugin;

    category = pupil_policy_category(policy, deny->category);
    plugin = policy->categories[category]->plugin;

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        if (!pupil_deny_takes(deny, grant)) {
            continue;
        }

        for (f = 0; f < plugin->fields_count; f++) {
            if ((deny->field.len == 0
                 || pupil_str_is(deny->field, plugin->fields[f].name))
                && pupil_name_listed(grant->fields, plugin->fields[f].name))
            {
                return PUPIL_OK;
            }
        }
    }

    return pupil_error_set(error, "this denies nothing: category \"%s\" has no"
                           " such grant", plugin->name);
}


pupil_rc_t
pupil_deny_parse(const pupil_policy_t *policy, const pupil_str_t *words,
    uint32_t count, pupil_deny_t *deny, pupil_error_t *error)
{
    uint32_t    i;
    pupil_rc_t  rc;

    memset(deny, 0, sizeof(*deny));

    if (count == 0) {
        return pupil_error_set(error, "a category is needed");
    }

    rc = pupil_deny_target(policy, words[0], deny, error);

    for (i = 1; i < count && rc == PUPIL_OK; i++) {
        rc = pupil_deny_condition(words[i], deny, error);
    }

    return rc == PUPIL_OK ? pupil_deny_check(policy, deny, error) : rc;
}


static int
pupil_policy_denied(const pupil_policy_t *policy, const char *category,
    const char *field, const pupil_grant_t *grant)
{
    uint32_t             i;
    const pupil_deny_t  *deny;

    for (i = 0; i < policy->denies_count; i++) {
        deny = &policy->denies[i];

        if (pupil_str_is(deny->category, category)
            && (deny->field.len == 0 || pupil_str_is(deny->field, field))
            && pupil_deny_takes(deny, grant))
        {
            return 1;
        }
    }

    return 0;
}


const pupil_grant_t *
pupil_policy_grant(const pupil_policy_t *policy, uint32_t category,
    uint32_t field, uint32_t purpose, uint32_t relation, uint32_t operation)
{
    uint32_t               i;
    const char            *name;
    const pupil_grant_t   *grant;
    const pupil_plugin_t  *plugin;

    if (category >= policy->count) {
        return NULL;
    }

    plugin = policy->categories[category]->plugin;
    if (field >= plugin->fields_count) {
        return NULL;
    }

    name = plugin->fields[field].name;

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        if (grant->purpose == purpose && grant->relation == relation
            && grant->operation == operation
            && pupil_name_listed(grant->fields, name))
        {
            return pupil_policy_denied(policy, plugin->name, name, grant)
                   ? NULL : grant;
        }
    }

    return NULL;
}


static int
pupil_grant_compare(const pupil_grant_t *a, const pupil_grant_t *b)
{
    int  rc;

    rc = strcmp(pupil_purpose_name(a->purpose),
                pupil_purpose_name(b->purpose));
    if (rc == 0) {
        rc = strcmp(pupil_relation_name(a->relation),
                    pupil_relation_name(b->relation));
    }
    if (rc == 0) {
        rc = strcmp(pupil_operation_name(a->operation),
                    pupil_operation_name(b->operation));
    }
    if (rc == 0) {
        rc = strcmp(pupil_basis_name(a->basis), pupil_basis_name(b->basis));
    }

    return rc != 0 ? rc : (int) a->flags - (int) b->flags;
}


static int
pupil_granted_compare(const void *one, const void *two)
{
    int                     rc;
    const pupil_granted_t  *a = one, *b = two;

    rc = pupil_grant_compare(a->grant, b->grant);

    return rc != 0 ? rc : strcmp(a->field, b->field);
}


static int
pupil_field_compare(const void *one, const void *two)
{
    const pupil_field_t *const  *a = one;
    const pupil_field_t *const  *b = two;

    return strcmp((*a)->name, (*b)->name);
}


static int
pupil_category_compare(const void *one, const void *two)
{
    const pupil_category_t *const  *a = one;
    const pupil_category_t *const  *b = two;

    return strcmp((*a)->plugin->name, (*b)->plugin->name);
}


static void
pupil_policy_member(pupil_writer_t *out, const char *key, const char *value)
{
    pupil_writer_key(out, key);
    pupil_writer_cstr(out, value);
}


static void
pupil_policy_flag(pupil_writer_t *out, const char *key, uint32_t value)
{
    pupil_writer_key(out, key);
    pupil_writer_bool(out, value != 0);
}


static void
pupil_policy_fields(pupil_writer_t *out, const pupil_plugin_t *plugin)
{
    uint32_t              i;
    const pupil_field_t  *fields[PUPIL_MAX_FIELDS] = { NULL };

    for (i = 0; i < plugin->fields_count; i++) {
        fields[i] = &plugin->fields[i];
    }

    qsort(fields, plugin->fields_count, sizeof(fields[0]),
          pupil_field_compare);

    pupil_writer_key(out, "fields");
    pupil_writer_array_begin(out);

    for (i = 0; i < plugin->fields_count; i++) {
        pupil_writer_object_begin(out);
        pupil_policy_member(out, "name", fields[i]->name);
        pupil_policy_member(out, "type", pupil_type_name(fields[i]->type));
        pupil_policy_flag(out, "sealed",
                          fields[i]->flags & PUPIL_FIELD_SEALED);
        pupil_policy_flag(out, "indexed",
                          fields[i]->flags & PUPIL_FIELD_INDEXED);
        pupil_writer_object_end(out);
    }

    pupil_writer_array_end(out);
}


static void
pupil_policy_grants(pupil_writer_t *out, const pupil_granted_t *granted,
    size_t count)
{
    size_t                i;
    const pupil_grant_t  *grant;

    pupil_writer_key(out, "grants");
    pupil_writer_array_begin(out);

    for (i = 0; i < count; i++) {
        grant = granted[i].grant;

        if (i == 0 || pupil_grant_compare(granted[i - 1].grant, grant) != 0) {
            pupil_writer_object_begin(out);
            pupil_policy_member(out, "purpose",
                                pupil_purpose_name(grant->purpose));
            pupil_policy_member(out, "relation",
                                pupil_relation_name(grant->relation));
            pupil_policy_member(out, "operation",
                                pupil_operation_name(grant->operation));
            pupil_policy_member(out, "basis",
                                pupil_basis_name(grant->basis));
            pupil_policy_flag(out, "projected",
                              grant->flags & PUPIL_GRANT_PROJECTED);
            pupil_writer_key(out, "fields");
            pupil_writer_array_begin(out);
        }

        pupil_writer_cstr(out, granted[i].field);

        if (i + 1 == count
            || pupil_grant_compare(grant, granted[i + 1].grant) != 0)
        {
            pupil_writer_array_end(out);
            pupil_writer_object_end(out);
        }
    }

    pupil_writer_array_end(out);
}


/* What is granted of a category, less the denies, sorted. */
static pupil_rc_t
pupil_policy_granted(const pupil_policy_t *policy,
    const pupil_plugin_t *plugin, const pupil_alloc_t *alloc,
    pupil_granted_t **granted, size_t *count)
{
    size_t                room;
    uint32_t              g, f;
    const char           *name;
    const pupil_grant_t  *grant;

    room = (size_t) plugin->grants_count * plugin->fields_count;

    *count = 0;
    *granted = alloc->alloc(alloc->ctx, room * sizeof(pupil_granted_t));
    if (*granted == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (g = 0; g < plugin->grants_count; g++) {
        grant = &plugin->grants[g];

        for (f = 0; f < plugin->fields_count; f++) {
            name = plugin->fields[f].name;

            if (pupil_name_listed(grant->fields, name)
                && !pupil_policy_denied(policy, plugin->name, name, grant))
            {
                (*granted)[*count].grant = grant;
                (*granted)[*count].field = name;
                (*count)++;
            }
        }
    }

    qsort(*granted, *count, sizeof(pupil_granted_t), pupil_granted_compare);

    return PUPIL_OK;
}


static pupil_rc_t
pupil_policy_write(const pupil_policy_t *policy,
    const pupil_category_t *category, const pupil_alloc_t *alloc,
    pupil_writer_t *out)
{
    size_t                 count;
    uint32_t               i;
    pupil_rc_t             rc;
    pupil_granted_t       *granted;
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;

    rc = pupil_policy_granted(policy, plugin, alloc, &granted, &count);
    if (rc != PUPIL_OK) {
        return rc;
    }

    pupil_writer_object_begin(out);
    pupil_policy_member(out, "name", plugin->name);
    pupil_policy_member(out, "version", plugin->version);
    pupil_policy_fields(out, plugin);
    pupil_policy_grants(out, granted, count);

    pupil_writer_key(out, "options");
    pupil_writer_object_begin(out);
    for (i = 0; i < plugin->options_count; i++) {
        pupil_writer_key(out, plugin->options[i].name);
        pupil_writer_int64(out, category->options[i]);
    }
    pupil_writer_object_end(out);

    pupil_writer_key(out, "retention_days");
    pupil_writer_int64(out, plugin->retention->days);
    pupil_writer_object_end(out);

    return PUPIL_OK;
}


pupil_rc_t
pupil_policy_document(const pupil_policy_t *policy,
    const pupil_alloc_t *alloc, pupil_str_t *document,
    uint8_t hash[PUPIL_HASH_LEN])
{
    uint32_t                 i;
    pupil_rc_t               rc;
    pupil_writer_t           out;
    const pupil_category_t  *sorted[PUPIL_POLICY_CATEGORIES] = { NULL };

    for (i = 0; i < policy->count; i++) {
        sorted[i] = policy->categories[i];
    }

    qsort(sorted, policy->count, sizeof(sorted[0]), pupil_category_compare);

    pupil_writer_init(&out, alloc, 0);
    pupil_writer_object_begin(&out);
    pupil_writer_key(&out, "categories");
    pupil_writer_array_begin(&out);

    for (i = 0; i < policy->count; i++) {
        rc = pupil_policy_write(policy, sorted[i], alloc, &out);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    pupil_writer_array_end(&out);
    pupil_writer_object_end(&out);

    rc = pupil_writer_flatten(&out, alloc, document);
    if (rc != PUPIL_OK) {
        return rc;
    }

    crypto_hash_sha256(hash, document->data, document->len);

    return PUPIL_OK;
}

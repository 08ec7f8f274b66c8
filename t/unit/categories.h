/*
 * Copyright (C) the Pupil authors
 *
 * Two categories for the tests of policy, statements and generic statements.
 */

#ifndef PUPIL_CATEGORIES_H
#define PUPIL_CATEGORIES_H

#include "core/policy/policy.h"
#include "tap.h"


static int32_t categories_project(const pupil_host_t *host, void *call,
    uint32_t field, uint32_t purpose, pupil_value_t value,
    pupil_value_t *out);


static const pupil_field_t  animal_fields[] = {
    { .name = "name", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, .max_size = 100,
      .why = "Why." },
    { .name = "legs", .type = PUPIL_TYPE_INTEGER, .max_size = 20,
      .why = "Why." },
    { .name = "class_id", .type = PUPIL_TYPE_UUID, .max_size = 36,
      .why = "Why." },
    { .name = "class_title", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 100, .why = "Why.",
      .sealed_by = "class_id" },
    { .name = "secret", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INTERNAL, .max_size = 100,
      .why = "Why." }
};

static const pupil_grant_t  animal_grants[] = {
    { .fields = "name legs class_id class_title secret",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_CONSENT },
    { .fields = "legs name class_id class_title",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS, .relation = PUPIL_RELATION_SELF,
      .operation = PUPIL_OPERATION_WRITE, .basis = PUPIL_BASIS_CONSENT },
    { .fields = "name", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK, .flags = PUPIL_GRANT_PROJECTED },
    { .fields = "legs", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_field_t  stone_fields[] = {
    { .name = "weight", .type = PUPIL_TYPE_DECIMAL,
      .flags = PUPIL_FIELD_SEALED, .max_size = 30, .why = "Why." }
};

static const pupil_grant_t  stone_grants[] = {
    { .fields = "weight", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "weight", .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_option_t  animal_options[] = {
    { .name = "zoo", .type = PUPIL_OPTION_FLAG, .value = 0, .min = 0, .max = 1,
      .why = "Why." }
};

static const pupil_retention_t  categories_retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  categories_hooks = {
    .project = categories_project
};

static const pupil_plugin_t  animal_plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "animal",
    .version = "1.0.0",
    .summary = "A.",
    .source = "B.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(animal_fields),
    PUPIL_GRANTS(animal_grants),
    PUPIL_OPTIONS(animal_options),
    PUPIL_RETENTION(categories_retention),
    PUPIL_HOOKS(categories_hooks)
};

static const pupil_plugin_t  stone_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "stone",
    .version = "1.0.0",
    .summary = "A.",
    .source = "B.",
    .recipients = "none",
    .owner = PUPIL_OWNER_CLASS,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(stone_fields),
    PUPIL_GRANTS(stone_grants),
    PUPIL_RETENTION(categories_retention)
};


static int32_t
categories_project(const pupil_host_t *host, void *call, uint32_t field,
    uint32_t purpose, pupil_value_t value, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) field;
    (void) purpose;

    *out = value;
    out->len = value.len != 0;

    return 0;
}


__attribute__((unused)) static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


/* A policy of both, in either order.  Ends the program when it cannot. */
__attribute__((unused)) static void
categories_policy(pupil_policy_t *policy, const pupil_alloc_t *alloc,
    int reverse)
{
    int                i;
    pupil_error_t      error;
    pupil_category_t  *category;

    memset(policy, 0, sizeof(*policy));

    for (i = 0; i < 2; i++) {
        if (pupil_category_wrap(i == reverse ? &animal_plugin : &stone_plugin,
                                alloc, &category, &error) != PUPIL_OK
            || pupil_policy_add(policy, category, &error) != PUPIL_OK)
        {
            printf("Bail out! %s\n", error.text);
            exit(2);
        }
    }
}

#endif /* PUPIL_CATEGORIES_H */

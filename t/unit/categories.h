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
    { "name", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, 100,
      NULL, "Why.", NULL },
    { "legs", PUPIL_TYPE_INTEGER, 0, 20, NULL, "Why.", NULL },
    { "class_id", PUPIL_TYPE_UUID, 0, 36, NULL, "Why.", NULL },
    { "class_title", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED, 100, NULL, "Why.",
      "class_id" },
    { "secret", PUPIL_TYPE_TEXT, PUPIL_FIELD_SEALED | PUPIL_FIELD_INTERNAL,
      100, NULL, "Why.", NULL }
};

static const pupil_grant_t  animal_grants[] = {
    { "name legs class_id class_title secret", PUPIL_PURPOSE_SUBJECT_ACCESS,
      PUPIL_RELATION_SELF, PUPIL_OPERATION_READ, PUPIL_BASIS_CONSENT, 0 },
    { "legs name class_id class_title", PUPIL_PURPOSE_SUBJECT_ACCESS,
      PUPIL_RELATION_SELF, PUPIL_OPERATION_WRITE, PUPIL_BASIS_CONSENT, 0 },
    { "name", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, PUPIL_GRANT_PROJECTED },
    { "legs", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 }
};

static const pupil_field_t  stone_fields[] = {
    { "weight", PUPIL_TYPE_DECIMAL, PUPIL_FIELD_SEALED, 30, NULL, "Why.",
      NULL }
};

static const pupil_grant_t  stone_grants[] = {
    { "weight", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "weight", PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 }
};

static const pupil_option_t  animal_options[] = {
    { "zoo", PUPIL_OPTION_FLAG, 0, 0, 1, "Why." }
};

static const pupil_retention_t  categories_retention = {
    PUPIL_EVENT_CREATED, 30, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  categories_hooks = {
    .project = categories_project
};

static const pupil_plugin_t  animal_plugin = {
    PUPIL_PLUGIN_HEADER, 0, "animal", "1.0.0", "A.", "B.", "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_MANY,
    animal_fields, PUPIL_COUNT(animal_fields), sizeof(pupil_field_t),
    animal_grants, PUPIL_COUNT(animal_grants), sizeof(pupil_grant_t),
    animal_options, PUPIL_COUNT(animal_options), sizeof(pupil_option_t),
    &categories_retention, &categories_hooks, sizeof(pupil_hooks_t)
};

static const pupil_plugin_t  stone_plugin = {
    PUPIL_PLUGIN_HEADER, PUPIL_PLUGIN_NO_GENERIC_WRITE, "stone", "1.0.0",
    "A.", "B.", "none",
    PUPIL_OWNER_CLASS, PUPIL_CARDINALITY_MANY,
    stone_fields, PUPIL_COUNT(stone_fields), sizeof(pupil_field_t),
    stone_grants, PUPIL_COUNT(stone_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &categories_retention, NULL, 0
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

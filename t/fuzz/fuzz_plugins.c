/*
 * Copyright (C) the Pupil authors
 *
 * Arbitrary bytes through every field of every plugin: as JSON, as an import's
 * text, and through the hooks.  What is accepted is accepted again unchanged,
 * or the stored form would not be one.
 */

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin/value.h"
#include "core/policy/policy.h"


#define FUZZ_BLOCKS  4096


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void             *blocks[FUZZ_BLOCKS];
static size_t            used;
static pupil_policy_t    policy;


static void *
take(void *ctx, size_t size)
{
    (void) ctx;

    if (used == FUZZ_BLOCKS) {
        return NULL;
    }

    blocks[used] = malloc(size != 0 ? size : 1);

    return blocks[used++];
}


static void *
keep(void *ctx, size_t size)
{
    (void) ctx;

    return malloc(size);
}


static void
check(int right, const char *what)
{
    if (!right) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}


static void
accepted(const pupil_category_t *category, uint32_t field,
    const pupil_alloc_t *alloc, pupil_str_t value)
{
    uint32_t              purpose;
    pupil_str_t           again, term;
    pupil_fault_t         fault;
    pupil_writer_t        writer;

    check(value.len <= category->plugin->fields[field].max_size, "size");
    check(pupil_value_accept_text(category, field, value, alloc, &again,
                                  &fault) == PUPIL_OK
          && again.len == value.len
          && (value.len == 0
              || memcmp(again.data, value.data, value.len) == 0),
          "a stored form is not stable");

    pupil_writer_init(&writer, alloc, 0);
    pupil_value_write(category, field, value, &writer);
    check(pupil_writer_finish(&writer) == PUPIL_OK, "writing");

    if (category->plugin->fields[field].flags & PUPIL_FIELD_INDEXED) {
        check(pupil_value_term(category, field, value, alloc, &term)
              == PUPIL_OK && term.len != 0, "term");
    }

    for (purpose = 1; category->plugin->hooks != NULL
                      && category->plugin->hooks->project != NULL
                      && purpose < PUPIL_PURPOSE_COUNT; purpose++)
    {
        check(pupil_value_project(category, field, purpose, value, alloc,
                                  &again) == PUPIL_OK, "projection");
    }
}


static void
one_field(const pupil_category_t *category, uint32_t field, pupil_str_t text,
    const pupil_json_t *json)
{
    pupil_str_t    value;
    pupil_fault_t  fault;
    pupil_alloc_t  alloc = { take, NULL };

    if (pupil_value_accept_text(category, field, text, &alloc, &value,
                                &fault) == PUPIL_OK)
    {
        accepted(category, field, &alloc, value);
    }

    if (json != NULL
        && pupil_value_accept(category, field, json, 0, &alloc, &value,
                              &fault) == PUPIL_OK)
    {
        accepted(category, field, &alloc, value);
    }

    (void) pupil_value_term(category, field, text, &alloc, &value);
    (void) pupil_value_project(category, field, PUPIL_PURPOSE_TEACHING, text,
                               &alloc, &value);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char               path[PATH_MAX + 64], build[PATH_MAX];
    size_t             i;
    const char        *env;
    pupil_error_t      error;
    pupil_alloc_t      alloc = { keep, NULL };
    pupil_category_t  *category;

    static const char *const  names[] = {
        "identity", "contact", "credential", "enrolment", "network",
        "homework", "progress", "assessment", "example"
    };

    (void) argc;
    (void) argv;

    env = getenv("PUPIL_BUILD");
    check(sodium_init() >= 0
          && realpath(env != NULL ? env : "build", build) != NULL,
          "PUPIL_BUILD");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/plugins/pupil_%s.so", build,
                 names[i]);
        check(pupil_category_load(path, NULL, &alloc, &category, &error)
              == PUPIL_OK
              && pupil_policy_add(&policy, category, &error) == PUPIL_OK,
              error.text);
    }

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t       c, f;
    uint8_t       *copy;
    pupil_rc_t     rc;
    pupil_str_t    text;
    pupil_json_t   json;
    pupil_alloc_t  alloc = { take, NULL };

    static const pupil_json_limits_t  limits = { 16, 4096 };

    /* A block of its own, so that reading behind it is found. */
    copy = take(NULL, size);
    memcpy(copy, data, size);
    text.data = copy;
    text.len = size;

    rc = pupil_json_parse(&alloc, copy, size, &limits, &json, NULL);

    for (c = 0; c < policy.count; c++) {
        for (f = 0; f < policy.categories[c]->plugin->fields_count; f++) {
            one_field(policy.categories[c], f, text,
                      rc == PUPIL_OK ? &json : NULL);
        }
    }

    while (used != 0) {
        free(blocks[--used]);
    }

    return 0;
}

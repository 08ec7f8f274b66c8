/*
 * Copyright (C) the Pupil authors
 *
 * Descriptors: what is refused with which words (t/bad-plugins.t has the whole
 * list), prefixes of a descriptor against an unreadable page, options,
 * patterns, and memory that runs out.
 */

#include <time.h>

#include "core/endpoints/endpoints.h"
#include "core/endpoints/relation.h"
#include "core/plugin/check.h"
#include "core/plugin/names.h"
#include "core/plugin/value.h"
#include "tap.h"


static int32_t same_term(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value, pupil_value_t *term);


static pupil_field_t  fields[] = {
    { .name = "colour", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED, .max_size = 100,
      .pattern = "[a-z]*", .why = "Why." },
    { .name = "class_id", .type = PUPIL_TYPE_UUID, .max_size = 36,
      .why = "Why." },
    { .name = "class_title", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = 100, .pattern = "(a+)+(b|c)",
      .why = "Why.", .sealed_by = "class_id" }
};

static pupil_grant_t  grants[] = {
    { .fields = "colour class_id class_title",
      .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static pupil_option_t  options[] = {
    { .name = "retention", .type = PUPIL_OPTION_DAYS, .value = 30, .min = 1,
      .max = 365, .why = "Why." },
    { .name = "loud", .type = PUPIL_OPTION_FLAG, .value = 0, .min = 0,
      .max = 1, .why = "Why." },
    { .name = "size", .type = PUPIL_OPTION_INTEGER, .value = 5, .min = -9,
      .max = 9, .why = "Why." }
};

static pupil_retention_t  retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static pupil_hooks_t  hooks = { .index_term = same_term };

static const pupil_plugin_t  good = {
    PUPIL_PLUGIN_HEADER,
    .name = "good",
    .version = "1.2.3",
    .summary = "A.",
    .source = "B.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_OPTIONS(options),
    PUPIL_RETENTION(retention),
    PUPIL_HOOKS(hooks)
};


static int32_t
same_term(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, pupil_value_t *term)
{
    (void) host;
    (void) call;
    (void) field;
    *term = value;

    return 0;
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static void
refused(const pupil_plugin_t *plugin, const char *words)
{
    pupil_rc_t     rc;
    pupil_error_t  error;

    error.text[0] = '\0';
    rc = pupil_plugin_check(plugin, &error);

    ok(rc == PUPIL_INVALID && strstr(error.text, words) != NULL,
       "refused: %s (%s)", words, error.text);
}


/* Nothing behind the protecting fields is read before these are right. */
static void
test_header(void)
{
    pupil_plugin_t  plugin;

    plugin = good;
    plugin.magic = 0;
    refused((const pupil_plugin_t *)
            (void *) tap_guarded(&plugin, 8), "magic");

    plugin = good;
    plugin.abi_major = 2;
    refused((const pupil_plugin_t *) (void *) tap_guarded(&plugin, 8),
            "abi_major is 2, this host has 1");

    plugin = good;
    plugin.abi_minor = PUPIL_ABI_MINOR + 1;
    refused((const pupil_plugin_t *) (void *) tap_guarded(&plugin, 8),
            "abi_minor is 3, this host has 2");

    plugin = good;
    plugin.struct_size = 12;
    refused((const pupil_plugin_t *) (void *) tap_guarded(&plugin, 16),
            "struct_size is 12, version 1.2 has");

    refused(NULL, "returned NULL");
    ok(pupil_plugin_check(&good, NULL) == PUPIL_OK, "the good one");

    plugin.magic = 0;
    ok(pupil_plugin_check(&plugin, NULL) == PUPIL_INVALID, "no error text");
}


/* Each member zeroed, as if it had been forgotten. */
static void
test_zeroed(void)
{
    int             optional;
    size_t          offset;
    pupil_plugin_t  plugin;

    for (offset = 0; offset < sizeof(plugin); offset += sizeof(uint32_t)) {
        plugin = good;
        memset((uint8_t *) &plugin + offset, 0, sizeof(uint32_t));

        /* A half of a pointer is a wild one: take the whole. */
        if (offset >= offsetof(pupil_plugin_t, name)) {
            memset((uint8_t *) &plugin + offset / 8 * 8, 0, 8);
        }

        optional = offset / 8 * 8 == offsetof(pupil_plugin_t, flags) / 8 * 8
                   && offset >= offsetof(pupil_plugin_t, flags);

        if (offset / 8 * 8 == offsetof(pupil_plugin_t, options_count)
            || offset >= offsetof(pupil_plugin_t, aggregate))
        {
            optional = 1;
        }

        ok(pupil_plugin_check(&plugin, NULL)
           == (optional ? PUPIL_OK : PUPIL_INVALID), "zero at %zu", offset);
    }
}


static void
set_option(pupil_category_t *category, const char *setting, int64_t expected)
{
    uint32_t       i;
    pupil_rc_t     rc;
    pupil_error_t  error;

    error.text[0] = '\0';
    rc = pupil_category_option(category, str(setting), &error);

    for (i = 0; i < 3; i++) {
        if (strncmp(setting, options[i].name, strlen(options[i].name)) == 0) {
            break;
        }
    }

    if (expected == INT64_MIN) {
        ok(rc == PUPIL_INVALID && error.text[0] != '\0', "%s: %s", setting,
           error.text);
    } else {
        ok(rc == PUPIL_OK && i < 3 && category->options[i] == expected,
           "%s", setting);
    }
}


/* Can a plugin grant for this purpose through this relation? */
static int
meets(uint32_t purpose, uint32_t relation)
{
    int             rc;
    pupil_error_t   error;
    pupil_grant_t   kept;

    kept = grants[0];
    grants[0].purpose = purpose;
    grants[0].relation = relation;
    rc = pupil_plugin_check(&good, &error);
    grants[0] = kept;

    return rc == PUPIL_OK;
}


/* What the host asks for can be granted, and little else. */
static void
test_meets(void)
{
    uint32_t             e, t, w, r, p, count;
    const pupil_want_t  *want;

    for (e = 0; e < PUPIL_ENDPOINT_COUNT; e++) {
        for (t = 0; t < pupil_endpoints[e]->count; t++) {
            want = pupil_endpoints[e]->templates[t].wants;

            for (w = 0; w < pupil_endpoints[e]->templates[t].wants_count; w++)
            {
                if (!meets(want[w].purpose, want[w].relation)) {
                    ok(0, "%s: %s cannot be granted for %s through %s",
                       pupil_endpoints[e]->templates[t].name, want[w].field,
                       pupil_purpose_name(want[w].purpose),
                       pupil_relation_name(want[w].relation));
                }
            }
        }
    }

    for (r = 1; r < PUPIL_RELATION_SYSTEM; r++) {
        ok(meets(pupil_generic_purpose(r), r), "%s through %s",
           pupil_purpose_name(pupil_generic_purpose(r)),
           pupil_relation_name(r));
    }

    for (count = 0, r = 1; r < PUPIL_RELATION_COUNT; r++) {
        for (p = 1; p < PUPIL_PURPOSE_COUNT; p++) {
            count += (uint32_t) meets(p, r);
        }
    }

    ok(count == 7 + 3 + 6, "nothing else: %u", count);
}


static void
test_options(pupil_category_t *category)
{
    set_option(category, "retention=90d", 90);
    set_option(category, "retention=90", INT64_MIN);
    set_option(category, "retention=0d", INT64_MIN);
    set_option(category, "retention=d", INT64_MIN);
    set_option(category, "retention", INT64_MIN);
    set_option(category, "retention=", INT64_MIN);
    set_option(category, "loud=on", 1);
    set_option(category, "loud=off", 0);
    set_option(category, "loud=1", INT64_MIN);
    set_option(category, "size=-9", -9);
    set_option(category, "size=-10", INT64_MIN);
    set_option(category, "size=-", INT64_MIN);
    set_option(category, "size= 5", INT64_MIN);
    set_option(category, "size=99999999999999999999", INT64_MIN);
    set_option(category, "size=5x", INT64_MIN);
    set_option(category, "smell=5", INT64_MIN);
    set_option(category, "", INT64_MIN);
}


/* (a+)+(b|c) on many a takes for ever without the match limit. */
static void
test_match_limit(const pupil_category_t *category, pupil_alloc_t *alloc)
{
    char             text[64];
    pupil_rc_t       rc;
    pupil_str_t      value;
    pupil_fault_t    fault;
    struct timespec  from, to;

    memset(text, 'a', sizeof(text));
    value.data = (uint8_t *) text;
    value.len = sizeof(text);

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    rc = pupil_value_accept_text(category, 2, value, alloc, &value, &fault);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);

    ok(rc == PUPIL_INVALID && strcmp(fault.rule, "pattern") == 0
       && strcmp(fault.field, "/class_title") == 0, "match limit");
    ok((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec)
       / 1000 < 5000, "in time");

    ok(pupil_value_accept_text(category, 2, str("aab"), alloc, &value,
                               &fault) == PUPIL_OK, "a match");
    ok(pupil_value_accept_text(category, 2, str("aabc"), alloc, &value,
                               &fault) == PUPIL_INVALID, "not a part");
    ok(pupil_value_accept_text(category, 2, str("aab\n"), alloc, &value,
                               &fault) == PUPIL_INVALID, "no line feed");
}


static void
test_memory(void)
{
    long               n;
    pupil_rc_t         rc;
    tap_arena_t        arena;
    pupil_error_t      error;
    pupil_category_t  *category;
    pupil_alloc_t      alloc = { tap_arena_alloc, &arena };

    memset(&arena, 0, sizeof(arena));

    for (n = 1, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; n++) {
        arena.fail_at = n;
        rc = pupil_category_wrap(&good, &alloc, &category, &error);
        pupil_category_unload(category);
        tap_arena_reset(&arena);
    }

    ok(rc == PUPIL_OK && n > 4, "out of memory %ld times", n - 2);
}


int
main(void)
{
    static tap_arena_t  arena;

    pupil_error_t      error;
    pupil_category_t  *category;
    pupil_alloc_t      alloc = { tap_arena_alloc, &arena };

    test_header();
    test_zeroed();
    test_meets();

    ok(pupil_category_wrap(&good, &alloc, &category, &error) == PUPIL_OK,
       "wrapped");
    ok(pupil_category_field(category, str("class_id")) == 1, "field");
    ok(pupil_category_field(category, str("class")) == -1, "no field");
    ok(pupil_category_field(category, str("")) == -1, "empty field");
    test_options(category);
    test_match_limit(category, &alloc);
    pupil_category_unload(category);
    pupil_category_unload(NULL);
    tap_arena_reset(&arena);

    test_memory();

    return tap_done();
}

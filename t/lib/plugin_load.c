/*
 * Copyright (C) the Pupil authors
 *
 * Loads plugins as the host does, for tests:
 *
 *     plugin_load check FILE          "ok NAME VERSION", or the refusal
 *     plugin_load sql FILE...         all statements of /v1/data/ of these
 *                                     plugins, as PREPARE commands for psql
 *     plugin_load endpoints FILE...   what a connection sets first, then the
 *                                     statements of all other endpoints
 *     plugin_load fixed               the statements that no policy shapes
 */

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/audit.h"
#include "core/endpoints/access.h"
#include "core/endpoints/database.h"
#include "core/endpoints/data.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/relation.h"
#include "core/policy/policy.h"


static const char *const  type_names[] = {
    [PUPIL_PARAM_UUID] = "uuid",
    [PUPIL_PARAM_INT4] = "int4",
    [PUPIL_PARAM_INT8] = "int8",
    [PUPIL_PARAM_BOOL] = "bool",
    [PUPIL_PARAM_BYTEA] = "bytea",
    [PUPIL_PARAM_TEXT] = "text",
    [PUPIL_PARAM_TIMESTAMPTZ] = "timestamptz",
    [PUPIL_PARAM_UUID_ARRAY] = "uuid[]",
    [PUPIL_PARAM_BYTEA_ARRAY] = "bytea[]",
    [PUPIL_PARAM_TEXT_ARRAY] = "text[]",
    [PUPIL_PARAM_INT4_ARRAY] = "int4[]"
};


/* All memory, freed at the end. */
typedef struct block_s {
    struct block_s  *next;
    max_align_t      data[];
} block_t;

static block_t  *blocks;


static void *
take(void *ctx, size_t size)
{
    block_t  *block;

    (void) ctx;

    block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        exit(1);
    }

    block->next = blocks;
    blocks = block;

    return block->data;
}


static void
give_back(void)
{
    block_t  *next;

    for ( ; blocks != NULL; blocks = next) {
        next = blocks->next;
        free(blocks);
    }
}


static const pupil_alloc_t  heap = { take, NULL };


/* name: a format of the words after it; blanks become underscores. */
static void __attribute__((format(printf, 4, 5)))
print_statement(const pupil_policy_t *policy, const uint8_t hash[32],
    const pupil_template_t *template, const char *format, ...)
{
    char               name[128], *p;
    va_list            args;
    uint32_t           i;
    pupil_error_t      error;
    pupil_statement_t  statement;

    if (pupil_statement_compose(template, policy, hash, &heap, &statement,
                                &error) != PUPIL_OK)
    {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }

    va_start(args, format);
    (void) vsnprintf(name, sizeof(name), format, args);
    va_end(args);

    for (p = name; *p != '\0'; p++) {
        *p = *p == ' ' ? '_' : *p;
    }

    printf("-- columns %u accesses %.*s\n", statement.columns,
           (int) statement.accesses.len,
           (const char *) statement.accesses.data);
    printf("PREPARE %s (int8, uuid, uuid, uuid, text, uuid, text", name);

    for (i = 0; i < statement.params; i++) {
        printf(", %s", type_names[template->params[i]]);
    }

    for (i = 0; template->records != 0 && i < PUPIL_STATEMENT_RECORD; i++) {
        printf(", %s", type_names[pupil_record_params[i]]);
    }

    printf(") AS %s;\n", (const char *) statement.sql.data);
}


static void
print_fixed(void)
{
    uint32_t              f, i;
    const pupil_fixed_t  *fixed;

    for (f = 0; f < PUPIL_FIXED_COUNT; f++) {
        fixed = &pupil_fixed[f];

        printf("PREPARE %s (", fixed->name);

        for (i = 0; i < fixed->params_count; i++) {
            printf("%s%s", i ? ", " : "", type_names[fixed->params[i]]);
        }

        printf(") AS %s;\n", fixed->sql);
    }
}


static void
print_endpoints(const pupil_policy_t *policy, const uint8_t hash[32])
{
    uint32_t                 e, i;
    const pupil_endpoint_t  *endpoint;

    printf("%s;\n", pupil_session_sql);

    for (e = 0; e < PUPIL_ENDPOINT_COUNT; e++) {
        endpoint = pupil_endpoints[e];

        for (i = 0; i < endpoint->count; i++) {
            print_statement(policy, hash, &endpoint->templates[i], "%s",
                            endpoint->templates[i].name);
        }
    }
}


/* What a guard asks: of a directive with claims of a table that is there. */
static void
print_access(const pupil_policy_t *policy, const uint8_t hash[32])
{
    uint32_t         i;
    pupil_error_t    error;
    pupil_words_t    words;
    pupil_access_t  *access;

    static const char *const  given[] = {
        "forum", "purpose=authentication",
        "claims=identity.given_name,identity.family_name,enrolment.role"
    };

    pupil_str_t  texts[sizeof(given) / sizeof(given[0])];

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        texts[i].data = (const uint8_t *) given[i];
        texts[i].len = strlen(given[i]);
    }

    pupil_words_init(&words);

    if (pupil_words_read(pupil_access_words, PUPIL_ACCESS_WORDS, texts, i,
                         &words, &error) != PUPIL_OK
        || pupil_access_read(&words, &heap, &access) != PUPIL_OK
        || pupil_access_compose(access, policy, &heap, &error) != PUPIL_OK)
    {
        fprintf(stderr, "pupil_access: %s\n", error.text);
        exit(1);
    }

    print_statement(policy, hash, &access->template, "%s",
                    access->template.name);
}


static void
print_category(const pupil_policy_t *policy, const uint8_t hash[32],
    uint32_t category, uint32_t relation)
{
    const char              *name, *how;
    pupil_generic_t         *g;
    pupil_template_t        *audit;
    const pupil_plugin_t    *plugin;
    const pupil_template_t  *evidence;

    plugin = policy->categories[category]->plugin;
    name = plugin->name;
    how = pupil_relation_name(relation);

    if (pupil_generic_read(policy, category, relation, &heap, &g)
        == PUPIL_OK)
    {
        print_statement(policy, hash, &g->template, "read_%s_%s", name,
                        how);

        if (pupil_audit_template(&g->template, &heap, &audit) == PUPIL_OK) {
            print_statement(policy, hash, audit, "refuse_%s_%s", name, how);
        }
    }

    if (pupil_generic_write(policy, category, relation, &heap, &g)
        == PUPIL_OK)
    {
        print_statement(policy, hash, &g->template, "write_%s_%s", name,
                        how);
        print_statement(policy, hash, &g->look, "look_%s_%s", name, how);
    }

    evidence = pupil_generic_evidence(relation, plugin->owner);
    if (evidence != NULL) {
        print_statement(policy, hash, evidence, "evidence_%s_%s", name, how);
    }
}


static int
print_sql(int count, char **files, int endpoints)
{
    int                i;
    uint8_t            hash[32];
    uint32_t           c, r;
    pupil_str_t        document;
    pupil_error_t      error;
    pupil_policy_t     policy;
    pupil_category_t  *category;

    memset(&policy, 0, sizeof(policy));

    for (i = 0; i < count; i++) {
        if (pupil_category_load(files[i], NULL, &heap, &category, &error)
            != PUPIL_OK
            || pupil_policy_add(&policy, category, &error) != PUPIL_OK)
        {
            fprintf(stderr, "%s\n", error.text);
            return 1;
        }
    }

    if (pupil_policy_document(&policy, &heap, &document, hash) != PUPIL_OK) {
        return 1;
    }

    if (endpoints) {
        print_endpoints(&policy, hash);
        print_access(&policy, hash);
    }

    for (c = 0; c < policy.count && !endpoints; c++) {
        for (r = 1; r < PUPIL_RELATION_COUNT; r++) {
            print_category(&policy, hash, c, r);
        }
    }

    for (c = 0; c < policy.count; c++) {
        pupil_category_unload(policy.categories[c]);
    }

    return 0;
}


int
main(int argc, char **argv)
{
    pupil_error_t      error;
    pupil_category_t  *category;

    if (argc == 2 && strcmp(argv[1], "fixed") == 0) {
        print_fixed();
        return 0;
    }

    if (argc < 3 || sodium_init() < 0) {
        fprintf(stderr, "usage: plugin_load check|sql|endpoints FILE...\n"
                        "       plugin_load fixed\n");
        return 2;
    }

    (void) atexit(give_back);

    if (strcmp(argv[1], "check") != 0) {
        return print_sql(argc - 2, argv + 2,
                         strcmp(argv[1], "endpoints") == 0);
    }

    if (pupil_category_load(argv[2], NULL, &heap, &category, &error)
        != PUPIL_OK)
    {
        puts(error.text);
        return 1;
    }

    printf("ok %s %s\n", category->plugin->name, category->plugin->version);
    pupil_category_unload(category);

    return 0;
}

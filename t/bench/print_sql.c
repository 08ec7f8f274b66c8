/*
 * Copyright (C) the Pupil authors
 *
 * Prints the statements of the endpoints as composed, for the peers of the
 * benchmark, which run the same ones:
 *
 *     print_sql PLUGIN.so...
 *
 * JSON: { name: { "sql", "oids": types of the parameters, "columns": { want:
 * number of its result column } } }, a want being "category.field".  Beside
 * each that shows or writes something stands the one, "record of NAME", that
 * writes its audit record: $8 outcome, $9 subjects, $10 note.
 */

#include <sodium.h>
#include <stdio.h>

#include "statements.h"


/* The SQL has quotes and backslashes, and no control characters. */
static void
print_string(pupil_str_t text)
{
    size_t  i;

    putchar('"');
    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            putchar('\\');
        }
        putchar(text.data[i]);
    }
    putchar('"');
}


/* record: the statement that writes its audit record instead. */
static void
print_statement(const bench_policy_t *policy, const pupil_template_t *template,
    int record)
{
    uint32_t            i, n, oids[PUPIL_STATEMENT_COMMON
                                   + PUPIL_STATEMENT_PARAMS];
    const char         *comma = "";
    pupil_statement_t   st;

    if (record) {
        bench_compose_record(policy, template, &st);

    } else {
        bench_compose(policy, template, &st);
    }

    n = pupil_statement_oids(&st, oids);

    printf("\"%s%s\": {\"sql\": ", record ? "record of " : "", template->name);
    print_string(st.sql);
    printf(", \"oids\": [");

    for (i = 0; i < n; i++) {
        printf("%s%u", i ? ", " : "", oids[i]);
    }

    printf("], \"columns\": {");

    for (i = 0; i < template->wants_count && !record; i++) {
        if (st.column[i] >= 0) {
            printf("%s\"%s.%s\": %d", comma, template->wants[i].category,
                   template->wants[i].field, st.column[i]);
            comma = ", ";
        }
    }

    printf("}}");
}


int
main(int argc, char **argv)
{
    uint32_t         e, i;
    const char      *comma = "{\n";
    bench_policy_t   policy;

    if (argc < 2 || sodium_init() < 0) {
        bench_die("usage: print_sql PLUGIN.so...");
    }

    bench_policy_load(&policy, argv + 1, argc - 1);

    for (e = 0; e < PUPIL_ENDPOINT_COUNT; e++) {
        for (i = 0; i < pupil_endpoints[e].count; i++) {
            printf("%s", comma);
            print_statement(&policy, &pupil_endpoints[e].templates[i], 0);
            comma = ",\n";

            if (pupil_endpoints[e].templates[i].wants_count) {
                printf(",\n");
                print_statement(&policy, &pupil_endpoints[e].templates[i], 1);
            }
        }
    }

    printf("\n}\n");

    return 0;
}

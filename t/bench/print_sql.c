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
 * those of `audited` stands the same with its audit record, "audited NAME":
 * one round trip and one commit, which is the best form for who does not
 * group the records of many requests.  "homework fetch": which of all these
 * that is, [[name, kind of parameters]...].
 */

#include <sodium.h>
#include <stdio.h>

#include "core/endpoints/database.h"
#include "core/endpoints/homework.h"
#include "statements.h"


static const char *const  kinds[] = {
    [BENCH_PARAMS_NONE] = "none",
    [BENCH_PARAMS_NO_ID] = "no id",
    [BENCH_PARAMS_NOW] = "now",
    [BENCH_PARAMS_PAGE] = "page"
};

/* What the peers read, by the column of the person that a row is about. */
static const struct {
    const pupil_template_t  *template;
    uint32_t                 subject;
} audited[] = {
    { &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST],
      PUPIL_HL_TEACHER_OWNER },
    { &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_FEED],
      PUPIL_HF_TEACHER_OWNER },
    { &pupil_homework_templates[PUPIL_HOMEWORK_OVERVIEW], PUPIL_HO_OWNER }
};


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


static void
print_statement(const char *before, const pupil_template_t *template,
    const pupil_statement_t *st)
{
    uint32_t     i, n, oids[PUPIL_STATEMENT_ALL];
    const char  *comma = "";

    n = pupil_statement_oids(st, oids);

    printf("\"%s%s\": {\"sql\": ", before, template->name);
    print_string(st->sql);
    printf(", \"oids\": [");

    for (i = 0; i < n; i++) {
        printf("%s%u", i ? ", " : "", oids[i]);
    }

    printf("], \"columns\": {");

    for (i = 0; i < template->wants_count; i++) {
        if (st->column[i] >= 0) {
            printf("%s\"%s.%s\": %d", comma, template->wants[i].category,
                   template->wants[i].field, st->column[i]);
            comma = ", ";
        }
    }

    /* what the facts bind beside */
    for (i = 0; st->facts >= 0 && i < st->bound->plugin->fields_count; i++) {
        if (st->cells[i] > st->facts) {
            printf("%s\"%s.%s\": %d", comma, template->facts_of,
                   st->bound->plugin->fields[i].name, st->cells[i]);
            comma = ", ";
        }
    }

    printf("}}");
}


int
main(int argc, char **argv)
{
    uint32_t            e, i;
    const char         *comma = "{\n";
    bench_policy_t      policy;
    pupil_statement_t   st;

    if (argc < 2 || sodium_init() < 0) {
        bench_die("usage: print_sql PLUGIN.so...");
    }

    bench_policy_load(&policy, argv + 1, argc - 1);

    for (e = 0; e < PUPIL_ENDPOINT_COUNT; e++) {
        for (i = 0; i < pupil_endpoints[e]->count; i++) {
            bench_compose(&policy, &pupil_endpoints[e]->templates[i], &st);
            printf("%s", comma);
            print_statement("", &pupil_endpoints[e]->templates[i], &st);
            comma = ",\n";
        }
    }

    for (i = 0; i < PUPIL_COUNT(audited); i++) {
        bench_compose_audited(&policy, audited[i].template,
                              audited[i].subject, &st);
        printf(",\n");
        print_statement("audited ", audited[i].template, &st);
    }

    printf(",\n\"homework fetch\": [");

    for (i = 0; i < BENCH_FETCH; i++) {
        printf("%s[\"%s%s\", \"%s\"]", i ? ", " : "",
               bench_fetch[i].subject == BENCH_NOBODY ? "" : "audited ",
               bench_fetch[i].template->name, kinds[bench_fetch[i].params]);
    }

    printf("],\n\"session\": \"%s\"\n}\n", pupil_session_sql);

    return 0;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Composing the statements of the endpoints, as the module does at start.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statements.h"


static void *
bench_alloc(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    p = malloc(size);
    if (p == NULL) {
        bench_die("no memory");
    }

    return p;
}


const pupil_alloc_t  bench_heap = { bench_alloc, NULL };


void
bench_die(const char *what, ...)
{
    va_list  args;

    va_start(args, what);
    vfprintf(stderr, what, args);
    va_end(args);
    fputc('\n', stderr);

    exit(1);
}


void
bench_policy_load(bench_policy_t *policy, char **files, int count)
{
    int                i;
    pupil_error_t      error;
    pupil_category_t  *category;

    memset(policy, 0, sizeof(*policy));

    for (i = 0; i < count; i++) {
        if (pupil_category_load(files[i], NULL, &bench_heap, &category, &error)
            != PUPIL_OK
            || pupil_policy_add(&policy->policy, category, &error)
               != PUPIL_OK)
        {
            bench_die("%s", error.text);
        }
    }

    if (pupil_policy_document(&policy->policy, &bench_heap, &policy->document,
                              policy->hash) != PUPIL_OK)
    {
        bench_die("no policy");
    }
}


void
bench_compose(const bench_policy_t *policy, const pupil_template_t *template,
    int audit, pupil_statement_t *statement)
{
    pupil_error_t            error = { "" };
    pupil_template_t        *record;
    const pupil_template_t  *from = template;

    if (audit) {
        if (pupil_audit_template(template, &bench_heap, &record) != PUPIL_OK) {
            bench_die("no audit statement of %s", template->name);
        }

        from = record;
    }

    if (pupil_statement_compose(from, &policy->policy, policy->hash,
                                &bench_heap, statement, &error) != PUPIL_OK)
    {
        bench_die("%s: %s", template->name, error.text);
    }
}


const char *
bench_without_audit(const pupil_statement_t *statement)
{
    char    *sql, *begin, *p;
    int      depth;

    static const char  head[] = ", audit AS (";

    sql = strdup((const char *) statement->sql.data);
    if (sql == NULL) {
        bench_die("no memory");
    }

    begin = strstr(sql, head);
    if (begin == NULL) {
        bench_die("%s has no audit record", statement->from->name);
    }

    for (p = begin + sizeof(head) - 1, depth = 1; *p != '\0' && depth; p++) {
        depth += (*p == '(') - (*p == ')');
    }

    memmove(begin, p, strlen(p) + 1);

    return sql;
}

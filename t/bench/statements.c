/*
 * Copyright (C) the Pupil authors
 *
 * Composing the statements of the endpoints, as the module does at start.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoints/homework.h"
#include "statements.h"


const bench_step_t  bench_fetch[BENCH_FETCH] = {
    { &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_CURRENT], BENCH_NOBODY,
      BENCH_PARAMS_NOW },
    { &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_FEED],
      PUPIL_HF_TEACHER_OWNER, BENCH_PARAMS_NONE }
};


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
    pupil_statement_t *statement)
{
    pupil_error_t  error = { "" };

    if (pupil_statement_compose(template, &policy->policy, policy->hash,
                                &bench_heap, statement, &error) != PUPIL_OK)
    {
        bench_die("%s: %s", template->name, error.text);
    }
}


void
bench_compose_record(const bench_policy_t *policy,
    const pupil_template_t *template, pupil_statement_t *statement)
{
    pupil_template_t  *record;

    if (pupil_audit_template(template, &bench_heap, &record) != PUPIL_OK) {
        bench_die("no audit record of %s", template->name);
    }

    record->sql = "WITH a AS (INSERT INTO pupil.audit_record ({audit},"
                  " outcome, subjects, note)"
                  " SELECT {audit_values}, $8, $9, $10) SELECT $1::bigint";
    record->params[0] = PUPIL_PARAM_TEXT;
    record->params[1] = PUPIL_PARAM_UUID_ARRAY;
    record->params[2] = PUPIL_PARAM_TEXT;

    bench_compose(policy, record, statement);
}


/* The wants' silent columns are the record's, as in the template itself. */
void
bench_compose_audited(const bench_policy_t *policy,
    const pupil_template_t *template, uint32_t subject,
    pupil_statement_t *statement)
{
    int                len;
    char              *sql, names[512];
    uint32_t           i;
    pupil_template_t  *audited;

    for (i = 0, len = 0; i <= subject; i++) {
        len += snprintf(names + len, sizeof(names) - (size_t) len, "%sc%u",
                        i ? ", " : "", i);
    }

    if (asprintf(&sql, "WITH shown (%s) AS MATERIALIZED (%s), audit AS ("
                 "INSERT INTO pupil.audit_record ({audit}, outcome, subjects)"
                 " SELECT {audit_values}, 'allowed', coalesce((SELECT"
                 " array_agg(DISTINCT s.c%u) FROM shown AS s"
                 " WHERE s.c%u IS NOT NULL), ARRAY[]::uuid[]))"
                 " SELECT * FROM shown", names, template->sql, subject,
                 subject) < 0)
    {
        bench_die("no memory");
    }

    /* The statement refers to it. */
    audited = bench_heap.alloc(NULL, sizeof(*audited));
    *audited = *template;
    audited->sql = sql;
    bench_compose(policy, audited, statement);
}


void
bench_compose_step(const bench_policy_t *policy, const bench_step_t *step,
    pupil_statement_t *statement)
{
    if (step->subject == BENCH_NOBODY) {
        bench_compose(policy, step->template, statement);

    } else {
        bench_compose_audited(policy, step->template,
                              (uint32_t) step->subject, statement);
    }
}

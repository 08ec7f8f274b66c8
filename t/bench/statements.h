/*
 * Copyright (C) the Pupil authors
 *
 * The very statements that the module prepares: the endpoints' templates,
 * composed from the grants of the plugins that are loaded.
 */

#ifndef BENCH_STATEMENTS_H
#define BENCH_STATEMENTS_H

#include "core/audit/audit.h"
#include "core/endpoints/endpoints.h"
#include "core/policy/policy.h"


typedef struct {
    pupil_policy_t  policy;
    pupil_str_t     document;
    uint8_t         hash[32];       /* of the document */
} bench_policy_t;


/* A statement's own parameters. */
typedef enum {
    BENCH_PARAMS_NONE = 0,
    BENCH_PARAMS_NO_ID,             /* an id that is NULL */
    BENCH_PARAMS_NOW,               /* the time */
    BENCH_PARAMS_PAGE               /* the first page of what is open */
} bench_params_t;

#define BENCH_NOBODY  (-1)

/* One of a homework fetch's statements. */
typedef struct {
    const pupil_template_t  *template;
    int32_t                  subject;   /* with the audit record: the column of
                                           the person that a row is about */
    bench_params_t           params;
} bench_step_t;

/*
 * The statements of a homework fetch as Pupil runs them, with what classes own
 * in its cache, and the record with the one that shows persons: the one place
 * that knows which these are.
 */
#define BENCH_FETCH  2

extern const bench_step_t  bench_fetch[BENCH_FETCH];

/* All memory lasts until the end of the process. */
extern const pupil_alloc_t  bench_heap;

/* Prints what is wrong and ends the process. */
void bench_die(const char *what, ...) __attribute__((noreturn,
    format(printf, 1, 2)));

/* Loads plugins by their files. */
void bench_policy_load(bench_policy_t *policy, char **files, int count);

/* Composes a statement. */
void bench_compose(const bench_policy_t *policy,
    const pupil_template_t *template, pupil_statement_t *statement);

/* One audit record of what a template shows, by a statement of its own:
 * $8 outcome, $9 subjects, $10 note. */
void bench_compose_record(const bench_policy_t *policy,
    const pupil_template_t *template, pupil_statement_t *statement);

/* Composes a step, with its audit record if it has one. */
void bench_compose_step(const bench_policy_t *policy,
    const bench_step_t *step, pupil_statement_t *statement);

/* The template and its audit record in one statement, for who has neither
 * groups of records nor a pipeline; subject: the column of the person that a
 * row is about. */
void bench_compose_audited(const bench_policy_t *policy,
    const pupil_template_t *template, uint32_t subject,
    pupil_statement_t *statement);

#endif /* BENCH_STATEMENTS_H */

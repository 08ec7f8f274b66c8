/*
 * Copyright (C) the Pupil authors
 *
 * The very statements that the module prepares: the endpoints' templates,
 * composed from the grants of the plugins that are loaded.
 */

#ifndef BENCH_STATEMENTS_H
#define BENCH_STATEMENTS_H

#include "audit.h"
#include "endpoints.h"
#include "policy.h"


typedef struct {
    pupil_policy_t  policy;
    pupil_str_t     document;
    uint8_t         hash[32];       /* of the document */
} bench_policy_t;


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

/* The template and its audit record in one statement, for who has neither
 * groups of records nor a pipeline; subject: the column of the person that a
 * row is about. */
void bench_compose_audited(const bench_policy_t *policy,
    const pupil_template_t *template, uint32_t subject,
    pupil_statement_t *statement);

#endif /* BENCH_STATEMENTS_H */

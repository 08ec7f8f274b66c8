/*
 * Copyright (C) the Pupil authors
 *
 * What a roster tells of the work of classes: tasks, each a homework with one
 * exercise, and results of pupils.  Both have ids that are made of the
 * source's, so that an import which is repeated stores nothing twice.
 */

#ifndef PUPIL_CTL_ROSTER_WORK_H
#define PUPIL_CTL_ROSTER_WORK_H

#include "ctl/roster/format.h"


#define ROSTER_NO_SCORE  UINT32_MAX

struct roster_task_s {
    roster_place_t   place;
    pupil_str_t      id;        /* of the source */
    pupil_str_t      title;
    uint32_t         class, teacher;    /* indexes of items */
    int32_t          assigned, due;     /* days since 1970-01-01 */
    uint32_t         most;      /* points */

    pupil_uuid_t     homework, exercise;
    uint8_t          stored;    /* by an import before */
    uint8_t          counted;   /* results of it are in statistics */
};

struct roster_result_s {
    roster_place_t   place;
    uint32_t         user, task;        /* indexes */
    int32_t          day;       /* of the submission */
    uint32_t         points;    /* or ROSTER_NO_SCORE */
    int              done;
};


/* NULL when it is refused: its id is there already. */
roster_task_t *roster_task_add(roster_t *roster, const roster_place_t *place,
    pupil_str_t id);
/* The index of the task with this id, or ROSTER_NONE. */
uint32_t roster_task_find(const roster_t *roster, pupil_str_t id);
/*
 * Refused unless its user learns in the class of its task.  Results are read
 * twice: first they are counted, and nothing of them is kept; then each is
 * written.
 */
void roster_result_add(roster_t *roster, const roster_result_t *result);

void roster_work_free(roster_t *roster);

/*
 * Writes what there is, behind institutions, classes, users and links: in
 * bounded transactions, each behind one with its audit records (invariants I2,
 * I19).  Returns -1 with the error said.
 */
int roster_tasks_apply(roster_t *roster);
int roster_results_apply(roster_t *roster, const roster_format_t *format,
    csv_source_t *source);

/* Sooner or later; a second one of a pupil and a task is refused. */
int roster_result_write(roster_t *roster, const roster_result_t *result);

/* An id that is the same for the same words, and to be guessed by nobody. */
int roster_work_id(const roster_t *roster, const char *what, pupil_str_t id,
    const pupil_uuid_t *of, pupil_uuid_t *out);

#endif /* PUPIL_CTL_ROSTER_WORK_H */

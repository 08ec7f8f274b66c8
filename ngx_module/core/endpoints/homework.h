/*
 * Copyright (C) the Pupil authors
 *
 * The results of the homework statements: their columns, and their wants by
 * index.  Column 0 is the nonce everywhere.
 */

#ifndef PUPIL_HOMEWORK_H
#define PUPIL_HOMEWORK_H

#include "core/endpoints/columns.h"
#include "core/policy/statement.h"


/* The statements of /v1/homework, by index. */
enum {
    PUPIL_HOMEWORK_EVIDENCE = 0,    /* the actor's enrolments, with MACs */
    PUPIL_HOMEWORK_PUPIL_LIST,
    PUPIL_HOMEWORK_PUPIL_LIST_BACK, /* the same from the other end */
    PUPIL_HOMEWORK_PUPIL_PROGRESS,
    PUPIL_HOMEWORK_PUPIL_PROGRESS_BACK,
    PUPIL_HOMEWORK_PUPIL_FEED,          /* the list, but definitions */
    PUPIL_HOMEWORK_PUPIL_DEFINITIONS,   /* what classes own of it */
    PUPIL_HOMEWORK_PUPIL_CURRENT,       /* progress, for the feed */
    PUPIL_HOMEWORK_TEACHER_FEED,
    PUPIL_HOMEWORK_TEACHER_DEFINITIONS,
    PUPIL_HOMEWORK_TEACHER_LIST,
    PUPIL_HOMEWORK_TEACHER_LIST_BACK,
    PUPIL_HOMEWORK_TEACHER_SUMMARY, /* counts; audited with the list */
    PUPIL_HOMEWORK_TEACHER_SUMMARY_BACK,
    PUPIL_HOMEWORK_WITHDRAWN,       /* a teacher's list of it */
    PUPIL_HOMEWORK_WITHDRAWN_BACK,
    PUPIL_HOMEWORK_TARGET,          /* what a write changes */
    PUPIL_HOMEWORK_CREATE,
    PUPIL_HOMEWORK_SOURCE,          /* what another is a copy of */
    PUPIL_HOMEWORK_COPY,            /* _CREATE, of what was read there */
    PUPIL_HOMEWORK_PATCH,
    PUPIL_HOMEWORK_EDIT_TARGET,     /* as _TARGET, of a patch of exercises */
    PUPIL_HOMEWORK_TURN,            /* before it is written */
    PUPIL_HOMEWORK_EDIT,
    PUPIL_HOMEWORK_DELETE,
    PUPIL_HOMEWORK_EVER_EVIDENCE,   /* as _EVIDENCE, withdrawn or not */
    PUPIL_HOMEWORK_EVER_TARGET,     /* as _TARGET, withdrawn or not */
    PUPIL_HOMEWORK_RESTORE,
    PUPIL_HOMEWORK_ANSWERS,         /* answers.h: pupils of the class, */
    PUPIL_HOMEWORK_GIVEN,           /* what they have handed in, */
    PUPIL_HOMEWORK_ASSESSED,        /* and what is said of it */
    PUPIL_HOMEWORK_PUPIL_WORTH,     /* assessment.h: what one can give, */
    PUPIL_HOMEWORK_TEACHER_WORTH,
    PUPIL_HOMEWORK_ASSESSMENT,      /* and what a pupil of the class is given */
    PUPIL_HOMEWORK_OWN_ASSESSMENT,
    PUPIL_HOMEWORK_ASSESS,
    PUPIL_HOMEWORK_RETURN,
    PUPIL_HOMEWORK_OVERVIEW,        /* one homework, pupils of its class */
    PUPIL_HOMEWORK_RESULTS,         /* theirs; audited with the overview */
    PUPIL_HOMEWORK_COUNT
};

extern const pupil_template_t  pupil_homework_templates[PUPIL_HOMEWORK_COUNT];

/* Of homework_wants.c. */
extern const pupil_want_t  pupil_homework_pupil_list_wants[12];
extern const pupil_want_t  pupil_homework_pupil_progress_wants[3];
extern const pupil_want_t  pupil_homework_teacher_list_wants[11];
extern const pupil_want_t  pupil_homework_pupil_feed_wants[3];
extern const pupil_want_t  pupil_homework_teacher_feed_wants[3];
extern const pupil_want_t  pupil_homework_pupil_definitions_wants[7];
extern const pupil_want_t  pupil_homework_teacher_definitions_wants[7];
extern const pupil_want_t  pupil_homework_summary_wants[2];
extern const pupil_want_t  pupil_homework_overview_wants[5];
extern const pupil_want_t  pupil_homework_results_wants[3];

/* What was withdrawn can be given again for that long. */
#define PUPIL_HOMEWORK_RESTORE_DAYS  30

/* Of homework_write.c. */
extern const char          pupil_homework_create_sql[];
extern const char          pupil_homework_patch_sql[];
extern const char          pupil_homework_edit_sql[];
extern const char          pupil_homework_delete_sql[];
extern const char          pupil_homework_restore_sql[];
extern const char          pupil_homework_source_sql[];
extern const pupil_want_t  pupil_homework_create_wants[8];
extern const pupil_want_t  pupil_homework_source_wants[4];
extern const pupil_want_t  pupil_homework_copy_wants[12];
extern const pupil_want_t  pupil_homework_patch_wants[3];
extern const pupil_want_t  pupil_homework_edit_target_wants[2];
extern const pupil_want_t  pupil_homework_edit_wants[8];
extern const pupil_want_t  pupil_homework_delete_wants[1];


/*
 * PUPIL_HOMEWORK_EVIDENCE, $8 homework or NULL.  One row per live enrolment
 * of the actor: the enrolment, the class as owner, and the homework if it is
 * that class's.
 */
enum {
    PUPIL_HE_ENROLMENT = 1,
    PUPIL_HE_OWNER = PUPIL_HE_ENROLMENT + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_HE_RECORD = PUPIL_HE_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_HE_ASSIGNED_AT,
    PUPIL_HE_COLUMNS
};

/*
 * PUPIL_HOMEWORK_PUPIL_LIST, _TEACHER_LIST and _WITHDRAWN: a page, $8 all,
 * $9 now, $10 and $11 behind this time and id, $12 limit, $13 this one or NULL,
 * $14 and $15 before this time and id, $16 whether the actor is done with it,
 * or NULL.  Rows are by the date due and the id; of those between the two the
 * first, from _BACK the last.
 * teacher: the enrolment of whoever assigned it, NULL when that teacher no
 * longer teaches the class; and that person as owner.
 */
enum {
    PUPIL_HL_RECORD = 1,
    PUPIL_HL_CLASS,
    PUPIL_HL_DUE_AT,
    PUPIL_HL_MORE,              /* there is another page */
    PUPIL_HL_TEACHER,
    PUPIL_HL_TEACHER_OWNER = PUPIL_HL_TEACHER + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_HL_COLUMNS = PUPIL_HL_TEACHER_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_HL_WANT_TITLE = 0,
    PUPIL_HL_WANT_DESCRIPTION,
    PUPIL_HL_WANT_EXERCISES,
    PUPIL_HL_WANT_ASSIGNED_AT,
    PUPIL_HL_WANT_DUE_AT,
    PUPIL_HL_WANT_ASSIGNED_BY,
    PUPIL_HL_WANT_CLASS_TITLE,
    PUPIL_HL_WANT_GIVEN_NAME,
    PUPIL_HL_WANT_FAMILY_NAME,
    PUPIL_HL_WANTS              /* behind them: what stands beside */
};

/*
 * PUPIL_HOMEWORK_PUPIL_FEED and _TEACHER_FEED: the open list without what
 * classes own.  A row for each live enrolment of the actor and each live
 * teacher of its class: the enrolment, the class as owner, the version of what
 * the class owns or NULL; the teacher's enrolment and that person as owner,
 * NULL when nobody teaches the class.
 */
enum {
    PUPIL_HF_ENROLMENT = 1,
    PUPIL_HF_OWNER = PUPIL_HF_ENROLMENT + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_HF_VERSION = PUPIL_HF_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_HF_TEACHER,
    PUPIL_HF_TEACHER_OWNER = PUPIL_HF_TEACHER + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_HF_COLUMNS = PUPIL_HF_TEACHER_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_HF_WANT_GIVEN_NAME = 0,
    PUPIL_HF_WANT_FAMILY_NAME
};

/*
 * PUPIL_HOMEWORK_PUPIL_DEFINITIONS and _TEACHER_DEFINITIONS, $8 classes,
 * $9 now, $10 most homework of a class: what is due later, by class and due
 * date, assigned already or not.  At least one row for a class that the actor
 * is enrolled in: the class as owner, the version that this is, the homework
 * or NULL.  Wants as PUPIL_HL_WANT_TITLE to _CLASS_TITLE.
 */
enum {
    PUPIL_HD_OWNER = 1,
    PUPIL_HD_VERSION = PUPIL_HD_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_HD_RECORD,
    PUPIL_HD_COLUMNS
};

/*
 * PUPIL_HOMEWORK_PUPIL_PROGRESS: own current submissions of that page.
 * PUPIL_HOMEWORK_PUPIL_CURRENT, $8 now: of all homework that is due later.
 */
enum {
    PUPIL_HP_RECORD = 1,
    PUPIL_HP_UPDATED_AT,
    PUPIL_HP_OWNER,
    PUPIL_HP_COLUMNS = PUPIL_HP_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_HP_WANT_EXERCISE = 0,
    PUPIL_HP_WANT_DONE,
    PUPIL_HP_WANT_RESULT
};

/* PUPIL_HOMEWORK_TEACHER_SUMMARY: counts of the homework of that page. */
enum {
    PUPIL_HS_RECORD = 1,
    PUPIL_HS_PUPILS,
    PUPIL_HS_COMPLETED,
    PUPIL_HS_IN_PROGRESS,
    PUPIL_HS_COLUMNS
};

/*
 * PUPIL_HOMEWORK_TARGET and _EVER_TARGET, $8 homework: of a class of the
 * actor's, or NULL.
 */
enum {
    PUPIL_HT_RECORD = 1,
    PUPIL_HT_COLUMNS
};

/* PUPIL_HOMEWORK_SOURCE, $8 homework: the same, and its class. */
enum {
    PUPIL_HU_OWNER = PUPIL_HT_RECORD + 1,
    PUPIL_HU_COLUMNS
};

enum {
    PUPIL_HU_WANT_TITLE = 0,
    PUPIL_HU_WANT_DESCRIPTION,
    PUPIL_HU_WANT_EXERCISES,
    PUPIL_HU_WANT_KEYS,
    PUPIL_HU_WANTS
};

/* PUPIL_HOMEWORK_EDIT_TARGET: the same, and whether somebody has answered. */
enum {
    PUPIL_HX_ANSWERED = PUPIL_HT_RECORD + 1,
    PUPIL_HX_COLUMNS
};

enum {
    PUPIL_HX_WANT_EXERCISES = 0,
    PUPIL_HX_WANT_KEYS
};

/*
 * The writes rely on an enrolment whose MAC was checked: $8 enrolment and
 * $9 its MAC; they do nothing unless that very row is still there and live,
 * and the homework's facts are still those that were checked.
 *
 * PUPIL_HOMEWORK_CREATE and _COPY  $10 record, $11 key version, $12 title,
 *     $13 description, $14 exercises, $15 exercise ids, $16 assigned at,
 *     $17 due at, $18 facts, $19 keys or NULL
 * PUPIL_HOMEWORK_PATCH   $10 record, $11 key version, $12 title or NULL,
 *     $13 set the description, $14 description, $15 due at or NULL,
 *     $16 facts, $17 facts that it has
 * PUPIL_HOMEWORK_EDIT    the same, while nobody has answered, and $18
 *     exercises, $19 exercise ids, $20 keys or NULL.  PUPIL_HOMEWORK_TURN
 *     stands before it in its exchange: the homework is nobody's else, answers
 *     of pupils included, as core/endpoints/progress.h says of its lock.
 * PUPIL_HOMEWORK_DELETE  $10 record, $11 key version, $12 when, $13 facts,
 *     $14 facts that it has
 * PUPIL_HOMEWORK_RESTORE $10 record, $11 key version, $12 facts,
 *     $13 facts that it has
 */
enum {
    PUPIL_HW_RECORD = PUPIL_RECORDED + 1,
                                /* NULL: nothing was written */
    PUPIL_HW_COLUMNS
};

enum {
    PUPIL_HW_WANT_TITLE = 0,
    PUPIL_HW_WANT_DESCRIPTION,
    PUPIL_HW_WANT_DUE_AT,
    PUPIL_HW_WANT_KEYS          /* of _CREATE, _COPY and _EDIT */
};

/*
 * PUPIL_HOMEWORK_OVERVIEW, $8 homework: the pupils of its class, each with
 * the enrolment and as owner.
 */
enum {
    PUPIL_HO_ENROLMENT = 1,
    PUPIL_HO_OWNER = PUPIL_HO_ENROLMENT + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_HO_COLUMNS = PUPIL_HO_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_HO_WANT_GIVEN_NAME = 0,
    PUPIL_HO_WANT_FAMILY_NAME,
    PUPIL_HO_WANTS
};

/*
 * PUPIL_HOMEWORK_RESULTS, $8 homework: current submissions of that class,
 * one pupil's behind another's; wants as PUPIL_HP_WANT_*.
 */
enum {
    PUPIL_HR_RECORD = 1,
    PUPIL_HR_SUBJECT,
    PUPIL_HR_UPDATED_AT,
    PUPIL_HR_COLUMNS
};

#endif /* PUPIL_HOMEWORK_H */

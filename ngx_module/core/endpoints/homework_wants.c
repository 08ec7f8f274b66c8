/*
 * Copyright (C) the Pupil authors
 *
 * The fields that the statements of /v1/homework which read ask for, by what
 * grants them.
 */

#include "core/endpoints/homework.h"


#define READ      PUPIL_OPERATION_READ
#define NONE      PUPIL_ABOUT_NONE
#define ACTOR     PUPIL_ABOUT_ACTOR
#define SUBJECTS  PUPIL_ABOUT_SUBJECTS
#define REQUIRED  PUPIL_WANT_REQUIRED

/* A purpose goes with the relation that it is for. */
#define LEARNING_SELF                                                         \
    .purpose = PUPIL_PURPOSE_LEARNING, .relation = PUPIL_RELATION_SELF
#define LEARNING_TAUGHT_BY                                                    \
    .purpose = PUPIL_PURPOSE_LEARNING, .relation = PUPIL_RELATION_TAUGHT_BY
#define TEACHING_TEACHES                                                      \
    .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES


/* What a class owns of a homework, and whose it is: PUPIL_HL_WANT_TITLE on. */
#define DEFINITION(by)                                                        \
    { .alias = "h", .category = "homework", .field = "title",                 \
      by, .operation = READ, .about = NONE },                                 \
    { .alias = "h", .category = "homework", .field = "description",           \
      by, .operation = READ, .about = NONE },                                 \
    { .alias = "h", .category = "homework", .field = "exercises",             \
      by, .operation = READ, .about = NONE },                                 \
    { .alias = "h", .category = "homework", .field = "assigned_at",           \
      by, .operation = READ, .about = NONE, .flags = REQUIRED },              \
    { .alias = "h", .category = "homework", .field = "due_at",                \
      by, .operation = READ, .about = NONE, .flags = REQUIRED },              \
    { .alias = "h", .category = "homework", .field = "assigned_by",           \
      by, .operation = READ, .about = NONE, .flags = REQUIRED }

#define NAMES(by)                                                             \
    { .alias = "i", .category = "identity", .field = "given_name",            \
      by, .operation = READ, .about = SUBJECTS },                             \
    { .alias = "i", .category = "identity", .field = "family_name",           \
      by, .operation = READ, .about = SUBJECTS }


const pupil_want_t  pupil_homework_pupil_list_wants[12] = {
    DEFINITION(LEARNING_TAUGHT_BY),
    { .alias = "c", .category = "enrolment", .field = "class_title",
      LEARNING_SELF, .operation = READ, .about = ACTOR },
    NAMES(LEARNING_TAUGHT_BY),
    { .category = "progress", .field = "exercise_id",
      LEARNING_SELF, .operation = READ, .about = ACTOR },
    { .category = "progress", .field = "done",
      LEARNING_SELF, .operation = READ, .about = ACTOR },
    { .category = "progress", .field = "result",
      LEARNING_SELF, .operation = READ, .about = ACTOR }
};

const pupil_want_t  pupil_homework_pupil_progress_wants[3] = {
    { .alias = "p", .category = "progress", .field = "exercise_id",
      LEARNING_SELF, .operation = READ, .about = ACTOR, .flags = REQUIRED },
    { .alias = "p", .category = "progress", .field = "done",
      LEARNING_SELF, .operation = READ, .about = ACTOR, .flags = REQUIRED },
    { .alias = "p", .category = "progress", .field = "result",
      LEARNING_SELF, .operation = READ, .about = ACTOR }
};

const pupil_want_t  pupil_homework_teacher_list_wants[11] = {
    DEFINITION(TEACHING_TEACHES),
    { .alias = "c", .category = "enrolment", .field = "class_title",
      TEACHING_TEACHES, .operation = READ, .about = NONE },
    NAMES(TEACHING_TEACHES),
    { .category = "progress", .field = "exercise_id",
      TEACHING_TEACHES, .operation = READ, .about = NONE },
    { .category = "progress", .field = "done",
      TEACHING_TEACHES, .operation = READ, .about = NONE }
};

const pupil_want_t  pupil_homework_pupil_feed_wants[3] = {
    NAMES(LEARNING_TAUGHT_BY),
    { .category = "homework", .field = "assigned_by",
      LEARNING_TAUGHT_BY, .operation = READ, .about = NONE,
      .flags = REQUIRED }
};

const pupil_want_t  pupil_homework_teacher_feed_wants[3] = {
    NAMES(TEACHING_TEACHES),
    { .category = "homework", .field = "assigned_by",
      TEACHING_TEACHES, .operation = READ, .about = NONE, .flags = REQUIRED }
};

/* In the order of PUPIL_HL_WANT_*. */
const pupil_want_t  pupil_homework_pupil_definitions_wants[7] = {
    DEFINITION(LEARNING_TAUGHT_BY),
    { .alias = "c", .category = "enrolment", .field = "class_title",
      LEARNING_SELF, .operation = READ, .about = ACTOR }
};

const pupil_want_t  pupil_homework_teacher_definitions_wants[7] = {
    DEFINITION(TEACHING_TEACHES),
    { .alias = "c", .category = "enrolment", .field = "class_title",
      TEACHING_TEACHES, .operation = READ, .about = NONE }
};

const pupil_want_t  pupil_homework_summary_wants[2] = {
    { .category = "progress", .field = "exercise_id",
      TEACHING_TEACHES, .operation = READ, .about = NONE, .flags = REQUIRED },
    { .category = "progress", .field = "done",
      TEACHING_TEACHES, .operation = READ, .about = NONE, .flags = REQUIRED }
};

const pupil_want_t  pupil_homework_overview_wants[5] = {
    NAMES(TEACHING_TEACHES),
    { .category = "progress", .field = "exercise_id",
      TEACHING_TEACHES, .operation = READ, .about = SUBJECTS,
      .flags = REQUIRED },
    { .category = "progress", .field = "done",
      TEACHING_TEACHES, .operation = READ, .about = SUBJECTS,
      .flags = REQUIRED },
    { .category = "progress", .field = "result",
      TEACHING_TEACHES, .operation = READ, .about = SUBJECTS }
};

const pupil_want_t  pupil_homework_results_wants[3] = {
    { .alias = "p", .category = "progress", .field = "exercise_id",
      TEACHING_TEACHES, .operation = READ, .about = SUBJECTS,
      .flags = REQUIRED },
    { .alias = "p", .category = "progress", .field = "done",
      TEACHING_TEACHES, .operation = READ, .about = SUBJECTS,
      .flags = REQUIRED },
    { .alias = "p", .category = "progress", .field = "result",
      TEACHING_TEACHES, .operation = READ, .about = SUBJECTS }
};

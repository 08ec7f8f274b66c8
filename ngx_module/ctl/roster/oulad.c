/*
 * Copyright (C) the Pupil authors
 *
 * What the dataset counts from the start of a presentation becomes a date: B
 * starts on the first of February of its year, J on the first of October.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/text.h"
#include "ctl/roster/oulad.h"
#include "ctl/roster/take.h"
#include "ctl/roster/work.h"


#define OULAD_SCHOOL   "oulad"
#define OULAD_TEXT     64       /* of an id, a title or a log-in name */
#define OULAD_POINTS   100      /* of an assessment */
#define OULAD_RESULTS  3        /* of a final result, see final_results */

#define DIGITS   "0123456789"
#define LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


/* A cell that must be there, and of these characters alone. */
typedef struct {
    roster_cell_t    cell;
    const char      *column;
    const char      *characters;
    size_t           most;      /* of them */
} oulad_word_t;

/* A cell that is a number; "?", or nothing, is none. */
typedef struct {
    roster_cell_t    cell;
    const char      *column;
    int32_t          min, max;
    int              optional;
} oulad_number_t;

/* A row that is being taken, and what its refusal counts as. */
typedef struct {
    roster_t             *roster;
    const roster_row_t   *row;
    roster_kind_t         kind;
} oulad_row_t;

/* A presentation of a course. */
typedef struct {
    char             id[OULAD_TEXT];
    int32_t          start;     /* days since 1970-01-01 */
} oulad_course_t;


static void take_course(roster_t *roster, const roster_row_t *row);
static void take_assessment(roster_t *roster, const roster_row_t *row);
static void take_registration(roster_t *roster, const roster_row_t *row);
static void take_final(roster_t *roster, const roster_row_t *row);
static void take_score(roster_t *roster, const roster_row_t *row);


static const oulad_word_t  module_word = {
    ROSTER_CELL_MODULE, "code_module", LETTERS DIGITS, 16
};

static const oulad_word_t  presentation_word = {
    ROSTER_CELL_PRESENTATION, "code_presentation", DIGITS "BJ", 5
};

static const oulad_word_t  task_word = {
    ROSTER_CELL_TASK, "id_assessment", DIGITS, 16
};

static const oulad_word_t  student_word = {
    ROSTER_CELL_USER, "id_student", DIGITS, 16
};

static const oulad_number_t  length_number = {
    ROSTER_CELL_LENGTH, "module_presentation_length", 1, 1000, 0
};

static const oulad_number_t  due_number = {
    ROSTER_CELL_DAY, "date", 0, 1000, 1
};

static const oulad_number_t  from_number = {
    ROSTER_CELL_FROM, "date_registration", -1000, 1000, 1
};

static const oulad_number_t  to_number = {
    ROSTER_CELL_TO, "date_unregistration", -1000, 1000, 1
};

static const oulad_number_t  submitted_number = {
    ROSTER_CELL_DAY, "date_submitted", -1000, 1000, 0
};

static const oulad_number_t  score_number = {
    ROSTER_CELL_RESULT, "score", 0, OULAD_POINTS, 1
};

/* By the points that they stand for: each is in a quarter of its own. */
static const char *const  final_results[] = {
    "Withdrawn", "Fail", "Pass", "Distinction", NULL
};

static const char *const  assessment_types[] = { "TMA", "CMA", "Exam", NULL };


#define COURSE_COLUMNS                                                        \
    { ROSTER_CELL_MODULE, "code_module", ROSTER_REQUIRED },                   \
    { ROSTER_CELL_PRESENTATION, "code_presentation", ROSTER_REQUIRED }

static const roster_file_t  files[] = {
    {
        .name = "courses.csv",
        .kind = ROSTER_CLASS,
        .take = take_course,
        .columns = {
            COURSE_COLUMNS,
            { ROSTER_CELL_LENGTH, "module_presentation_length",
              ROSTER_REQUIRED }
        }
    },
    {
        .name = "assessments.csv",
        .optional = ROSTER_EXTRA,
        .kind = ROSTER_HOMEWORK,
        .take = take_assessment,
        .columns = {
            COURSE_COLUMNS,
            { ROSTER_CELL_TASK, "id_assessment", ROSTER_REQUIRED },
            { ROSTER_CELL_KIND, "assessment_type", ROSTER_REQUIRED },
            { ROSTER_CELL_DAY, "date", ROSTER_REQUIRED }
        }
    },
    {
        .name = "studentRegistration.csv",
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_PUPIL,
        .take = take_registration,
        .columns = {
            COURSE_COLUMNS,
            { ROSTER_CELL_USER, "id_student", ROSTER_REQUIRED },
            { ROSTER_CELL_FROM, "date_registration", ROSTER_REQUIRED },
            { ROSTER_CELL_TO, "date_unregistration", ROSTER_REQUIRED }
        }
    },
    {
        .name = "studentInfo.csv",
        .optional = ROSTER_EXTRA,
        .twice = 1,
        .kind = ROSTER_RESULT,
        .take = take_final,
        .columns = {
            COURSE_COLUMNS,
            { ROSTER_CELL_USER, "id_student", ROSTER_REQUIRED },
            { ROSTER_CELL_RESULT, "final_result", ROSTER_REQUIRED }
        }
    },
    {
        .name = "studentAssessment.csv",
        .optional = ROSTER_EXTRA,
        .twice = 1,
        .kind = ROSTER_RESULT,
        .take = take_score,
        .columns = {
            { ROSTER_CELL_TASK, "id_assessment", ROSTER_REQUIRED },
            { ROSTER_CELL_USER, "id_student", ROSTER_REQUIRED },
            { ROSTER_CELL_DAY, "date_submitted", ROSTER_REQUIRED },
            { ROSTER_CELL_RESULT, "score", ROSTER_REQUIRED }
        }
    },
    { .name = NULL }
};

const roster_format_t  roster_oulad = {
    .name = "oulad",
    .active = "",
    .keys = "code_module|id_student|id_site|id_assessment",
    .files = files,
    .derived = 1
};


/* Cells of a row */

/* Returns -1: the row is refused. */
static int
rule_broken(const oulad_row_t *of, const char *column, const char *rule)
{
    char  text[128];

    snprintf(text, sizeof(text), "%s breaks the rule \"%s\"", column, rule);
    roster_refuse(of->roster, of->kind, &of->row->place, text);

    return -1;
}


static int
word_take(const oulad_row_t *of, const oulad_word_t *word, char out[OULAD_TEXT])
{
    pupil_str_t  cell;

    cell = of->row->cells[word->cell];

    if (cell.len == 0) {
        return rule_broken(of, word->column, "required");
    }

    if (cell.len > word->most) {
        return rule_broken(of, word->column, "maxLength");
    }

    memcpy(out, cell.data, cell.len);
    out[cell.len] = '\0';

    return strspn(out, word->characters) == cell.len
           ? 0 : rule_broken(of, word->column, "pattern");
}


/* PUPIL_DATE_NONE: there is none. */
static int
number_take(const oulad_row_t *of, const oulad_number_t *number, int32_t *out)
{
    int          minus;
    size_t       i;
    int32_t      value;
    pupil_str_t  cell;

    cell = of->row->cells[number->cell];
    *out = PUPIL_DATE_NONE;

    if (cell.len == 0 || (cell.len == 1 && cell.data[0] == '?')) {
        return number->optional
               ? 0 : rule_broken(of, number->column, "required");
    }

    minus = cell.data[0] == '-';
    value = 0;

    if (cell.len == (size_t) minus || cell.len > 8) {
        return rule_broken(of, number->column, "integer");
    }

    for (i = (size_t) minus; i < cell.len; i++) {
        if (cell.data[i] < '0' || cell.data[i] > '9') {
            return rule_broken(of, number->column, "integer");
        }

        value = value * 10 + (cell.data[i] - '0');
    }

    *out = minus ? -value : value;

    if (*out < number->min) {
        return rule_broken(of, number->column, "minimum");
    }

    return *out > number->max ? rule_broken(of, number->column, "maximum") : 0;
}


/* The index of what the cell says. */
static int
enum_take(const oulad_row_t *of, roster_cell_t cell, const char *column,
    const char *const *names, uint32_t *out)
{
    uint32_t     i;
    pupil_str_t  s;

    s = of->row->cells[cell];

    for (i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == s.len && memcmp(names[i], s.data, s.len) == 0)
        {
            *out = i;
            return 0;
        }
    }

    return rule_broken(of, column, "enum");
}


static int
course_take(const oulad_row_t *of, oulad_course_t *course)
{
    char  module[OULAD_TEXT], presentation[OULAD_TEXT], date[OULAD_TEXT];

    if (word_take(of, &module_word, module) != 0
        || word_take(of, &presentation_word, presentation) != 0)
    {
        return -1;
    }

    if (strspn(presentation, DIGITS) != 4 || presentation[4] == '\0') {
        return rule_broken(of, presentation_word.column, "pattern");
    }

    snprintf(date, sizeof(date), "%.4s-%s-01", presentation,
             presentation[4] == 'B' ? "02" : "10");

    if (pupil_date_parse((const uint8_t *) date, strlen(date), &course->start)
        != PUPIL_OK)
    {
        return rule_broken(of, presentation_word.column, "pattern");
    }

    snprintf(course->id, sizeof(course->id), "%.16s-%.5s", module,
             presentation);

    return 0;
}


/* Of a presentation that the roster has. */
static int
class_take(const oulad_row_t *of, oulad_course_t *course, uint32_t *class)
{
    if (course_take(of, course) != 0) {
        return -1;
    }

    *class = roster_item_find(of->roster, ROSTER_CLASS, ctl_str(course->id));

    if (*class == ROSTER_NONE) {
        roster_refuse(of->roster, of->kind, &of->row->place,
                      "its presentation is not in courses.csv");
        return -1;
    }

    return 0;
}


/* Rows that are made up of these */

static void
row_begin(const oulad_row_t *of, roster_row_t *row)
{
    unsigned  k;

    *row = *of->row;

    for (k = 0; k < ROSTER_CELLS; k++) {
        row->cells[k] = ctl_str("");
    }
}


static pupil_str_t
date_text(int32_t days, char text[OULAD_TEXT])
{
    text[pupil_date_format(days, (uint8_t *) text)] = '\0';

    return ctl_str(text);
}


static void
school_add(const oulad_row_t *of)
{
    roster_row_t  row;

    if (roster_item_find(of->roster, ROSTER_INSTITUTION,
                         ctl_str(OULAD_SCHOOL)) != ROSTER_NONE)
    {
        return;
    }

    row_begin(of, &row);
    row.cells[ROSTER_CELL_ID] = ctl_str(OULAD_SCHOOL);
    row.cells[ROSTER_CELL_TITLE] = ctl_str("OULAD");
    roster_take_institution(of->roster, &row);
}


static void
user_add(const oulad_row_t *of, const char *id, const char *login)
{
    roster_row_t  row;

    row_begin(of, &row);
    row.cells[ROSTER_CELL_ID] = ctl_str(id);
    row.cells[ROSTER_CELL_LOGIN] = ctl_str(login);
    oulad_name(ctl_str(id), &row.cells[ROSTER_CELL_GIVEN],
               &row.cells[ROSTER_CELL_FAMILY]);

    roster_take_user(of->roster, &row);
}


static void
enrolment_add(const oulad_row_t *of, const oulad_course_t *course,
    const char *user, roster_role_t role, int32_t from, int32_t to)
{
    char          first[OULAD_TEXT], last[OULAD_TEXT];
    roster_row_t  row;

    row_begin(of, &row);
    row.role = role;
    row.cells[ROSTER_CELL_CLASS] = ctl_str(course->id);
    row.cells[ROSTER_CELL_USER] = ctl_str(user);
    row.cells[ROSTER_CELL_FROM] = date_text(from, first);
    row.cells[ROSTER_CELL_TO] = date_text(to, last);

    roster_take_enrolment(of->roster, &row);
}


static const char *
teacher_id(const oulad_course_t *course, char id[OULAD_TEXT])
{
    snprintf(id, OULAD_TEXT, "teacher-%.22s", course->id);

    return id;
}


static void
teacher_add(const oulad_row_t *of, const oulad_course_t *course,
    int32_t length)
{
    char  id[OULAD_TEXT], login[OULAD_TEXT], *p;

    snprintf(login, sizeof(login), "oulad-%.22s", course->id);

    for (p = login; *p != '\0'; p++) {
        *p |= 0x20;         /* letters alone have another case */
    }

    user_add(of, teacher_id(course, id), login);
    enrolment_add(of, course, id, ROSTER_TEACHER, course->start,
                  course->start + length);
}


static void
task_add(const oulad_row_t *of, const oulad_course_t *course, uint32_t class,
    const char *id, const char *title, int32_t due, uint32_t most)
{
    char            teacher[OULAD_TEXT];
    uint32_t        by;
    roster_task_t  *task;

    by = roster_item_find(of->roster, ROSTER_USER,
                          ctl_str(teacher_id(course, teacher)));
    if (by == ROSTER_NONE) {
        return;             /* refused as a user */
    }

    task = roster_task_add(of->roster, &of->row->place, ctl_str(id));
    if (task == NULL) {
        return;
    }

    task->title = ctl_pool_str(&of->roster->pool, title, strlen(title));
    task->class = class;
    task->teacher = by;
    task->assigned = course->start;
    task->due = due;
    task->most = most;
}


static const char *
final_id(const oulad_course_t *course, char id[OULAD_TEXT])
{
    snprintf(id, OULAD_TEXT, "final-%.22s", course->id);

    return id;
}


/* Rows of the files */

static void
take_course(roster_t *roster, const roster_row_t *row)
{
    char            from[OULAD_TEXT], to[OULAD_TEXT], id[OULAD_TEXT];
    int32_t         length;
    oulad_row_t     of = { roster, row, ROSTER_CLASS };
    roster_row_t    class;
    oulad_course_t  course;

    if (course_take(&of, &course) != 0
        || number_take(&of, &length_number, &length) != 0)
    {
        return;
    }

    school_add(&of);

    row_begin(&of, &class);
    class.cells[ROSTER_CELL_ID] = ctl_str(course.id);
    class.cells[ROSTER_CELL_TITLE] = ctl_str(course.id);
    class.cells[ROSTER_CELL_INSTITUTION] = ctl_str(OULAD_SCHOOL);
    class.cells[ROSTER_CELL_FROM] = date_text(course.start, from);
    class.cells[ROSTER_CELL_TO] = date_text(course.start + length, to);

    if (roster_item_find(roster, ROSTER_CLASS, ctl_str(course.id))
        != ROSTER_NONE)
    {
        roster_refuse(roster, ROSTER_CLASS, &row->place,
                      "its id is there already");
        return;
    }

    roster_take_class(roster, &class);
    teacher_add(&of, &course, length);
    task_add(&of, &course, roster_item_find(roster, ROSTER_CLASS,
             ctl_str(course.id)), final_id(&course, id), "Final result",
             course.start + length, OULAD_RESULTS);
}


static void
take_assessment(roster_t *roster, const roster_row_t *row)
{
    char            id[OULAD_TEXT], title[OULAD_TEXT + 8];
    int32_t         due;
    uint32_t        class, type;
    oulad_row_t     of = { roster, row, ROSTER_HOMEWORK };
    oulad_course_t  course;

    if (class_take(&of, &course, &class) != 0
        || word_take(&of, &task_word, id) != 0
        || enum_take(&of, ROSTER_CELL_KIND, "assessment_type",
                     assessment_types, &type) != 0
        || number_take(&of, &due_number, &due) != 0)
    {
        return;
    }

    /* an exam without a date is at the end */
    due = due == PUPIL_DATE_NONE ? roster_item(roster, ROSTER_CLASS, class)->to
                                 : course.start + due;

    snprintf(title, sizeof(title), "%s %s", assessment_types[type], id);
    task_add(&of, &course, class, id, title, due, OULAD_POINTS);
}


static void
take_registration(roster_t *roster, const roster_row_t *row)
{
    char            id[OULAD_TEXT], login[OULAD_TEXT + 8];
    int32_t         from, to;
    uint32_t        class;
    oulad_row_t     of = { roster, row, ROSTER_ENROLMENT };
    oulad_course_t  course;

    if (class_take(&of, &course, &class) != 0
        || word_take(&of, &student_word, id) != 0
        || number_take(&of, &from_number, &from) != 0
        || number_take(&of, &to_number, &to) != 0)
    {
        return;
    }

    /* who left before the start, and whose registration nobody knows */
    if (from == PUPIL_DATE_NONE) {
        from = to < 0 ? to : 0;
    }

    if (to < from) {
        rule_broken(&of, to_number.column, "minimum");
        return;
    }

    if (roster_item_find(roster, ROSTER_USER, ctl_str(id)) == ROSTER_NONE) {
        snprintf(login, sizeof(login), "oulad%s", id);
        user_add(&of, id, login);
    }

    enrolment_add(&of, &course, id, ROSTER_PUPIL, course.start + from,
                  to == PUPIL_DATE_NONE
                  ? roster_item(roster, ROSTER_CLASS, class)->to
                  : course.start + to);
}


static void
result_add(const oulad_row_t *of, const char *task, const char *missing,
    const char *student, roster_result_t *result)
{
    const char  *reason;

    result->place = of->row->place;
    result->task = roster_task_find(of->roster, ctl_str(task));
    result->user = roster_item_find(of->roster, ROSTER_USER, ctl_str(student));

    reason = result->task == ROSTER_NONE ? missing
             : result->user == ROSTER_NONE ? "its student is not registered"
             : NULL;

    if (reason != NULL) {
        roster_refuse(of->roster, of->kind, &of->row->place, reason);

    } else {
        roster_result_add(of->roster, result);
    }
}


static void
take_final(roster_t *roster, const roster_row_t *row)
{
    char             student[OULAD_TEXT], id[OULAD_TEXT];
    uint32_t         class, points;
    oulad_row_t      of = { roster, row, ROSTER_RESULT };
    oulad_course_t   course;
    roster_result_t  result;

    if (class_take(&of, &course, &class) != 0
        || word_take(&of, &student_word, student) != 0
        || enum_take(&of, ROSTER_CELL_RESULT, "final_result", final_results,
                     &points) != 0)
    {
        return;
    }

    result.points = points;
    result.done = points != 0;
    result.day = roster_item(roster, ROSTER_CLASS, class)->to;

    result_add(&of, final_id(&course, id), "its presentation is not in"
               " courses.csv", student, &result);
}


static void
take_score(roster_t *roster, const roster_row_t *row)
{
    char              id[OULAD_TEXT], student[OULAD_TEXT];
    int32_t           day, score;
    uint32_t          task;
    oulad_row_t       of = { roster, row, ROSTER_RESULT };
    roster_result_t   result;

    if (word_take(&of, &task_word, id) != 0
        || word_take(&of, &student_word, student) != 0
        || number_take(&of, &submitted_number, &day) != 0
        || number_take(&of, &score_number, &score) != 0)
    {
        return;
    }

    task = roster_task_find(roster, ctl_str(id));

    result.points = score == PUPIL_DATE_NONE ? ROSTER_NO_SCORE
                                             : (uint32_t) score;
    result.done = 1;
    result.day = task == ROSTER_NONE
                 ? 0 : roster->work.tasks[task]->assigned + day;

    result_add(&of, id, "its assessment is not in assessments.csv", student,
               &result);
}

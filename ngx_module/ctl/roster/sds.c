/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/roster/sds.h"
#include "ctl/roster/take.h"


static const roster_file_t  files[] = {
    {
        .name = "School.csv",
        .kind = ROSTER_INSTITUTION,
        .take = roster_take_institution,
        .columns = {
            { ROSTER_CELL_ID, "SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "Name", ROSTER_REQUIRED },
            { ROSTER_CELL_HEAD, "Principal SIS ID", 0 }
        }
    },
    {
        .name = "Section.csv",
        .optional = ROSTER_PART,
        .kind = ROSTER_CLASS,
        .take = roster_take_class,
        .columns = {
            { ROSTER_CELL_ID, "SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "School SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "Section Name", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "Status", 0 },
            { ROSTER_CELL_FROM, "Term StartDate", 0 },
            { ROSTER_CELL_TO, "Term EndDate", 0 }
        }
    },
    {
        .name = "Student.csv",
        .kind = ROSTER_USER,
        .role = ROSTER_PUPIL,
        .space = ROSTER_SPACE_PUPIL,
        .take = roster_take_member,
        .columns = {
            { ROSTER_CELL_ID, "SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "School SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_GIVEN, "First Name", 0 },
            { ROSTER_CELL_FAMILY, "Last Name", 0 },
            { ROSTER_CELL_LOGIN, "Username", 0 },
            { ROSTER_CELL_STATUS, "Status", 0 }
        }
    },
    {
        .name = "Teacher.csv",
        .kind = ROSTER_USER,
        .role = ROSTER_TEACHER,
        .space = ROSTER_SPACE_TEACHER,
        .take = roster_take_member,
        .columns = {
            { ROSTER_CELL_ID, "SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "School SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_GIVEN, "First Name", 0 },
            { ROSTER_CELL_FAMILY, "Last Name", 0 },
            { ROSTER_CELL_LOGIN, "Username", 0 },
            { ROSTER_CELL_STATUS, "Status", 0 },
            { ROSTER_CELL_EMAIL, "Secondary Email", 0 }
        }
    },
    {
        .name = "StudentEnrollment.csv",
        .optional = ROSTER_PART,
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_PUPIL,
        .space = ROSTER_SPACE_PUPIL,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_CLASS, "Section SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_USER, "SIS ID", ROSTER_REQUIRED }
        }
    },
    {
        .name = "TeacherRoster.csv",
        .optional = ROSTER_PART,
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_TEACHER,
        .space = ROSTER_SPACE_TEACHER,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_CLASS, "Section SIS ID", ROSTER_REQUIRED },
            { ROSTER_CELL_USER, "SIS ID", ROSTER_REQUIRED }
        }
    },
    { .name = NULL }
};


const roster_format_t  roster_sds = {
    .name = "sds",
    .active = "active|true",
    .ended = "inactive|false",
    .keys = "SIS ID|Section SIS ID",
    .files = files,
    .dates = ROSTER_DATES_AMERICAN,
    .spaces = 1,
    .roles_said = 1
};

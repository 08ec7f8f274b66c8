/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/roster/oneroster.h"
#include "ctl/roster/oneroster_fetch.h"
#include "ctl/roster/take.h"


static const roster_role_name_t  roles[] = {
    { ROSTER_PUPIL, "student|pupil" },
    { ROSTER_TEACHER, "teacher|professor|faculty|lecturer|substitute" },
    { ROSTER_ADMIN, "administrator|principal|siteAdministrator"
                    "|schoolAdministrator" },
    { 0, NULL }
};

static const roster_group_name_t  groups[] = {
    { "main", "homeroom" },
    { "taught", "scheduled" },
    { NULL, NULL }
};

/*
 * As the CSV files have them, and, with a dot, as the REST service does: the
 * columns of both are of one table.
 */
static const roster_file_t  files[] = {
    {
        .name = "orgs.csv",
        .kind = ROSTER_INSTITUTION,
        .take = roster_take_institution,
        .columns = {
            { ROSTER_CELL_ID, "sourcedId", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "name", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "status", 0 }
        }
    },
    {
        .name = "academicSessions.csv",
        .optional = ROSTER_EXTRA,
        .kind = ROSTER_CLASS,
        .take = roster_take_term,
        .columns = {
            { ROSTER_CELL_ID, "sourcedId", ROSTER_REQUIRED },
            { ROSTER_CELL_FROM, "startDate", ROSTER_REQUIRED },
            { ROSTER_CELL_TO, "endDate", ROSTER_REQUIRED }
        }
    },
    {
        .name = "classes.csv",
        .kind = ROSTER_CLASS,
        .take = roster_take_class,
        .columns = {
            { ROSTER_CELL_ID, "sourcedId", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "orgSourcedId|schoolSourcedId"
                                       "|school.sourcedId", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "title", ROSTER_REQUIRED },
            { ROSTER_CELL_TYPE, "classType", 0 },
            { ROSTER_CELL_DEPARTMENT, "metadata.department", 0 },
            { ROSTER_CELL_STATUS, "status", 0 },
            { ROSTER_CELL_TERMS, "sessionSourcedIds|termSourcedIds"
                                 "|termSourcedId", 0 }
        }
    },
    /* version 1.1 has a role and schools with each user, 1.2 a file of them */
    {
        .name = "users.csv",
        .kind = ROSTER_USER,
        .take = roster_take_user,
        .columns = {
            { ROSTER_CELL_ID, "sourcedId", ROSTER_REQUIRED },
            { ROSTER_CELL_GIVEN, "givenName", 0 },
            { ROSTER_CELL_FAMILY, "familyName", 0 },
            { ROSTER_CELL_LOGIN, "username", 0 },
            { ROSTER_CELL_EMAIL, "email", 0 },
            { ROSTER_CELL_STATUS, "status", 0 },
            { ROSTER_CELL_STATUS, "enabledUser", 0 },
            { ROSTER_CELL_ROLE, "role", 0 },
            { ROSTER_CELL_INSTITUTIONS, "orgSourcedIds", 0 }
        }
    },
    {
        .name = "roles.csv",
        .optional = ROSTER_EXTRA,
        .kind = ROSTER_ROLE,
        .take = roster_take_role,
        .columns = {
            { ROSTER_CELL_USER, "userSourcedId", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "orgSourcedId|org.sourcedId",
              ROSTER_REQUIRED },
            { ROSTER_CELL_ROLE, "role", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "status", 0 },
            { ROSTER_CELL_FROM, "roleStartDate|beginDate", 0 },
            { ROSTER_CELL_TO, "roleEndDate|endDate", 0 },
            { ROSTER_CELL_TERMS, "sessionSourcedId", 0 }
        }
    },
    {
        .name = "enrollments.csv",
        .kind = ROSTER_ENROLMENT,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_CLASS, "classSourcedId|class.sourcedId",
              ROSTER_REQUIRED },
            { ROSTER_CELL_USER, "userSourcedId|user.sourcedId",
              ROSTER_REQUIRED },
            { ROSTER_CELL_ROLE, "role", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "status", 0 },
            { ROSTER_CELL_FROM, "beginDate", 0 },
            { ROSTER_CELL_TO, "endDate", 0 }
        }
    },
    { .name = NULL }
};


const roster_format_t  roster_oneroster = {
    .name = "oneroster",
    .active = "active|true",
    .ended = "tobedeleted|inactive|false",
    .keys = "sourcedId|userSourcedId|classSourcedId|courseSourcedId",
    .manifest = "manifest.csv",
    .roles = roles,
    .groups = groups,
    .files = files,
    .dates = ROSTER_DATES_EXCLUSIVE,
    .roles_said = 1
};

static const roster_server_t  server = {
    .format = &roster_oneroster,
    .check = oneroster_check,
    .changed = oneroster_changed,
    .fetch = oneroster_fetch,
    .source = oneroster_source,
    .free = oneroster_free
};


int
ctl_cmd_import_oneroster_rest(ctl_t *ctl)
{
    return roster_server_import(ctl, &server);
}

/*
 * Copyright (C) the Pupil authors
 *
 * SS 12000: the table of its rows, and the command.  A class is a group; who
 * teaches it is said by activities, by way of duties.
 */

#include "ctl/roster/server.h"
#include "ctl/roster/ss12000.h"
#include "ctl/roster/ss12000_fetch.h"
#include "ctl/roster/take.h"


static const roster_role_name_t  roles[] = {
    { ROSTER_TEACHER, "Lärare|Förskollärare|Förstelärare"
                      "|Speciallärare/specialpedagog" },
    { ROSTER_ADMIN, "Rektor|Förskolechef|Skoladministratör" },
    { 0, NULL }
};

/* In a preschool a department is what a class is in a school. */
static const roster_group_name_t  groups[] = {
    { "main", "Klass|Avdelning" },
    { "taught", "Undervisning" },
    { "mentor", "Mentor" },
    { NULL, NULL }
};

/* What is deleted comes last: what is there as well is there. */
static const roster_file_t  files[] = {
    {
        .name = "organisations",
        .kind = ROSTER_INSTITUTION,
        .take = roster_take_institution,
        .columns = {
            { ROSTER_CELL_ID, "id", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "displayName", ROSTER_REQUIRED }
        }
    },
    {
        .name = "groups",
        .kind = ROSTER_CLASS,
        .take = roster_take_class,
        .columns = {
            { ROSTER_CELL_ID, "id", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "organisation.id", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "displayName", ROSTER_REQUIRED },
            { ROSTER_CELL_TYPE, "groupType", 0 },
            { ROSTER_CELL_FROM, "startDate", 0 },
            { ROSTER_CELL_TO, "endDate", 0 }
        }
    },
    {
        .name = "persons",
        .kind = ROSTER_USER,
        .take = roster_take_user,
        .columns = {
            { ROSTER_CELL_ID, "id", ROSTER_REQUIRED },
            { ROSTER_CELL_GIVEN, "givenName", ROSTER_REQUIRED },
            { ROSTER_CELL_FAMILY, "familyName", ROSTER_REQUIRED },
            { ROSTER_CELL_LOGIN, "eduPersonPrincipalNames", ROSTER_REQUIRED },
            { ROSTER_CELL_EMAIL, "emails", 0 },
            { ROSTER_CELL_STATUS, "personStatus", 0 }
        }
    },
    {
        .name = "persons/enrolments",
        .kind = ROSTER_ROLE,
        .role = ROSTER_PUPIL,
        .take = roster_take_role,
        .columns = {
            { ROSTER_CELL_USER, "person", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "enroledAt.id", ROSTER_REQUIRED },
            { ROSTER_CELL_ROLE, "role", 0 },
            { ROSTER_CELL_FROM, "startDate", 0 },
            { ROSTER_CELL_TO, "endDate", 0 },
            { ROSTER_CELL_STATUS, "cancelled", 0 }
        }
    },
    {
        .name = "duties",
        .kind = ROSTER_ROLE,
        .take = roster_take_role,
        .columns = {
            { ROSTER_CELL_USER, "person.id", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "dutyAt.id", ROSTER_REQUIRED },
            { ROSTER_CELL_ROLE, "dutyRole", ROSTER_REQUIRED },
            { ROSTER_CELL_FROM, "startDate", 0 },
            { ROSTER_CELL_TO, "endDate", 0 }
        }
    },
    {
        .name = "groups/groupMemberships",
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_PUPIL,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_CLASS, "group", ROSTER_REQUIRED },
            { ROSTER_CELL_USER, "person.id", ROSTER_REQUIRED },
            { ROSTER_CELL_FROM, "startDate", 0 },
            { ROSTER_CELL_TO, "endDate", 0 }
        }
    },
    {
        .name = "activities/teachers",
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_TEACHER,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_CLASS, "group", ROSTER_REQUIRED },
            { ROSTER_CELL_USER, "person", ROSTER_REQUIRED },
            { ROSTER_CELL_FROM, "startDate", 0 },
            { ROSTER_CELL_TO, "endDate", 0 }
        }
    },
    {
        .name = "deletedEntities/organisations",
        .kind = ROSTER_INSTITUTION,
        .take = roster_take_institution,
        .columns = {
            { ROSTER_CELL_ID, "id", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "status", ROSTER_REQUIRED }
        }
    },
    {
        .name = "deletedEntities/groups",
        .kind = ROSTER_CLASS,
        .take = roster_take_class,
        .columns = {
            { ROSTER_CELL_ID, "id", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "status", ROSTER_REQUIRED }
        }
    },
    {
        .name = "deletedEntities/persons",
        .kind = ROSTER_USER,
        .take = roster_take_user,
        .columns = {
            { ROSTER_CELL_ID, "id", ROSTER_REQUIRED },
            { ROSTER_CELL_STATUS, "status", ROSTER_REQUIRED }
        }
    },
    { .name = NULL }
};


/* The standard has the last day as the end: "inkluderande". */
const roster_format_t  roster_ss12000 = {
    .name = "ss12000",
    .active = "Aktiv|false",
    .ended = "Utvandrad|Avliden|true|deleted",
    .keys = "id",
    .roles = roles,
    .groups = groups,
    .files = files,
    .roles_said = 1
};

static const roster_server_t  server = {
    .format = &roster_ss12000,
    .changed = ss12000_changed,
    .fetch = ss12000_fetch,
    .source = ss12000_source,
    .free = ss12000_free
};


int
ctl_cmd_import_ss12000(ctl_t *ctl)
{
    return roster_server_import(ctl, &server);
}

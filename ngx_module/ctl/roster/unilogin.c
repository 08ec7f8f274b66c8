/*
 * Copyright (C) the Pupil authors
 *
 * UNI-Login: the table of its rows, and the command.  A class is a group, of
 * whatever type; who teaches it is the staff that is in it.  People are known
 * by their UniID wherever they are, so that who works at two institutions is
 * one person with two roles.
 */

#include "ctl/roster/import.h"
#include "ctl/roster/take.h"
#include "ctl/roster/unilogin.h"
#include "ctl/roster/unilogin_fetch.h"


static const roster_role_name_t  roles[] = {
    { ROSTER_PUPIL, "Barn|Elev|Studerende" },
    { ROSTER_TEACHER, "Lærer|Pædagog|Vikar" },
    { ROSTER_ADMIN, "Leder|Ledelse" },
    { 0, NULL }
};

/* The types that there are: unilogin_rows.c refuses others. */
static const roster_group_name_t  groups[] = {
    { "main", "Hovedgruppe" },
    { "year", "Årgang" },
    { "line", "Retning" },
    { "taught", "Hold" },
    { "team", "Team" },
    { "leisure", "SFO" },
    { "other", "Andet" },
    { NULL, NULL }
};

#define PERSON_COLUMNS                                                        \
    {                                                                         \
        { ROSTER_CELL_ID, "UserId", ROSTER_REQUIRED },                        \
        { ROSTER_CELL_GIVEN, "FirstName", ROSTER_REQUIRED },                  \
        { ROSTER_CELL_FAMILY, "FamilyName", ROSTER_REQUIRED },                \
        { ROSTER_CELL_LOGIN, "UserId", ROSTER_REQUIRED }                      \
    }

static const roster_file_t  files[] = {
    {
        .name = "institutions",
        .kind = ROSTER_INSTITUTION,
        .take = roster_take_institution,
        .columns = {
            { ROSTER_CELL_ID, "InstitutionNumber", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "InstitutionName", ROSTER_REQUIRED }
        }
    },
    {
        .name = "groups",
        .kind = ROSTER_CLASS,
        .take = roster_take_class,
        .columns = {
            { ROSTER_CELL_ID, "GroupId", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "InstitutionNumber", ROSTER_REQUIRED },
            { ROSTER_CELL_TITLE, "GroupName", ROSTER_REQUIRED },
            { ROSTER_CELL_TYPE, "GroupType", 0 },
            { ROSTER_CELL_FROM, "FromDate", 0 },
            { ROSTER_CELL_TO, "ToDate", 0 }
        }
    },
    {
        .name = "persons/protected",
        .kind = ROSTER_USER,
        .take = roster_take_user,
        .columns = PERSON_COLUMNS
    },
    {
        .name = "persons",
        .kind = ROSTER_USER,
        .take = roster_take_user,
        .columns = PERSON_COLUMNS
    },
    {
        .name = "persons/roles",
        .kind = ROSTER_ROLE,
        .take = roster_take_role,
        .columns = {
            { ROSTER_CELL_USER, "UserId", ROSTER_REQUIRED },
            { ROSTER_CELL_INSTITUTION, "InstitutionNumber", ROSTER_REQUIRED },
            { ROSTER_CELL_ROLE, "Role", ROSTER_REQUIRED }
        }
    },
    {
        .name = "students/groups",
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_PUPIL,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_USER, "UserId", ROSTER_REQUIRED },
            { ROSTER_CELL_CLASS, "GroupId", ROSTER_REQUIRED }
        }
    },
    {
        .name = "employees/groups",
        .kind = ROSTER_ENROLMENT,
        .role = ROSTER_TEACHER,
        .take = roster_take_enrolment,
        .columns = {
            { ROSTER_CELL_USER, "UserId", ROSTER_REQUIRED },
            { ROSTER_CELL_CLASS, "GroupId", ROSTER_REQUIRED }
        }
    },
    { .name = NULL }
};


const roster_format_t  roster_unilogin = {
    .name = "unilogin",
    .active = "",
    .keys = "InstitutionNumber|UserId",
    .roles = roles,
    .groups = groups,
    .files = files,
    .roles_said = 1
};


/* What has changed since is not asked for: the service has no word for it. */
int
ctl_cmd_import_unilogin(ctl_t *ctl)
{
    int            rc;
    unilogin_t    *all;
    csv_source_t  *source;

    if (ctl->opt.state != NULL || ctl->opt.limit != NULL) {
        (void) ctl_error("UNI-Login has neither pages nor a list of what was"
                         " changed: --limit and --state are not for it");
        return CTL_USAGE;
    }

    if (roster_import_check(ctl, &roster_unilogin) != 0) {
        return CTL_USAGE;
    }

    all = unilogin_fetch(ctl);
    if (all == NULL) {
        return CTL_FAILED;
    }

    source = unilogin_source(all);
    rc = roster_import(ctl, &roster_unilogin, source);

    csv_source_close(source);
    unilogin_free(all);

    return rc;
}

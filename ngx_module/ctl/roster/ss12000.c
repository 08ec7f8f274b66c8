/*
 * Copyright (C) the Pupil authors
 *
 * SS 12000: the table of its rows, and the command.  A class is a group; who
 * teaches it is said by activities, by way of duties.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/base/clock.h"
#include "ctl/base/file.h"
#include "ctl/roster/import.h"
#include "ctl/roster/ss12000.h"
#include "ctl/roster/ss12000_fetch.h"
#include "ctl/roster/take.h"


#define OVERLAP_SECONDS  600    /* by which its clock may be behind ours */
#define TIME_TEXT        32


static const roster_role_name_t  roles[] = {
    { ROSTER_TEACHER, "Lärare|Förskollärare|Förstelärare"
                      "|Speciallärare/specialpedagog" },
    { ROSTER_ADMIN, "Rektor|Förskolechef|Skoladministratör" },
    { 0, NULL }
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
    .files = files,
    .roles_said = 1
};


static int state_read(ctl_t *ctl, const char **after);
static int state_mine(const ctl_t *ctl, const json_t *state);
static json_t *state_of(const ctl_t *ctl);
static int state_write(const ctl_t *ctl, pupil_time_t start);
static int unchanged_say(const ctl_t *ctl, const char *after);
static int fetched_import(ctl_t *ctl, roster_peer_t *peer, const char *after);


int
ctl_cmd_import_ss12000(ctl_t *ctl)
{
    int             rc;
    const char     *after;
    pupil_time_t    start;
    roster_peer_t  *peer;

    start = ctl_now();
    after = NULL;

    if (roster_import_check(ctl, &roster_ss12000) != 0) {
        return CTL_USAGE;
    }

    if (state_read(ctl, &after) != 0) {
        return CTL_FAILED;
    }

    peer = roster_peer_open(ctl, ctl->args[0]);
    if (peer == NULL) {
        return CTL_FAILED;
    }

    rc = after == NULL ? 1 : ss12000_changed(peer, after);

    if (rc == 0) {
        rc = unchanged_say(ctl, after);

    } else if (rc < 0) {
        rc = CTL_FAILED;

    } else {
        rc = fetched_import(ctl, peer, after);

        if (rc == CTL_DONE && state_write(ctl, start) != 0) {
            rc = CTL_FAILED;
        }
    }

    roster_peer_close(peer);

    return rc;
}


static int
fetched_import(ctl_t *ctl, roster_peer_t *peer, const char *after)
{
    int            rc;
    ss12000_t     *all;
    csv_source_t  *source;

    all = ss12000_fetch(ctl, peer, after);
    if (all == NULL) {
        return CTL_FAILED;
    }

    source = ss12000_source(all);
    rc = roster_import(ctl, &roster_ss12000, source);

    csv_source_close(source);
    ss12000_free(all);

    return rc;
}


/* When the last good run began, where there was one. */
static int
state_read(ctl_t *ctl, const char **after)
{
    int           rc;
    char         *text;
    size_t        len;
    json_t       *state;
    const char   *path, *value;
    json_error_t  error;

    path = ctl->opt.state;

    if (path == NULL) {
        return 0;
    }

    if (access(path, F_OK) != 0) {
        return ctl_file_creatable(path);
    }

    text = ctl_file_read(&ctl->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    state = json_loadb(text, len, 0, &error);
    value = json_string_value(json_object_get(state, "after"));

    if (value == NULL || strlen(value) >= TIME_TEXT) {
        rc = ctl_error("%s says of no run when it began: remove it, and all is"
                       " fetched", path);

    } else if (!state_mine(ctl, state)) {
        rc = ctl_error("%s is of another tenant, source or server", path);

    } else {
        *after = ctl_pool_text(&ctl->pool, value, strlen(value));
        rc = 0;
    }

    json_decref(state);

    return rc;
}


/* What a run is of. */
static json_t *
state_of(const ctl_t *ctl)
{
    return json_pack("{s:s,s:s,s:s}", "server", ctl->args[0],
                     "source", ctl->opt.source != NULL
                               ? ctl->opt.source : roster_ss12000.name,
                     "tenant", ctl->opt.tenant != NULL ? ctl->opt.tenant : "");
}


static int
state_mine(const ctl_t *ctl, const json_t *state)
{
    int          same;
    json_t      *mine, *value;
    const char  *name;

    same = 1;
    mine = state_of(ctl);

    json_object_foreach(mine, name, value) {
        same &= json_equal(value, json_object_get(state, name));
    }

    json_decref(mine);

    return same;
}


static int
state_write(const ctl_t *ctl, pupil_time_t start)
{
    int         rc;
    char        after[TIME_TEXT], *text;
    time_t      then;
    json_t     *state;
    struct tm   tm;

    if (ctl->opt.state == NULL || ctl->opt.plan) {
        return 0;
    }

    then = (time_t) (start / PUPIL_TIME_SECOND) - OVERLAP_SECONDS;
    gmtime_r(&then, &tm);
    strftime(after, sizeof(after), "%Y-%m-%dT%H:%M:%SZ", &tm);

    state = state_of(ctl);
    json_object_set_new(state, "after", json_string(after));
    text = json_dumps(state, JSON_INDENT(2));
    json_decref(state);

    if (text == NULL) {
        return ctl_error("out of memory");
    }

    rc = ctl_file_write(ctl->opt.state, text, 0600, 0);
    free(text);

    return rc;
}


static int
unchanged_say(const ctl_t *ctl, const char *after)
{
    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "unchanged_since", after));

    } else {
        printf("Nothing was changed or deleted there since %s: nothing was"
               " fetched.\n", after);
    }

    return CTL_DONE;
}

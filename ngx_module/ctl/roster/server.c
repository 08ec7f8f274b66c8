/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/base/clock.h"
#include "ctl/base/file.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/roster/import.h"
#include "ctl/roster/input.h"
#include "ctl/roster/server.h"
#include "ctl/roster/sources.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"


#define OVERLAP_SECONDS  600    /* by which its clock may be behind ours */
#define TIME_TEXT        32
#define LIMIT            500


static const char *source_of(const ctl_t *ctl, const roster_server_t *server);
static int settings_read(ctl_t *ctl, const roster_server_t *server,
    char settings[ROSTER_SETTINGS_TEXT]);
static int state_read(ctl_t *ctl, const roster_server_t *server,
    const char *settings, const char **after);
static int state_mine(const ctl_t *ctl, const roster_server_t *server,
    const json_t *state);
static json_t *state_of(const ctl_t *ctl, const roster_server_t *server);
static int state_write(const ctl_t *ctl, const roster_server_t *server,
    const char *settings, pupil_time_t start);
static int unchanged(ctl_t *ctl, const roster_server_t *server,
    const char *after);
static int fetched_import(ctl_t *ctl, const roster_server_t *server,
    roster_peer_t *peer, const char *after);


int
roster_server_import(ctl_t *ctl, const roster_server_t *server)
{
    int             rc;
    char            settings[ROSTER_SETTINGS_TEXT];
    const char     *after;
    pupil_time_t    start;
    roster_peer_t  *peer;

    start = ctl_now();
    after = NULL;

    if (roster_import_check(ctl, server->format) != 0) {
        return CTL_USAGE;
    }

    if ((server->check != NULL && server->check(ctl->args[0]) != 0)
        || settings_read(ctl, server, settings) != 0
        || state_read(ctl, server, settings, &after) != 0)
    {
        return CTL_FAILED;
    }

    peer = roster_peer_open(ctl, ctl->args[0]);
    if (peer == NULL) {
        return CTL_FAILED;
    }

    rc = after == NULL ? 1 : server->changed(peer, after);

    if (rc == 0) {
        rc = unchanged(ctl, server, after);

    } else if (rc < 0) {
        rc = CTL_FAILED;

    } else {
        rc = fetched_import(ctl, server, peer, after);

        if (rc == CTL_DONE
            && state_write(ctl, server, settings, start) != 0)
        {
            rc = CTL_FAILED;
        }
    }

    roster_peer_close(peer);

    return rc;
}


int
roster_server_limit(const ctl_t *ctl, char limit[ROSTER_LIMIT_TEXT])
{
    if (ctl->opt.limit != NULL) {
        return ctl_limit_read(ctl, limit);
    }

    snprintf(limit, ROSTER_LIMIT_TEXT, "%d", LIMIT);

    return 0;
}


static int
fetched_import(ctl_t *ctl, const roster_server_t *server, roster_peer_t *peer,
    const char *after)
{
    int            rc;
    void          *all;
    csv_source_t  *source;

    all = server->fetch(ctl, peer, after);
    if (all == NULL) {
        return CTL_FAILED;
    }

    source = server->source(all);
    rc = roster_import(ctl, server->format, source);

    csv_source_close(source);
    server->free(all);

    return rc;
}


static const char *
source_of(const ctl_t *ctl, const roster_server_t *server)
{
    return ctl->opt.source != NULL ? ctl->opt.source : server->format->name;
}


/* As they are now: what a list has by the time that it is read is another's. */
static int
settings_read(ctl_t *ctl, const roster_server_t *server,
    char settings[ROSTER_SETTINGS_TEXT])
{
    settings[0] = '\0';

    return ctl->opt.state == NULL
           || (ctl_plugins_open(ctl) == 0
               && roster_input_settings(ctl, server->format->name,
                                        source_of(ctl, server), settings)
                  == 0) ? 0 : -1;
}


/*
 * When the last good run began, where there was one, and it took what this one
 * is to take.
 */
static int
state_read(ctl_t *ctl, const roster_server_t *server, const char *settings,
    const char **after)
{
    int           rc;
    char         *text;
    size_t        len;
    json_t       *state;
    const char   *path, *value, *taken;
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
    taken = json_string_value(json_object_get(state, "settings"));

    if (value == NULL || strlen(value) >= TIME_TEXT) {
        rc = ctl_error("%s says of no run when it began: remove it, and all is"
                       " fetched", path);

    } else if (!state_mine(ctl, server, state)) {
        rc = ctl_error("%s is of another tenant, source or server", path);

    } else {
        rc = 0;

        if (taken != NULL && strcmp(taken, settings) == 0) {
            *after = ctl_pool_text(&ctl->pool, value, strlen(value));
        }
    }

    json_decref(state);

    return rc;
}


/* What a run is of. */
static json_t *
state_of(const ctl_t *ctl, const roster_server_t *server)
{
    return json_pack("{s:s,s:s,s:s}", "server", ctl->args[0],
                     "source", source_of(ctl, server),
                     "tenant", ctl->opt.tenant != NULL ? ctl->opt.tenant : "");
}


static int
state_mine(const ctl_t *ctl, const roster_server_t *server,
    const json_t *state)
{
    int          same;
    json_t      *mine, *value;
    const char  *name;

    same = 1;
    mine = state_of(ctl, server);

    json_object_foreach(mine, name, value) {
        same &= json_equal(value, json_object_get(state, name));
    }

    json_decref(mine);

    return same;
}


static int
state_write(const ctl_t *ctl, const roster_server_t *server,
    const char *settings, pupil_time_t start)
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

    state = state_of(ctl, server);
    json_object_set_new(state, "after", json_string(after));
    json_object_set_new(state, "settings", json_string(settings));
    text = json_dumps(state, JSON_INDENT(2));
    json_decref(state);

    if (text == NULL) {
        return ctl_error("out of memory");
    }

    rc = ctl_file_write(ctl->opt.state, text, 0600, 0);
    free(text);

    return rc;
}


/* A timer's run was good, and how old that is is watched. */
static int
unchanged(ctl_t *ctl, const roster_server_t *server, const char *after)
{
    if (ctl->opt.sync
        && (ctl_keys_tenant(ctl) != 0
            || roster_source_good(ctl, source_of(ctl, server)) != 0))
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "unchanged_since", after));

    } else {
        printf("Nothing was changed or deleted there since %s: nothing was"
               " fetched.\n", after);
    }

    return CTL_DONE;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Whether a decision still counts the key store says: a plan is applied once,
 * and what is undone is undone.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/vault/authentic.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/decided.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/undo.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"


#define ACCEPT  "accept"

enum {
    COLUMN_ID = 0,
    COLUMN_WHAT,
    COLUMN_REQUEST,
    COLUMN_AT,                  /* microseconds */
    COLUMN_MAC,
    COLUMN_PLAN
};

static const char  waiting_sql[] =
    "SELECT d.id, d.what, d.request, (extract(epoch FROM d.decided_at) *"
    " 1000000)::bigint, d.mac, p.plan FROM pupil.import_decision AS d JOIN"
    " pupil.import_plan AS p USING (tenant, id) WHERE d.tenant = $1::uuid AND"
    " d.state = 'waiting' ORDER BY d.decided_at, d.id LIMIT 100";


static int
decision_check(ctl_t *ctl, const PGresult *res, int row)
{
    uint8_t                made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t            mac;
    const pupil_key_t     *key;
    pupil_decision_row_t   decision;

    key = ctl_key(ctl, "mac");

    if (key == NULL
        || ctl_get_uuid(res, row, COLUMN_ID, &decision.id) != 0
        || ctl_get_uuid(res, row, COLUMN_REQUEST, &decision.request) != 0
        || ctl_get_bytes(res, row, COLUMN_MAC, stored, sizeof(stored),
                         &mac.len) != 0)
    {
        return -1;
    }

    decision.tenant = ctl->tenant;
    decision.what = ctl_get_str(res, row, COLUMN_WHAT);
    decision.at = strtoll(PQgetvalue(res, row, COLUMN_AT), NULL, 10);
    mac.data = stored;
    pupil_mac_decision(key, &decision, made);

    return pupil_mac_check(made, mac) == PUPIL_OK ? 0
           : ctl_error("a decision of an import was changed by somebody"
                       " without the keys: it is not carried out");
}


/* Whoever decided is the second person: the plan is an operator's. */
static int
child_run(const ctl_t *ctl, const char *what, const char *object,
    const char *ticket)
{
    int          null;
    ctl_t        own;
    const char  *args[1];

    memset(&own, 0, sizeof(ctl_t));
    own.opt = ctl->opt;
    own.opt.tenant = ctl->tenant_text;
    own.opt.ticket = ticket;
    own.opt.acceptance = NULL;
    own.opt.decided = 1;
    own.opt.json = 0;
    args[0] = object;
    own.args = args;
    own.args_count = 1;
    own.alloc = ctl->alloc;
    own.alloc.ctx = &own.pool;
    memcpy(own.account, ctl->account, sizeof(own.account));

    null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || dup2(null, STDOUT_FILENO) < 0) {
        return CTL_FAILED;
    }

    return strcmp(what, ACCEPT) == 0 ? ctl_cmd_import_apply(&own)
                                     : ctl_cmd_import_undo(&own);
}


/* What this process has opened is no other's: a try is one of its own. */
static int
decision_run(ctl_t *ctl, const PGresult *res, int row)
{
    int          rc, status;
    char         ticket[64];
    pid_t        pid, parent;
    const char  *what, *object;

    what = PQgetvalue(res, row, COLUMN_WHAT);
    object = PQgetvalue(res, row, strcmp(what, ACCEPT) == 0 ? COLUMN_PLAN
                                                            : COLUMN_ID);
    snprintf(ticket, sizeof(ticket), "request %s",
             PQgetvalue(res, row, COLUMN_REQUEST));

    parent = getpid();
    fflush(NULL);
    pid = fork();

    if (pid < 0) {
        return ctl_error("fork: %s", strerror(errno));
    }

    if (pid == 0) {
        rc = prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent
             ? CTL_FAILED : child_run(ctl, what, object, ticket);
        fflush(NULL);
        _exit(rc);
    }

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return ctl_error("waitpid: %s", strerror(errno));
        }
    }

    return WIFEXITED(status) ? WEXITSTATUS(status)
           : ctl_error("what was decided of an import was killed");
}


static int
state_write(ctl_t *ctl, const char *id, const char *state)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = id;
    params[2] = state;

    return ctl_write(ctl, ctl->data, "UPDATE pupil.import_decision SET state ="
                     " $3 WHERE tenant = $1::uuid AND id = $2::uuid", 3,
                     params);
}


/* What is killed, or meets another's turn, waits for the next round. */
static int
decision_take(ctl_t *ctl, const PGresult *res, int row)
{
    int          rc;
    const char  *state;

    rc = decision_check(ctl, res, row) == 0 ? decision_run(ctl, res, row)
                                            : CTL_FAILED;

    if (rc < 0 || rc == CTL_BUSY || rc == CTL_SILENT) {
        return rc < 0 ? -1 : 0;
    }

    state = rc == CTL_DONE ? "done" : rc == CTL_HELD ? "held" : "failed";

    return state_write(ctl, PQgetvalue(res, row, COLUMN_ID), state);
}


int
ctl_imports_decided(ctl_t *ctl)
{
    int          rc, row;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->data, waiting_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    if (PQntuples(res) != 0
        && (ctl_plugins_open(ctl) != 0 || ctl_keys_open(ctl) != 0))
    {
        rc = -1;
    }

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = decision_take(ctl, res, row);
    }

    PQclear(res);

    return rc;
}

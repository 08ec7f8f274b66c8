/*
 * Copyright (C) the Pupil authors
 *
 * An epoch of the key-encryption key gives way to the next, with the versions
 * of tenants' keys that it wraps, one tenant after the other, while workers go
 * on with what they have unwrapped.  No value is sealed anew.
 */

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/endpoints/database.h"
#include "ctl/base/db.h"
#include "ctl/keys/rotate.h"
#include "ctl/keys/versions.h"
#include "ctl/lifecycle/tenants.h"
#include "ctl/store/kek.h"


#define EPOCH_DIGITS  9

#define TRIES  20
#define PAUSE  100000000        /* ns */

typedef struct {
    const pupil_kek_t  *to;             /* the newest */
    char                epoch[16];      /* its number */
    json_int_t          tenants, keys;  /* keys: of tenants */
    json_int_t          wrapped;        /* what those wrap */
} rotation_t;

/* What the key store says of an epoch. */
typedef struct {
    int         number, retired, newest;
    json_int_t  keys;                   /* that it wraps */
    int         moved;                  /* tenants that no rotation is of */
    char        last[16];               /* the newest in force */
} epoch_t;

/* Who is without an epoch. */
typedef struct {
    int          connections, workers;
    const char  *first;                 /* of the workers */
} lacking_t;


static int rotation_begin(ctl_t *ctl, rotation_t *rotation);
static int hosts_know(ctl_t *ctl, const char *epoch);
static int lacking_read(ctl_t *ctl, const char *epoch, lacking_t *lacking);
static int tenant_rotate(ctl_t *ctl, void *data);
static int epoch_read(ctl_t *ctl, epoch_t *epoch);
static int epoch_check(ctl_t *ctl, const epoch_t *epoch);


int
ctl_cmd_key_rotate(ctl_t *ctl)
{
    rotation_t  rotation;

    if (rotation_begin(ctl, &rotation) != 0
        || ctl_tenants_each(ctl, tenant_rotate, &rotation) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i,s:I,s:I,s:I}",
                                 "epoch", (int) rotation.to->epoch,
                                 "tenants", rotation.tenants,
                                 "keys", rotation.keys,
                                 "wrapped", rotation.wrapped));
        return CTL_DONE;
    }

    if (rotation.keys == 0) {
        printf("the keys of all %lld tenant%s are under epoch %s already\n",
               (long long) rotation.tenants, rotation.tenants == 1 ? "" : "s",
               rotation.epoch);
        return CTL_DONE;
    }

    printf("the keys of %lld of %lld tenant%s have new versions under epoch"
           " %s, and %lld keys are wrapped under these.  Run pupilctl key"
           " retire for each epoch before it\n", (long long) rotation.keys,
           (long long) rotation.tenants, rotation.tenants == 1 ? "" : "s",
           rotation.epoch, (long long) rotation.wrapped);

    return CTL_DONE;
}


static int
rotation_begin(ctl_t *ctl, rotation_t *rotation)
{
    memset(rotation, 0, sizeof(rotation_t));

    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_kek_open(ctl) != 0)
    {
        return -1;
    }

    rotation->to = ctl_kek_newest(ctl);

    if (rotation->to == NULL) {
        return -1;
    }

    snprintf(rotation->epoch, sizeof(rotation->epoch), "%" PRIu32,
             rotation->to->epoch);

    return hosts_know(ctl, rotation->epoch);
}


/*
 * A host that lacks it would serve nobody: its workers say what they have.  One
 * that has just begun is given a moment to say so.
 */
static int
hosts_know(ctl_t *ctl, const char *epoch)
{
    int              tries;
    lacking_t        lacking;
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = PAUSE;

    for (tries = 1; ; tries++) {
        if (lacking_read(ctl, epoch, &lacking) != 0) {
            return -1;
        }

        if (lacking.connections == 0 && lacking.workers == 0) {
            return 0;
        }

        if (tries == TRIES) {
            break;
        }

        (void) nanosleep(&pause, NULL);
    }

    if (lacking.connections != 0) {
        return ctl_error("%d connection%s of nginx %s without epoch %s: copy"
                         " the key file to every host, reload nginx there, and"
                         " wait for its old workers to end",
                         lacking.connections,
                         lacking.connections == 1 ? "" : "s",
                         lacking.connections == 1 ? "is" : "are", epoch);
    }

    return ctl_error("%d worker%s of nginx that reported in the last five"
                     " minutes %s without epoch %s, by keystore.worker, first"
                     " %s: copy the key file to every host and reload nginx"
                     " there; a host that has ended counts until these are"
                     " over",
                     lacking.workers, lacking.workers == 1 ? "" : "s",
                     lacking.workers == 1 ? "is" : "are", epoch,
                     lacking.first);
}


static int
lacking_read(ctl_t *ctl, const char *epoch, lacking_t *lacking)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = epoch;

    res = ctl_query_one(ctl->keys, pupil_epochs_lacking_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    lacking->connections = ctl_get_int(res, 0, PUPIL_QL_CONNECTIONS, 0);
    lacking->workers = ctl_get_int(res, 0, PUPIL_QL_WORKERS, 0);
    lacking->first = ctl_pool_text(&ctl->pool,
                                   PQgetvalue(res, 0, PUPIL_QL_FIRST),
                                   (size_t) PQgetlength(res, 0,
                                                        PUPIL_QL_FIRST));
    PQclear(res);

    return 0;
}


static int
tenant_rotate(ctl_t *ctl, void *data)
{
    int          rc;
    rotation_t  *rotation = data;

    rc = ctl_versions_renew(ctl, rotation->to->epoch, &rotation->wrapped);
    if (rc < 0) {
        return -1;
    }

    rotation->tenants++;
    rotation->keys += rc;

    return 0;
}


int
ctl_cmd_key_retire(ctl_t *ctl)
{
    epoch_t      epoch;
    const char  *params[1];

    if (ctl_open_keys(ctl) != 0 || epoch_read(ctl, &epoch) != 0
        || epoch_check(ctl, &epoch) != 0)
    {
        return CTL_FAILED;
    }

    params[0] = ctl->args[0];

    if (ctl_exec(ctl->keys, "UPDATE keystore.kek_epoch SET retired_at = now()"
                 " WHERE epoch = $1::integer AND retired_at IS NULL", 1,
                 params) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i,s:b}", "epoch", epoch.number,
                                 "changed", !epoch.retired));
        return CTL_DONE;
    }

    printf("epoch %s %s retired.  Take its line out of the key file on every"
           " host, and reload nginx there\n", ctl->args[0],
           epoch.retired ? "was" : "is");

    return CTL_DONE;
}


static int
epoch_read(ctl_t *ctl, epoch_t *epoch)
{
    int          found;
    size_t       len;
    PGresult    *res;
    const char  *params[1];

    memset(epoch, 0, sizeof(epoch_t));

    params[0] = ctl->args[0];
    len = strlen(params[0]);

    if (len == 0 || len > EPOCH_DIGITS
        || strspn(params[0], "0123456789") != len)
    {
        return ctl_error("an epoch is a number, as pupilctl key status shows"
                         " it");
    }

    res = ctl_query(ctl->keys, "SELECT e.epoch, (e.retired_at IS NOT NULL)"
                    "::integer, (NOT EXISTS (SELECT FROM keystore.kek_epoch AS"
                    " n WHERE n.epoch > e.epoch AND n.retired_at IS NULL))"
                    "::integer, e.keys, (SELECT max(n.epoch) FROM"
                    " keystore.kek_epoch AS n WHERE n.retired_at IS NULL),"
                    " (SELECT count(DISTINCT l.tenant) FROM keystore.ledger AS"
                    " l WHERE l.kind = 'moved' AND NOT EXISTS (SELECT FROM"
                    " keystore.ledger AS t WHERE t.tenant = l.tenant AND"
                    " t.kind = 'tenant')) FROM keystore.kek_epoch AS e WHERE"
                    " e.epoch = $1::integer", 1, params);
    if (res == NULL) {
        return -1;
    }

    found = PQntuples(res) != 0;

    if (found) {
        epoch->number = ctl_get_int(res, 0, 0, 0);
        epoch->retired = ctl_get_int(res, 0, 1, 0);
        epoch->newest = ctl_get_int(res, 0, 2, 0);
        epoch->keys = ctl_get_int(res, 0, 3, 0);
        snprintf(epoch->last, sizeof(epoch->last), "%d",
                 ctl_get_int(res, 0, 4, 0));
        epoch->moved = ctl_get_int(res, 0, 5, 0);
    }

    PQclear(res);

    return found ? 0 : ctl_error("the key store knows no epoch %s",
                                 ctl->args[0]);
}


/* Of two who look at once the table's constraint refuses one. */
static int
epoch_check(ctl_t *ctl, const epoch_t *epoch)
{
    char  moved[128];

    if (epoch->retired) {
        return 0;
    }

    if (epoch->newest) {
        return ctl_error("epoch %s is the newest: make one with pupilctl key"
                         " generate first", ctl->args[0]);
    }

    if (epoch->keys != 0) {
        moved[0] = '\0';

        if (epoch->moved != 0) {
            snprintf(moved, sizeof(moved), "; %d tenant%s moved, and keeps the"
                     " key that it has until pupilctl tenant offboard",
                     epoch->moved, epoch->moved == 1 ? " was" : "s were");
        }

        return ctl_error("%lld key%s of tenants %s wrapped under epoch %s: run"
                         " pupilctl key rotate first%s",
                         (long long) epoch->keys, epoch->keys == 1 ? "" : "s",
                         epoch->keys == 1 ? "is" : "are", ctl->args[0], moved);
    }

    return hosts_know(ctl, epoch->last);
}

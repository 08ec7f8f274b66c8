/*
 * Copyright (C) the Pupil authors
 */

#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/audit/ship.h"


/* In seconds; both of them within the minute of invariant I9. */
#define AGAIN    15             /* after it failed */
#define LONGEST  40             /* that it may take */

#define LOOK     10000          /* microseconds between looks, in the end */


extern char **environ;


static void ship_begin(ship_t *ship);
static int ship_spawn(ship_t *ship, char *const *argv);
static void ship_look(ship_t *ship);
static void ship_ended(ship_t *ship, int status);
static int64_t seconds_now(void);


/* posix_spawn() takes no constants. */
static char  shell[] = "sh", option[] = "-c", name[] = "ship";


void
ship_due(ship_t *ship, uint64_t batch)
{
    ship->batch = batch;
    ship->due = ship->command != NULL;
}


void
ship_poll(ship_t *ship)
{
    if (ship->running != 0) {
        ship_look(ship);
    }

    if (ship->running == 0 && ship->due && seconds_now() >= ship->again) {
        ship_begin(ship);
    }
}


int
ship_finish(ship_t *ship)
{
    ship->again = 0;

    while (ship->due || ship->running != 0) {

        if (ship->running == 0) {
            ship_begin(ship);

        } else {
            (void) usleep(LOOK);
            ship_look(ship);
        }

        if (ship->running == 0 && ship->failed) {
            return -1;
        }
    }

    return 0;
}


static void
ship_begin(ship_t *ship)
{
    int    rc;
    char  *argv[] = { shell, option, ship->command, name, ship->path, NULL };

    ship->due = 0;
    ship->carried = ship->batch;
    ship->begun = seconds_now();

    rc = ship_spawn(ship, argv);

    if (rc != 0) {
        ship->running = 0;
        ship->failed = 1;
        ship->again = seconds_now() + AGAIN;
        ctl_error("--ship: %s", strerror(rc));
    }
}


/* A group of its own, to be ended with all that it begins. */
static int
ship_spawn(ship_t *ship, char *const *argv)
{
    int                rc;
    posix_spawnattr_t  attr;

    rc = posix_spawnattr_init(&attr);
    if (rc != 0) {
        return rc;
    }

    rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);

    if (rc == 0) {
        rc = posix_spawnattr_setpgroup(&attr, 0);
    }

    if (rc == 0) {
        rc = posix_spawn(&ship->running, "/bin/sh", NULL, &attr, argv,
                         environ);
    }

    (void) posix_spawnattr_destroy(&attr);

    return rc;
}


static void
ship_look(ship_t *ship)
{
    int  status;

    if (waitpid(ship->running, &status, WNOHANG) == ship->running) {
        ship_ended(ship, status);

    } else if (seconds_now() - ship->begun > LONGEST && !ship->killed) {
        ctl_error("--ship did not end within %d s for %s: it is ended, and"
                  " tried again", LONGEST, ship->path);
        ship->killed = kill(-ship->running, SIGKILL) == 0;
    }
}


/* What was not shipped is due again. */
static void
ship_ended(ship_t *ship, int status)
{
    ship->running = 0;
    ship->killed = 0;
    ship->failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

    if (ship->failed) {
        ship->due = 1;
        ship->again = seconds_now() + AGAIN;
        ctl_error("--ship failed for %s, and is tried again", ship->path);
        return;
    }

    ship->shipped = ship->carried;
}


static int64_t
seconds_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec;
}

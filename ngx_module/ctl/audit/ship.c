/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "ctl/audit/ship.h"


#define AGAIN  15               /* seconds after it failed */


extern char **environ;


static void ship_begin(ship_t *ship);
static void ship_ended(ship_t *ship, int status);
static int64_t seconds_now(void);


/* posix_spawn() takes no constants. */
static char  shell[] = "sh", option[] = "-c", name[] = "ship";


void
ship_due(ship_t *ship)
{
    ship->due = ship->command != NULL;
}


void
ship_poll(ship_t *ship)
{
    int  status;

    if (ship->running != 0
        && waitpid(ship->running, &status, WNOHANG) == ship->running)
    {
        ship_ended(ship, status);
    }

    if (ship->running == 0 && ship->due && seconds_now() >= ship->again) {
        ship_begin(ship);
    }
}


int
ship_finish(ship_t *ship)
{
    int  status;

    ship->again = 0;

    while (ship->due || ship->running != 0) {

        if (ship->running == 0) {
            ship_begin(ship);
        }

        if (ship->running != 0) {
            while (waitpid(ship->running, &status, 0) < 0 && errno == EINTR) {
                /* void */
            }

            ship_ended(ship, status);
        }

        if (ship->failed) {
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

    rc = posix_spawn(&ship->running, "/bin/sh", NULL, NULL,
                     argv, environ);

    if (rc != 0) {
        ship->running = 0;
        ship->failed = 1;
        ship->again = seconds_now() + AGAIN;
        ctl_error("--ship: %s", strerror(rc));
    }
}


/* What was not shipped is due again. */
static void
ship_ended(ship_t *ship, int status)
{
    ship->running = 0;
    ship->failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

    if (ship->failed) {
        ship->due = 1;
        ship->again = seconds_now() + AGAIN;
        ctl_error("--ship failed for %s, and is tried again", ship->path);
    }
}


static int64_t
seconds_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec;
}

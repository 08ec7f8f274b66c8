/*
 * Copyright (C) the Pupil authors
 *
 * By a signal, as no wait of libpq's has to know of it; and by no more than
 * what a handler of signals may call.
 */

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/base/guard.h"


#define GRACE  10               /* seconds, behind the connections */


static void guard_due(int signal);


/* A handler knows no other place.  The sockets: -1 where there is none. */
static volatile sig_atomic_t  data = -1, keys = -1, lost;


void
ctl_guard_begin(const ctl_t *ctl)
{
    struct sigaction  action;

    (void) alarm(0);

    memset(&action, 0, sizeof(action));
    action.sa_handler = guard_due;
    action.sa_flags = SA_RESTART;
    (void) sigaction(SIGALRM, &action, NULL);

    data = PQsocket(ctl->data);
    keys = PQsocket(ctl->keys);

    (void) alarm(CTL_GUARD_SECONDS);
}


void
ctl_guard_end(void)
{
    (void) alarm(0);
}


int
ctl_guard_lost(void)
{
    int  was;

    was = lost;
    lost = 0;

    return was;
}


static void
guard_due(int signal)
{
    static const char  text[] = "pupilctl: a database does not answer, and is"
                                " not let go of: this ends\n";

    (void) signal;

    if (lost) {
        (void) !write(STDERR_FILENO, text, sizeof(text) - 1);
        _exit(CTL_FAILED);
    }

    lost = 1;
    (void) shutdown(data, SHUT_RDWR);
    (void) shutdown(keys, SHUT_RDWR);
    (void) alarm(GRACE);
}

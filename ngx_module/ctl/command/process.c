/*
 * Copyright (C) the Pupil authors
 */

#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command/process.h"


static uid_t account_id(void);


int
ctl_process_harden(void)
{
    struct rlimit  none;

    umask(077);
    memset(&none, 0, sizeof(struct rlimit));

    if (setrlimit(RLIMIT_CORE, &none) != 0
        || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    {
        return ctl_error("cannot switch core dumps off");
    }

    if (sodium_init() < 0) {
        return ctl_error("libsodium does not start");
    }

    return 0;
}


void
ctl_process_account(ctl_t *ctl)
{
    uid_t           id;
    struct passwd  *pw;

    id = account_id();
    pw = getpwuid(id);

    if (pw != NULL) {
        snprintf(ctl->account, sizeof(ctl->account), "%s", pw->pw_name);
    } else {
        snprintf(ctl->account, sizeof(ctl->account), "%u", (unsigned) id);
    }
}


/* The account that logged in, also behind sudo, where the kernel knows it. */
static uid_t
account_id(void)
{
    char   text[16], *end;
    long   id;
    FILE  *file;
    uid_t  uid;

    uid = getuid();

    file = fopen("/proc/self/loginuid", "re");
    if (file == NULL) {
        return uid;
    }

    if (fgets(text, sizeof(text), file) != NULL) {
        id = strtol(text, &end, 10);

        /* all bits set: nobody logged in, a service for example */
        if (end != text && id > 0 && id < 0xffffffffL) {
            uid = (uid_t) id;
        }
    }

    fclose(file);

    return uid;
}

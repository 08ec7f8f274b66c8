/*
 * Copyright (C) the Pupil authors
 *
 * Each try is a process of its own, as what one has opened is no other's: it
 * imports as pupilctl import does, and ends with us.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/roster/dates.h"
#include "ctl/roster/import.h"
#include "ctl/roster/oneroster.h"
#include "ctl/roster/sources.h"
#include "ctl/roster/ss12000.h"
#include "ctl/roster/sync.h"
#include "ctl/roster/unilogin.h"
#include "ctl/store/keys.h"


#define TRIES      6
#define WAIT       5            /* seconds before the second; then twice that */
#define TRIES_MAX  20
#define WAIT_MAX   3600

/* Where rosters come from; whatever is one more has a line here. */
typedef struct {
    const char  *name;
    int        (*run)(ctl_t *ctl);
} kind_t;

/* A setting of the file. */
typedef struct {
    const char  *name;
    size_t       offset;        /* in ctl_options_t; a text */
} setting_t;

typedef struct {
    const char  *kind, *from, *tries, *wait;
    const char  *close_absent, *pupil_login_email;
} sync_t;


static const kind_t  kinds[] = {
    { "oneroster", ctl_cmd_import_oneroster },
    { "oneroster-rest", ctl_cmd_import_oneroster_rest },
    { "sds", ctl_cmd_import_sds },
    { "ss12000", ctl_cmd_import_ss12000 },
    { "unilogin", ctl_cmd_import_unilogin },
    { NULL, NULL }
};

#define OPT(member)  offsetof(ctl_options_t, member)

/* What the line says is before what the file does. */
static const setting_t  settings[] = {
    { "source", OPT(source) },
    { "tenant", OPT(tenant) },
    { "dates", OPT(dates) },
    { "schools", OPT(schools) },
    { "classes", OPT(classes) },
    { "credentials", OPT(credentials) },
    { "ca", OPT(ca) },
    { "state", OPT(state) },
    { "limit", OPT(limit) },
    { NULL, 0 }
};


static int
setting_set(ctl_t *ctl, sync_t *sync, const char *name, const char *value)
{
    char             *option;
    size_t            i;
    const char       *given;
    const setting_t  *setting;

    const struct {
        const char   *name;
        const char  **value;
    } own[] = {
        { "kind", &sync->kind }, { "from", &sync->from },
        { "close-absent", &sync->close_absent }, { "tries", &sync->tries },
        { "wait", &sync->wait },
        { "pupil-login-email", &sync->pupil_login_email }
    };

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(name, own[i].name) == 0) {
            *own[i].value = value;
            return 0;
        }
    }

    for (setting = settings; setting->name != NULL; setting++) {
        if (strcmp(name, setting->name) == 0) {
            option = (char *) &ctl->opt + setting->offset;
            memcpy(&given, option, sizeof(given));

            if (given == NULL) {
                memcpy(option, &value, sizeof(value));
            }

            return 0;
        }
    }

    return -1;
}


static const char *
trimmed(ctl_t *ctl, const char *text, size_t len)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) text;
    s.len = len;
    s = roster_trim(s);

    return ctl_pool_text(&ctl->pool, (const char *) s.data, s.len);
}


/* Lines "name = value"; "#" begins one that says nothing. */
static int
file_read(ctl_t *ctl, sync_t *sync, const char *path)
{
    char        *text, *end, *equals;
    size_t       len;
    unsigned     line;
    const char  *name, *value;

    text = ctl_file_read(&ctl->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    for (line = 1; *text != '\0'; text = end + (*end != '\0'), line++) {
        end = text + strcspn(text, "\n");
        name = trimmed(ctl, text, (size_t) (end - text));

        if (name[0] == '\0' || name[0] == '#') {
            continue;
        }

        equals = memchr(text, '=', (size_t) (end - text));
        if (equals == NULL) {
            return ctl_error("%s, line %u: is no \"name = value\"", path,
                             line);
        }

        name = trimmed(ctl, text, (size_t) (equals - text));
        value = trimmed(ctl, equals + 1, (size_t) (end - equals) - 1);

        if (setting_set(ctl, sync, name, value) != 0) {
            return ctl_error("%s, line %u: there is no setting \"%s\"", path,
                             line, name);
        }
    }

    return 0;
}


static int
number_read(const char *name, const char *text, int most, int *out)
{
    char  *end;
    long   n;

    if (text == NULL) {
        return 0;
    }

    errno = 0;
    n = strtol(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || n < 1 || n > most) {
        return ctl_error("%s is a number from 1 to %d", name, most);
    }

    *out = (int) n;

    return 0;
}


static const kind_t *
kind_find(const char *name)
{
    const kind_t  *kind;

    for (kind = kinds; name != NULL && kind->name != NULL; kind++) {
        if (strcmp(kind->name, name) == 0) {
            return kind;
        }
    }

    (void) ctl_error("kind is one of those that pupilctl import takes:"
                     " oneroster, oneroster-rest, sds, ss12000 or unilogin");

    return NULL;
}


/* One at a time of a source, by its file. */
static int
file_lock(const char *path)
{
    int  fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0
           : ctl_error("another sync of %s is running", path);
}


/* In the child: how it ends; in us: how it ended, or -1. */
static int
try_run(ctl_t *ctl, const kind_t *kind, int *child)
{
    int    status;
    pid_t  pid, parent;

    parent = getpid();
    fflush(NULL);
    pid = fork();

    if (pid < 0) {
        return ctl_error("fork: %s", strerror(errno));
    }

    if (pid == 0) {
        *child = 1;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
            return CTL_FAILED;
        }

        return kind->run(ctl);
    }

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return ctl_error("waitpid: %s", strerror(errno));
        }
    }

    return WIFEXITED(status) ? WEXITSTATUS(status)
           : ctl_error("the import was killed");
}


/* From half as long to as long and a half: others wait, too. */
static void
pause_for(int seconds)
{
    uint64_t         ms;
    struct timespec  time;

    ms = (uint64_t) seconds * 500
         + randombytes_uniform((uint32_t) seconds * 1000);
    time.tv_sec = (time_t) (ms / 1000);
    time.tv_nsec = (long) (ms % 1000) * 1000000;

    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
        /* void */
    }
}


static int
tries_run(ctl_t *ctl, const kind_t *kind, int tries, int wait)
{
    int  rc, child, n;

    child = 0;

    for (n = 1; ; n++) {
        rc = try_run(ctl, kind, &child);

        if (child || (rc != CTL_BUSY && rc != CTL_SILENT)) {
            break;
        }

        if (n == tries) {
            break;
        }

        ctl_note("try %d of %d: in some %d seconds again", n, tries, wait);
        pause_for(wait);
        wait = wait > WAIT_MAX / 2 ? WAIT_MAX : 2 * wait;
    }

    if (!child && rc == CTL_BUSY) {
        (void) ctl_error("an import of this tenant was running, or an erasure:"
                         " nothing was changed");
        return CTL_FAILED;
    }

    return rc < 0 ? CTL_FAILED : rc;
}


/* What the command line says stays. */
static int
flag_read(const char *name, const char *value, int *flag)
{
    if (value == NULL || strcmp(value, "no") == 0) {
        return 0;
    }

    if (strcmp(value, "yes") != 0) {
        return ctl_error("%s is yes or no", name);
    }

    *flag = 1;

    return 0;
}


int
ctl_cmd_sync(ctl_t *ctl)
{
    int            tries, wait;
    sync_t         sync;
    const char    *path;
    const kind_t  *kind;

    memset(&sync, 0, sizeof(sync_t));
    path = ctl->args[0];
    tries = TRIES;
    wait = WAIT;

    if (file_read(ctl, &sync, path) != 0) {
        return CTL_USAGE;
    }

    kind = kind_find(sync.kind);

    if (kind == NULL || number_read("tries", sync.tries, TRIES_MAX, &tries) != 0
        || number_read("wait", sync.wait, WAIT_MAX, &wait) != 0)
    {
        return CTL_USAGE;
    }

    if (sync.from == NULL || ctl->opt.source == NULL) {
        (void) ctl_error("%s has to say source and from", path);
        return CTL_USAGE;
    }

    if (flag_read("close-absent", sync.close_absent, &ctl->opt.close_absent)
        != 0
        || flag_read("pupil-login-email", sync.pupil_login_email,
                     &ctl->opt.pupil_login_email)
           != 0)
    {
        return CTL_USAGE;
    }

    if (file_lock(path) != 0) {
        return CTL_FAILED;
    }

    if (ctl->opt.end) {
        return ctl_keys_tenant(ctl) == 0
               && roster_source_unsynced(ctl, ctl->opt.source) == 0
               ? CTL_DONE : CTL_FAILED;
    }

    ctl->opt.sync = 1;
    ctl->args[0] = sync.from;

    return tries_run(ctl, kind, tries, wait);
}

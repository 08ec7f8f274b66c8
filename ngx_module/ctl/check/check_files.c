/*
 * Copyright (C) the Pupil authors
 *
 * What workers read by themselves when they connect: a password file,
 * certificates, a socket.  Who runs check is root and may read everything, so
 * each is tried in a child that is what a worker is.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/base/buf.h"
#include "ctl/check/found.h"


/* Words of a conninfo that name a file. */
static const char *const  file_words[] = {
    "passfile", "sslrootcert", "sslcert", "sslkey", "sslcrl", NULL
};

/* By pupil_database_id_t. */
static const char *const  directives[PUPIL_DATABASE_COUNT] = {
    [PUPIL_DATABASE_DATA] = "pupil_database",
    [PUPIL_DATABASE_KEYSTORE] = "pupil_keystore"
};


/* Who workers are. */
typedef struct {
    const char  *name;          /* NULL: who we are, or nobody to be found */
    uid_t        uid;
    gid_t        gid;
} worker_t;


/*
 * As nginx finds them: its directive "user", whose group is named like the
 * user where it names none, else the two that nginx was built with.
 */
static void
worker_find(const check_t *check, worker_t *worker)
{
    const char           *name, *group;
    const nginxconf_t    *d;
    const struct group   *gr;
    const struct passwd  *pw;

    memset(worker, 0, sizeof(worker_t));

    if (geteuid() != 0) {
        return;
    }

    name = PUPIL_NGINX_USER;
    group = PUPIL_NGINX_GROUP;

    for (d = check->root->first; d != NULL; d = d->next) {
        if (strcmp(d->words[0], "user") == 0 && d->count >= 2) {
            name = d->words[1];
            group = d->words[d->count - 1];
        }
    }

    pw = getpwnam(name);
    gr = getgrnam(group);

    if (pw != NULL && gr != NULL) {
        worker->name = pw->pw_name;
        worker->uid = pw->pw_uid;
        worker->gid = gr->gr_gid;
    }
}


/* 0, or why they cannot; -1 when it cannot be tried. */
static int
try_as(const worker_t *worker, const char *path, int mode)
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        if (setgid(worker->gid) != 0
            || initgroups(worker->name, worker->gid) != 0
            || setuid(worker->uid) != 0)
        {
            _exit(0);
        }

        _exit(access(path, mode) == 0 ? 0 : errno);
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return -1;
    }

    return WEXITSTATUS(status);
}


static void
file_check(check_t *check, const worker_t *worker, const char *directive,
    const char *word, const char *path)
{
    int          err;
    struct stat  st;

    err = try_as(worker, path, R_OK);

    if (err > 0) {
        check_found(check, "%s: user \"%s\" of the workers cannot read %s %s:"
                    " %s", directive, worker->name, word, path,
                    strerror(err));
        return;
    }

    if (strcmp(word, "passfile") == 0 && stat(path, &st) == 0
        && (st.st_mode & 077))
    {
        check_found(check, "%s: passfile %s can be read by others, so that"
                    " libpq ignores it: chmod 600", directive, path);
    }
}


/* A socket's folder stands where a host does. */
static void
socket_check(check_t *check, const worker_t *worker, const char *directive,
    const char *folder, const char *port)
{
    int         err;
    ctl_buf_t   path;

    ctl_buf_init(&path);
    ctl_buf_printf(&path, "%s/.s.PGSQL.%s", folder, port);

    err = try_as(worker, path.data, W_OK);

    if (err > 0) {
        check_found(check, "%s: user \"%s\" of the workers cannot reach socket"
                    " %s: %s", directive, worker->name, path.data,
                    strerror(err));
    }

    ctl_buf_free(&path);
}


static const char *
option_find(const PQconninfoOption *option, const char *keyword)
{
    for ( /* void */ ; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, keyword) == 0) {
            return option->val;
        }
    }

    return NULL;
}


static void
conninfo_check(check_t *check, const worker_t *worker,
    const char *directive, const char *conninfo)
{
    const char         *value, *port;
    PQconninfoOption   *options;
    const char *const  *word;

    options = PQconninfoParse(conninfo, NULL);
    if (options == NULL) {
        return;
    }

    for (word = file_words; *word != NULL; word++) {
        value = option_find(options, *word);

        if (value != NULL && value[0] == '/') {
            file_check(check, worker, directive, *word, value);
        }
    }

    value = option_find(options, "host");
    port = option_find(options, "port");

    /* one of a list is any of them: whether others serve is not known */
    if (value != NULL && value[0] == '/' && strchr(value, ',') == NULL) {
        socket_check(check, worker, directive, value,
                     port != NULL ? port : "5432");
    }

    PQconninfoFree(options);
}


void
check_files(check_t *check)
{
    unsigned  i;
    worker_t  worker;

    worker_find(check, &worker);

    if (worker.name == NULL) {
        return;
    }

    for (i = 0; i < PUPIL_DATABASE_COUNT; i++) {
        if (check->conninfo[i] != NULL) {
            conninfo_check(check, &worker, directives[i], check->conninfo[i]);
        }
    }
}

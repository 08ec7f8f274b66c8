/*
 * Copyright (C) the Pupil authors
 *
 * libpq's file of passwords, as init writes it.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"
#include "ctl/base/file.h"
#include "ctl/setup/passfile.h"


static int mode_check(const char *path, const struct stat *st);
static const char *unescape(char *secret);
static int line_write(int fd, const char *path, const char *prefix,
    const char *secret);


int
ctl_passfile_check(const char *path)
{
    struct stat  st;

    if (stat(path, &st) != 0) {
        return errno == ENOENT ? ctl_file_creatable(path)
                               : ctl_error("%s: %s", path, strerror(errno));
    }

    return mode_check(path, &st);
}


static int
mode_check(const char *path, const struct stat *st)
{
    if (st->st_mode & 077) {
        return ctl_error("%s is readable by others: chmod 600", path);
    }

    return 0;
}


const char *
ctl_passfile_find(ctl_pool_t *pool, const char *path, const char *prefix)
{
    char    *text, *line, *end;
    size_t   len;

    if (access(path, F_OK) != 0) {
        return NULL;
    }

    text = ctl_file_read(pool, path, &len);

    for (line = text; line != NULL; line = end) {
        end = strchr(line, '\n');
        if (end != NULL) {
            *end++ = '\0';
        }

        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            return unescape(line + strlen(prefix));
        }
    }

    return NULL;
}


/* In place: a colon or a backslash of a password has one before it. */
static const char *
unescape(char *secret)
{
    char  *from, *to;

    for (from = secret, to = secret; *from != '\0'; from++, to++) {
        if (*from == '\\' && from[1] != '\0') {
            from++;
        }

        *to = *from;
    }

    *to = '\0';

    return secret;
}


int
ctl_passfile_add(const char *path, const char *prefix, const char *secret)
{
    int          fd, rc;
    struct stat  st;

    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    if (fstat(fd, &st) != 0) {
        rc = ctl_error("%s: %s", path, strerror(errno));
    } else {
        rc = mode_check(path, &st);
    }

    if (rc == 0) {
        rc = line_write(fd, path, prefix, secret);
    }

    close(fd);

    return rc;
}


static int
line_write(int fd, const char *path, const char *prefix, const char *secret)
{
    int        rc;
    ctl_buf_t  buf;

    rc = 0;
    ctl_buf_init(&buf);
    ctl_buf_printf(&buf, "%s%s\n", prefix, secret);

    if (ctl_file_put(fd, buf.data, buf.len) != 0) {
        rc = ctl_error("%s: %s", path, strerror(errno));
    }

    ctl_buf_free(&buf);

    return rc;
}

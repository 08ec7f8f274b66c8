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


static int line_write(int fd, const char *path, const char *prefix,
    const char *secret);


int
ctl_passfile_has(const char *path, const char *prefix)
{
    int          found;
    char        *text;
    size_t       len;
    ctl_pool_t   pool;

    if (access(path, F_OK) != 0) {
        return 0;
    }

    memset(&pool, 0, sizeof(ctl_pool_t));

    text = ctl_file_read(&pool, path, &len);
    found = text != NULL && strstr(text, prefix) != NULL;

    ctl_pool_free(&pool);

    return found;
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

    } else if (st.st_mode & 077) {
        rc = ctl_error("%s is readable by others: chmod 600", path);

    } else {
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

    if (write(fd, buf.data, buf.len) != (ssize_t) buf.len || fsync(fd) != 0) {
        rc = ctl_error("%s: %s", path, strerror(errno));
    }

    ctl_buf_free(&buf);

    return rc;
}

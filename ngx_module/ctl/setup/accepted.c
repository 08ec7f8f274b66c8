/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/base/buf.h"
#include "ctl/setup/accepted.h"
#include "ctl/store/plugins.h"


static int file_write(const char *path, const ctl_buf_t *text);


/* Beside it, then in its place: nginx -t never reads half of it. */
int
ctl_accepted_write(ctl_t *ctl, PGconn *conn)
{
    int          rc;
    ctl_buf_t    next, text;
    pupil_str_t  accepted;

    if (ctl->opt.accepted == NULL) {
        return 0;
    }

    accepted = ctl_plugins_accepted(ctl, conn);
    if (accepted.data == NULL) {
        return -1;
    }

    ctl_buf_init(&next);
    ctl_buf_init(&text);

    ctl_buf_printf(&next, "%s.new", ctl->opt.accepted);
    ctl_buf_text(&text, PUPIL_ACCEPTED_HEAD);
    ctl_buf_add(&text, (const char *) accepted.data, accepted.len);

    rc = file_write(next.data, &text);

    if (rc == 0 && rename(next.data, ctl->opt.accepted) != 0) {
        rc = ctl_error("%s: %s", ctl->opt.accepted, strerror(errno));
    }

    ctl_buf_free(&next);
    ctl_buf_free(&text);

    return rc;
}


static int
file_write(const char *path, const ctl_buf_t *text)
{
    int  fd, rc;

    (void) unlink(path);

    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    rc = 0;

    if (fchmod(fd, 0644) != 0
        || write(fd, text->data, text->len) != (ssize_t) text->len
        || fsync(fd) != 0)
    {
        rc = ctl_error("%s: %s", path, strerror(errno));
    }

    (void) close(fd);

    return rc;
}

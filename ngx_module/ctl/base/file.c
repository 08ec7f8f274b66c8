/*
 * Copyright (C) the Pupil authors
 *
 * Files that pupilctl reads as a whole.  One of them holds keys: no copy stays
 * but the pool's, so it is read without stdio.
 */

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"
#include "ctl/base/file.h"


#define FILE_SIZE_MAX  (16 * 1024 * 1024)
#define CHUNK          8192
#define PATH_SIZE  1024


static char *file_take(ctl_pool_t *pool, const char *path, int own,
    size_t *len);
static int file_own(int fd, const char *path);
static int file_read(int fd, ctl_buf_t *buf, const char *path);
static void folder_of(ctl_buf_t *folder, const char *path);


char *
ctl_file_read(ctl_pool_t *pool, const char *path, size_t *len)
{
    return file_take(pool, path, 0, len);
}


char *
ctl_file_secret(ctl_pool_t *pool, const char *path, size_t *len)
{
    return file_take(pool, path, 1, len);
}


static char *
file_take(ctl_pool_t *pool, const char *path, int own, size_t *len)
{
    int         fd;
    char       *text;
    ctl_buf_t   buf;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        ctl_error("%s: %s", path, strerror(errno));
        return NULL;
    }

    text = NULL;
    ctl_buf_init(&buf);

    if ((!own || file_own(fd, path) == 0) && file_read(fd, &buf, path) == 0) {
        text = ctl_pool_text(pool, buf.data, buf.len);
        *len = buf.len;
    }

    close(fd);
    ctl_buf_free(&buf);

    return text;
}


static int
file_own(int fd, const char *path)
{
    struct stat  st;

    if (fstat(fd, &st) != 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    return (st.st_mode & 077) == 0
           ? 0 : ctl_error("%s is not its owner's alone: chmod 600 it", path);
}


static int
file_read(int fd, ctl_buf_t *buf, const char *path)
{
    char     chunk[CHUNK];
    ssize_t  n;

    do {
        n = read(fd, chunk, CHUNK);

        if (n > 0) {
            ctl_buf_add(buf, chunk, (size_t) n);
        }

    } while (n > 0 && buf->len <= FILE_SIZE_MAX);

    sodium_memzero(chunk, sizeof(chunk));

    if (n < 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    if (buf->len > FILE_SIZE_MAX) {
        return ctl_error("%s: larger than 16 MiB", path);
    }

    return 0;
}


int
ctl_file_creatable(const char *path)
{
    int        rc;
    ctl_buf_t  folder;

    folder_of(&folder, path);

    if (access(folder.data, W_OK | X_OK) == 0) {
        rc = 0;

    } else if (errno == ENOENT) {
        rc = ctl_error("%s: there is no folder %s: make it first", path,
                       folder.data);

    } else {
        rc = ctl_error("%s: folder %s: %s", path, folder.data,
                       strerror(errno));
    }

    ctl_buf_free(&folder);

    return rc;
}


static void
folder_of(ctl_buf_t *folder, const char *path)
{
    const char  *slash;

    slash = strrchr(path, '/');

    ctl_buf_init(folder);
    ctl_buf_add(folder, path, slash != NULL ? (size_t) (slash - path) : 0);
    ctl_buf_text(folder, slash != NULL ? "/" : ".");
}


int
ctl_file_sync_folder(const char *path)
{
    int        fd, rc;
    ctl_buf_t  folder;

    folder_of(&folder, path);
    fd = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd >= 0 && fsync(fd) == 0 ? 0
         : ctl_error("%s: %s", folder.data, strerror(errno));

    if (fd >= 0) {
        close(fd);
    }

    ctl_buf_free(&folder);

    return rc;
}


/* One that takes a part says why with the next. */
int
ctl_file_put(int fd, const void *data, size_t len)
{
    ssize_t      n;
    const char  *p, *end;

    p = data;

    for (end = p + len; p != end; p += n) {
        n = write(fd, p, (size_t) (end - p));

        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return -1;
        }
    }

    return fsync(fd);
}


int
ctl_file_create(const char *path, mode_t mode)
{
    int  fd;

    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              mode);

    return fd >= 0 ? fd
           : errno == EEXIST
           ? ctl_error("%s is there already: of another run, which may have"
                       " ended: look, and remove it", path)
           : ctl_error("%s: %s", path, strerror(errno));
}


int
ctl_file_write(const char *path, const char *text, mode_t mode, int fresh)
{
    int   fd, failed;
    char  part[PATH_SIZE];

    if (snprintf(part, sizeof(part), "%s%s", path, fresh ? "" : ".new")
        >= (int) sizeof(part))
    {
        return ctl_error("%s: the name is too long", path);
    }

    fd = ctl_file_create(part, mode);
    if (fd < 0) {
        return -1;
    }

    failed = fchmod(fd, mode) != 0
             || ctl_file_put(fd, text, strlen(text)) != 0;

    if (close(fd) != 0 || failed || (!fresh && rename(part, path) != 0)) {
        (void) ctl_error("%s: %s", path, strerror(errno));
        (void) unlink(part);
        return -1;
    }

    return 0;
}

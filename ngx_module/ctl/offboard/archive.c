/*
 * Copyright (C) the Pupil authors
 *
 * A member is as long as its header says, so it is in memory as a whole, and
 * the archive never is.  Nothing of it is on the disk but what age has made.
 */

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/base/file.h"
#include "ctl/offboard/archive.h"


#define BLOCK  512              /* bytes; members end with one */


/* POSIX.1-1988, "ustar": numbers are octal digits, with a NUL behind them. */
typedef struct {
    char  name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
    char  checksum[8], type, link[100], magic[6], version[2];
    char  user[32], group[32], major[8], minor[8], prefix[155], pad[12];
} header_t;

_Static_assert(sizeof(header_t) == BLOCK, "a header of tar is a block");


static int age_start(ctl_archive_t *archive, const char *recipients);
static void age_run(const int ends[2], int fd, const char *recipients);
static int age_end(ctl_archive_t *archive);
static void header_make(const char *name, size_t len, header_t *header);
static int bytes_write(const ctl_archive_t *archive, const void *data,
    size_t len);


int
ctl_archive_open(ctl_archive_t *archive, const char *path,
    const char *recipients)
{
    memset(archive, 0, sizeof(ctl_archive_t));
    archive->path = path;

    /* age says itself why it ended */
    (void) signal(SIGPIPE, SIG_IGN);

    ctl_buf_init(&archive->part);
    ctl_buf_printf(&archive->part, "%s.part", path);

    if (access(path, F_OK) == 0) {
        ctl_buf_free(&archive->part);
        return ctl_error("%s is there already", path);
    }

    archive->fd = ctl_file_create(archive->part.data, 0600);

    if (archive->fd < 0) {
        ctl_buf_free(&archive->part);
        return -1;
    }

    return age_start(archive, recipients);
}


static int
age_start(ctl_archive_t *archive, const char *recipients)
{
    int  ends[2];

    if (pipe(ends) != 0) {
        archive->pipe = -1;
        ctl_archive_close(archive, 0);
        return ctl_error("pipe: %s", strerror(errno));
    }

    archive->age = fork();

    if (archive->age == 0) {
        age_run(ends, archive->fd, recipients);
    }

    close(ends[0]);
    archive->pipe = ends[1];

    if (archive->age < 0) {
        ctl_archive_close(archive, 0);
        return ctl_error("fork: %s", strerror(errno));
    }

    return 0;
}


static void
age_run(const int ends[2], int fd, const char *recipients)
{
    (void) signal(SIGPIPE, SIG_DFL);

    if (dup2(ends[0], STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0) {
        close(ends[0]);
        close(ends[1]);
        (void) execlp("age", "age", "--encrypt", "-R", recipients,
                      (char *) NULL);
    }

    ctl_error("age, which encrypts the archive: %s", strerror(errno));
    _exit(127);
}


int
ctl_archive_add(ctl_archive_t *archive, const char *name, const void *data,
    size_t len)
{
    header_t           header;
    static const char  zeros[BLOCK];

    header_make(name, len, &header);
    crypto_hash_sha256(archive->sha256, data, len);

    return bytes_write(archive, &header, sizeof(header)) == 0
           && bytes_write(archive, data, len) == 0
           ? bytes_write(archive, zeros, (BLOCK - len % BLOCK) % BLOCK) : -1;
}


/* Its checksum is of a header with blanks where the checksum stands. */
static void
header_make(const char *name, size_t len, header_t *header)
{
    size_t               i;
    unsigned             sum;
    const unsigned char  *bytes;

    memset(header, 0, sizeof(header_t));
    snprintf(header->name, sizeof(header->name), "%s", name);
    snprintf(header->mode, sizeof(header->mode), "%07o", 0600);
    snprintf(header->uid, sizeof(header->uid), "%07o", 0);
    snprintf(header->gid, sizeof(header->gid), "%07o", 0);
    snprintf(header->size, sizeof(header->size), "%011zo", len);
    snprintf(header->mtime, sizeof(header->mtime), "%011lo",
             (unsigned long) time(NULL));
    header->type = '0';
    memcpy(header->magic, "ustar", sizeof(header->magic));
    memcpy(header->version, "00", sizeof(header->version));
    memset(header->checksum, ' ', sizeof(header->checksum));

    bytes = (const unsigned char *) header;

    for (i = 0, sum = 0; i < sizeof(header_t); i++) {
        sum += bytes[i];
    }

    snprintf(header->checksum, sizeof(header->checksum), "%06o", sum);
}


static int
bytes_write(const ctl_archive_t *archive, const void *data, size_t len)
{
    ssize_t         n;
    const uint8_t  *p;

    for (p = data; len != 0; p += n, len -= (size_t) n) {
        n = write(archive->pipe, p, len);

        if (n < 0 && errno == EINTR) {
            n = 0;
        }

        if (n < 0) {
            return ctl_error("%s: age took no more of it: %s", archive->path,
                             strerror(errno));
        }
    }

    return 0;
}


int
ctl_archive_close(ctl_archive_t *archive, int whole)
{
    int                rc;
    static const char  end[2 * BLOCK];

    rc = whole ? bytes_write(archive, end, sizeof(end)) : -1;

    if (archive->pipe >= 0) {
        close(archive->pipe);
    }

    if (age_end(archive) != 0) {
        rc = -1;
    }

    if (rc == 0 && (fsync(archive->fd) != 0
                    || rename(archive->part.data, archive->path) != 0))
    {
        rc = ctl_error("%s: %s", archive->path, strerror(errno));
    }

    close(archive->fd);

    if (rc != 0) {
        (void) unlink(archive->part.data);
    }

    ctl_buf_free(&archive->part);

    return rc;
}


static int
age_end(ctl_archive_t *archive)
{
    int    status;
    pid_t  pid;

    if (archive->age <= 0) {
        return -1;
    }

    do {
        pid = waitpid(archive->age, &status, 0);
    } while (pid < 0 && errno == EINTR);

    return pid == archive->age && status == 0 ? 0
           : ctl_error("%s: it was not encrypted", archive->path);
}

/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/audit/anchor.h"
#include "ctl/base/file.h"
#include "ctl/store/audit_log.h"


#define MODE  0644              /* there is no secret in it */


static int end_check(int fd, const char *path, size_t at);
static int fail(const char *path);


int
anchor_folder(const ctl_t *ctl)
{
    struct stat  st;

    if (stat(ctl->opt.checkpoints, &st) != 0) {
        return fail(ctl->opt.checkpoints);
    }

    return S_ISDIR(st.st_mode) ? 0
           : ctl_error("%s: is no folder", ctl->opt.checkpoints);
}


int
anchor_open(anchor_t *anchor, ctl_t *ctl)
{
    int          fd;
    void        *map;
    struct stat  st;

    memset(anchor, 0, sizeof(anchor_t));

    if (snprintf(anchor->path, sizeof(anchor->path), "%s/%s.checkpoints",
                 ctl->opt.checkpoints, ctl->tenant_text)
        >= (int) sizeof(anchor->path))
    {
        return ctl_error("--checkpoints is too long");
    }

    fd = open(anchor->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT ? 0 : fail(anchor->path);
    }

    map = NULL;

    if (fstat(fd, &st) == 0 && st.st_size != 0) {
        map = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }

    if (map == MAP_FAILED) {
        close(fd);
        return fail(anchor->path);
    }

    close(fd);

    if (map != NULL) {
        anchor->map = map;
        anchor->whole.data = map;
        anchor->whole.len = (size_t) st.st_size;
        anchor->rest = anchor->whole;
    }

    return 0;
}


pupil_rc_t
anchor_next(anchor_t *anchor, pupil_note_t *note)
{
    return pupil_note_next(&anchor->rest, note);
}


size_t
anchor_at(const anchor_t *anchor)
{
    return anchor->whole.len - anchor->rest.len;
}


void
anchor_close(anchor_t *anchor)
{
    if (anchor->map != NULL) {
        munmap(anchor->map, anchor->whole.len);
        anchor->map = NULL;
    }
}


int
anchor_append(const char *path, size_t at, const char *note)
{
    int     fd, failed;
    char    text[LOG_NOTE_SIZE + 1];
    size_t  len;

    len = (size_t) snprintf(text, sizeof(text), "%s\n", note);

    if (len >= sizeof(text)) {
        return ctl_error("%s: what is to be added is no checkpoint", path);
    }

    fd = open(path, O_RDWR | O_CLOEXEC | (at == 0 ? O_CREAT : 0), MODE);

    if (fd < 0) {
        return fail(path);
    }

    if (end_check(fd, path, at) != 0) {
        close(fd);
        return -1;
    }

    failed = fchmod(fd, MODE) != 0
             || ftruncate(fd, (off_t) at) != 0
             || lseek(fd, (off_t) at, SEEK_SET) < 0
             || ctl_file_put(fd, text, len) != 0;

    if (close(fd) != 0 || failed) {
        return fail(path);
    }

    /* the name of a file that is new has to stay, too */
    return at == 0 ? ctl_file_sync_folder(path) : 0;
}


/* Closing gives the lock back. */
static int
end_check(int fd, const char *path, size_t at)
{
    ssize_t      n;
    uint8_t      behind[LOG_NOTE_SIZE];
    pupil_str_t  rest;
    struct stat  st;
    pupil_note_t note;

    if (flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0
        || (n = pread(fd, behind, sizeof(behind), (off_t) at)) < 0)
    {
        return fail(path);
    }

    rest.data = behind;
    rest.len = (size_t) n;

    if (st.st_size < (off_t) at) {
        return ctl_error("%s has %jd bytes, and had %zu: is its disk mounted?",
                         path, (intmax_t) st.st_size, at);
    }

    if (pupil_note_next(&rest, &note) == PUPIL_OK
        || n == (ssize_t) sizeof(behind))
    {
        return ctl_error("%s has more than this sealer has written: another"
                         " one is at work", path);
    }

    return 0;
}


static int
fail(const char *path)
{
    return ctl_error("%s: %s", path, strerror(errno));
}

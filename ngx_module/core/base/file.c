/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"


static pupil_rc_t file_take(int fd, const char *path, int most,
    const pupil_alloc_t *alloc, pupil_str_t *text, pupil_error_t *error);


pupil_rc_t
pupil_file_read(const char *path, int most, const pupil_alloc_t *alloc,
    pupil_str_t *text, pupil_error_t *error)
{
    int         fd;
    pupil_rc_t  rc;

    /* Non-blocking: a FIFO at this path must not hang the start. */

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        return pupil_error_set(error, "cannot open \"%s\": %s", path,
                               strerror(errno));
    }

    rc = file_take(fd, path, most, alloc, text, error);
    (void) close(fd);

    return rc;
}


static pupil_rc_t
file_take(int fd, const char *path, int most, const pupil_alloc_t *alloc,
    pupil_str_t *text, pupil_error_t *error)
{
    ssize_t      n;
    uint8_t     *data;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return pupil_error_set(error, "cannot read \"%s\": %s", path,
                               strerror(errno));
    }

    if (!S_ISREG(st.st_mode) || st.st_size > most) {
        return pupil_error_set(error, "\"%s\" is no regular file of at most"
                               " %d bytes", path, most);
    }

    data = alloc->alloc(alloc->ctx, (size_t) st.st_size + 1);
    if (data == NULL) {
        (void) pupil_error_set(error, "out of memory");
        return PUPIL_NO_MEMORY;
    }

    n = read(fd, data, (size_t) st.st_size);

    if (n != (ssize_t) st.st_size) {
        return pupil_error_set(error, "cannot read all of \"%s\"", path);
    }

    text->data = data;
    text->len = (size_t) n;

    return PUPIL_OK;
}

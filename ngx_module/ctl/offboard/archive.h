/*
 * Copyright (C) the Pupil authors
 *
 * An archive that is encrypted as it is written: tar, through age(1), to the
 * public keys of a file.  It has its name once it is whole and on the disk.
 */

#ifndef PUPIL_CTL_ARCHIVE_H
#define PUPIL_CTL_ARCHIVE_H

#include <sys/types.h>

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"


typedef struct {
    const char  *path;
    ctl_buf_t    part;          /* the name until then */
    int          pipe, fd;      /* to age; what it writes */
    pid_t        age;
    uint8_t      sha256[32];    /* of the member that was added last */
} ctl_archive_t;


/* 0, or -1 with the error said: nothing is to be closed then. */
int ctl_archive_open(ctl_archive_t *archive, const char *path,
    const char *recipients);

/* A member; name: at most 99 bytes. */
int ctl_archive_add(ctl_archive_t *archive, const char *name,
    const void *data, size_t len);

/* whole 0: what was written is taken away. */
int ctl_archive_close(ctl_archive_t *archive, int whole);

#endif /* PUPIL_CTL_ARCHIVE_H */

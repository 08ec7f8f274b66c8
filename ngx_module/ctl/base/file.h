/*
 * Copyright (C) the Pupil authors
 *
 * Files that pupilctl reads as a whole: configuration, keys, SQL; and those
 * that it makes.
 */

#ifndef PUPIL_CTL_FILE_H
#define PUPIL_CTL_FILE_H

#include <sys/types.h>

#include "ctl/base/memory.h"


/*
 * Its content, NUL-terminated, at most 16 MiB; *len: bytes, without the NUL.
 * NULL with the error said.  Ownership: the pool's.
 */
char *ctl_file_read(ctl_pool_t *pool, const char *path, size_t *len);

/* The same of one that is its owner's alone, or nobody reads it. */
char *ctl_file_secret(ctl_pool_t *pool, const char *path, size_t *len);

/*
 * A descriptor of a file that was not there: nothing is written over, nor
 * through a link.  -1 with the error said.
 */
int ctl_file_create(const char *path, mode_t mode);

/* fresh: it must not be there; else it is replaced as a whole. */
int ctl_file_write(const char *path, const char *text, mode_t mode, int fresh);

/*
 * Adds to an open file, and waits until that is on the disk.  0, or -1 with
 * errno: part of it may be there.
 */
int ctl_file_put(int fd, const void *data, size_t len);

/* Waits until a file that was made is on the disk by this name.  0, or -1. */
int ctl_file_sync_folder(const char *path);

/* Is there a folder to make it in?  0, or -1 with the error said. */
int ctl_file_creatable(const char *path);

#endif /* PUPIL_CTL_FILE_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Private copies of plugins' files, which nobody can change.
 */

#ifndef PUPIL_COPY_H
#define PUPIL_COPY_H

#include "core/base/pupil.h"


/* Bytes of a copy's name. */
#define PUPIL_COPY_NAME  32

/* The descriptor is open as long as the code of the copy is loaded. */
typedef struct {
    int  fd;                            /* -1: none */
} pupil_copy_t;


/*
 * Copies the file at path (absolute) and tells its SHA-256.  What is copied
 * is what was hashed.  Refuses what ends before its ELF header says so.
 * Ownership: the caller's, to be closed; also after a refusal.
 */
pupil_rc_t pupil_copy_make(pupil_copy_t *copy, const char *path,
    uint8_t sha256[PUPIL_HASH_LEN], pupil_error_t *error);
void pupil_copy_close(pupil_copy_t *copy);

/* A name for dlopen(), which no object that is loaded has. */
pupil_rc_t pupil_copy_name(pupil_copy_t *copy, char name[PUPIL_COPY_NAME],
    pupil_error_t *error);

#endif /* PUPIL_COPY_H */

/*
 * Copyright (C) the Pupil authors
 *
 * Files of settings, read whole when a configuration is: never by a request.
 */

#ifndef PUPIL_FILE_H
#define PUPIL_FILE_H

#include "core/base/pupil.h"


/*
 * All of a regular file of so many bytes at most.  Ownership: alloc's.
 * PUPIL_OK; else error says what the path is, or PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_file_read(const char *path, int most,
    const pupil_alloc_t *alloc, pupil_str_t *text, pupil_error_t *error);

#endif /* PUPIL_FILE_H */

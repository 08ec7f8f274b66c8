/*
 * Copyright (C) the Pupil authors
 *
 * Files that pupilctl reads as a whole.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"
#include "ctl/base/file.h"


#define FILE_SIZE_MAX  (16 * 1024 * 1024)
#define CHUNK          8192


char *
ctl_file_read(ctl_pool_t *pool, const char *path, size_t *len)
{
    FILE       *file;
    char       *text, chunk[CHUNK];
    size_t      n;
    ctl_buf_t   buf;

    file = fopen(path, "re");
    if (file == NULL) {
        ctl_error("%s: %s", path, strerror(errno));
        return NULL;
    }

    text = NULL;
    ctl_buf_init(&buf);

    while ((n = fread(chunk, 1, CHUNK, file)) != 0
           && buf.len <= FILE_SIZE_MAX)
    {
        ctl_buf_add(&buf, chunk, n);
    }

    if (ferror(file)) {
        ctl_error("%s: %s", path, strerror(errno));

    } else if (buf.len > FILE_SIZE_MAX) {
        ctl_error("%s: larger than 16 MiB", path);

    } else {
        text = ctl_pool_text(pool, buf.data, buf.len);
        *len = buf.len;
    }

    fclose(file);
    ctl_buf_free(&buf);

    return text;
}

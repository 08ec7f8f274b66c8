/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/plugin/accepted.h"
#include "core/plugin/names.h"


#define PUPIL_ACCEPTED_MAX  (1024 * 1024)              /* bytes of a file */
#define PUPIL_PROJECTED     " projected"


static pupil_rc_t pupil_accepted_file(int fd, const char *path, size_t *size,
    pupil_error_t *error);
static int pupil_accepted_grant(pupil_str_t text,
    const pupil_plugin_t *plugin, const pupil_grant_t *grant,
    pupil_str_t field);
static int pupil_accepted_has(pupil_str_t text, const char *line, size_t len);


pupil_rc_t
pupil_accepted_read(const char *path, const pupil_alloc_t *alloc,
    pupil_str_t *text, pupil_error_t *error)
{
    int          fd;
    size_t       size;
    ssize_t      n;
    uint8_t     *data;
    pupil_rc_t   rc;

    size = 0;

    /* Non-blocking: a FIFO at this path must not hang the start. */

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        return pupil_error_set(error, "cannot open \"%s\": %s; \"pupilctl"
                               " plugin accept FILE --accepted\" writes it",
                               path, strerror(errno));
    }

    rc = pupil_accepted_file(fd, path, &size, error);
    if (rc != PUPIL_OK) {
        (void) close(fd);
        return rc;
    }

    data = alloc->alloc(alloc->ctx, size + 1);
    n = data != NULL ? read(fd, data, size) : 0;
    (void) close(fd);

    if (data == NULL) {
        (void) pupil_error_set(error, "out of memory");
        return PUPIL_NO_MEMORY;
    }

    text->data = data;
    text->len = n > 0 ? (size_t) n : 0;

    if (text->len < sizeof(PUPIL_ACCEPTED_HEAD) - 1
        || memcmp(data, PUPIL_ACCEPTED_HEAD, sizeof(PUPIL_ACCEPTED_HEAD) - 1)
           != 0)
    {
        return pupil_error_set(error, "\"%s\" is a file that pupilctl did not"
                               " write: remove it, and see \"pupilctl plugin"
                               " accept FILE --accepted\"", path);
    }

    return PUPIL_OK;
}


/* Whoever writes it accepts: root, or who runs this. */
static pupil_rc_t
pupil_accepted_file(int fd, const char *path, size_t *size,
    pupil_error_t *error)
{
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return pupil_error_set(error, "cannot read \"%s\": %s", path,
                               strerror(errno));
    }

    if (!S_ISREG(st.st_mode) || st.st_size > PUPIL_ACCEPTED_MAX) {
        return pupil_error_set(error, "\"%s\" is no regular file of at most"
                               " %d bytes", path, PUPIL_ACCEPTED_MAX);
    }

    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return pupil_error_set(error, "\"%s\" belongs to user %u, who may"
                               " change it: chown root", path,
                               (unsigned) st.st_uid);
    }

    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        return pupil_error_set(error, "others may change \"%s\": chmod 644",
                               path);
    }

    *size = (size_t) st.st_size;

    return PUPIL_OK;
}


pupil_rc_t
pupil_accepted_covers(pupil_str_t text, const pupil_category_t *category,
    pupil_error_t *wider)
{
    uint32_t               i;
    const char            *list;
    pupil_str_t            field;
    const pupil_grant_t   *grant;
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;

    for (i = 0; i < plugin->grants_count; i++) {
        grant = &plugin->grants[i];

        for (list = grant->fields; pupil_name_next(&list, &field); ) {

            if (pupil_accepted_grant(text, plugin, grant, field)) {
                continue;
            }

            return pupil_error_set(wider, "%s %.*s for %s through %s%s",
                                   pupil_operation_name(grant->operation),
                                   (int) field.len, (const char *) field.data,
                                   pupil_purpose_name(grant->purpose),
                                   pupil_relation_name(grant->relation),
                                   grant->flags & PUPIL_GRANT_PROJECTED
                                   ? " (projected)" : "");
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_accepted_check(pupil_str_t text, const pupil_category_t *category,
    pupil_error_t *error)
{
    pupil_rc_t      rc;
    pupil_error_t   wider;

    rc = pupil_accepted_covers(text, category, &wider);

    if (rc == PUPIL_INVALID) {
        (void) pupil_error_set(error, "the plugin %s %s grants more than was"
                               " accepted: %s; read what it grants, then run"
                               " pupilctl plugin accept FILE",
                               category->plugin->name,
                               category->plugin->version, wider.text);
    }

    return rc;
}


size_t
pupil_accepted_line(char line[PUPIL_ACCEPTED_LINE],
    const pupil_plugin_t *plugin, const pupil_grant_t *grant,
    pupil_str_t field)
{
    return (size_t) snprintf(line, PUPIL_ACCEPTED_LINE, "%s %.*s %s %s %s%s",
                             plugin->name, (int) field.len,
                             (const char *) field.data,
                             pupil_operation_name(grant->operation),
                             pupil_purpose_name(grant->purpose),
                             pupil_relation_name(grant->relation),
                             grant->flags & PUPIL_GRANT_PROJECTED
                             ? PUPIL_PROJECTED : "");
}


/* What shows the whole value covers what shows a projection of it. */
static int
pupil_accepted_grant(pupil_str_t text, const pupil_plugin_t *plugin,
    const pupil_grant_t *grant, pupil_str_t field)
{
    char    line[PUPIL_ACCEPTED_LINE];
    size_t  len;

    len = pupil_accepted_line(line, plugin, grant, field);

    return pupil_accepted_has(text, line, len)
           || ((grant->flags & PUPIL_GRANT_PROJECTED)
               && pupil_accepted_has(text, line,
                                     len - (sizeof(PUPIL_PROJECTED) - 1)));
}


static int
pupil_accepted_has(pupil_str_t text, const char *line, size_t len)
{
    const uint8_t  *p, *end, *eol;

    end = text.data + text.len;

    for (p = text.data; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t) (end - p));
        if (eol == NULL) {
            eol = end;
        }

        if ((size_t) (eol - p) == len && memcmp(p, line, len) == 0) {
            return 1;
        }
    }

    return 0;
}

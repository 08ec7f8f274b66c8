/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/plugin/accepted.h"
#include "core/plugin/names.h"
#include "ctl/base/buf.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/setup/accepted.h"


static int accepted_write(ctl_t *ctl, pupil_str_t old,
    const pupil_plugin_t *plugin);
static void lines_compose(ctl_buf_t *text, pupil_str_t old,
    const pupil_plugin_t *plugin);
static int line_next(pupil_str_t *rest, pupil_str_t *line);
static int line_compare(pupil_str_t line, const char *category);
static void lines_add(ctl_buf_t *text, const pupil_plugin_t *plugin);
static int file_write(const char *path, const ctl_buf_t *text);


int
ctl_accepted_read(ctl_t *ctl, pupil_str_t *text)
{
    pupil_error_t  error;

    *text = ctl_str("");

    if (ctl->opt.accepted == NULL
        || (access(ctl->opt.accepted, F_OK) != 0 && errno == ENOENT))
    {
        return 0;
    }

    return pupil_accepted_read(ctl->opt.accepted, &ctl->alloc, text, &error)
           == PUPIL_OK ? 0 : ctl_error("%s", error.text);
}


int
ctl_accepted_put(ctl_t *ctl, const pupil_plugin_t *plugin)
{
    pupil_str_t  old;

    if (ctl->opt.accepted == NULL) {
        return 0;
    }

    return ctl_accepted_read(ctl, &old) == 0
           ? accepted_write(ctl, old, plugin) : -1;
}


/* That it is not in the database is the database's word. */
int
ctl_accepted_put_new(ctl_t *ctl, const pupil_plugin_t *plugin)
{
    pupil_str_t  old, rest, line;

    if (ctl->opt.accepted == NULL) {
        return 0;
    }

    if (ctl_accepted_read(ctl, &old) != 0) {
        return -1;
    }

    rest = old;

    while (line_next(&rest, &line)) {
        if (line_compare(line, plugin->name) == 0) {
            return 0;
        }
    }

    return accepted_write(ctl, old, plugin);
}


int
ctl_accepted_note(ctl_t *ctl)
{
    uint32_t                 i;
    pupil_str_t              text;
    pupil_error_t            wider;
    const pupil_category_t  *category;

    if (ctl->opt.accepted == NULL) {
        return 0;
    }

    if (ctl_accepted_read(ctl, &text) != 0) {
        return -1;
    }

    for (i = 0; i < ctl->policy.count; i++) {
        category = ctl->policy.categories[i];

        if (pupil_accepted_covers(text, category, &wider) != PUPIL_OK) {
            ctl_note("plugin %s %s grants more than %s says (%s): run"
                     " pupilctl plugin accept %s", category->plugin->name,
                     category->plugin->version, ctl->opt.accepted, wider.text,
                     ctl->plugin_files[i]);
        }
    }

    return 0;
}


/* Beside it, then in its place: nginx -t never reads half of it. */
static int
accepted_write(ctl_t *ctl, pupil_str_t old, const pupil_plugin_t *plugin)
{
    int        rc;
    ctl_buf_t  next, text;

    ctl_buf_init(&next);
    ctl_buf_init(&text);

    ctl_buf_printf(&next, "%s.new", ctl->opt.accepted);
    lines_compose(&text, old, plugin);

    rc = file_write(next.data, &text);

    if (rc == 0 && rename(next.data, ctl->opt.accepted) != 0) {
        rc = ctl_error("%s: %s", ctl->opt.accepted, strerror(errno));
    }

    ctl_buf_free(&next);
    ctl_buf_free(&text);

    return rc;
}


/* Categories stay in order. */
static void
lines_compose(ctl_buf_t *text, pupil_str_t old, const pupil_plugin_t *plugin)
{
    int          order, added;
    pupil_str_t  line;

    ctl_buf_text(text, PUPIL_ACCEPTED_HEAD);
    added = 0;

    while (line_next(&old, &line)) {
        order = line_compare(line, plugin->name);

        if (order >= 0 && !added) {
            lines_add(text, plugin);
            added = 1;
        }

        if (order != 0) {
            ctl_buf_printf(text, "%.*s\n", (int) line.len,
                           (const char *) line.data);
        }
    }

    if (!added) {
        lines_add(text, plugin);
    }
}


/* The next line of rest that is about a category; 0: there is none. */
static int
line_next(pupil_str_t *rest, pupil_str_t *line)
{
    size_t          len;
    const uint8_t  *eol;

    while (rest->len != 0) {
        eol = memchr(rest->data, '\n', rest->len);
        len = eol == NULL ? rest->len : (size_t) (eol - rest->data);

        line->data = rest->data;
        line->len = len;

        len += eol != NULL;
        rest->data += len;
        rest->len -= len;

        if (memchr(line->data, ' ', line->len) != NULL) {
            return 1;
        }
    }

    return 0;
}


/* Whether its category comes before, is or comes after: below 0, 0, above. */
static int
line_compare(pupil_str_t line, const char *category)
{
    int     order;
    size_t  len;

    len = strcspn((const char *) line.data, " ");
    order = strncmp((const char *) line.data, category, len);

    return order == 0 && category[len] != '\0' ? -1 : order;
}


static void
lines_add(ctl_buf_t *text, const pupil_plugin_t *plugin)
{
    char         line[PUPIL_ACCEPTED_LINE];
    uint32_t     i;
    const char  *list;
    pupil_str_t  field;

    for (i = 0; i < plugin->grants_count; i++) {
        for (list = plugin->grants[i].fields; pupil_name_next(&list, &field); )
        {
            (void) pupil_accepted_line(line, plugin, &plugin->grants[i],
                                       field);
            ctl_buf_printf(text, "%s\n", line);
        }
    }
}


static int
file_write(const char *path, const ctl_buf_t *text)
{
    int  fd, rc;

    (void) unlink(path);

    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    rc = 0;

    if (fchmod(fd, 0644) != 0 || ctl_file_put(fd, text->data, text->len) != 0)
    {
        rc = ctl_error("%s: %s", path, strerror(errno));
    }

    (void) close(fd);

    return rc;
}

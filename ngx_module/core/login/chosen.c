/*
 * Copyright (C) the Pupil authors
 *
 * The list is searched where it lies: nothing is allocated, and nothing of a
 * password is copied.
 */

#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/login/chosen.h"


#define PUPIL_COMMON_MAX  (16 * 1024 * 1024)           /* bytes of a file */


static pupil_rc_t pupil_common_check(const char *path, pupil_str_t text,
    pupil_str_t *lines, pupil_error_t *error);
static size_t pupil_common_line(pupil_str_t text, size_t at);
static int pupil_common_compare(pupil_str_t line, pupil_str_t password);
static uint8_t pupil_lower(uint8_t c);
static int pupil_chosen_named(pupil_str_t password, pupil_str_t name);


pupil_rc_t
pupil_common_read(const char *path, const pupil_alloc_t *alloc,
    pupil_str_t *lines, pupil_error_t *error)
{
    pupil_rc_t   rc;
    pupil_str_t  text;

    rc = pupil_file_read(path, PUPIL_COMMON_MAX, alloc, &text, error);

    return rc == PUPIL_OK ? pupil_common_check(path, text, lines, error) : rc;
}


/* In an order in which the search below finds every line. */
static pupil_rc_t
pupil_common_check(const char *path, pupil_str_t text, pupil_str_t *lines,
    pupil_error_t *error)
{
    size_t       i, at, len;
    unsigned     number;
    pupil_str_t  line, before;

    lines->len = 0;
    before.len = 0;

    for (at = 0, number = 1; at < text.len; at += len + 1, number++) {
        len = pupil_common_line(text, at);
        line.data = text.data + at;
        line.len = len;

        if (lines->len == 0 && len != 0 && line.data[0] == '#'
            && (len == 1 || line.data[1] == ' '))
        {
            continue;
        }

        for (i = 0; i < len && line.data[i] == pupil_lower(line.data[i]); i++)
        {
            /* void */
        }

        if (len == 0 || i != len || at + len == text.len
            || (lines->len != 0 && pupil_common_compare(before, line) >= 0))
        {
            return pupil_error_set(error, "line %u of \"%s\" is none of a"
                                   " list: no capitals, sorted by bytes"
                                   " (LC_ALL=C sort -u), each with its end",
                                   number, path);
        }

        if (lines->len == 0) {
            lines->data = line.data;
            lines->len = text.len - at;
        }

        before = line;
    }

    return lines->len != 0
           ? PUPIL_OK : pupil_error_set(error, "\"%s\" lists nothing", path);
}


/* Its length, from where it begins. */
static size_t
pupil_common_line(pupil_str_t text, size_t at)
{
    const uint8_t  *end;

    end = memchr(text.data + at, '\n', text.len - at);

    return end != NULL ? (size_t) (end - text.data) - at : text.len - at;
}


int
pupil_common_has(pupil_str_t lines, pupil_str_t password)
{
    int          order;
    size_t       low, high, at;
    pupil_str_t  line;

    low = 0;
    high = lines.len;

    /* both are where a line begins */
    while (low < high) {
        at = low + (high - low) / 2;

        while (at > low && lines.data[at - 1] != '\n') {
            at--;
        }

        line.data = lines.data + at;
        line.len = pupil_common_line(lines, at);

        order = pupil_common_compare(line, password);
        if (order == 0) {
            return 1;
        }

        if (order < 0) {
            low = at + line.len + 1;

        } else {
            high = at;
        }
    }

    return 0;
}


/* As memcmp() of what the password is without capitals. */
static int
pupil_common_compare(pupil_str_t line, pupil_str_t password)
{
    int     order;
    size_t  i;

    for (i = 0; i < line.len && i < password.len; i++) {
        order = line.data[i] - pupil_lower(password.data[i]);

        if (order != 0) {
            return order;
        }
    }

    return line.len < password.len ? -1 : line.len > password.len;
}


static uint8_t
pupil_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}


const char *
pupil_chosen_breaks(const pupil_chosen_t *rules, pupil_str_t password,
    const pupil_str_t *names, uint32_t count)
{
    size_t    chars;
    uint32_t  i;

    if (pupil_utf8_check(password.data, password.len, &chars) != PUPIL_OK
        || chars < rules->length)
    {
        return "minLength";
    }

    if (pupil_common_has(rules->common, password)) {
        return "common";
    }

    for (i = 0; i < count; i++) {
        if (names[i].data != NULL && pupil_chosen_named(password, names[i])) {
            return "name";
        }
    }

    return NULL;
}


/* The name, or of an address what stands before the at sign. */
static int
pupil_chosen_named(pupil_str_t password, pupil_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len && i < password.len; i++) {
        if (pupil_lower(name.data[i]) != pupil_lower(password.data[i])) {
            return 0;
        }
    }

    return i == password.len && (i == name.len || name.data[i] == '@');
}

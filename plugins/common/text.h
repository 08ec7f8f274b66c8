/*
 * Copyright (C) the Pupil authors
 *
 * What several categories do with text, for their hooks.
 */

#ifndef PUPIL_PLUGINS_TEXT_H
#define PUPIL_PLUGINS_TEXT_H

#include "pupil_plugin.h"


/*
 * The pattern of a line that people read, where rosters put a name or a title.
 * It has no control and no format characters, which hide or turn round what is
 * beside them.  Those that belong to how words and emoji are written are taken
 * behind another character: the soft hyphen, both joiners, and behind a black
 * flag the tags that make it that of a region.  Emoji that Unicode has yet to
 * name are taken, too.  core/input/line.h says the same of the API's titles.
 */
#define PUPIL_LINE_MAYBE                                                      \
    "(?![\\x{AD}\\x{200C}\\x{200D}])"                                         \
    "(?:[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}\\p{ExtPict}"                   \
    "\\x{AD}\\x{200C}\\x{200D}]"                                              \
    "|(?<=\\x{1F3F4})[\\x{E0020}-\\x{E007F}]++)*+"

/* The same of at least one character. */
#define PUPIL_LINE  "(?=.)" PUPIL_LINE_MAYBE


/* The value without the spaces that rosters leave around it. */
static inline pupil_value_t
pupil_spaces_trim(pupil_value_t value)
{
    while (value.len != 0 && value.data[0] == ' ') {
        value.data++;
        value.len--;
    }

    while (value.len != 0 && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    return value;
}


/*
 * An index term that is found whatever the case of its ASCII letters, in the
 * host's memory.  0, or -1 without memory, as index_term returns it.
 */
static inline int32_t
pupil_term_fold(const pupil_host_t *host, void *call, pupil_value_t value,
    pupil_value_t *term)
{
    size_t    i;
    uint8_t  *p;

    p = host->alloc(call, value.len + 1);
    if (p == NULL) {
        return -1;
    }

    for (i = 0; i < value.len; i++) {
        p[i] = value.data[i];

        if (p[i] >= 'A' && p[i] <= 'Z') {
            p[i] |= 0x20;
        }
    }

    term->data = p;
    term->len = value.len;

    return 0;
}

#endif /* PUPIL_PLUGINS_TEXT_H */

/*
 * Copyright (C) the Pupil authors
 *
 * What several categories do with text, for their hooks.
 */

#ifndef PUPIL_PLUGINS_TEXT_H
#define PUPIL_PLUGINS_TEXT_H

#include "pupil_plugin.h"


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

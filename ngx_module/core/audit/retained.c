/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/checkpoint.h"
#include "core/audit/retained.h"


#define HEAD  "pupil-retained of "


void
pupil_retained_format(const char *origin, const pupil_retained_t *retained,
    char out[PUPIL_RETAINED_SIZE])
{
    snprintf(out, PUPIL_RETAINED_SIZE, HEAD "%s\nbatch %" PRIu64 "\nevents %"
             PRIu64 "\nleaves %" PRIu64 "\nbefore %" PRIu64 "\n", origin,
             retained->batch, retained->events, retained->leaves,
             retained->before);
}


pupil_rc_t
pupil_retained_parse(pupil_str_t text, const char *origin,
    pupil_retained_t *retained)
{
    size_t  len;
    char    head[sizeof(HEAD) + PUPIL_NOTE_NAME_MAX + 1];

    len = (size_t) snprintf(head, sizeof(head), HEAD "%s\n", origin);

    if (len >= sizeof(head) || text.len < len
        || memcmp(text.data, head, len) != 0)
    {
        return PUPIL_INVALID;
    }

    text.data += len;
    text.len -= len;

    return pupil_number_take(&text, "batch", &retained->batch) == PUPIL_OK
           && pupil_number_take(&text, "events", &retained->events) == PUPIL_OK
           && pupil_number_take(&text, "leaves", &retained->leaves) == PUPIL_OK
           && pupil_number_take(&text, "before", &retained->before) == PUPIL_OK
           && text.len == 0
           ? PUPIL_OK : PUPIL_INVALID;
}

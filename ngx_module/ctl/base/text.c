/*
 * Copyright (C) the Pupil authors
 *
 * Between C's strings and the types of core.
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/text.h"


pupil_str_t
ctl_str(const char *text)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) text;
    s.len = strlen(text);

    return s;
}


const char *
ctl_plural(size_t n)
{
    return n == 1 ? "" : "s";
}


const char *
ctl_uuid_text(const pupil_uuid_t *uuid, char out[PUPIL_UUID_TEXT_LEN + 1])
{
    pupil_uuid_format(uuid, (uint8_t *) out);
    out[PUPIL_UUID_TEXT_LEN] = '\0';

    return out;
}


int
ctl_uuid_parse(const char *text, pupil_uuid_t *out)
{
    pupil_rc_t  rc;

    rc = pupil_uuid_parse((const uint8_t *) text, strlen(text), out);

    return rc == PUPIL_OK ? 0 : -1;
}

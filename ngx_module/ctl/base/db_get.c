/*
 * Copyright (C) the Pupil authors
 *
 * What a row says, see db.h.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"


int
ctl_get_uuid(const PGresult *res, int row, int col, pupil_uuid_t *out)
{
    const char         *text;
    static const char   zero[] = "00000000-0000-0000-0000-000000000000";

    memset(out, 0, sizeof(pupil_uuid_t));

    text = PQgetvalue(res, row, col);

    if (PQgetisnull(res, row, col) || strcmp(text, zero) == 0) {
        return 0;
    }

    return ctl_uuid_parse(text, out);
}


int
ctl_get_bytes(const PGresult *res, int row, int col, uint8_t *out,
    size_t size, size_t *len)
{
    pupil_rc_t   rc;
    pupil_str_t  s;

    *len = 0;

    if (PQgetisnull(res, row, col)) {
        return 0;
    }

    s = ctl_get_str(res, row, col);

    if (s.len < 2 || s.data[0] != '\\' || s.data[1] != 'x') {
        return -1;
    }

    rc = pupil_hex_decode(s.data + 2, s.len - 2, out, size, len);

    return rc == PUPIL_OK ? 0 : -1;
}


pupil_str_t
ctl_get_str(const PGresult *res, int row, int col)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) PQgetvalue(res, row, col);
    s.len = (size_t) PQgetlength(res, row, col);

    return s;
}


int32_t
ctl_get_int(const PGresult *res, int row, int col, int32_t none)
{
    if (PQgetisnull(res, row, col)) {
        return none;
    }

    return (int32_t) strtol(PQgetvalue(res, row, col), NULL, 10);
}

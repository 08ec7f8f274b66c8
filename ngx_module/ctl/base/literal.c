/*
 * Copyright (C) the Pupil authors
 *
 * How PostgreSQL writes bytes and arrays in text.
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"


#define CHUNK  128              /* bytes turned into hexadecimal at once */


static void array_comma(ctl_buf_t *buf);


const char *
ctl_bytea(const uint8_t *data, size_t len, char *out)
{
    out[0] = '\\';
    out[1] = 'x';
    pupil_hex_encode(data, len, (uint8_t *) out + 2);
    out[2 + 2 * len] = '\0';

    return out;
}


void
ctl_array_begin(ctl_buf_t *buf)
{
    ctl_buf_free(buf);
    ctl_buf_add(buf, "{", 1);
}


static void
array_comma(ctl_buf_t *buf)
{
    if (buf->len > 1) {
        ctl_buf_add(buf, ",", 1);
    }
}


void
ctl_array_uuid(ctl_buf_t *buf, const pupil_uuid_t *uuid)
{
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    array_comma(buf);
    ctl_buf_text(buf, ctl_uuid_text(uuid, text));
}


void
ctl_array_bytes(ctl_buf_t *buf, const uint8_t *data, size_t len)
{
    size_t   i, n;
    uint8_t  hex[2 * CHUNK];

    array_comma(buf);
    ctl_buf_text(buf, "\"\\\\x");

    for (i = 0; i < len; i += n) {
        n = len - i < CHUNK ? len - i : CHUNK;
        pupil_hex_encode(data + i, n, hex);
        ctl_buf_add(buf, hex, 2 * n);
    }

    ctl_buf_add(buf, "\"", 1);
}


void
ctl_array_text(ctl_buf_t *buf, pupil_str_t text)
{
    size_t  i;

    array_comma(buf);
    ctl_buf_add(buf, "\"", 1);

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            ctl_buf_add(buf, "\\", 1);
        }

        ctl_buf_add(buf, text.data + i, 1);
    }

    ctl_buf_add(buf, "\"", 1);
}


void
ctl_array_int(ctl_buf_t *buf, int64_t value)
{
    array_comma(buf);
    ctl_buf_printf(buf, "%lld", (long long) value);
}


void
ctl_array_null(ctl_buf_t *buf)
{
    array_comma(buf);
    ctl_buf_text(buf, "NULL");
}


void
ctl_array_end(ctl_buf_t *buf)
{
    ctl_buf_add(buf, "}", 1);
}


void
ctl_array_uuids(ctl_buf_t *buf, const pupil_uuid_t *ids, size_t count)
{
    size_t  i;

    ctl_array_begin(buf);

    for (i = 0; i < count; i++) {
        ctl_array_uuid(buf, &ids[i]);
    }

    ctl_array_end(buf);
}

/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/json/writer.h"


/* A chunk smaller than this would be mostly header. */
#define WRITER_CHUNK_MIN  (sizeof(pupil_chunk_t) + 64)

#define WRITER_INT64_MAX  20    /* -9223372036854775808 */


/* What an ASCII character is written as, when not as itself. */
static const char *const  writer_escapes[128] = {
    ['\0'] = "\\u0000", ['\1'] = "\\u0001", ['\2'] = "\\u0002",
    ['\3'] = "\\u0003", ['\4'] = "\\u0004", ['\5'] = "\\u0005",
    ['\6'] = "\\u0006", ['\7'] = "\\u0007", ['\b'] = "\\b",
    ['\t'] = "\\t",     ['\n'] = "\\n",     ['\v'] = "\\u000b",
    ['\f'] = "\\f",     ['\r'] = "\\r",     [0x0e] = "\\u000e",
    [0x0f] = "\\u000f", [0x10] = "\\u0010", [0x11] = "\\u0011",
    [0x12] = "\\u0012", [0x13] = "\\u0013", [0x14] = "\\u0014",
    [0x15] = "\\u0015", [0x16] = "\\u0016", [0x17] = "\\u0017",
    [0x18] = "\\u0018", [0x19] = "\\u0019", [0x1a] = "\\u001a",
    [0x1b] = "\\u001b", [0x1c] = "\\u001c", [0x1d] = "\\u001d",
    [0x1e] = "\\u001e", [0x1f] = "\\u001f", ['"'] = "\\\"",
    ['\\'] = "\\\\",    [0x7f] = "\\u007f"
};

/* U+FFFD, for what is no UTF-8 */
static const char  writer_replacement[] = "\xef\xbf\xbd";


static pupil_chunk_t *
writer_chunk_create(pupil_writer_t *writer)
{
    pupil_chunk_t  *chunk;

    chunk = writer->alloc->alloc(writer->alloc->ctx, writer->chunk_size);
    if (chunk == NULL) {
        writer->rc = PUPIL_NO_MEMORY;
        return NULL;
    }

    chunk->next = NULL;
    chunk->data = (uint8_t *) (chunk + 1);
    chunk->used = 0;
    chunk->size = writer->chunk_size - sizeof(pupil_chunk_t);

    return chunk;
}


/* Makes the next chunk the last: one that a reset left, or a new one. */
static int
writer_chunk_next(pupil_writer_t *writer)
{
    pupil_chunk_t  **place;

    place = writer->last != NULL ? &writer->last->next : &writer->first;

    if (*place == NULL) {
        *place = writer_chunk_create(writer);
        if (*place == NULL) {
            return 0;
        }
    }

    writer->last = *place;

    return 1;
}


static void
writer_bytes(pupil_writer_t *writer, const void *data, size_t len)
{
    size_t          n;
    pupil_chunk_t  *chunk;
    const uint8_t  *p = data;

    while (len != 0 && writer->rc == PUPIL_OK) {
        chunk = writer->last;

        if (chunk == NULL || chunk->used == chunk->size) {
            if (!writer_chunk_next(writer)) {
                return;
            }

            continue;
        }

        n = chunk->size - chunk->used;
        n = n < len ? n : len;
        memcpy(chunk->data + chunk->used, p, n);
        chunk->used += n;
        writer->length += n;
        p += n;
        len -= n;
    }
}


static void
writer_text(pupil_writer_t *writer, const char *text)
{
    writer_bytes(writer, text, strlen(text));
}


static void
writer_mistake(pupil_writer_t *writer)
{
    if (writer->rc == PUPIL_OK) {
        writer->rc = PUPIL_FAILED;
    }
}


/* The bit of the innermost open container. */
static uint64_t
writer_level(const pupil_writer_t *writer)
{
    return UINT64_C(1) << (writer->depth - 1);
}


static void
writer_comma(pupil_writer_t *writer)
{
    if (writer->filled & writer_level(writer)) {
        writer_text(writer, ",");
    }

    writer->filled |= writer_level(writer);
}


/* Before every value.  Returns 0 when none may come here. */
static int
writer_value(pupil_writer_t *writer)
{
    if (writer->rc != PUPIL_OK) {
        return 0;
    }

    if (writer->depth == 0) {
        if (writer->done) {
            writer_mistake(writer);
            return 0;
        }

        writer->done = 1;

    } else if (writer->objects & writer_level(writer)) {
        if (!writer->keyed) {
            writer_mistake(writer);
            return 0;
        }

        writer->keyed = 0;

    } else {
        writer_comma(writer);
    }

    return writer->rc == PUPIL_OK;
}


static void
writer_begin(pupil_writer_t *writer, int object)
{
    if (!writer_value(writer)) {
        return;
    }

    if (writer->depth == PUPIL_WRITER_DEPTH_MAX) {
        writer_mistake(writer);
        return;
    }

    writer->depth++;
    writer->filled &= ~writer_level(writer);
    writer->objects &= ~writer_level(writer);

    if (object) {
        writer->objects |= writer_level(writer);
    }

    writer_text(writer, object ? "{" : "[");
}


static void
writer_end(pupil_writer_t *writer, int object)
{
    if (writer->rc != PUPIL_OK) {
        return;
    }

    if (writer->depth == 0 || writer->keyed
        || object != ((writer->objects & writer_level(writer)) != 0))
    {
        writer_mistake(writer);
        return;
    }

    writer->depth--;
    writer_text(writer, object ? "}" : "]");
}


/* How many bytes from p on are written as they are: ASCII without escapes. */
static size_t
writer_run(const uint8_t *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len && p[i] < 0x80 && writer_escapes[p[i]] == NULL; i++) {
        /* void */
    }

    return i;
}


/* Quotes and escapes; runs that need no escape are copied as a whole. */
static void
writer_quoted(pupil_writer_t *writer, const uint8_t *p, size_t len)
{
    size_t       i, n, start;
    const char  *replaced;

    writer_text(writer, "\"");

    i = writer_run(p, len);
    start = 0;

    while (i < len) {
        n = pupil_utf8_sequence(p + i, len - i);

        if (n == 0) {
            replaced = writer_replacement;
            n = 1;

        } else {
            replaced = n == 1 ? writer_escapes[p[i]] : NULL;
        }

        if (replaced != NULL) {
            writer_bytes(writer, p + start, i - start);
            writer_text(writer, replaced);
            start = i + n;
        }

        i += n;
        i += writer_run(p + i, len - i);
    }

    if (start < len) {
        writer_bytes(writer, p + start, len - start);
    }

    writer_text(writer, "\"");
}


void
pupil_writer_init(pupil_writer_t *writer, const pupil_alloc_t *alloc,
    size_t chunk_size)
{
    memset(writer, 0, sizeof(pupil_writer_t));
    writer->alloc = alloc;
    writer->chunk_size = chunk_size == 0 ? PUPIL_WRITER_CHUNK_SIZE
                         : chunk_size < WRITER_CHUNK_MIN ? WRITER_CHUNK_MIN
                                                         : chunk_size;
}


void
pupil_writer_reset(pupil_writer_t *writer)
{
    pupil_chunk_t  *chunk;

    for (chunk = writer->first; chunk != NULL; chunk = chunk->next) {
        sodium_memzero(chunk->data, chunk->used);
        chunk->used = 0;
    }

    writer->last = NULL;
    writer->length = 0;
    writer->objects = 0;
    writer->filled = 0;
    writer->depth = 0;
    writer->keyed = 0;
    writer->done = 0;
    writer->rc = PUPIL_OK;
}


pupil_rc_t
pupil_writer_finish(pupil_writer_t *writer)
{
    if (writer->depth != 0 || !writer->done) {
        writer_mistake(writer);
    }

    return writer->rc;
}


pupil_rc_t
pupil_writer_flatten(pupil_writer_t *writer, const pupil_alloc_t *alloc,
    pupil_str_t *out)
{
    uint8_t        *p;
    pupil_chunk_t  *chunk;

    if (pupil_writer_finish(writer) != PUPIL_OK) {
        return writer->rc;
    }

    p = alloc->alloc(alloc->ctx, writer->length);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    out->data = p;
    out->len = writer->length;

    for (chunk = writer->first; chunk != NULL; chunk = chunk->next) {
        memcpy(p, chunk->data, chunk->used);
        p += chunk->used;
    }

    return PUPIL_OK;
}


void
pupil_writer_object_begin(pupil_writer_t *writer)
{
    writer_begin(writer, 1);
}


void
pupil_writer_object_end(pupil_writer_t *writer)
{
    writer_end(writer, 1);
}


void
pupil_writer_array_begin(pupil_writer_t *writer)
{
    writer_begin(writer, 0);
}


void
pupil_writer_array_end(pupil_writer_t *writer)
{
    writer_end(writer, 0);
}


void
pupil_writer_key_len(pupil_writer_t *writer, const char *name, size_t len)
{
    uint8_t        *p;
    pupil_chunk_t  *chunk;

    if (writer->rc != PUPIL_OK) {
        return;
    }

    if (writer->depth == 0 || writer->keyed
        || !(writer->objects & writer_level(writer)))
    {
        writer_mistake(writer);
        return;
    }

    chunk = writer->last;
    writer->keyed = 1;

    /* most of an answer is names: one step when all of it fits */
    if (chunk == NULL || chunk->size - chunk->used < len + 4
        || writer_run((const uint8_t *) name, len) != len)
    {
        writer_comma(writer);
        writer_quoted(writer, (const uint8_t *) name, len);
        writer_text(writer, ":");
        return;
    }

    p = chunk->data + chunk->used;

    if (writer->filled & writer_level(writer)) {
        *p++ = ',';
    }

    writer->filled |= writer_level(writer);

    *p++ = '"';
    memcpy(p, name, len);
    p += len;
    *p++ = '"';
    *p++ = ':';

    writer->length += (size_t) (p - chunk->data) - chunk->used;
    chunk->used = (size_t) (p - chunk->data);
}


void
pupil_writer_string(pupil_writer_t *writer, const uint8_t *data, size_t len)
{
    if (writer_value(writer)) {
        writer_quoted(writer, data, len);
    }
}


void
pupil_writer_str(pupil_writer_t *writer, const pupil_str_t *text)
{
    pupil_writer_string(writer, text->data, text->len);
}


void
pupil_writer_cstr(pupil_writer_t *writer, const char *text)
{
    pupil_writer_string(writer, (const uint8_t *) text, strlen(text));
}


void
pupil_writer_raw(pupil_writer_t *writer, const uint8_t *data, size_t len)
{
    if (len == 0) {
        writer_mistake(writer);

    } else if (writer_value(writer)) {
        writer_bytes(writer, data, len);
    }
}


void
pupil_writer_members(pupil_writer_t *writer, const uint8_t *data, size_t len)
{
    if (writer->rc != PUPIL_OK) {
        return;
    }

    if (len == 0 || writer->depth == 0 || writer->keyed
        || !(writer->objects & writer_level(writer)))
    {
        writer_mistake(writer);
        return;
    }

    writer_comma(writer);
    writer_bytes(writer, data, len);
}


void
pupil_writer_int64(pupil_writer_t *writer, int64_t value)
{
    size_t    i;
    uint8_t   digits[WRITER_INT64_MAX];
    uint64_t  rest;

    /* unsigned, because INT64_MIN has no positive twin */
    rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
    i = sizeof(digits);

    do {
        digits[--i] = (uint8_t) ('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);

    if (value < 0) {
        digits[--i] = '-';
    }

    pupil_writer_raw(writer, digits + i, sizeof(digits) - i);
}


void
pupil_writer_decimal(pupil_writer_t *writer, pupil_decimal_t value)
{
    uint8_t  text[PUPIL_DECIMAL_TEXT_MAX];

    pupil_writer_raw(writer, text, pupil_decimal_format(value, text));
}


void
pupil_writer_bool(pupil_writer_t *writer, int value)
{
    if (writer_value(writer)) {
        writer_text(writer, value ? "true" : "false");
    }
}


void
pupil_writer_null(pupil_writer_t *writer)
{
    if (writer_value(writer)) {
        writer_text(writer, "null");
    }
}


void
pupil_writer_uuid(pupil_writer_t *writer, const pupil_uuid_t *uuid)
{
    uint8_t  text[PUPIL_UUID_TEXT_LEN];

    pupil_uuid_format(uuid, text);
    pupil_writer_string(writer, text, sizeof(text));
}


void
pupil_writer_time(pupil_writer_t *writer, pupil_time_t time)
{
    size_t   len;
    uint8_t  text[PUPIL_TIME_TEXT_MAX];

    if (time == PUPIL_TIME_NONE) {
        pupil_writer_null(writer);
        return;
    }

    len = pupil_time_format(time, text);
    if (len == 0) {
        writer_mistake(writer);
        return;
    }

    pupil_writer_string(writer, text, len);
}

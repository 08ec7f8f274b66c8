/*
 * Copyright (C) the Pupil authors
 *
 * Memory, texts, maps and messages of pupilctl.
 */

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/base/ctl.h"


#define BLOCK_SIZE     (64 * 1024 - 64)
#define FILE_SIZE_MAX  (16 * 1024 * 1024)


struct ctl_block_s {
    ctl_block_t    *next;
    size_t          size, used;
    max_align_t     data[];
};


static void *memory(size_t size);


static void *
memory(size_t size)
{
    void  *p;

    p = malloc(size);
    if (p == NULL) {
        ctl_error("out of memory (%zu bytes)", size);
        exit(CTL_FAILED);
    }

    return p;
}


void *
ctl_pool_alloc(void *pool, size_t size)
{
    ctl_pool_t   *blocks = pool;
    ctl_block_t  *block;
    uint8_t      *p;
    size_t        room;

    size = (size + 15) & ~(size_t) 15;
    block = blocks->blocks;

    if (block == NULL || block->size - block->used < size) {
        room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = memory(sizeof(ctl_block_t) + room);
        block->next = blocks->blocks;
        block->size = room;
        block->used = 0;
        blocks->blocks = block;
    }

    p = (uint8_t *) block->data + block->used;
    block->used += size;

    return p;
}


void
ctl_pool_free(ctl_pool_t *pool)
{
    ctl_block_t  *block;

    while (pool->blocks != NULL) {
        block = pool->blocks;
        pool->blocks = block->next;
        sodium_memzero(block->data, block->used);
        free(block);
    }
}


char *
ctl_pool_text(ctl_pool_t *pool, const void *data, size_t len)
{
    char  *p;

    p = ctl_pool_alloc(pool, len + 1);
    if (len != 0) {
        memcpy(p, data, len);
    }
    p[len] = '\0';

    return p;
}


pupil_str_t
ctl_pool_str(ctl_pool_t *pool, const void *data, size_t len)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) ctl_pool_text(pool, data, len);
    s.len = len;

    return s;
}


void
ctl_buf_add(ctl_buf_t *buf, const void *data, size_t len)
{
    char    *p;
    size_t   size;

    if (buf->size - buf->len < len + 1) {
        size = (buf->size + len + 1) * 2;
        p = memory(size);
        if (buf->len != 0) {
            memcpy(p, buf->data, buf->len);
            sodium_memzero(buf->data, buf->len);
        }
        free(buf->data);
        buf->data = p;
        buf->size = size;
    }

    if (len != 0) {
        memcpy(buf->data + buf->len, data, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
}


void
ctl_buf_text(ctl_buf_t *buf, const char *text)
{
    ctl_buf_add(buf, text, strlen(text));
}


void
ctl_buf_printf(ctl_buf_t *buf, const char *format, ...)
{
    int      n;
    char    *p;
    va_list  args, again;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);

    p = memory((size_t) n + 1);
    vsnprintf(p, (size_t) n + 1, format, again);
    va_end(again);
    ctl_buf_add(buf, p, (size_t) n);
    free(p);
}


void
ctl_buf_free(ctl_buf_t *buf)
{
    if (buf->data != NULL) {
        sodium_memzero(buf->data, buf->len);
        free(buf->data);
    }
    memset(buf, 0, sizeof(ctl_buf_t));
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
    uint8_t  hex[256];
    size_t   i, n;

    array_comma(buf);
    ctl_buf_text(buf, "\"\\\\x");
    for (i = 0; i < len; i += n) {
        n = len - i < sizeof(hex) / 2 ? len - i : sizeof(hex) / 2;
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


static uint64_t
map_hash(pupil_str_t key)
{
    uint64_t  h = UINT64_C(14695981039346656037);
    size_t    i;

    for (i = 0; i < key.len; i++) {
        h = (h ^ key.data[i]) * UINT64_C(1099511628211);
    }

    return h ^ (h >> 29);
}


static ctl_slot_t *
map_slot(const ctl_map_t *map, pupil_str_t key, uint64_t hash)
{
    ctl_slot_t  *slot;
    uint32_t     i;

    for (i = (uint32_t) hash & (map->size - 1); ;
         i = (i + 1) & (map->size - 1))
    {
        slot = &map->slots[i];
        if (!slot->used
            || (slot->hash == hash && slot->key.len == key.len
                && memcmp(slot->key.data, key.data, key.len) == 0))
        {
            return slot;
        }
    }
}


static void
map_grow(ctl_map_t *map)
{
    ctl_map_t  old = *map;
    uint32_t   i;

    map->size = old.size == 0 ? 64 : old.size * 2;
    map->slots = memory(map->size * sizeof(ctl_slot_t));
    memset(map->slots, 0, map->size * sizeof(ctl_slot_t));

    for (i = 0; i < old.size; i++) {
        if (old.slots[i].used) {
            *map_slot(map, old.slots[i].key, old.slots[i].hash)
                = old.slots[i];
        }
    }

    free(old.slots);
}


ctl_slot_t *
ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh)
{
    ctl_slot_t  *slot;
    uint64_t     hash;

    if (map->count * 2 >= map->size) {
        map_grow(map);
    }

    hash = map_hash(key);
    slot = map_slot(map, key, hash);
    *fresh = !slot->used;

    if (!slot->used) {
        slot->used = 1;
        slot->hash = hash;
        slot->key = key;
        slot->value = 0;
        map->count++;
    }

    return slot;
}


ctl_slot_t *
ctl_map_get(const ctl_map_t *map, pupil_str_t key)
{
    ctl_slot_t  *slot;

    if (map->size == 0) {
        return NULL;
    }

    slot = map_slot(map, key, map_hash(key));

    return slot->used ? slot : NULL;
}


void
ctl_map_free(ctl_map_t *map)
{
    free(map->slots);
    memset(map, 0, sizeof(ctl_map_t));
}


int
ctl_error(const char *format, ...)
{
    va_list  args;

    fputs("pupilctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);

    return -1;
}


void
ctl_note(const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}


pupil_str_t
ctl_str(const char *text)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) text;
    s.len = strlen(text);

    return s;
}


int
ctl_str_is(pupil_str_t s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
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
    return pupil_uuid_parse((const uint8_t *) text, strlen(text), out)
           == PUPIL_OK ? 0 : -1;
}


pupil_time_t
ctl_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (pupil_time_t) ts.tv_sec * PUPIL_TIME_SECOND + ts.tv_nsec / 1000;
}


int32_t
ctl_today(void)
{
    return (int32_t) (ctl_now() / PUPIL_TIME_DAY);
}


void
ctl_sha256(const void *data, size_t len, uint8_t out[32])
{
    crypto_hash_sha256(out, data, len);
}


char *
ctl_file_read(ctl_pool_t *pool, const char *path, size_t *len)
{
    FILE       *file;
    char       *text, chunk[8192];
    size_t      n;
    ctl_buf_t   buf = { NULL, 0, 0 };

    file = fopen(path, "re");
    if (file == NULL) {
        ctl_error("%s: %s", path, strerror(errno));
        return NULL;
    }

    while ((n = fread(chunk, 1, sizeof(chunk), file)) != 0
           && buf.len <= FILE_SIZE_MAX)
    {
        ctl_buf_add(&buf, chunk, n);
    }

    if (ferror(file) || buf.len > FILE_SIZE_MAX) {
        ctl_error("%s: %s", path, ferror(file) ? strerror(errno)
                                               : "larger than 16 MiB");
        fclose(file);
        ctl_buf_free(&buf);
        return NULL;
    }

    fclose(file);
    text = ctl_pool_text(pool, buf.data, buf.len);
    *len = buf.len;
    ctl_buf_free(&buf);

    return text;
}


void
ctl_json_print(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', stdout);
    json_decref(json);
}

/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/json/json_tree.h"
#include "core/json/writer.h"


#define count(a)  (sizeof(a) / sizeof((a)[0]))


typedef void (*misuse_pt)(pupil_writer_t *writer);


typedef struct {
    const char  *name;
    misuse_pt    write;
} misuse_t;


static tap_arena_t  arena;
static const pupil_alloc_t  alloc = { tap_arena_alloc, &arena };

static void *
zero_alloc(void *ctx, size_t size)
{
    void  *p;

    p = tap_arena_alloc(ctx, size);

    return p != NULL ? memset(p, 0, size) : NULL;
}


static const pupil_alloc_t  zeroed = { zero_alloc, &arena };

static const char  sample_text[] =
    "{\"id\":\"6f9619ff-8b86-4011-b42d-00c04fc964ff\",\"at\":"
    "\"2026-11-21T08:00:00Z\",\"never\":null,\"n\":-9223372036854775808,"
    "\"m\":9223372036854775807,\"zero\":0,\"score\":3.5,\"empty\":{},"
    "\"list\":[true,false,null,[],{\"a\":0.10}],\"text\":\"q\\\"b\\\\s/<&>\","
    "\"ke\\ny\":\"\"}";


static void
write_sample(pupil_writer_t *w)
{
    pupil_str_t   text = pupil_str("q\"b\\s/<&>");
    pupil_uuid_t  id;

    pupil_uuid_parse((const uint8_t *)
                     "6f9619ff-8b86-4011-b42d-00c04fc964ff", 36, &id);

    pupil_writer_object_begin(w);
    pupil_writer_key(w, "id");
    pupil_writer_uuid(w, &id);
    pupil_writer_key(w, "at");
    pupil_writer_time(w, INT64_C(1795248000000000));
    pupil_writer_key(w, "never");
    pupil_writer_time(w, PUPIL_TIME_NONE);
    pupil_writer_key(w, "n");
    pupil_writer_int64(w, INT64_MIN);
    pupil_writer_key(w, "m");
    pupil_writer_int64(w, INT64_MAX);
    pupil_writer_key(w, "zero");
    pupil_writer_int64(w, 0);
    pupil_writer_key(w, "score");
    pupil_writer_decimal(w, 3500000);
    pupil_writer_key(w, "empty");
    pupil_writer_object_begin(w);
    pupil_writer_object_end(w);
    pupil_writer_key(w, "list");
    pupil_writer_array_begin(w);
    pupil_writer_bool(w, 1);
    pupil_writer_bool(w, 0);
    pupil_writer_null(w);
    pupil_writer_array_begin(w);
    pupil_writer_array_end(w);
    pupil_writer_raw(w, (const uint8_t *) "{\"a\":0.10}", 10);
    pupil_writer_array_end(w);
    pupil_writer_key(w, "text");
    pupil_writer_str(w, &text);
    pupil_writer_key(w, "ke\ny");
    pupil_writer_string(w, NULL, 0);
    pupil_writer_object_end(w);
}


static int
flat_is(pupil_writer_t *w, const char *wanted, size_t len)
{
    pupil_str_t  out;

    return pupil_writer_flatten(w, &alloc, &out) == PUPIL_OK
           && out.len == len && memcmp(out.data, wanted, len) == 0;
}


static void
test_sample(void)
{
    int             good;
    size_t          size;
    pupil_writer_t  w;

    for (good = 1, size = 0; size < 300; size++) {
        pupil_writer_init(&w, &alloc, size);
        write_sample(&w);
        good &= flat_is(&w, sample_text, sizeof(sample_text) - 1);
    }

    ok(good, "the sample, with chunks of any size");
    tap_arena_reset(&arena);
}


static void
test_no_memory(void)
{
    int             good;
    long            i;
    pupil_rc_t      rc;
    pupil_writer_t  w;

    for (good = 1, rc = PUPIL_NO_MEMORY, i = 1; rc != PUPIL_OK; i++) {
        arena.fail_at = i;
        pupil_writer_init(&w, &alloc, 1);
        write_sample(&w);
        rc = pupil_writer_finish(&w);
        good &= rc == PUPIL_OK || rc == PUPIL_NO_MEMORY;
    }

    arena.fail_at = 0;
    ok(good && i > 4, "memory that fails at any time sticks (%ld)", i);

    arena.fail_at = 1;
    pupil_writer_init(&w, &alloc, 0);
    write_sample(&w);
    ok(pupil_writer_finish(&w) == PUPIL_NO_MEMORY, "no memory at all");
    pupil_writer_reset(&w);
    write_sample(&w);
    ok(flat_is(&w, sample_text, sizeof(sample_text) - 1),
       "and after a reset it works");
    tap_arena_reset(&arena);
}


static void
test_reset_and_wipe(void)
{
    int             good;
    size_t          i, blocks;
    pupil_chunk_t  *chunk;
    pupil_writer_t  w;

    pupil_writer_init(&w, &zeroed, 100);
    write_sample(&w);
    blocks = arena.used;
    pupil_writer_reset(&w);
    pupil_writer_int64(&w, 7);
    ok(w.length == 1 && flat_is(&w, "7", 1), "a reset starts again");
    pupil_writer_reset(&w);
    write_sample(&w);
    ok(arena.used == blocks + 1, "and uses the chunks again");

    pupil_writer_reset(&w);

    for (good = 1, chunk = w.first; chunk != NULL; chunk = chunk->next) {
        for (i = 0; i < chunk->size; i++) {
            good &= chunk->used == 0 && chunk->data[i] == 0;
        }
    }

    ok(good && w.first != NULL, "a wipe leaves no byte");
    ok(pupil_writer_finish(&w) == PUPIL_FAILED, "nothing written is wrong");
    tap_arena_reset(&arena);
}


/* What any bytes become is JSON, and reads as they were if they are UTF-8. */
static void
test_any_text(void)
{
    int                   good;
    size_t                i, len;
    uint8_t               bytes[64];
    pupil_str_t           out, back;
    pupil_json_t          json;
    pupil_fault_t         fault;
    pupil_writer_t        w;
    pupil_json_limits_t   limits = { 2, 4 };

    for (good = 1, i = 0; i < 4000; i++) {
        len = i % sizeof(bytes);
        randombytes_buf(bytes, len);

        if (i % 2 == 0) {       /* ASCII without NUL */
            while (len-- != 0) {
                bytes[len] = (uint8_t) (bytes[len] % 127 + 1);
            }

            len = i % sizeof(bytes);
        }

        pupil_writer_init(&w, &alloc, 128);
        pupil_writer_string(&w, tap_guarded(bytes, len), len);
        good &= pupil_writer_flatten(&w, &alloc, &out) == PUPIL_OK
                && (memchr(bytes, 0, len) != NULL
                    || pupil_json_parse(&alloc, out.data, out.len, &limits,
                                        &json, &fault) == PUPIL_OK);

        if (good && i % 2 == 0) {
            good &= pupil_json_string(&json, 0, &alloc, &back) == PUPIL_OK
                    && back.len == len
                    && memcmp(back.data, bytes, len) == 0;
        }

        tap_arena_reset(&arena);
    }

    ok(good, "any bytes become a JSON string");

    pupil_writer_init(&w, &alloc, 0);
    pupil_writer_string(&w, (const uint8_t *) "a\xff\xe2\x82z\0\x1f\x7f\xc3",
                        9);
    ok(flat_is(&w, "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\\u0000\\u001f"
               "\\u007f\xef\xbf\xbd\"", 34),
       "what is no UTF-8 is replaced, NUL is escaped");

    pupil_writer_reset(&w);
    pupil_writer_cstr(&w, "a/\"b");
    ok(flat_is(&w, "\"a/\\\"b\"", 7), "a C string");

    arena.fail_at = 1;
    ok(pupil_writer_flatten(&w, &alloc, &out) == PUPIL_NO_MEMORY,
       "no memory for the flat text");
    arena.fail_at = 0;
    tap_arena_reset(&arena);
}


static void
misuse_nothing(pupil_writer_t *w)
{
    (void) w;
}


static void
misuse_two_roots(pupil_writer_t *w)
{
    pupil_writer_null(w);
    pupil_writer_null(w);
}


static void
misuse_open(pupil_writer_t *w)
{
    pupil_writer_array_begin(w);
}


static void
misuse_mismatch(pupil_writer_t *w)
{
    pupil_writer_array_begin(w);
    pupil_writer_object_end(w);
}


static void
misuse_end(pupil_writer_t *w)
{
    pupil_writer_object_end(w);
}


static void
misuse_no_key(pupil_writer_t *w)
{
    pupil_writer_object_begin(w);
    pupil_writer_int64(w, 1);
    pupil_writer_object_end(w);
}


static void
misuse_no_value(pupil_writer_t *w)
{
    pupil_writer_object_begin(w);
    pupil_writer_key(w, "a");
    pupil_writer_object_end(w);
}


static void
misuse_two_keys(pupil_writer_t *w)
{
    pupil_writer_object_begin(w);
    pupil_writer_key(w, "a");
    pupil_writer_key(w, "b");
    pupil_writer_null(w);
    pupil_writer_object_end(w);
}


static void
misuse_key_in_array(pupil_writer_t *w)
{
    pupil_writer_array_begin(w);
    pupil_writer_key(w, "a");
    pupil_writer_array_end(w);
}


static void
misuse_key_at_root(pupil_writer_t *w)
{
    pupil_writer_key(w, "a");
    pupil_writer_null(w);
}


static void
misuse_empty_raw(pupil_writer_t *w)
{
    pupil_writer_raw(w, NULL, 0);
}


static void
misuse_members_of_array(pupil_writer_t *w)
{
    pupil_writer_array_begin(w);
    pupil_writer_members(w, (const uint8_t *) "\"a\":1", 5);
    pupil_writer_array_end(w);
}


static void
misuse_members_for_value(pupil_writer_t *w)
{
    pupil_writer_object_begin(w);
    pupil_writer_key(w, "a");
    pupil_writer_members(w, (const uint8_t *) "\"a\":1", 5);
    pupil_writer_object_end(w);
}


static void
misuse_empty_members(pupil_writer_t *w)
{
    pupil_writer_object_begin(w);
    pupil_writer_members(w, NULL, 0);
    pupil_writer_object_end(w);
}


static void
misuse_time(pupil_writer_t *w)
{
    pupil_writer_time(w, -1);
}


static void
misuse_depth(pupil_writer_t *w)
{
    int  i;

    for (i = 0; i < PUPIL_WRITER_DEPTH_MAX + 1; i++) {
        pupil_writer_array_begin(w);
    }

    for (i = 0; i < PUPIL_WRITER_DEPTH_MAX + 1; i++) {
        pupil_writer_array_end(w);
    }
}


static const misuse_t  misuses[] = {
    { "nothing", misuse_nothing }, { "two roots", misuse_two_roots },
    { "left open", misuse_open }, { "mismatched end", misuse_mismatch },
    { "end of nothing", misuse_end }, { "no key", misuse_no_key },
    { "no value", misuse_no_value }, { "two keys", misuse_two_keys },
    { "key in array", misuse_key_in_array },
    { "key at root", misuse_key_at_root },
    { "empty raw", misuse_empty_raw }, { "bad time", misuse_time },
    { "members of an array", misuse_members_of_array },
    { "members for a value", misuse_members_for_value },
    { "no members", misuse_empty_members },
    { "too deep", misuse_depth }
};


static void
test_misuse(void)
{
    size_t          i;
    pupil_str_t     out;
    pupil_writer_t  w;

    for (i = 0; i < count(misuses); i++) {
        pupil_writer_init(&w, &alloc, 0);
        misuses[i].write(&w);
        ok(pupil_writer_finish(&w) == PUPIL_FAILED
           && pupil_writer_flatten(&w, &alloc, &out) == PUPIL_FAILED,
           "refused: %s", misuses[i].name);
    }

    tap_arena_reset(&arena);
}


static void
test_members(void)
{
    pupil_writer_t  w;

    static const uint8_t  one[] = "\"a\":1", two[] = "\"b\":[2],\"c\":{}";

    pupil_writer_init(&w, &alloc, 0);
    pupil_writer_object_begin(&w);
    pupil_writer_members(&w, one, sizeof(one) - 1);
    pupil_writer_members(&w, two, sizeof(two) - 1);
    pupil_writer_key(&w, "d");
    pupil_writer_null(&w);
    pupil_writer_members(&w, one, sizeof(one) - 1);
    pupil_writer_object_end(&w);

    ok(flat_is(&w, "{\"a\":1,\"b\":[2],\"c\":{},\"d\":null,\"a\":1}", 37),
       "members that another writer wrote");
    tap_arena_reset(&arena);
}


static void
test_depth(void)
{
    int             i;
    pupil_writer_t  w;

    pupil_writer_init(&w, &alloc, 0);

    for (i = 0; i < PUPIL_WRITER_DEPTH_MAX / 2; i++) {
        pupil_writer_object_begin(&w);
        pupil_writer_key(&w, "a");
        pupil_writer_array_begin(&w);
        pupil_writer_null(&w);
    }

    for (i = 0; i < PUPIL_WRITER_DEPTH_MAX / 2; i++) {
        pupil_writer_array_end(&w);
        pupil_writer_object_end(&w);
    }

    ok(pupil_writer_finish(&w) == PUPIL_OK && w.length == 32 * 12 + 31,
       "as deep as it goes (%zu)", w.length);
    tap_arena_reset(&arena);
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_sample();
    test_no_memory();
    test_reset_and_wipe();
    test_any_text();
    test_misuse();
    test_members();
    test_depth();

    return tap_done();
}

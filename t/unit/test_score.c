/*
 * Copyright (C) the Pupil authors
 */

#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/score.h"


#define ID(c)                                                                 \
    { { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88, 0x89, 0xaa, 0xbb,     \
        0xcc, 0xdd, 0xee, 0xff, c } }

static const pupil_uuid_t  one = ID(1), two = ID(2), other = ID(9);

static const char  exercises_text[] =
    "[{\"id\":\"11223344-5566-4788-89aa-bbccddeeff01\",\"title\":\"a\","
    "\"max_score\":2.50},"
    "{\"id\":\"11223344-5566-4788-89aa-bbccddeeff02\",\"title\":\"b\","
    "\"max_score\":0.1}]";

static tap_arena_t    arena;
static pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static pupil_str_t
text(const char *s)
{
    pupil_str_t  str;

    str.data = (const uint8_t *) s;
    str.len = strlen(s);

    return str;
}


static pupil_str_t
guarded(const char *s)
{
    pupil_str_t  str;

    str.len = strlen(s);
    str.data = tap_guarded(s, str.len);

    return str;
}


static int
written(const pupil_score_t *score, const pupil_exercises_t *exercises,
    int with_max, const char *want)
{
    int             same;
    pupil_str_t     out;
    pupil_writer_t  writer;

    pupil_writer_init(&writer, &alloc, 0);
    pupil_writer_object_begin(&writer);
    pupil_score_write(&writer, score, exercises, with_max);
    pupil_writer_object_end(&writer);

    if (pupil_writer_flatten(&writer, &alloc, &out) != PUPIL_OK) {
        return 0;
    }

    same = out.len == strlen(want) && memcmp(out.data, want, out.len) == 0;
    if (!same) {
        printf("# %.*s\n", (int) out.len, (const char *) out.data);
    }

    return same;
}


static void
test_exercises(void)
{
    size_t             i;
    pupil_exercises_t  ex;

    static const char *const  bad[] = {
        "", "{}", "[1]", "[{}]", "[{\"id\":7}]", "[{\"id\":\"\"}]",
        "[{\"id\":\"11223344-5566-4788-89aa-bbccddeeff0\"}]",
        "[{\"id\":\"11223344-5566-4788-89aa-bbccddeeff01\","
        "\"max_score\":\"1\"}]",
        "[{\"id\":\"11223344-5566-4788-89aa-bbccddeeff01\","
        "\"max_score\":1e3}]"
    };

    ok(pupil_exercises_read(&alloc, guarded(exercises_text), &ex) == PUPIL_OK
       && ex.count == 2 && ex.scored == 2, "two exercises are read");
    ok(ex.max == 2600000, "their scores add up exactly");
    ok(pupil_uuid_compare(&ex.items[1].id, &two) == 0, "ids are read");
    ok(pupil_exercises_read(&alloc, text("[]"), &ex) == PUPIL_OK
       && ex.count == 0, "an empty list is one");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(pupil_exercises_read(&alloc, guarded(bad[i]), &ex)
           == PUPIL_INVALID, "refused: %s", bad[i]);
    }
}


static pupil_rc_t
add(pupil_score_t *score, const pupil_exercises_t *ex, pupil_uuid_t exercise,
    int done, pupil_time_t updated_at, pupil_str_t result)
{
    pupil_submission_t  submission = {
        .exercise = exercise,
        .done = done,
        .updated_at = updated_at,
        .result = result
    };

    return pupil_score_add(score, ex, &submission, &alloc);
}


static void
test_score(void)
{
    pupil_score_t      score;
    pupil_exercises_t  ex;

    (void) pupil_exercises_read(&alloc, text(exercises_text), &ex);

    pupil_score_init(&score);
    ok(written(&score, &ex, 1, "{\"status\":\"not_started\",\"score\":null,"
               "\"max_score\":2.6,\"exercises_done\":0,\"updated_at\":null}"),
       "nothing was sent");

    ok(add(&score, &ex, other, 1, 5, text("{}")) == PUPIL_OK
       && score.submissions == 0,
       "what the homework does not have does not count");

    ok(add(&score, &ex, one, 1, 1000000,
           guarded("{\"score\":{\"raw\":2.50,\"max\":3}}")) == PUPIL_OK,
       "a submission is added");
    ok(written(&score, &ex, 0, "{\"status\":\"in_progress\",\"score\":2.50,"
               "\"exercises_done\":1,"
               "\"updated_at\":\"1970-01-01T00:00:01Z\"}"),
       "one number comes back as it was sent");

    ok(add(&score, &ex, two, 0, 500000,
           text("{\"score\":{\"raw\":0.1,\"max\":1}}")) == PUPIL_OK,
       "another, not done");
    ok(written(&score, &ex, 1, "{\"status\":\"in_progress\",\"score\":2.6,"
               "\"max_score\":2.6,\"exercises_done\":1,"
               "\"updated_at\":\"1970-01-01T00:00:01Z\"}"),
       "the sum is exact, the newest time counts");

    pupil_score_init(&score);
    (void) add(&score, &ex, one, 1, 1, text("{}"));
    (void) add(&score, &ex, two, 1, 1, text(""));
    ok(pupil_score_status(&score, &ex) == PUPIL_SCORE_COMPLETED,
       "both are done: completed");
    ok(add(&score, &ex, one, 1, 1, text("{\"score\":{\"raw\":\"x\"}}"))
       == PUPIL_INVALID, "a score that is no number is refused");
}


static void
test_texts(void)
{
    pupil_str_t               out;
    pupil_uuid_t              ids[2];
    pupil_exercises_t         ex;
    pupil_input_exercise_t    items[2];
    pupil_input_submission_t  sub;

    static const char  want[] =
        "{\"score\":{\"raw\":1.0,\"max\":2.00},\"completion\":false,"
        "\"duration\":\"PT34S\",\"timestamp\":\"1970-01-01T00:00:00Z\"}";

    memset(items, 0, sizeof(items));
    ids[0] = one;
    ids[1] = two;
    items[0].title = text("\"quoted\"");
    items[0].max_score.raw = text("2.50");
    items[1].title = text("b");
    items[1].max_score.raw = text("0.1");

    ok(pupil_exercises_text(&alloc, items, 2, ids, &out) == PUPIL_OK
       && pupil_exercises_read(&alloc, out, &ex) == PUPIL_OK
       && ex.count == 2 && ex.max == 2600000,
       "exercises are read back as they were written");

    memset(&sub, 0, sizeof(sub));
    sub.timestamp = PUPIL_TIME_NONE;
    ok(pupil_result_text(&alloc, &sub, &out) == PUPIL_OK && out.len == 2,
       "a result without members");

    sub.score_raw.raw = text("1.0");
    sub.score_max.raw = text("2.00");
    sub.completion = PUPIL_INPUT_FALSE;
    sub.duration = text("PT34S");
    sub.timestamp = 0;
    ok(pupil_result_text(&alloc, &sub, &out) == PUPIL_OK
       && out.len == sizeof(want) - 1 && memcmp(out.data, want, out.len) == 0,
       "a result keeps what was sent, byte for byte");
}


static void
test_memory(void)
{
    long               n;
    int                failed;
    pupil_rc_t         rc;
    pupil_score_t      score;
    pupil_exercises_t  ex;

    for (n = 1, failed = 0; /* void */ ; n++) {
        arena.fail_at = n;
        rc = pupil_exercises_read(&alloc, text(exercises_text), &ex);

        if (rc == PUPIL_OK) {
            pupil_score_init(&score);
            rc = add(&score, &ex, one, 1, 1,
                     text("{\"score\":{\"raw\":1}}"));
        }

        if (rc == PUPIL_OK) {
            break;
        }

        failed += rc != PUPIL_NO_MEMORY;
    }

    arena.fail_at = 0;
    ok(n > 2 && failed == 0, "every allocation may fail (%ld)", n - 1);
}


int
main(void)
{
    test_exercises();
    test_score();
    test_texts();
    test_memory();
    tap_arena_reset(&arena);

    return tap_done();
}

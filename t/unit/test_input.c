/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/data.h"
#include "core/endpoints/homework_input.h"
#include "core/endpoints/login.h"
#include "core/endpoints/progress.h"
#include "core/endpoints/session.h"


#define count(a)  (sizeof(a) / sizeof((a)[0]))

#define UUID_A  "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define UUID_B  "00000000-0000-4000-8000-000000000001"
#define UUID_C  "00000000-0000-4000-8000-000000000002"

#define NOW  INT64_C(1795248000000000)      /* 2026-11-21T08:00:00Z */

/* Bodies that differ in one member only. */
#define HOMEWORK(rest)  "{\"class_id\":\"" UUID_A "\"," rest "}"
#define EXERCISE        "\"exercises\":[{\"title\":\"E\",\"max_score\":1}]"
#define DUE             "\"due_at\":\"2026-12-01T08:00:00Z\""
#define SUBMIT(rest)    "{\"id\":\"" UUID_A "\",\"homework_id\":\"" UUID_B   \
                        "\",\"exercise_id\":\"" UUID_C "\"" rest "}"
#define ANSWER          ",\"answer\":[1.50]"

#define SCORE(raw, max)  SUBMIT(ANSWER ",\"score\":{\"raw\":" raw             \
                                ",\"max\":" max "}")


typedef enum {
    LOGIN = 0,
    INSTITUTION,
    HOMEWORK_CREATE,
    HOMEWORK_PATCH,
    PROGRESS,
    PATCH
} endpoint_t;


typedef union {
    pupil_input_login_t           login;
    pupil_input_institution_t     institution;
    pupil_input_homework_t        homework;
    pupil_input_homework_patch_t  homework_patch;
    pupil_input_progress_t        progress;
    pupil_input_patch_t           patch;
} result_t;


typedef struct {
    endpoint_t   endpoint;
    const char  *body;
} accept_t;


typedef struct {
    endpoint_t   endpoint;
    const char  *body;
    const char  *field;
    const char  *rule;
} refuse_t;


static const accept_t  accepted[] = {
    { LOGIN, "{\"identifier\":\"a\",\"password\":\"b\"}" },
    { LOGIN, "{\"password\":\"\\u0001\\n\",\"identifier\":\"\\u00e9\"}" },
    { INSTITUTION, "{\"institution_id\":\"" UUID_A "\"}" },
    { INSTITUTION, "{\"institution_id\":null,\"role\":\"dpo\"}" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE "," EXERCISE) },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"description\":null," DUE
                                "," EXERCISE) },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"description\":"
                                "\"a\\n\\tb\\r\\n\"," DUE "," EXERCISE) },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"assigned_at\":"
                                "\"2020-01-01T00:00:00Z\",\"due_at\":"
                                "\"2020-01-01T00:00:00.000001Z\","
                                EXERCISE) },
    { HOMEWORK_PATCH, "{\"title\":\"T\"}" },
    { HOMEWORK_PATCH, "{\"description\":null}" },
    { HOMEWORK_PATCH, "{" DUE ",\"title\":\"T\",\"description\":\"\"}" },
    { PROGRESS, SUBMIT(ANSWER) }, { PROGRESS, SUBMIT(",\"answer\":null") },
    { PROGRESS, SCORE("0", "0.000001") }, { PROGRESS, SCORE("2.5", "2.50") },
    { PROGRESS, SCORE("-0", "1000000") },
    { PROGRESS, SUBMIT(ANSWER ",\"success\":true,\"completion\":false,"
                       "\"duration\":\"PT34S\",\"timestamp\":"
                       "\"2026-11-22T08:00:00Z\"") },
    { PROGRESS, "[" SUBMIT(ANSWER) "," SUBMIT(ANSWER) "]" },
    { PATCH, "{\"a\":{\"b\":1}}" },
    { PATCH, "{\"id\":\"" UUID_A "\",\"a\":null,\"\":1}" }
};

static const refuse_t  refused[] = {
    { LOGIN, "[]", "", "type" }, { LOGIN, "1", "", "type" },
    { LOGIN, "{}", "/identifier", "required" },
    { LOGIN, "{\"identifier\":\"a\"}", "/password", "required" },
    { LOGIN, "{\"identifier\":\"\",\"password\":\"b\"}", "/identifier",
      "minLength" },
    { LOGIN, "{\"identifier\":\"a\",\"password\":\"\"}", "/password",
      "minLength" },
    { LOGIN, "{\"identifier\":1,\"password\":\"b\"}", "/identifier",
      "type" },
    { LOGIN, "{\"identifier\":\"a\",\"password\":null}", "/password",
      "type" },
    { LOGIN, "{\"identifier\":\"a\",\"password\":[\"x\"]}", "/password",
      "type" },
    { LOGIN, "{\"identifier\":\"a\\nb\",\"password\":\"b\"}", "/identifier",
      "control-character" },
    { LOGIN, "{\"identifier\":\"a\x7f\",\"password\":\"b\"}", "/identifier",
      "control-character" },
    { LOGIN, "{\"identifier\":\"\\u0085\",\"password\":\"b\"}",
      "/identifier", "control-character" },
    { LOGIN, "{\"identifier\":\"a\",\"password\":\"b\",\"x\":1}", "/x",
      "additionalProperties" },
    { LOGIN, "{\"identifier\":\"a\",\"password\":\"b\",\"<b>/~\":1}",
      "/?b?~1~0", "additionalProperties" },
    { INSTITUTION, "{\"institution_id\":\"\"}", "/institution_id", "uuid" },
    { INSTITUTION, "{\"institution_id\":\"00000000-0000-0000-0000-0000"
      "00000000\"}", "/institution_id", "uuid" },
    { INSTITUTION, "{\"institution_id\":7}", "/institution_id", "type" },
    { INSTITUTION, "{\"institution\":1}", "/institution",
      "additionalProperties" },

    { HOMEWORK_CREATE, "{}", "/class_id", "required" },
    { HOMEWORK_CREATE, HOMEWORK(DUE "," EXERCISE), "/title", "required" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," EXERCISE), "/due_at",
      "required" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE), "/exercises",
      "required" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"\"," DUE "," EXERCISE),
      "/title", "minLength" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"a\\tb\"," DUE "," EXERCISE),
      "/title", "control-character" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":null," DUE "," EXERCISE),
      "/title", "type" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"description\":\"\\u0007"
                                "\"," DUE "," EXERCISE),
      "/description", "control-character" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"due_at\":\"tomorrow\","
                                EXERCISE), "/due_at", "date-time" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"due_at\":1795248000,"
                                EXERCISE), "/due_at", "type" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"due_at\":"
                                "\"2036-11-24T08:00:00Z\"," EXERCISE),
      "/due_at", "date-range" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"assigned_at\":"
                                "\"2016-11-18T08:00:00Z\"," DUE ","
                                EXERCISE), "/assigned_at", "date-range" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"assigned_at\":null,"
                                DUE "," EXERCISE), "/assigned_at", "type" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"due_at\":"
                                "\"2026-11-21T08:00:00Z\"," EXERCISE),
      "/due_at", "after-assigned_at" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\",\"assigned_at\":"
                                "\"2026-12-01T08:00:00Z\"," DUE ","
                                EXERCISE), "/due_at", "after-assigned_at" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":[]"),
      "/exercises", "minItems" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":{}"),
      "/exercises", "type" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":[1]"),
      "/exercises/0", "type" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":"
                                "[{\"title\":\"E\"}]"),
      "/exercises/0/max_score", "required" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":"
                                "[{\"title\":\"E\",\"max_score\":0}]"),
      "/exercises/0/max_score", "exclusiveMinimum" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":"
                                "[{\"title\":\"E\",\"max_score\":1},"
                                "{\"title\":\"E\",\"max_score\":"
                                "1000000.000001}]"),
      "/exercises/1/max_score", "maximum" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":"
                                "[{\"title\":\"E\",\"max_score\":1e3}]"),
      "/exercises/0/max_score", "exponent" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":"
                                "[{\"title\":\"E\",\"max_score\":\"1\"}]"),
      "/exercises/0/max_score", "type" },
    { HOMEWORK_CREATE, HOMEWORK("\"title\":\"T\"," DUE ",\"exercises\":"
                                "[{\"title\":\"E\",\"max_score\":1,"
                                "\"id\":1}]"),
      "/exercises/0/id", "additionalProperties" },

    { HOMEWORK_PATCH, "{}", "", "minProperties" },
    { HOMEWORK_PATCH, "[]", "", "type" },
    { HOMEWORK_PATCH, "{\"exercises\":[]}", "/exercises", "minItems" },
    { HOMEWORK_PATCH, "{\"title\":null}", "/title", "type" },
    { HOMEWORK_PATCH, "{\"due_at\":\"2999-01-01T00:00:00Z\"}", "/due_at",
      "date-range" },

    { PROGRESS, "7", "", "type" }, { PROGRESS, "[]", "", "minItems" },
    { PROGRESS, "{}", "/id", "required" },
    { PROGRESS, SUBMIT(""), "/answer", "required" },
    { PROGRESS, SUBMIT(ANSWER ",\"extra\":1"), "/extra",
      "additionalProperties" },
    { PROGRESS, SCORE("2", "1"), "/score/raw", "maximum" },
    { PROGRESS, SCORE("-0.5", "1"), "/score/raw", "minimum" },
    { PROGRESS, SCORE("0", "0"), "/score/max", "exclusiveMinimum" },
    { PROGRESS, SCORE("0", "1000001"), "/score/max", "maximum" },
    { PROGRESS, SCORE("0.0000001", "1"), "/score/raw", "decimals" },
    { PROGRESS, SCORE("1", "true"), "/score/max", "type" },
    { PROGRESS, SCORE("123456789012345678", "1"), "/score/raw", "digits" },
    { PROGRESS, SUBMIT(ANSWER ",\"score\":{\"raw\":1}"), "/score/max",
      "required" },
    { PROGRESS, SUBMIT(ANSWER ",\"score\":1"), "/score", "type" },
    { PROGRESS, SUBMIT(ANSWER ",\"score\":null"), "/score", "type" },
    { PROGRESS, SUBMIT(ANSWER ",\"score\":{\"raw\":1,\"max\":1,\"min\":0}"),
      "/score/min", "additionalProperties" },
    { PROGRESS, SUBMIT(ANSWER ",\"success\":\"true\""), "/success", "type" },
    { PROGRESS, SUBMIT(ANSWER ",\"completion\":0"), "/completion", "type" },
    { PROGRESS, SUBMIT(ANSWER ",\"duration\":\"34s\""), "/duration",
      "duration" },
    { PROGRESS, SUBMIT(ANSWER ",\"duration\":34"), "/duration", "type" },
    { PROGRESS, SUBMIT(ANSWER ",\"timestamp\":\"2026-11-22T08:00:01Z\""),
      "/timestamp", "date-range" },
    { PROGRESS, SUBMIT(ANSWER ",\"timestamp\":\"2016-01-01T00:00:00Z\""),
      "/timestamp", "date-range" },

    { PATCH, "[]", "", "type" }, { PATCH, "{}", "", "minProperties" },
    { PATCH, "{\"id\":\"" UUID_A "\"}", "", "minProperties" },
    { PATCH, "{\"id\":\"x\",\"a\":1}", "/id", "uuid" },
    { PATCH, "{\"id\":null,\"a\":1}", "/id", "type" }
};


static tap_arena_t  arena;
static const pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static pupil_rc_t
call(endpoint_t endpoint, const uint8_t *data, size_t len, result_t *out,
    pupil_fault_t *fault)
{
    pupil_str_t  body;

    body.data = data;
    body.len = len;
    memset(fault, 0, sizeof(pupil_fault_t));

    switch (endpoint) {
    case LOGIN:
        return pupil_input_login(&alloc, &body, &out->login, fault);
    case INSTITUTION:
        return pupil_input_institution(&alloc, &body, &out->institution,
                                       fault);
    case HOMEWORK_CREATE:
        return pupil_input_homework(&alloc, &body, NOW, &out->homework,
                                    fault);
    case HOMEWORK_PATCH:
        return pupil_input_homework_patch(&alloc, &body, NOW,
                                          &out->homework_patch, fault);
    case PROGRESS:
        return pupil_input_progress(&alloc, &body, NOW, &out->progress,
                                    fault);
    default:
        return pupil_input_patch(&alloc, &body, &out->patch, fault);
    }
}


/* From a guarded copy, so that nothing behind the body is read. */
static pupil_rc_t
call_text(endpoint_t endpoint, const char *text, result_t *out,
    pupil_fault_t *fault)
{
    size_t  len = strlen(text);

    return call(endpoint, tap_guarded(text, len), len, out, fault);
}


static int
str_is(const pupil_str_t *s, const char *text)
{
    return s->data != NULL && s->len == strlen(text)
           && memcmp(s->data, text, s->len) == 0;
}


static void
test_accepted(void)
{
    size_t         i;
    result_t       out;
    pupil_fault_t  fault;

    for (i = 0; i < count(accepted); i++) {
        memset(&fault, 0, sizeof(fault));
        ok(call_text(accepted[i].endpoint, accepted[i].body, &out, &fault)
           == PUPIL_OK, "accepted, case %zu: %s%s", i, fault.field,
           fault.rule != NULL ? fault.rule : "");
        tap_arena_reset(&arena);
    }
}


static void
test_refused(void)
{
    size_t         i;
    result_t       out;
    pupil_rc_t     rc;
    pupil_fault_t  fault;

    for (i = 0; i < count(refused); i++) {
        rc = call_text(refused[i].endpoint, refused[i].body, &out, &fault);
        ok(rc == PUPIL_INVALID && fault.status == 422
           && strcmp(fault.field, refused[i].field) == 0
           && strcmp(fault.rule, refused[i].rule) == 0,
           "I16: refused, case %zu: %s %s", i, fault.field,
           fault.rule != NULL ? fault.rule : "-");
        tap_arena_reset(&arena);
    }
}


/* Each accepted body cut at each byte, and with each allocation failing. */
static void
test_cut_and_no_memory(void)
{
    int            good, cut;
    long           nth;
    size_t         i, j, len;
    result_t       out;
    pupil_rc_t     rc;
    pupil_fault_t  fault;

    for (good = 1, cut = 1, i = 0; i < count(accepted); i++) {
        len = strlen(accepted[i].body);

        for (j = 0; j < len; j++) {
            cut &= call(accepted[i].endpoint, tap_guarded(accepted[i].body,
                        j), j, &out, &fault) == PUPIL_INVALID
                   && fault.status == 400;
        }

        for (rc = PUPIL_NO_MEMORY, nth = 1; rc == PUPIL_NO_MEMORY; nth++) {
            arena.fail_at = nth;
            rc = call_text(accepted[i].endpoint, accepted[i].body, &out,
                           &fault);
        }

        good &= rc == PUPIL_OK && nth > 2;
        arena.fail_at = 0;
        tap_arena_reset(&arena);
    }

    ok(cut, "cut anywhere, a body is malformed");
    ok(good, "any allocation may fail");
}


/* A member of n times a unit, at its limit and one over it. */
static int
at_limit(endpoint_t endpoint, const char *before, const char *unit, size_t n,
    const char *after, const char *rule)
{
    int            good;
    char          *body, *p;
    size_t         i, k;
    result_t       out;
    pupil_rc_t     rc;
    pupil_fault_t  fault;

    body = malloc(strlen(before) + strlen(after) + (n + 1) * strlen(unit)
                  + 1);
    if (body == NULL) {
        exit(2);
    }

    for (good = 1, k = 0; k < 2; k++) {
        p = stpcpy(body, before);

        for (i = 0; i < n + k; i++) {
            p = stpcpy(p, unit);
        }

        strcpy(p, after);
        rc = call_text(endpoint, body, &out, &fault);
        good &= k == 0 ? rc == PUPIL_OK
                       : rc == PUPIL_INVALID && fault.status == 422
                         && strcmp(fault.rule, rule) == 0;
        tap_arena_reset(&arena);
    }

    free(body);

    return good;
}


static void
test_limits(void)
{
    ok(at_limit(LOGIN, "{\"password\":\"p\",\"identifier\":\"", "i", 254,
                "\"}", "maxLength"), "identifier: 254 bytes");
    ok(at_limit(LOGIN, "{\"password\":\"p\",\"identifier\":\"", "\\u00e9",
                127, "\"}", "maxLength"), "identifier: bytes, not characters");
    ok(at_limit(LOGIN, "{\"identifier\":\"i\",\"password\":\"", "p", 1024,
                "\"}", "maxLength"), "password: 1024 bytes");
    ok(at_limit(HOMEWORK_PATCH, "{\"title\":\"", "\xf0\x9f\x98\x80", 200,
                "\"}", "maxLength"), "title: 200 characters");
    ok(at_limit(HOMEWORK_PATCH, "{\"title\":\"", "\\ud83d\\ude00", 200,
                "\"}", "maxLength"), "title: 200 escaped characters");
    ok(at_limit(HOMEWORK_PATCH, "{\"description\":\"", "d", 20000, "\"}",
                "maxLength"), "description: 20000 bytes");
    ok(at_limit(HOMEWORK_CREATE, "{\"class_id\":\"" UUID_A "\",\"title\":"
                "\"T\"," DUE ",\"exercises\":[{\"title\":\"E\","
                "\"max_score\":1}", ",{\"title\":\"E\",\"max_score\":1}", 99,
                "]}", "maxItems"), "100 exercises");
    ok(at_limit(PROGRESS, "[1", ",1", 99, "]", "maxItems"),
       "100 submissions");
    ok(at_limit(PROGRESS, "{\"id\":\"" UUID_A "\",\"homework_id\":\"" UUID_B
                "\",\"exercise_id\":\"" UUID_C "\",\"answer\":\"", "a",
                59998, "\"}", "maxLength"), "answer: 60000 bytes of JSON");
}


static void
test_many_members(void)
{
    char           body[2048], *p;
    int            i, k;
    result_t       out;
    pupil_rc_t     rc;
    pupil_fault_t  fault;

    for (k = 0; k < 2; k++) {
        p = stpcpy(body, "{\"id\":\"" UUID_A "\"");

        for (i = 0; i < PUPIL_INPUT_MEMBERS_MAX + k; i++) {
            p += sprintf(p, ",\"m%d\":%d", i, i);
        }

        strcpy(p, "}");
        rc = call_text(PATCH, body, &out, &fault);
        ok(k == 0 ? rc == PUPIL_OK && out.patch.count == 64
                    && str_is(&out.patch.members[63].name, "m63")
                  : rc == PUPIL_INVALID
                    && strcmp(fault.rule, "maxProperties") == 0,
           "a patch of %d members", 64 + k);
        tap_arena_reset(&arena);
    }
}


static void
test_login(void)
{
    result_t       out;
    pupil_str_t    kept;
    pupil_fault_t  fault;
    const char     body[] = "{\"identifier\":\"a@b\",\"password\":\"p\"}";

    call(LOGIN, (const uint8_t *) body, sizeof(body) - 1, &out, &fault);
    ok(str_is(&out.login.identifier, "a@b")
       && str_is(&out.login.password, "p"), "login: the two texts");
    ok(out.login.password.data < (const uint8_t *) body
       || out.login.password.data >= (const uint8_t *) body + sizeof(body),
       "login: the password is a copy");
    kept = out.login.password;
    pupil_input_login_wipe(&out.login);
    ok(kept.data[0] == 0 && out.login.password.data == NULL,
       "login: the copy is wiped");
    pupil_input_login_wipe(&out.login);

    call_text(LOGIN, "{\"identifier\":\"i\",\"password\":\"\\u0070\\n\"}",
              &out, &fault);
    kept = out.login.password;
    ok(str_is(&kept, "p\n"), "login: escapes");
    pupil_input_login_wipe(&out.login);
    ok(kept.data[0] == 0 && kept.data[1] == 0, "login: wiped as well");

    call_text(LOGIN, "{\"identifier\":\"i\",\"password\":\"secret\",", &out,
              &fault);
    ok(out.login.password.data == NULL && fault.status == 400,
       "login: nothing of what is malformed");
    tap_arena_reset(&arena);
}


/* A password that is refused is in no memory that was taken for it. */
static void
test_login_refused(void)
{
    int            k, found;
    char           body[5000], *p;
    size_t         i, j;
    result_t       out;
    pupil_fault_t  fault;

    for (k = 0; k < 2; k++) {
        p = stpcpy(body, "{\"identifier\":\"i\",\"password\":\"");
        p = stpcpy(p, k == 0 ? "x" : "\\n");

        for (i = 0; i < 100; i++) {
            p = stpcpy(p, "pass-word-in-memory-here");
        }

        strcpy(p, "\"}");
        call_text(LOGIN, body, &out, &fault);

        for (found = 0, i = 0; i < arena.used; i++) {
            for (j = 0; j < 2401; j++) {
                /* the nodes are the first block, and smaller */
                found |= i != 0 && ((char *) arena.blocks[i])[j] != '\0';
            }
        }

        ok(strcmp(fault.rule, "maxLength") == 0 && arena.used == 2 && !found,
           "login: a refused password is wiped (%d)", k);
        tap_arena_reset(&arena);
    }
}


static void
test_homework(void)
{
    result_t                 out;
    pupil_fault_t            fault;
    pupil_input_homework_t  *h = &out.homework;

    call_text(HOMEWORK_CREATE, HOMEWORK("\"title\":\"\\u0054\",\"description\""
              ":\"D\",\"due_at\":\"2026-12-01T09:00:00+01:00\",\"exercises\":"
              "[{\"max_score\":2.50,\"title\":\"E1\"},{\"title\":\"E2\","
              "\"max_score\":1}]"), &out, &fault);
    ok(h->class_id.b[0] == 0x6f && str_is(&h->title, "T")
       && str_is(&h->description, "D"), "homework: texts");
    ok(h->assigned_at == NOW && h->due_at == NOW + 10 * PUPIL_TIME_DAY,
       "homework: times, assigned now when not said");
    ok(h->exercise_count == 2 && str_is(&h->exercises[0].title, "E1")
       && str_is(&h->exercises[0].max_score.raw, "2.50")
       && h->exercises[0].max_score.value == 2500000
       && str_is(&h->exercises[1].title, "E2"), "homework: exercises");

    call_text(HOMEWORK_PATCH, "{\"description\":null," DUE "}", &out, &fault);
    ok(out.homework_patch.set
       == (PUPIL_INPUT_SET_DESCRIPTION | PUPIL_INPUT_SET_DUE_AT)
       && out.homework_patch.description.data == NULL
       && out.homework_patch.due_at == NOW + 10 * PUPIL_TIME_DAY,
       "homework: a patch says what it sets");
    call_text(HOMEWORK_PATCH, "{\"title\":\"x\"}", &out, &fault);
    ok(out.homework_patch.set == PUPIL_INPUT_SET_TITLE
       && str_is(&out.homework_patch.title, "x"), "homework: title alone");
    tap_arena_reset(&arena);
}


static void
test_submission(void)
{
    result_t                   out;
    pupil_fault_t              fault;
    pupil_input_submission_t  *s;

    call_text(PROGRESS, SUBMIT(",\"answer\": {\"x\" : 0.10} ,\"score\":"
              "{\"max\":3.0,\"raw\":2.50},\"success\":true,\"completion\":"
              "false,\"duration\":\"PT34S\",\"timestamp\":"
              "\"2026-11-21T08:00:00Z\""), &out, &fault);
    s = out.progress.items;
    ok(!out.progress.is_array && out.progress.count == 1
       && s->id.b[0] == 0x6f && s->homework_id.b[15] == 1
       && s->exercise_id.b[15] == 2, "submission: ids");
    ok(str_is(&s->answer, "{\"x\" : 0.10}")
       && str_is(&s->score_raw.raw, "2.50")
       && str_is(&s->score_max.raw, "3.0") && s->score_raw.value == 2500000
       && s->score_max.value == 3000000, "submission: bytes as sent");
    ok(s->success == PUPIL_INPUT_TRUE && s->completion == PUPIL_INPUT_FALSE
       && str_is(&s->duration, "PT34S") && s->timestamp == NOW,
       "submission: the rest");

    call_text(PROGRESS, SUBMIT(ANSWER), &out, &fault);
    s = out.progress.items;
    ok(s->score_raw.raw.data == NULL && s->success == PUPIL_INPUT_ABSENT
       && s->completion == PUPIL_INPUT_ABSENT && s->duration.data == NULL
       && s->timestamp == PUPIL_TIME_NONE, "submission: nothing optional");
    tap_arena_reset(&arena);
}


static void
test_batch(void)
{
    result_t                   out;
    pupil_fault_t              fault;
    pupil_input_submission_t  *s;

    ok(call_text(PROGRESS, "[" SUBMIT(ANSWER) ",7,{\"id\":\"bad\"},"
                 SCORE("2", "1") "," SUBMIT(ANSWER) ",{\"x\":1,\"id\":\""
                 UUID_B "\"},[],{\"id\":\"" UUID_B "\",\"answer\":1}]",
                 &out, &fault) == PUPIL_OK
       && out.progress.is_array && out.progress.count == 8,
       "batch: each on its own");

    s = out.progress.items;
    ok(s[0].rc == PUPIL_OK && s[4].rc == PUPIL_OK, "batch: good ones");
    ok(s[1].rc == PUPIL_INVALID && strcmp(s[1].fault.field, "/1") == 0
       && strcmp(s[1].fault.rule, "type") == 0
       && pupil_uuid_is_zero(&s[1].id), "batch: no object");
    ok(s[2].rc == PUPIL_INVALID && strcmp(s[2].fault.field, "/2/id") == 0
       && strcmp(s[2].fault.rule, "uuid") == 0
       && pupil_uuid_is_zero(&s[2].id), "batch: a bad id");
    ok(s[3].rc == PUPIL_INVALID
       && strcmp(s[3].fault.field, "/3/score/raw") == 0
       && strcmp(s[3].fault.rule, "maximum") == 0 && s[3].id.b[0] == 0x6f,
       "batch: a bad score");
    ok(s[5].rc == PUPIL_INVALID && strcmp(s[5].fault.field, "/5/x") == 0
       && s[5].fault.status == 422 && s[5].id.b[15] == 1,
       "batch: an unknown member, but a known id");
    ok(s[6].rc == PUPIL_INVALID && strcmp(s[6].fault.rule, "type") == 0,
       "batch: an array inside");
    ok(s[7].rc == PUPIL_INVALID
       && strcmp(s[7].fault.field, "/7/homework_id") == 0
       && strcmp(s[7].fault.rule, "required") == 0, "batch: missing member");

    ok(call_text(PROGRESS, "[" SUBMIT(ANSWER) ",{]", &out, &fault)
       == PUPIL_INVALID && fault.status == 400, "batch: no JSON, no batch");
    tap_arena_reset(&arena);
}


static void
test_generic_patch(void)
{
    result_t       out;
    pupil_str_t    raw;
    pupil_fault_t  fault;

    call_text(PATCH, "{\"given\\u005fname\":\"A\",\"id\":\"" UUID_A
              "\",\"n\":[1.0]}", &out, &fault);
    raw = pupil_json_raw(&out.patch.json, out.patch.members[1].node);
    ok(out.patch.count == 2 && out.patch.id.b[0] == 0x6f
       && str_is(&out.patch.members[0].name, "given_name")
       && str_is(&out.patch.members[1].name, "n") && str_is(&raw, "[1.0]"),
       "patch: names and values");
    ok(call_text(PATCH, "{\"a\":1,\"\\u0061\":2}", &out, &fault)
       == PUPIL_INVALID && fault.status == 400
       && strcmp(fault.rule, "duplicate-key") == 0, "patch: a name twice");
    ok(call_text(PATCH, "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", &out,
                 &fault) == PUPIL_INVALID && fault.status == 400
       && strcmp(fault.rule, "depth") == 0, "patch: 17 levels");
    tap_arena_reset(&arena);
}


/* A long unknown name comes back cut, and a value never does. */
static void
test_no_echo(void)
{
    char           body[700], name[301];
    result_t       out;
    pupil_fault_t  fault;

    memset(name, 'n', 300);
    name[300] = '\0';

    snprintf(body, sizeof(body), "{\"%s\":\"s3cr3t\"}", name);
    call_text(LOGIN, body, &out, &fault);
    ok(strlen(fault.field) == 65 && strspn(fault.field + 1, "n") == 64
       && strcmp(fault.rule, "additionalProperties") == 0,
       "I16: a long name is cut to 64 bytes");

    call_text(LOGIN, "{\"identifier\":\"s3cr3t\\u0000\",\"password\":"
              "\"s3cr3t\"}", &out, &fault);
    ok(fault.status == 400 && strstr(fault.field, "s3cr3t") == NULL,
       "I16: no value in a fault");
    tap_arena_reset(&arena);
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_accepted();
    test_refused();
    test_cut_and_no_memory();
    test_limits();
    test_many_members();
    test_login();
    test_login_refused();
    test_homework();
    test_submission();
    test_batch();
    test_generic_patch();
    test_no_echo();

    return tap_done();
}

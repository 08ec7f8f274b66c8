/*
 * Copyright (C) the Pupil authors
 *
 * Kinds of exercises: what a teacher may define, what is read back of it, which
 * answers fit, and what a machine says of them.
 */

#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/score.h"


#define NOW  INT64_C(1795248000000000)      /* 2026-11-21T08:00:00Z */
#define ID   "11223344-5566-4788-89aa-bbccddeeff01"

#define CHOICE  "\"kind\":\"choice\",\"options\":[\"a\",\"b\",\"c\"]"
#define SEVERAL  CHOICE ",\"multiple\":true"
#define NUMBER  "\"kind\":\"number\""


typedef struct {
    const char  *members;       /* of an exercise, behind title, max_score */
    const char  *field;         /* behind /exercises/0; NULL: it is taken */
    const char  *rule;
} defined_t;

static const defined_t  defined[] = {
    { CHOICE, NULL, NULL },
    { SEVERAL ",\"key\":[2,0]", NULL, NULL },
    { "\"kind\":\"choi\\u0063e\",\"options\":[\"a\",\"b\"],\"key\":[1]", NULL,
      NULL },
    { NUMBER, NULL, NULL },
    { NUMBER ",\"unit\":\"cm\",\"text\":\"How\\nlong?\",\"key\":{\"value\":"
      "-2.5,\"tolerance\":0.05}", NULL, NULL },
    { "\"kind\":\"text\",\"text\":\"\"", NULL, NULL },
    { "\"kind\":\"essay\"", NULL, NULL },
    { "\"kind\":\"link\"", NULL, NULL },

    { "\"kind\":\"drawing\"", "/kind", "enum" },
    { "\"kind\":\"\"", "/kind", "enum" },
    { "\"kind\":null", "/kind", "type" },
    { "\"kind\":\"choicechoicechoic\"", "/kind", "maxLength" },
    { "\"text\":\"Why?\"", "/text", "additionalProperties" },
    { "\"key\":[0]", "/key", "additionalProperties" },
    { "\"kind\":\"essay\",\"key\":[0]", "/key", "additionalProperties" },
    { "\"kind\":\"text\",\"options\":[\"a\",\"b\"]", "/options",
      "additionalProperties" },
    { NUMBER ",\"multiple\":true", "/multiple", "additionalProperties" },
    { CHOICE ",\"unit\":\"cm\"", "/unit", "additionalProperties" },
    { CHOICE ",\"text\":\"\\u0007\"", "/text", "control-character" },
    { "\"kind\":\"choice\"", "/options", "required" },
    { "\"kind\":\"choice\",\"options\":[\"a\"]", "/options", "minItems" },
    { "\"kind\":\"choice\",\"options\":{}", "/options", "type" },
    { "\"kind\":\"choice\",\"options\":[\"a\",7]", "/options/1", "type" },
    { "\"kind\":\"choice\",\"options\":[\"\",\"a\"]", "/options/0",
      "minLength" },
    { "\"kind\":\"choice\",\"options\":[\"a\",\"b\",\"\\u0061\"]",
      "/options/2", "uniqueItems" },
    { CHOICE ",\"multiple\":1", "/multiple", "type" },
    { CHOICE ",\"key\":1", "/key", "type" },
    { CHOICE ",\"key\":[]", "/key", "minItems" },
    { CHOICE ",\"key\":[0,1]", "/key", "maxItems" },
    { CHOICE ",\"key\":[3]", "/key/0", "enum" },
    { CHOICE ",\"key\":[-1]", "/key/0", "enum" },
    { CHOICE ",\"key\":[0.5]", "/key/0", "enum" },
    { CHOICE ",\"key\":[\"0\"]", "/key/0", "type" },
    { SEVERAL ",\"key\":[0,1,0]", "/key/2", "uniqueItems" },
    { SEVERAL ",\"key\":[0,1,2,0]", "/key", "maxItems" },
    { NUMBER ",\"unit\":\"\"", "/unit", "minLength" },
    { NUMBER ",\"unit\":\"a\\nb\"", "/unit", "control-character" },
    { NUMBER ",\"key\":2", "/key", "type" },
    { NUMBER ",\"key\":{}", "/key/value", "required" },
    { NUMBER ",\"key\":{\"value\":\"2\"}", "/key/value", "type" },
    { NUMBER ",\"key\":{\"value\":2,\"unit\":1}", "/key/unit",
      "additionalProperties" },
    { NUMBER ",\"key\":{\"value\":2,\"tolerance\":-0.1}", "/key/tolerance",
      "minimum" },
    { NUMBER ",\"key\":{\"value\":1e3}", "/key/value", "exponent" }
};


typedef struct {
    const char  *members;
    const char  *answer;
    const char  *field;         /* NULL: it fits */
    const char  *rule;
    unsigned     right;
} answered_t;

static const answered_t  answered[] = {
    { CHOICE ",\"key\":[1]", "[1]", NULL, NULL, 1 },
    { CHOICE ",\"key\":[1]", " [ 1.0 ] ", NULL, NULL, 1 },
    { CHOICE ",\"key\":[1]", "[0]", NULL, NULL, 0 },
    { CHOICE, "[1]", NULL, NULL, 0 },
    { CHOICE, "1", "/answer", "type", 0 },
    { CHOICE, "[]", "/answer", "minItems", 0 },
    { CHOICE, "[0,1]", "/answer", "maxItems", 0 },
    { CHOICE, "[3]", "/answer/0", "enum", 0 },
    { CHOICE, "[\"a\"]", "/answer/0", "type", 0 },
    { SEVERAL ",\"key\":[2,0]", "[0,2]", NULL, NULL, 1 },
    { SEVERAL ",\"key\":[2,0]", "[0]", NULL, NULL, 0 },
    { SEVERAL ",\"key\":[2,0]", "[0,1,2]", NULL, NULL, 0 },
    { SEVERAL, "[0,0]", "/answer/1", "uniqueItems", 0 },
    { SEVERAL, "[0,1,2,1]", "/answer", "maxItems", 0 },
    { NUMBER ",\"key\":{\"value\":2.5,\"tolerance\":0.05}", "2.55", NULL,
      NULL, 1 },
    { NUMBER ",\"key\":{\"value\":2.5,\"tolerance\":0.05}", "2.45", NULL,
      NULL, 1 },
    { NUMBER ",\"key\":{\"value\":2.5,\"tolerance\":0.05}", "2.550001", NULL,
      NULL, 0 },
    { NUMBER ",\"key\":{\"value\":2.5,\"tolerance\":0.05}", "2.449999", NULL,
      NULL, 0 },
    { NUMBER ",\"key\":{\"value\":0.3}", "0.300000", NULL, NULL, 1 },
    { NUMBER ",\"key\":{\"value\":-9000000000000}", "9000000000000", NULL,
      NULL, 0 },
    { NUMBER ",\"key\":{\"value\":-9000000000000,\"tolerance\":"
      "9000000000000}", "-1", NULL, NULL, 1 },
    { NUMBER, "7", NULL, NULL, 0 },
    { NUMBER, "\"7\"", "/answer", "type", 0 },
    { NUMBER, "1e3", "/answer", "exponent", 0 },
    { NUMBER, "0.1234567", "/answer", "decimals", 0 },
    { "\"kind\":\"text\"", "\"a line\"", NULL, NULL, 0 },
    { "\"kind\":\"text\"", "\"a\\nb\"", "/answer", "control-character", 0 },
    { "\"kind\":\"text\"", "{}", "/answer", "type", 0 },
    { "\"kind\":\"essay\"", "\"a\\n\\tb\"", NULL, NULL, 0 },
    { "\"kind\":\"essay\"", "\"a\\u0007\"", "/answer", "control-character",
      0 },
    { "\"kind\":\"essay\"", "null", "/answer", "type", 0 },
    { "\"kind\":\"link\"", "\"https://a.example/b?c#d\"", NULL, NULL, 0 },
    { "\"kind\":\"link\"", "\"https:\\/\\/a.example\"", NULL, NULL, 0 },
    { "\"kind\":\"link\"", "\"http://a.example/\"", "/answer", "https", 0 },
    { "\"kind\":\"link\"", "\"https://\"", "/answer", "https", 0 },
    { "\"kind\":\"link\"", "\"https:///a\"", "/answer", "https", 0 },
    { "\"kind\":\"link\"", "\"https://:443/a\"", "/answer", "https", 0 },
    { "\"kind\":\"link\"", "\"https://u:p@a.example/\"", "/answer", "https",
      0 },
    { "\"kind\":\"link\"", "\"https://a.example/@b\"", NULL, NULL, 0 },
    { "\"kind\":\"link\"", "\"https://a.example/ b\"", "/answer", "https", 0 },
    { "\"kind\":\"link\"", "\"https://a.example/\\u00e5\"", "/answer",
      "https", 0 },
    { "\"kind\":\"link\"", "\"javascript:alert(1)\"", "/answer", "https", 0 },
    { "\"kind\":\"link\"", "[\"https://a.example/\"]", "/answer", "type", 0 }
};


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


/* A homework of one exercise with these members. */
static pupil_rc_t
define(const char *members, pupil_input_homework_t *out, pupil_fault_t *fault)
{
    char         body[90000];
    pupil_str_t  guarded;

    snprintf(body, sizeof(body), "{\"class_id\":\"" ID "\",\"title\":\"T\","
             "\"due_at\":\"2026-12-01T08:00:00Z\",\"exercises\":[{\"title\":"
             "\"E\",\"max_score\":2.50%s%s}]}", members[0] ? "," : "",
             members);

    guarded.len = strlen(body);
    guarded.data = tap_guarded(body, guarded.len);

    return pupil_input_homework(&alloc, &guarded, NOW, out, fault);
}


/* The question as it comes back from what is stored. */
static pupil_rc_t
stored(const char *members, pupil_asked_list_t *list)
{
    pupil_rc_t              rc;
    pupil_str_t             exercises, keys;
    pupil_uuid_t            id;
    pupil_fault_t           fault;
    pupil_input_homework_t  in;

    (void) pupil_uuid_parse((const uint8_t *) ID, sizeof(ID) - 1, &id);

    rc = define(members, &in, &fault);
    if (rc == PUPIL_OK) {
        rc = pupil_exercises_text(&alloc, in.exercises, in.exercise_count,
                                  &id, &exercises);
    }
    if (rc == PUPIL_OK) {
        rc = pupil_exercises_keys(&alloc, in.exercises, in.exercise_count,
                                  &id, &keys);
    }

    return rc == PUPIL_OK ? pupil_asked_read(&alloc, exercises, keys, list)
                          : rc;
}


static void
test_defined(void)
{
    char                    field[128];
    size_t                  i;
    pupil_rc_t              rc;
    pupil_fault_t           fault;
    const defined_t        *d;
    pupil_input_homework_t  in;

    for (i = 0; i < sizeof(defined) / sizeof(defined[0]); i++) {
        d = &defined[i];
        rc = define(d->members, &in, &fault);

        if (d->field == NULL) {
            ok(rc == PUPIL_OK, "taken: %s", d->members);
            continue;
        }

        snprintf(field, sizeof(field), "/exercises/0%s", d->field);
        ok(rc == PUPIL_INVALID && fault.status == 422
           && strcmp(fault.field, field) == 0
           && strcmp(fault.rule, d->rule) == 0,
           "refused: %s", d->members);
        if (rc != PUPIL_INVALID || strcmp(fault.rule, d->rule) != 0
            || strcmp(fault.field, field) != 0)
        {
            printf("# %d %s %s\n", rc, rc == PUPIL_INVALID ? fault.field : "",
                   rc == PUPIL_INVALID ? fault.rule : "");
        }
    }
}


static void
test_stored(void)
{
    size_t                  i;
    pupil_str_t             out;
    pupil_uuid_t            id;
    pupil_fault_t           fault;
    pupil_asked_list_t      list;
    pupil_input_homework_t  in;

    static const char *const  bad[] = {
        "", "{}", "[1]", "[{}]", "[{\"id\":\"" ID "\",\"kind\":\"x\"}]",
        "[{\"id\":\"" ID "\",\"kind\":7}]",
        "[{\"id\":\"" ID "\",\"max_score\":\"1\"}]"
    };
    static const char *const  bad_keys[] = {
        "[1]", "[{}]", "[{\"id\":\"" ID "\"}]",
        "[{\"id\":\"21223344-5566-4788-89aa-bbccddeeff01\",\"key\":[0]}]",
        "[{\"id\":\"" ID "\",\"key\":[9]}]", "[{\"id\":\"" ID "\",\"key\":{}}]"
    };
    static const char  plain[] = "[{\"id\":\"" ID "\",\"kind\":\"choice\","
        "\"options\":[\"a\",\"b\"]}]";

    (void) pupil_uuid_parse((const uint8_t *) ID, sizeof(ID) - 1, &id);

    ok(stored(SEVERAL ",\"key\":[2,0]", &list) == PUPIL_OK && list.count == 1
       && list.items[0].max_score == 2500000
       && list.items[0].question.kind == PUPIL_KIND_CHOICE
       && list.items[0].question.multiple
       && list.items[0].question.options == 3
       && list.items[0].question.keyed && list.items[0].question.right == 5,
       "a choice comes back");
    ok(pupil_asked_find(&list, &id) == &list.items[0], "it is found");
    id.b[0] = 1;
    ok(pupil_asked_find(&list, &id) == NULL, "another is not");
    ok(stored("", &list) == PUPIL_OK && !list.items[0].question.keyed
       && list.items[0].question.kind == PUPIL_KIND_NONE,
       "one without a kind has none");

    (void) define(SEVERAL ",\"key\":[2,0]", &in, &fault);
    ok(pupil_exercises_text(&alloc, in.exercises, in.exercise_count,
                                  &id, &out) == PUPIL_OK
       && memmem(out.data, out.len, "key", 3) == NULL
       && memmem(out.data, out.len, "[2,0]", 5) == NULL,
       "no key is in what pupils are shown");
    (void) define(CHOICE, &in, &fault);
    ok(pupil_exercises_keys(&alloc, in.exercises, in.exercise_count,
                                  &id, &out) == PUPIL_OK
       && out.data == NULL, "where there is no key there is no text");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(pupil_asked_read(&alloc, text(bad[i]), text(""), &list)
           == PUPIL_INVALID, "no exercises: %s", bad[i]);
    }

    for (i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
        ok(pupil_asked_read(&alloc, text(plain), text(bad_keys[i]), &list)
           == PUPIL_INVALID, "no keys: %s", bad_keys[i]);
    }
}


static void
test_answered(void)
{
    size_t              i;
    unsigned            right;
    pupil_rc_t          rc;
    pupil_str_t         answer;
    pupil_fault_t       fault;
    const answered_t   *a;
    pupil_asked_list_t  list;

    for (i = 0; i < sizeof(answered) / sizeof(answered[0]); i++) {
        a = &answered[i];
        answer.len = strlen(a->answer);
        answer.data = tap_guarded(a->answer, answer.len);
        memset(&fault, 0, sizeof(fault));

        if (stored(a->members, &list) != PUPIL_OK) {
            ok(0, "stored: %s", a->members);
            continue;
        }

        rc = pupil_answer_fits(&alloc, &list.items[0].question, answer,
                               &right, &fault);

        ok(a->field == NULL
           ? rc == PUPIL_OK && right == a->right
           : rc == PUPIL_INVALID && strcmp(fault.field, a->field) == 0
             && strcmp(fault.rule, a->rule) == 0 && right == 0,
           "%s: %s", a->members, a->answer);
    }
}


/* What is sent of one that is stored with a key; NULL: it is kept. */
static const struct {
    const char  *members;
    const char  *sent;
    const char  *field, *rule;
} kept[] = {
    { CHOICE ",\"key\":[1]", CHOICE, NULL, NULL },
    { CHOICE ",\"key\":[1]", CHOICE ",\"multiple\":false", NULL, NULL },
    { NUMBER ",\"unit\":\"kg\",\"key\":{\"value\":2}",
      NUMBER ",\"unit\":\"\\u006bg\"", NULL, NULL },
    { "", "", NULL, NULL },
    { CHOICE, "", "/exercises/0/kind", "const" },
    { "", CHOICE, "/exercises/0/kind", "const" },
    { CHOICE, NUMBER, "/exercises/0/kind", "const" },
    { CHOICE, CHOICE ",\"multiple\":true", "/exercises/0/multiple", "const" },
    { SEVERAL, CHOICE, "/exercises/0/multiple", "const" },
    { CHOICE, "\"kind\":\"choice\",\"options\":[\"a\",\"b\"]",
      "/exercises/0/options", "const" },
    { CHOICE, "\"kind\":\"choice\",\"options\":[\"a\",\"b\",\"d\"]",
      "/exercises/0/options", "const" },
    { NUMBER ",\"unit\":\"kg\"", NUMBER, "/exercises/0/unit", "const" },
    { NUMBER, NUMBER ",\"unit\":\"kg\"", "/exercises/0/unit", "const" }
};


static void
test_kept(void)
{
    size_t                   i;
    pupil_rc_t               rc;
    pupil_str_t              exercises, keys, other;
    pupil_uuid_t             id;
    pupil_fault_t            fault;
    pupil_input_exercise_t  *sent;
    pupil_input_homework_t   was, in;

    (void) pupil_uuid_parse((const uint8_t *) ID, sizeof(ID) - 1, &id);

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        ok(define(kept[i].members, &was, &fault) == PUPIL_OK
           && define(kept[i].sent, &in, &fault) == PUPIL_OK
           && pupil_exercises_text(&alloc, was.exercises, 1, &id, &exercises)
              == PUPIL_OK
           && pupil_exercises_keys(&alloc, was.exercises, 1, &id, &keys)
              == PUPIL_OK, "stored: %s", kept[i].members);

        sent = in.exercises;
        sent->id = id;
        rc = pupil_exercises_keep(&alloc, exercises, keys, sent, 1, &fault);

        ok(kept[i].rule == NULL
           ? rc == PUPIL_OK
             && sent->question.keyed == was.exercises->question.keyed
             && sent->key.len == was.exercises->key.len
           : rc == PUPIL_INVALID && fault.status == 422
             && strcmp(fault.field, kept[i].field) == 0
             && strcmp(fault.rule, kept[i].rule) == 0,
           "sent: %s", kept[i].sent);
    }

    (void) define(CHOICE ",\"key\":[1]", &was, &fault);
    (void) pupil_exercises_text(&alloc, was.exercises, 1, &id, &exercises);
    (void) pupil_exercises_keys(&alloc, was.exercises, 1, &id, &keys);

    (void) define(CHOICE ",\"key\":[2]", &in, &fault);
    in.exercises->id = id;
    ok(pupil_exercises_keep(&alloc, exercises, keys, in.exercises, 1, &fault)
       == PUPIL_OK && in.exercises->question.right == 4, "another key");

    (void) define(CHOICE, &in, &fault);
    in.exercises->id = id;
    (void) pupil_exercises_keep(&alloc, exercises, keys, in.exercises, 1,
                                &fault);
    (void) define(CHOICE ",\"key\":[2]", &was, &fault);
    (void) pupil_exercises_keys(&alloc, was.exercises, 1, &id, &other);
    ok(pupil_exercises_keep(&alloc, exercises, other, in.exercises, 1, &fault)
       == PUPIL_OK && in.exercises->question.right == 4
       && in.exercises->key.len == 3, "one that somebody changed meanwhile");
    ok(pupil_exercises_keep(&alloc, exercises, text(""), in.exercises, 1,
                            &fault)
       == PUPIL_OK && !in.exercises->question.keyed
       && in.exercises->key.len == 0, "and one that somebody took away");

    (void) define(CHOICE, &in, &fault);
    in.exercises->id = id;
    in.exercises->keyless = 1;
    ok(pupil_exercises_keep(&alloc, exercises, keys, in.exercises, 1, &fault)
       == PUPIL_OK && !in.exercises->question.keyed, "none");

    in.exercises->id.b[0]++;
    ok(pupil_exercises_keep(&alloc, exercises, keys, in.exercises, 1, &fault)
       == PUPIL_INVALID && strcmp(fault.rule, "exists") == 0, "no such");

    in.exercises->id = id;
    in.exercises->keyless = 0;
    ok(pupil_exercises_keep(&alloc, exercises, text("[{\"id\":\"" ID "\"}]"),
                            in.exercises, 1, &fault)
       == PUPIL_INVALID && fault.status == 0, "keys that are none");
}


/* What is copied is written as it was. */
static void
test_copied(void)
{
    size_t                   i;
    uint32_t                 n;
    pupil_str_t              exercises, keys, again[2];
    pupil_uuid_t             id;
    pupil_fault_t            fault;
    pupil_input_homework_t   was;
    pupil_input_exercise_t  *list;

    (void) pupil_uuid_parse((const uint8_t *) ID, sizeof(ID) - 1, &id);

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        (void) define(kept[i].members, &was, &fault);
        (void) pupil_exercises_text(&alloc, was.exercises, 1, &id, &exercises);
        (void) pupil_exercises_keys(&alloc, was.exercises, 1, &id, &keys);

        ok(pupil_exercises_copy(&alloc, exercises, keys, &list, &n) == PUPIL_OK
           && n == 1
           && pupil_exercises_text(&alloc, list, n, &id, &again[0])
              == PUPIL_OK
           && pupil_exercises_keys(&alloc, list, n, &id, &again[1])
              == PUPIL_OK
           && again[0].len == exercises.len && again[1].len == keys.len
           && memcmp(again[0].data, exercises.data, exercises.len) == 0
           && (keys.len == 0
               || memcmp(again[1].data, keys.data, keys.len) == 0),
           "copied: %s", kept[i].members);
    }

    ok(pupil_exercises_copy(&alloc, text("[]"), text(""), &list, &n)
       == PUPIL_INVALID, "no exercises");
}


/* Exactly as much as may be, and one byte more. */
static void
test_limits(void)
{
    char              *answer;
    size_t             i, k;
    unsigned           right;
    pupil_str_t        sent;
    pupil_fault_t      fault;
    pupil_question_t   question;

    static const struct {
        pupil_kind_t  kind;
        const char   *begins;
        size_t        most;
    } limits[] = {
        { PUPIL_KIND_NONE, "\"", 8192 },
        { PUPIL_KIND_TEXT, "\"", 8192 },
        { PUPIL_KIND_ESSAY, "\"", 60000 },
        { PUPIL_KIND_LINK, "\"https://a/", 2002 }
    };

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        memset(&question, 0, sizeof(question));
        question.kind = (uint8_t) limits[i].kind;

        for (k = 0; k < 2; k++) {
            sent.len = limits[i].most + k;
            answer = malloc(sent.len);
            memset(answer, 'x', sent.len);
            memcpy(answer, limits[i].begins, strlen(limits[i].begins));
            answer[sent.len - 1] = '"';
            sent.data = tap_guarded(answer, sent.len);
            free(answer);

            ok(k == 0
               ? pupil_answer_fits(&alloc, &question, sent, &right, &fault)
                 == PUPIL_OK
               : pupil_answer_fits(&alloc, &question, sent, &right, &fault)
                 == PUPIL_INVALID
                 && strcmp(fault.rule, "maxLength") == 0,
               "kind %u: %u bytes", (unsigned) limits[i].kind,
               (unsigned) sent.len);
        }
    }
}


static void
test_memory(void)
{
    long                n;
    int                 failed;
    unsigned            right;
    pupil_rc_t          rc;
    pupil_fault_t       fault;
    pupil_asked_list_t  list;

    for (n = 1, failed = 0; /* void */ ; n++) {
        arena.fail_at = n;
        rc = stored(SEVERAL ",\"key\":[2,0]", &list);

        if (rc == PUPIL_OK) {
            rc = pupil_answer_fits(&alloc, &list.items[0].question,
                                   text("[0,2]"), &right, &fault);
        }

        if (rc == PUPIL_OK) {
            break;
        }

        failed += rc != PUPIL_NO_MEMORY;
    }

    arena.fail_at = 0;
    ok(n > 5 && failed == 0, "every allocation may fail (%ld)", n - 1);
}


int
main(void)
{
    test_defined();
    test_stored();
    test_answered();
    test_kept();
    test_copied();
    test_limits();
    test_memory();
    tap_arena_reset(&arena);

    return tap_done();
}

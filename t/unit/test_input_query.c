/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/input/input.h"


#define count(a)  (sizeof(a) / sizeof((a)[0]))

#define UUID  "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define NOW   INT64_C(1795248000000000)     /* 2026-11-21T08:00:00Z */


typedef struct {
    const char  *args;
    const char  *field;
    const char  *rule;
} refuse_t;


static const char *const  accepted[] = {
    "", "status=open", "status=all&limit=1", "limit=100",
    "%6cimit=%31%30", "homework_id=" UUID "&limit=9"
};

static const refuse_t  refused[] = {
    { "status=OPEN", "status", "enum" },
    { "status=", "status", "enum" },
    { "status", "status", "malformed" },
    { "limit=0", "limit", "minimum" },
    { "limit=101", "limit", "maximum" },
    { "limit=99999999999999999999", "limit", "maximum" },
    { "limit=-1", "limit", "integer" },
    { "limit=+1", "limit", "integer" },
    { "limit=01", "limit", "integer" },
    { "limit=1.0", "limit", "integer" },
    { "limit=", "limit", "integer" },
    { "limit=1&limit=1", "limit", "duplicate-key" },
    { "limit=1&%6Cimit=1", "limit", "duplicate-key" },
    { "limit=%3", "limit", "percent-encoding" },
    { "limit=%", "limit", "percent-encoding" },
    { "limit=%zz", "limit", "percent-encoding" },
    { "limit=%001", "limit", "integer" },
    { "%6=1", "", "percent-encoding" },
    { "&", "", "malformed" }, { "limit=1&", "", "malformed" },
    { "&limit=1", "", "malformed" }, { "=1", "", "malformed" },
    { "limit=1&&status=all", "", "malformed" },
    { "offset=1", "offset", "additionalProperties" },
    { "limit%00=1", "limit?", "additionalProperties" },
    { "Limit=1", "Limit", "additionalProperties" },
    { "homework_id=x", "homework_id", "uuid" },
    { "cursor=", "cursor", "cursor" },
    { "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor",
      "cursor" },
    { "cursor=__________________________________________________"
      "_____________________", "cursor", "maxLength" }
};


static pupil_rc_t
call(const char *args, pupil_input_query_t *out, pupil_fault_t *fault)
{
    pupil_str_t  s;

    s.len = strlen(args);
    s.data = tap_guarded(args, s.len);
    memset(fault, 0, sizeof(pupil_fault_t));

    return pupil_input_query(&s, PUPIL_QUERY_STATUS | PUPIL_QUERY_LIMIT
                             | PUPIL_QUERY_CURSOR | PUPIL_QUERY_HOMEWORK_ID,
                             out, fault);
}


static void
test_tables(void)
{
    size_t               i;
    pupil_fault_t        fault;
    pupil_input_query_t  out;

    for (i = 0; i < count(accepted); i++) {
        ok(call(accepted[i], &out, &fault) == PUPIL_OK, "accepted: '%s'",
           accepted[i]);
    }

    for (i = 0; i < count(refused); i++) {
        ok(call(refused[i].args, &out, &fault) == PUPIL_INVALID
           && fault.status == 422
           && strcmp(fault.field, refused[i].field) == 0
           && strcmp(fault.rule, refused[i].rule) == 0,
           "I16: refused: '%s': %s %s", refused[i].args, fault.field,
           fault.rule != NULL ? fault.rule : "-");
    }
}


static void
test_no_echo(void)
{
    char                 args[400];
    pupil_fault_t        fault;
    pupil_input_query_t  out;

    memset(args, 'n', 300);
    strcpy(args + 300, "=s3cr3t");
    call(args, &out, &fault);
    ok(strlen(fault.field) == 64
       && strcmp(fault.rule, "additionalProperties") == 0,
       "I16: a long unknown name is cut to 64 bytes");
}


static void
test_query(void)
{
    char                 args[128];
    size_t               i;
    uint8_t              text[PUPIL_CURSOR_TEXT_LEN];
    pupil_str_t          s;
    pupil_fault_t        fault;
    pupil_cursor_t       cursor, again;
    pupil_input_query_t  out;

    cursor.time = NOW + 1;
    pupil_uuid_parse((const uint8_t *) UUID, 36, &cursor.id);
    pupil_cursor_encode(&cursor, text);
    ok(pupil_cursor_decode(tap_guarded(text, 32), 32, &again) == PUPIL_OK
       && again.time == cursor.time
       && pupil_uuid_compare(&again.id, &cursor.id) == 0,
       "cursor there and back");

    for (i = 0; i < 32; i++) {
        if (pupil_cursor_decode(tap_guarded(text, i), i, &again)
            != PUPIL_INVALID)
        {
            break;
        }
    }

    ok(i == 32, "a cursor cut anywhere is refused");
    cursor.time = -1;
    pupil_cursor_encode(&cursor, text);
    ok(pupil_cursor_decode(text, 32, &again) == PUPIL_INVALID,
       "a cursor out of time is refused");

    cursor.time = NOW;
    pupil_cursor_encode(&cursor, text);
    snprintf(args, sizeof(args), "status=all&cursor=%.32s&limit=%%37",
             (char *) text);
    ok(call(args, &out, &fault) == PUPIL_OK && out.all
       && out.limit == 7 && out.cursor.time == NOW
       && out.given == (PUPIL_QUERY_STATUS | PUPIL_QUERY_CURSOR
                              | PUPIL_QUERY_LIMIT), "all of them");
    ok(call("", &out, &fault) == PUPIL_OK && !out.all
       && out.limit == PUPIL_INPUT_LIMIT_DEFAULT
       && out.given == 0, "none of them");

    s.data = (const uint8_t *) "status=all";
    s.len = 10;
    ok(pupil_input_query(&s, PUPIL_QUERY_LIMIT, &out, &fault)
       == PUPIL_INVALID && strcmp(fault.rule, "additionalProperties") == 0
       && strcmp(fault.field, "status") == 0,
       "an argument of another endpoint is unknown");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_tables();
    test_no_echo();
    test_query();

    return tap_done();
}

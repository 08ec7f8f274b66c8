/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/data.h"
#include "core/endpoints/homework_input.h"
#include "core/endpoints/progress.h"


#define count(a)  (sizeof(a) / sizeof((a)[0]))

#define UUID  "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define NOW   INT64_C(1795248000000000)     /* 2026-11-21T08:00:00Z */


/* What any of the endpoints is asked for: all of them begin with a page. */
typedef union {
    pupil_page_t            page;
    pupil_homework_query_t  homework;
    pupil_progress_query_t  progress;
    pupil_data_query_t      data;
} query_t;


typedef struct {
    const pupil_argument_t  *table;
    const char              *args;
    const char              *field;
    const char              *rule;
} case_t;


#define HOMEWORK  pupil_homework_arguments
#define PROGRESS  pupil_progress_arguments
#define DATA      pupil_data_arguments


static const case_t  accepted[] = {
    { HOMEWORK, "", NULL, NULL }, { HOMEWORK, "status=open", NULL, NULL },
    { HOMEWORK, "status=all&limit=1", NULL, NULL },
    { HOMEWORK, "status=todo&order=newest", NULL, NULL },
    { HOMEWORK, "due_after=2026-11-21T08:00:00%2B01:00", NULL, NULL },
    { DATA, "limit=100", NULL, NULL },
    { PROGRESS, "%6cimit=%31%30", NULL, NULL },
    { PROGRESS, "homework_id=" UUID "&limit=9", NULL, NULL }
};

static const case_t  refused[] = {
    { HOMEWORK, "status=OPEN", "status", "enum" },
    { HOMEWORK, "status=", "status", "enum" },
    { HOMEWORK, "status", "status", "malformed" },
    { HOMEWORK, "order=due", "order", "enum" },
    { HOMEWORK, "due_before=tomorrow", "due_before", "date-time" },
    { DATA, "limit=0", "limit", "minimum" },
    { DATA, "limit=101", "limit", "maximum" },
    { DATA, "limit=99999999999999999999", "limit", "maximum" },
    { DATA, "limit=-1", "limit", "integer" },
    { DATA, "limit=+1", "limit", "integer" },
    { DATA, "limit=01", "limit", "integer" },
    { DATA, "limit=1.0", "limit", "integer" },
    { DATA, "limit=", "limit", "integer" },
    { DATA, "limit=1&limit=1", "limit", "duplicate-key" },
    { DATA, "limit=1&%6Cimit=1", "limit", "duplicate-key" },
    { DATA, "limit=%3", "limit", "percent-encoding" },
    { DATA, "limit=%", "limit", "percent-encoding" },
    { DATA, "limit=%zz", "limit", "percent-encoding" },
    { DATA, "limit=%001", "limit", "integer" },
    { DATA, "%6=1", "", "percent-encoding" },
    { DATA, "&", "", "malformed" }, { DATA, "limit=1&", "", "malformed" },
    { DATA, "&limit=1", "", "malformed" }, { DATA, "=1", "", "malformed" },
    { HOMEWORK, "limit=1&&status=all", "", "malformed" },
    { DATA, "offset=1", "offset", "additionalProperties" },
    { DATA, "limit%00=1", "limit?", "additionalProperties" },
    { DATA, "Limit=1", "Limit", "additionalProperties" },
    { PROGRESS, "homework_id=x", "homework_id", "uuid" },
    { PROGRESS, "cursor=", "cursor", "cursor" },
    { PROGRESS, "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor",
      "cursor" },
    { PROGRESS, "cursor=__________________________________________________"
      "_____________________", "cursor", "maxLength" },
    { PROGRESS, "status=all", "status", "additionalProperties" },
    { DATA, "homework_id=" UUID, "homework_id", "additionalProperties" }
};


static pupil_rc_t
call(const pupil_argument_t *table, const char *args, query_t *out,
    pupil_fault_t *fault)
{
    pupil_str_t  s;

    s.len = strlen(args);
    s.data = tap_guarded(args, s.len);
    memset(fault, 0, sizeof(pupil_fault_t));
    memset(out, 0, sizeof(query_t));
    out->page = pupil_page_first;

    return pupil_input_query(&s, table, out, fault);
}


static void
test_tables(void)
{
    size_t               i;
    pupil_fault_t        fault;
    query_t              out;

    for (i = 0; i < count(accepted); i++) {
        ok(call(accepted[i].table, accepted[i].args, &out, &fault) == PUPIL_OK,
           "accepted: '%s'", accepted[i].args);
    }

    for (i = 0; i < count(refused); i++) {
        ok(call(refused[i].table, refused[i].args, &out, &fault)
           == PUPIL_INVALID
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
    query_t              out;

    memset(args, 'n', 300);
    strcpy(args + 300, "=s3cr3t");
    call(DATA, args, &out, &fault);
    ok(strlen(fault.field) == 64
       && strcmp(fault.rule, "additionalProperties") == 0,
       "I16: a long unknown name is cut to 64 bytes");
}


/* A cursor is of the list that it was made for, and of the way that it goes. */
static void
test_list(void)
{
    size_t                  i;
    uint8_t                 text[PUPIL_LIST_CURSOR_TEXT_LEN];
    pupil_fault_t           fault;
    pupil_cursor_t          cursor;
    pupil_list_window_t     window;
    pupil_homework_query_t  query, again;

    query = pupil_homework_first;
    query.list.status = PUPIL_LIST_LATE;
    query.list.newest = 1;
    query.list.from = NOW - 9;
    cursor.time = NOW - 5;
    pupil_uuid_parse((const uint8_t *) UUID, 36, &cursor.id);
    pupil_list_cursor_encode(&cursor, &query.list, 1, text);

    for (i = 0; i < sizeof(text); i++) {
        if (pupil_list_cursor_decode(tap_guarded(text, i), i, &again)
            != PUPIL_INVALID)
        {
            break;
        }
    }

    ok(i == sizeof(text), "a list's cursor cut anywhere is refused");

    again = query;
    ok(pupil_list_cursor_decode(tap_guarded(text, i), i, &again) == PUPIL_OK
       && again.back && again.page.cursor.time == cursor.time
       && pupil_uuid_compare(&again.page.cursor.id, &cursor.id) == 0
       && pupil_homework_query_check(&again, &fault) == PUPIL_OK,
       "a list's cursor there and back");

    /* newest first, and back: from the lower end */
    pupil_homework_window(&again, NOW, NOW - 2, &window);
    ok(!window.descending && window.low.time == cursor.time
       && !pupil_uuid_is_zero(&window.low.id)
       && window.high.time == NOW - 2, "late: between it and midnight");

    again.list.status = PUPIL_LIST_DONE;
    ok(pupil_homework_query_check(&again, &fault) == PUPIL_INVALID
       && strcmp(fault.rule, "same-query") == 0, "of another list: refused");
}


static void
test_query(void)
{
    char                 args[128];
    size_t               i;
    uint8_t              text[PUPIL_CURSOR_TEXT_LEN];
    pupil_fault_t        fault;
    pupil_cursor_t       cursor, again;
    query_t              out;

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
    ok(call(DATA, args + strlen("status=all&"), &out, &fault) == PUPIL_OK
       && out.page.limit == 7 && out.page.cursor.time == NOW, "all of them");
    ok(call(DATA, "", &out, &fault) == PUPIL_OK
       && out.page.limit == PUPIL_INPUT_LIMIT_DEFAULT
       && pupil_uuid_is_zero(&out.page.cursor.id), "none of them");
    ok(call(PROGRESS, "homework_id=" UUID, &out, &fault) == PUPIL_OK
       && pupil_uuid_compare(&out.progress.homework_id, &cursor.id) == 0,
       "an id");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_tables();
    test_no_echo();
    test_list();
    test_query();

    return tap_done();
}

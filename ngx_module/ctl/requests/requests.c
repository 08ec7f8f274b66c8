/*
 * Copyright (C) the Pupil authors
 *
 * What comes in is entered, with the day that it came, whoever it is of, and is
 * there until it is decided and done: nothing has to be asked twice.
 */

#include <string.h>

#include "core/base/time.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/requests/change.h"
#include "ctl/requests/requests.h"
#include "ctl/requests/rows.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/whom.h"
#include "ctl/store/zone.h"


static json_t *request_json(const ctl_t *ctl, const ctl_request_t *request);
static void request_print(const ctl_t *ctl, const ctl_request_t *request);
static const char *clock_name(const ctl_t *ctl, const ctl_request_t *request);
static int list_record(ctl_t *ctl, const ctl_request_t *list, size_t count);
static int add_words(ctl_t *ctl, ctl_request_t *request, ctl_whom_t *whom,
    int *named);
static int add_day(ctl_t *ctl, ctl_request_t *request);
static int add_write(ctl_t *ctl, ctl_request_t *request, pupil_str_t text,
    pupil_str_t behalf);


int
ctl_cmd_request_list(ctl_t *ctl)
{
    size_t          i, count;
    json_t         *told;
    pupil_uuid_t    id;
    ctl_request_t  *list;

    if (ctl->opt.subject != NULL && ctl_uuid_parse(ctl->opt.subject, &id) != 0)
    {
        ctl_error("--subject is no lower-case UUID");
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || ctl_zone_load(ctl) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_request_list(ctl, ctl->opt.subject, &list, &count) != 0
        || list_record(ctl, list, count) != 0 || ctl_commit(ctl->data) != 0)
    {
        return CTL_FAILED;
    }

    told = json_array();

    for (i = 0; i < count; i++) {
        if (ctl->opt.json) {
            json_array_append_new(told, request_json(ctl, &list[i]));

        } else {
            request_print(ctl, &list[i]);
        }
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:O}", "requests", told));

    } else if (count == 0) {
        ctl_note("there is none");
    }

    json_decref(told);

    return CTL_DONE;
}


/* Who is told about is on record. */
static int
list_record(ctl_t *ctl, const ctl_request_t *list, size_t count)
{
    size_t  i;

    for (i = 0; i < count; i++) {
        if (ctl_request_record(ctl, &list[i], &ctl_request_read, "allowed",
                               NULL) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static const char *
clock_name(const ctl_t *ctl, const ctl_request_t *request)
{
    static const char *const  names[] = {
        [PUPIL_REQUEST_IN_TIME] = "in_time",
        [PUPIL_REQUEST_DUE_SOON] = "due_soon",
        [PUPIL_REQUEST_OVERDUE] = "overdue"
    };

    return names[pupil_request_clock(&request->rules, ctl->today)];
}


static json_t *
request_json(const ctl_t *ctl, const ctl_request_t *request)
{
    char                        days[2][16];
    const pupil_request_row_t  *row;

    row = &request->row;

    return json_pack("{s:s,s:s?,s:s,s:s,s:s,s:s,s:s,s:s,s:s#,s:s#,s:I}",
        "id", request->id,
        "subject", request->subject[0] != '\0' ? request->subject : NULL,
        "kind", pupil_request_kind_name(request->rules.kind),
        "article", pupil_request_article(request->rules.kind),
        "state", pupil_request_state_name(request->rules.state),
        "received_on", ctl_request_day(row->received_on, days[0]),
        "due_on", ctl_request_day(row->due_on, days[1]),
        "clock", clock_name(ctl, request),
        "condition", (const char *) row->condition.data, row->condition.len,
        "reference", (const char *) row->reference.data, row->reference.len,
        "erasure", (json_int_t) row->erasure);
}


static void
request_print(const ctl_t *ctl, const ctl_request_t *request)
{
    char         days[2][16];
    const char  *clock;

    clock = clock_name(ctl, request);

    printf("%s %s %s (article %s), came %s, due %s%s: %s\n", request->id,
           pupil_request_state_name(request->rules.state),
           pupil_request_kind_name(request->rules.kind),
           pupil_request_article(request->rules.kind),
           ctl_request_day(request->row.received_on, days[0]),
           ctl_request_day(request->row.due_on, days[1]),
           strcmp(clock, "overdue") == 0 ? ", OVERDUE"
           : strcmp(clock, "due_soon") == 0 ? ", soon" : "",
           request->subject[0] != '\0' ? request->subject
                                       : "nobody was found");
}


int
ctl_cmd_request_show(ctl_t *ctl)
{
    int            i;
    json_t        *told;
    pupil_str_t    values[CTL_REQUEST_TEXTS];
    ctl_request_t  request;

    if (ctl_request_word(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_request_open(ctl, 0, &request) != 0
        || ctl_request_said(ctl, &request, values) != 0
        || ctl_request_record(ctl, &request, &ctl_request_read, "allowed",
                              "texts=opened") != 0
        || ctl_commit(ctl->data) != 0)
    {
        return CTL_FAILED;
    }

    told = request_json(ctl, &request);

    if (!ctl->opt.json) {
        request_print(ctl, &request);
    }

    for (i = 0; i < CTL_REQUEST_TEXTS; i++) {
        json_object_set_new(told, ctl_request_texts[i],
                            values[i].data == NULL ? json_null()
                            : json_stringn((const char *) values[i].data,
                                           values[i].len));

        if (!ctl->opt.json && values[i].data != NULL) {
            printf("  %s: ", ctl_request_texts[i]);
            ctl_print_line(stdout, json_string_value(json_object_get(told,
                                       ctl_request_texts[i])));
            putchar('\n');
        }
    }

    if (ctl->opt.json) {
        ctl_json_print(json_incref(told));
    }

    json_decref(told);

    return CTL_DONE;
}


/*
 * Of somebody by their id or log-in name, or of nobody that was found: it is
 * entered all the same, and its month runs.
 */
int
ctl_cmd_request_add(ctl_t *ctl)
{
    int            named;
    ctl_whom_t     whom;
    pupil_str_t    text, behalf;
    ctl_request_t  request;

    if (add_words(ctl, &request, &whom, &named) != 0
        || ctl_request_file(ctl, ctl->opt.text, "--text", &text) != 0
        || ctl_request_file(ctl, ctl->opt.behalf, "--behalf", &behalf) != 0)
    {
        return CTL_USAGE;
    }

    if (!named && (text.len != 0 || behalf.len != 0)) {
        ctl_error("what was said is sealed under the key of whose it is: of"
                  " nobody there is none; enter it without --text and"
                  " --behalf, and keep the letter by its reference");
        return CTL_USAGE;
    }

    if (named && ctl_whom_find(ctl, &ctl_request_write, &whom) != 0) {
        ctl_note("the request is not entered: without ID and --login it is,"
                 " as of nobody who was found, and its month runs");
        return CTL_FAILED;
    }

    if (!named
        && (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
            || ctl_begin(ctl->data, &ctl->tenant) != 0))
    {
        return CTL_FAILED;
    }

    if (named && ctl_whom_state(&whom) == PUPIL_OWNER_STATE_ERASED) {
        (void) ctl_whom_refuse(ctl, &ctl_request_write, &whom, NULL);
        ctl_error("this person was erased");
        return CTL_FAILED;
    }

    request.row.subject = whom.id;

    if (add_day(ctl, &request) != 0
        || add_write(ctl, &request, text, behalf) != 0)
    {
        ctl_rollback(ctl->data);
        return CTL_FAILED;
    }

    return ctl_request_tell(ctl, &request, NULL);
}


static int
add_words(ctl_t *ctl, ctl_request_t *request, ctl_whom_t *whom, int *named)
{
    memset(request, 0, sizeof(ctl_request_t));
    memset(whom, 0, sizeof(ctl_whom_t));
    *named = 0;

    request->row.kind = ctl_str(ctl->args[0]);

    if (pupil_request_kind(request->row.kind) == PUPIL_REQUEST_KINDS) {
        return ctl_error("KIND is access, rectification, erasure, restriction,"
                         " portability, objection or withdrawal");
    }

    if (ctl->args_count == 2 && ctl->opt.login != NULL) {
        return ctl_error("say an ID, or --login NAME, or neither");
    }

    if (ctl->args_count == 2 && ctl_uuid_parse(ctl->args[1], &whom->id) != 0) {
        return ctl_error("ID is no lower-case UUID");
    }

    *named = ctl->args_count == 2 || ctl->opt.login != NULL;

    return ctl_request_reference(ctl);
}


/* Received is when it came to whoever had it first: not when it is entered. */
static int
add_day(ctl_t *ctl, ctl_request_t *request)
{
    pupil_str_t  day;

    if (ctl_zone_load(ctl) != 0) {
        return -1;
    }

    request->row.received_on = ctl->today;

    if (ctl->opt.received != NULL) {
        day = ctl_str(ctl->opt.received);

        if (pupil_date_parse(day.data, day.len, &request->row.received_on)
            != PUPIL_OK || request->row.received_on > ctl->today)
        {
            return ctl_error("--received is a day until today, as 2026-11-28");
        }
    }

    request->row.due_on = pupil_request_due(request->row.received_on, 0);

    return 0;
}


static int
add_write(ctl_t *ctl, ctl_request_t *request, pupil_str_t text,
    pupil_str_t behalf)
{
    pupil_uuid_random(&request->row.request);
    request->row.state = ctl_str(pupil_request_state_name(
                                     PUPIL_REQUEST_RECEIVED));
    request->row.condition = ctl_str("");
    request->row.reference = ctl_str(ctl->opt.reference);

    if (ctl_request_add(ctl, request) != 0
        || (text.len != 0
            && ctl_request_say(ctl, request, "text", text) != 0)
        || (behalf.len != 0
            && ctl_request_say(ctl, request, "behalf", behalf) != 0)
        || ctl_request_record(ctl, request, &ctl_request_write, "allowed",
                              behalf.len != 0 ? "state=received on_behalf"
                                              : "state=received") != 0)
    {
        return -1;
    }

    return ctl_commit(ctl->data);
}


int
ctl_request_tell(ctl_t *ctl, const ctl_request_t *request, json_t *receipt)
{
    size_t   i;
    json_t  *told, *part;

    if (ctl->opt.json) {
        told = request_json(ctl, request);

        if (receipt != NULL) {
            json_object_set_new(told, "receipt", receipt);
        }

        ctl_json_print(told);

        return CTL_DONE;
    }

    request_print(ctl, request);

    json_array_foreach(receipt, i, part) {
        printf("  %-21s %s %lld\n",
               json_string_value(json_object_get(part, "table")),
               json_string_value(json_object_get(part, "state")),
               (long long) json_integer_value(json_object_get(part,
                                                              "records")));
    }

    json_decref(receipt);

    return CTL_DONE;
}

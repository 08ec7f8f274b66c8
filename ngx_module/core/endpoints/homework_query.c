/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: which list is asked for, and where a page of it is.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/endpoints/homework_input.h"


#define LIST_CURSOR_BYTES  41
#define LIST_KIND_BACK     0x80
#define LIST_KIND_NEWEST   0x40


static const char *list_status(const uint8_t *s, size_t len, void *out);
static const char *list_order(const uint8_t *s, size_t len, void *out);
static const char *list_time(const uint8_t *s, size_t len, void *out);
static const char *list_cursor(const uint8_t *s, size_t len, void *out);


/* By pupil_list_status_t. */
static const char *const  list_statuses[] = {
    [PUPIL_LIST_OPEN] = "open",
    [PUPIL_LIST_ALL] = "all",
    [PUPIL_LIST_TODO] = "todo",
    [PUPIL_LIST_LATE] = "late",
    [PUPIL_LIST_DONE] = "done",
    [PUPIL_LIST_WITHDRAWN] = "withdrawn"
};

static const char *const  list_orders[] = { "oldest", "newest" };

#define list_count(names)  (sizeof(names) / sizeof((names)[0]))


/* A cursor is of a whole query. */
const pupil_argument_t  pupil_homework_arguments[] = {
    { .name = "status", .set = list_status,
      .offset = offsetof(pupil_homework_query_t, list.status) },
    { .name = "order", .set = list_order,
      .offset = offsetof(pupil_homework_query_t, list.newest) },
    { .name = "due_after", .set = list_time,
      .offset = offsetof(pupil_homework_query_t, list.from) },
    { .name = "due_before", .set = list_time,
      .offset = offsetof(pupil_homework_query_t, list.before) },
    { .name = "limit", .set = pupil_argument_limit,
      .offset = offsetof(pupil_homework_query_t, page.limit) },
    { .name = "cursor", .set = list_cursor, .offset = 0 },
    { .name = NULL }
};

const pupil_homework_query_t  pupil_homework_first = {
    .page.limit = PUPIL_INPUT_LIMIT_DEFAULT,
    .list.before = PUPIL_TIME_MAX,
    .list_of.before = PUPIL_TIME_MAX
};


static const char *
list_name(const uint8_t *s, size_t len, const char *const *names, size_t n,
    void *out)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (len == strlen(names[i]) && memcmp(s, names[i], len) == 0) {
            memcpy(out, &i, sizeof(i));
            return NULL;
        }
    }

    return "enum";
}


static const char *
list_status(const uint8_t *s, size_t len, void *out)
{
    return list_name(s, len, list_statuses, list_count(list_statuses), out);
}


static const char *
list_order(const uint8_t *s, size_t len, void *out)
{
    return list_name(s, len, list_orders, list_count(list_orders), out);
}


static const char *
list_time(const uint8_t *s, size_t len, void *out)
{
    pupil_time_t  time;

    if (pupil_time_parse(s, len, &time) != PUPIL_OK) {
        return "date-time";
    }

    memcpy(out, &time, sizeof(time));

    return NULL;
}


static const char *
list_cursor(const uint8_t *s, size_t len, void *out)
{
    return pupil_list_cursor_decode(s, len, out) == PUPIL_OK ? NULL
                                                             : "cursor";
}


pupil_rc_t
pupil_homework_query_check(const pupil_homework_query_t *query,
    pupil_fault_t *fault)
{
    const pupil_list_t  *list, *of;

    list = &query->list;
    of = &query->list_of;

    if (list->before != PUPIL_TIME_MAX && list->before <= list->from) {
        return pupil_fault_set(fault, 422, "due_before", "after-due_after");
    }

    if (!pupil_uuid_is_zero(&query->page.cursor.id)
        && (list->status != of->status || list->newest != of->newest
            || list->from != of->from || list->before != of->before))
    {
        return pupil_fault_set(fault, 422, "cursor", "same-query");
    }

    return PUPIL_OK;
}


void
pupil_homework_window(const pupil_homework_query_t *query, pupil_time_t now,
    pupil_time_t midnight, pupil_list_window_t *window)
{
    pupil_cursor_t         none;
    const pupil_list_t    *list;
    const pupil_cursor_t  *cursor;

    list = &query->list;
    cursor = &query->page.cursor;

    memset(&none, 0, sizeof(none));
    window->low = none;
    window->high = none;
    window->low.time = list->from;
    window->high.time = list->before;
    window->descending = list->newest != query->back;

    switch (list->status) {

    case PUPIL_LIST_OPEN:
        /* what is due lies before all that is open: the index begins there */
        if (window->low.time < now) {
            window->low.time = now;
        }
        break;

    case PUPIL_LIST_TODO:
        if (window->low.time < midnight) {
            window->low.time = midnight;
        }
        break;

    case PUPIL_LIST_LATE:
        if (window->high.time > midnight) {
            window->high.time = midnight;
        }
        break;

    default:
        break;
    }

    if (pupil_uuid_is_zero(&cursor->id)) {
        return;
    }

    if (window->descending) {
        if (cursor->time < window->high.time) {
            window->high = *cursor;
        }

    } else if (cursor->time >= window->low.time) {
        window->low = *cursor;
    }
}


int
pupil_list_asks_done(const pupil_list_t *list, int *done)
{
    *done = list->status == PUPIL_LIST_DONE;

    return *done || list->status == PUPIL_LIST_TODO
           || list->status == PUPIL_LIST_LATE;
}


void
pupil_list_edge(const pupil_list_t *list, unsigned back, pupil_cursor_t *place)
{
    memset(place, 0, sizeof(pupil_cursor_t));

    if (list->newest != back) {
        place->time = PUPIL_TIME_MAX;
    }

    /* any but zero, which is no place */
    place->id.b[PUPIL_UUID_LEN - 1] = 1;
}


static uint8_t *
list_put(uint8_t *p, pupil_time_t time)
{
    size_t    i;
    uint64_t  value;

    value = (uint64_t) time;

    for (i = sizeof(value); i != 0; i--) {
        p[i - 1] = (uint8_t) (value & 0xff);
        value >>= 8;
    }

    return p + sizeof(value);
}


static const uint8_t *
list_get(const uint8_t *p, pupil_time_t *time)
{
    size_t    i;
    uint64_t  value;

    for (i = 0, value = 0; i < sizeof(value); i++) {
        value = value << 8 | p[i];
    }

    /* out of range, whatever it is */
    *time = value > (uint64_t) PUPIL_TIME_MAX ? -1 : (pupil_time_t) value;

    return p + sizeof(value);
}


void
pupil_list_cursor_encode(const pupil_cursor_t *cursor,
    const pupil_list_t *list, unsigned back,
    uint8_t out[PUPIL_LIST_CURSOR_TEXT_LEN])
{
    uint8_t  *p, bytes[LIST_CURSOR_BYTES];

    bytes[0] = (uint8_t) (list->status | (list->newest ? LIST_KIND_NEWEST : 0)
                          | (back ? LIST_KIND_BACK : 0));

    p = list_put(bytes + 1, list->from);
    p = list_put(p, list->before);
    p = list_put(p, cursor->time);
    memcpy(p, cursor->id.b, PUPIL_UUID_LEN);

    pupil_base64url_encode(bytes, sizeof(bytes), out);
}


pupil_rc_t
pupil_list_cursor_decode(const uint8_t *s, size_t len,
    pupil_homework_query_t *out)
{
    size_t           written;
    uint8_t          bytes[LIST_CURSOR_BYTES];
    const uint8_t   *p;
    pupil_list_t    *list;
    pupil_cursor_t  *cursor;

    list = &out->list_of;
    cursor = &out->page.cursor;

    if (len != PUPIL_LIST_CURSOR_TEXT_LEN
        || pupil_base64url_decode(s, len, bytes, sizeof(bytes), &written)
           != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    out->back = (bytes[0] & LIST_KIND_BACK) != 0;
    list->newest = (bytes[0] & LIST_KIND_NEWEST) != 0;
    list->status = bytes[0] & ~(LIST_KIND_BACK | LIST_KIND_NEWEST);

    p = list_get(bytes + 1, &list->from);
    p = list_get(p, &list->before);
    p = list_get(p, &cursor->time);
    memcpy(cursor->id.b, p, PUPIL_UUID_LEN);

    if (list->status >= list_count(list_statuses)
        || list->from < 0 || list->before < 0 || cursor->time < 0
        || pupil_uuid_is_zero(&cursor->id))
    {
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}

/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/time.h"
#include "core/lifecycle/request.h"


#define MONTHS       1          /* GDPR article 12(3) */
#define MONTHS_MORE  2


static const struct {
    const char  *name, *article;
    char         last;          /* letter of its conditions, 0: it has none */
} kinds[PUPIL_REQUEST_KINDS] = {
    [PUPIL_REQUEST_ACCESS] = { "access", "15", 0 },
    [PUPIL_REQUEST_RECTIFICATION] = { "rectification", "16", 0 },
    [PUPIL_REQUEST_ERASURE] = { "erasure", "17", 'f' },
    [PUPIL_REQUEST_RESTRICTION] = { "restriction", "18", 'd' },
    [PUPIL_REQUEST_PORTABILITY] = { "portability", "20", 0 },
    [PUPIL_REQUEST_OBJECTION] = { "objection", "21", 0 },
    [PUPIL_REQUEST_WITHDRAWAL] = { "withdrawal", "7(3)", 0 }
};

static const char *const  states[PUPIL_REQUEST_STATES] = {
    [PUPIL_REQUEST_RECEIVED] = "received",
    [PUPIL_REQUEST_EXTENDED] = "extended",
    [PUPIL_REQUEST_GRANTED] = "granted",
    [PUPIL_REQUEST_PARTLY] = "partly",
    [PUPIL_REQUEST_REFUSED] = "refused",
    [PUPIL_REQUEST_EXECUTED] = "executed",
    [PUPIL_REQUEST_FORWARDED] = "forwarded"
};


pupil_request_kind_t
pupil_request_kind(pupil_str_t name)
{
    pupil_request_kind_t  kind;

    for (kind = 0; kind < PUPIL_REQUEST_KINDS; kind++) {
        if (pupil_str_is(name, kinds[kind].name)) {
            break;
        }
    }

    return kind;
}


pupil_request_state_t
pupil_request_state(pupil_str_t name)
{
    pupil_request_state_t  state;

    for (state = 0; state < PUPIL_REQUEST_STATES; state++) {
        if (pupil_str_is(name, states[state])) {
            break;
        }
    }

    return state;
}


const char *
pupil_request_kind_name(pupil_request_kind_t kind)
{
    return kinds[kind].name;
}


const char *
pupil_request_state_name(pupil_request_state_t state)
{
    return states[state];
}


const char *
pupil_request_article(pupil_request_kind_t kind)
{
    return kinds[kind].article;
}


int
pupil_request_open(pupil_request_state_t state)
{
    return state < PUPIL_REQUEST_REFUSED;
}


/* As its text: which days a month has, the parser knows. */
int32_t
pupil_request_after(int32_t day, int months)
{
    int      year, month;
    int32_t  last;
    uint8_t  text[PUPIL_DATE_TEXT_LEN];

    if (pupil_date_format(day, text) == 0) {
        return day;
    }

    year = (text[0] - '0') * 1000 + (text[1] - '0') * 100
           + (text[2] - '0') * 10 + text[3] - '0';
    month = (text[5] - '0') * 10 + text[6] - '0' - 1 + months;
    year += month / 12;
    month = month % 12 + 1;

    text[0] = (uint8_t) ('0' + year / 1000);
    text[1] = (uint8_t) ('0' + year / 100 % 10);
    text[2] = (uint8_t) ('0' + year / 10 % 10);
    text[3] = (uint8_t) ('0' + year % 10);
    text[5] = (uint8_t) ('0' + month / 10);
    text[6] = (uint8_t) ('0' + month % 10);

    last = day;

    while (pupil_date_parse(text, sizeof(text), &last) != PUPIL_OK) {

        if (text[8] < '2') {
            return day;         /* out of the calendar */
        }

        if (text[9] == '0') {
            text[8]--;
            text[9] = '9';

        } else {
            text[9]--;
        }
    }

    return last;
}


int32_t
pupil_request_due(int32_t received, int extended)
{
    return pupil_request_after(received,
                               extended ? MONTHS + MONTHS_MORE : MONTHS);
}


pupil_request_clock_t
pupil_request_clock(const pupil_request_t *request, int32_t today)
{
    if (!pupil_request_open(request->state)) {
        return PUPIL_REQUEST_IN_TIME;
    }

    return today > request->due ? PUPIL_REQUEST_OVERDUE
           : today >= request->due - PUPIL_REQUEST_SOON
           ? PUPIL_REQUEST_DUE_SOON : PUPIL_REQUEST_IN_TIME;
}


/* Whoever asks is told within the first month: article 12(3). */
const char *
pupil_request_extend(const pupil_request_t *request, int32_t today,
    pupil_str_t reason)
{
    if (request->state == PUPIL_REQUEST_EXTENDED) {
        return "it was extended once, and that is all there is";
    }

    if (request->state != PUPIL_REQUEST_RECEIVED) {
        return "it is decided";
    }

    if (today > pupil_request_due(request->received, 0)) {
        return "the first month is over";
    }

    return reason.len != 0 ? NULL : "say the reason, which the person is told";
}


const char *
pupil_request_decide(const pupil_request_t *request,
    const pupil_request_decision_t *decision)
{
    char  last;

    if (request->state > PUPIL_REQUEST_EXTENDED) {
        return "it is decided";
    }

    if (decision->state < PUPIL_REQUEST_GRANTED
        || decision->state > PUPIL_REQUEST_REFUSED)
    {
        return "that is no decision";
    }

    if (decision->state != PUPIL_REQUEST_GRANTED && decision->reason.len == 0)
    {
        return "say the reason, which the person is told";
    }

    last = decision->state != PUPIL_REQUEST_REFUSED
           ? kinds[request->kind].last : 0;

    if (last == 0) {
        return decision->condition.len == 0 ? NULL
               : "there is no condition to it";
    }

    if (decision->condition.len != 1 || decision->condition.data[0] < 'a'
        || decision->condition.data[0] > (uint8_t) last)
    {
        return last == 'f' ? "say which condition of article 17(1), a to f"
                           : "say which condition of article 18(1), a to d";
    }

    return NULL;
}


const char *
pupil_request_execute(const pupil_request_t *request)
{
    switch (request->state) {

    case PUPIL_REQUEST_GRANTED:
    case PUPIL_REQUEST_PARTLY:
        return NULL;

    case PUPIL_REQUEST_EXECUTED:
        return "it was";

    case PUPIL_REQUEST_REFUSED:
    case PUPIL_REQUEST_FORWARDED:
        return "nothing was granted";

    default:
        return "nobody has decided it";
    }
}

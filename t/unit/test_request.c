/*
 * Copyright (C) the Pupil authors
 *
 * Requests of data subjects: names, the legal month by the calendar, and what
 * may be extended, decided and executed.
 */

#include "core/base/time.h"
#include "core/lifecycle/request.h"
#include "tap.h"


#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static int32_t
date(const char *text)
{
    int32_t  days = 0;

    ok(pupil_date_parse((const uint8_t *) text, strlen(text), &days)
       == PUPIL_OK, "%s is a day", text);

    return days;
}


static void
names(void)
{
    size_t                 i;
    pupil_request_state_t  state;

    static const struct {
        const char  *name, *article;
    } all[] = {
        { "access", "15" }, { "rectification", "16" }, { "erasure", "17" },
        { "restriction", "18" }, { "portability", "20" },
        { "objection", "21" }, { "withdrawal", "7(3)" }
    };

    ok(COUNT(all) == PUPIL_REQUEST_KINDS, "these are all kinds");

    for (i = 0; i < COUNT(all); i++) {
        pupil_request_kind_t  kind = pupil_request_kind(str(all[i].name));

        ok(kind == i
           && strcmp(pupil_request_kind_name(kind), all[i].name) == 0
           && strcmp(pupil_request_article(kind), all[i].article) == 0,
           "%s is article %s", all[i].name, all[i].article);
    }

    ok(pupil_request_kind(str("acces")) == PUPIL_REQUEST_KINDS
       && pupil_request_kind(str("")) == PUPIL_REQUEST_KINDS, "no kind");

    for (state = 0; state < PUPIL_REQUEST_STATES; state++) {
        ok(pupil_request_state(str(pupil_request_state_name(state))) == state,
           "%s is a state", pupil_request_state_name(state));
    }

    ok(pupil_request_state(str("fulfilled")) == PUPIL_REQUEST_STATES,
       "fulfilled is none");
}


static void
months(void)
{
    size_t  i;

    static const struct {
        const char  *received, *due, *extended;
    } all[] = {
        { "2026-03-05", "2026-04-05", "2026-06-05" },
        { "2026-01-31", "2026-02-28", "2026-04-30" },
        { "2028-01-31", "2028-02-29", "2028-04-30" },
        { "2026-01-28", "2026-02-28", "2026-04-28" },
        { "2028-01-30", "2028-02-29", "2028-04-30" },
        { "2026-10-31", "2026-11-30", "2027-01-31" },
        { "2026-11-30", "2026-12-30", "2027-02-28" },
        { "2026-12-31", "2027-01-31", "2027-03-31" },
        { "2027-11-30", "2027-12-30", "2028-02-29" }
    };

    for (i = 0; i < COUNT(all); i++) {
        ok(pupil_request_due(date(all[i].received), 0) == date(all[i].due),
           "what came on %s is due on %s", all[i].received, all[i].due);
        ok(pupil_request_due(date(all[i].received), 1)
           == date(all[i].extended), "extended, on %s", all[i].extended);
    }

    ok(pupil_request_due(INT32_MAX, 0) == INT32_MAX, "no day has no month");
    ok(pupil_request_due(date("2999-12-15"), 0) == date("2999-12-15"),
       "nor has the end of the calendar");
}


static void
clocks(void)
{
    pupil_request_t        request;
    pupil_request_state_t  state;

    request.kind = PUPIL_REQUEST_ACCESS;
    request.received = date("2026-01-31");
    request.due = pupil_request_due(request.received, 0);

    for (state = 0; state < PUPIL_REQUEST_STATES; state++) {
        request.state = state;

        ok(pupil_request_open(state)
           == (state == PUPIL_REQUEST_RECEIVED
               || state == PUPIL_REQUEST_EXTENDED
               || state == PUPIL_REQUEST_GRANTED
               || state == PUPIL_REQUEST_PARTLY),
           "%s is open, or not", pupil_request_state_name(state));

        ok(pupil_request_clock(&request, request.due + 1)
           == (pupil_request_open(state) ? PUPIL_REQUEST_OVERDUE
                                         : PUPIL_REQUEST_IN_TIME),
           "it runs until then: a decision that is not done is overdue, too");
    }

    request.state = PUPIL_REQUEST_RECEIVED;

    ok(pupil_request_clock(&request, request.due) == PUPIL_REQUEST_DUE_SOON
       && pupil_request_clock(&request, request.due - PUPIL_REQUEST_SOON)
          == PUPIL_REQUEST_DUE_SOON, "the last day is not late");
    ok(pupil_request_clock(&request, request.due - PUPIL_REQUEST_SOON - 1)
       == PUPIL_REQUEST_IN_TIME, "more than a week before, there is time");
}


static void
extended(void)
{
    pupil_request_t        request;
    pupil_request_state_t  state;

    request.kind = PUPIL_REQUEST_ACCESS;
    request.state = PUPIL_REQUEST_RECEIVED;
    request.received = date("2026-01-31");
    request.due = pupil_request_due(request.received, 0);

    ok(pupil_request_extend(&request, request.due, str("complex")) == NULL,
       "on the last day of the month it may be extended");
    ok(pupil_request_extend(&request, request.due + 1, str("complex"))
       != NULL, "a day later it may not");
    ok(pupil_request_extend(&request, request.due, str("")) != NULL,
       "nor without a reason");

    for (state = PUPIL_REQUEST_EXTENDED; state < PUPIL_REQUEST_STATES;
         state++)
    {
        request.state = state;
        ok(pupil_request_extend(&request, request.received, str("complex"))
           != NULL, "nor when it is %s", pupil_request_state_name(state));
    }
}


/* Whether it may be decided so. */
static int
decides(pupil_request_kind_t kind, pupil_request_state_t state,
    const char *condition, const char *reason)
{
    pupil_request_t           request = { kind, PUPIL_REQUEST_RECEIVED, 0, 0 };
    pupil_request_decision_t  decision;

    decision.state = state;
    decision.condition = str(condition);
    decision.reason = str(reason);

    return pupil_request_decide(&request, &decision) == NULL;
}


static void
decided(void)
{
    const char                *letter;
    pupil_request_t            request;
    pupil_request_kind_t       kind;
    pupil_request_state_t      state;
    pupil_request_decision_t   decision;

    for (kind = 0; kind < PUPIL_REQUEST_KINDS; kind++) {
        ok(decides(kind, PUPIL_REQUEST_REFUSED, "", "excessive")
           && !decides(kind, PUPIL_REQUEST_REFUSED, "", ""),
           "%s is refused with a reason alone", pupil_request_kind_name(kind));
        ok(!decides(kind, PUPIL_REQUEST_REFUSED, "a", "excessive"),
           "a refusal names no condition");
        ok(!decides(kind, PUPIL_REQUEST_RECEIVED, "", "x")
           && !decides(kind, PUPIL_REQUEST_EXTENDED, "", "x")
           && !decides(kind, PUPIL_REQUEST_EXECUTED, "", "x")
           && !decides(kind, PUPIL_REQUEST_FORWARDED, "", "x"),
           "what is no decision is none");

        if (kind != PUPIL_REQUEST_ERASURE && kind != PUPIL_REQUEST_RESTRICTION)
        {
            ok(decides(kind, PUPIL_REQUEST_GRANTED, "", "")
               && decides(kind, PUPIL_REQUEST_PARTLY, "", "names of others")
               && !decides(kind, PUPIL_REQUEST_PARTLY, "", "")
               && !decides(kind, PUPIL_REQUEST_GRANTED, "a", ""),
               "%s has no condition", pupil_request_kind_name(kind));
        }
    }

    for (letter = "abcdefg"; *letter != '\0'; letter++) {
        char  one[] = { *letter, '\0' };

        ok(decides(PUPIL_REQUEST_ERASURE, PUPIL_REQUEST_GRANTED, one, "")
           == (*letter <= 'f'), "article 17(1)(%c)", *letter);
        ok(decides(PUPIL_REQUEST_RESTRICTION, PUPIL_REQUEST_GRANTED, one, "")
           == (*letter <= 'd'), "article 18(1)(%c)", *letter);
    }

    ok(!decides(PUPIL_REQUEST_ERASURE, PUPIL_REQUEST_GRANTED, "", "")
       && !decides(PUPIL_REQUEST_ERASURE, PUPIL_REQUEST_PARTLY, "", "x")
       && !decides(PUPIL_REQUEST_ERASURE, PUPIL_REQUEST_GRANTED, "ab", "")
       && !decides(PUPIL_REQUEST_ERASURE, PUPIL_REQUEST_GRANTED, "A", "")
       && !decides(PUPIL_REQUEST_RESTRICTION, PUPIL_REQUEST_GRANTED, "", ""),
       "an erasure and a restriction name one");

    decision.state = PUPIL_REQUEST_GRANTED;
    decision.condition = str("");
    decision.reason = str("");
    request.kind = PUPIL_REQUEST_ACCESS;

    for (state = 0; state < PUPIL_REQUEST_STATES; state++) {
        request.state = state;
        ok((pupil_request_decide(&request, &decision) == NULL)
           == (state <= PUPIL_REQUEST_EXTENDED),
           "decided once: %s", pupil_request_state_name(state));
        ok((pupil_request_execute(&request) == NULL)
           == (state == PUPIL_REQUEST_GRANTED
               || state == PUPIL_REQUEST_PARTLY),
           "done when it was granted: %s", pupil_request_state_name(state));
    }
}


int
main(void)
{
    names();
    months();
    clocks();
    extended();
    decided();

    return tap_done();
}

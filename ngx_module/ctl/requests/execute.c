/*
 * Copyright (C) the Pupil authors
 *
 * What was decided is done, all of it, or the request is not executed.  Killed
 * anywhere, it is granted still, and the same command again goes on: what
 * restricts and what erases finishes what it began, and says so once it is
 * done.  A category that nobody knows, as its plugin is missing, is said, and
 * somebody who is not there has nothing done to them.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/parts.h"
#include "ctl/lifecycle/restrict.h"
#include "ctl/requests/change.h"
#include "ctl/requests/requests.h"
#include "ctl/store/whom.h"


/* What is done, and what is left of it. */
typedef struct {
    ctl_whom_t           whom;
    ctl_ledger_entry_t   entry;     /* of an erasure */
    const char          *state;     /* of each category */
    int                  erased;
    int                  by_hand;
} done_t;


static int execute_words(const ctl_t *ctl);
static int execute_ready(ctl_t *ctl, ctl_request_t *request, done_t *done);
static int execute_by_hand(ctl_t *ctl, const ctl_request_t *request,
    int *by_hand);
static int execute_run(ctl_t *ctl, const ctl_request_t *request, done_t *done);
static int execute_close(ctl_t *ctl, ctl_request_t *request,
    const done_t *done, json_t **receipt);


int
ctl_cmd_request_execute(ctl_t *ctl)
{
    done_t          done;
    json_t         *receipt;
    ctl_request_t   request;

    memset(&done, 0, sizeof(done_t));

    if (ctl_request_word(ctl) != 0 || execute_words(ctl) != 0) {
        return CTL_USAGE;
    }

    if (execute_ready(ctl, &request, &done) != 0
        || execute_run(ctl, &request, &done) != 0
        || execute_close(ctl, &request, &done, &receipt) != 0)
    {
        return CTL_FAILED;
    }

    return ctl_request_tell(ctl, &request, receipt);
}


static int
execute_words(const ctl_t *ctl)
{
    if (ctl->opt.login != NULL) {
        return ctl_error("a request says whose it is: --login is of another"
                         " command");
    }

    return ctl->opt.reference == NULL ? 0 : ctl_request_reference(ctl);
}


/*
 * Refused before anything is begun.  Of a person who is in no row the record
 * says that nobody was found.
 */
static int
execute_ready(ctl_t *ctl, ctl_request_t *request, done_t *done)
{
    const char  *why;

    if (ctl_request_open(ctl, 0, request) != 0
        || execute_by_hand(ctl, request, &done->by_hand) != 0)
    {
        return -1;
    }

    why = pupil_request_execute(&request->rules);

    if (why == NULL && request->subject[0] == '\0') {
        why = "nobody was found whose it is";
    }

    if (why == NULL && done->by_hand && ctl->opt.reference == NULL) {
        why = "this is done by hand: say by --reference where it is filed what"
              " was done";
    }

    if (why == NULL && ctl->opt.waive != NULL
        && (done->by_hand
            || request->rules.kind != PUPIL_REQUEST_ERASURE))
    {
        why = "--waive is of an erasure";
    }

    if (why != NULL) {
        return ctl_request_refuse(ctl, request, "executed", why);
    }

    done->whom.id = request->row.subject;
    ctl_uuid_text(&done->whom.id, done->whom.text);

    if (ctl_whom_read(ctl, &ctl_request_write, &done->whom) != 0) {
        return ctl_error("the request is not executed");
    }

    if (!done->by_hand && request->rules.kind == PUPIL_REQUEST_ERASURE
        && ctl_parts_check(ctl) != 0)
    {
        return ctl_request_refuse(ctl, request, "executed",
                                  "a plugin is missing");
    }

    ctl_rollback(ctl->data);

    return 0;
}


/* A part is what people decide, and do; also one that was asked for. */
static int
execute_by_hand(ctl_t *ctl, const ctl_request_t *request, int *by_hand)
{
    int  part;

    part = ctl_request_part(ctl, request);
    if (part < 0) {
        return -1;
    }

    *by_hand = request->rules.state == PUPIL_REQUEST_PARTLY
               || (request->rules.kind != PUPIL_REQUEST_ERASURE
                   && request->rules.kind != PUPIL_REQUEST_RESTRICTION)
               || part;

    return 0;
}


static int
execute_run(ctl_t *ctl, const ctl_request_t *request, done_t *done)
{
    if (done->by_hand) {
        done->state = "by hand";
        return 0;
    }

    if (request->rules.kind == PUPIL_REQUEST_RESTRICTION) {
        done->state = "restricted";
        return ctl_restrict_person(ctl, &done->whom);
    }

    done->erased = 1;

    return ctl_erase_person(ctl, &done->whom, &done->entry);
}


/*
 * Said when it is done.  Whoever was quicker has closed it the same way; what
 * was decided otherwise meanwhile is left.
 */
static int
execute_close(ctl_t *ctl, ctl_request_t *request, const done_t *done,
    json_t **receipt)
{
    const char  *why;

    *receipt = done->erased ? ctl_parts_told(ctl, &done->entry) : NULL;

    if ((done->erased && *receipt == NULL)
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_request_find(ctl, request->id, 1, request) != 1
        || pupil_uuid_compare(&request->row.subject, &done->whom.id) != 0)
    {
        return ctl_error("it is done, and the request is not closed: run this"
                         " again");
    }

    if (*receipt == NULL) {
        *receipt = ctl_parts_held(ctl, request->subject, done->state);
    }

    if (*receipt == NULL) {
        ctl_rollback(ctl->data);
        return -1;
    }

    if (request->rules.state == PUPIL_REQUEST_EXECUTED) {
        ctl_rollback(ctl->data);
        return 0;
    }

    why = pupil_request_execute(&request->rules);

    if (why != NULL) {
        json_decref(*receipt);
        return ctl_request_refuse(ctl, request, "executed", why);
    }

    if (ctl->opt.reference != NULL) {
        request->row.reference = ctl_str(ctl->opt.reference);
    }

    if (done->erased) {
        request->row.erasure = strtoull(done->entry.number, NULL, 10);
    }

    if (ctl_request_change(ctl, request, PUPIL_REQUEST_EXECUTED) != 0) {
        json_decref(*receipt);
        return -1;
    }

    return 0;
}

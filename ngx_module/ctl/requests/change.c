/*
 * Copyright (C) the Pupil authors
 *
 * What a controller says to a request: more time, a decision, or where it
 * belongs.  Each is said once, and on record with the request it is of.
 */

#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/requests/change.h"
#include "ctl/requests/requests.h"
#include "ctl/store/keys.h"
#include "ctl/store/notice.h"
#include "ctl/store/plugins.h"
#include "ctl/store/whom.h"
#include "ctl/store/zone.h"


#define REFERENCE_MAX  200      /* bytes */


static int decide_words(ctl_t *ctl, pupil_request_decision_t *decision);
static int decide_source(ctl_t *ctl, const ctl_request_t *request,
    const pupil_request_decision_t *decision);
static int say_reason(ctl_t *ctl, const ctl_request_t *request,
    const char *field, pupil_str_t reason);
static int change_tell(ctl_t *ctl, const ctl_request_t *request);


int
ctl_cmd_request_extend(ctl_t *ctl)
{
    const char     *why;
    pupil_str_t     reason;
    ctl_request_t   request;

    if (ctl_request_word(ctl) != 0
        || ctl_request_file(ctl, ctl->opt.text, "--text", &reason) != 0)
    {
        return CTL_USAGE;
    }

    if (ctl_request_open(ctl, 1, &request) != 0) {
        return CTL_FAILED;
    }

    why = pupil_request_extend(&request.rules, ctl->today, reason);

    if (why != NULL) {
        (void) ctl_request_refuse(ctl, &request, "extended", why);
        return CTL_FAILED;
    }

    request.row.due_on = pupil_request_due(request.row.received_on, 1);

    if (say_reason(ctl, &request, "extension", reason) != 0
        || ctl_request_change(ctl, &request, PUPIL_REQUEST_EXTENDED) != 0)
    {
        return CTL_FAILED;
    }

    return ctl_request_tell(ctl, &request, NULL);
}


int
ctl_cmd_request_decide(ctl_t *ctl)
{
    const char                *why;
    ctl_request_t              request;
    pupil_request_decision_t   decision;

    if (ctl_request_word(ctl) != 0 || decide_words(ctl, &decision) != 0) {
        return CTL_USAGE;
    }

    if (ctl_request_open(ctl, 1, &request) != 0) {
        return CTL_FAILED;
    }

    why = pupil_request_decide(&request.rules, &decision);

    if (why == NULL && decision.state != PUPIL_REQUEST_REFUSED
        && request.subject[0] == '\0')
    {
        why = "nobody was found whose it is, and nothing is granted to nobody";
    }

    if (why != NULL) {
        (void) ctl_request_refuse(ctl, &request, "decided", why);
        return CTL_FAILED;
    }

    request.row.condition = decision.condition;
    request.row.reference = ctl_str(ctl->opt.reference);

    if (decide_source(ctl, &request, &decision) != 0
        || say_reason(ctl, &request, "reason", decision.reason) != 0
        || ctl_request_change(ctl, &request, decision.state) != 0)
    {
        return CTL_FAILED;
    }

    return ctl_request_tell(ctl, &request, NULL);
}


static int
decide_words(ctl_t *ctl, pupil_request_decision_t *decision)
{
    decision->state = pupil_request_state(ctl_str(ctl->args[1]));

    if (decision->state < PUPIL_REQUEST_GRANTED
        || decision->state > PUPIL_REQUEST_REFUSED)
    {
        return ctl_error("a decision is granted, partly or refused");
    }

    decision->condition = ctl_str(ctl->opt.condition != NULL
                                  ? ctl->opt.condition : "");

    return ctl_request_file(ctl, ctl->opt.text, "--text", &decision->reason)
           == 0 ? ctl_request_reference(ctl) : -1;
}


/* Whoever is in a roster still is said before they are erased. */
static int
decide_source(ctl_t *ctl, const ctl_request_t *request,
    const pupil_request_decision_t *decision)
{
    PGresult    *res;
    const char  *params[2];

    if (request->rules.kind != PUPIL_REQUEST_ERASURE
        || decision->state == PUPIL_REQUEST_REFUSED)
    {
        return 0;
    }

    params[0] = ctl->tenant_text;
    params[1] = request->subject;

    res = ctl_query(ctl->data, "SELECT s.source FROM pupil.subject AS s WHERE"
                    " s.tenant = $1::uuid AND s.subject = $2::uuid AND"
                    " s.status <> 'closed' AND EXISTS (SELECT FROM"
                    " pupil.imported AS i WHERE i.tenant = s.tenant AND"
                    " i.owner = s.subject)", 2, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) != 0) {
        ctl_note("this person is in the roster of %s still: end them there,"
                 " too, or its next import asks about them",
                 PQgetvalue(res, 0, 0));
    }

    PQclear(res);

    return 0;
}


/* Of nobody there is no key: what was answered is in the letter. */
static int
say_reason(ctl_t *ctl, const ctl_request_t *request, const char *field,
    pupil_str_t reason)
{
    int  rc;

    rc = reason.len != 0 && request->subject[0] != '\0'
         ? ctl_request_say(ctl, request, field, reason) : 0;

    if (rc != 0) {
        ctl_rollback(ctl->data);
    }

    return rc;
}


/* Whose it is was found: what came is theirs, since it came. */
int
ctl_cmd_request_identify(ctl_t *ctl)
{
    int            rc;
    const char    *why;
    ctl_whom_t     whom;
    ctl_request_t  request;

    memset(&whom, 0, sizeof(ctl_whom_t));

    if (ctl_request_word(ctl) != 0 || ctl_request_reference(ctl) != 0) {
        return CTL_USAGE;
    }

    if ((ctl->args_count == 2) == (ctl->opt.login != NULL)
        || (ctl->args_count == 2
            && ctl_uuid_parse(ctl->args[1], &whom.id) != 0))
    {
        ctl_error("say whose it is: an ID, or --login NAME");
        return CTL_USAGE;
    }

    if (ctl_whom_find(ctl, &ctl_request_write, &whom) != 0) {
        return CTL_FAILED;
    }

    rc = ctl_request_find(ctl, ctl->args[0], 1, &request);

    if (rc != 1) {
        if (rc == 0) {
            (void) ctl_whom_refuse(ctl, &ctl_request_write, &whom, NULL);
            ctl_error("there is no such request in this tenant");
        }

        return CTL_FAILED;
    }

    why = request.subject[0] != '\0' ? "it is somebody's"
          : request.rules.state > PUPIL_REQUEST_EXTENDED ? "it is decided"
          : ctl_whom_state(&whom) == PUPIL_OWNER_STATE_ERASED
          ? "this person was erased" : NULL;

    if (why != NULL) {
        (void) ctl_request_refuse(ctl, &request, "identified", why);
        return CTL_FAILED;
    }

    request.row.subject = whom.id;
    request.row.reference = ctl_str(ctl->opt.reference);

    return ctl_request_change(ctl, &request, request.rules.state) == 0
           ? ctl_request_tell(ctl, &request, NULL) : CTL_FAILED;
}


/*
 * To whom it is for: another tenant enters it with the day that it came here,
 * as its month has begun.
 */
int
ctl_cmd_request_forward(ctl_t *ctl)
{
    char           day[16];
    ctl_buf_t      text;
    ctl_request_t  request;

    if (ctl_request_word(ctl) != 0 || ctl_request_reference(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl->opt.to == NULL || ctl->opt.to[0] == '\0'
        || strlen(ctl->opt.to) + strlen(ctl->opt.reference) + 5
           > REFERENCE_MAX)
    {
        ctl_error("--to is needed: whom it is for, a line that is not long");
        return CTL_USAGE;
    }

    if (ctl_request_open(ctl, 1, &request) != 0) {
        return CTL_FAILED;
    }

    if (request.rules.state > PUPIL_REQUEST_EXTENDED) {
        (void) ctl_request_refuse(ctl, &request, "forwarded",
                                  "it is decided");
        return CTL_FAILED;
    }

    ctl_buf_init(&text);
    ctl_buf_printf(&text, "%s, to %s", ctl->opt.reference, ctl->opt.to);
    request.row.reference = ctl_str(ctl_pool_text(&ctl->pool, text.data,
                                                  text.len));
    ctl_buf_free(&text);

    if (ctl_request_change(ctl, &request, PUPIL_REQUEST_FORWARDED) != 0) {
        return CTL_FAILED;
    }

    ctl_note("it runs from the day that it came here: pupilctl request add %s"
             " --received %s there",
             pupil_request_kind_name(request.rules.kind),
             ctl_request_day(request.row.received_on, day));

    return ctl_request_tell(ctl, &request, NULL);
}


int
ctl_request_word(const ctl_t *ctl)
{
    pupil_uuid_t  id;

    return ctl_uuid_parse(ctl->args[0], &id) == 0 ? 0
           : ctl_error("REQUEST is no lower-case UUID");
}


int
ctl_request_reference(const ctl_t *ctl)
{
    size_t       i;
    pupil_str_t  text;

    text = ctl_str(ctl->opt.reference != NULL ? ctl->opt.reference : "");

    for (i = 0; i < text.len && text.data[i] >= ' '; i++) { /* void */ }

    return text.len != 0 && text.len <= REFERENCE_MAX && i == text.len ? 0
           : ctl_error("--reference is needed: where it is filed, a line of at"
                       " most %d bytes, without a name", REFERENCE_MAX);
}


int
ctl_request_file(ctl_t *ctl, const char *path, const char *option,
    pupil_str_t *text)
{
    size_t   len, chars;
    char    *read;

    memset(text, 0, sizeof(pupil_str_t));

    if (path == NULL) {
        return 0;
    }

    read = ctl_file_read(&ctl->pool, path, &len);
    if (read == NULL) {
        return -1;
    }

    while (len > 0 && (read[len - 1] == '\n' || read[len - 1] == '\r')) {
        len--;
    }

    if (len == 0 || len > PUPIL_REQUEST_TEXT_MAX
        || memchr(read, '\0', len) != NULL
        || pupil_utf8_check((uint8_t *) read, len, &chars) != PUPIL_OK)
    {
        return ctl_error("%s: a text of at most %d bytes, in UTF-8", option,
                         PUPIL_REQUEST_TEXT_MAX);
    }

    text->data = (uint8_t *) read;
    text->len = len;

    return 0;
}


int
ctl_request_open(ctl_t *ctl, int change, ctl_request_t *request)
{
    int           rc;
    ctl_access_t  access;

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || ctl_zone_load(ctl) != 0 || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return -1;
    }

    rc = ctl_request_find(ctl, ctl->args[0], change, request);

    if (rc != 0) {
        return rc == 1 ? 0 : -1;
    }

    access = change ? ctl_request_write : ctl_request_read;
    access.about = "none";

    return ctl_record_one(ctl, &access, "not_found", NULL, NULL) == 0
           && ctl_commit(ctl->data) == 0
           ? ctl_error("there is no such request in this tenant") : -1;
}


int
ctl_request_refuse(ctl_t *ctl, const ctl_request_t *request, const char *what,
    const char *why)
{
    if (ctl_request_record(ctl, request, &ctl_request_write, "refused", what)
        == 0)
    {
        (void) ctl_commit(ctl->data);
    }

    return ctl_error("the request is not %s: %s", what, why);
}


int
ctl_request_change(ctl_t *ctl, ctl_request_t *request,
    pupil_request_state_t state)
{
    ctl_buf_t  detail;

    request->row.state = ctl_str(pupil_request_state_name(state));

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "state=%s", pupil_request_state_name(state));

    if (request->row.condition.len != 0) {
        ctl_buf_printf(&detail, " condition=%.*s",
                       (int) request->row.condition.len,
                       (const char *) request->row.condition.data);
    }

    if (ctl_request_update(ctl, request) != 0
        || change_tell(ctl, request) != 0
        || ctl_request_record(ctl, request, &ctl_request_write, "allowed",
                              detail.data) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_buf_free(&detail);
        ctl_rollback(ctl->data);
        return -1;
    }

    ctl_buf_free(&detail);

    return 0;
}


/* Whoever was erased is told nothing. */
static int
change_tell(ctl_t *ctl, const ctl_request_t *request)
{
    int          there;
    PGresult    *res;
    const char  *params[2];

    if (request->subject[0] == '\0') {
        return 0;
    }

    params[0] = ctl->tenant_text;
    params[1] = request->subject;

    res = ctl_query(ctl->data, "SELECT FROM pupil.owner AS o WHERE o.tenant ="
                    " $1::uuid AND o.owner = $2::uuid AND o.state <> 'erased'",
                    2, params);
    if (res == NULL) {
        return -1;
    }

    there = PQntuples(res) == 1;
    PQclear(res);

    return there ? ctl_notice(ctl, &request->row.subject,
                              PUPIL_NOTICE_REQUEST_CHANGED) : 0;
}

/*
 * Copyright (C) the Pupil authors
 *
 * One answer says which institutions there are agreements for; then one is
 * asked for after the other, but for those that are not to be taken.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/file.h"
#include "ctl/base/soap.h"
#include "ctl/base/text.h"
#include "ctl/base/url.h"
#include "ctl/roster/chosen.h"
#include "ctl/roster/roster.h"
#include "ctl/roster/unilogin_rows.h"


#define ANSWER_MOST        (64u << 20)  /* bytes of an answer */
#define INSTITUTIONS_MOST  5000
#define NUMBER_MOST        10           /* signs of the number of one */
#define WHAT_TEXT          64

#define WORD  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"         \
              "0123456789_.-"


/* What the file of --credentials says. */
typedef struct {
    const char  *system, *certificate, *key, *authorities, *signer;
} secrets_t;

/* A reading: whom it may ask for, by the lists of the options. */
typedef struct {
    ctl_t                *ctl;
    unilogin_t           *all;
    ctl_soap_t           *soap;
    ctl_soap_settings_t   settings;
    roster_t              lists;
    pupil_str_t          *numbers;
    uint32_t              count, size;
} reading_t;

static const struct {
    const char  *name;
    size_t       offset;
    int          sent;          /* in a request, without escapes */
} secret_names[] = {
    { "system", offsetof(secrets_t, system), 1 },
    { "certificate", offsetof(secrets_t, certificate), 0 },
    { "key", offsetof(secrets_t, key), 0 },
    { "authorities", offsetof(secrets_t, authorities), 0 },
    { "signer", offsetof(secrets_t, signer), 0 },
    { NULL, 0, 0 }
};


static int settings_read(reading_t *reading);
static int secrets_read(reading_t *reading, const char *path,
    secrets_t *secrets);
static int secrets_take(reading_t *reading, const char *path,
    const json_t *json, secrets_t *secrets);
static int all_read(reading_t *reading);
static int agreements_read(reading_t *reading);
static int agreements_take(reading_t *reading, const xmlNode *body);
static int number_add(reading_t *reading, pupil_str_t number);
static int schools_check(reading_t *reading);
static int institution_read(reading_t *reading, pupil_str_t number);


unilogin_t *
unilogin_fetch(ctl_t *ctl)
{
    int          rc;
    reading_t    reading;
    unilogin_t  *all;

    all = ctl_pool_owner(sizeof(unilogin_t), offsetof(unilogin_t, pool));
    unilogin_rows_init(all);

    memset(&reading, 0, sizeof(reading_t));
    reading.ctl = ctl;
    reading.all = all;
    roster_init(&reading.lists, ctl, roster_unilogin.name);

    rc = roster_chosen_read(&reading.lists) == 0
         && settings_read(&reading) == 0 ? all_read(&reading) : -1;

    ctl_soap_close(reading.soap);
    roster_free(&reading.lists);

    if (rc != 0) {
        unilogin_free(all);
        return NULL;
    }

    return all;
}


void
unilogin_free(unilogin_t *all)
{
    ctl_pool_t  pool;

    unilogin_rows_free(all);
    pool = all->pool;
    ctl_pool_free(&pool);
}


csv_source_t *
unilogin_source(unilogin_t *all)
{
    return sheet_source(all->sheets, SHEETS);
}


/* By TLS alone: it is asked who asks. */
static int
settings_read(reading_t *reading)
{
    const char           *url;
    secrets_t             secrets;
    ctl_soap_settings_t  *settings;

    memset(&secrets, 0, sizeof(secrets_t));
    url = reading->ctl->args[0];

    if (ctl_url_check(url, "the service's address") != 0) {
        return -1;
    }

    if (strncmp(url, "https://", 8) != 0 || strpbrk(url, "&<>\"'") != NULL) {
        return ctl_error("the service's address is https://HOST/PATH, and has"
                         " none of & < > \" '");
    }

    if (reading->ctl->opt.credentials == NULL) {
        return ctl_error("UNI-Login wants to know who asks: --credentials");
    }

    if (secrets_read(reading, reading->ctl->opt.credentials, &secrets) != 0) {
        return -1;
    }

    settings = &reading->settings;
    settings->url = url;
    settings->ca = reading->ctl->opt.ca;
    settings->certificate = secrets.certificate;
    settings->key = secrets.key;
    settings->authorities = secrets.authorities;
    settings->signer = secrets.signer;
    settings->space = UNILOGIN_NS_COMMON;
    settings->header = "UdbydersystemId";
    settings->value = secrets.system;

    reading->soap = ctl_soap_open(settings);

    return reading->soap != NULL ? 0 : -1;
}


static int
secrets_read(reading_t *reading, const char *path, secrets_t *secrets)
{
    int           rc;
    char         *text;
    size_t        len;
    json_t       *json;
    json_error_t  error;

    text = ctl_file_secret(&reading->all->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return ctl_error("%s, line %d: is no JSON", path, error.line);
    }

    rc = secrets_take(reading, path, json, secrets);
    json_decref(json);

    return rc;
}


/* All of them, and nothing else. */
static int
secrets_take(reading_t *reading, const char *path, const json_t *json,
    secrets_t *secrets)
{
    unsigned      k;
    const char   *text, **to;

    for (k = 0; secret_names[k].name != NULL; k++) {
        text = json_string_value(json_object_get(json, secret_names[k].name));

        if (text == NULL || text[0] == '\0') {
            return ctl_error("%s: \"%s\" is missing, or no text", path,
                             secret_names[k].name);
        }

        if (secret_names[k].sent && strspn(text, WORD) != strlen(text)) {
            return ctl_error("%s: \"%s\" is no id of a system", path,
                             secret_names[k].name);
        }

        to = (const char **) (void *) ((char *) secrets
                                       + secret_names[k].offset);
        *to = ctl_pool_text(&reading->all->pool, text, strlen(text));
    }

    return json_object_size(json) == k
           ? 0 : ctl_error("%s has a name that is none of it", path);
}


static int
all_read(reading_t *reading)
{
    uint32_t     i;
    pupil_str_t  number;

    if (agreements_read(reading) != 0 || schools_check(reading) != 0) {
        free(reading->numbers);
        return -1;
    }

    for (i = 0; i < reading->count; i++) {
        number = reading->numbers[i];

        if (!roster_chosen(&reading->lists, ROSTER_INSTITUTION, number)) {
            unilogin_elsewhere(reading->all, number);

        } else if (institution_read(reading, number) != 0) {
            break;
        }
    }

    free(reading->numbers);

    return i == reading->count ? 0 : -1;
}


static int
agreements_read(reading_t *reading)
{
    int                 rc;
    ctl_soap_answer_t   answer;
    ctl_soap_request_t  request;

    memset(&request, 0, sizeof(ctl_soap_request_t));
    request.what = "the agreements";
    request.space = UNILOGIN_NS;
    request.operation = "hentDataAftalerLille";
    request.most = ANSWER_MOST;

    if (ctl_soap_call(reading->soap, &request, &answer) != 0) {
        return -1;
    }

    rc = agreements_take(reading, answer.body);
    ctl_xml_free(answer.doc);

    return rc;
}


static int
agreements_take(reading_t *reading, const xmlNode *body)
{
    pupil_str_t     number;
    const xmlNode  *node;

    if (!ctl_xml_is(body, UNILOGIN_NS, "hentDataAftalerLilleResponse")) {
        return ctl_error("the agreements: the answer has none");
    }

    for (node = ctl_xml_first(body); node != NULL; node = ctl_xml_next(node)) {
        if (!ctl_xml_is(node, UNILOGIN_NS_COMMON, "regnr")
            || ctl_xml_text(node, &number) != 0
            || number_add(reading, number) != 0)
        {
            return ctl_error("the agreements: the answer has one that is no"
                             " number of an institution, or too many");
        }
    }

    return reading->count != 0 ? 0
           : ctl_error("there is no agreement with any institution: nothing"
                       " was changed");
}


/* It is in the next request, and in paths of ids. */
static int
number_add(reading_t *reading, pupil_str_t number)
{
    uint32_t  i;

    if (number.len == 0 || number.len > NUMBER_MOST
        || reading->count == INSTITUTIONS_MOST)
    {
        return -1;
    }

    for (i = 0; i < number.len; i++) {
        if (memchr(WORD, number.data[i], sizeof(WORD) - 1) == NULL) {
            return -1;
        }
    }

    for (i = 0; i < reading->count; i++) {
        if (reading->numbers[i].len == number.len
            && memcmp(reading->numbers[i].data, number.data, number.len) == 0)
        {
            return 0;
        }
    }

    reading->numbers = roster_grow(reading->numbers, reading->count,
                                   &reading->size, sizeof(pupil_str_t));
    reading->numbers[reading->count++] = ctl_pool_str(&reading->all->pool,
                                                      number.data, number.len);

    return 0;
}


/* A school without its agreement is not one without people. */
static int
schools_check(reading_t *reading)
{
    uint32_t                i, k;
    pupil_str_t             id;
    const roster_chosen_t  *chosen;

    chosen = &reading->lists.chosen[ROSTER_INSTITUTION];

    for (i = 0; i < chosen->count; i++) {
        id = chosen->list[i];

        for (k = 0; k < reading->count; k++) {
            if (reading->numbers[k].len == id.len
                && memcmp(reading->numbers[k].data, id.data, id.len) == 0)
            {
                break;
            }
        }

        if (k == reading->count) {
            return ctl_error("--schools, line %u: there is no agreement with"
                             " this institution: nothing was changed",
                             ctl_map_get(&chosen->lines, id)->value);
        }
    }

    return 0;
}


static int
institution_read(reading_t *reading, pupil_str_t number)
{
    char                what[WHAT_TEXT];
    const char         *reason;
    ctl_soap_answer_t   answer;
    ctl_soap_request_t  request;

    snprintf(what, sizeof(what), "institution %.*s", (int) number.len,
             (const char *) number.data);

    memset(&request, 0, sizeof(ctl_soap_request_t));
    request.what = what;
    request.space = UNILOGIN_NS;
    request.operation = "eksporterXmlLille";
    request.argument = "instnr";
    request.value = (const char *) number.data;     /* with a NUL behind it */
    request.most = ANSWER_MOST;

    if (ctl_soap_call(reading->soap, &request, &answer) != 0) {
        return -1;
    }

    reason = unilogin_take(reading->all, answer.body, number);
    ctl_xml_free(answer.doc);

    return reason == NULL ? 0
           : ctl_error("%s: the answer %s", what, reason);
}

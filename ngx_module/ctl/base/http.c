/*
 * Copyright (C) the Pupil authors
 */

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/http.h"


#define CONNECT_SECONDS  10L
#define ANSWER_SECONDS   300L
#define TOTAL_DIGITS     18
#define STALL_SECONDS    20L        /* without a byte a second */


struct ctl_http_s {
    ctl_pool_t                 pool;
    CURL                      *curl;
    const char                *ca;
    char                      *certificate, *key;   /* NULL: none */
    const ctl_http_request_t  *request;
    ctl_http_answer_t         *answer;
    int                        large;   /* the body is too large */
};


static CURLcode options_set(ctl_http_t *http);
static CURLcode identity_set(ctl_http_t *http);
static CURLcode request_set(ctl_http_t *http, struct curl_slist *fields);
static int fields_make(const ctl_http_request_t *request,
    struct curl_slist **fields);
static size_t body_take(char *data, size_t size, size_t count, void *ctx);
static int64_t total_of(const ctl_http_t *http);
static int next_of(const ctl_http_t *http);
static int failed(const ctl_http_t *http, CURLcode code);


ctl_http_t *
ctl_http_open(const char *ca)
{
    ctl_http_t  *http;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ctl_error("libcurl does not start");
        return NULL;
    }

    http = ctl_pool_owner(sizeof(ctl_http_t), offsetof(ctl_http_t, pool));
    http->ca = ca;
    http->curl = curl_easy_init();

    if (http->curl == NULL) {
        ctl_error("out of memory");
        ctl_http_close(http);
        return NULL;
    }

    return http;
}


void
ctl_http_close(ctl_http_t *http)
{
    ctl_pool_t  pool;

    if (http == NULL) {
        return;
    }

    curl_easy_cleanup(http->curl);
    pool = http->pool;
    ctl_pool_free(&pool);
}


void
ctl_http_identity(ctl_http_t *http, char *certificate, char *key)
{
    http->certificate = certificate;
    http->key = key;
}


int
ctl_http_send(ctl_http_t *http, const ctl_http_request_t *request,
    ctl_http_answer_t *answer)
{
    CURLcode            code;
    curl_off_t          wait;
    struct curl_slist  *fields;

    http->request = request;
    http->answer = answer;
    http->large = 0;
    memset(answer, 0, sizeof(ctl_http_answer_t));
    ctl_buf_init(&answer->body);

    if (fields_make(request, &fields) != 0) {
        return -1;
    }

    curl_easy_reset(http->curl);    /* which keeps its connections */

    code = options_set(http);
    if (code == CURLE_OK) {
        code = identity_set(http);
    }

    if (code == CURLE_OK) {
        code = request_set(http, fields);
    }

    if (code == CURLE_OK) {
        code = curl_easy_perform(http->curl);
    }

    curl_slist_free_all(fields);

    if (code != CURLE_OK) {
        ctl_buf_free(&answer->body);
        return failed(http, code);
    }

    (void) curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE,
                             &answer->status);
    wait = 0;
    (void) curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &wait);
    answer->wait = (long) wait;
    answer->total = total_of(http);
    answer->next = next_of(http);

    return 0;
}


static int
fields_make(const ctl_http_request_t *request, struct curl_slist **fields)
{
    unsigned            i;
    struct curl_slist  *longer;

    *fields = NULL;

    for (i = 0; i < CTL_HTTP_FIELDS && request->fields[i] != NULL; i++) {
        longer = curl_slist_append(*fields, request->fields[i]);

        if (longer == NULL) {
            curl_slist_free_all(*fields);
            return ctl_error("out of memory");
        }

        *fields = longer;
    }

    return 0;
}


static CURLcode
options_set(ctl_http_t *http)
{
    size_t    i;
    CURLcode  code;

    static const struct {
        CURLoption   option;
        long         value;
    } numbers[] = {
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS },
        { CURLOPT_TIMEOUT, ANSWER_SECONDS },
        { CURLOPT_LOW_SPEED_LIMIT, 1 },
        { CURLOPT_LOW_SPEED_TIME, STALL_SECONDS },
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_NETRC, CURL_NETRC_IGNORED },
        { CURLOPT_NOSIGNAL, 1 }
    };
    const struct {
        CURLoption   option;
        const char  *value;
    } texts[] = {
        { CURLOPT_URL, http->request->url },
        { CURLOPT_PROTOCOLS_STR, "http,https" },
        { CURLOPT_PROXY, "" },          /* the environment's is none */
        { CURLOPT_USERAGENT, "pupilctl" },
        { CURLOPT_CAINFO, http->ca },
        { CURLOPT_POSTFIELDS, http->request->form }
    };

    code = CURLE_OK;

    for (i = 0; i < PUPIL_COUNT(numbers) && code == CURLE_OK; i++) {
        code = curl_easy_setopt(http->curl, numbers[i].option,
                                numbers[i].value);
    }

    for (i = 0; i < PUPIL_COUNT(texts) && code == CURLE_OK; i++) {
        if (texts[i].value != NULL) {
            code = curl_easy_setopt(http->curl, texts[i].option,
                                    texts[i].value);
        }
    }

    return code;
}


/* From memory: what was looked at is what is used. */
static CURLcode
identity_set(ctl_http_t *http)
{
    CURLcode          code;
    struct curl_blob  blob;

    if (http->key == NULL) {
        return CURLE_OK;
    }

    blob.flags = CURL_BLOB_NOCOPY;
    blob.data = http->certificate;
    blob.len = strlen(http->certificate);
    code = curl_easy_setopt(http->curl, CURLOPT_SSLCERT_BLOB, &blob);

    blob.data = http->key;
    blob.len = strlen(http->key);

    return code == CURLE_OK
           ? curl_easy_setopt(http->curl, CURLOPT_SSLKEY_BLOB, &blob) : code;
}


static CURLcode
request_set(ctl_http_t *http, struct curl_slist *fields)
{
    CURLcode  code;

    code = curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, fields);

    if (code == CURLE_OK) {
        code = curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, body_take);
    }

    return code == CURLE_OK
           ? curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http) : code;
}


static size_t
body_take(char *data, size_t size, size_t count, void *ctx)
{
    ctl_http_t  *http = ctx;

    size *= count;

    if (size > http->request->most - http->answer->body.len) {
        http->large = 1;
        return 0;
    }

    ctl_buf_add(&http->answer->body, data, size);

    return size;
}


static int64_t
total_of(const ctl_http_t *http)
{
    size_t              len;
    struct curl_header *field;

    if (curl_easy_header(http->curl, "X-Total-Count", 0, CURLH_HEADER, -1,
                         &field) != CURLHE_OK)
    {
        return CTL_HTTP_NONE;
    }

    len = strspn(field->value, "0123456789");

    return len == 0 || len > TOTAL_DIGITS || field->value[len] != '\0'
           || field->amount != 1
           ? CTL_HTTP_ODD : strtoll(field->value, NULL, 10);
}


/* RFC 8288; there may be several fields, or one with several links. */
static int
next_of(const ctl_http_t *http)
{
    int                  next;
    size_t               i;
    struct curl_header  *field;

    next = CTL_HTTP_NONE;

    for (i = 0; curl_easy_header(http->curl, "Link", i, CURLH_HEADER, -1,
                                 &field) == CURLHE_OK; i++)
    {
        if (next == CTL_HTTP_NONE) {
            next = 0;
        }

        next |= strcasestr(field->value, "rel=\"next\"") != NULL
                || strcasestr(field->value, "rel=next") != NULL;
    }

    return next;
}


static int
failed(const ctl_http_t *http, CURLcode code)
{
    return http->large
           ? ctl_error("%s: the answer is larger than %zu bytes",
                       http->request->what, http->request->most)
           : ctl_error("%s: %s", http->request->what,
                       curl_easy_strerror(code));
}

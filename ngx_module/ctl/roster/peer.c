/*
 * Copyright (C) the Pupil authors
 */

#include <curl/curl.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/base/clock.h"
#include "ctl/base/file.h"
#include "ctl/base/http.h"
#include "ctl/base/text.h"
#include "ctl/base/url.h"
#include "ctl/roster/peer.h"


#define PAGE_MOST     (64u << 20)           /* bytes of an answer */
#define ALL_MOST      (UINT64_C(4) << 30)   /* bytes of all of them */
#define TOKEN_MOST    65536
#define ALL_SECONDS   3600
#define WAIT_MOST     300                   /* seconds that a server asks for */
#define TRIES         5

#define STATUS_OK        200
#define STATUS_DENIED    401
#define STATUS_NOWHERE   404
#define STATUS_NEVER     501


/* What the file says. */
typedef struct {
    const char  *token_url, *client_id, *client_secret, *scope;
    const char  *bearer, *api_key, *header;
} secrets_t;

struct roster_peer_s {
    ctl_pool_t   pool;
    ctl_http_t  *http;
    const char  *url;
    secrets_t    secrets;
    ctl_buf_t    field;         /* of the head that lets it in, or empty */
    uint64_t     bytes;
    int64_t      start;
};

static const struct {
    const char  *name;
    size_t       offset;
    int          blanks;        /* may be in it */
} secret_names[] = {
    { "token_url", offsetof(secrets_t, token_url), 0 },
    { "client_id", offsetof(secrets_t, client_id), 1 },
    { "client_secret", offsetof(secrets_t, client_secret), 1 },
    { "scope", offsetof(secrets_t, scope), 1 },
    { "bearer", offsetof(secrets_t, bearer), 0 },
    { "api_key", offsetof(secrets_t, api_key), 0 },
    { "header", offsetof(secrets_t, header), 0 },
    { NULL, 0, 0 }
};

/* Asked again, later. */
static const long  again[] = { 429, 502, 503, 504, 0 };


static json_t *page_get(roster_peer_t *peer, const char *path,
    const char *query, int *none, roster_paging_t *paging);
static int secrets_read(ctl_t *ctl, roster_peer_t *peer);
static int secrets_take(roster_peer_t *peer, const char *path,
    const json_t *json);
static int secrets_check(roster_peer_t *peer, const char *path);
static int token_get(roster_peer_t *peer);
static int token_take(roster_peer_t *peer, const ctl_http_answer_t *answer);
static void basic_add(const secrets_t *secrets, ctl_buf_t *field);
static void form_make(const secrets_t *secrets, ctl_buf_t *form);
static void escaped_add(ctl_buf_t *buf, const char *text);
static int send_patiently(roster_peer_t *peer,
    const ctl_http_request_t *request, ctl_http_answer_t *answer);
static int send_allowed(roster_peer_t *peer, ctl_http_request_t *request,
    ctl_http_answer_t *answer);
static int wait_for(const roster_peer_t *peer,
    const ctl_http_request_t *request, const ctl_http_answer_t *answer,
    unsigned tries);
static json_t *answer_parse(const char *what, const ctl_buf_t *body);
static int printable(const char *text, int blanks);
static void wiping_free(void *p);


roster_peer_t *
roster_peer_open(ctl_t *ctl, const char *url)
{
    size_t          len;
    roster_peer_t  *peer;

    json_set_alloc_funcs(malloc, wiping_free);

    if (ctl_url_check(url, "the roster's address") != 0) {
        return NULL;
    }

    peer = ctl_pool_owner(sizeof(roster_peer_t), offsetof(roster_peer_t, pool));
    ctl_buf_init(&peer->field);
    peer->start = ctl_seconds();

    len = strlen(url);
    len -= url[len - 1] == '/';
    peer->url = ctl_pool_text(&peer->pool, url, len);

    if (secrets_read(ctl, peer) == 0) {
        peer->http = ctl_http_open(ctl->opt.ca);
    }

    if (peer->http == NULL) {
        roster_peer_close(peer);
        return NULL;
    }

    return peer;
}


void
roster_peer_close(roster_peer_t *peer)
{
    ctl_pool_t  pool;

    if (peer == NULL) {
        return;
    }

    ctl_http_close(peer->http);
    ctl_buf_free(&peer->field);
    pool = peer->pool;
    ctl_pool_free(&pool);
}


/* What people are called is in what jansson has. */
static void
wiping_free(void *p)
{
    if (p != NULL) {
        sodium_memzero(p, malloc_usable_size(p));
        free(p);
    }
}


static int
secrets_read(ctl_t *ctl, roster_peer_t *peer)
{
    int           rc;
    char         *text;
    size_t        len;
    json_t       *json;
    const char   *path;
    json_error_t  error;

    path = ctl->opt.credentials;
    if (path == NULL) {
        return 0;
    }

    text = ctl_file_secret(&peer->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return ctl_error("%s, line %d: is no JSON", path, error.line);
    }

    rc = secrets_take(peer, path, json);
    json_decref(json);

    return rc == 0 ? secrets_check(peer, path) : -1;
}


static int
secrets_take(roster_peer_t *peer, const char *path, const json_t *json)
{
    unsigned      k, taken;
    const char   *text, **to;
    const json_t  *value;

    if (!json_is_object(json)) {
        return ctl_error("%s is no JSON object", path);
    }

    taken = 0;

    for (k = 0; secret_names[k].name != NULL; k++) {
        value = json_object_get(json, secret_names[k].name);
        if (value == NULL) {
            continue;
        }

        text = json_string_value(value);

        if (text == NULL || !printable(text, secret_names[k].blanks)) {
            return ctl_error("%s: \"%s\" is no text of letters, digits and"
                             " signs", path, secret_names[k].name);
        }

        to = (const char **) (void *) ((char *) &peer->secrets
                                       + secret_names[k].offset);
        *to = ctl_pool_text(&peer->pool, text, strlen(text));
        taken++;
    }

    return taken == json_object_size(json)
           ? 0 : ctl_error("%s has a name that is none of it", path);
}


static int
secrets_check(roster_peer_t *peer, const char *path)
{
    int               kinds;
    const secrets_t  *s;

    s = &peer->secrets;
    kinds = (s->token_url != NULL) + (s->bearer != NULL)
            + (s->api_key != NULL);

    if (kinds != 1
        || (s->token_url != NULL) != (s->client_id != NULL)
        || (s->token_url != NULL) != (s->client_secret != NULL)
        || (s->token_url == NULL && s->scope != NULL)
        || (s->api_key == NULL && s->header != NULL))
    {
        return ctl_error("%s has one of token_url with client_id and"
                         " client_secret, bearer and api_key", path);
    }

    if (s->token_url != NULL) {
        return ctl_url_check(s->token_url, "token_url");
    }

    if (s->bearer != NULL) {
        ctl_buf_printf(&peer->field, "Authorization: Bearer %s", s->bearer);
        return 0;
    }

    if (s->header != NULL
        && strspn(s->header, "abcdefghijklmnopqrstuvwxyz0123456789-"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
           != strlen(s->header))
    {
        return ctl_error("%s: \"header\" is no name of a field", path);
    }

    ctl_buf_printf(&peer->field, "%s: %s",
                   s->header != NULL ? s->header : "X-API-Key", s->api_key);

    return 0;
}


/* ASCII that is seen: it stands in the head of a request. */
static int
printable(const char *text, int blanks)
{
    const char  *p;

    for (p = text; *p != '\0'; p++) {
        if ((*p < '!' || *p > '~') && !(blanks && *p == ' ')) {
            return 0;
        }
    }

    return p != text;
}


json_t *
roster_peer_get(roster_peer_t *peer, const char *path, const char *query,
    int *none)
{
    roster_paging_t  paging;

    return page_get(peer, path, query, none, &paging);
}


json_t *
roster_peer_page(roster_peer_t *peer, const char *path, const char *query,
    roster_paging_t *paging)
{
    return page_get(peer, path, query, NULL, paging);
}


static json_t *
page_get(roster_peer_t *peer, const char *path, const char *query, int *none,
    roster_paging_t *paging)
{
    json_t              *json;
    ctl_buf_t            url, what;
    ctl_http_answer_t    answer;
    ctl_http_request_t   request;

    ctl_buf_init(&url);
    ctl_buf_init(&what);
    ctl_buf_printf(&url, "%s/%s?%s", peer->url, path, query);
    ctl_buf_printf(&what, "GET %s", path);

    memset(&request, 0, sizeof(ctl_http_request_t));
    request.what = what.data;
    request.url = url.data;
    request.most = PAGE_MOST;

    json = NULL;

    if (send_allowed(peer, &request, &answer) == 0) {
        if (answer.status == STATUS_OK) {
            json = answer_parse(what.data, &answer.body);
            paging->total = answer.total;
            paging->next = answer.next;

        } else if (none != NULL && (answer.status == STATUS_NOWHERE
                                    || answer.status == STATUS_NEVER))
        {
            *none = 1;

        } else {
            ctl_error("%s: status %ld", what.data, answer.status);
        }

        ctl_buf_free(&answer.body);
    }

    ctl_buf_free(&url);
    ctl_buf_free(&what);

    return json;
}


/* A token that is over is asked for anew, once. */
static int
send_allowed(roster_peer_t *peer, ctl_http_request_t *request,
    ctl_http_answer_t *answer)
{
    int  anew;

    for (anew = 0; ; anew = 1) {
        if (peer->secrets.token_url != NULL && peer->field.len == 0
            && token_get(peer) != 0)
        {
            return -1;
        }

        request->fields[0] = "Accept: application/json";
        request->fields[1] = peer->field.len != 0 ? peer->field.data : NULL;

        if (send_patiently(peer, request, answer) != 0) {
            return -1;
        }

        if (answer->status != STATUS_DENIED || anew
            || peer->secrets.token_url == NULL)
        {
            return 0;
        }

        ctl_buf_free(&answer->body);
        ctl_buf_free(&peer->field);
    }
}


static int
send_patiently(roster_peer_t *peer, const ctl_http_request_t *request,
    ctl_http_answer_t *answer)
{
    unsigned  i, tries;

    for (tries = 1; ; tries++) {
        if (ctl_seconds() - peer->start > ALL_SECONDS) {
            return ctl_error("%s: the roster takes longer than an hour",
                             request->what);
        }

        if (ctl_http_send(peer->http, request, answer) != 0) {
            return -1;
        }

        peer->bytes += answer->body.len;

        if (peer->bytes > ALL_MOST) {
            ctl_buf_free(&answer->body);
            return ctl_error("%s: the roster is larger than 4 GiB",
                             request->what);
        }

        for (i = 0; again[i] != 0 && again[i] != answer->status; i++) {
            continue;
        }

        if (again[i] == 0 || tries == TRIES) {
            return 0;
        }

        ctl_buf_free(&answer->body);

        if (wait_for(peer, request, answer, tries) != 0) {
            return -1;
        }
    }
}


/* As long as the server says, or else twice as long as the last time. */
static int
wait_for(const roster_peer_t *peer, const ctl_http_request_t *request,
    const ctl_http_answer_t *answer, unsigned tries)
{
    long  seconds;

    seconds = answer->wait > 0 ? answer->wait : 1L << (tries - 1);

    if (seconds > WAIT_MOST
        || ctl_seconds() - peer->start + seconds > ALL_SECONDS)
    {
        return ctl_error("%s: status %ld, and to be asked again in %ld"
                         " seconds", request->what, answer->status, seconds);
    }

    while (seconds != 0) {
        seconds = (long) sleep((unsigned) seconds);
    }

    return 0;
}


/* What is wrong is said by line: near it stands what people are called. */
static json_t *
answer_parse(const char *what, const ctl_buf_t *body)
{
    json_t        *json;
    json_error_t   error;

    json = json_loadb(body->len != 0 ? body->data : "", body->len,
                      JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) {
        ctl_error("%s: line %d, column %d: is no JSON, or was cut off", what,
                  error.line, error.column);
    }

    return json;
}


static int
token_get(roster_peer_t *peer)
{
    int                  rc;
    ctl_buf_t            basic, form;
    ctl_http_answer_t    answer;
    ctl_http_request_t   request;

    ctl_buf_init(&basic);
    ctl_buf_init(&form);
    basic_add(&peer->secrets, &basic);
    form_make(&peer->secrets, &form);

    memset(&request, 0, sizeof(ctl_http_request_t));
    request.what = "the token";
    request.url = peer->secrets.token_url;
    request.fields[0] = "Accept: application/json";
    request.fields[1] = basic.data;
    request.form = form.data;
    request.most = TOKEN_MOST;

    rc = send_patiently(peer, &request, &answer);

    if (rc == 0) {
        rc = answer.status == STATUS_OK ? token_take(peer, &answer)
             : ctl_error("the token: status %ld", answer.status);
        ctl_buf_free(&answer.body);
    }

    ctl_buf_free(&basic);
    ctl_buf_free(&form);

    return rc;
}


static int
token_take(roster_peer_t *peer, const ctl_http_answer_t *answer)
{
    int          rc;
    json_t      *json;
    const char  *token, *type;

    json = answer_parse("the token", &answer->body);
    if (json == NULL) {
        return -1;
    }

    token = json_string_value(json_object_get(json, "access_token"));
    type = json_string_value(json_object_get(json, "token_type"));

    if (token == NULL || !printable(token, 0) || type == NULL
        || strcasecmp(type, "Bearer") != 0)
    {
        rc = ctl_error("the token: its answer has no bearer token");

    } else {
        ctl_buf_printf(&peer->field, "Authorization: Bearer %s", token);
        rc = 0;
    }

    json_decref(json);

    return rc;
}


/* RFC 6749, 2.3.1: both are escaped as in a form. */
static void
basic_add(const secrets_t *secrets, ctl_buf_t *field)
{
    char       *text;
    size_t      size;
    ctl_buf_t   both;
    ctl_pool_t  pool;

    memset(&pool, 0, sizeof(ctl_pool_t));
    ctl_buf_init(&both);
    escaped_add(&both, secrets->client_id);
    ctl_buf_text(&both, ":");
    escaped_add(&both, secrets->client_secret);

    size = sodium_base64_ENCODED_LEN(both.len, sodium_base64_VARIANT_ORIGINAL);
    text = ctl_pool_alloc(&pool, size);
    sodium_bin2base64(text, size, (const uint8_t *) both.data, both.len,
                      sodium_base64_VARIANT_ORIGINAL);
    ctl_buf_printf(field, "Authorization: Basic %s", text);

    ctl_buf_free(&both);
    ctl_pool_free(&pool);
}


static void
form_make(const secrets_t *secrets, ctl_buf_t *form)
{
    ctl_buf_text(form, "grant_type=client_credentials");

    if (secrets->scope != NULL) {
        ctl_buf_text(form, "&scope=");
        escaped_add(form, secrets->scope);
    }
}


static void
escaped_add(ctl_buf_t *buf, const char *text)
{
    for ( ; *text != '\0'; text++) {
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-._~"
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ", *text) != NULL)
        {
            ctl_buf_add(buf, text, 1);

        } else {
            ctl_buf_printf(buf, "%%%02X", (unsigned) (uint8_t) *text);
        }
    }
}


const char *
roster_peer_escape(ctl_pool_t *pool, const char *text)
{
    ctl_buf_t    buf;
    const char  *escaped;

    ctl_buf_init(&buf);
    escaped_add(&buf, text);
    escaped = ctl_pool_text(pool, buf.data, buf.len);
    ctl_buf_free(&buf);

    return escaped;
}

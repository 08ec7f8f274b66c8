/*
 * Copyright (C) the Pupil authors
 *
 * Pages of JSON, until a server says that there is no other.
 */

#include <sodium.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/roster/ss12000_fetch.h"
#include "ctl/roster/ss12000_rows.h"


#define PAGES_MOST   100000             /* of an endpoint */
#define TOKEN_MOST   8192               /* bytes of one of a page */
#define PRINT        16                 /* of what was there before */


typedef struct {
    const char       *path;
    const char       *list;     /* beside "data", which the standard has */
    const char       *filter;   /* of what was changed after a time */
    int               lists;    /* its data is an object of some, and a server
                                   may have none of it */
    ss12000_take_pt   take;
} endpoint_t;

/* An endpoint that is read. */
typedef struct {
    ctl_pool_t          pool;
    roster_peer_t      *peer;
    ss12000_t          *all;
    const endpoint_t   *endpoint;
    char                limit[ROSTER_LIMIT_TEXT];
    ctl_map_t           seen;   /* prints of tokens, and of pages */
    size_t              items;
    unsigned            pages;
} reading_t;


/* As they are asked for: see ss12000_rows.h. */
static const endpoint_t  endpoints[] = {
    { "organisations", "organisations", "meta.modified.after", 0,
      ss12000_organisation },
    { "duties", NULL, "meta.modified.after", 0, ss12000_duty },
    { "persons", NULL, "meta.modified.after", 0, ss12000_person },
    { "groups", NULL, "meta.modified.after", 0, ss12000_group },
    { "activities", NULL, "meta.modified.after", 0, ss12000_activity },
    { "deletedEntities", NULL, "after", 1, ss12000_deleted },
    { NULL, NULL, NULL, 0, NULL }
};


static int endpoint_read(reading_t *reading, const char *after);
static int page_take(reading_t *reading, const json_t *page);
static int items_take(reading_t *reading, const json_t *data);
static int next_query(reading_t *reading, const json_t *page,
    ctl_buf_t *query);
static int before(reading_t *reading, const char *kind, const char *text);
static const json_t *data_of(const endpoint_t *endpoint, const json_t *page);
static void query_add(ctl_pool_t *pool, ctl_buf_t *query, const char *name,
    const char *value);
static int page_says(const endpoint_t *endpoint, const json_t *page);


void *
ss12000_fetch(ctl_t *ctl, roster_peer_t *peer, const char *after)
{
    int                rc;
    char               limit[ROSTER_LIMIT_TEXT];
    ss12000_t         *all;
    reading_t          reading;
    const endpoint_t  *endpoint;

    if (roster_server_limit(ctl, limit) != 0) {
        return NULL;
    }

    all = ctl_pool_owner(sizeof(ss12000_t), offsetof(ss12000_t, pool));
    ss12000_rows_init(all);

    rc = 0;

    for (endpoint = endpoints; rc == 0 && endpoint->path != NULL; endpoint++) {
        memset(&reading, 0, sizeof(reading_t));
        reading.peer = peer;
        reading.all = all;
        reading.endpoint = endpoint;
        memcpy(reading.limit, limit, sizeof(limit));

        rc = endpoint_read(&reading, endpoint->lists ? after : NULL);

        ctl_map_free(&reading.seen);
        ctl_pool_free(&reading.pool);
    }

    if (rc != 0) {
        ss12000_free(all);
        return NULL;
    }

    return all;
}


void
ss12000_free(void *files)
{
    ss12000_t   *all = files;
    ctl_pool_t   pool;

    if (all == NULL) {
        return;
    }

    ss12000_rows_free(all);
    pool = all->pool;
    ctl_pool_free(&pool);
}


csv_source_t *
ss12000_source(void *files)
{
    ss12000_t  *all = files;

    return sheet_source(all->sheets, SHEETS);
}


static int
endpoint_read(reading_t *reading, const char *after)
{
    int                rc, none;
    json_t            *page;
    ctl_buf_t          query;
    const endpoint_t  *endpoint;

    endpoint = reading->endpoint;
    none = 0;

    ctl_buf_init(&query);
    query_add(&reading->pool, &query, "limit", reading->limit);

    if (after != NULL) {
        query_add(&reading->pool, &query, endpoint->filter, after);
    }

    do {
        page = roster_peer_get(reading->peer, endpoint->path, query.data,
                               endpoint->lists ? &none : NULL);

        if (page == NULL) {
            rc = none ? 0 : -1;
            break;
        }

        rc = page_take(reading, page);

        if (rc == 0) {
            rc = next_query(reading, page, &query);
        }

        json_decref(page);

    } while (rc == 1);

    if (none) {
        ctl_note("there is no %s: whoever was deleted is absent, and no more",
                 endpoint->path);
    }

    ctl_buf_free(&query);

    return rc;
}


static int
page_take(reading_t *reading, const json_t *page)
{
    int            rc;
    const json_t  *data;

    data = data_of(reading->endpoint, page);
    reading->pages++;

    if (data == NULL) {
        return ctl_error("GET %s, page %u: has no data",
                         reading->endpoint->path, reading->pages);
    }

    if (reading->endpoint->lists) {
        reading->endpoint->take(reading->all, data, 0);
        rc = 0;

    } else {
        rc = items_take(reading, data);
    }

    if (rc == 0 && reading->all->full) {
        return ctl_error("GET %s, page %u: more than a roster has",
                         reading->endpoint->path, reading->pages);
    }

    return rc;
}


/* A page that begins as an earlier one does is that one. */
static int
items_take(reading_t *reading, const json_t *data)
{
    size_t       i;
    json_t      *item;
    const char  *id;

    id = json_string_value(json_object_get(json_array_get(data, 0), "id"));

    if (id != NULL && before(reading, "page", id)) {
        return ctl_error("GET %s, page %u: was there before",
                         reading->endpoint->path, reading->pages);
    }

    json_array_foreach(data, i, item) {
        reading->endpoint->take(reading->all, item, ++reading->items);

        if (reading->all->full) {
            break;
        }
    }

    return 0;
}


/* 1 where there is a page behind this one: then nothing else is said. */
static int
next_query(reading_t *reading, const json_t *page, ctl_buf_t *query)
{
    const char    *text;
    const json_t  *token;

    token = json_object_get(page, "pageToken");

    if (token == NULL || json_is_null(token)) {
        return 0;
    }

    text = json_string_value(token);

    if (text == NULL || text[0] == '\0' || strlen(text) > TOKEN_MOST) {
        return ctl_error("GET %s, page %u: its pageToken is none",
                         reading->endpoint->path, reading->pages);
    }

    if (before(reading, "token", text) || reading->pages == PAGES_MOST) {
        return ctl_error("GET %s, page %u: its pageToken was there before, or"
                         " there is no end of pages", reading->endpoint->path,
                         reading->pages);
    }

    ctl_buf_reset(query);
    query_add(&reading->pool, query, "limit", reading->limit);
    query_add(&reading->pool, query, "pageToken", text);

    return 1;
}


static int
before(reading_t *reading, const char *kind, const char *text)
{
    int                        fresh;
    uint8_t                    print[PRINT];
    crypto_generichash_state   state;

    crypto_generichash_init(&state, NULL, 0, PRINT);
    crypto_generichash_update(&state, (const uint8_t *) kind,
                              strlen(kind) + 1);
    crypto_generichash_update(&state, (const uint8_t *) text, strlen(text));
    crypto_generichash_final(&state, print, PRINT);

    (void) ctl_map_put(&reading->seen,
                       ctl_pool_str(&reading->pool, print, PRINT), &fresh);

    return !fresh;
}


/* NULL: it is none of the kind that the endpoint has. */
static const json_t *
data_of(const endpoint_t *endpoint, const json_t *page)
{
    const json_t  *data;

    data = json_object_get(page, "data");

    if (data == NULL && endpoint->list != NULL) {
        data = json_object_get(page, endpoint->list);
    }

    return (endpoint->lists ? json_is_object(data) : json_is_array(data))
           ? data : NULL;
}


static void
query_add(ctl_pool_t *pool, ctl_buf_t *query, const char *name,
    const char *value)
{
    ctl_buf_printf(query, "%s%s=%s", query->len != 0 ? "&" : "", name,
                   roster_peer_escape(pool, value));
}


int
ss12000_changed(roster_peer_t *peer, const char *after)
{
    int                rc, none;
    json_t            *page;
    ctl_buf_t          query;
    ctl_pool_t         pool;
    const endpoint_t  *endpoint;

    memset(&pool, 0, sizeof(ctl_pool_t));
    rc = 0;

    for (endpoint = endpoints; rc == 0 && endpoint->path != NULL; endpoint++) {
        none = 0;
        ctl_buf_init(&query);
        query_add(&pool, &query, "limit", "1");
        query_add(&pool, &query, endpoint->filter, after);

        page = roster_peer_get(peer, endpoint->path, query.data,
                               endpoint->lists ? &none : NULL);

        rc = page != NULL ? page_says(endpoint, page) : none ? 1 : -1;

        json_decref(page);
        ctl_buf_free(&query);
    }

    ctl_pool_free(&pool);

    return rc;
}


/* Whether there is anything in it, or behind it. */
static int
page_says(const endpoint_t *endpoint, const json_t *page)
{
    json_t        *list;
    const char    *name;
    const json_t  *data, *token;

    data = data_of(endpoint, page);
    token = json_object_get(page, "pageToken");

    if (data == NULL) {
        return ctl_error("GET %s: has no data", endpoint->path);
    }

    if (token != NULL && !json_is_null(token)) {
        return 1;
    }

    if (!endpoint->lists) {
        return json_array_size(data) != 0;
    }

    json_object_foreach((json_t *) (uintptr_t) data, name, list) {
        if (json_array_size(list) != 0) {
            return 1;
        }
    }

    return 0;
}

/*
 * Copyright (C) the Pupil authors
 *
 * Pages by limit and offset, in the order of ids, until there are as many items
 * as the server says that there are.  No address of an answer is asked.
 */

#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/http.h"
#include "ctl/base/map.h"
#include "ctl/base/text.h"
#include "ctl/roster/oneroster_fetch.h"
#include "ctl/roster/oneroster_rows.h"


#define PAGES_MOST   100000             /* of an endpoint */


/* fields: all that is asked for, in version 1.1 and in 1.2. */
typedef struct {
    const char         *path;
    oneroster_kind_t    kind;
    const char         *fields[2];
} endpoint_t;

/* An endpoint that is read. */
typedef struct {
    ctl_pool_t          pool;
    roster_peer_t      *peer;
    oneroster_t        *all;
    const endpoint_t   *endpoint;
    char                limit[ROSTER_LIMIT_TEXT];
    ctl_map_t           seen;       /* ids: their pages */
    size_t              items;
    unsigned            pages;
    int64_t             total;
} reading_t;


#define ORG_FIELDS         "sourcedId,status,name"
#define SESSION_FIELDS     "sourcedId,status,startDate,endDate"
#define CLASS_FIELDS       "sourcedId,status,title,classType,"            \
                           "school,terms"
#define USER_FIELDS        "sourcedId,status,enabledUser,givenName,"          \
                           "familyName,username,email,metadata,"
#define ENROLLMENT_FIELDS  "sourcedId,status,user,class,role,beginDate,"      \
                           "endDate"

static const endpoint_t  endpoints[] = {
    { "orgs", ORGS, { ORG_FIELDS, ORG_FIELDS } },
    { "academicSessions", SESSIONS, { SESSION_FIELDS, SESSION_FIELDS } },
    { "classes", CLASSES, { CLASS_FIELDS, CLASS_FIELDS } },
    { "users", USERS, { USER_FIELDS "role,orgs", USER_FIELDS "roles" } },
    { "enrollments", ENROLLMENTS, { ENROLLMENT_FIELDS, ENROLLMENT_FIELDS } },
    { NULL, SHEETS, { NULL, NULL } }
};


static int version_of(const char *url);
static int endpoint_read(reading_t *reading);
static int page_take(reading_t *reading, const json_t *page,
    const roster_paging_t *paging);
static int items_take(reading_t *reading, const json_t *list);
static int total_check(reading_t *reading, const roster_paging_t *paging);
static int fails(const reading_t *reading, const char *says);


int
oneroster_check(const char *url)
{
    return version_of(url) >= 0 ? 0
           : ctl_error("the address of a OneRoster service ends in v1p1 or"
                       " v1p2");
}


/* What its last part says: 0 is 1.1, 1 is 1.2. */
static int
version_of(const char *url)
{
    size_t  len;

    len = strlen(url);
    len -= len != 0 && url[len - 1] == '/';

    if (len < sizeof("/v1p1") - 1) {
        return -1;
    }

    url += len - (sizeof("/v1p1") - 1);

    return memcmp(url, "/v1p1", 5) == 0 ? 0
           : memcmp(url, "/v1p2", 5) == 0 ? 1 : -1;
}


void *
oneroster_fetch(ctl_t *ctl, roster_peer_t *peer, const char *after)
{
    int                rc;
    char               limit[ROSTER_LIMIT_TEXT];
    reading_t          reading;
    oneroster_t       *all;
    const endpoint_t  *endpoint;

    (void) after;               /* who is gone is not said: all is asked for */

    if (roster_server_limit(ctl, limit) != 0) {
        return NULL;
    }

    all = ctl_pool_owner(sizeof(oneroster_t), offsetof(oneroster_t, pool));
    all->roles = version_of(ctl->args[0]);
    oneroster_rows_init(all);

    rc = 0;

    for (endpoint = endpoints; rc == 0 && endpoint->path != NULL; endpoint++) {
        memset(&reading, 0, sizeof(reading_t));
        reading.peer = peer;
        reading.all = all;
        reading.endpoint = endpoint;
        reading.total = CTL_HTTP_NONE;
        memcpy(reading.limit, limit, sizeof(limit));

        rc = endpoint_read(&reading);

        ctl_map_free(&reading.seen);
        ctl_pool_free(&reading.pool);
    }

    if (rc != 0) {
        oneroster_free(all);
        return NULL;
    }

    return all;
}


void
oneroster_free(void *files)
{
    ctl_pool_t    pool;
    oneroster_t  *all = files;

    pool = all->pool;
    ctl_pool_free(&pool);
}


csv_source_t *
oneroster_source(void *files)
{
    oneroster_t  *all = files;

    return sheet_source(all->sheets, SHEETS);
}


static int
endpoint_read(reading_t *reading)
{
    int                rc;
    json_t            *page;
    ctl_buf_t          query;
    const char        *fields;
    roster_paging_t    paging;
    const endpoint_t  *endpoint;

    endpoint = reading->endpoint;
    fields = roster_peer_escape(&reading->pool,
                                endpoint->fields[reading->all->roles]);

    do {
        ctl_buf_init(&query);
        ctl_buf_printf(&query, "limit=%s&offset=%zu&sort=sourcedId&orderBy=asc"
                       "&fields=%s", reading->limit, reading->items, fields);

        page = roster_peer_page(reading->peer, endpoint->path, query.data,
                                &paging);
        ctl_buf_free(&query);

        rc = page == NULL ? -1 : page_take(reading, page, &paging);
        json_decref(page);

    } while (rc == 1);

    return rc;
}


static int
fails(const reading_t *reading, const char *says)
{
    return ctl_error("GET %s, page %u: %s", reading->endpoint->path,
                     reading->pages, says);
}


/* 1 where there is a page behind this one. */
static int
page_take(reading_t *reading, const json_t *page,
    const roster_paging_t *paging)
{
    size_t         count;
    const json_t  *list;

    list = json_object_get(page, reading->endpoint->path);
    count = json_array_size(list);
    reading->pages++;

    if (!json_is_array(list)) {
        return fails(reading, "has no data");
    }

    if (total_check(reading, paging) != 0 || items_take(reading, list) != 0) {
        return -1;
    }

    if (reading->pages == PAGES_MOST) {
        return fails(reading, "there is no end of pages");
    }

    if (reading->total >= 0) {
        if (reading->items > (uint64_t) reading->total) {
            return fails(reading, "there are more than X-Total-Count says");
        }

        if (count == 0 && reading->items < (uint64_t) reading->total) {
            return fails(reading, "is empty, and there are more, as"
                         " X-Total-Count says");
        }

        return reading->items < (uint64_t) reading->total;
    }

    return count != 0 && paging->next != 0;
}


/* Of pages that are of two moments nobody knows who is on none. */
static int
total_check(reading_t *reading, const roster_paging_t *paging)
{
    if (paging->total == CTL_HTTP_ODD) {
        return fails(reading, "its X-Total-Count is no number");
    }

    if (reading->pages == 1) {
        reading->total = paging->total;
    }

    return paging->total == reading->total ? 0
           : fails(reading, "its X-Total-Count is not that of the first page:"
                   " the roster was changed meanwhile");
}


/* Who is on two pages was moved, and others may have been to none. */
static int
items_take(reading_t *reading, const json_t *list)
{
    int           fresh;
    size_t        i;
    json_t       *item;
    ctl_slot_t   *slot;
    pupil_str_t   id;

    json_array_foreach(list, i, item) {
        id = ctl_str("");
        fresh = 0;          /* as of one that has none */

        if (item_text(json_object_get(item, "sourcedId"), &id) == NULL) {
            id = ctl_pool_str(&reading->pool, id.data, id.len);
            slot = ctl_map_put(&reading->seen, id, &fresh);

            if (fresh) {
                slot->value = reading->pages;

            } else if (slot->value != reading->pages) {
                return fails(reading, "has what was there before");
            }
        }

        oneroster_take(reading->all, reading->endpoint->kind, item,
                       ++reading->items, !fresh);

        if (reading->all->full) {
            return fails(reading, "more than a roster has");
        }
    }

    return 0;
}


int
oneroster_changed(roster_peer_t *peer, const char *after)
{
    int                rc;
    json_t            *page;
    ctl_buf_t          filter, query;
    ctl_pool_t         pool;
    const json_t      *list;
    roster_paging_t    paging;
    const endpoint_t  *endpoint;

    memset(&pool, 0, sizeof(ctl_pool_t));
    ctl_buf_init(&filter);
    ctl_buf_init(&query);
    ctl_buf_printf(&filter, "dateLastModified>='%s'", after);
    ctl_buf_printf(&query, "limit=1&offset=0&fields=sourcedId&filter=%s",
                   roster_peer_escape(&pool, filter.data));

    rc = 0;

    for (endpoint = endpoints; rc == 0 && endpoint->path != NULL; endpoint++) {
        page = roster_peer_page(peer, endpoint->path, query.data, &paging);
        list = json_object_get(page, endpoint->path);

        rc = page == NULL ? -1
             : !json_is_array(list)
             ? ctl_error("GET %s: has no data", endpoint->path)
             : json_array_size(list) != 0;

        json_decref(page);
    }

    ctl_buf_free(&filter);
    ctl_buf_free(&query);
    ctl_pool_free(&pool);

    return rc;
}

/*
 * Copyright (C) the Pupil authors
 *
 * A hash table with a list by use.  An entry is one block of the heap, which
 * holds ids and ciphertext and nothing else.
 */

#include "http/homework/ngx_http_pupil_homework_store.h"


#define NGX_HTTP_PUPIL_DEFINITIONS_MEAN  4096      /* bytes, for the table */


typedef struct ngx_http_pupil_kept_s  ngx_http_pupil_kept_t;

struct ngx_http_pupil_kept_s {
    ngx_queue_t                         queue;     /* the latest used first */
    ngx_http_pupil_kept_t              *next;      /* in the bucket */
    ngx_http_pupil_definitions_key_t    key;
    pupil_time_t                        from, until;
    ngx_http_pupil_definitions_kind_e   kind;
    size_t                              text;
    size_t                              len;       /* of the ciphertext, */
    u_char                              sealed[];  /* which follows */
};

struct ngx_http_pupil_definitions_s {
    size_t                               size;
    ngx_uint_t                           mask;     /* buckets - 1 */
    ngx_http_pupil_kept_t              **buckets;
    ngx_queue_t                          used;
    ngx_http_pupil_definitions_stats_t   stats;
    ngx_log_t                           *log;
};


static ngx_http_pupil_kept_t *ngx_http_pupil_definitions_find(
    const ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key);
static ngx_http_pupil_kept_t **ngx_http_pupil_definitions_bucket(
    const ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key);
static void ngx_http_pupil_definitions_drop(ngx_http_pupil_definitions_t *d,
    ngx_http_pupil_kept_t *kept);


ngx_http_pupil_definitions_t *
ngx_http_pupil_definitions_create(size_t size, ngx_log_t *log)
{
    ngx_uint_t                     n;
    ngx_http_pupil_definitions_t  *d;

    d = ngx_calloc(sizeof(ngx_http_pupil_definitions_t), log);
    if (d == NULL) {
        return NULL;
    }

    for (n = 64; n < size / NGX_HTTP_PUPIL_DEFINITIONS_MEAN; n *= 2) {
        /* void */
    }

    d->buckets = ngx_calloc(n * sizeof(ngx_http_pupil_kept_t *), log);
    if (d->buckets == NULL) {
        ngx_free(d);
        return NULL;
    }

    d->size = size;
    d->mask = n - 1;
    d->log = log;
    ngx_queue_init(&d->used);

    return d;
}


void
ngx_http_pupil_definitions_destroy(ngx_http_pupil_definitions_t *d)
{
    ngx_queue_t            *q, *next;
    ngx_http_pupil_kept_t  *kept;

    if (d == NULL) {
        return;
    }

    for (q = ngx_queue_head(&d->used); q != ngx_queue_sentinel(&d->used);
         q = next)
    {
        next = ngx_queue_next(q);
        kept = ngx_queue_data(q, ngx_http_pupil_kept_t, queue);
        ngx_http_pupil_definitions_drop(d, kept);
    }

    ngx_free(d->buckets);
    ngx_free(d);
}


ngx_int_t
ngx_http_pupil_definitions_get(ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key, pupil_time_t now,
    ngx_http_pupil_definitions_entry_t *entry)
{
    ngx_http_pupil_kept_t  *kept;

    kept = ngx_http_pupil_definitions_find(d, key);

    /* a clock that was set back: what was due then may be open again */
    if (kept == NULL
        || pupil_uuid_compare(&kept->key.version, &key->version) != 0
        || kept->key.key_version != key->key_version
        || kept->key.day != key->day
        || now < kept->from || now >= kept->until)
    {
        d->stats.misses++;
        return NGX_DECLINED;
    }

    d->stats.hits++;
    ngx_queue_remove(&kept->queue);
    ngx_queue_insert_head(&d->used, &kept->queue);

    entry->kind = kept->kind;
    entry->text = kept->text;
    entry->sealed.data = kept->sealed;
    entry->sealed.len = kept->len;

    return NGX_OK;
}


void
ngx_http_pupil_definitions_put(ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key, pupil_time_t now,
    pupil_time_t until, const ngx_http_pupil_definitions_entry_t *entry)
{
    size_t                  bytes;
    ngx_queue_t            *q, *prev;
    ngx_http_pupil_kept_t  *kept, **bucket;

    kept = ngx_http_pupil_definitions_find(d, key);
    if (kept != NULL) {
        ngx_http_pupil_definitions_drop(d, kept);
    }

    bytes = sizeof(ngx_http_pupil_kept_t) + entry->sealed.len;
    if (bytes > d->size) {
        return;
    }

    for (q = ngx_queue_last(&d->used); d->stats.bytes + bytes > d->size;
         q = prev)
    {
        prev = ngx_queue_prev(q);
        kept = ngx_queue_data(q, ngx_http_pupil_kept_t, queue);
        ngx_http_pupil_definitions_drop(d, kept);
        d->stats.evictions++;
    }

    kept = ngx_alloc(bytes, d->log);
    if (kept == NULL) {
        return;
    }

    kept->key = *key;
    kept->from = now;
    kept->until = until;
    kept->kind = entry->kind;
    kept->text = entry->text;
    kept->len = entry->sealed.len;

    if (kept->len != 0) {
        ngx_memcpy(kept->sealed, entry->sealed.data, kept->len);
    }

    bucket = ngx_http_pupil_definitions_bucket(d, key);
    kept->next = *bucket;
    *bucket = kept;
    ngx_queue_insert_head(&d->used, &kept->queue);

    d->stats.bytes += bytes;
    d->stats.entries++;
}


void
ngx_http_pupil_definitions_stats(const ngx_http_pupil_definitions_t *d,
    ngx_http_pupil_definitions_stats_t *stats)
{
    *stats = d->stats;
}


/* Ids of classes are random and the server's own: nobody chooses a bucket. */
static ngx_http_pupil_kept_t **
ngx_http_pupil_definitions_bucket(const ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key->class_id.b, sizeof(uint32_t));

    return &d->buckets[hash & d->mask];
}


static ngx_http_pupil_kept_t *
ngx_http_pupil_definitions_find(const ngx_http_pupil_definitions_t *d,
    const ngx_http_pupil_definitions_key_t *key)
{
    ngx_http_pupil_kept_t  *kept;

    for (kept = *ngx_http_pupil_definitions_bucket(d, key); kept != NULL;
         kept = kept->next)
    {
        if (kept->key.stmt == key->stmt
            && (kept->key.day == 0) == (key->day == 0)
            && pupil_uuid_compare(&kept->key.class_id, &key->class_id) == 0
            && pupil_uuid_compare(&kept->key.tenant, &key->tenant) == 0)
        {
            break;
        }
    }

    return kept;
}


static void
ngx_http_pupil_definitions_drop(ngx_http_pupil_definitions_t *d,
    ngx_http_pupil_kept_t *kept)
{
    ngx_http_pupil_kept_t  **link;

    link = ngx_http_pupil_definitions_bucket(d, &kept->key);

    while (*link != kept) {
        link = &(*link)->next;
    }

    *link = kept->next;
    ngx_queue_remove(&kept->queue);

    d->stats.bytes -= sizeof(ngx_http_pupil_kept_t) + kept->len;
    d->stats.entries--;

    ngx_free(kept);
}

/*
 * Copyright (C) the Pupil authors
 *
 * The numbers of this worker's audit records.  They lie in shared memory, which
 * a reload keeps, so that numbers of which a worker knows nothing more when it
 * dies are declared by whoever finds it dead: each worker looks every second.
 * A stream is written by its owner alone; the lock is for taking one over, and
 * a worker that dies inside leaves it to the master (pitfall 20).
 */

#include <sodium.h>

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_STREAMS       2048     /* workers times tenants */
#define NGX_HTTP_PUPIL_STREAMS_LOOK  1000     /* ms */
#define NGX_HTTP_PUPIL_STREAMS_LAST  3        /* looks of a worker that ends */

#define NGX_HTTP_PUPIL_ENDED  "PU004"         /* sql/data/061_audit_end.sql */


struct ngx_http_pupil_streams_s {
    ngx_slab_pool_t          *pool;
    ngx_atomic_t              made;           /* ever used: the first ones */
    ngx_http_pupil_stream_t   streams[NGX_HTTP_PUPIL_STREAMS];
};


static ngx_int_t ngx_http_pupil_streams_init(ngx_shm_zone_t *zone,
    void *data);
static ngx_http_pupil_writer_t *ngx_http_pupil_writer(
    ngx_http_pupil_main_conf_t *pmcf, const pupil_uuid_t *tenant);
static ngx_http_pupil_stream_t *ngx_http_pupil_stream_make(
    ngx_http_pupil_streams_t *streams, const pupil_uuid_t *tenant);
static ngx_http_pupil_writer_t *ngx_http_pupil_writer_add(
    ngx_http_pupil_numbers_conf_t *conf, ngx_http_pupil_stream_t *stream);
static void ngx_http_pupil_numbers_look(ngx_event_t *ev);
static void ngx_http_pupil_numbers_inherit(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_stream_t *stream);
static ngx_uint_t ngx_http_pupil_owner_ended(ngx_atomic_uint_t owner);


extern ngx_module_t  ngx_http_pupil_module;


ngx_int_t
ngx_http_pupil_numbers_create(ngx_conf_t *cf,
    ngx_http_pupil_numbers_conf_t *conf)
{
    size_t           size;
    ngx_str_t        name = ngx_string("pupil_audit_numbers");
    ngx_shm_zone_t  *zone;

    /* an eighth for the slab's own pages */
    size = sizeof(ngx_http_pupil_streams_t);
    size += size / 8 + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_pupil_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_http_pupil_streams_init;
    zone->data = conf;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_streams_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t                *pool;
    ngx_http_pupil_streams_t       *streams;
    ngx_http_pupil_numbers_conf_t  *conf;

    pool = (ngx_slab_pool_t *) zone->shm.addr;
    conf = zone->data;

    if (data == NULL && !zone->shm.exists) {
        streams = ngx_slab_alloc(pool, sizeof(ngx_http_pupil_streams_t));
        if (streams == NULL) {
            return NGX_ERROR;
        }

        streams->pool = pool;
        streams->made = 0;

        /*
         * What lies beyond made is not read: sixteen megabytes of which few
         * are ever used would have a page fault for each stream.
         */

        pool->data = streams;
    }

    conf->streams = pool->data;

    return NGX_OK;
}


void
ngx_http_pupil_numbers_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_uint_t                 i;
    ngx_event_t               *timer;
    ngx_http_pupil_streams_t  *streams;

    streams = pmcf->audit.numbers.streams;

    /* of an earlier process, whose number this one has now */
    for (i = 0; i < streams->made; i++) {
        (void) ngx_atomic_cmp_set(&streams->streams[i].owner,
                                  (ngx_atomic_uint_t) ngx_pid, 0);
    }

    timer = &pmcf->audit.numbers.timer;
    timer->handler = ngx_http_pupil_numbers_look;
    timer->data = pmcf;
    timer->log = log;
    timer->cancelable = 1;

    ngx_add_timer(timer, NGX_HTTP_PUPIL_STREAMS_LOOK);
}


void
ngx_http_pupil_numbers_exit_process(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_queue_t                    *q, *next;
    ngx_http_pupil_writer_t        *writer;
    ngx_http_pupil_numbers_conf_t  *conf;

    conf = &pmcf->audit.numbers;

    for (q = ngx_queue_head(&conf->writers);
         q != ngx_queue_sentinel(&conf->writers);
         q = next)
    {
        next = ngx_queue_next(q);

        writer = ngx_queue_data(q, ngx_http_pupil_writer_t, queue);
        writer->stream->owner = 0;
        ngx_free(writer);
    }

    ngx_queue_init(&conf->writers);

    if (conf->timer.timer_set) {
        ngx_del_timer(&conf->timer);
    }
}


ngx_int_t
ngx_http_pupil_numbers_give(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant, uint32_t count, uint32_t reserve,
    ngx_http_pupil_given_t *given)
{
    ngx_http_pupil_writer_t        *writer;
    ngx_http_pupil_numbers_conf_t  *conf;

    writer = ngx_http_pupil_writer(pmcf, tenant);

    if (writer != NULL && (writer->closed || (writer->ended && reserve != 0))) {
        return NGX_ERROR;
    }

    if (writer != NULL) {
        given->writer = writer;
        given->count = count;
        given->first = pupil_numbers_take(&writer->stream->numbers, count,
                                          reserve);
        if (given->first != 0) {
            return NGX_OK;
        }
    }

    conf = &pmcf->audit.numbers;

    if (conf->full_at != ngx_time()) {
        conf->full_at = ngx_time();
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: there is no number for an audit record: %s",
                      writer == NULL ? "workers and tenants are too many"
                      : "too many of the last are not known to be stored");
    }

    return NGX_ERROR;
}


void
ngx_http_pupil_numbers_stored(const ngx_http_pupil_given_t *given)
{
    uint32_t  i;

    for (i = 0; i < given->count; i++) {
        pupil_numbers_settle(&given->writer->stream->numbers,
                             given->first + i);
    }
}


/* Of a tenant that has ended what was refused is declared, and no more. */
void
ngx_http_pupil_numbers_absent(const ngx_http_pupil_given_t *given,
    const ngx_libpq_exchange_t *ex)
{
    uint32_t  i;

    if (ngx_strcmp(ex->sqlstate, NGX_HTTP_PUPIL_ENDED) == 0) {
        given->writer->ended = 1;
    }

    for (i = 0; i < given->count; i++) {
        pupil_numbers_absent(&given->writer->stream->numbers,
                             given->first + i);
    }
}


void
ngx_http_pupil_numbers_unsent(const ngx_http_pupil_given_t *given)
{
    pupil_numbers_unsent(&given->writer->stream->numbers, given->first,
                         given->count);
}


ngx_http_pupil_writer_t *
ngx_http_pupil_numbers_open(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant)
{
    ngx_queue_t                    *q;
    ngx_http_pupil_writer_t        *writer;
    ngx_http_pupil_numbers_conf_t  *conf;

    conf = &pmcf->audit.numbers;

    for (q = ngx_queue_head(&conf->writers);
         q != ngx_queue_sentinel(&conf->writers);
         q = ngx_queue_next(q))
    {
        writer = ngx_queue_data(q, ngx_http_pupil_writer_t, queue);

        if (!writer->declaring
            && (writer->left || writer->stream->numbers.open != 0)
            && pupil_uuid_compare(&writer->stream->tenant, tenant) == 0)
        {
            return writer;
        }
    }

    return NULL;
}


void
ngx_http_pupil_numbers_close(ngx_http_pupil_writer_t *writer)
{
    ngx_queue_remove(&writer->queue);
    writer->stream->owner = 0;
    ngx_memory_barrier();
    writer->stream->used = 0;
    ngx_free(writer);
}


/* This worker's own stream; NULL: there is no memory, or no place. */
static ngx_http_pupil_writer_t *
ngx_http_pupil_writer(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant)
{
    ngx_queue_t                    *q;
    ngx_http_pupil_writer_t        *writer;
    ngx_http_pupil_stream_t        *stream;
    ngx_http_pupil_numbers_conf_t  *conf;

    conf = &pmcf->audit.numbers;

    for (q = ngx_queue_head(&conf->writers);
         q != ngx_queue_sentinel(&conf->writers);
         q = ngx_queue_next(q))
    {
        writer = ngx_queue_data(q, ngx_http_pupil_writer_t, queue);

        if (!writer->left
            && pupil_uuid_compare(&writer->stream->tenant, tenant) == 0)
        {
            return writer;
        }
    }

    stream = ngx_http_pupil_stream_make(conf->streams, tenant);
    if (stream == NULL) {
        return NULL;
    }

    writer = ngx_http_pupil_writer_add(conf, stream);
    if (writer == NULL) {
        stream->used = 0;
    }

    return writer;
}


static ngx_http_pupil_stream_t *
ngx_http_pupil_stream_make(ngx_http_pupil_streams_t *streams,
    const pupil_uuid_t *tenant)
{
    ngx_uint_t                i;
    ngx_http_pupil_stream_t  *stream;

    ngx_shmtx_lock(&streams->pool->mutex);

    for (i = 0; i < NGX_HTTP_PUPIL_STREAMS; i++) {
        stream = &streams->streams[i];

        if (i < streams->made && stream->used) {
            continue;
        }

        stream->owner = (ngx_atomic_uint_t) ngx_pid;
        stream->tenant = *tenant;
        randombytes_buf(&stream->id, sizeof(stream->id));
        stream->id >>= 1;                     /* a bigint, and not negative */
        pupil_numbers_init(&stream->numbers);
        ngx_memory_barrier();
        stream->used = 1;

        if (streams->made <= i) {
            streams->made = i + 1;
        }

        break;
    }

    ngx_shmtx_unlock(&streams->pool->mutex);

    return i == NGX_HTTP_PUPIL_STREAMS ? NULL : stream;
}


static ngx_http_pupil_writer_t *
ngx_http_pupil_writer_add(ngx_http_pupil_numbers_conf_t *conf,
    ngx_http_pupil_stream_t *stream)
{
    ngx_http_pupil_writer_t  *writer;

    writer = ngx_calloc(sizeof(ngx_http_pupil_writer_t), ngx_cycle->log);
    if (writer == NULL) {
        return NULL;
    }

    writer->stream = stream;
    ngx_queue_insert_head(&conf->writers, &writer->queue);

    return writer;
}


/*
 * Each second: who has ended, worker or tenant, and what is to be declared
 * without waiting for a request.  What needs the keys of a tenant that this
 * worker does not have waits for another worker, or for the tenant's next
 * request.  A worker that ends declares what it knows, as there may be none
 * after it.
 */
static void
ngx_http_pupil_numbers_look(ngx_event_t *ev)
{
    ngx_uint_t                      i, n, open;
    ngx_queue_t                    *q;
    ngx_http_pupil_writer_t        *writer;
    ngx_http_pupil_stream_t        *stream;
    ngx_http_pupil_main_conf_t     *pmcf;
    ngx_http_pupil_numbers_conf_t  *conf;
    ngx_http_pupil_probe(AUDIT);

    pmcf = ev->data;
    conf = &pmcf->audit.numbers;
    n = conf->streams->made;
    open = 0;

    for (i = 0; i < n; i++) {
        stream = &conf->streams->streams[i];

        if (stream->used
            && stream->owner != (ngx_atomic_uint_t) ngx_pid
            && ngx_http_pupil_owner_ended(stream->owner))
        {
            ngx_http_pupil_numbers_inherit(pmcf, stream);
        }
    }

    for (q = ngx_queue_head(&conf->writers);
         q != ngx_queue_sentinel(&conf->writers);
         q = ngx_queue_next(q))
    {
        writer = ngx_queue_data(q, ngx_http_pupil_writer_t, queue);

        if (writer->ended) {
            ngx_http_pupil_ended_ask(pmcf, writer);
        }

        if (writer->left || writer->stream->numbers.open != 0) {
            open = 1;

            if (!writer->declaring) {
                ngx_http_pupil_audit_declare(pmcf, &writer->stream->tenant);
            }
        }
    }

    if (!ngx_exiting || (open && conf->last++ < NGX_HTTP_PUPIL_STREAMS_LAST)) {
        ev->cancelable = !open;
        ngx_add_timer(ev, NGX_HTTP_PUPIL_STREAMS_LOOK);
    }
}


/* A dead worker's stream is this one's to declare, if it has the key. */
static void
ngx_http_pupil_numbers_inherit(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_stream_t *stream)
{
    ngx_uint_t                 taken;
    ngx_http_pupil_writer_t   *writer;
    ngx_http_pupil_streams_t  *streams;

    if (ngx_http_pupil_audit_key(pmcf, &stream->tenant) == NULL) {
        return;
    }

    streams = pmcf->audit.numbers.streams;

    ngx_shmtx_lock(&streams->pool->mutex);

    taken = stream->used && ngx_http_pupil_owner_ended(stream->owner);

    if (taken) {
        stream->owner = (ngx_atomic_uint_t) ngx_pid;
    }

    ngx_shmtx_unlock(&streams->pool->mutex);

    if (!taken) {
        return;
    }

    writer = ngx_http_pupil_writer_add(&pmcf->audit.numbers, stream);

    if (writer == NULL) {
        stream->owner = 0;
        return;
    }

    pupil_numbers_end(&stream->numbers);
    writer->left = 1;
}


/*
 * A number of a process that now is another's, of the same account, is taken
 * for the old one as long as that lives: it is declared later.
 */
static ngx_uint_t
ngx_http_pupil_owner_ended(ngx_atomic_uint_t owner)
{
    return owner == 0 || kill((ngx_pid_t) owner, 0) == -1;
}

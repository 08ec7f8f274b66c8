/*
 * Copyright (C) the Pupil authors
 *
 * Sessions in shared memory, in front of PostgreSQL, which has the truth.
 * An entry serves for a short time, and only while this worker's listener has
 * heard from the database within a second: a session that was ended anywhere
 * is dead everywhere by then.
 *
 * A table of fixed size, sets of a few entries each, the oldest of a set is
 * replaced.  Critical sections copy one entry: a worker that dies inside one
 * leaves the lock to the master, which unlocks it (pitfall 20), and a
 * half-written entry has no generation.  All entries end at once by a new
 * generation: wiping the whole table would hold the event loop.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_ZONE_VERSION    6
#define NGX_HTTP_PUPIL_ZONE_WAYS       8
#define NGX_HTTP_PUPIL_ZONE_ALIVE      1000           /* ms since a heartbeat */


typedef struct {
    pupil_uuid_t  tenant;
    uint8_t       hash[32];
    pupil_uuid_t  subject, institution;
    pupil_time_t  created_at, seen_at, expires_at, proved_at;
    uint8_t       provider_session[PUPIL_HASH_LEN];
    uint8_t       provider_subject[PUPIL_HASH_LEN];
    uint32_t      number;          /* of the session's row */
    uint32_t      authority;       /* the subject's floor */
    ngx_msec_t    read_at;
    uint64_t      generation;      /* the zone's, or nothing is there */
    uint8_t       role;
    uint8_t       limited;         /* to changing the password */
    uint8_t       second;          /* by a second factor */
} ngx_http_pupil_zone_entry_t;


struct ngx_http_pupil_zone_s {
    ngx_uint_t                    version;
    ngx_uint_t                    sets;
    ngx_atomic_t                  invalidated;    /* ms, monotonic */
    uint64_t                      generation;     /* from 1 */
    ngx_msec_t                    raised[NGX_HTTP_PUPIL_TOLD];
    ngx_http_pupil_zone_entry_t  *entries;
    ngx_slab_pool_t              *pool;
};


static ngx_int_t ngx_http_pupil_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_http_pupil_zone_t *ngx_http_pupil_zone_create(
    ngx_shm_zone_t *shm_zone, ngx_slab_pool_t *pool);
static ngx_http_pupil_zone_entry_t *ngx_http_pupil_zone_set(
    ngx_http_pupil_zone_t *zone, const uint8_t hash[32]);
static ngx_int_t ngx_http_pupil_zone_ear(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_ear_t *ear,
    ngx_libpq_pool_t *pool, const char *channel,
    void (*notify)(ngx_libpq_listen_t *l, ngx_str_t *payload));
static ngx_uint_t ngx_http_pupil_zone_hears(const ngx_http_pupil_ear_t *ear);
static void ngx_http_pupil_zone_notify(ngx_libpq_listen_t *l,
    ngx_str_t *payload);
static void ngx_http_pupil_zone_keystore(ngx_libpq_listen_t *l,
    ngx_str_t *payload);
static void ngx_http_pupil_zone_tell_tenant(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_str_t *payload);
static ngx_uint_t ngx_http_pupil_zone_word(const ngx_str_t *payload,
    const char *word, ngx_str_t *rest);
static ngx_int_t ngx_http_pupil_zone_ids(const ngx_str_t *text,
    pupil_uuid_t ids[2]);
static void ngx_http_pupil_zone_heartbeat(ngx_libpq_listen_t *l,
    ngx_msec_t sent);
static void ngx_http_pupil_zone_gap(ngx_libpq_listen_t *l);


ngx_int_t
ngx_http_pupil_zone_add(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_str_t *name, size_t size)
{
    pmcf->zone.shm = ngx_shared_memory_add(cf, name, size,
                                           &ngx_http_pupil_module);
    if (pmcf->zone.shm == NULL) {
        return NGX_ERROR;
    }

    pmcf->zone.shm->init = ngx_http_pupil_zone_init;
    pmcf->zone.shm->data = pmcf;

    return NGX_OK;
}


/* After a reload, and after a new binary took over, the zone is there. */
static ngx_int_t
ngx_http_pupil_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_pupil_main_conf_t *old = data;

    ngx_slab_pool_t             *pool;
    ngx_http_pupil_zone_t       *zone;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = shm_zone->data;
    pool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old != NULL && old->zone.sessions != NULL) {
        pmcf->zone.sessions = old->zone.sessions;
        return NGX_OK;
    }

    if (shm_zone->shm.exists) {
        zone = pool->data;

        if (zone != NULL && zone->version == NGX_HTTP_PUPIL_ZONE_VERSION) {
            pmcf->zone.sessions = zone;
            return NGX_OK;
        }
    }

    pool->log_nomem = 0;

    zone = ngx_http_pupil_zone_create(shm_zone, pool);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    pool->data = zone;
    pmcf->zone.sessions = zone;

    return NGX_OK;
}


/* An empty one, in all of the shared memory; NULL: too small. */
static ngx_http_pupil_zone_t *
ngx_http_pupil_zone_create(ngx_shm_zone_t *shm_zone, ngx_slab_pool_t *pool)
{
    size_t                  room, size;
    ngx_uint_t              fresh;
    ngx_http_pupil_zone_t  *zone;

    zone = ngx_slab_calloc(pool, sizeof(ngx_http_pupil_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    /* an eighth stays for the slab's own pages */
    room = (shm_zone->shm.size - shm_zone->shm.size / 8)
           / sizeof(ngx_http_pupil_zone_entry_t);

    zone->version = NGX_HTTP_PUPIL_ZONE_VERSION;
    zone->sets = room / NGX_HTTP_PUPIL_ZONE_WAYS;
    zone->generation = 1;
    zone->pool = pool;

    size = zone->sets * NGX_HTTP_PUPIL_ZONE_WAYS * sizeof(*zone->entries);
    zone->entries = ngx_slab_alloc(pool, size);

    if (zone->entries == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "pupil_session_zone \"%V\" is too small",
                      &shm_zone->shm.name);
        return NULL;
    }

    /* New shared memory is zero: what no session needs is never touched. */
    fresh = !shm_zone->shm.exists;
#if (NGX_DEBUG_MALLOC)
    fresh = 0;
#endif

    if (!fresh) {
        ngx_memzero(zone->entries, size);
    }

    return zone;
}


ngx_int_t
ngx_http_pupil_zone_get(ngx_http_pupil_ctx_t *ctx, const uint8_t hash[32],
    ngx_http_pupil_session_t *session)
{
    ngx_msec_t                    raised;
    ngx_uint_t                    i;
    ngx_http_pupil_zone_t        *zone;
    ngx_http_pupil_main_conf_t   *pmcf;
    ngx_http_pupil_zone_entry_t  *e, found;

    pmcf = ctx->main;
    zone = pmcf->zone.sessions;

    if (zone == NULL) {
        return NGX_DECLINED;
    }

    if (!ngx_http_pupil_zone_hears(&pmcf->zone.data)
        || !ngx_http_pupil_zone_hears(&pmcf->zone.keystore))
    {
        pmcf->zone.stale++;
        return NGX_DECLINED;
    }

    e = ngx_http_pupil_zone_set(zone, hash);
    found.generation = 0;
    raised = 0;

    ngx_shmtx_lock(&zone->pool->mutex);

    for (i = 0; i < NGX_HTTP_PUPIL_ZONE_WAYS; i++) {
        if (e[i].generation == zone->generation
            && ngx_memcmp(e[i].hash, hash, 32) == 0)
        {
            found = e[i];
            raised = zone->raised[ngx_http_pupil_told_place(
                                      found.subject.b)];
            break;
        }
    }

    ngx_shmtx_unlock(&zone->pool->mutex);

    if (found.generation == 0
        || pupil_uuid_compare(&found.tenant, &ctx->tenant) != 0
        || raised >= found.read_at
        || (ngx_msec_int_t) (ngx_current_msec - found.read_at)
           > (ngx_msec_int_t) pmcf->zone.valid
        || pupil_role_name(found.role, &session->role) != PUPIL_OK)
    {
        pmcf->zone.misses++;
        return NGX_DECLINED;
    }

    session->subject = found.subject;
    session->institution = found.institution;
    session->created_at = found.created_at;
    session->seen_at = found.seen_at;
    session->expires_at = found.expires_at;
    session->proved_at = found.proved_at;
    ngx_memcpy(session->provider_session, found.provider_session,
               PUPIL_HASH_LEN);
    ngx_memcpy(session->provider_subject, found.provider_subject,
               PUPIL_HASH_LEN);
    session->number = found.number;
    session->limited = found.limited;
    session->second = found.second;
    ngx_memcpy(session->hash, hash, 32);
    ctx->read_at = found.read_at;
    ctx->floors.subject = found.subject;
    ctx->floors.are.authority = found.authority;
    ctx->floors.known = 1;

    pmcf->zone.hits++;

    return NGX_OK;
}


ngx_uint_t
ngx_http_pupil_zone_knows(ngx_http_pupil_ctx_t *ctx, const uint8_t hash[32])
{
    ngx_uint_t                    i, known;
    ngx_http_pupil_zone_t        *zone;
    ngx_http_pupil_zone_entry_t  *e;

    zone = ctx->main->zone.sessions;

    if (zone == NULL) {
        return 0;
    }

    e = ngx_http_pupil_zone_set(zone, hash);
    known = 0;

    ngx_shmtx_lock(&zone->pool->mutex);

    for (i = 0; i < NGX_HTTP_PUPIL_ZONE_WAYS && !known; i++) {
        known = e[i].generation != 0 && ngx_memcmp(e[i].hash, hash, 32) == 0;
    }

    ngx_shmtx_unlock(&zone->pool->mutex);

    return known;
}


void
ngx_http_pupil_zone_put(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, ngx_msec_t read_at)
{
    ngx_uint_t                    i;
    ngx_http_pupil_zone_t        *zone;
    ngx_http_pupil_zone_entry_t  *e, *slot, entry;

    zone = ctx->main->zone.sessions;

    if (zone == NULL) {
        return;
    }

    ngx_memzero(&entry, sizeof(entry));
    entry.tenant = ctx->tenant;
    ngx_memcpy(entry.hash, session->hash, 32);
    entry.subject = session->subject;
    entry.institution = session->institution;
    entry.created_at = session->created_at;
    entry.seen_at = session->seen_at;
    entry.expires_at = session->expires_at;
    entry.proved_at = session->proved_at;
    ngx_memcpy(entry.provider_session, session->provider_session,
               PUPIL_HASH_LEN);
    ngx_memcpy(entry.provider_subject, session->provider_subject,
               PUPIL_HASH_LEN);
    entry.number = session->number;
    entry.limited = session->limited;
    entry.second = session->second;
    entry.authority = ctx->floors.are.authority;
    entry.read_at = read_at;
    entry.role = (uint8_t) pupil_role_find(session->role);

    e = ngx_http_pupil_zone_set(zone, session->hash);

    ngx_shmtx_lock(&zone->pool->mutex);

    /* Something ended after the row was asked for: perhaps this. */
    if (zone->invalidated >= read_at) {
        ngx_shmtx_unlock(&zone->pool->mutex);
        return;
    }

    slot = e;

    for (i = 0; i < NGX_HTTP_PUPIL_ZONE_WAYS; i++) {
        if (e[i].generation != zone->generation
            || ngx_memcmp(e[i].hash, session->hash, 32) == 0)
        {
            slot = &e[i];
            break;
        }

        if (e[i].read_at < slot->read_at) {
            slot = &e[i];
        }
    }

    slot->generation = 0;
    ngx_memory_barrier();
    *slot = entry;
    ngx_memory_barrier();
    slot->generation = zone->generation;

    ngx_shmtx_unlock(&zone->pool->mutex);
}


void
ngx_http_pupil_zone_remove(ngx_http_pupil_main_conf_t *pmcf,
    const uint8_t hash[32])
{
    ngx_uint_t                    i;
    ngx_http_pupil_zone_t        *zone;
    ngx_http_pupil_zone_entry_t  *e;

    zone = pmcf->zone.sessions;
    ngx_http_pupil_tell(pmcf, hash);

    if (zone == NULL) {
        return;
    }

    e = ngx_http_pupil_zone_set(zone, hash);

    ngx_shmtx_lock(&zone->pool->mutex);

    zone->invalidated = ngx_http_pupil_told_clock();

    for (i = 0; i < NGX_HTTP_PUPIL_ZONE_WAYS; i++) {
        if (ngx_memcmp(e[i].hash, hash, 32) == 0) {
            e[i].generation = 0;
        }
    }

    ngx_shmtx_unlock(&zone->pool->mutex);
}


/*
 * All of a subject's sessions, without a search: entries that are not younger
 * than the last that was heard of the subject, or of another with the same
 * hash, are read again.
 */
void
ngx_http_pupil_zone_raise(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *subject)
{
    ngx_http_pupil_zone_t  *zone;

    zone = pmcf->zone.sessions;
    ngx_http_pupil_tell(pmcf, subject->b);

    if (zone == NULL) {
        return;
    }

    ngx_shmtx_lock(&zone->pool->mutex);
    zone->invalidated = ngx_http_pupil_told_clock();
    zone->raised[ngx_http_pupil_told_place(subject->b)] = zone->invalidated;
    ngx_shmtx_unlock(&zone->pool->mutex);
}


/* Nothing that was there before serves any more. */
void
ngx_http_pupil_zone_clear(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_zone_t  *zone;

    zone = pmcf->zone.sessions;

    if (zone == NULL) {
        return;
    }

    ngx_shmtx_lock(&zone->pool->mutex);
    zone->invalidated = ngx_http_pupil_told_clock();
    zone->generation++;
    ngx_shmtx_unlock(&zone->pool->mutex);
}


ngx_uint_t
ngx_http_pupil_zone_size(ngx_http_pupil_main_conf_t *pmcf)
{
    return pmcf->zone.sessions == NULL
           ? 0 : pmcf->zone.sessions->sets * NGX_HTTP_PUPIL_ZONE_WAYS;
}


/* Token hashes are keyed and uniform: any of their bytes will do. */
static ngx_http_pupil_zone_entry_t *
ngx_http_pupil_zone_set(ngx_http_pupil_zone_t *zone, const uint8_t hash[32])
{
    uint64_t  n;

    ngx_memcpy(&n, hash, sizeof(n));

    return &zone->entries[n % zone->sets * NGX_HTTP_PUPIL_ZONE_WAYS];
}


/* Without a zone there is nothing that the data database could tell. */
ngx_int_t
ngx_http_pupil_zone_listen(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    if (pmcf->zone.shm != NULL
        && ngx_http_pupil_zone_ear(cf, pmcf, &pmcf->zone.data, pmcf->data,
                                   "pupil_session",
                                   ngx_http_pupil_zone_notify) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_zone_ear(cf, pmcf, &pmcf->zone.keystore,
                                   pmcf->keystore, "pupil_keystore",
                                   ngx_http_pupil_zone_keystore);
}


static ngx_int_t
ngx_http_pupil_zone_ear(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_ear_t *ear, ngx_libpq_pool_t *pool, const char *channel,
    void (*notify)(ngx_libpq_listen_t *l, ngx_str_t *payload))
{
    ear->main = pmcf;

    ear->listen = ngx_libpq_listen_create(cf, pool, channel);
    if (ear->listen == NULL) {
        return NGX_ERROR;
    }

    ear->listen->data = ear;
    ear->listen->notify = notify;
    ear->listen->heartbeat = ngx_http_pupil_zone_heartbeat;
    ear->listen->gap = ngx_http_pupil_zone_gap;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_pupil_zone_hears(const ngx_http_pupil_ear_t *ear)
{
    return ear->alive
           && ngx_current_msec - ear->heartbeat < NGX_HTTP_PUPIL_ZONE_ALIVE;
}


/* A session ended somewhere: its token's hash. */
static void
ngx_http_pupil_zone_notify(ngx_libpq_listen_t *l, ngx_str_t *payload)
{
    size_t                 written;
    uint8_t                hash[32];
    ngx_http_pupil_ear_t  *ear;

    ear = l->data;

    if (pupil_hex_decode(payload->data, payload->len, hash, sizeof(hash),
                         &written) == PUPIL_OK
        && written == sizeof(hash))
    {
        ngx_http_pupil_zone_remove(ear->main, hash);
    }
}


/*
 * "session HASH", "floor TENANT SUBJECT", "owner TENANT OWNER", "mark ...",
 * "tenant TENANT", "gone TENANT", "zone TENANT"; whatever else it is, nothing
 * that is cached can be believed.
 */
static void
ngx_http_pupil_zone_keystore(ngx_libpq_listen_t *l, ngx_str_t *payload)
{
    ngx_str_t              rest;
    pupil_uuid_t           ids[2];
    ngx_http_pupil_ear_t  *ear;

    ear = l->data;

    if (ngx_http_pupil_zone_word(payload, "session ", &rest)) {
        ngx_http_pupil_zone_notify(l, &rest);

    } else if ((ngx_http_pupil_zone_word(payload, "floor ", &rest)
                || ngx_http_pupil_zone_word(payload, "owner ", &rest))
               && ngx_http_pupil_zone_ids(&rest, ids) == NGX_OK)
    {
        ngx_http_pupil_zone_raise(ear->main, &ids[1]);
        ngx_http_pupil_keys_drop(ear->main, &ids[0], &ids[1]);

    } else if (ngx_http_pupil_zone_word(payload, "mark ", &rest)) {
        ngx_http_pupil_restored_heard(ear->main);

    } else if (ngx_http_pupil_zone_word(payload, "zone ", &rest)) {
        ngx_http_pupil_keys_zoned(ear->main, &rest);

    } else {
        ngx_http_pupil_zone_clear(ear->main);
        ngx_http_pupil_keys_distrust(ear->main);
        ngx_http_pupil_zone_tell_tenant(ear->main, payload);

        if (ngx_http_pupil_zone_word(payload, "gone ", &rest)) {
            ngx_http_pupil_keys_gone(ear->main, &rest);
        }
    }
}


/* Of all who are in a tenant; of all, when it is of no tenant. */
static void
ngx_http_pupil_zone_tell_tenant(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_str_t *payload)
{
    ngx_str_t     rest;
    pupil_uuid_t  tenant;

    if ((ngx_http_pupil_zone_word(payload, "tenant ", &rest)
         || ngx_http_pupil_zone_word(payload, "gone ", &rest))
        && pupil_uuid_parse(rest.data, rest.len, &tenant) == PUPIL_OK)
    {
        ngx_http_pupil_tell(pmcf, tenant.b);

    } else {
        ngx_http_pupil_tell(pmcf, NULL);
    }
}


static ngx_uint_t
ngx_http_pupil_zone_word(const ngx_str_t *payload, const char *word,
    ngx_str_t *rest)
{
    size_t  len;

    len = ngx_strlen(word);

    if (payload->len < len || ngx_memcmp(payload->data, word, len) != 0) {
        return 0;
    }

    rest->data = payload->data + len;
    rest->len = payload->len - len;

    return 1;
}


/* A tenant and one of its owners. */
static ngx_int_t
ngx_http_pupil_zone_ids(const ngx_str_t *text, pupil_uuid_t ids[2])
{
    if (text->len != 2 * PUPIL_UUID_TEXT_LEN + 1
        || pupil_uuid_parse(text->data, PUPIL_UUID_TEXT_LEN, &ids[0])
           != PUPIL_OK
        || pupil_uuid_parse(text->data + PUPIL_UUID_TEXT_LEN + 1,
                            PUPIL_UUID_TEXT_LEN, &ids[1])
           != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_pupil_zone_heartbeat(ngx_libpq_listen_t *l, ngx_msec_t sent)
{
    ngx_http_pupil_ear_t  *ear;

    ear = l->data;
    ear->heartbeat = sent;
    ear->alive = 1;
}


/* What was notified meanwhile is lost: nothing that is kept can be believed. */
static void
ngx_http_pupil_zone_gap(ngx_libpq_listen_t *l)
{
    ngx_http_pupil_ear_t  *ear;

    ear = l->data;
    ear->alive = 0;
    ngx_http_pupil_zone_clear(ear->main);

    if (ear == &ear->main->zone.keystore) {
        ngx_http_pupil_tell(ear->main, NULL);
        ngx_http_pupil_keys_distrust(ear->main);
        ngx_http_pupil_keys_gone(ear->main, NULL);
    }
}

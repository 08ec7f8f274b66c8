/*
 * Copyright (C) the Pupil authors
 *
 * Who gets which connection.  Those whose exchanges have one setting are a
 * party.  While there are several, none has more than its share of a kind's
 * connections, of the places there, and of the queue; who is alone has all.
 * So the burst of one finds another's connection, and a place, free.
 *
 * A connection that says nothing is given nothing more, as nobody knows for
 * how long; what goes alone has nothing behind it for the same reason.
 */

#include "pg/private.h"


/* How long who does not come counts as one who does. */
#define NGX_LIBPQ_ACTIVE  10000    /* ms */

/* Since when a connection says nothing, and is given nothing more. */
#define NGX_LIBPQ_LATE    25       /* ms */


static ngx_int_t ngx_libpq_share_init(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg,
    ngx_libpq_kind_e kind);
static ngx_libpq_share_t *ngx_libpq_share_of(ngx_libpq_pool_t *pg,
    ngx_libpq_kind_e kind);
static ngx_uint_t ngx_libpq_part_of(const ngx_libpq_pool_t *pg, ngx_uint_t all);
static ngx_uint_t ngx_libpq_capped(const ngx_libpq_exchange_t *ex);
static void ngx_libpq_parties_leave(ngx_libpq_share_t *share);
static ngx_libpq_party_t *ngx_libpq_party_create(ngx_libpq_pool_t *pg,
    ngx_libpq_share_t *share);
static ngx_libpq_share_t *ngx_libpq_serving(const ngx_libpq_exchange_t *ex);
static ngx_uint_t ngx_libpq_late(const ngx_libpq_conn_t *pc);
static ngx_libpq_conn_t *ngx_libpq_better(ngx_libpq_conn_t *a,
    ngx_libpq_conn_t *b, const ngx_libpq_setting_t *setting);


/* Who serves while a kind has no connection: the first that has one. */
static const u_char  ngx_libpq_serve[NGX_LIBPQ_KINDS][NGX_LIBPQ_KINDS] = {
    [NGX_LIBPQ_READS] =
    { NGX_LIBPQ_READS, NGX_LIBPQ_WRITES, NGX_LIBPQ_WAITS },
    [NGX_LIBPQ_WRITES] =
    { NGX_LIBPQ_WRITES, NGX_LIBPQ_READS, NGX_LIBPQ_WAITS },
    [NGX_LIBPQ_WAITS] =
    { NGX_LIBPQ_WAITS, NGX_LIBPQ_WRITES, NGX_LIBPQ_READS }
};


ngx_int_t
ngx_libpq_shares_init(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg)
{
    ngx_uint_t  kind;

    pg->shares = ngx_pcalloc(cycle->pool,
                             NGX_LIBPQ_KINDS * sizeof(ngx_libpq_share_t));
    if (pg->shares == NULL) {
        return NGX_ERROR;
    }

    pg->shares[NGX_LIBPQ_WRITES].n = (ngx_uint_t) pg->writers;
    pg->shares[NGX_LIBPQ_WAITS].n = (ngx_uint_t) pg->waiters;
    pg->shares[NGX_LIBPQ_READS].n =
        (ngx_uint_t) (pg->connections - pg->writers - pg->waiters);

    for (kind = 0; kind < NGX_LIBPQ_KINDS; kind++) {
        if (ngx_libpq_share_init(cycle, pg, kind) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_libpq_share_init(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg,
    ngx_libpq_kind_e kind)
{
    ngx_uint_t          i;
    ngx_libpq_conn_t   *pc;
    ngx_libpq_share_t  *share;

    share = &pg->shares[kind];

    share->first = (kind == NGX_LIBPQ_READS)
                   ? 0 : share[-1].first + share[-1].n;

    ngx_rbtree_init(&share->parties, &share->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&share->recent);
    ngx_queue_init(&share->spare);
    ngx_queue_init(&share->turns);
    ngx_queue_init(&share->aside);

    for (i = 0; i < share->n; i++) {
        pc = &pg->conns[share->first + i];

        pc->pg = pg;
        pc->share = share;
        pc->number = share->first + i;
        ngx_queue_init(&pc->inflight);

        pc->prepared = ngx_pcalloc(cycle->pool, (pg->stmts.nelts + 7) / 8);
        if (pc->prepared == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Of a kind that was given none, another one's. */
static ngx_libpq_share_t *
ngx_libpq_share_of(ngx_libpq_pool_t *pg, ngx_libpq_kind_e kind)
{
    ngx_uint_t     i;
    const u_char  *serve;

    serve = ngx_libpq_serve[kind];

    for (i = 0; i < NGX_LIBPQ_KINDS - 1; i++) {
        if (pg->shares[serve[i]].n != 0) {
            break;
        }
    }

    return &pg->shares[serve[i]];
}


ngx_libpq_share_t *
ngx_libpq_share(const ngx_libpq_exchange_t *ex)
{
    ngx_libpq_kind_e  kind;

    kind = ex->waits ? NGX_LIBPQ_WAITS
           : ex->writes ? NGX_LIBPQ_WRITES : NGX_LIBPQ_READS;

    return ngx_libpq_share_of(ex->pg, kind);
}


static ngx_uint_t
ngx_libpq_part_of(const ngx_libpq_pool_t *pg, ngx_uint_t all)
{
    return ngx_max(all * (ngx_uint_t) pg->share / 100, 1);
}


static ngx_uint_t
ngx_libpq_capped(const ngx_libpq_exchange_t *ex)
{
    return ngx_libpq_share(ex)->active > 1 && ex->pg->share < 100;
}


ngx_uint_t
ngx_libpq_share_full(const ngx_libpq_exchange_t *ex)
{
    ngx_uint_t  size;

    size = (ngx_uint_t) ex->pg->queue_size;

    return ngx_libpq_share(ex)->queued >= size
           || (ngx_libpq_capped(ex)
               && ex->party->queued >= ngx_libpq_part_of(ex->pg, size));
}


/* ---- parties ---- */


ngx_int_t
ngx_libpq_party(ngx_libpq_exchange_t *ex)
{
    uint32_t            hash;
    ngx_str_t           name;
    ngx_str_node_t     *node;
    ngx_libpq_party_t  *party;
    ngx_libpq_share_t  *share;

    share = ngx_libpq_share(ex);

    name.data = ex->setting.data;
    name.len = ex->setting.len;
    hash = ngx_crc32_short(name.data, name.len);

    node = ngx_str_rbtree_lookup(&share->parties, &name, hash);

    if (node) {
        party = (ngx_libpq_party_t *) node;
        ngx_queue_remove(&party->recent);

    } else {
        party = ngx_libpq_party_create(ex->pg, share);
        if (party == NULL) {
            return NGX_ERROR;
        }

        party->setting = ex->setting;
        party->node.node.key = hash;
        party->node.str.data = party->setting.data;
        party->node.str.len = party->setting.len;
        ngx_rbtree_insert(&share->parties, &party->node.node);
        party->active = 0;
    }

    if (!party->active && !ex->background) {
        party->active = 1;
        share->active++;
    }

    party->last = ngx_current_msec;
    ngx_queue_insert_head(&share->recent, &party->recent);
    ex->party = party;

    ngx_libpq_parties_leave(share);

    return NGX_OK;
}


static ngx_libpq_party_t *
ngx_libpq_party_create(ngx_libpq_pool_t *pg, ngx_libpq_share_t *share)
{
    ngx_queue_t        *q;
    ngx_libpq_party_t  *party;

    if (!ngx_queue_empty(&share->spare)) {
        q = ngx_queue_head(&share->spare);
        ngx_queue_remove(q);

        return ngx_queue_data(q, ngx_libpq_party_t, recent);
    }

    party = ngx_pcalloc(ngx_cycle->pool, sizeof(ngx_libpq_party_t));
    if (party == NULL) {
        return NULL;
    }

    party->sent = ngx_pcalloc(ngx_cycle->pool,
                              (size_t) pg->connections * sizeof(uint16_t));
    if (party->sent == NULL) {
        return NULL;
    }

    ngx_queue_init(&party->queue);

    return party;
}


/* The last of the recent ones, while it is none any more. */

static void
ngx_libpq_parties_leave(ngx_libpq_share_t *share)
{
    ngx_queue_t        *q;
    ngx_libpq_party_t  *party;

    for ( ;; ) {
        q = ngx_queue_last(&share->recent);
        party = ngx_queue_data(q, ngx_libpq_party_t, recent);

        if (party->queued || party->inflight
            || ngx_current_msec - party->last <= NGX_LIBPQ_ACTIVE)
        {
            return;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_head(&share->spare, q);
        ngx_rbtree_delete(&share->parties, &party->node.node);
        share->active -= party->active;
    }
}


/* ---- connections ---- */


void
ngx_libpq_share_take(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ex->sent = 1;
    ex->sent_at = ngx_current_msec;
    ngx_queue_insert_tail(&pc->inflight, &ex->link);

    ex->party->inflight++;
    ex->party->sent[pc->number]++;
    pc->pg->stats.inflight++;

    if (pc->depth++ == 0) {
        pc->since = ngx_current_msec;
    }

    if (ex->alone) {
        pc->alone = 1;
        ngx_libpq_share(ex)->alone++;
    }
}


void
ngx_libpq_share_give(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ex->sent = 0;
    ngx_queue_remove(&ex->link);

    ex->party->inflight--;
    ex->party->sent[pc->number]--;
    pc->pg->stats.inflight--;
    pc->depth--;

    if (ex->alone) {
        pc->alone = 0;
        ngx_libpq_share(ex)->alone--;
    }
}


/* It says nothing, though it is asked: frozen, or waiting. */

static ngx_uint_t
ngx_libpq_late(const ngx_libpq_conn_t *pc)
{
    return pc->depth && ngx_current_msec - pc->since > NGX_LIBPQ_LATE;
}


/*
 * Of two, either of which may be NULL: the one that is less deep, then the one
 * whose session has the setting already.
 */

static ngx_libpq_conn_t *
ngx_libpq_better(ngx_libpq_conn_t *a, ngx_libpq_conn_t *b,
    const ngx_libpq_setting_t *setting)
{
    if (a == NULL || b == NULL) {
        return a ? a : b;
    }

    if (a->depth != b->depth) {
        return (a->depth < b->depth) ? a : b;
    }

    return ngx_libpq_setting_equal(&a->setting, setting) ? a : b;
}


/* Of a kind of which none is up, another one. */

static ngx_libpq_share_t *
ngx_libpq_serving(const ngx_libpq_exchange_t *ex)
{
    ngx_uint_t          i;
    const u_char       *serve;
    ngx_libpq_share_t  *share;

    share = ngx_libpq_share(ex);
    serve = ngx_libpq_serve[share - ex->pg->shares];

    for (i = 0; i < NGX_LIBPQ_KINDS; i++) {
        if (ex->pg->shares[serve[i]].up) {
            return &ex->pg->shares[serve[i]];
        }
    }

    return share;
}


/*
 * A party that has its share of connections takes no other one; one that is
 * late, or somebody's alone, is nobody's share.  What goes alone, of which
 * there are few, takes any.
 */

ngx_libpq_conn_t *
ngx_libpq_pick(const ngx_libpq_exchange_t *ex, ngx_uint_t *full)
{
    ngx_uint_t          i, used, mine;
    ngx_libpq_conn_t   *pc, *best, *own;
    ngx_libpq_pool_t   *pg;
    ngx_libpq_share_t  *share;

    pg = ex->pg;
    share = ngx_libpq_serving(ex);

    best = NULL;
    own = NULL;
    used = 0;

    for (i = share->first; i < share->first + share->n; i++) {
        pc = &pg->conns[i];

        if (pc->conn == NULL || pc->broken || pc->alone
            || ngx_libpq_late(pc))
        {
            continue;
        }

        mine = ex->party->sent[i] ? 1 : 0;
        used += mine;

        if (pc->depth >= (ngx_uint_t) pg->depth) {
            continue;
        }

        best = ngx_libpq_better(best, pc, &ex->setting);

        if (mine) {
            own = ngx_libpq_better(own, pc, &ex->setting);
        }
    }

    *full = (best == NULL);

    if (ex->alone || !ngx_libpq_capped(ex)) {
        return best;
    }

    if (ex->party->inflight
        >= ngx_libpq_part_of(pg, share->up * (ngx_uint_t) pg->depth))
    {
        return NULL;
    }

    return used < ngx_libpq_part_of(pg, share->up) ? best : own;
}

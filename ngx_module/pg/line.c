/*
 * Copyright (C) the Pupil authors
 *
 * Exchanges with one key take turns.  A line is there while somebody is in it,
 * so that it knows whether the last one met a lock: the next then goes alone.
 */

#include "pg/private.h"


/* Those who wait in one; more are told to come again. */
#define NGX_LIBPQ_LINE_MAX  32

/* After which nobody joins a line whose first does not come back. */
#define NGX_LIBPQ_LINE_LATE  250    /* ms */


static ngx_uint_t ngx_libpq_line_stuck(const ngx_libpq_line_t *line);
static ngx_libpq_line_t *ngx_libpq_line(ngx_libpq_exchange_t *ex);


ngx_int_t
ngx_libpq_line_join(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_line_t  *line;

    if (ex->key_len == 0) {
        return NGX_OK;
    }

    line = ngx_libpq_line(ex);
    if (line == NULL) {
        return NGX_ERROR;
    }

    if (line->first == NULL) {
        line->first = ex;
        ex->line = line;
        return NGX_OK;
    }

    if (ngx_libpq_line_stuck(line)) {

        /* a frozen backend may hold its locks, or not */
        ex->alone = 1;
        return NGX_OK;
    }

    if (line->n == NGX_LIBPQ_LINE_MAX) {
        return NGX_BUSY;
    }

    ex->line = line;
    line->n++;

    return NGX_AGAIN;
}


static ngx_uint_t
ngx_libpq_line_stuck(const ngx_libpq_line_t *line)
{
    return line->first->sent
           && ngx_current_msec - line->first->sent_at > NGX_LIBPQ_LINE_LATE;
}


/* That of its key, or a new one. */

static ngx_libpq_line_t *
ngx_libpq_line(ngx_libpq_exchange_t *ex)
{
    size_t             len;
    u_char             data[NGX_LIBPQ_SETTING_MAX + NGX_LIBPQ_KEY_MAX];
    uint32_t           hash;
    ngx_str_t          name;
    ngx_queue_t       *q;
    ngx_libpq_line_t  *line;
    ngx_libpq_pool_t  *pg;

    pg = ex->pg;

    /* keys are as long as their user makes them, so the setting comes last */
    ngx_memcpy(data, ex->key, ex->key_len);
    ngx_memcpy(data + ex->key_len, ex->setting.data, ex->setting.len);
    len = ex->key_len + ex->setting.len;

    name.data = data;
    name.len = len;
    hash = ngx_crc32_short(data, len);

    line = (ngx_libpq_line_t *) ngx_str_rbtree_lookup(&pg->lines, &name, hash);
    if (line) {
        return line;
    }

    if (!ngx_queue_empty(&pg->spare_lines)) {
        q = ngx_queue_head(&pg->spare_lines);
        ngx_queue_remove(q);
        line = ngx_queue_data(q, ngx_libpq_line_t, queue);

    } else {
        line = ngx_palloc(ngx_cycle->pool, sizeof(ngx_libpq_line_t));
        if (line == NULL) {
            return NULL;
        }
    }

    ngx_memcpy(line->data, data, len);
    line->node.str.data = line->data;
    line->node.str.len = len;
    line->node.node.key = hash;
    line->first = NULL;
    line->n = 0;
    line->locked = 0;
    ngx_queue_init(&line->queue);
    ngx_rbtree_insert(&pg->lines, &line->node.node);

    return line;
}


void
ngx_libpq_line_wait(ngx_libpq_exchange_t *ex)
{
    ngx_queue_insert_tail(&ex->line->queue, &ex->link);
}


void
ngx_libpq_line_leave(ngx_libpq_exchange_t *ex)
{
    ngx_queue_t           *q;
    ngx_libpq_line_t      *line;
    ngx_libpq_exchange_t  *next;

    line = ex->line;
    if (line == NULL) {
        return;
    }

    ex->line = NULL;

    if (line->first != ex) {
        line->n--;
        return;
    }

    if (ngx_queue_empty(&line->queue)) {
        ngx_rbtree_delete(&ex->pg->lines, &line->node.node);
        ngx_queue_insert_head(&ex->pg->spare_lines, &line->queue);
        return;
    }

    q = ngx_queue_head(&line->queue);
    ngx_queue_remove(q);
    line->n--;

    next = ngx_queue_data(q, ngx_libpq_exchange_t, link);
    line->first = next;
    next->alone = line->locked;
    ngx_libpq_queue_ready(next);
}

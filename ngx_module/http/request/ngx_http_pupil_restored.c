/*
 * Copyright (C) the Pupil authors
 *
 * As an entry of the erasure ledger is entered, then copied, then destroyed,
 * a mark that is read later is no less than one that was known before.  So a
 * connection of the data is compared with the keys that are known to be
 * destroyed, one of the key store with the entries that are known of; never
 * the other way round, as what was known has risen meanwhile.
 *
 * A database that is replaced is met by new connections, and requests ask
 * nothing.  Only who connected before the other database said anything could
 * not compare: those connections are dropped when it shows.
 */

#include "http/request/ngx_http_pupil.h"


static void ngx_http_pupil_restored_renew(ngx_http_pupil_restored_t *restored,
    ngx_atomic_t *late, ngx_libpq_pool_t *pool);
static ngx_atomic_uint_t ngx_http_pupil_restored_raise(ngx_atomic_t *known,
    ngx_atomic_uint_t number);


pupil_rc_t
ngx_http_pupil_restored_data(ngx_http_pupil_restored_t *restored,
    int64_t copied, pupil_error_t *error)
{
    pupil_rc_t  rc;

    (void) ngx_http_pupil_restored_raise(&restored->copied,
                                         (ngx_atomic_uint_t) copied + 1);
    ngx_memory_barrier();

    if (restored->entered != 0 && restored->copied > restored->entered) {
        restored->keys_late = 1;
    }

    rc = pupil_copy_fits(copied, (int64_t) restored->destroyed, error);
    restored->data = rc != PUPIL_OK;

    return rc;
}


pupil_rc_t
ngx_http_pupil_restored_keys(ngx_http_pupil_restored_t *restored,
    int64_t entered, int64_t destroyed, pupil_error_t *error)
{
    pupil_rc_t         rc;
    ngx_atomic_uint_t  known, before;

    known = ngx_max(restored->entered, restored->copied);

    rc = pupil_ledger_fits(entered, (int64_t) known - 1, error);
    restored->keys = rc != PUPIL_OK;

    if (rc != PUPIL_OK) {
        return rc;
    }

    (void) ngx_http_pupil_restored_raise(&restored->entered,
                                         (ngx_atomic_uint_t) entered + 1);
    before = ngx_http_pupil_restored_raise(&restored->destroyed,
                                           (ngx_atomic_uint_t) destroyed);
    ngx_memory_barrier();
    known = restored->copied;

    if (before < (ngx_atomic_uint_t) destroyed && known != 0
        && known <= (ngx_atomic_uint_t) destroyed)
    {
        restored->data_late = 1;
    }

    return PUPIL_OK;
}


/* What it was before. */
static ngx_atomic_uint_t
ngx_http_pupil_restored_raise(ngx_atomic_t *known, ngx_atomic_uint_t number)
{
    ngx_atomic_uint_t  before;

    do {
        before = *known;
    } while (before < number && !ngx_atomic_cmp_set(known, before, number));

    return before;
}


ngx_int_t
ngx_http_pupil_restored_heard(ngx_http_pupil_main_conf_t *pmcf,
    ngx_str_t *text)
{
    u_char     *space;
    ngx_int_t   entered, destroyed;

    space = ngx_strlchr(text->data, text->data + text->len, ' ');
    if (space == NULL) {
        return NGX_ERROR;
    }

    entered = ngx_atoi(text->data, (size_t) (space - text->data));
    destroyed = ngx_atoi(space + 1,
                         (size_t) (text->data + text->len - space - 1));

    if (entered == NGX_ERROR || destroyed == NGX_ERROR) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_restored_raise(&pmcf->restored.entered,
                                         (ngx_atomic_uint_t) entered + 1);
    (void) ngx_http_pupil_restored_raise(&pmcf->restored.destroyed,
                                         (ngx_atomic_uint_t) destroyed);

    return NGX_OK;
}


const char *
ngx_http_pupil_restored(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_restored_t  *restored;

    restored = &pmcf->restored;

    ngx_http_pupil_restored_renew(restored, &restored->data_late, pmcf->data);
    ngx_http_pupil_restored_renew(restored, &restored->keys_late,
                                  pmcf->keystore);

    if (restored->data && pmcf->data->stats.up == 0) {
        return "the data database was restored: run pupilctl restore replay";
    }

    if (restored->keys && pmcf->keystore->stats.up == 0) {
        return "the key store was restored from a backup that is older than"
               " an erasure";
    }

    return NULL;
}


static void
ngx_http_pupil_restored_renew(ngx_http_pupil_restored_t *restored,
    ngx_atomic_t *late, ngx_libpq_pool_t *pool)
{
    if (*late && ngx_atomic_cmp_set(late, 1, 0)) {
        restored->times++;
        ngx_libpq_pool_renew(pool, "it may have been restored");
    }
}

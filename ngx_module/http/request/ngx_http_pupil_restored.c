/*
 * Copyright (C) the Pupil authors
 *
 * As an entry of the erasure ledger is entered, then copied, then destroyed,
 * a mark that is read later is no less than one that was known before.  So the
 * data is compared with the keys that were known to be destroyed when it was
 * asked, the key store with the entries that were known of; what is known has
 * risen meanwhile, and is no measure.
 *
 * Requests ask nothing.  A database that is replaced is met by new
 * connections; one that is restored in place, under connections that live, is
 * found by the question of each second.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_RESTORED_AGAIN  1000    /* ms */


static pupil_rc_t ngx_http_pupil_restored_data(
    ngx_http_pupil_restored_t *restored, const int64_t *mark,
    ngx_atomic_uint_t known, pupil_error_t *error);
static pupil_rc_t ngx_http_pupil_restored_keys(
    ngx_http_pupil_restored_t *restored, const int64_t *mark,
    ngx_atomic_uint_t known, pupil_error_t *error);
static void ngx_http_pupil_restored_doubt(ngx_http_pupil_marked_t *marked,
    ngx_uint_t first);
static ngx_uint_t ngx_http_pupil_restored_meet(
    ngx_http_pupil_marked_t *marked);
static void ngx_http_pupil_restored_shut(ngx_http_pupil_marked_t *marked,
    ngx_http_pupil_mark_e state);
static void ngx_http_pupil_restored_raise(ngx_atomic_t *known,
    ngx_atomic_uint_t number);
static void ngx_http_pupil_restored_wake(ngx_event_t *ev);
static void ngx_http_pupil_restored_ask(ngx_http_pupil_marked_t *marked);
static void ngx_http_pupil_restored_answered(ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_restored_read(const PGresult *res,
    pupil_database_id_t database, int64_t mark[PUPIL_QM_COLUMNS]);
static void ngx_http_pupil_restored_renew(ngx_http_pupil_marked_t *marked,
    const char *reason);


/* Its statement, and what is said while it cannot be used. */
typedef struct {
    pupil_fixed_id_t  stmt;
    const char       *behind, *none;
} ngx_http_pupil_restored_word_t;

static const ngx_http_pupil_restored_word_t  ngx_http_pupil_restored_words[] = {

    [PUPIL_DATABASE_DATA] = {
        .stmt = PUPIL_FIXED_MARK_DATA,
        .behind = "the data database was restored: run pupilctl restore"
                  " replay",
        .none = "the mark of the data database cannot be read: error.log says"
                " why" },
    [PUPIL_DATABASE_KEYSTORE] = {
        .stmt = PUPIL_FIXED_MARK_KEYS,
        .behind = "the key store was restored from a backup that is older than"
                  " an erasure: error.log says what to do",
        .none = "the mark of the key store cannot be read: error.log says why" }
};


void
ngx_http_pupil_restored_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_uint_t                  i;
    ngx_event_t                *again;
    ngx_http_pupil_restored_t  *restored;

    restored = &pmcf->restored;

    for (i = 0; i < PUPIL_DATABASE_COUNT; i++) {
        restored->of[i].main = pmcf;
        restored->of[i].database = (pupil_database_id_t) i;
        restored->of[i].pool = i == PUPIL_DATABASE_DATA ? pmcf->data
                                                        : pmcf->keystore;
    }

    again = &restored->again;

    /* pitfall 14: nobody waits for it */

    again->data = pmcf;
    again->log = log;
    again->handler = ngx_http_pupil_restored_wake;
    again->cancelable = 1;

    ngx_add_timer(again, NGX_HTTP_PUPIL_RESTORED_AGAIN);
}


void
ngx_http_pupil_restored_exit_process(ngx_http_pupil_main_conf_t *pmcf)
{
    if (pmcf->restored.again.timer_set) {
        ngx_del_timer(&pmcf->restored.again);
    }
}


/* ---- answers ---- */


ngx_atomic_uint_t
ngx_http_pupil_restored_known(const ngx_http_pupil_restored_t *restored,
    pupil_database_id_t database)
{
    ngx_atomic_uint_t  known;

    known = database == PUPIL_DATABASE_DATA
            ? restored->destroyed
            : ngx_max(restored->entered, restored->copied);
    ngx_memory_barrier();

    return known;
}


pupil_rc_t
ngx_http_pupil_restored_answer(ngx_http_pupil_restored_t *restored,
    pupil_database_id_t database, const int64_t *mark,
    ngx_atomic_uint_t known, pupil_error_t *error)
{
    pupil_rc_t                rc;
    ngx_http_pupil_marked_t  *marked;

    marked = &restored->of[database];

    if (mark == NULL) {
        ngx_http_pupil_restored_shut(marked, NGX_HTTP_PUPIL_MARK_NONE);
        return pupil_mark_there(database, 0, error);
    }

    rc = database == PUPIL_DATABASE_DATA
         ? ngx_http_pupil_restored_data(restored, mark, known, error)
         : ngx_http_pupil_restored_keys(restored, mark, known, error);

    if (rc != PUPIL_OK) {
        ngx_http_pupil_restored_shut(marked, NGX_HTTP_PUPIL_MARK_BEHIND);
        return rc;
    }

    marked->state = NGX_HTTP_PUPIL_MARK_FITS;

    return PUPIL_OK;
}


static pupil_rc_t
ngx_http_pupil_restored_data(ngx_http_pupil_restored_t *restored,
    const int64_t *mark, ngx_atomic_uint_t known, pupil_error_t *error)
{
    ngx_uint_t                first;
    ngx_http_pupil_marked_t  *keys;

    keys = &restored->of[PUPIL_DATABASE_KEYSTORE];

    ngx_http_pupil_restored_raise(&restored->copied,
                           (ngx_atomic_uint_t) mark[PUPIL_QM_COPIED] + 1);
    first = ngx_http_pupil_restored_meet(&restored->of[PUPIL_DATABASE_DATA]);

    if (first) {
        known = ngx_http_pupil_restored_known(restored, PUPIL_DATABASE_DATA);
    }

    if (keys->met && restored->copied > restored->entered) {
        ngx_http_pupil_restored_doubt(keys, first);
    }

    return pupil_copy_fits(mark[PUPIL_QM_COPIED], (int64_t) known, error);
}


static pupil_rc_t
ngx_http_pupil_restored_keys(ngx_http_pupil_restored_t *restored,
    const int64_t *mark, ngx_atomic_uint_t known, pupil_error_t *error)
{
    ngx_uint_t                first;
    pupil_rc_t                rc;
    ngx_http_pupil_marked_t  *data;

    data = &restored->of[PUPIL_DATABASE_DATA];
    first = ngx_http_pupil_restored_meet(
                &restored->of[PUPIL_DATABASE_KEYSTORE]);

    if (first) {
        known = ngx_http_pupil_restored_known(restored,
                                              PUPIL_DATABASE_KEYSTORE);
    }

    rc = pupil_ledger_fits(mark[PUPIL_QM_ENTERED], (int64_t) known - 1, error);
    if (rc != PUPIL_OK) {
        return rc;
    }

    ngx_http_pupil_restored_raise(&restored->entered,
                           (ngx_atomic_uint_t) mark[PUPIL_QM_ENTERED] + 1);
    ngx_http_pupil_restored_raise(&restored->destroyed,
                           (ngx_atomic_uint_t) mark[PUPIL_QM_DESTROYED]);
    ngx_memory_barrier();

    if (data->met && restored->copied <= restored->destroyed) {
        ngx_http_pupil_restored_doubt(data, first);
    }

    return PUPIL_OK;
}


/*
 * The other has said more than is known of this one.  first: its connections
 * were made before the other had said anything, so none was compared, and
 * nothing is served before one was.
 */
static void
ngx_http_pupil_restored_doubt(ngx_http_pupil_marked_t *marked,
    ngx_uint_t first)
{
    if (first) {
        ngx_http_pupil_restored_shut(marked, NGX_HTTP_PUPIL_MARK_BEHIND);

    } else {
        marked->due = 1;
    }
}


/* Whether this is the first mark of it that is seen. */
static ngx_uint_t
ngx_http_pupil_restored_meet(ngx_http_pupil_marked_t *marked)
{
    ngx_uint_t  first;

    first = ngx_atomic_cmp_set(&marked->met, 0, 1);
    ngx_memory_barrier();

    return first;
}


/* What lives of its connections goes, once. */
static void
ngx_http_pupil_restored_shut(ngx_http_pupil_marked_t *marked,
    ngx_http_pupil_mark_e state)
{
    if (marked->state == NGX_HTTP_PUPIL_MARK_FITS) {
        marked->late = 1;
    }

    marked->state = state;
}


static void
ngx_http_pupil_restored_raise(ngx_atomic_t *known, ngx_atomic_uint_t number)
{
    ngx_atomic_uint_t  before;

    do {
        before = *known;
    } while (before < number && !ngx_atomic_cmp_set(known, before, number));
}


/* ---- questions on connections that live ---- */


static void
ngx_http_pupil_restored_wake(ngx_event_t *ev)
{
    ngx_uint_t                   i;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ev->data;

    for (i = 0; i < PUPIL_DATABASE_COUNT; i++) {
        pmcf->restored.of[i].due = 1;
    }

    (void) ngx_http_pupil_restored(pmcf);

    ngx_add_timer(ev, NGX_HTTP_PUPIL_RESTORED_AGAIN);
}


void
ngx_http_pupil_restored_heard(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_marked_t  *keys;

    keys = &pmcf->restored.of[PUPIL_DATABASE_KEYSTORE];
    keys->due = 1;
    ngx_http_pupil_restored_ask(keys);
}


/* Who has no connection is asked when one is made. */
static void
ngx_http_pupil_restored_ask(ngx_http_pupil_marked_t *marked)
{
    pupil_uuid_t           nobody;
    pupil_fixed_id_t       stmt;
    ngx_libpq_exchange_t  *ex;

    if (marked->asking || marked->pool->stats.up == 0 || ngx_terminate) {
        return;
    }

    ex = ngx_libpq_exchange_create(marked->pool,
                                   ngx_http_pupil_restored_answered, marked);
    if (ex == NULL) {
        return;
    }

    stmt = ngx_http_pupil_restored_words[marked->database].stmt;

    ngx_memset(&nobody, 0xff, sizeof(pupil_uuid_t));

    if (marked->database == PUPIL_DATABASE_DATA) {
        ngx_http_pupil_exchange_day(ex, &nobody, 0);

    } else {
        ngx_http_pupil_exchange_tenant(ex, &nobody);
    }

    (void) ngx_libpq_exchange_add(ex, marked->main->fixed[stmt]);
    ex->background = 1;

    marked->due = 0;
    marked->known = ngx_http_pupil_restored_known(&marked->main->restored,
                                                  marked->database);

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return;
    }

    marked->asking = 1;
}


/*
 * A connection that is lost is the pool's to report.  A table that is gone, or
 * that this role may not read any more, is one that somebody restores.
 */
static void
ngx_http_pupil_restored_answered(ngx_libpq_exchange_t *ex)
{
    int64_t                   mark[PUPIL_QM_COLUMNS];
    ngx_int_t                 rc;
    pupil_error_t             error;
    ngx_http_pupil_marked_t  *marked;

    marked = ex->data;
    marked->asking = 0;

    if (ex->status == NGX_LIBPQ_OK) {
        rc = ngx_http_pupil_restored_read(ex->results[0], marked->database,
                                          mark);

        if (rc == NGX_OK && marked->database == PUPIL_DATABASE_KEYSTORE) {
            rc = ngx_http_pupil_holes_read(&marked->main->holes,
                                           ex->results[0]);
        }

        if (rc == NGX_OK && marked->database == PUPIL_DATABASE_DATA) {
            ngx_http_pupil_lag_read(&marked->main->lag, ex->results[0]);
        }

        if (ngx_http_pupil_restored_answer(&marked->main->restored,
                                           marked->database,
                                           rc == NGX_OK ? mark : NULL,
                                           marked->known, &error)
            != PUPIL_OK)
        {
            ngx_http_pupil_restored_renew(marked, error.text);
        }

    } else if (ngx_strncmp(ex->sqlstate, "42", 2) == 0) {
        ngx_http_pupil_restored_shut(marked, NGX_HTTP_PUPIL_MARK_NONE);
        ngx_http_pupil_restored_renew(marked, "its mark cannot be read");
    }

    ngx_libpq_exchange_destroy(ex);

    if (marked->due) {
        ngx_http_pupil_restored_ask(marked);
    }
}


static ngx_int_t
ngx_http_pupil_restored_read(const PGresult *res, pupil_database_id_t database,
    int64_t mark[PUPIL_QM_COLUMNS])
{
    if (ngx_libpq_get_int8(res, 0, 1, &mark[0]) != NGX_OK) {
        return NGX_ERROR;
    }

    return database == PUPIL_DATABASE_DATA
           ? NGX_OK : ngx_libpq_get_int8(res, 0, 2, &mark[1]);
}


const char *
ngx_http_pupil_restored(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_uint_t                             i;
    const char                            *why;
    ngx_http_pupil_marked_t               *marked;
    const ngx_http_pupil_restored_word_t  *word;

    why = NULL;

    for (i = 0; i < PUPIL_DATABASE_COUNT; i++) {
        marked = &pmcf->restored.of[i];
        word = &ngx_http_pupil_restored_words[i];

        if (marked->late) {
            ngx_http_pupil_restored_renew(marked, "it may have been restored");
        }

        if (marked->due) {
            ngx_http_pupil_restored_ask(marked);
        }

        if (why == NULL && marked->state != NGX_HTTP_PUPIL_MARK_FITS) {
            why = marked->state == NGX_HTTP_PUPIL_MARK_BEHIND ? word->behind
                                                              : word->none;
        }
    }

    return why;
}


static void
ngx_http_pupil_restored_renew(ngx_http_pupil_marked_t *marked,
    const char *reason)
{
    if (ngx_atomic_cmp_set(&marked->late, 1, 0)) {
        marked->main->restored.times++;
        ngx_libpq_pool_renew(marked->pool, reason);
    }
}

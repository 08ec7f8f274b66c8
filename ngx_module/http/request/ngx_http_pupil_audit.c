/*
 * Copyright (C) the Pupil authors
 *
 * Audit records that no write carries: of what is shown, of refusals, of what
 * was found tampered with.  A record is made when the answer is, and the
 * answer leaves when the record is committed (invariant I1), so that it names
 * exactly what was shown.
 *
 * Requests of one tenant share an insert, and its commit: a group forms while
 * the one before it is on its way, so that it is as large as the load asks
 * for, and a lone request does not wait for others.  A full group waits for
 * none either, and none waits for long: one that a backend keeps keeps no
 * other.  All of a group fail with it.  docs/performance/audit.md has the
 * figures.
 *
 * A record has its number and its MAC at once, as the tenant's keys may have
 * made room for others' when the group leaves.  What is not known to be stored
 * of the numbers before, the last records of a group declare.
 */

#include "core/audit/record.h"
#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_declare.h"


/* Records that a group has for declarations: this worker's, and of others. */
#define NGX_HTTP_PUPIL_DECLARING  4

/* For how long a group waits for one that is on its way. */
#define NGX_HTTP_PUPIL_GROUP_WAIT  25    /* ms */

#define NGX_HTTP_PUPIL_COLUMN                                                 \
    (NGX_HTTP_PUPIL_GROUP + NGX_HTTP_PUPIL_DECLARING)


#define ngx_http_pupil_group_size(pmcf)  ((ngx_uint_t) (pmcf)->audit.group_size)


typedef struct ngx_http_pupil_group_s  ngx_http_pupil_group_t;

/* One record.  Lives in its group: the request may go before it. */
struct ngx_http_pupil_record_s {
    ngx_http_pupil_ctx_t     *ctx;           /* NULL: the request has gone */
    ngx_http_pupil_record_t  *next;          /* of the same request */
};

struct ngx_http_pupil_group_s {
    ngx_queue_t                     queue;
    ngx_http_pupil_main_conf_t     *main;
    ngx_pool_t                     *pool;
    ngx_event_t                     event;   /* sends it, this turn or when
                                                it has waited */
    pupil_uuid_t                    tenant;
    int32_t                         today;         /* 0: nobody knows */
    pupil_time_t                    at;      /* of all its records */
    ngx_msec_t                      sent;    /* when it left */
    ngx_uint_t                      n;       /* of requests */
    ngx_uint_t                      declaring;        /* records behind them */
    unsigned                        flying:1;

    ngx_http_pupil_declared_t      *declared[NGX_HTTP_PUPIL_DECLARING];

    ngx_http_pupil_record_t         records[NGX_HTTP_PUPIL_GROUP];

    /* the columns, as parameters of the insert */
    pupil_uuid_t                    request[NGX_HTTP_PUPIL_COLUMN];
    pupil_uuid_t                    actor[NGX_HTTP_PUPIL_COLUMN];
    pupil_uuid_t                    institution[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     role[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     network[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     shape[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     policy[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     outcome[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     subjects[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     note[NGX_HTTP_PUPIL_COLUMN];
    ngx_http_pupil_given_t          given[NGX_HTTP_PUPIL_COLUMN];
    pupil_str_t                     mac[NGX_HTTP_PUPIL_COLUMN];
    u_char  macs[NGX_HTTP_PUPIL_COLUMN][PUPIL_AUDIT_MAC_LEN];
};


static ngx_http_pupil_group_t *ngx_http_pupil_group(
    ngx_http_pupil_main_conf_t *pmcf, const pupil_uuid_t *tenant);
static void ngx_http_pupil_group_event(ngx_event_t *ev);
static ngx_msec_t ngx_http_pupil_group_wait(
    const ngx_http_pupil_group_t *group);
static void ngx_http_pupil_group_send(ngx_http_pupil_group_t *group);
static void ngx_http_pupil_group_declare(ngx_http_pupil_group_t *group);
static ngx_int_t ngx_http_pupil_group_number(ngx_http_pupil_group_t *group,
    ngx_uint_t i, uint32_t reserve);
static void ngx_http_pupil_group_params(ngx_http_pupil_group_t *group,
    ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_group_done(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_group_end(ngx_http_pupil_group_t *group,
    ngx_uint_t failed);
static void ngx_http_pupil_group_next(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant);
static void ngx_http_pupil_group_outcome(ngx_http_pupil_group_t *group,
    ngx_uint_t i, pupil_outcome_t outcome);
static ngx_int_t ngx_http_pupil_group_copy(ngx_http_pupil_group_t *group,
    const void *data, size_t len, pupil_str_t *copy);
static ngx_int_t ngx_http_pupil_group_subjects(ngx_http_pupil_group_t *group,
    const pupil_uuid_t *subjects, ngx_uint_t n, pupil_str_t *text);


ngx_int_t
ngx_http_pupil_audit(ngx_http_pupil_ctx_t *ctx,
    const pupil_statement_t *statement, pupil_outcome_t outcome,
    const pupil_uuid_t *subjects, ngx_uint_t n, const char *note)
{
    ngx_uint_t                i;
    pupil_str_t               none = pupil_str("none");
    ngx_http_pupil_group_t   *group;
    ngx_http_pupil_record_t  *record;

    group = ngx_http_pupil_group(ctx->main, &ctx->tenant);
    if (group == NULL) {
        return NGX_ERROR;
    }

    i = group->n;
    group->today = ctx->today;

    if (ngx_http_pupil_group_subjects(group, subjects, n, &group->subjects[i])
        != NGX_OK
        || ngx_http_pupil_group_copy(group, ctx->network,
                                     ngx_strlen(ctx->network),
                                     &group->network[i]) != NGX_OK
        || ngx_http_pupil_group_copy(group, note,
                                     note ? ngx_strlen(note) : 0,
                                     &group->note[i]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    group->request[i] = ctx->id;

    if (ctx->has_session) {
        group->actor[i] = ctx->session.subject;
        group->institution[i] = ctx->session.institution;
        group->role[i] = ctx->session.role;

    } else {
        ngx_memzero(&group->actor[i], sizeof(pupil_uuid_t));
        ngx_memzero(&group->institution[i], sizeof(pupil_uuid_t));
        group->role[i] = none;
    }

    /* these live as long as the configuration */
    group->shape[i].data = statement->shape;
    group->shape[i].len = sizeof(statement->shape);
    group->policy[i].data = ctx->conf->serves.policy_hash;
    group->policy[i].len = sizeof(ctx->conf->serves.policy_hash);
    ngx_http_pupil_group_outcome(group, i, outcome);

    if (ngx_http_pupil_group_number(group, i, PUPIL_NUMBERS_RESERVE)
        != NGX_OK)
    {
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
        return NGX_ERROR;
    }

    record = &group->records[i];
    record->ctx = ctx;
    record->next = ctx->audit.records;
    ctx->audit.records = record;

    ngx_http_pupil_debug(ctx, "audit: a record, %s",
                         pupil_outcome_name(outcome));

    if (++group->n == ngx_http_pupil_group_size(group->main)) {
        ngx_post_event(&group->event, &ngx_posted_events);
    }

    return NGX_OK;
}


/* The request ends before its records do: they are written all the same. */
void
ngx_http_pupil_audit_detach(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_record_t  *record;

    for (record = ctx->audit.records; record; record = record->next) {
        record->ctx = NULL;
    }

    ctx->audit.records = NULL;
}


/* What is open is to be declared, with or without a request. */
void
ngx_http_pupil_audit_declare(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant)
{
    if (ngx_http_pupil_audit_key(pmcf, tenant) != NULL) {
        (void) ngx_http_pupil_group(pmcf, tenant);
    }
}


const pupil_key_t *
ngx_http_pupil_audit_key(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant)
{
    pupil_str_t  name = pupil_str("mac");

    return pmcf->vault.ring == NULL
           ? NULL : pupil_keyring_service(pmcf->vault.ring, tenant, name);
}


/* The tenant's group that still forms, or a new one. */
static ngx_http_pupil_group_t *
ngx_http_pupil_group(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant)
{
    ngx_pool_t              *pool;
    ngx_queue_t             *q;
    ngx_http_pupil_group_t  *group;

    for (q = ngx_queue_head(&pmcf->audit.groups);
         q != ngx_queue_sentinel(&pmcf->audit.groups);
         q = ngx_queue_next(q))
    {
        group = ngx_queue_data(q, ngx_http_pupil_group_t, queue);

        if (!group->flying && group->n < ngx_http_pupil_group_size(pmcf)
            && pupil_uuid_compare(&group->tenant, tenant) == 0)
        {
            return group;
        }
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    group = ngx_palloc(pool, sizeof(ngx_http_pupil_group_t));
    if (group == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    group->main = pmcf;
    group->pool = pool;
    group->tenant = *tenant;
    group->at = ngx_http_pupil_time();
    group->today = 0;
    group->n = 0;
    group->declaring = 0;
    group->flying = 0;

    ngx_memzero(&group->event, sizeof(ngx_event_t));
    group->event.handler = ngx_http_pupil_group_event;
    group->event.data = group;
    group->event.log = ngx_cycle->log;

    ngx_queue_insert_tail(&pmcf->audit.groups, &group->queue);
    ngx_post_event(&group->event, &ngx_posted_events);

    return group;
}


/*
 * The end of the loop's turn in which the group began, the end of a group
 * before it, or of the wait for that.
 */
static void
ngx_http_pupil_group_event(ngx_event_t *ev)
{
    ngx_msec_t               wait;
    ngx_http_pupil_group_t  *group;
    ngx_http_pupil_probe(AUDIT);

    group = ev->data;
    wait = ngx_http_pupil_group_wait(group);

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (wait == 0) {
        if (ev->posted) {
            ngx_delete_posted_event(ev);
        }

        ngx_http_pupil_group_send(group);
        return;
    }

    /* the end of another one posts it, if that is sooner */
    ngx_add_timer(ev, wait);
}


/*
 * How long it waits for those of its tenant that are on their way.  There are
 * as many at once as there are connections for them, so that one which a
 * backend keeps leaves one to the others, and they stay large.
 */
static ngx_msec_t
ngx_http_pupil_group_wait(const ngx_http_pupil_group_t *group)
{
    ngx_msec_t                    since, wait;
    ngx_uint_t                    flying;
    ngx_queue_t                  *q;
    ngx_http_pupil_group_t       *other;
    ngx_http_pupil_main_conf_t   *pmcf;

    pmcf = group->main;

    if (group->n >= ngx_http_pupil_group_size(pmcf)) {
        return 0;
    }

    flying = 0;
    wait = 0;

    for (q = ngx_queue_head(&pmcf->audit.groups);
         q != ngx_queue_sentinel(&pmcf->audit.groups);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_pupil_group_t, queue);

        if (!other->flying
            || pupil_uuid_compare(&other->tenant, &group->tenant) != 0)
        {
            continue;
        }

        flying++;
        since = ngx_current_msec - other->sent;

        if (since < NGX_HTTP_PUPIL_GROUP_WAIT) {
            wait = ngx_max(wait, NGX_HTTP_PUPIL_GROUP_WAIT - since);
        }
    }

    return flying < (ngx_uint_t) ngx_max(pmcf->data->waiters, 2)
           ? wait : NGX_HTTP_PUPIL_GROUP_WAIT;
}


static void
ngx_http_pupil_group_send(ngx_http_pupil_group_t *group)
{
    ngx_uint_t             i;
    ngx_libpq_exchange_t  *ex;

    group->flying = 1;
    group->sent = ngx_current_msec;
    ngx_http_pupil_group_declare(group);

    ex = group->n + group->declaring == 0 ? NULL
         : ngx_libpq_exchange_create(group->main->data,
                                     ngx_http_pupil_group_done, group);

    if (ex != NULL) {
        ngx_http_pupil_group_params(group, ex);

        if (ngx_libpq_exchange_submit(ex) == NGX_OK) {
            ngx_http_pupil_health_sent(group->main);
            return;
        }

        ngx_libpq_exchange_destroy(ex);
    }

    for (i = group->n + group->declaring; i > 0; i--) {
        ngx_http_pupil_numbers_unsent(&group->given[i - 1]);
    }

    ngx_http_pupil_group_end(group, 1);
}


/* Behind the requests' records: what is open of this worker, and of others. */
static void
ngx_http_pupil_group_declare(ngx_http_pupil_group_t *group)
{
    ngx_uint_t                  i;
    pupil_str_t                 role = pupil_str(PUPIL_AUDIT_ROLE_GATEWAY);
    ngx_http_pupil_writer_t    *writer;
    ngx_http_pupil_declared_t  *declared;

    while (group->declaring < NGX_HTTP_PUPIL_DECLARING) {
        i = group->n + group->declaring;

        writer = ngx_http_pupil_numbers_open(group->main, &group->tenant);
        if (writer == NULL) {
            return;
        }

        declared = ngx_palloc(group->pool, sizeof(ngx_http_pupil_declared_t));

        if (declared == NULL
            || ngx_http_pupil_declare(writer, group->pool, declared,
                                      &group->note[i]) != NGX_OK)
        {
            return;
        }

        pupil_uuid_random(&group->request[i]);
        ngx_memzero(&group->actor[i], sizeof(pupil_uuid_t));
        ngx_memzero(&group->institution[i], sizeof(pupil_uuid_t));
        ngx_memzero(&group->network[i], sizeof(pupil_str_t));
        group->role[i] = role;
        group->shape[i].data = pupil_audit_nothing_shape;
        group->shape[i].len = sizeof(pupil_audit_nothing_shape);
        group->policy[i].data = (const uint8_t *) "";
        group->policy[i].len = 0;
        ngx_http_pupil_group_outcome(group, i, PUPIL_OUTCOME_ALLOWED);

        group->subjects[i].data = (const uint8_t *) "{}";
        group->subjects[i].len = 2;

        if (ngx_http_pupil_group_number(group, i, 0) != NGX_OK) {
            ngx_http_pupil_declared(declared, 0);
            return;
        }

        group->declared[group->declaring++] = declared;
    }
}


/* The number and the MAC of a record whose columns are there. */
static ngx_int_t
ngx_http_pupil_group_number(ngx_http_pupil_group_t *group, ngx_uint_t i,
    uint32_t reserve)
{
    const pupil_key_t       *key;
    pupil_audit_record_t     record;
    ngx_http_pupil_given_t  *given;

    given = &group->given[i];
    key = ngx_http_pupil_audit_key(group->main, &group->tenant);

    if (key == NULL
        || ngx_http_pupil_numbers_give(group->main, &group->tenant, 1, reserve,
                                       given) != NGX_OK)
    {
        return NGX_ERROR;
    }

    record.tenant = group->tenant;
    record.writer = given->writer->stream->id;
    record.number = given->first;
    record.choice = 0;
    record.at = group->at;
    record.request = group->request[i];
    record.actor = group->actor[i];
    record.institution = group->institution[i];
    record.role = group->role[i];
    record.network = group->network[i];
    record.shape = group->shape[i];
    record.policy = group->policy[i];
    record.outcome = group->outcome[i];
    record.subjects = group->subjects[i];
    record.note = group->note[i];

    pupil_audit_mac(key, &record, group->macs[i]);
    pupil_stack_wipe();

    group->mac[i].data = group->macs[i];
    group->mac[i].len = PUPIL_AUDIT_MAC_LEN;

    return NGX_OK;
}


static void
ngx_http_pupil_group_params(ngx_http_pupil_group_t *group,
    ngx_libpq_exchange_t *ex)
{
    int32_t     behind[NGX_HTTP_PUPIL_COLUMN];
    uint64_t    first;
    ngx_uint_t  i, n;

    n = group->n + group->declaring;
    first = group->given[0].first;

    for (i = 0; i < n; i++) {
        behind[i] = (int32_t) (group->given[i].first - first);
    }

    ngx_http_pupil_exchange_day(ex, &group->tenant, group->today);
    (void) ngx_libpq_exchange_add(ex,
                                  group->main->fixed[PUPIL_FIXED_AUDIT_GROUP]);

    ngx_libpq_param_uuid(ex, group->tenant.b);
    ngx_libpq_param_uuid_array(ex, group->request, n);
    ngx_libpq_param_uuid_array(ex, group->actor, n);
    ngx_http_pupil_param_text_array(ex, group->role, n);
    ngx_libpq_param_uuid_array(ex, group->institution, n);
    ngx_http_pupil_param_text_array(ex, group->network, n);
    ngx_http_pupil_param_bytea_array(ex, group->shape, n);
    ngx_http_pupil_param_bytea_array(ex, group->policy, n);
    ngx_http_pupil_param_text_array(ex, group->outcome, n);
    ngx_http_pupil_param_text_array(ex, group->subjects, n);
    ngx_http_pupil_param_text_array(ex, group->note, n);
    ngx_libpq_param_timestamptz(ex, group->at);
    ngx_libpq_param_int8(ex, (int64_t) group->given[0].writer->stream->id);
    ngx_libpq_param_int8(ex, (int64_t) first);
    ngx_libpq_param_int4_array(ex, behind, n);
    ngx_http_pupil_param_bytea_array(ex, group->mac, n);

    ex->writes = 1;
    ex->waits = 1;
}


/*
 * Stored is what the insert says it stored, not that it did not fail: a rule
 * or a trigger can take rows away without an error.
 */
static void
ngx_http_pupil_group_done(ngx_libpq_exchange_t *ex)
{
    int64_t                  stored;
    ngx_uint_t               i, n, failed;
    ngx_http_pupil_group_t  *group;

    group = ex->data;
    n = group->n + group->declaring;

    failed = ex->status != NGX_LIBPQ_OK
             || ngx_libpq_get_int8(ex->results[0], 0, PUPIL_AG_STORED, &stored)
                != NGX_OK
             || stored != (int64_t) n;

    for (i = 0; i < n; i++) {
        if (failed) {
            ngx_http_pupil_numbers_absent(&group->given[i], ex);

        } else {
            ngx_http_pupil_numbers_stored(&group->given[i]);
        }
    }

    ngx_http_pupil_health_ended(group->main, ex, !failed);
    ngx_libpq_exchange_destroy(ex);
    ngx_http_pupil_group_end(group, failed);
}


/*
 * Goes on with the requests.  One of them may end others: each record is
 * looked at when its turn comes.
 */
static void
ngx_http_pupil_group_end(ngx_http_pupil_group_t *group, ngx_uint_t failed)
{
    ngx_uint_t                 i;
    ngx_http_pupil_ctx_t      *ctx;
    ngx_http_pupil_record_t  **record;

    ngx_queue_remove(&group->queue);
    ngx_http_pupil_group_next(group->main, &group->tenant);

    for (i = 0; i < group->declaring; i++) {
        ngx_http_pupil_declared(group->declared[i], !failed);
    }

    for (i = 0; i < group->n; i++) {
        ctx = group->records[i].ctx;

        if (ctx == NULL) {
            continue;
        }

        for (record = &ctx->audit.records; *record; record = &(*record)->next) {
            if (*record == &group->records[i]) {
                *record = (*record)->next;
                break;
            }
        }

        ctx->audit.failed |= failed ? 1 : 0;

        if (ctx->audit.records == NULL) {
            ngx_http_pupil_audited(ctx);
        }
    }

    ngx_destroy_pool(group->pool);
}


/* What formed meanwhile goes next. */
static void
ngx_http_pupil_group_next(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant)
{
    ngx_queue_t             *q;
    ngx_http_pupil_group_t  *group;

    for (q = ngx_queue_head(&pmcf->audit.groups);
         q != ngx_queue_sentinel(&pmcf->audit.groups);
         q = ngx_queue_next(q))
    {
        group = ngx_queue_data(q, ngx_http_pupil_group_t, queue);

        if (!group->flying
            && pupil_uuid_compare(&group->tenant, tenant) == 0)
        {
            ngx_post_event(&group->event, &ngx_posted_events);
            return;
        }
    }
}


static void
ngx_http_pupil_group_outcome(ngx_http_pupil_group_t *group, ngx_uint_t i,
    pupil_outcome_t outcome)
{
    const char  *name;

    name = pupil_outcome_name(outcome);
    group->outcome[i].data = (const uint8_t *) name;
    group->outcome[i].len = ngx_strlen(name);
}


static ngx_int_t
ngx_http_pupil_group_copy(ngx_http_pupil_group_t *group, const void *data,
    size_t len, pupil_str_t *copy)
{
    u_char  *p;

    copy->data = NULL;
    copy->len = len;

    if (len == 0) {
        return NGX_OK;                                           /* NULL */
    }

    p = ngx_pnalloc(group->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, data, len);
    copy->data = p;

    return NGX_OK;
}


/* As the text of a uuid[]: arrays in arrays would need equal lengths. */
static ngx_int_t
ngx_http_pupil_group_subjects(ngx_http_pupil_group_t *group,
    const pupil_uuid_t *subjects, ngx_uint_t n, pupil_str_t *text)
{
    u_char      *p, *start;
    ngx_uint_t   i;

    start = ngx_pnalloc(group->pool, 2 + n * (PUPIL_UUID_TEXT_LEN + 1));
    if (start == NULL) {
        return NGX_ERROR;
    }

    p = start;
    *p++ = '{';

    for (i = 0; i < n; i++) {
        if (i != 0) {
            *p++ = ',';
        }

        pupil_uuid_format(&subjects[i], p);
        p += PUPIL_UUID_TEXT_LEN;
    }

    *p++ = '}';

    text->data = start;
    text->len = (size_t) (p - start);

    return NGX_OK;
}

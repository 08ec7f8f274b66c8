/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit verify: whether the log is whole and as it was written
 * (invariants I1, I20).  Its MACs are made anew, each writer's numbers gone
 * through, and the shapes and policies that records refer to held against their
 * hashes.  Records come one at a time, as there may be many.
 *
 * What a worker is just storing has a number already.  So what seems to be
 * missing among the newest records is looked at again, for some seconds.  What
 * a later look alone misses is younger than the first, and is left to another
 * run: where people are at work there is always some.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/audit/referred.h"
#include "ctl/audit/rows.h"
#include "ctl/audit/sealed.h"
#include "ctl/audit/sequence.h"
#include "ctl/audit/unsealed.h"
#include "ctl/audit/verify.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define RECENT   (30 * PUPIL_TIME_SECOND)       /* perhaps under way */
#define MARGIN   (2 * PUPIL_AUDIT_CLOCKS)       /* read before --since */
#define LOOKS    8                              /* a second apart */


typedef struct {
    ctl_t              *ctl;
    const pupil_key_t  *key;        /* NULL: the tenant has ended */
    PGconn             *conn;       /* that records come from */
    sequence_t          sequence;
    referred_t          referred;
    unsealed_t          unsealed;
    sealed_t            sealed;
    audit_log_t         log;        /* whose key signs what is gone */
    retained_t          before;     /* what is, as the run began */
    retained_t          retained;   /* and by what the records are read by */
    uint64_t            records, unnumbered;
    const char         *ended;      /* the tenant, when; NULL: it has not */
    pupil_time_t        since;      /* --since; 0: all */
} verify_t;


static int keys_open(verify_t *v);
static int since_read(ctl_t *ctl, pupil_time_t *since);
static int before_read(verify_t *v);
static int records_open(verify_t *v);
static int both_verify(verify_t *v);
static void *records_verify(void *data);
static int pass(verify_t *v);
static int pass_begin(verify_t *v);
static int records_read(verify_t *v, ctl_stream_t *stream,
    void (*each)(verify_t *v, const audit_row_t *row,
                 const ctl_stream_t *stream));
static void record_declares(verify_t *v, const audit_row_t *row,
    const ctl_stream_t *stream);
static void record_check(verify_t *v, const audit_row_t *row,
    const ctl_stream_t *stream);
static int verify_recorded(ctl_t *ctl);
static size_t found_count(const verify_t *v);
static int unsealed_found(const verify_t *v);
static void verify_print(const verify_t *v);
static json_t *retained_json(const retained_t *retained);
static json_t *finding_json(const finding_t *finding);
static int finding_refers(const finding_t *finding);
static void finding_print(const finding_t *finding);


static const ctl_access_t  verify_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_READ,
    .about = "none"
};

/* By finding_kind_t. */
static const struct {
    const char  *name;
    const char  *text;
} kinds[] = {
    [FINDING_MISSING] = { "missing", "was stored, and is not there" },
    [FINDING_CHANGED] = { "changed", "is not as it was written" },
    [FINDING_TWICE] = { "twice", "is there more than once" },
    [FINDING_OUTCOME] = { "outcome", "has another outcome than was stored" },
    [FINDING_UNNUMBERED] = { "unnumbered", "has no number, and should" },
    [FINDING_TIME] = { "time", "is dated before those before it" },
    [FINDING_RETURNED] = { "returned", "is there, and its time was over" },
    [FINDING_SHAPE] = { "shape", "was changed: its hash is another" },
    [FINDING_POLICY] = { "policy", "was changed: its hash is another" }
};

/*
 * From a time in microseconds on.  Whether a record that has no number is from
 * before there were numbers comes last.
 */
#define RECORDS                                                               \
    "SELECT " AUDIT_ROW_COLUMNS ", r.at < coalesce((SELECT m.applied_at FROM" \
    " public.pupil_migration AS m WHERE m.number = 16), 'infinity')"          \
    " FROM pupil.audit_record AS r WHERE r.tenant = (SELECT"                  \
    " pupil.current_tenant())"                                                \
    " AND r.at >= timestamptz 'epoch' + %" PRId64 " * interval '1 us'"

static const char  declaring_sql[] =
    RECORDS " AND r.role = '" PUPIL_AUDIT_ROLE_GATEWAY "'";

static const char  records_sql[] =
    RECORDS " ORDER BY r.writer, r.number, r.at";

#define COLUMN_EARLIER  AUDIT_ROW_COUNT


int
ctl_cmd_audit_verify(ctl_t *ctl)
{
    int       rc;
    verify_t  v;

    memset(&v, 0, sizeof(v));
    v.ctl = ctl;

    if (since_read(ctl, &v.since) != 0) {
        return CTL_USAGE;
    }

    rc = keys_open(&v) == 0 && before_read(&v) == 0
         && records_open(&v) == 0 && both_verify(&v) == 0
         && (v.ended != NULL || verify_recorded(ctl) == 0)
         ? CTL_DONE : CTL_FAILED;

    if (rc == CTL_DONE) {
        verify_print(&v);
        rc = found_count(&v) == 0 ? CTL_DONE : CTL_FAILED;
    }

    PQfinish(v.conn);
    sealed_free(&v.sealed);
    sequence_free(&v.sequence);
    referred_free(&v.referred);
    unsealed_free(&v.unsealed);
    retained_free(&v.before);
    retained_free(&v.retained);

    return rc;
}


/* Without a key of the tenant there is no record of this, either. */
static int
keys_open(verify_t *v)
{
    ctl_t  *ctl;

    ctl = v->ctl;

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_keys_ended(ctl, &v->ended) != 0)
    {
        return -1;
    }

    if (v->ended != NULL) {
        return 0;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_take(ctl) != 0) {
        return -1;
    }

    v->key = ctl_key(ctl, "mac");

    return v->key != NULL ? 0 : -1;
}


static int
since_read(ctl_t *ctl, pupil_time_t *since)
{
    const char  *text;

    text = ctl->opt.since;
    *since = 0;

    if (text != NULL
        && pupil_time_parse((const uint8_t *) text, strlen(text), since)
           != PUPIL_OK)
    {
        return ctl_error("--since is a time such as 2026-11-21T08:00:00Z");
    }

    return 0;
}


/* What is signed later may be on its way, and be there. */
static int
before_read(verify_t *v)
{
    int  rc;

    rc = audit_log_read(&v->log, v->ctl, v->ended) == 0
         && ctl_begin(v->ctl->data, &v->ctl->tenant) == 0
         ? retained_read(&v->before, v->ctl->data, &v->log) : -1;
    ctl_rollback(v->ctl->data);

    return rc;
}


/* Its transactions see one state each: records, and what they refer to. */
static int
records_open(verify_t *v)
{
    return ctl_open_beside(v->ctl, &v->conn) == 0
           ? ctl_exec(v->conn, "SET default_transaction_isolation ="
                      " 'repeatable read'", 0, NULL)
           : -1;
}


/*
 * Records by writer and number in a thread of its own, as each of the two has
 * to wait for the database: it has its own connection, and what it writes of
 * v nobody else looks at meanwhile.
 */
static int
both_verify(verify_t *v)
{
    int        rc;
    void      *failed;
    pthread_t  thread;

    if (pthread_create(&thread, NULL, records_verify, v) != 0) {
        return ctl_error("a thread cannot be started");
    }

    rc = sealed_verify(&v->sealed, v->ctl, v->ended);

    if (pthread_join(thread, &failed) != 0 || failed != NULL || rc != 0) {
        return -1;
    }

    sealed_declared(&v->sealed, &v->sequence);

    return 0;
}


/* Until nothing that is found can be under way.  NULL, or v: it failed. */
static void *
records_verify(void *data)
{
    int               rc, look;
    verify_t         *v = data;
    pupil_time_t      started;
    sequence_list_t   first;

    started = ctl_now();
    memset(&first, 0, sizeof(sequence_list_t));

    for (look = 1; ; look++) {
        sequence_free(&v->sequence);
        referred_free(&v->referred);
        unsealed_free(&v->unsealed);
        v->sequence.since = v->since;
        v->sequence.keyless = v->key == NULL;
        v->sequence.retained = &v->retained;
        v->sequence.before = &v->before;
        v->sequence.recent = started - RECENT;
        v->records = 0;
        v->unnumbered = 0;

        rc = pass(v);

        if (look != 1) {
            sequence_again(&v->sequence, &first);
        }

        if (rc != 0 || v->sequence.under_way == 0 || look == LOOKS) {
            break;
        }

        if (look == 1) {
            first = v->sequence.findings;
            memset(&v->sequence.findings, 0, sizeof(sequence_list_t));
        }

        sleep(1);
    }

    free(first.elts);

    return rc == 0 ? NULL : v;
}


/* First of what was declared, then of all. */
static int
pass(verify_t *v)
{
    int           rc;
    ctl_stream_t  stream;
    pupil_time_t  since;

    since = v->since > MARGIN ? v->since - MARGIN : 0;

    if (ctl_begin(v->conn, &v->ctl->tenant) != 0) {
        return -1;
    }

    rc = pass_begin(v);

    if (rc == 0) {
        rc = ctl_stream_begin(&stream, v->conn, declaring_sql, since);
    }

    if (rc == 0) {
        rc = records_read(v, &stream, record_declares);
    }

    if (rc == 0) {
        sequence_begin(&v->sequence);
        rc = ctl_stream_begin(&stream, v->conn, records_sql, since);
    }

    if (rc == 0) {
        rc = records_read(v, &stream, record_check);
    }

    sequence_end(&v->sequence);
    ctl_rollback(v->conn);

    return rc;
}


/* What records are held against, as the same snapshot has it. */
static int
pass_begin(verify_t *v)
{
    retained_free(&v->retained);

    return retained_read(&v->retained, v->conn, &v->log) == 0
           && referred_read(&v->referred, v->conn, &v->sequence, ctl_now()) == 0
           && unsealed_read(&v->unsealed, v->conn, ctl_now()) == 0
           ? 0 : -1;
}


static int
records_read(verify_t *v, ctl_stream_t *stream,
    void (*each)(verify_t *v, const audit_row_t *row,
                 const ctl_stream_t *stream))
{
    int           rc;
    ctl_pool_t    pool;
    audit_row_t   row;

    memset(&pool, 0, sizeof(pool));

    while ((rc = ctl_stream_next(stream)) == 1) {
        audit_row_read(v->key, &v->ctl->tenant, stream, &pool, &row);
        each(v, &row, stream);
        ctl_pool_free(&pool);
    }

    ctl_stream_end(stream);

    return rc;
}


static void
record_declares(verify_t *v, const audit_row_t *row,
    const ctl_stream_t *stream)
{
    (void) stream;

    if (row->numbered && row->authentic) {
        (void) sequence_declare(&v->sequence, row->record.note);
    }
}


static void
record_check(verify_t *v, const audit_row_t *row, const ctl_stream_t *stream)
{
    finding_t    finding;
    pupil_str_t  earlier;

    v->records++;

    if (row->numbered) {
        if (row->authentic) {
            referred_check(&v->referred, &v->sequence, &row->record);
        }

        unsealed_check(&v->unsealed, &row->record);
        sequence_record(&v->sequence, &row->record, row->authentic);
        return;
    }

    earlier = stream->columns[COLUMN_EARLIER];

    if (earlier.len == 1 && earlier.data[0] != 0) {
        referred_check(&v->referred, &v->sequence, &row->record);
        v->unnumbered++;
        return;
    }

    memset(&finding, 0, sizeof(finding));
    finding.kind = FINDING_UNNUMBERED;
    finding.at = row->record.at;
    sequence_find(&v->sequence, &finding);
}


static int
verify_recorded(ctl_t *ctl)
{
    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_record_one(ctl, &verify_access, "allowed", NULL, "verify")
              == 0
           && ctl_commit(ctl->data) == 0
           ? 0 : -1;
}


/* Where there is a log, what it leaves out is one. */
static size_t
found_count(const verify_t *v)
{
    return v->sequence.findings.count + v->sealed.findings.count
           + (size_t) unsealed_found(v);
}


static int
unsealed_found(const verify_t *v)
{
    return v->sealed.batches != 0 && v->unsealed.count != 0;
}


static void
verify_print(const verify_t *v)
{
    char                     at[PUPIL_TIME_TEXT_MAX + 1];
    size_t                   i, sealed_count;
    json_t                  *list;
    const finding_t         *findings;
    const pupil_retained_t  *said;
    const sealed_finding_t  *sealed;

    said = &v->sealed.retained.said;
    findings = v->sequence.findings.elts;
    sealed = v->sealed.findings.elts;
    sealed_count = v->sealed.findings.count;

    if (v->ctl->opt.json) {
        list = json_array();

        for (i = 0; i < v->sequence.findings.count; i++) {
            json_array_append_new(list, finding_json(&findings[i]));
        }

        for (i = 0; i < sealed_count; i++) {
            json_array_append_new(list, sealed_json(&sealed[i]));
        }

        if (unsealed_found(v)) {
            json_array_append_new(list, json_pack("{s:s}", "kind", "unsealed"));
        }

        ctl_json_print(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s*,s:o,"
                                 "s:o}",
                                 "records", (json_int_t) v->records,
                                 "writers", (json_int_t) v->sequence.writers,
                                 "unnumbered", (json_int_t) v->unnumbered,
                                 "sealed", (json_int_t) v->sealed.events,
                                 "leaves", (json_int_t) v->sealed.leaves,
                                 "batches", (json_int_t) v->sealed.batches,
                                 "anchors", (json_int_t) v->sealed.anchors,
                                 "unsealed", (json_int_t) v->unsealed.count,
                                 "ended_at", v->ended, "retained",
                                 retained_json(&v->sealed.retained), "findings",
                                 list));
        return;
    }

    for (i = 0; i < v->sequence.findings.count; i++) {
        finding_print(&findings[i]);
    }

    for (i = 0; i < sealed_count; i++) {
        sealed_print(&sealed[i]);
    }

    if (unsealed_found(v)) {
        printf("unsealed: %" PRIu64 " record%s over a minute old: look whether"
               " pupilctl audit seal runs, and what it says\n",
               v->unsealed.count, ctl_plural(v->unsealed.count));
    }

    if (v->sealed.batches != 0) {
        ctl_note("%" PRIu64 " event%s sealed, with %" PRIu64 " leaves, %"
                 PRIu64 " a second; %" PRIu64 " checkpoint%s in the file; %"
                 PRIu64 " record%s over a minute old not sealed",
                 v->sealed.events, ctl_plural(v->sealed.events),
                 v->sealed.leaves,
                 audit_rate(v->sealed.leaves, v->sealed.took),
                 v->sealed.anchors,
                 ctl_plural(v->sealed.anchors), v->unsealed.count,
                 ctl_plural(v->unsealed.count));
    }

    if (v->ended != NULL) {
        ctl_note("the tenant ended at %s here: without its keys it is past"
                 " checking whether a record says what was sealed", v->ended);
    }

    if (said->batch != 0) {
        at[pupil_time_format((pupil_time_t) said->before
                             * PUPIL_TIME_SECOND, (uint8_t *) at)] = '\0';
        ctl_note("%" PRIu64 " event%s from before %s gone by retention",
                 said->events, ctl_plural(said->events), at);
    }

    i = found_count(v);
    ctl_note("%" PRIu64 " record%s of %" PRIu64 " writer%s, %" PRIu64
             " from before there were numbers: %zu finding%s",
             v->records, ctl_plural(v->records),
             v->sequence.writers, ctl_plural(v->sequence.writers),
             v->unnumbered, i, ctl_plural(i));
}


static json_t *
retained_json(const retained_t *retained)
{
    char  at[PUPIL_TIME_TEXT_MAX + 1];

    if (retained->said.batch == 0) {
        return json_null();
    }

    at[pupil_time_format((pupil_time_t) retained->said.before
                         * PUPIL_TIME_SECOND, (uint8_t *) at)] = '\0';

    return json_pack("{s:I,s:I,s:s}", "batch",
                     (json_int_t) retained->said.batch, "events",
                     (json_int_t) retained->said.events, "before", at);
}


static json_t *
finding_json(const finding_t *finding)
{
    char     at[PUPIL_TIME_TEXT_MAX + 1], writer[17];
    char     hash[CTL_BYTEA_SIZE(sizeof(finding->hash))];
    json_t  *json;

    at[pupil_time_format(finding->at, (uint8_t *) at)] = '\0';
    snprintf(writer, sizeof(writer), "%016" PRIx64, finding->writer);

    json = json_pack("{s:s,s:s,s:I,s:I,s:s}", "kind", kinds[finding->kind].name,
                     "writer", writer, "first", (json_int_t) finding->first,
                     "last", (json_int_t) finding->last, "at", at);

    if (finding_refers(finding)) {
        ctl_bytea(finding->hash, sizeof(finding->hash), hash);
        json_object_set_new(json, "hash", json_string(hash + 2));
    }

    return json;
}


/* It is of what records refer to by a hash. */
static int
finding_refers(const finding_t *finding)
{
    return finding->kind == FINDING_SHAPE || finding->kind == FINDING_POLICY;
}


static void
finding_print(const finding_t *finding)
{
    char         at[PUPIL_TIME_TEXT_MAX + 1];
    char         hash[CTL_BYTEA_SIZE(sizeof(finding->hash))];
    const char  *name;

    name = kinds[finding->kind].name;
    at[pupil_time_format(finding->at, (uint8_t *) at)] = '\0';

    if (finding_refers(finding)) {
        ctl_bytea(finding->hash, sizeof(finding->hash), hash);
        printf("%s: %s ", name, hash + 2);

        if (!finding->gone) {
            printf("%s\n", kinds[finding->kind].text);
            return;
        }

        printf("is not there (first for writer %016" PRIx64 " number %" PRIu64
               " at %s)\n", finding->writer, finding->first, at);
        return;
    }

    printf("%s: writer %016" PRIx64 " number %" PRIu64, name, finding->writer,
           finding->first);

    if (finding->last != finding->first) {
        printf("-%" PRIu64, finding->last);
    }

    printf(" %s (%s %s)\n", kinds[finding->kind].text,
           finding->kind == FINDING_MISSING ? "before" : "at", at);
}

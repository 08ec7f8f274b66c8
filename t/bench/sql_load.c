/*
 * Copyright (C) the Pupil authors
 *
 * Runs the statements of a pupil's homework fetch against PostgreSQL as the
 * module does (pipeline mode, one Sync a transaction, binary parameters and
 * results), without the module: what the database alone costs, and what the
 * forms of its audit record cost.
 *
 *     sql_load --conninfo C --control C --tenant T --people FILE --form F
 *              [--connections N] [--warm S] [--seconds S] [--pids P,P]
 *              PLUGIN.so...
 *
 * --people: lines of a pupil's id, an institution's, and a teacher's.  Forms:
 *
 *     composed     the audit record is written by the statement that reads, in
 *                  the same transaction
 *     read         the statements as composed, without the audit record
 *     naive        the same without it, then the record in a transaction of
 *                  its own
 *     insert:N     N audit records in one transaction
 *
 * Prints one line of JSON.  CPU time is the scheduler's account of the
 * backends, and of the processes that --pids names.
 */

#include <arpa/inet.h>
#include <getopt.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "statements.h"
#include "text.h"


#define THREADS     64
#define PARAMS      20
#define STATEMENTS  8
#define ROWS_MAX    1024

/* Types by their numbers in pg_type. */
#define OID_INT8        20
#define OID_TEXT        25
#define OID_UUID        2950
#define OID_TEXTS       1009
#define OID_UUIDS       2951
#define OID_BYTEA       17
#define OID_BYTEAS      1001

/* PostgreSQL counts microseconds from 2000-01-01. */
#define PG_EPOCH  INT64_C(946684800)

enum {
    TENANT,
    EVIDENCE,
    PROGRESS,
    LIST,
    READ,
    RECORD,
    GROUP
};


typedef struct {
    pupil_uuid_t  pupil, institution, teacher;
} person_t;

typedef struct {
    const char  *sql;
    int          nparams;
    Oid          types[PARAMS];
} statement_t;

typedef struct {
    const char  *name;
    int          syncs[3][5];   /* each ends with -1 */
} form_t;

typedef struct {
    const char      *conninfo, *control;
    pupil_uuid_t     tenant;
    char             tenant_text[PUPIL_UUID_TEXT_LEN + 1];
    person_t        *people;
    size_t           npeople;
    const form_t    *form;
    int              rows;
    int              connections;
    double           warm, seconds;
    pid_t            pids[THREADS];
    int              npids;
    statement_t      statements[STATEMENTS];
    uint8_t          shape[32], policy[32];
} load_t;

typedef struct {
    const load_t     *load;
    PGconn           *pg;
    pthread_t         thread;
    uint64_t          random;
    atomic_ulong      done;     /* requests */
    const char       *values[PARAMS];
    int               lengths[PARAMS], formats[PARAMS], n;
    uint8_t          *bytes;    /* of parameters */
    size_t            used;
} worker_t;

typedef struct {
    uint64_t  backends, others, own;    /* ns of CPU */
    uint64_t  busy, all;                /* ticks of all processors */
    unsigned long  done;
    double    at;
    int64_t   wal;
} moment_t;


static const form_t  forms[] = {
    { "composed", { { TENANT, EVIDENCE, PROGRESS, LIST, -1 }, { -1 } } },
    { "read", { { TENANT, EVIDENCE, PROGRESS, READ, -1 }, { -1 } } },
    { "naive", { { TENANT, EVIDENCE, PROGRESS, READ, -1 },
                 { TENANT, RECORD, -1 }, { -1 } } },
    { "insert", { { TENANT, GROUP, -1 }, { -1 } } },
    { NULL, { { -1 } } }
};

static const char  tenant_sql[] =
    "SELECT $1::int8, pg_catalog.set_config('pupil.tenant', $2, true)";

/* Subjects differ in number, so each record's go as the text of an array. */
static const char  group_sql[] =
    "WITH audit AS ("
    "INSERT INTO pupil.audit_record (tenant, request, actor, role,"
    " institution, network, shape, policy, outcome, subjects)"
    " SELECT $2, u.request, u.actor, u.role, u.institution, u.network::inet,"
    " u.shape, u.policy, u.outcome, u.subjects::uuid[]"
    " FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11)"
    " AS u (request, actor, role, institution, network, shape, policy,"
    " outcome, subjects))"
    " SELECT $1::int8";

static atomic_int  stop;


static uint64_t
next_random(worker_t *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;

    return w->random;
}


/* Parameters */

static uint8_t *
param(worker_t *w, size_t len)
{
    uint8_t  *p;

    p = w->bytes + w->used;
    w->used += (len + 7) & ~(size_t) 7;
    w->values[w->n] = (const char *) p;
    w->lengths[w->n] = (int) len;
    w->formats[w->n] = 1;
    w->n++;

    return p;
}


static void
param_bytes(worker_t *w, const void *data, size_t len)
{
    memcpy(param(w, len), data, len);
}


static void
param_null(worker_t *w)
{
    w->values[w->n] = NULL;
    w->lengths[w->n] = 0;
    w->formats[w->n] = 1;
    w->n++;
}


static void
put32(uint8_t *p, uint32_t value)
{
    value = htonl(value);
    memcpy(p, &value, 4);
}


static void
param_int64(worker_t *w, int64_t value)
{
    uint8_t  *p = param(w, 8);

    put32(p, (uint32_t) ((uint64_t) value >> 32));
    put32(p + 4, (uint32_t) value);
}


static void
random_uuid(worker_t *w, uint8_t *p)
{
    uint64_t  r[2];

    r[0] = next_random(w);
    r[1] = next_random(w);
    memcpy(p, r, PUPIL_UUID_LEN);
    p[6] = (p[6] & 0x0f) | 0x40;
    p[8] = (p[8] & 0x3f) | 0x80;
}


static const person_t *
somebody(worker_t *w)
{
    return &w->load->people[next_random(w) % w->load->npeople];
}


/* An array of n elements of the same length; returns the first's length. */
static uint8_t *
param_array(worker_t *w, Oid element, int n, size_t len)
{
    uint8_t  *p = param(w, 20 + (size_t) n * (4 + len));

    put32(p, 1);
    put32(p + 4, 0);
    put32(p + 8, element);
    put32(p + 12, (uint32_t) n);
    put32(p + 16, 1);

    return p + 20;
}


static uint8_t *
element(uint8_t *p, const void *data, size_t len)
{
    put32(p, (uint32_t) len);
    if (data != NULL) {
        memcpy(p + 4, data, len);
    }

    return p + 4 + len;
}


static void
param_same(worker_t *w, Oid type, const void *data, size_t len)
{
    int       i, n = w->load->rows;
    uint8_t  *p = param_array(w, type, n, len);

    for (i = 0; i < n; i++) {
        p = element(p, data, len);
    }
}


static const char  role[] = "pupil", network[] = "192.0.2.0/24",
                   allowed[] = "allowed";


static void
uuid_text(const pupil_uuid_t *id, char *text)
{
    pupil_uuid_format(id, (uint8_t *) text);
    text[PUPIL_UUID_TEXT_LEN] = '\0';
}


/* $3 to $11 of a grouped insert: requests of different pupils. */
static void
params_group(worker_t *w)
{
    int              i, n = w->load->rows;
    char             text[PUPIL_UUID_TEXT_LEN + 3];
    uint8_t         *p;
    const person_t  *one[ROWS_MAX];

    for (i = 0; i < n; i++) {
        one[i] = somebody(w);
    }

    p = param_array(w, OID_UUID, n, 16);
    for (i = 0; i < n; i++) {
        random_uuid(w, p + 4);
        p = element(p, NULL, 16);
    }

    p = param_array(w, OID_UUID, n, 16);
    for (i = 0; i < n; i++) {
        p = element(p, one[i]->pupil.b, 16);
    }

    param_same(w, OID_TEXT, role, sizeof(role) - 1);

    p = param_array(w, OID_UUID, n, 16);
    for (i = 0; i < n; i++) {
        p = element(p, one[i]->institution.b, 16);
    }

    param_same(w, OID_TEXT, network, sizeof(network) - 1);
    param_same(w, OID_BYTEA, w->load->shape, 32);
    param_same(w, OID_BYTEA, w->load->policy, 32);
    param_same(w, OID_TEXT, allowed, sizeof(allowed) - 1);

    p = param_array(w, OID_TEXT, n, PUPIL_UUID_TEXT_LEN + 2);
    for (i = 0; i < n; i++) {
        text[0] = '{';
        uuid_text(&one[i]->teacher, text + 1);
        text[PUPIL_UUID_TEXT_LEN + 1] = '}';
        p = element(p, text, PUPIL_UUID_TEXT_LEN + 2);
    }
}


static void
params_page(worker_t *w)
{
    int64_t          now;
    struct timespec  ts;

    static const uint8_t  no = 0, none[16];

    clock_gettime(CLOCK_REALTIME, &ts);
    now = (ts.tv_sec - PG_EPOCH) * 1000000 + ts.tv_nsec / 1000;

    param_bytes(w, &no, 1);
    param_int64(w, now);
    param_int64(w, now);
    param_bytes(w, none, sizeof(none));
    put32(param(w, 4), 50);
    param_null(w);
}


static void
params_record(worker_t *w, const person_t *one)
{
    uint8_t  *p;

    param_bytes(w, allowed, sizeof(allowed) - 1);
    p = param_array(w, OID_UUID, 1, 16);
    (void) element(p, one->teacher.b, 16);
    param_null(w);
}


/* Sends one statement; request is its $3. */
static void
send_statement(worker_t *w, int i, const person_t *one,
    const uint8_t *request)
{
    char  name[16];

    w->n = 0;
    w->used = 0;
    param_int64(w, (int64_t) next_random(w));

    if (i == TENANT) {
        param_bytes(w, w->load->tenant_text, PUPIL_UUID_TEXT_LEN);

    } else if (i == GROUP) {
        param_bytes(w, w->load->tenant.b, 16);
        params_group(w);

    } else {
        param_bytes(w, w->load->tenant.b, 16);
        param_bytes(w, request, 16);
        param_bytes(w, one->pupil.b, 16);
        param_bytes(w, role, sizeof(role) - 1);
        param_bytes(w, one->institution.b, 16);
        param_bytes(w, network, sizeof(network) - 1);

        if (i == EVIDENCE) {
            param_null(w);

        } else if (i == RECORD) {
            params_record(w, one);

        } else {
            params_page(w);
        }
    }

    snprintf(name, sizeof(name), "s%d", i);

    if (!PQsendQueryPrepared(w->pg, name, w->n, w->values, w->lengths,
                             w->formats, 1))
    {
        bench_die("send: %s", PQerrorMessage(w->pg));
    }
}


/* Reads up to the Sync's result; dies of an error. */
static void
await_sync(worker_t *w)
{
    PGresult        *res;
    ExecStatusType   status;

    for ( ;; ) {
        res = PQgetResult(w->pg);
        if (res == NULL) {
            if (PQstatus(w->pg) != CONNECTION_OK) {
                bench_die("connection: %s", PQerrorMessage(w->pg));
            }
            continue;
        }

        status = PQresultStatus(res);
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            return;
        }

        if (status != PGRES_TUPLES_OK) {
            bench_die("result: %s", PQresultErrorMessage(res));
        }

        PQclear(res);
    }
}


static void *
work(void *data)
{
    int              s, i, st;
    uint8_t          request[16];
    worker_t        *w = data;
    const form_t    *form = w->load->form;
    const person_t  *one;

    while (!atomic_load(&stop)) {
        one = somebody(w);
        random_uuid(w, request);

        for (s = 0; form->syncs[s][0] >= 0; s++) {
            for (i = 0; (st = form->syncs[s][i]) >= 0; i++) {
                send_statement(w, st, one, request);
            }

            if (!PQpipelineSync(w->pg)) {
                bench_die("sync: %s", PQerrorMessage(w->pg));
            }

            await_sync(w);
        }

        atomic_fetch_add(&w->done, (unsigned long) w->load->rows);
    }

    return NULL;
}


/* Setting up */

static void
statement_take(load_t *load, int i, const pupil_statement_t *from)
{
    statement_t  *s = &load->statements[i];
    uint32_t      n, oids[PUPIL_STATEMENT_COMMON + PUPIL_STATEMENT_PARAMS];

    n = pupil_statement_oids(from, oids);
    s->sql = (const char *) from->sql.data;
    s->nparams = (int) n;

    while (n--) {
        s->types[n] = oids[n];
    }
}


static void
statements_compose(load_t *load, char **files, int count)
{
    size_t             i;
    bench_policy_t     policy;
    pupil_template_t   carrying;
    pupil_statement_t  list, other;

    static const Oid  group[] = {
        OID_INT8, OID_UUID, OID_UUIDS, OID_UUIDS, OID_TEXTS, OID_UUIDS,
        OID_TEXTS, OID_BYTEAS, OID_BYTEAS, OID_TEXTS, OID_TEXTS
    };

    bench_policy_load(&policy, files, count);

    bench_compose(&policy,
                  &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST], &list);
    statement_take(load, READ, &list);

    /* The same, with the record as writes carry it. */
    carrying = pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST];
    carrying.sql = pupil_homework_templates[PUPIL_HOMEWORK_WRITTEN].sql;
    bench_compose(&policy, &carrying, &other);
    statement_take(load, LIST, &other);

    bench_compose_record(&policy,
                  &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST],
                  &other);
    statement_take(load, RECORD, &other);

    bench_compose(&policy, &pupil_homework_templates[PUPIL_HOMEWORK_EVIDENCE],
                  &other);
    statement_take(load, EVIDENCE, &other);

    bench_compose(&policy,
                  &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_PROGRESS],
                  &other);
    statement_take(load, PROGRESS, &other);

    load->statements[TENANT] =
        (statement_t){ tenant_sql, 2, { OID_INT8, OID_TEXT } };
    load->statements[GROUP].sql = group_sql;
    load->statements[GROUP].nparams = PUPIL_COUNT(group);

    for (i = 0; i < PUPIL_COUNT(group); i++) {
        load->statements[GROUP].types[i] = group[i];
    }

    memcpy(load->shape, list.shape, 32);
    memcpy(load->policy, policy.hash, 32);
}


static void
people_read(load_t *load, const char *path)
{
    char       a[37], b[37], c[37];
    FILE      *in;
    person_t  *one;

    in = fopen(path, "r");
    if (in == NULL) {
        bench_die("cannot read %s", path);
    }

    while (fscanf(in, "%36s %36s %36s", a, b, c) == 3) {
        load->people = realloc(load->people,
                               (load->npeople + 1) * sizeof(person_t));
        if (load->people == NULL) {
            bench_die("no memory");
        }

        one = &load->people[load->npeople++];

        if (pupil_uuid_parse((uint8_t *) a, 36, &one->pupil) != PUPIL_OK
            || pupil_uuid_parse((uint8_t *) b, 36, &one->institution)
               != PUPIL_OK
            || pupil_uuid_parse((uint8_t *) c, 36, &one->teacher) != PUPIL_OK)
        {
            bench_die("no UUID in %s", path);
        }
    }

    fclose(in);

    if (load->npeople == 0) {
        bench_die("%s is empty", path);
    }
}


static void
form_find(load_t *load, const char *text)
{
    size_t         len = strcspn(text, ":");
    const form_t  *f;

    load->rows = text[len] == ':' ? atoi(text + len + 1) : 1;

    if (load->rows < 1 || load->rows > ROWS_MAX) {
        bench_die("rows: 1 to %d", ROWS_MAX);
    }

    for (f = forms; f->name != NULL; f++) {
        if (strlen(f->name) == len && strncmp(f->name, text, len) == 0) {
            load->form = f;
            return;
        }
    }

    bench_die("no form %s", text);
}


static void
pids_read(load_t *load, char *text)
{
    char  *p;

    for (p = strtok(text, ","); p != NULL && load->npids < THREADS;
         p = strtok(NULL, ","))
    {
        load->pids[load->npids++] = atoi(p);
    }
}


static PGconn *
connect_to(const char *conninfo)
{
    PGconn  *pg = PQconnectdb(conninfo);

    if (PQstatus(pg) != CONNECTION_OK) {
        bench_die("connect: %s", PQerrorMessage(pg));
    }

    return pg;
}


static void
run_sql(PGconn *pg, const char *sql)
{
    PGresult  *res = PQexec(pg, sql);

    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        bench_die("%s: %s", sql, PQerrorMessage(pg));
    }

    PQclear(res);
}


static void
worker_connect(const load_t *load, worker_t *w, int number)
{
    int                 s, i, st;
    char                name[16];
    PGresult           *res;
    const statement_t  *from;

    w->load = load;
    w->pg = connect_to(load->conninfo);
    randombytes_buf(&w->random, sizeof(w->random));
    w->random |= 1;
    w->bytes = malloc(65536 + ROWS_MAX * 512);

    if (w->bytes == NULL) {
        bench_die("no memory for worker %d", number);
    }

    run_sql(w->pg, "SET plan_cache_mode = force_generic_plan");

    for (s = 0; load->form->syncs[s][0] >= 0; s++) {
        for (i = 0; (st = load->form->syncs[s][i]) >= 0; i++) {
            if (s > 0 && st == TENANT) {
                continue;
            }

            from = &load->statements[st];
            snprintf(name, sizeof(name), "s%d", st);
            res = PQprepare(w->pg, name, from->sql, from->nparams,
                            from->types);
            if (PQresultStatus(res) != PGRES_COMMAND_OK) {
                bench_die("prepare: %s", PQresultErrorMessage(res));
            }
            PQclear(res);
        }
    }

    if (!PQenterPipelineMode(w->pg)) {
        bench_die("no pipeline mode");
    }
}


/* Measuring */

static uint64_t
process_ns(pid_t pid)
{
    char      path[64];
    FILE     *in;
    uint64_t  ns = 0;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int) pid);

    in = fopen(path, "r");
    if (in == NULL || fscanf(in, "%lu", &ns) != 1) {
        bench_die("cannot read %s", path);
    }
    fclose(in);

    return ns;
}


static void
machine_ticks(moment_t *m)
{
    int       i;
    FILE     *in;
    uint64_t  t[8] = { 0 };

    in = fopen("/proc/stat", "r");
    if (in == NULL
        || fscanf(in, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &t[0], &t[1],
                  &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
    {
        bench_die("cannot read /proc/stat");
    }
    fclose(in);

    for (i = 0, m->all = 0; i < 8; i++) {
        m->all += t[i];
    }

    m->busy = m->all - t[3] - t[4];
}


static int64_t
wal_position(PGconn *control)
{
    int64_t    at;
    PGresult  *res;

    res = PQexec(control, "SELECT pg_current_wal_insert_lsn() - '0/0'");
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        bench_die("control: %s", PQerrorMessage(control));
    }

    at = atoll(PQgetvalue(res, 0, 0));
    PQclear(res);

    return at;
}


static void
moment(const load_t *load, worker_t *workers, PGconn *control, moment_t *m)
{
    int              i;
    struct rusage    own;
    struct timespec  ts;

    memset(m, 0, sizeof(*m));
    m->wal = wal_position(control);

    for (i = 0; i < load->connections; i++) {
        m->backends += process_ns(PQbackendPID(workers[i].pg));
        m->done += atomic_load(&workers[i].done);
    }

    for (i = 0; i < load->npids; i++) {
        m->others += process_ns(load->pids[i]);
    }

    clock_gettime(CLOCK_MONOTONIC, &ts);
    m->at = (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;

    getrusage(RUSAGE_SELF, &own);
    m->own = (uint64_t) (own.ru_utime.tv_sec + own.ru_stime.tv_sec)
             * 1000000000
             + (uint64_t) (own.ru_utime.tv_usec + own.ru_stime.tv_usec) * 1000;
    machine_ticks(m);
}


static void
pause_for(double seconds)
{
    struct timespec  ts;

    ts.tv_sec = (time_t) seconds;
    ts.tv_nsec = (long) ((seconds - (double) ts.tv_sec) * 1e9);
    nanosleep(&ts, NULL);
}


static void
report(const load_t *load, const moment_t *a, const moment_t *b,
    unsigned long total)
{
    double  ticks, busy, ours;

    ticks = (double) (b->all - a->all);
    busy = (double) (b->busy - a->busy);
    ours = (double) (b->backends - a->backends + b->others - a->others
                     + b->own - a->own)
           / 1e9 * (double) sysconf(_SC_CLK_TCK);

    printf("{\"form\":\"%s\",\"rows\":%d,\"connections\":%d,"
           "\"seconds\":%.6f,\"requests\":%lu,\"total\":%lu,"
           "\"backend_ns\":%lu,\"other_ns\":%lu,\"wal_bytes\":%ld,"
           "\"foreign\":%.4f}\n",
           load->form->name, load->rows, load->connections, b->at - a->at,
           b->done - a->done, total, b->backends - a->backends,
           b->others - a->others, b->wal - a->wal,
           ticks > 0 && busy > ours ? (busy - ours) / ticks : 0.0);
}


static void
run(const load_t *load)
{
    int              i;
    PGconn          *control;
    moment_t         a, b;
    unsigned long    total;

    static worker_t  workers[THREADS];

    control = connect_to(load->control);

    for (i = 0; i < load->connections; i++) {
        worker_connect(load, &workers[i], i);
    }

    for (i = 0; i < load->connections; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            bench_die("no thread");
        }
    }

    pause_for(load->warm);
    moment(load, workers, control, &a);
    pause_for(load->seconds);
    moment(load, workers, control, &b);
    atomic_store(&stop, 1);

    for (i = 0, total = 0; i < load->connections; i++) {
        pthread_join(workers[i].thread, NULL);
        total += atomic_load(&workers[i].done);
        PQfinish(workers[i].pg);
    }

    PQfinish(control);
    report(load, &a, &b, total);
}


int
main(int argc, char **argv)
{
    int     c;
    load_t  load = { .connections = 1, .warm = 0.2, .seconds = 1 };

    static const struct option  options[] = {
        { "conninfo", required_argument, NULL, 'c' },
        { "control", required_argument, NULL, 'k' },
        { "tenant", required_argument, NULL, 't' },
        { "people", required_argument, NULL, 'p' },
        { "form", required_argument, NULL, 'f' },
        { "connections", required_argument, NULL, 'n' },
        { "warm", required_argument, NULL, 'w' },
        { "seconds", required_argument, NULL, 's' },
        { "pids", required_argument, NULL, 'i' },
        { NULL, 0, NULL, 0 }
    };

    if (sodium_init() < 0) {
        bench_die("libsodium does not start");
    }

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            load.conninfo = optarg;
            break;
        case 'k':
            load.control = optarg;
            break;
        case 't':
            snprintf(load.tenant_text, sizeof(load.tenant_text), "%s", optarg);
            break;
        case 'p':
            people_read(&load, optarg);
            break;
        case 'f':
            form_find(&load, optarg);
            break;
        case 'n':
            load.connections = atoi(optarg);
            break;
        case 'w':
            load.warm = atof(optarg);
            break;
        case 's':
            load.seconds = atof(optarg);
            break;
        case 'i':
            pids_read(&load, optarg);
            break;
        default:
            return 2;
        }
    }

    if (load.conninfo == NULL || load.control == NULL || load.form == NULL
        || load.people == NULL || optind == argc || load.connections < 1
        || load.connections > THREADS
        || pupil_uuid_parse((uint8_t *) load.tenant_text,
                            strlen(load.tenant_text), &load.tenant)
           != PUPIL_OK)
    {
        bench_die("usage: see the head of sql_load.c");
    }

    statements_compose(&load, argv + optind, argc - optind);
    run(&load);

    return 0;
}

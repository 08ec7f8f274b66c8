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
 *     composed     the statements of a homework fetch as Pupil runs them, the
 *                  audit record in the one that reads, in one transaction
 *     read         the full join, without the audit record
 *     naive        the same, then the record in a transaction of its own
 *     insert:N     N audit records in one transaction
 *
 * Prints one line of JSON.  CPU time is the scheduler's account of the
 * backends, and of the processes that --pids names.
 */

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "sql_load.h"
#include "core/base/text.h"
#include "core/endpoints/database.h"
#include "core/endpoints/homework.h"


typedef struct {
    uint64_t  backends, others, own;    /* ns of CPU */
    double    busy, all;                /* ticks of all processors */
    unsigned long  done;
    double    at;
    int64_t   wal;
} moment_t;


static const form_t  forms[] = {
    { "composed", { { FETCH, FETCH + 1, -1 }, { -1 } } },
    { "read", { { EVIDENCE, PROGRESS, READ, -1 }, { -1 } } },
    { "naive", { { EVIDENCE, PROGRESS, READ, -1 }, { RECORD, -1 }, { -1 } } },
    { "insert", { { GROUP, -1 }, { -1 } } },
    { NULL, { { -1 } } }
};

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


static void *
work(void *data)
{
    int              s, i, st;
    uint8_t          request[16];
    worker_t        *w = data;
    const form_t    *form = w->load->form;
    const person_t  *one;

    while (!atomic_load(&stop)) {
        one = bench_somebody(w);
        bench_uuid(w, request);

        for (s = 0; form->syncs[s][0] >= 0; s++) {
            for (i = 0; (st = form->syncs[s][i]) >= 0; i++) {
                bench_send(w, st, one, request);
            }

            if (!PQpipelineSync(w->pg)) {
                bench_die("sync: %s", PQerrorMessage(w->pg));
            }

            bench_await(w);
        }

        atomic_fetch_add(&w->done, (unsigned long) w->load->rows);
    }

    return NULL;
}


/* Setting up */

static void
statement_take(load_t *load, int i, const pupil_statement_t *from,
    bench_params_t params)
{
    statement_t  *s = &load->statements[i];
    uint32_t      n, oids[PUPIL_STATEMENT_ALL];

    n = pupil_statement_oids(from, oids);
    s->sql = (const char *) from->sql.data;
    s->params = params;
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
    pupil_statement_t  list, other;

    static const Oid  group[] = {
        OID_INT8, OID_UUID, OID_UUIDS, OID_UUIDS, OID_TEXTS, OID_UUIDS,
        OID_TEXTS, OID_BYTEAS, OID_BYTEAS, OID_TEXTS, OID_TEXTS
    };

    bench_policy_load(&policy, files, count);

    for (i = 0; i < BENCH_FETCH; i++) {
        bench_compose_step(&policy, &bench_fetch[i], &other);
        statement_take(load, FETCH + (int) i, &other, bench_fetch[i].params);
    }

    bench_compose(&policy,
                  &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST], &list);
    statement_take(load, READ, &list, BENCH_PARAMS_PAGE);

    bench_compose_record(&policy,
                  &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST],
                  &other);
    statement_take(load, RECORD, &other, BENCH_PARAMS_NO_ID);

    bench_compose(&policy, &pupil_homework_templates[PUPIL_HOMEWORK_EVIDENCE],
                  &other);
    statement_take(load, EVIDENCE, &other, BENCH_PARAMS_NO_ID);

    bench_compose(&policy,
                  &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_PROGRESS],
                  &other);
    statement_take(load, PROGRESS, &other, BENCH_PARAMS_PAGE);

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
    char                name[16], tenant[80], day[40];
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

    run_sql(w->pg, pupil_session_sql);
    snprintf(tenant, sizeof(tenant), "SET pupil.tenant = '%s'",
             load->tenant_text);
    run_sql(w->pg, tenant);
    snprintf(day, sizeof(day), "SET pupil.day = '%ld'",
             (long) (time(NULL) / 86400));
    run_sql(w->pg, day);

    for (s = 0; load->form->syncs[s][0] >= 0; s++) {
        for (i = 0; (st = load->form->syncs[s][i]) >= 0; i++) {
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
        m->backends += bench_process_ns(PQbackendPID(workers[i].pg));
        m->done += atomic_load(&workers[i].done);
    }

    for (i = 0; i < load->npids; i++) {
        m->others += bench_process_ns(load->pids[i]);
    }

    clock_gettime(CLOCK_MONOTONIC, &ts);
    m->at = (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;

    getrusage(RUSAGE_SELF, &own);
    m->own = (uint64_t) (own.ru_utime.tv_sec + own.ru_stime.tv_sec)
             * 1000000000
             + (uint64_t) (own.ru_utime.tv_usec + own.ru_stime.tv_usec) * 1000;
    bench_machine_ticks(&m->busy, &m->all);
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

    ticks = b->all - a->all;
    busy = b->busy - a->busy;
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

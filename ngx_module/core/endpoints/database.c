/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <string.h>

#include "core/audit/audit.h"
#include "core/base/text.h"
#include "core/endpoints/database.h"
#include "core/endpoints/endpoint_sql.h"


#define PUPIL_PARTITIONS                                                      \
    "extract(epoch FROM pupil.audit_covered_until())::bigint"


/* Seconds; a time that is not yet says nothing, and is long ago (I9). */
#define PUPIL_LAG(since)                                                      \
    "extract(epoch FROM clock_timestamp() - CASE"                             \
    " WHEN " since " > clock_timestamp() + interval '1 minute'"               \
    " THEN timestamptz 'epoch' ELSE least(" since ", clock_timestamp())"      \
    " END)::bigint"


static const char  pupil_audit_probe_sql[] =
    "SELECT $1::bigint, " PUPIL_PARTITIONS ", pupil.audit_probe("
    PUPIL_SQL_AT("$2") ")";

static const char  pupil_audit_end_sql[] =
    "SELECT $1::bigint, e.closed, EXISTS (SELECT FROM pupil.ledger AS l"
    " WHERE l.tenant = $2 AND l.kind <> 'erasure')"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.audit_end AS e ON e.tenant = $2";

static const char  pupil_tenant_keys_sql[] =
    "SELECT $1::bigint, k.version, k.epoch, k.wrapped, coalesce(h.holes, 0),"
    " (m.tenant IS NOT NULL)::integer, d.day, d.begins, d.ends,"
    " coalesce(z.zone, 'UTC')"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN keystore.tenant_key AS k ON k.tenant = $2"
    " LEFT JOIN keystore.hole_count AS h ON h.tenant = $2"
    " LEFT JOIN keystore.moved AS m ON m.tenant = $2"
    " LEFT JOIN keystore.zone AS z ON z.tenant = $2"
    " CROSS JOIN keystore.zone_day(coalesce(z.zone, 'UTC'), $3) AS d"
    " ORDER BY k.version";

static const char  pupil_service_keys_sql[] =
    "SELECT $1::bigint, s.name, s.tenant_version, s.wrapped"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN keystore.service_key AS s ON s.tenant = $2";

/*
 * The second is sent with the first, and must do nothing after a first that
 * failed: the key store would count a ticket that nobody has made, which is
 * what a thief's looks like.  So the session keeps the ticket, by a setting
 * that goes with the transaction that asked if that is rolled back.
 */
static const char  pupil_owner_keys_ask_sql[] =
    "SELECT $1::bigint, a.refused, (a.share * 100)::integer"
    " FROM keystore.ask_owner_keys($2, $3) AS a"
    " CROSS JOIN set_config('pupil.ticket', $2::text, false) AS t";

static const char  pupil_owner_keys_sql[] =
    "SELECT $1::bigint, k.owner, k.state, k.version, k.tenant_version,"
    " k.wrapped, CASE WHEN t.ticket IS NULL THEN 'ticket' ELSE k.refused END,"
    " coalesce(f.authority, 0) FROM " PUPIL_SQL_ONE
    " LEFT JOIN ("
    PUPIL_SQL_EACH("SELECT $2::uuid AS ticket"
                   " WHERE current_setting('pupil.ticket', true) = $2::text")
    " AS t LEFT JOIN (keystore.fetch_owner_keys(t.ticket, $3) AS k LEFT JOIN "
    PUPIL_SQL_EACH("SELECT f.authority FROM keystore.floor AS f"
                   " WHERE f.subject = k.owner")
    " AS f ON true) ON true) ON true";

static const char  pupil_floors_sql[] =
    "SELECT $1::bigint, coalesce(f.session, 0), coalesce(f.credential, 0),"
    " coalesce(f.authority, 0), EXISTS (SELECT FROM keystore.ended AS e"
    " WHERE e.tenant = $2 AND e.token_hash = $4)::integer,"
    " coalesce(k.state, 'absent'), coalesce(f.token, 0),"
    " coalesce(f.address, 0)"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN keystore.floor AS f ON f.tenant = $2 AND f.subject = $3"
    " LEFT JOIN keystore.owner_key AS k ON k.tenant = $2 AND k.owner = $3";

static const char  pupil_report_sql[] =
    "SELECT $1::bigint, keystore.report($2, $3, $4, $5)::text";

/* In one order, so that two of these wait and do not lock up. */
static const char  pupil_end_sessions_sql[] =
    "SELECT $1::bigint, (SELECT string_agg(keystore.end_session(h.hash, $3)"
    "::text, '') FROM (SELECT u.hash FROM unnest($2) AS u (hash)"
    " ORDER BY u.hash) AS h)";

static const char  pupil_sessions_sql[] =
    "SELECT $1::bigint, coalesce(f.session, 0), e.token_hash,"
    " coalesce(k.state, 'absent')"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN keystore.floor AS f ON f.tenant = $2 AND f.subject = $3"
    " LEFT JOIN keystore.owner_key AS k ON k.tenant = $2 AND k.owner = $3"
    " LEFT JOIN keystore.ended AS e ON e.tenant = $2"
    " AND e.token_hash = ANY ($4)";

static const char  pupil_redeem_sql[] =
    "SELECT $1::bigint, keystore.redeem($2, $3, $4, $5, $6)";

static const char  pupil_spend_sql[] =
    "SELECT $1::bigint, keystore.spend($2, $3, $4)";

static const char  pupil_unspend_sql[] =
    "SELECT $1::bigint, keystore.unspend($2, $3)::text";

static const char  pupil_own_give_sql[] =
    "SELECT $1::bigint, n.session, n.credential,"
    " CASE WHEN n.session IS NULL THEN keystore.own_after($2) END"
    " FROM " PUPIL_SQL_ONE " LEFT JOIN keystore.give_own($2) AS n ON true";

static const char  pupil_own_raise_sql[] =
    "SELECT $1::bigint, keystore.raise_own($2, $3, $4)";

/*
 * One row each, whose mark is NULL where there is none.  What else a database
 * is asked each second comes with it.
 */
static const char  pupil_mark_data_sql[] =
    "SELECT $1::bigint, m.copied, " PUPIL_LAG("z.until") ","
    " CASE WHEN z.ships THEN coalesce(" PUPIL_LAG("u.since") ", 0) END,"
    " u.tenant, CASE WHEN r.oldest IS NOT NULL THEN " PUPIL_LAG("r.oldest")
    " END, r.held FROM " PUPIL_SQL_ONE
    " LEFT JOIN pupil.mark AS m ON m.one"
    " LEFT JOIN pupil.sealer AS z ON z.one"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT w.tenant, w.since"
        " FROM pupil.unshipped AS w ORDER BY w.since LIMIT 1")
    " AS u ON true"
    " LEFT JOIN pupil.rosters() AS r ON true";

static const char  pupil_mark_keys_sql[] =
    "SELECT $1::bigint, m.entered, m.destroyed, h.tenants, h.holes"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN keystore.mark AS m ON m.one"
    " LEFT JOIN " PUPIL_SQL_EACH("SELECT coalesce(string_agg(uuid_send("
        "c.tenant), ''), '') AS tenants, coalesce(sum(c.holes), 0)::bigint"
        " AS holes FROM keystore.hole_count AS c WHERE c.holes > 0")
    " AS h ON true";

static const uint8_t  pupil_params_none[] = {
    PUPIL_PARAM_INT8
};

static const uint8_t  pupil_params_probe[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_TIMESTAMPTZ
};

static const uint8_t  pupil_params_uuid[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID
};

static const uint8_t  pupil_params_tenant_keys[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ
};

static const uint8_t  pupil_params_ticket[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID_ARRAY
};

static const uint8_t  pupil_params_floors[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA
};

static const uint8_t  pupil_params_report[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_TEXT, PUPIL_PARAM_INT4,
    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_TEXT
};

static const uint8_t  pupil_params_end_sessions[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_TIMESTAMPTZ
};

static const uint8_t  pupil_params_spend[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_TIMESTAMPTZ,
    PUPIL_PARAM_BYTEA
};

static const uint8_t  pupil_params_unspend[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_BYTEA_ARRAY, PUPIL_PARAM_BYTEA
};

static const uint8_t  pupil_params_sessions[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID,
    PUPIL_PARAM_BYTEA_ARRAY
};

static const uint8_t  pupil_params_redeem[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4, PUPIL_PARAM_BYTEA,
    PUPIL_PARAM_BYTEA, PUPIL_PARAM_TIMESTAMPTZ
};

static const uint8_t  pupil_params_own_raise[] = {
    PUPIL_PARAM_INT8, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4, PUPIL_PARAM_INT4
};


const pupil_database_t  pupil_databases[PUPIL_DATABASE_COUNT] = {
    [PUPIL_DATABASE_DATA] = { .name = "data database", .schema = 147 },
    [PUPIL_DATABASE_KEYSTORE] = { .name = "key store", .schema = 143 }
};

/*
 * First of all, and whatever role and database are set to, names mean
 * PostgreSQL's own: an operator "=" of somebody's schema would decide whose a
 * row is (invariant I20, pitfall 39).  Whatever is ours is written with its
 * schema.
 *
 * Each statement is planned once, for any parameters, as index walks inside
 * one another.  Plans that pay off only over many rows are off: whether they
 * are chosen depends on what PostgreSQL believes of the sizes.  Bitmap scans
 * stay, as an OR of two conditions on indexes needs one.
 */
const char  pupil_session_sql[] =
    "SET search_path = pg_catalog, pg_temp;"
    "SET plan_cache_mode = force_generic_plan;"
    "SET enable_seqscan = off;"
    "SET enable_hashjoin = off;"
    "SET enable_mergejoin = off;"
    "SET enable_material = off;"
    "SET enable_memoize = off;"
    "SET max_parallel_workers_per_gather = 0;"
    "SET jit = off";

const char  pupil_schema_sql[] =
    "SELECT coalesce(max(number), 0), coalesce(max(compatible_from), 0)"
    " FROM public.pupil_migration";

const char  pupil_system_sql[] =
    "SELECT system_identifier FROM pg_catalog.pg_control_system()";

const char  pupil_epochs_sql[] =
    "SELECT epoch, encode(fingerprint, 'hex') FROM keystore.kek_epoch"
    " WHERE retired_at IS NULL ORDER BY epoch";

/* A name has 63 bytes: what stands in front gives way. */
const char  pupil_epochs_told_sql[] =
    "SELECT set_config('application_name', concat(left(current_setting("
    "'application_name'), 24), ' epochs=', $1::text), false)";

const char  pupil_epochs_lacking_sql[] =
    "SELECT (SELECT count(*)::integer FROM pg_stat_activity AS a"
    " CROSS JOIN LATERAL (SELECT substring(a.application_name"
    " FROM ' epochs=([0-9,]+)$') AS epochs) AS e"
    " WHERE a.datname = current_database() AND a.usename = 'pupil_keeper'"
    " AND NOT $1::text = ANY (string_to_array(e.epochs, ','))), w.count,"
    " coalesce(w.first, '') FROM (SELECT count(*)::integer,"
    " min(concat('worker ', w.slot, ' of ', w.host)) AS first"
    " FROM keystore.worker AS w"
    " WHERE w.seen_at > now() - interval '5 minutes'"
    " AND NOT $1::text::integer = ANY (w.epochs)) AS w";

const char  pupil_accepted_sql[] =
    "SELECT coalesce(string_agg(concat_ws(' ', p.category, g.field,"
    " g.operation, g.purpose, g.relation,"
    " CASE WHEN g.projected THEN 'projected' END) || chr(10), ''"
    " ORDER BY p.category, g.field, g.operation, g.purpose, g.relation), '')"
    " FROM pupil.plugin AS p, jsonb_to_recordset(p.grants) AS g (field text,"
    " operation text, purpose text, relation text, projected boolean)";

const char *const  pupil_mark_sql[PUPIL_DATABASE_COUNT] = {
    [PUPIL_DATABASE_DATA] = "SELECT copied FROM pupil.mark",
    [PUPIL_DATABASE_KEYSTORE] = "SELECT entered, destroyed FROM keystore.mark"
};

const char  pupil_partitions_sql[] =
    "SELECT coalesce(" PUPIL_PARTITIONS ", 0)";

const pupil_fixed_t  pupil_fixed[PUPIL_FIXED_COUNT] = {

    [PUPIL_FIXED_AUDIT_GROUP] = {
        .name = "audit_group",
        .database = PUPIL_DATABASE_DATA,
        .sql = pupil_audit_group_sql,
        .params = pupil_audit_group_params,
        .params_count = PUPIL_AUDIT_GROUP_PARAMS,
        .columns = PUPIL_AG_COLUMNS
    },

    [PUPIL_FIXED_AUDIT_PROBE] = {
        .name = "audit_probe",
        .database = PUPIL_DATABASE_DATA,
        .sql = pupil_audit_probe_sql,
        .params = pupil_params_probe,
        .params_count = PUPIL_COUNT(pupil_params_probe),
        .columns = PUPIL_AP_COLUMNS
    },

    [PUPIL_FIXED_AUDIT_END] = {
        .name = "audit_end",
        .database = PUPIL_DATABASE_DATA,
        .sql = pupil_audit_end_sql,
        .params = pupil_params_uuid,
        .params_count = PUPIL_COUNT(pupil_params_uuid),
        .columns = PUPIL_AE_COLUMNS
    },

    [PUPIL_FIXED_TENANT_KEYS] = {
        .name = "tenant_keys",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_tenant_keys_sql,
        .params = pupil_params_tenant_keys,
        .params_count = PUPIL_COUNT(pupil_params_tenant_keys),
        .columns = PUPIL_KT_COLUMNS
    },

    [PUPIL_FIXED_SERVICE_KEYS] = {
        .name = "service_keys",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_service_keys_sql,
        .params = pupil_params_uuid,
        .params_count = PUPIL_COUNT(pupil_params_uuid),
        .columns = PUPIL_KS_COLUMNS
    },

    [PUPIL_FIXED_OWNER_KEYS_ASK] = {
        .name = "owner_keys_ask",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_owner_keys_ask_sql,
        .params = pupil_params_ticket,
        .params_count = PUPIL_COUNT(pupil_params_ticket),
        .columns = PUPIL_KA_COLUMNS
    },

    [PUPIL_FIXED_OWNER_KEYS] = {
        .name = "owner_keys",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_owner_keys_sql,
        .params = pupil_params_ticket,
        .params_count = PUPIL_COUNT(pupil_params_ticket),
        .columns = PUPIL_KO_COLUMNS
    },

    [PUPIL_FIXED_FLOORS] = {
        .name = "floors",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_floors_sql,
        .params = pupil_params_floors,
        .params_count = PUPIL_COUNT(pupil_params_floors),
        .columns = PUPIL_KF_COLUMNS
    },

    [PUPIL_FIXED_MARK_DATA] = {
        .name = "mark_data",
        .database = PUPIL_DATABASE_DATA,
        .sql = pupil_mark_data_sql,
        .params = pupil_params_none,
        .params_count = PUPIL_COUNT(pupil_params_none),
        .columns = PUPIL_DM_COLUMNS
    },

    [PUPIL_FIXED_MARK_KEYS] = {
        .name = "mark_keys",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_mark_keys_sql,
        .params = pupil_params_none,
        .params_count = PUPIL_COUNT(pupil_params_none),
        .columns = PUPIL_KM_COLUMNS
    },

    [PUPIL_FIXED_REPORT] = {
        .name = "report",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_report_sql,
        .params = pupil_params_report,
        .params_count = PUPIL_COUNT(pupil_params_report),
        .columns = 2
    },

    [PUPIL_FIXED_END_SESSIONS] = {
        .name = "end_sessions",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_end_sessions_sql,
        .params = pupil_params_end_sessions,
        .params_count = PUPIL_COUNT(pupil_params_end_sessions),
        .columns = 2
    },

    [PUPIL_FIXED_SESSIONS] = {
        .name = "sessions",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_sessions_sql,
        .params = pupil_params_sessions,
        .params_count = PUPIL_COUNT(pupil_params_sessions),
        .columns = PUPIL_KN_COLUMNS
    },

    [PUPIL_FIXED_OWN_GIVE] = {
        .name = "own_give",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_own_give_sql,
        .params = pupil_params_uuid,
        .params_count = PUPIL_COUNT(pupil_params_uuid),
        .columns = PUPIL_KG_COLUMNS
    },

    [PUPIL_FIXED_OWN_RAISE] = {
        .name = "own_raise",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_own_raise_sql,
        .params = pupil_params_own_raise,
        .params_count = PUPIL_COUNT(pupil_params_own_raise),
        .columns = PUPIL_KR_COLUMNS
    },

    [PUPIL_FIXED_REDEEM] = {
        .name = "redeem",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_redeem_sql,
        .params = pupil_params_redeem,
        .params_count = PUPIL_COUNT(pupil_params_redeem),
        .columns = PUPIL_KU_COLUMNS
    },

    [PUPIL_FIXED_SPEND] = {
        .name = "spend",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_spend_sql,
        .params = pupil_params_spend,
        .params_count = PUPIL_COUNT(pupil_params_spend),
        .columns = PUPIL_KX_COLUMNS
    },

    [PUPIL_FIXED_UNSPEND] = {
        .name = "unspend",
        .database = PUPIL_DATABASE_KEYSTORE,
        .sql = pupil_unspend_sql,
        .params = pupil_params_unspend,
        .params_count = PUPIL_COUNT(pupil_params_unspend),
        .columns = 2
    }
};


uint32_t
pupil_fixed_oids(const pupil_fixed_t *fixed,
    uint32_t oids[PUPIL_STATEMENT_PARAMS])
{
    uint32_t  i;

    for (i = 0; i < fixed->params_count; i++) {
        oids[i] = pupil_param_oid(fixed->params[i]);
    }

    return fixed->params_count;
}


pupil_rc_t
pupil_schema_fits(pupil_database_id_t database, int64_t number,
    int64_t compatible, pupil_error_t *error)
{
    const pupil_database_t  *d;

    d = &pupil_databases[database];

    if (number < d->schema) {
        return pupil_error_set(error, "the schema of the %s is at migration"
                               " %" PRId64 ", and this program needs %d: run"
                               " pupilctl migrate", d->name, number,
                               d->schema);
    }

    if (compatible > d->schema) {
        return pupil_error_set(error, "the schema of the %s is at migration"
                               " %" PRId64 ", which needs a program that"
                               " knows %" PRId64 ", and this one knows %d:"
                               " upgrade Pupil", d->name, number, compatible,
                               d->schema);
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_systems_fit(uint64_t data, uint64_t keystore, pupil_error_t *error)
{
    if (data != 0 && data == keystore) {
        return pupil_error_set(error, "data and key store are in the same"
                               " cluster, and so in the same backups: give"
                               " pupil_keystore a cluster of its own, or say"
                               " same_cluster there if this is a trial");
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_mark_there(pupil_database_id_t database, int rows, pupil_error_t *error)
{
    static const char *const  tables[PUPIL_DATABASE_COUNT] = {
        [PUPIL_DATABASE_DATA] = "pupil.mark",
        [PUPIL_DATABASE_KEYSTORE] = "keystore.mark"
    };

    if (rows != 1) {
        return pupil_error_set(error, "the mark of the %s, %s, has no row that"
                               " this role sees: somebody took it away, or"
                               " hid it by row-level security: put it back as"
                               " it was", pupil_databases[database].name,
                               tables[database]);
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_copy_fits(int64_t copied, int64_t destroyed, pupil_error_t *error)
{
    if (copied < destroyed) {
        return pupil_error_set(error, "the data database was restored from a"
                               " backup that is older than an erasure: it has"
                               " %" PRId64 " of %" PRId64 " entries of the"
                               " erasure ledger: run pupilctl restore replay",
                               copied, destroyed);
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_ledger_fits(int64_t entered, int64_t known, pupil_error_t *error)
{
    if (entered < known) {
        return pupil_error_set(error, "the key store was restored from a"
                               " backup that is older than an erasure: it has"
                               " %" PRId64 " of %" PRId64 " entries of the"
                               " erasure ledger: restore it from one that is"
                               " newer, or run pupilctl restore replay",
                               entered, known);
    }

    return PUPIL_OK;
}


void
pupil_epochs_known(const pupil_kek_t *keks, uint32_t count,
    pupil_epoch_t *epochs)
{
    uint32_t  i;

    for (i = 0; i < count; i++) {
        epochs[i].epoch = keks[i].epoch;
        pupil_kek_fingerprint(&keks[i].key, epochs[i].fingerprint);
    }
}


pupil_rc_t
pupil_epoch_fits(const pupil_epoch_t *known, uint32_t count, int64_t epoch,
    pupil_str_t fingerprint, pupil_error_t *error)
{
    size_t    len;
    uint8_t   stored[PUPIL_HASH_LEN];
    uint32_t  i;

    for (i = 0; i < count && known[i].epoch != epoch; i++) {
        /* void */
    }

    if (i == count) {
        (void) pupil_error_set(error, "the key store is at epoch %" PRId64
                               ", which the file of pupil_master_key does not"
                               " have: copy the newest key file to this host"
                               " and reload", epoch);

        return count != 0 && epoch > known[count - 1].epoch ? PUPIL_NO_KEY
                                                            : PUPIL_INVALID;
    }

    if (pupil_hex_decode(fingerprint.data, fingerprint.len, stored,
                         sizeof(stored), &len) != PUPIL_OK
        || len != sizeof(stored)
        || memcmp(stored, known[i].fingerprint, sizeof(stored)) != 0)
    {
        return pupil_error_set(error, "epoch %" PRId64 " in the file of"
                               " pupil_master_key is not the key of this key"
                               " store: the file belongs to another"
                               " installation", epoch);
    }

    return PUPIL_OK;
}

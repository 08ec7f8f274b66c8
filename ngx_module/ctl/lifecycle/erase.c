/*
 * Copyright (C) the Pupil authors
 *
 * The order is what makes it safe to be killed anywhere:
 *
 *     the ledger       in the key store, which gives the number: from here on
 *                      it will happen, whoever goes on with it; and by which
 *                      id the school's system knows them
 *     the fence        a transaction of the data database: a copy of the entry,
 *                      state erased, account closed, sessions and all that
 *                      authorises revoked, what is to be deleted
 *     the file         with --ledger: the entry, signed, mirrored, on the disk
 *     the key          destroyed, which all workers are told
 *     the rows         of each table in a transaction, with its record
 *
 * A copy is there before the key is gone: so a data database that lacks the
 * entry of somebody whose key is destroyed is one that was restored (I8).
 */

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/parts.h"
#include "ctl/lifecycle/receipt.h"
#include "ctl/lifecycle/tenant_erase.h"
#include "ctl/store/floors.h"
#include "ctl/store/hold.h"
#include "ctl/store/keys.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/marks.h"
#include "ctl/store/numbers.h"
#include "ctl/store/plugins.h"
#include "ctl/store/promises.h"
#include "ctl/store/subject.h"
#include "ctl/store/turn.h"
#include "ctl/store/whom.h"


static int erase_ready(ctl_t *ctl, ctl_whom_t *whom);
static int marks_ready(ctl_t *ctl);
static int source_keep(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int fence(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int fence_numbers(ctl_t *ctl, const pupil_uuid_t *subject,
    pupil_floors_t *to);
static int fence_write(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const pupil_floors_t *to);
static int fence_source(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int fence_subject(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *source, const pupil_floors_t *to);
static int fence_record(ctl_t *ctl, const ctl_ledger_entry_t *entry);
static int whole_finish(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    size_t *restored);
static int entries_run(ctl_t *ctl, const ctl_ledger_entry_t *list,
    size_t count, size_t *restored);


static const ctl_access_t  erase_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_subject_erase(ctl_t *ctl)
{
    ctl_whom_t          whom;
    ctl_ledger_entry_t  entry;

    if (ctl_whom_words(ctl, &whom) != 0 || ctl_receipt_check(ctl) != 0) {
        return CTL_USAGE;
    }

    return ctl_erase_person(ctl, &whom, &entry) == 0
           && ctl_receipt_tell(ctl, &entry) == 0 ? CTL_DONE : CTL_FAILED;
}


int
ctl_erase_person(ctl_t *ctl, ctl_whom_t *whom, ctl_ledger_entry_t *entry)
{
    if (erase_ready(ctl, whom) != 0
        || ctl_ledger_enter(ctl, whom->text, entry) != 0)
    {
        return -1;
    }

    return ctl_erase(ctl, entry) == 0 ? 0
           : ctl_error("the erasure is begun and not done: run this again, or"
                       " pupilctl work");
}


/* Refused before anything is begun, or as what is missing has to go first. */
static int
erase_ready(ctl_t *ctl, ctl_whom_t *whom)
{
    const char  *reference;

    if (ctl_whom_find(ctl, &erase_access, whom) != 0) {
        return -1;
    }

    if (ctl_parts_check(ctl) != 0) {
        return ctl_whom_refuse(ctl, &erase_access, whom, "erasure");
    }

    if (ctl_hold_read(ctl, whom->text, &reference) != 0) {
        return -1;
    }

    if (reference != NULL) {
        (void) ctl_whom_refuse(ctl, &erase_access, whom, "erasure");
        return ctl_error("this person is held (%s): pupilctl subject release"
                         " ends that", reference);
    }

    ctl_rollback(ctl->data);

    if (marks_ready(ctl) != 0 || ctl_erasures_turn(ctl) != 0) {
        return -1;
    }

    return ctl_erasures_ready(ctl);
}


int
ctl_erasures_ready(ctl_t *ctl)
{
    size_t  restored;

    if (marks_ready(ctl) != 0 || ctl_erasures_finish(ctl, &restored) != 0) {
        return -1;
    }

    if (restored != 0) {
        return ctl_error("the data database was restored and lacks %zu"
                         " erasure%s: run pupilctl restore replay first",
                         restored, ctl_plural(restored));
    }

    return ctl_ledger_check(ctl) == 0 ? ctl_ledger_file_check(ctl) : -1;
}


static int
marks_ready(ctl_t *ctl)
{
    int            rc;
    pupil_error_t  error;

    rc = ctl_marks_behind(ctl, &error);

    return rc <= 0 ? rc : ctl_error("%s", error.text);
}


int
ctl_erasures_turn(ctl_t *ctl)
{
    int  rc;

    rc = ctl_turn_take(ctl);

    return rc <= 0 ? rc : ctl_error("an import of this tenant is running, or"
                                    " another erasure: try again");
}


int
ctl_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    const char  *when;

    if (source_keep(ctl, entry) != 0 || fence(ctl, entry) != 0) {
        ctl_rollback(ctl->data);
        return -1;
    }

    if (ctl_ledger_file_append(ctl, entry) != 0
        || (!entry->destroyed && ctl_ledger_destroy(ctl, entry, &when) != 0))
    {
        return -1;
    }

    return ctl_parts_erase(ctl, entry);
}


/*
 * In the key store, with the entry: a data database that is restored from
 * before they came knows them no more.  With the ids that they had before
 * others, which are those of an older roster.
 */
static int
source_keep(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          rc;
    PGresult    *res;
    const char  *params[4];

    params[0] = ctl->tenant_text;
    params[1] = entry->subject;

    res = ctl_ask_one(ctl, ctl->data, "SELECT coalesce(array_agg(b.term),"
                      " '{}')::text FROM pupil.blind_index AS b WHERE b.tenant"
                      " = $1::uuid AND b.owner = $2::uuid AND b.category ="
                      " 'source' AND b.field = 'user'", 2, params);
    if (res == NULL) {
        return -1;
    }

    params[2] = entry->number;
    params[3] = PQgetvalue(res, 0, 0);

    rc = ctl_begin(ctl->keys, &ctl->tenant) == 0
         && ctl_exec(ctl->keys, "WITH had AS (DELETE FROM"
                     " keystore.moved_source AS m WHERE m.tenant = $1::uuid"
                     " AND m.owner = $2::uuid RETURNING m.term) INSERT INTO"
                     " keystore.erased_source (tenant, number, term) SELECT"
                     " $1::uuid, $3::bigint, t FROM (SELECT"
                     " unnest($4::bytea[]) UNION SELECT term FROM had) AS i (t)"
                     " ON CONFLICT DO NOTHING", 4, params) == 0
         && ctl_commit(ctl->keys) == 0 ? 0 : -1;

    PQclear(res);

    if (rc != 0) {
        ctl_rollback(ctl->keys);
    }

    return rc;
}


/* On record before the row of a closed account is signed (invariant I19). */
static int
fence(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    pupil_floors_t  to;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || fence_record(ctl, entry) != 0
        || ctl_revoke_begin(ctl, &entry->id) != 0
        || fence_numbers(ctl, &entry->id, &to) != 0
        || ctl_ledger_copy(ctl, entry) != 0
        || ctl_parts_note(ctl, entry) != 0
        || fence_source(ctl, entry) != 0
        || fence_write(ctl, entry, &to) != 0
        || ctl_commit(ctl->data) != 0)
    {
        return -1;
    }

    return ctl_revoke_finish(ctl, &entry->id);
}


static int
fence_numbers(ctl_t *ctl, const pupil_uuid_t *subject, pupil_floors_t *to)
{
    int  i;

    for (i = 0; i < CTL_FLOORS; i++) {
        if (ctl_number_take(ctl, subject, i, to) != 0) {
            return -1;
        }
    }

    return 0;
}


/* By which the next roster that has them knows that they were erased. */
static int
fence_source(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int          rc;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = entry->number;

    res = ctl_ask_one(ctl, ctl->keys, "SELECT coalesce(array_agg(e.term),"
                      " '{}')::text FROM keystore.erased_source AS e WHERE"
                      " e.tenant = $1::uuid AND e.number = $2::bigint", 2,
                      params);
    if (res == NULL) {
        return -1;
    }

    params[1] = PQgetvalue(res, 0, 0);

    rc = ctl_exec(ctl->data, "INSERT INTO pupil.erased_source (tenant, term)"
                  " SELECT $1::uuid, t FROM unnest($2::bytea[]) AS t ON"
                  " CONFLICT DO NOTHING", 2, params);
    PQclear(res);

    return rc;
}


/*
 * Each time: that it was done before is what the data database says.  Of whom
 * a restored one never had, the floors rise all the same.
 */
static int
fence_write(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const pupil_floors_t *to)
{
    int          rc;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = entry->subject;

    res = ctl_exec(ctl->data, "UPDATE pupil.owner SET state = 'erased' WHERE"
                   " tenant = $1::uuid AND owner = $2::uuid AND state <>"
                   " 'erased'", 2, params) == 0
          ? ctl_query(ctl->data, "SELECT source FROM pupil.subject WHERE"
                      " tenant = $1::uuid AND subject = $2::uuid", 2, params)
          : NULL;

    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) != 0) {
        rc = fence_subject(ctl, entry, PQgetvalue(res, 0, 0), to);

    } else {
        ctl_promise(ctl, &entry->id, to);
        rc = 0;
    }

    PQclear(res);

    return rc;
}


static int
fence_subject(ctl_t *ctl, const ctl_ledger_entry_t *entry,
    const char *source, const pupil_floors_t *to)
{
    if (ctl_subject_status(ctl, &entry->id, source, "closed", to->authority)
        != 0
        || ctl_sessions_end(ctl, &entry->id) != 0)
    {
        return -1;
    }

    return ctl_revoke_open(ctl, &entry->id, to);
}


static int
fence_record(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int        rc;
    ctl_buf_t  detail;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "erasure=%s%s%s", entry->number,
                   ctl->opt.waive != NULL ? " waived=" : "",
                   ctl->opt.waive != NULL ? ctl->opt.waive : "");

    rc = ctl_record_one(ctl, &erase_access, "allowed", &entry->id,
                        detail.data);
    ctl_buf_free(&detail);

    return rc;
}


int
ctl_erasures_finish(ctl_t *ctl, size_t *restored)
{
    int                  rc;
    size_t               open_count, missing_count;
    pupil_error_t        error;
    ctl_ledger_entry_t   whole, *open, *missing;

    *restored = 0;

    rc = ctl_ledger_whole(ctl, &whole);
    if (rc != 0) {
        return rc < 0 ? -1 : whole_finish(ctl, &whole, restored);
    }

    if (ctl_ledger_open(ctl, &open, &open_count) != 0
        || ctl_ledger_missing(ctl, &missing, &missing_count) != 0)
    {
        return -1;
    }

    if (open_count == 0 && missing_count == 0) {
        return 0;
    }

    /* a restored database is left to ctl_cmd_restore_replay() */

    rc = ctl_marks_behind(ctl, &error);
    if (rc != 0) {
        *restored = missing_count;
        return rc < 0 ? -1 : 0;
    }

    rc = ctl_turn_take(ctl);
    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    rc = ctl_ledger_check(ctl) == 0 && ctl_plugins_open(ctl) == 0
         && ctl_keys_take(ctl) == 0
         && entries_run(ctl, open, open_count, restored) == 0
         ? entries_run(ctl, missing, missing_count, restored) : -1;
    ctl_turn_give(ctl);

    return rc;
}


/*
 * With the tenant ends what is left of anybody's erasure in it.  One that was
 * moved is there still, with nothing to do.
 */
static int
whole_finish(ctl_t *ctl, const ctl_ledger_entry_t *entry, size_t *restored)
{
    int            rc;
    pupil_error_t  error;

    rc = ctl_marks_behind(ctl, &error);
    if (rc != 0) {
        *restored = 1;
        return rc < 0 ? -1 : 0;
    }

    rc = ctl_tenant_erased(ctl, entry);
    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    rc = ctl_turn_take(ctl);
    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    rc = ctl_ledger_check(ctl) == 0 ? ctl_tenant_end(ctl, entry) : -1;
    ctl_turn_give(ctl);

    return rc;
}


static int
entries_run(ctl_t *ctl, const ctl_ledger_entry_t *list, size_t count,
    size_t *restored)
{
    size_t  i;

    for (i = 0; i < count; i++) {
        if (list[i].destroyed) {
            (*restored)++;

        } else if (*restored == 0 && ctl_erase(ctl, &list[i]) != 0) {
            return -1;
        }
    }

    return 0;
}

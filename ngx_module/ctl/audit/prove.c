/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit prove, consistency, key.  An event is found by its number in
 * the log, in the batch whose events it is among; or by the id of its request,
 * whose record says which number of which writer it is.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/audit/align.h"
#include "ctl/audit/prove.h"
#include "ctl/audit/tree.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/retained.h"


/* An event that was found, and what stands for it. */
typedef struct {
    contents_t    contents;     /* its batch */
    uint64_t      before;       /* leaves of the tree before the batch */
    uint64_t      event;        /* in the log */
    uint64_t      leaf;         /* that of the subject */
    pupil_leaf_t  text;
    pupil_uuid_t  subject;      /* zero: of nobody */
    char          whom[PUPIL_UUID_TEXT_LEN + 1];
} proved_t;


static int prove_open(ctl_t *ctl);
static int prove(ctl_t *ctl);
static int event_find(proved_t *p, ctl_t *ctl, PGresult **res);
static int event_numbered(proved_t *p, const char *writer,
    const char *number);
static int event_left(const proved_t *p, const audit_log_t *log);
static int leaf_find(proved_t *p, const audit_log_t *log);
static int leaf_choose(proved_t *p, const audit_log_t *log,
    const audit_event_t *event, size_t *place);
static int leaf_subject(proved_t *p);
static int checkpoint_read(ctl_t *ctl, const audit_log_t *log, char **note,
    pupil_checkpoint_t *checkpoint);
static int proof_print(const proved_t *p, ctl_t *ctl, const char *note,
    const pupil_checkpoint_t *checkpoint);
static pupil_tile_source_t *tile_source(ctl_t *ctl);
static int prove_recorded(ctl_t *ctl, const proved_t *p);
static int consistency(ctl_t *ctl, uint64_t old, const char *ended);


static const ctl_access_t  prove_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

#define BATCH                                                                 \
    "SELECT " CONTENTS_COLUMNS ", coalesce((SELECT b.size FROM pupil.seal"    \
    " AS b WHERE b.tenant = s.tenant AND b.batch = s.batch - 1), 0)"
#define COLUMN_BEFORE  CONTENTS_COUNT

static const char  by_number_sql[] =
    BATCH " FROM pupil.seal AS s WHERE s.tenant = pupil.current_tenant() AND"
    " s.event <= $1::bigint AND s.event + s.events > $1::bigint";

static const char  by_request_sql[] =
    BATCH ", r.writer, r.number FROM pupil.audit_record AS r JOIN pupil.seal"
    " AS s ON s.tenant = r.tenant AND s.since <= r.at AND s.until >= r.at"
    " AND EXISTS (SELECT FROM unnest(s.writers, s.firsts, s.lasts) AS u"
    " (writer, first, last) WHERE u.writer = r.writer AND r.number BETWEEN"
    " u.first AND u.last) WHERE r.tenant = pupil.current_tenant() AND"
    " r.request = $1::uuid AND ($2::timestamptz IS NULL OR r.at >="
    " $2::timestamptz) ORDER BY r.at LIMIT 1";
#define COLUMN_WRITER  (COLUMN_BEFORE + 1)
#define COLUMN_NUMBER  (COLUMN_BEFORE + 2)

static const char  last_sql[] =
    "SELECT s.note FROM pupil.seal AS s WHERE s.tenant ="
    " pupil.current_tenant() ORDER BY s.batch DESC LIMIT 1";


int
ctl_cmd_audit_prove(ctl_t *ctl)
{
    int  rc;

    if (prove_open(ctl) != 0 || ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return CTL_FAILED;
    }

    rc = prove(ctl);
    ctl_rollback(ctl->data);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* A leaf's text has a salt of the tenant's key, without which there is none. */
static int
prove_open(ctl_t *ctl)
{
    const char  *ended;

    if (ctl_plugins_open(ctl) != 0 || ctl_open_tenant(ctl) != 0
        || ctl_open_keys(ctl) != 0 || ctl_keys_ended(ctl, &ended) != 0)
    {
        return -1;
    }

    return ended == NULL ? 0
           : ctl_error("the tenant %s ended at %s here, and with its keys goes"
                       " what salts its events: a proof that was handed out"
                       " before proves on, and pupilctl audit verify --vkey"
                       " says whether the log is whole", ctl->tenant_text,
                       ended);
}


/* That it was handed out is on record before it is. */
static int
prove(ctl_t *ctl)
{
    int                  rc;
    char                *note;
    PGresult            *res;
    proved_t             p;
    audit_log_t          log;
    pupil_checkpoint_t   checkpoint;

    memset(&p, 0, sizeof(p));
    memset(&checkpoint, 0, sizeof(checkpoint));
    res = NULL;

    rc = audit_log_open(&log, ctl, 0) == 0
         && checkpoint_read(ctl, &log, &note, &checkpoint) == 0
         && event_find(&p, ctl, &res) == 0
         && event_left(&p, &log) == 0
         && leaf_find(&p, &log) == 0
         && prove_recorded(ctl, &p) == 0
         ? proof_print(&p, ctl, note, &checkpoint) : -1;

    contents_free(&p.contents);
    PQclear(res);

    return rc;
}


static int
event_find(proved_t *p, ctl_t *ctl, PGresult **res)
{
    int           by_number;
    pupil_uuid_t  id;
    const char   *params[2];

    params[0] = ctl->args[0];
    params[1] = ctl->opt.since;
    by_number = strspn(params[0], "0123456789") == strlen(params[0])
                && strlen(params[0]) < 19;

    if (!by_number && ctl_uuid_parse(params[0], &id) != 0) {
        return ctl_error("EVENT is its number in the log, or the id of its"
                         " request");
    }

    *res = by_number ? ctl_query(ctl->data, by_number_sql, 1, params)
                     : ctl_query(ctl->data, by_request_sql, 2, params);
    if (*res == NULL) {
        return -1;
    }

    if (PQntuples(*res) == 0) {
        return ctl_error("%s is not sealed", params[0]);
    }

    contents_row(&p->contents, *res, 0);
    p->before = strtoull(PQgetvalue(*res, 0, COLUMN_BEFORE), NULL, 10);

    if (by_number) {
        p->event = strtoull(params[0], NULL, 10);
        return 0;
    }

    return event_numbered(p, PQgetvalue(*res, 0, COLUMN_WRITER),
                          PQgetvalue(*res, 0, COLUMN_NUMBER));
}


static int
event_numbered(proved_t *p, const char *writer, const char *number)
{
    size_t                i;
    uint64_t              w, n;
    const audit_event_t  *event;

    w = strtoull(writer, NULL, 10);
    n = strtoull(number, NULL, 10);
    event = p->contents.events.elts;

    for (i = 0; i < p->contents.events.count; i++) {
        if (event[i].writer == w && event[i].number == n) {
            p->event = p->contents.event + i;
            return 0;
        }
    }

    return ctl_error("batch %" PRIu64 " is not as it was sealed",
                     p->contents.batch);
}


static int
event_left(const proved_t *p, const audit_log_t *log)
{
    int         gone;
    retained_t  retained;

    if (retained_read(&retained, log->ctl->data, log) != 0) {
        return -1;
    }

    gone = p->event < retained.said.events;
    retained_free(&retained);

    return gone ? ctl_error("event %" PRIu64 " is gone by retention", p->event)
                : 0;
}


static int
leaf_find(proved_t *p, const audit_log_t *log)
{
    int                   rc;
    size_t                i, place;
    alignment_t           alignment;
    const aligned_t      *aligned;
    const audit_event_t  *event;

    place = 0;
    memset(&alignment, 0, sizeof(alignment));
    i = (size_t) (p->event - p->contents.event);

    rc = contents_read(&p->contents, log->ctl, log->mac) == 0
         && audit_leaves_read(log->ctl, p->before, p->contents.size,
                              &alignment.sealed) == 0
         && i < p->contents.events.count
         ? 0 : -1;

    if (rc == 0) {
        align(&alignment, log, &p->contents);
        aligned = &((const aligned_t *) alignment.events.elts)[i];
        event = &((const audit_event_t *) p->contents.events.elts)[i];

        if (aligned->as != ALIGN_SAME || event->row == NULL) {
            rc = ctl_error("event %" PRIu64 " has no record that is as it was"
                           " sealed: run pupilctl audit verify", p->event);
        } else {
            rc = leaf_choose(p, log, event, &place);
            p->leaf = p->before + aligned->first + place;
        }
    }

    align_free(&alignment);

    return rc;
}


/* That of --subject; without, the only one. */
static int
leaf_choose(proved_t *p, const audit_log_t *log, const audit_event_t *event,
    size_t *place)
{
    size_t       count;
    const char  *subject;

    count = audit_event_leaves(event);
    subject = log->ctl->opt.subject;

    if (subject == NULL && count != 1) {
        return ctl_error("event %" PRIu64 " is about %zu subjects: say of"
                         " whom, with --subject", p->event, count);
    }

    for (*place = 0; *place < count; (*place)++) {
        if (audit_event_leaf(log, p->event, event, *place, &p->text)
            != PUPIL_OK)
        {
            break;
        }

        if (leaf_subject(p) == 0
            && (subject == NULL || strcmp(subject, p->whom) == 0))
        {
            return 0;
        }
    }

    return ctl_error("event %" PRIu64 " is not about %s", p->event,
                     subject != NULL ? subject : "anybody");
}


/* Of whom the leaf is, as its line says; nobody is the empty text. */
static int
leaf_subject(proved_t *p)
{
    const char  *line;

    static const char  word[] = "\nsubject";

    line = memmem(p->text.text, p->text.len, word, sizeof(word) - 1);
    if (line == NULL) {
        return -1;
    }

    line += sizeof(word) - 1;
    p->whom[0] = '\0';
    memset(&p->subject, 0, sizeof(p->subject));

    if (*line != ' ') {
        return 0;
    }

    memcpy(p->whom, line + 1, PUPIL_UUID_TEXT_LEN);
    p->whom[PUPIL_UUID_TEXT_LEN] = '\0';

    return ctl_uuid_parse(p->whom, &p->subject);
}


/* --checkpoint, as a witness has signed it perhaps, or the last of the log. */
static int
checkpoint_read(ctl_t *ctl, const audit_log_t *log, char **note,
    pupil_checkpoint_t *checkpoint)
{
    size_t         len;
    PGresult      *res;
    pupil_note_t   parsed;

    if (ctl->opt.checkpoint != NULL) {
        *note = ctl_file_read(&ctl->pool, ctl->opt.checkpoint, &len);
        if (*note == NULL) {
            return -1;
        }

    } else {
        res = ctl_query(ctl->data, last_sql, 0, NULL);
        if (res == NULL) {
            return -1;
        }

        *note = ctl_pool_text(&ctl->pool,
                              PQntuples(res) == 1 ? PQgetvalue(res, 0, 0) : "",
                              PQntuples(res) == 1
                              ? (size_t) PQgetlength(res, 0, 0) : 0);
        PQclear(res);
    }

    if (**note == '\0') {
        return ctl_error("nothing is sealed yet");
    }

    return pupil_note_parse(ctl_str(*note), &parsed) == PUPIL_OK
           && audit_log_checkpoint(&log->key, &parsed, checkpoint) == PUPIL_OK
           ? 0 : ctl_error("the checkpoint is not one of this log");
}


static int
proof_print(const proved_t *p, ctl_t *ctl, const char *note,
    const pupil_checkpoint_t *checkpoint)
{
    pupil_str_t           text, out;
    pupil_node_t          leaf;
    pupil_proof_t         proof;
    pupil_tile_source_t  *source;

    source = tile_source(ctl);

    /* what does not prove it is not handed out */
    pupil_merkle_leaf(p->text.text, p->text.len, &leaf);

    if (pupil_tiles_inclusion(source, p->leaf, checkpoint->size, &proof)
        != PUPIL_OK
        || pupil_merkle_included(&leaf, p->leaf, checkpoint->size, &proof,
                                 &checkpoint->root) != PUPIL_OK)
    {
        return ctl_error("event %" PRIu64 " is not in the checkpoint of %"
                         PRIu64 " leaves", p->event, checkpoint->size);
    }

    text.data = p->text.text;
    text.len = p->text.len;

    if (pupil_proof_format(&ctl->alloc, text, p->leaf, &proof, ctl_str(note),
                           &out) != PUPIL_OK)
    {
        return ctl_error("out of memory");
    }

    fwrite(out.data, 1, out.len, stdout);

    return 0;
}


static pupil_tile_source_t *
tile_source(ctl_t *ctl)
{
    pupil_tile_source_t  *source;

    source = ctl_pool_alloc(&ctl->pool, sizeof(pupil_tile_source_t));
    source->read = audit_tile_read;
    source->ctx = ctl;
    source->tile.width = 0;

    return source;
}


static int
prove_recorded(ctl_t *ctl, const proved_t *p)
{
    return ctl_record_one(ctl, &prove_access, "allowed",
                          pupil_uuid_is_zero(&p->subject) ? NULL : &p->subject,
                          "prove") == 0
           && ctl_commit(ctl->data) == 0
           && ctl_begin(ctl->data, &ctl->tenant) == 0
           ? 0 : -1;
}


/* What a witness is asked: C2SP's tlog-witness, add-checkpoint. */
int
ctl_cmd_audit_consistency(ctl_t *ctl)
{
    int          rc;
    char        *end;
    uint64_t     old;
    const char  *ended;

    old = strtoull(ctl->args[0], &end, 10);

    if (*end != '\0' || ctl->args[0][0] < '0' || ctl->args[0][0] > '9') {
        ctl_error("SIZE is what the witness has signed last, 0 for nothing");
        return CTL_USAGE;
    }

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || ctl_keys_ended(ctl, &ended) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return CTL_FAILED;
    }

    rc = consistency(ctl, old, ended);
    ctl_rollback(ctl->data);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* Of tiles and checkpoints alone, which stay when a tenant's keys go. */
static int
consistency(ctl_t *ctl, uint64_t old, const char *ended)
{
    char                *note, hashes[PUPIL_HASHES_SIZE];
    audit_log_t          log;
    pupil_proof_t        proof;
    pupil_checkpoint_t   checkpoint;

    memset(&checkpoint, 0, sizeof(checkpoint));

    if (audit_log_read(&log, ctl, ended) != 0
        || checkpoint_read(ctl, &log, &note, &checkpoint) != 0)
    {
        return -1;
    }

    if (pupil_tiles_consistency(tile_source(ctl), old, checkpoint.size, &proof)
        != PUPIL_OK)
    {
        return ctl_error("the log has %" PRIu64 " leaves, and none of %"
                         PRIu64 " goes on to it", checkpoint.size, old);
    }

    pupil_hashes_format(&proof, hashes);
    printf("old %" PRIu64 "\n%s\n%s", old, hashes, note);

    return 0;
}


/* For whoever checks checkpoints: it is to be kept apart from the database. */
int
ctl_cmd_audit_key(ctl_t *ctl)
{
    char         text[PUPIL_NOTE_KEY_SIZE];
    audit_log_t  log;

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || audit_log_open(&log, ctl, 1) != 0)
    {
        return CTL_FAILED;
    }

    pupil_note_key_format(&log.key, text);
    printf("%s\n", text);

    return CTL_DONE;
}

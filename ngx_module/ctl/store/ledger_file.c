/*
 * Copyright (C) the Pupil authors
 *
 * One writer at a time, by a lock of the file.  A note is mirrored, then
 * appended and on the disk, and only then does the key go: so whoever has lost
 * both databases since knows of each key that is gone.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/signer.h"


/* The open file. */
typedef struct {
    int                  fd;
    ctl_signer_t         signer;
    pupil_ledger_t       notes;
    const pupil_entry_t *last;          /* of the tenant; NULL: none */
} ledger_file_t;


static int file_open(ctl_t *ctl, ledger_file_t *file);
static int file_read(ctl_t *ctl, ledger_file_t *file);
static int file_sync(ctl_t *ctl, const ledger_file_t *file);
static int entry_known(ctl_t *ctl, const pupil_entry_t *entry);
static int entry_same(ctl_t *ctl, const ledger_file_t *file,
    const ctl_ledger_entry_t *entry);
static PGresult *entries_read(ctl_t *ctl, const ledger_file_t *file,
    const ctl_ledger_entry_t *entry);
static int entry_append(ctl_t *ctl, ledger_file_t *file, const PGresult *res,
    int row);
static int note_append(ctl_t *ctl, const ledger_file_t *file,
    const char *note);
static int note_mirror(ctl_t *ctl, const char *note);
static int entry_restore(ctl_t *ctl, const pupil_entry_t *entry);


/* Of the key store, as entry_append() reads them. */
enum {
    ROW_NUMBER = 0,
    ROW_SUBJECT,
    ROW_AT,
    ROW_HASH,
    ROW_KIND,
    ROW_PLACE
};


int
ctl_ledger_notes(ctl_t *ctl, const char *path, pupil_str_t text,
    const pupil_note_key_t *key, pupil_ledger_t *ledger)
{
    pupil_error_t  error;

    return pupil_ledger_parse(text, key, &ctl->alloc, ledger, &error)
           == PUPIL_OK ? 0 : ctl_error("%s: %s", path, error.text);
}


/* Closing gives the lock back. */
static int
file_open(ctl_t *ctl, ledger_file_t *file)
{
    if (ctl_signer_open(ctl, &file->signer) != 0) {
        return -1;
    }

    file->fd = open(ctl->opt.ledger, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC,
                    0600);

    if (file->fd >= 0 && flock(file->fd, LOCK_EX | LOCK_NB) != 0
        && errno == EWOULDBLOCK)
    {
        ctl_note("%s is in use: waiting for an erasure, and its mirror, to end",
                 ctl->opt.ledger);
    }

    if (file->fd < 0 || flock(file->fd, LOCK_EX) != 0) {
        return ctl_error("%s: %s", ctl->opt.ledger, strerror(errno));
    }

    if (file_read(ctl, file) != 0) {
        close(file->fd);
        return -1;
    }

    return 0;
}


/* What a writer that was killed has left of a note is written anew. */
static int
file_read(ctl_t *ctl, ledger_file_t *file)
{
    size_t       len, cut;
    pupil_str_t  text;

    text.data = (const uint8_t *) ctl_file_read(&ctl->pool, ctl->opt.ledger,
                                                &len);
    text.len = len;

    if (text.data == NULL) {
        return -1;
    }

    cut = pupil_ledger_torn(text);
    text.len -= cut;

    if (cut != 0 && ftruncate(file->fd, (off_t) text.len) != 0) {
        return ctl_error("%s: %s", ctl->opt.ledger, strerror(errno));
    }

    if (ctl_ledger_notes(ctl, ctl->opt.ledger, text, &file->signer.key,
                         &file->notes) != 0)
    {
        return -1;
    }

    file->last = pupil_ledger_last(&file->notes, &ctl->tenant);

    return 0;
}


/* What a writer that was killed has written may be in memory alone. */
static int
file_sync(ctl_t *ctl, const ledger_file_t *file)
{
    return fsync(file->fd) == 0 ? ctl_file_sync_folder(ctl->opt.ledger)
           : ctl_error("%s: %s", ctl->opt.ledger, strerror(errno));
}


int
ctl_ledger_file_check(ctl_t *ctl)
{
    int            known;
    ledger_file_t  file;

    if (ctl->opt.ledger == NULL) {
        return 0;
    }

    if (file_open(ctl, &file) != 0) {
        return -1;
    }

    close(file.fd);

    known = file.last != NULL ? entry_known(ctl, file.last) : 1;

    return known < 0 ? -1 : known ? 0
           : ctl_error("%s has entry %" PRIu64 ", which the key store has not:"
                       " it was restored from a backup that is older: run"
                       " pupilctl restore replay", ctl->opt.ledger,
                       file.last->number);
}


static int
entry_known(ctl_t *ctl, const pupil_entry_t *entry)
{
    int          known;
    char         number[24], hash[CTL_BYTEA_SIZE(PUPIL_HASH_LEN)];
    PGresult    *res;
    const char  *params[3];

    snprintf(number, sizeof(number), "%" PRIu64, entry->number);
    params[0] = ctl->tenant_text;
    params[1] = number;
    params[2] = ctl_bytea(entry->hash, PUPIL_HASH_LEN, hash);

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query(ctl->keys, "SELECT FROM keystore.ledger WHERE tenant ="
                    " $1::uuid AND number = $2::bigint AND hash = $3::bytea",
                    3, params);
    known = res != NULL ? PQntuples(res) : -1;
    PQclear(res);
    ctl_rollback(ctl->keys);

    return known;
}


int
ctl_ledger_file_append(ctl_t *ctl, const ctl_ledger_entry_t *entry)
{
    int             rc, row;
    PGresult       *res;
    ledger_file_t   file;

    if (ctl->opt.ledger == NULL) {
        return 0;
    }

    if (file_open(ctl, &file) != 0) {
        return -1;
    }

    rc = file_sync(ctl, &file);

    if (rc == 0) {
        rc = entry_same(ctl, &file, entry);
    }

    if (rc == 0) {
        res = entries_read(ctl, &file, entry);
        rc = res != NULL ? 0 : -1;

        for (row = 0; rc == 0 && row < PQntuples(res); row++) {
            rc = entry_append(ctl, &file, res, row);
        }

        PQclear(res);
    }

    close(file.fd);

    return rc;
}


/* The key store's, unless it is older and has given its number anew. */
static int
entry_same(ctl_t *ctl, const ledger_file_t *file,
    const ctl_ledger_entry_t *entry)
{
    size_t    i;
    char      hash[CTL_BYTEA_SIZE(PUPIL_HASH_LEN)];
    uint64_t  number;

    number = strtoull(entry->number, NULL, 10);

    for (i = 0; i < file->notes.count; i++) {
        if (file->notes.entries[i].number == number
            && memcmp(&file->notes.entries[i].tenant, &ctl->tenant,
                      PUPIL_UUID_LEN) == 0
            && strcmp(ctl_bytea(file->notes.entries[i].hash, PUPIL_HASH_LEN,
                                hash), entry->hash) != 0)
        {
            return ctl_error("entry %s is another in %s", entry->number,
                             ctl->opt.ledger);
        }
    }

    return 0;
}


/* Those that the file lacks, up to this one. */
static PGresult *
entries_read(ctl_t *ctl, const ledger_file_t *file,
    const ctl_ledger_entry_t *entry)
{
    char         last[24];
    PGresult    *res;
    const char  *params[3];

    snprintf(last, sizeof(last), "%" PRIu64,
             file->last != NULL ? file->last->number : 0);
    params[0] = ctl->tenant_text;
    params[1] = last;
    params[2] = entry->number;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return NULL;
    }

    res = ctl_query(ctl->keys, "SELECT number, subject, (extract(epoch FROM"
                    " at) * 1000000)::bigint, hash, kind, place FROM"
                    " keystore.ledger WHERE tenant = $1::uuid AND number >"
                    " $2::bigint AND number <= $3::bigint ORDER BY number", 3,
                    params);
    ctl_rollback(ctl->keys);

    return res;
}


/* The note is mirrored first: it is by then, or the key stays. */
static int
entry_append(ctl_t *ctl, ledger_file_t *file, const PGresult *res, int row)
{
    char            text[PUPIL_ENTRY_TEXT_SIZE];
    size_t          len;
    const char     *note;
    pupil_entry_t   entry;

    entry.tenant = ctl->tenant;
    entry.number = strtoull(PQgetvalue(res, row, ROW_NUMBER), NULL, 10);
    entry.at = strtoll(PQgetvalue(res, row, ROW_AT), NULL, 10);

    snprintf(entry.place, sizeof(entry.place), "%s",
             PQgetvalue(res, row, ROW_PLACE));

    if (ctl_ledger_kind(PQgetvalue(res, row, ROW_NUMBER),
                        PQgetvalue(res, row, ROW_KIND), &entry.kind) != 0
        || ctl_get_uuid(res, row, ROW_SUBJECT, &entry.subject) != 0
        || ctl_get_bytes(res, row, ROW_HASH, entry.hash, PUPIL_HASH_LEN, &len)
           != 0)
    {
        return -1;
    }

    pupil_entry_format(&entry, text);
    note = ctl_signer_note(ctl, &file->signer, text);

    return note_mirror(ctl, note) == 0 ? note_append(ctl, file, note) : -1;
}


/*
 * What a disk could not keep is taken back, to be written anew: the kernel has
 * it for clean, and says nothing when it is synced again.
 */
static int
note_append(ctl_t *ctl, const ledger_file_t *file, const char *note)
{
    int        rc;
    off_t      end;
    ctl_buf_t  line;

    rc = 0;
    ctl_buf_init(&line);
    ctl_buf_printf(&line, "%s\n", note);

    end = lseek(file->fd, 0, SEEK_END);

    if (end < 0 || ctl_file_put(file->fd, line.data, line.len) != 0) {
        rc = ctl_error("%s: %s", ctl->opt.ledger, strerror(errno));
    }

    if (rc != 0 && end >= 0 && ftruncate(file->fd, end) != 0) {
        ctl_error("%s: %s: cut it to %jd bytes", ctl->opt.ledger,
                  strerror(errno), (intmax_t) end);
    }

    ctl_buf_free(&line);

    return rc;
}


/* The operator's command has the note on its standard input. */
static int
note_mirror(ctl_t *ctl, const char *note)
{
    int     status;
    FILE   *command;
    void  (*before)(int);

    if (ctl->opt.mirror == NULL) {
        return 0;
    }

    command = popen(ctl->opt.mirror, "w");
    if (command == NULL) {
        return ctl_error("--mirror: %s", strerror(errno));
    }

    /* one that ends before it has read all is one that fails, if it says so */
    before = signal(SIGPIPE, SIG_IGN);
    (void) fprintf(command, "%s\n", note);
    status = pclose(command);
    (void) signal(SIGPIPE, before);

    return status == 0 ? 0
           : ctl_error("--mirror: the command failed, so that no key is"
                       " destroyed: \"%s\"", ctl->opt.mirror);
}


int
ctl_ledger_file_restore(ctl_t *ctl)
{
    int             known;
    size_t          i;
    ledger_file_t   file;
    pupil_entry_t  *entry;

    if (ctl->opt.ledger == NULL) {
        return 0;
    }

    if (file_open(ctl, &file) != 0) {
        return -1;
    }

    close(file.fd);

    for (i = 0; i < file.notes.count; i++) {
        entry = &file.notes.entries[i];

        if (memcmp(&entry->tenant, &ctl->tenant, PUPIL_UUID_LEN) != 0) {
            continue;
        }

        known = entry_known(ctl, entry);

        if (known < 0 || (known == 0 && entry_restore(ctl, entry) != 0)) {
            return -1;
        }
    }

    return 0;
}


static int
entry_restore(ctl_t *ctl, const pupil_entry_t *entry)
{
    char              number[24], at[24], subject[PUPIL_UUID_TEXT_LEN + 1];
    char              hash[CTL_BYTEA_SIZE(PUPIL_HASH_LEN)];
    ctl_ledger_row_t  row;

    snprintf(number, sizeof(number), "%" PRIu64, entry->number);
    snprintf(at, sizeof(at), "%" PRId64, entry->at);

    row.number = number;
    row.subject = ctl_uuid_text(&entry->subject, subject);
    row.at = at;
    row.hash = ctl_bytea(entry->hash, PUPIL_HASH_LEN, hash);
    row.kind = pupil_entry_kind_name(entry->kind);
    row.place = entry->kind == PUPIL_ENTRY_MOVED ? entry->place : NULL;

    return ctl_ledger_enter_again(ctl, &row);
}

/*
 * Copyright (C) the Pupil authors
 *
 * The witness keeps the last checkpoint that it has signed, and signs another
 * only if a proof says that its tree begins with all of that one; the file is
 * on the disk before the signature is said.  Its own key is a file as
 * C2SP's tools write them, PRIVATE+KEY+name+id+seed.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"
#include "ctl/audit/witness.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/store/audit_log.h"


#define PRIVATE       "PRIVATE+KEY+"
#define PRIVATE_SIZE  (PUPIL_NOTE_NAME_MAX + 96)


static int key_parse(const char *text, const char *option,
    pupil_note_key_t *key);
static int proof_check(ctl_t *ctl, const pupil_proof_text_t *proof,
    const pupil_note_key_t *key);
static int witness(ctl_t *ctl);
static int turn_take(const char *path);
static int state_read(ctl_t *ctl, const pupil_note_key_t *key,
    pupil_checkpoint_t *last);
static int request_check(char *text, size_t len, const pupil_note_key_t *key,
    const pupil_checkpoint_t *last, pupil_note_t *note);
static int private_read(ctl_t *ctl, pupil_note_key_t *key,
    pupil_key_t *seed);


int
ctl_cmd_audit_verify_proof(ctl_t *ctl)
{
    char                *text;
    size_t               len;
    pupil_str_t          whole;
    pupil_note_key_t     key;
    pupil_proof_text_t   proof;

    if (key_parse(ctl->opt.vkey, "--vkey", &key) != 0) {
        return CTL_USAGE;
    }

    text = ctl_file_read(&ctl->pool, ctl->args[0], &len);
    if (text == NULL) {
        return CTL_FAILED;
    }

    whole.data = (uint8_t *) text;
    whole.len = len;

    if (pupil_proof_parse(whole, &proof) != PUPIL_OK) {
        ctl_error("%s is no tlog-proof", ctl->args[0]);
        return CTL_FAILED;
    }

    return proof_check(ctl, &proof, &key) == 0 ? CTL_DONE : CTL_FAILED;
}


static int
key_parse(const char *text, const char *option, pupil_note_key_t *key)
{
    if (text == NULL) {
        return ctl_error("%s is needed: a verification key", option);
    }

    return pupil_note_key_parse(ctl_str(text), key) == PUPIL_OK
           ? 0 : ctl_error("%s is no verification key", option);
}


/* Prints what was proved to be in the log. */
static int
proof_check(ctl_t *ctl, const pupil_proof_text_t *proof,
    const pupil_note_key_t *key)
{
    size_t               len;
    uint8_t             *leaf;
    uint64_t             seconds;
    pupil_node_t         hash;
    pupil_note_t         note;
    pupil_note_key_t     other;
    pupil_checkpoint_t   checkpoint;

    if (pupil_note_parse(proof->checkpoint, &note) != PUPIL_OK
        || audit_log_checkpoint(key, &note, &checkpoint) != PUPIL_OK)
    {
        return ctl_error("its checkpoint is not signed by the key of --vkey");
    }

    if (ctl->opt.witness != NULL
        && (key_parse(ctl->opt.witness, "--witness", &other) != 0
            || pupil_note_verify(&note, &other, &seconds) != PUPIL_OK))
    {
        return ctl_error("its checkpoint is not signed by the witness");
    }

    leaf = ctl_pool_alloc(&ctl->pool, proof->extra.len + 1);

    if (sodium_base642bin(leaf, proof->extra.len + 1,
                          (const char *) proof->extra.data, proof->extra.len,
                          NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL)
        != 0)
    {
        return ctl_error("it does not say what is proved");
    }

    pupil_merkle_leaf(leaf, len, &hash);

    if (pupil_merkle_included(&hash, proof->index, checkpoint.size,
                              &proof->proof, &checkpoint.root) != PUPIL_OK)
    {
        return ctl_error("what it says is not in the log");
    }

    fwrite(leaf, 1, len, stdout);

    return 0;
}


/*
 * One at a time goes on from what was signed last.  The file of that is
 * replaced as a whole, so the lock is of the key's.  A descriptor to close, or
 * -1 with the error said.
 */
static int
turn_take(const char *path)
{
    int  fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX) == 0) {
        return fd;
    }

    ctl_error("%s: %s", path, strerror(errno));

    if (fd >= 0) {
        close(fd);
    }

    return -1;
}


int
ctl_cmd_audit_witness(ctl_t *ctl)
{
    int  turn, rc;

    turn = turn_take(ctl->args[0]);
    if (turn < 0) {
        return CTL_FAILED;
    }

    rc = witness(ctl);
    close(turn);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


static int
witness(ctl_t *ctl)
{
    int                  rc;
    char                *text, line[PUPIL_NOTE_LINE_SIZE];
    size_t               len;
    uint64_t             now;
    pupil_key_t          seed;
    pupil_note_t         note;
    pupil_note_key_t     log, own;
    pupil_checkpoint_t   last;

    memset(&note, 0, sizeof(note));

    if (key_parse(ctl->opt.vkey, "--vkey", &log) != 0
        || state_read(ctl, &log, &last) != 0)
    {
        return -1;
    }

    text = ctl_file_read(&ctl->pool, ctl->args[2], &len);

    if (text == NULL || request_check(text, len, &log, &last, &note) != 0
        || private_read(ctl, &own, &seed) != 0)
    {
        return -1;
    }

    now = (uint64_t) time(NULL);
    pupil_note_sign(&own, &seed, note.text, now, line);
    sodium_memzero(&seed, sizeof(seed));
    pupil_stack_wipe();

    /* the note is the end of the request: NUL-terminated */
    rc = ctl_file_write(ctl->args[1],
                        text + (note.text.data - (uint8_t *) text), 0644, 0);

    if (rc == 0) {
        fputs(line, stdout);
    }

    return rc;
}


/* What was signed last; size 0: nothing. */
static int
state_read(ctl_t *ctl, const pupil_note_key_t *key, pupil_checkpoint_t *last)
{
    char            *text;
    size_t           len;
    struct stat      st;
    pupil_note_t     note;
    pupil_merkle_t   none;

    memset(last, 0, sizeof(pupil_checkpoint_t));
    none.size = 0;
    pupil_merkle_root(&none, &last->root);

    if (stat(ctl->args[1], &st) != 0 && errno == ENOENT) {
        return 0;
    }

    text = ctl_file_read(&ctl->pool, ctl->args[1], &len);
    if (text == NULL) {
        return -1;
    }

    return pupil_note_parse(ctl_str(text), &note) == PUPIL_OK
           && audit_log_checkpoint(key, &note, last) == PUPIL_OK
           ? 0 : ctl_error("%s has no checkpoint of this log", ctl->args[1]);
}


static int
request_check(char *text, size_t len, const pupil_note_key_t *key,
    const pupil_checkpoint_t *last, pupil_note_t *note)
{
    uint64_t             old;
    pupil_str_t          rest;
    pupil_proof_t        proof;
    pupil_checkpoint_t   next;

    rest.data = (uint8_t *) text;
    rest.len = len;

    if (pupil_number_take(&rest, "old", &old) != PUPIL_OK
        || pupil_hashes_take(&rest, &proof) != PUPIL_OK
        || pupil_note_parse(rest, note) != PUPIL_OK)
    {
        return ctl_error("it is no request of a log to a witness");
    }

    if (audit_log_checkpoint(key, note, &next) != PUPIL_OK) {
        return ctl_error("its checkpoint is not signed by the key of --vkey");
    }

    if (old != last->size) {
        return ctl_error("it goes on from %" PRIu64 " leaves; signed are %"
                         PRIu64, old, last->size);
    }

    if (pupil_merkle_consistent(old, &last->root, next.size, &next.root,
                                &proof) != PUPIL_OK)
    {
        return ctl_error("the log of %" PRIu64 " leaves does not go on from"
                         " that of %" PRIu64 ", which is signed: it was"
                         " changed", next.size, old);
    }

    return 0;
}


int
ctl_cmd_audit_witness_key(ctl_t *ctl)
{
    int               rc;
    char              text[PRIVATE_SIZE], public[PUPIL_NOTE_KEY_SIZE];
    char              base64[64], id[2 * PUPIL_NOTE_ID_LEN + 1];
    uint8_t           bytes[1 + sizeof(pupil_key_t)];
    pupil_key_t       seed;
    pupil_note_key_t  key;

    pupil_key_random(&seed);

    if (pupil_note_key(ctl->args[1], PUPIL_NOTE_COSIGNED, &seed, &key)
        != PUPIL_OK)
    {
        ctl_error("NAME has no blank and no plus, such as witness.example");
        return CTL_USAGE;
    }

    bytes[0] = PUPIL_NOTE_COSIGNED;
    memcpy(&bytes[1], seed.b, sizeof(seed.b));
    sodium_bin2base64(base64, sizeof(base64), bytes, sizeof(bytes),
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2hex(id, sizeof(id), key.id, sizeof(key.id));
    snprintf(text, sizeof(text), PRIVATE "%s+%s+%s\n", key.name, id, base64);

    rc = ctl_file_write(ctl->args[0], text, 0400, 1);

    sodium_memzero(&seed, sizeof(seed));
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(base64, sizeof(base64));
    sodium_memzero(text, sizeof(text));

    if (rc != 0) {
        return CTL_FAILED;
    }

    pupil_note_key_format(&key, public);
    printf("%s\n", public);

    return CTL_DONE;
}


/* PRIVATE+KEY+name+id+base64 of the algorithm and the seed. */
static int
private_read(ctl_t *ctl, pupil_note_key_t *key, pupil_key_t *seed)
{
    int      valid;
    char    *text, *name, *id, *base64, *end;
    size_t   len, written;
    uint8_t  bytes[1 + sizeof(pupil_key_t)];

    text = ctl_file_read(&ctl->pool, ctl->args[0], &len);
    if (text == NULL) {
        return -1;
    }

    end = strchr(text, '\n');
    valid = 0;

    if (end != NULL && strncmp(text, PRIVATE, sizeof(PRIVATE) - 1) == 0) {
        *end = '\0';
        name = text + sizeof(PRIVATE) - 1;
        id = strchr(name, '+');
        base64 = id != NULL ? strchr(id + 1, '+') : NULL;

        valid = base64 != NULL
                && sodium_base642bin(bytes, sizeof(bytes), base64 + 1,
                                     strlen(base64 + 1), NULL, &written, NULL,
                                     sodium_base64_VARIANT_ORIGINAL) == 0
                && written == sizeof(bytes)
                && bytes[0] == PUPIL_NOTE_COSIGNED;

        if (valid) {
            *id = '\0';
            memcpy(seed->b, &bytes[1], sizeof(seed->b));
            valid = pupil_note_key(name, PUPIL_NOTE_COSIGNED, seed, key)
                    == PUPIL_OK;
        }
    }

    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(text, len);

    return valid ? 0 : ctl_error("%s is no key of a witness", ctl->args[0]);
}

/*
 * Copyright (C) the Pupil authors
 *
 * Signed notes, checkpoints and proofs as text: the example of the notes'
 * own documentation, and every text with a byte changed, or cut anywhere.
 */

#include <sodium.h>

#include "core/audit/checkpoint.h"
#include "tap.h"


/* Of the documentation of golang.org/x/mod/sumdb/note. */
#define NEUMANN  "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4" \
                 "izWy10TW"
#define SECRET   "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define TEXT     "If you think cryptography is the answer to your problem,\n" \
                 "then you don't know what your problem is.\n"
#define LINE     "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFup" \
                 "LLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ" \
                 "nAM=\n"
#define NOTE     TEXT "\n" LINE

#define ORIGIN   "example.com/log"


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) text;
    s.len = strlen(text);

    return s;
}


/* Its first bytes, and nothing behind them can be read. */
static pupil_str_t
cut(const char *text, size_t len)
{
    pupil_str_t  s;

    s.data = tap_guarded(text, len);
    s.len = len;

    return s;
}


static pupil_rc_t
verify(const char *note, const pupil_note_key_t *key)
{
    uint64_t      seconds;
    pupil_note_t  parsed;

    return pupil_note_parse(str(note), &parsed) == PUPIL_OK
           ? pupil_note_verify(&parsed, key, &seconds) : PUPIL_INVALID;
}


static void
test_example(void)
{
    char              text[PUPIL_NOTE_KEY_SIZE], line[PUPIL_NOTE_LINE_SIZE];
    size_t            len;
    uint8_t           bytes[33];
    pupil_key_t       seed;
    pupil_note_key_t  key, made;

    ok(pupil_note_key_parse(str(NEUMANN), &key) == PUPIL_OK, "its key");
    ok(verify(NOTE, &key) == PUPIL_OK, "the example is signed");

    sodium_base642bin(bytes, sizeof(bytes), SECRET, strlen(SECRET), NULL,
                      &len, NULL, sodium_base64_VARIANT_ORIGINAL);
    memcpy(seed.b, bytes + 1, sizeof(seed.b));

    ok(pupil_note_key("PeterNeumann", PUPIL_NOTE_ED25519, &seed, &made)
       == PUPIL_OK
       && strcmp(made.name, key.name) == 0
       && memcmp(made.id, key.id, sizeof(key.id)) == 0,
       "its seed makes its key");
    pupil_note_key_format(&made, text);
    ok(strcmp(text, NEUMANN) == 0, "as it is written (%s)", text);

    pupil_note_sign(&made, &seed, str(TEXT), 0, line);
    ok(strcmp(line, LINE) == 0, "and its signature");

    key.name[0] = 'p';
    ok(verify(NOTE, &key) == PUPIL_NOT_FOUND, "another name did not sign");
    key.name[0] = 'P';
    key.id[0] ^= 1;
    ok(verify(NOTE, &key) == PUPIL_NOT_FOUND, "nor another id");
    key.id[0] ^= 1;
    key.public[0] ^= 1;
    ok(verify(NOTE, &key) == PUPIL_TAMPERED, "of another key it is not valid");
}


/* No byte of a note can be another, and none can be missing. */
static void
test_changed(void)
{
    int               bad;
    char              note[sizeof(NOTE)];
    size_t            i, len;
    pupil_note_t      parsed;
    pupil_note_key_t  key;

    (void) pupil_note_key_parse(str(NEUMANN), &key);

    for (i = 0, bad = 0; i < sizeof(NOTE) - 1; i++) {
        memcpy(note, NOTE, sizeof(NOTE));
        note[i] ^= 1;
        bad += verify(note, &key) == PUPIL_OK;
    }

    ok(bad == 0, "a byte that is changed is found (%d not)", bad);

    for (len = 0, bad = 0; len < sizeof(NOTE) - 1; len++) {
        bad += pupil_note_parse(cut(NOTE, len), &parsed) == PUPIL_OK;
    }

    ok(bad == 0, "a note that is cut is none (%d are)", bad);

    for (len = 0, bad = 0; len < sizeof(NEUMANN) - 1; len++) {
        bad += pupil_note_key_parse(cut(NEUMANN, len), &key) == PUPIL_OK;
    }

    ok(bad == 0, "a key that is cut is none (%d are)", bad);
}


static void
test_refused(void)
{
    size_t            i;
    char              long_name[PUPIL_NOTE_NAME_MAX + 2];
    pupil_key_t       seed = { { 1 } };
    pupil_note_t      note;
    pupil_note_key_t  key;

    static const char *const  names[] = { "", "a b", "a+b", "\xc3\xa4" };

    static const char *const  notes[] = {
        "", "\n", "\n\n", "a\n\n", "a\n" LINE, "\n\n" LINE, "a\tb\n\n" LINE,
        "\xff\n\n" LINE, "a\n\n" LINE "x\n", "a\n\n\xe2\x80\x94 n\n",
        "a\n\n\xe2\x80\x94 n AAAAAA==\n", "a\n\n\xe2\x80\x94  AAAAAAA=\n",
        "a\n\n\xe2\x80\x94 n AAAAAAAAA\n", "a\n\n- n AAAAAAAAAAA=\n"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ok(pupil_note_key(names[i], PUPIL_NOTE_ED25519, &seed, &key)
           == PUPIL_INVALID, "the name \"%s\" is none", names[i]);
    }

    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    ok(pupil_note_key(long_name, PUPIL_NOTE_ED25519, &seed, &key)
       == PUPIL_INVALID, "nor is one that is too long");

    for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        ok(pupil_note_parse(str(notes[i]), &note) == PUPIL_INVALID,
           "note %zu is none", i);
    }
}


static void
test_cosigned(void)
{
    char              note[1024], one[PUPIL_NOTE_LINE_SIZE];
    uint64_t          seconds;
    pupil_str_t       file;
    pupil_key_t       seed = { { 7 } };
    pupil_note_t      parsed;
    pupil_note_key_t  key, plain, neumann;

    (void) pupil_note_key_parse(str(NEUMANN), &neumann);
    (void) pupil_note_key("witness.example", PUPIL_NOTE_COSIGNED, &seed, &key);
    (void) pupil_note_key("witness.example", PUPIL_NOTE_ED25519, &seed,
                          &plain);

    ok(memcmp(key.id, plain.id, sizeof(key.id)) != 0,
       "one key has an id for each use");

    pupil_note_sign(&key, &seed, str(TEXT), UINT64_C(1796000000), one);
    snprintf(note, sizeof(note), "%s%s", NOTE, one);

    ok(pupil_note_parse(str(note), &parsed) == PUPIL_OK
       && pupil_note_verify(&parsed, &key, &seconds) == PUPIL_OK
       && seconds == UINT64_C(1796000000), "a cosignature says when");
    ok(pupil_note_verify(&parsed, &neumann, &seconds) == PUPIL_OK,
       "beside the first signature");
    ok(pupil_note_verify(&parsed, &plain, &seconds) == PUPIL_NOT_FOUND,
       "it is no other signature");

    snprintf(note, sizeof(note), "%s\n%s%s\n", NOTE, NOTE, one);
    file = str(note);

    ok(pupil_note_next(&file, &parsed) == PUPIL_OK
       && pupil_note_verify(&parsed, &key, &seconds) == PUPIL_NOT_FOUND
       && pupil_note_next(&file, &parsed) == PUPIL_OK
       && pupil_note_verify(&parsed, &key, &seconds) == PUPIL_OK
       && pupil_note_next(&file, &parsed) == PUPIL_NOT_FOUND,
       "a file has one after the other");

    note[strlen(note) - 1] = '\0';
    file = str(note);
    ok(pupil_note_next(&file, &parsed) == PUPIL_OK
       && pupil_note_next(&file, &parsed) == PUPIL_INVALID
       && file.len == strlen(NOTE) + strlen(one),
       "what was cut off stays");
}


static void
test_checkpoint(void)
{
    char                text[PUPIL_CHECKPOINT_SIZE];
    size_t              i;
    pupil_node_t        root;
    pupil_checkpoint_t  read;

    static const char *const  bad[] = {
        "", "o\n", "o\n1\n", "\n1\nAAAA\n",
        "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n18446744073709551616\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "=\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n"
    };

    memset(root.b, 0xab, sizeof(root.b));
    pupil_checkpoint_format(ORIGIN, UINT64_MAX, &root, text);
    ok(strcmp(text, ORIGIN "\n18446744073709551615\n"
              "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n") == 0,
       "a checkpoint is three lines");
    ok(pupil_checkpoint_parse(str(text), &read) == PUPIL_OK
       && read.size == UINT64_MAX && memcmp(&read.root, &root, 32) == 0
       && read.origin.len == strlen(ORIGIN), "which are read again");
    ok(pupil_checkpoint_parse(str("o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                  "AAAAAAAA=\nmore\n"), &read) == PUPIL_OK
       && read.size == 0, "whatever stands behind them");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(pupil_checkpoint_parse(str(bad[i]), &read) == PUPIL_INVALID,
           "checkpoint %zu is none", i);
    }
}


static void
test_proof(void)
{
    char                hashes[PUPIL_HASHES_SIZE], text[4096];
    size_t              len;
    int                 bad;
    pupil_proof_t       proof;
    pupil_proof_text_t  read;

    memset(&proof, 0x5a, sizeof(proof));
    proof.count = PUPIL_MERKLE_PROOF;
    pupil_hashes_format(&proof, hashes);

    snprintf(text, sizeof(text), PUPIL_PROOF_MAGIC "extra AQID\nindex 73\n%s\n"
             NOTE, hashes);
    ok(pupil_proof_parse(str(text), &read) == PUPIL_OK && read.index == 73
       && read.extra.len == 4 && read.proof.count == proof.count
       && memcmp(read.proof.nodes, proof.nodes, sizeof(proof.nodes)) == 0
       && read.checkpoint.len == strlen(NOTE), "a proof is read again");

    for (len = 0, bad = 0; len < strlen(text) - strlen(NOTE); len++) {
        bad += pupil_proof_parse(cut(text, len), &read) == PUPIL_OK;
    }

    ok(bad == 0, "one that is cut before its checkpoint is none (%d are)",
       bad);

    snprintf(text, sizeof(text), PUPIL_PROOF_MAGIC "index 0\n\n" NOTE);
    ok(pupil_proof_parse(str(text), &read) == PUPIL_OK && read.extra.len == 0
       && read.proof.count == 0, "it may have no hash, and nothing more");

    snprintf(text, sizeof(text), PUPIL_PROOF_MAGIC "index 1\n%.*s%s\n" NOTE,
             PUPIL_HASH_LINE_LEN, hashes, hashes);
    ok(pupil_proof_parse(str(text), &read) == PUPIL_INVALID,
       "no tree is so high");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_example();
    test_changed();
    test_refused();
    test_cosigned();
    test_checkpoint();
    test_proof();

    return tap_done();
}

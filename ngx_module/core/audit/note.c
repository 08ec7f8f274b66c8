/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/note.h"
#include "core/base/text.h"


#define DASH         "\xe2\x80\x94 "    /* an em dash, a blank */
#define DASH_LEN     (sizeof(DASH) - 1)
#define TIME_LEN     8
#define HEAD_SIZE    64                 /* before the text, as it is signed */
#define SIGNED_SIZE  (HEAD_SIZE + PUPIL_NOTE_TEXT_MAX)

/* What a line has in base64: an id, of cosignatures a time, a signature. */
#define BYTES_MAX    (PUPIL_NOTE_ID_LEN + TIME_LEN + crypto_sign_BYTES)

/* As text, with NUL. */
#define BASE64_SIZE(n)  (((n) + 2) / 3 * 4 + 1)

#define BASE64  sodium_base64_VARIANT_ORIGINAL


static int name_valid(const uint8_t *name, size_t len);
static int text_valid(pupil_str_t text);
static void key_id(pupil_note_key_t *key);
static size_t signed_text(const pupil_note_key_t *key, pupil_str_t text,
    uint64_t seconds, uint8_t out[SIGNED_SIZE]);
static int line_next(pupil_str_t *lines, pupil_str_t *line);
static int line_valid(pupil_str_t line);
static pupil_rc_t line_verify(pupil_str_t line, const pupil_note_key_t *key,
    pupil_str_t text, uint64_t *seconds);
static void time_write(uint64_t seconds, uint8_t out[TIME_LEN]);
static uint64_t time_read(const uint8_t in[TIME_LEN]);


pupil_rc_t
pupil_note_key(const char *name, pupil_note_algorithm_t algorithm,
    const pupil_key_t *seed, pupil_note_key_t *key)
{
    size_t   len;
    uint8_t  secret[crypto_sign_SECRETKEYBYTES];

    len = strlen(name);

    if (!name_valid((const uint8_t *) name, len)) {
        return PUPIL_INVALID;
    }

    memcpy(key->name, name, len + 1);
    key->algorithm = algorithm;

    crypto_sign_seed_keypair(key->public, secret, seed->b);
    sodium_memzero(secret, sizeof(secret));
    pupil_stack_wipe();

    key_id(key);

    return PUPIL_OK;
}


static int
name_valid(const uint8_t *name, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '+') {
            return 0;
        }
    }

    return len != 0 && len <= PUPIL_NOTE_NAME_MAX;
}


/* The first bytes of a SHA-256 over name, newline, algorithm and key. */
static void
key_id(pupil_note_key_t *key)
{
    uint8_t                   hash[crypto_hash_sha256_BYTES];
    uint8_t                   between[2];
    crypto_hash_sha256_state  state;

    between[0] = '\n';
    between[1] = (uint8_t) key->algorithm;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *) key->name,
                              strlen(key->name));
    crypto_hash_sha256_update(&state, between, sizeof(between));
    crypto_hash_sha256_update(&state, key->public, sizeof(key->public));
    crypto_hash_sha256_final(&state, hash);

    memcpy(key->id, hash, PUPIL_NOTE_ID_LEN);
}


void
pupil_note_key_format(const pupil_note_key_t *key,
    char out[PUPIL_NOTE_KEY_SIZE])
{
    char     id[2 * PUPIL_NOTE_ID_LEN + 1];
    char     base64[BASE64_SIZE(1 + PUPIL_NOTE_KEY_LEN)];
    uint8_t  bytes[1 + PUPIL_NOTE_KEY_LEN];

    bytes[0] = (uint8_t) key->algorithm;
    memcpy(&bytes[1], key->public, sizeof(key->public));

    sodium_bin2hex(id, sizeof(id), key->id, sizeof(key->id));
    sodium_bin2base64(base64, sizeof(base64), bytes, sizeof(bytes), BASE64);
    snprintf(out, PUPIL_NOTE_KEY_SIZE, "%s+%s+%s", key->name, id, base64);
}


/* The id is the key's own, or the text is none. */
pupil_rc_t
pupil_note_key_parse(pupil_str_t text, pupil_note_key_t *key)
{
    char            again[PUPIL_NOTE_KEY_SIZE];
    size_t          len, written;
    uint8_t         bytes[1 + PUPIL_NOTE_KEY_LEN];
    const uint8_t  *plus, *base64;

    plus = text.len != 0 ? memchr(text.data, '+', text.len) : NULL;
    len = plus != NULL ? (size_t) (plus - text.data) : 0;

    if (!name_valid(text.data, len)
        || text.len < len + 2 * PUPIL_NOTE_ID_LEN + 2)
    {
        return PUPIL_INVALID;
    }

    base64 = plus + 2 * PUPIL_NOTE_ID_LEN + 2;

    if (sodium_base642bin(bytes, sizeof(bytes), (const char *) base64,
                          text.len - (size_t) (base64 - text.data), NULL,
                          &written, NULL, BASE64) != 0
        || written != sizeof(bytes)
        || (bytes[0] != PUPIL_NOTE_ED25519 && bytes[0] != PUPIL_NOTE_COSIGNED))
    {
        return PUPIL_INVALID;
    }

    memcpy(key->name, text.data, len);
    key->name[len] = '\0';
    key->algorithm = bytes[0];
    memcpy(key->public, &bytes[1], sizeof(key->public));
    key_id(key);

    pupil_note_key_format(key, again);

    return pupil_str_is(text, again) ? PUPIL_OK : PUPIL_INVALID;
}


void
pupil_note_sign(const pupil_note_key_t *key, const pupil_key_t *seed,
    pupil_str_t text, uint64_t seconds, char out[PUPIL_NOTE_LINE_SIZE])
{
    char     base64[BASE64_SIZE(BYTES_MAX)];
    size_t   len, n;
    uint8_t  public[PUPIL_NOTE_KEY_LEN], bytes[BYTES_MAX];
    uint8_t  message[SIGNED_SIZE], secret[crypto_sign_SECRETKEYBYTES];

    memcpy(bytes, key->id, PUPIL_NOTE_ID_LEN);
    n = PUPIL_NOTE_ID_LEN;

    if (key->algorithm == PUPIL_NOTE_COSIGNED) {
        time_write(seconds, &bytes[n]);
        n += TIME_LEN;
    }

    len = signed_text(key, text, seconds, message);

    crypto_sign_seed_keypair(public, secret, seed->b);
    crypto_sign_detached(&bytes[n], NULL, message, len, secret);
    sodium_memzero(secret, sizeof(secret));
    pupil_stack_wipe();

    sodium_bin2base64(base64, sizeof(base64), bytes, n + crypto_sign_BYTES,
                      BASE64);
    snprintf(out, PUPIL_NOTE_LINE_SIZE, DASH "%s %s\n", key->name, base64);
}


/* What is signed: the text, behind the time where there is one. */
static size_t
signed_text(const pupil_note_key_t *key, pupil_str_t text, uint64_t seconds,
    uint8_t out[SIGNED_SIZE])
{
    int  len;

    len = 0;

    if (key->algorithm == PUPIL_NOTE_COSIGNED) {
        len = snprintf((char *) out, HEAD_SIZE,
                       "cosignature/v1\ntime %" PRIu64 "\n", seconds);
    }

    memcpy(out + len, text.data, text.len);

    return (size_t) len + text.len;
}


/* The text ends before the last empty line. */
pupil_rc_t
pupil_note_parse(pupil_str_t whole, pupil_note_t *note)
{
    size_t       i;
    pupil_str_t  lines, line;

    for (i = whole.len; i >= 2; i--) {
        if (whole.data[i - 1] == '\n' && whole.data[i - 2] == '\n') {
            break;
        }
    }

    if (i < 2 || i == whole.len || whole.data[whole.len - 1] != '\n') {
        return PUPIL_INVALID;
    }

    note->text.data = whole.data;
    note->text.len = i - 1;
    note->signatures.data = whole.data + i;
    note->signatures.len = whole.len - i;

    if (!text_valid(note->text)) {
        return PUPIL_INVALID;
    }

    lines = note->signatures;

    while (line_next(&lines, &line)) {
        if (!line_valid(line)) {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


static int
text_valid(pupil_str_t text)
{
    size_t  i, chars;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' && text.data[i] != '\n') {
            return 0;
        }
    }

    return text.len > 1 && text.len <= PUPIL_NOTE_TEXT_MAX
           && pupil_utf8_check(text.data, text.len, &chars) == PUPIL_OK;
}


/* Without its newline; 0: there is none. */
static int
line_next(pupil_str_t *lines, pupil_str_t *line)
{
    const uint8_t  *end;

    if (lines->len == 0) {
        return 0;
    }

    end = memchr(lines->data, '\n', lines->len);

    line->data = lines->data;
    line->len = end != NULL ? (size_t) (end - lines->data) : lines->len;

    lines->data += line->len + (end != NULL);
    lines->len -= line->len + (end != NULL);

    return 1;
}


/* Of whomever it is: a dash, a name, a blank, an id and more in base64. */
static int
line_valid(pupil_str_t line)
{
    size_t          i, len;
    const uint8_t  *name, *blank;

    if (line.len < DASH_LEN || memcmp(line.data, DASH, DASH_LEN) != 0) {
        return 0;
    }

    name = line.data + DASH_LEN;
    len = line.len - DASH_LEN;
    blank = memchr(name, ' ', len);

    if (blank == NULL || blank == name) {
        return 0;
    }

    len -= (size_t) (blank + 1 - name);

    for (i = 0; i < len; i++) {
        if (blank[1 + i] <= ' ' || blank[1 + i] > '~') {
            return 0;
        }
    }

    /* an id alone takes seven digits, and one of padding */
    return len > 8 && len % 4 == 0;
}


pupil_rc_t
pupil_note_next(pupil_str_t *file, pupil_note_t *note)
{
    pupil_rc_t   rc;
    pupil_str_t  rest, line, whole;

    if (file->len == 0) {
        return PUPIL_NOT_FOUND;
    }

    rest = *file;
    line = rest;

    while (line_next(&rest, &line) && line.len != 0) { /* void */ }

    while (line_next(&rest, &line) && line.len != 0) { /* void */ }

    /* the second empty line ends the note, and is no part of it */
    if (line.len != 0 || rest.data == file->data
        || rest.data[-1] != '\n')
    {
        return PUPIL_INVALID;
    }

    whole.data = file->data;
    whole.len = (size_t) (rest.data - 1 - file->data);

    rc = pupil_note_parse(whole, note);

    if (rc == PUPIL_OK) {
        *file = rest;
    }

    return rc;
}


/* The first that says that it is of this key decides. */
pupil_rc_t
pupil_note_verify(const pupil_note_t *note, const pupil_note_key_t *key,
    uint64_t *seconds)
{
    pupil_rc_t   rc;
    pupil_str_t  lines, line;

    lines = note->signatures;
    rc = PUPIL_NOT_FOUND;

    while (rc == PUPIL_NOT_FOUND && line_next(&lines, &line)) {
        rc = line_verify(line, key, note->text, seconds);
    }

    return rc;
}


static pupil_rc_t
line_verify(pupil_str_t line, const pupil_note_key_t *key, pupil_str_t text,
    uint64_t *seconds)
{
    size_t      len, written, n;
    uint8_t     bytes[BYTES_MAX], message[SIGNED_SIZE];
    const char *base64;

    len = strlen(key->name);

    if (line.len < DASH_LEN + len + 1
        || memcmp(line.data + DASH_LEN, key->name, len) != 0
        || line.data[DASH_LEN + len] != ' ')
    {
        return PUPIL_NOT_FOUND;
    }

    base64 = (const char *) line.data + DASH_LEN + len + 1;
    len = line.len - (DASH_LEN + len + 1);

    if (sodium_base642bin(bytes, sizeof(bytes), base64, len, NULL, &written,
                          NULL, BASE64) != 0
        || written < PUPIL_NOTE_ID_LEN
        || memcmp(bytes, key->id, PUPIL_NOTE_ID_LEN) != 0)
    {
        return PUPIL_NOT_FOUND;
    }

    n = PUPIL_NOTE_ID_LEN
        + (key->algorithm == PUPIL_NOTE_COSIGNED ? TIME_LEN : 0);

    if (written != n + crypto_sign_BYTES) {
        return PUPIL_TAMPERED;
    }

    *seconds = key->algorithm == PUPIL_NOTE_COSIGNED
               ? time_read(&bytes[PUPIL_NOTE_ID_LEN]) : 0;
    len = signed_text(key, text, *seconds, message);

    return crypto_sign_verify_detached(&bytes[n], message, len, key->public)
           == 0 ? PUPIL_OK : PUPIL_TAMPERED;
}


static void
time_write(uint64_t seconds, uint8_t out[TIME_LEN])
{
    size_t  i;

    for (i = 0; i < TIME_LEN; i++) {
        out[i] = (uint8_t) (seconds >> (8 * (TIME_LEN - 1 - i)));
    }
}


static uint64_t
time_read(const uint8_t in[TIME_LEN])
{
    size_t    i;
    uint64_t  seconds;

    seconds = 0;

    for (i = 0; i < TIME_LEN; i++) {
        seconds = seconds << 8 | in[i];
    }

    return seconds;
}

/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"
#include "ctl/base/buf.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/store/signer.h"


#define NAME      "pupil-erasure"
#define HEAD      "pupil-ledger-v1 "
#define HEAD_LEN  (sizeof(HEAD) - 1)
#define LINE_LEN  (HEAD_LEN + 2 * PUPIL_KEY_LEN + 1)


static const char *signer_path(ctl_t *ctl);
static int signer_parse(const char *path, const char *text, size_t len,
    pupil_key_t *seed);


static const char *
signer_path(ctl_t *ctl)
{
    ctl_buf_t    path;
    const char  *slash, *text;

    slash = strrchr(ctl->opt.key, '/');

    ctl_buf_init(&path);
    ctl_buf_add(&path, ctl->opt.key,
                slash != NULL ? (size_t) (slash + 1 - ctl->opt.key) : 0);
    ctl_buf_text(&path, "ledger.key");
    text = ctl_pool_text(&ctl->pool, path.data, path.len);
    ctl_buf_free(&path);

    return text;
}


int
ctl_signer_open(ctl_t *ctl, ctl_signer_t *signer)
{
    int           rc;
    char         *text;
    size_t        len;
    const char   *path;
    struct stat   st;
    pupil_key_t  *seed;

    path = signer_path(ctl);

    if (stat(path, &st) != 0) {
        return ctl_error("%s: %s: pupilctl erasure key makes it", path,
                         strerror(errno));
    }

    seed = pupil_arena_alloc(ctl->arena, sizeof(pupil_key_t));
    if (seed == NULL) {
        return ctl_error("the arena is too small");
    }

    text = ctl_file_secret(&ctl->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    rc = signer_parse(path, text, len, seed);
    sodium_memzero(text, len);

    if (rc != 0) {
        return -1;
    }

    signer->seed = seed;
    (void) pupil_note_key(NAME, PUPIL_NOTE_ED25519, seed, &signer->key);

    return 0;
}


static int
signer_parse(const char *path, const char *text, size_t len, pupil_key_t *seed)
{
    size_t  written;

    if (len != LINE_LEN || memcmp(text, HEAD, HEAD_LEN) != 0
        || text[len - 1] != '\n'
        || pupil_hex_decode((const uint8_t *) text + HEAD_LEN,
                            2 * PUPIL_KEY_LEN, seed->b, sizeof(seed->b),
                            &written) != PUPIL_OK)
    {
        return ctl_error("%s is no key of an erasure ledger", path);
    }

    return 0;
}


int
ctl_signer_make(ctl_t *ctl)
{
    int           rc;
    char         *line;
    const char   *path;
    struct stat   st;
    pupil_key_t  *seed;

    path = signer_path(ctl);

    if (stat(path, &st) == 0) {
        return 0;
    }

    seed = pupil_arena_alloc(ctl->arena, sizeof(pupil_key_t));
    line = pupil_arena_alloc(ctl->arena, LINE_LEN + 1);

    if (seed == NULL || line == NULL) {
        return ctl_error("the arena is too small");
    }

    pupil_key_random(seed);
    memcpy(line, HEAD, HEAD_LEN);
    (void) pupil_hex_encode(seed->b, sizeof(seed->b),
                            (uint8_t *) line + HEAD_LEN);
    line[LINE_LEN - 1] = '\n';
    line[LINE_LEN] = '\0';

    rc = ctl_file_write(path, line, 0600, 1);

    sodium_memzero(line, LINE_LEN);
    sodium_memzero(seed, sizeof(pupil_key_t));
    pupil_stack_wipe();

    return rc;
}


const char *
ctl_signer_note(ctl_t *ctl, const ctl_signer_t *signer, const char *text)
{
    char         line[PUPIL_NOTE_LINE_SIZE];
    ctl_buf_t    note;
    const char  *copy;

    pupil_note_sign(&signer->key, signer->seed, ctl_str(text), 0, line);

    ctl_buf_init(&note);
    ctl_buf_printf(&note, "%s\n%s", text, line);
    copy = ctl_pool_text(&ctl->pool, note.data, note.len);
    ctl_buf_free(&note);

    return copy;
}

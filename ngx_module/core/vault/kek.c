/*
 * Copyright (C) the Pupil authors
 *
 * The file of key-encryption keys.  It is read without stdio, whose buffers
 * lie on the heap and are not wiped.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/vault/kek.h"
#include "core/vault/keyed.h"


#define PUPIL_KEK_COMMAND    "\"pupilctl key generate\""
#define PUPIL_KEK_BACK       "; put a copy of the file back"
#define PUPIL_KEK_LABEL      "pupil-kek-v1 "
#define PUPIL_KEK_LABEL_LEN  (sizeof(PUPIL_KEK_LABEL) - 1)
#define PUPIL_KEK_HEX_LEN    (2 * PUPIL_KEY_LEN)
#define PUPIL_KEK_FILE_MAX   (PUPIL_KEYRING_EPOCHS * PUPIL_KEK_LINE_MAX)
#define PUPIL_EPOCH_MAX      INT32_MAX      /* a column of type integer */


static pupil_rc_t pupil_kek_check_file(int fd, const char *path,
    pupil_error_t *error);
static pupil_rc_t pupil_kek_parse_line(const uint8_t *s, size_t len,
    pupil_kek_t *kek, const char **what);
static const char *pupil_kek_check_order(const pupil_kek_t *keks,
    uint32_t at);
static pupil_rc_t pupil_kek_refuse(pupil_error_t *error, const char *format,
    ...) __attribute__((format(printf, 2, 3)));


pupil_rc_t
pupil_kek_read(const char *path, pupil_kek_t *keks, uint32_t *count,
    pupil_error_t *error)
{
    int         fd;
    size_t      len = 0;
    ssize_t     n;
    uint8_t     text[PUPIL_KEK_FILE_MAX + 1];
    pupil_rc_t  rc;

    *count = 0;

    /* Non-blocking: a FIFO at this path must not hang the start. */

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd == -1) {
        return pupil_kek_refuse(error, "cannot open the key file \"%s\": %s;"
                                " make one with " PUPIL_KEK_COMMAND ","
                                " owned by root, mode 0400", path,
                                strerror(errno));
    }

    rc = pupil_kek_check_file(fd, path, error);
    if (rc != PUPIL_OK) {
        close(fd);
        return rc;
    }

    do {
        n = read(fd, text + len, sizeof(text) - len);

        if (n > 0) {
            len += (size_t) n;
        }

    } while ((n > 0 && len < sizeof(text)) || (n == -1 && errno == EINTR));

    if (n == -1) {
        rc = pupil_kek_refuse(error, "cannot read the key file \"%s\": %s",
                              path, strerror(errno));

    } else {
        rc = pupil_kek_parse(text, len, path, keks, count, error);
    }

    close(fd);
    sodium_memzero(text, sizeof(text));
    pupil_stack_wipe();

    return rc;
}


pupil_rc_t
pupil_kek_parse(const uint8_t *text, size_t len, const char *path,
    pupil_kek_t *keks, uint32_t *count, pupil_error_t *error)
{
    uint32_t        line = 0;
    const char     *what = "is empty; make one with " PUPIL_KEK_COMMAND;
    const uint8_t  *p = text, *end = text + len, *eol;

    *count = 0;

    while (p < end) {
        if (line == PUPIL_KEYRING_EPOCHS) {
            what = "is one too many: remove the oldest, retired epochs";
            line++;
            goto failed;
        }

        eol = memchr(p, '\n', (size_t) (end - p));
        if (eol == NULL) {
            eol = end;
        }

        if (pupil_kek_parse_line(p, (size_t) (eol - p), &keks[line], &what)
            != PUPIL_OK
            || (what = pupil_kek_check_order(keks, line)) != NULL)
        {
            line++;
            goto failed;
        }

        line++;
        p = eol < end ? eol + 1 : end;
    }

    if (line != 0) {
        *count = line;
        pupil_stack_wipe();
        return PUPIL_OK;
    }

failed:

    sodium_memzero(keks, PUPIL_KEYRING_EPOCHS * sizeof(*keks));
    pupil_stack_wipe();

    if (line == 0) {
        return pupil_kek_refuse(error, "the key file \"%s\" %s", path, what);
    }

    return pupil_kek_refuse(error, "line %u of the key file \"%s\" %s",
                            (unsigned) line, path, what);
}


size_t
pupil_kek_format(const pupil_kek_t *kek, char out[PUPIL_KEK_LINE_MAX])
{
    int     n;
    size_t  len;

    n = snprintf(out, PUPIL_KEK_LINE_MAX, PUPIL_KEK_LABEL "%u ",
                 (unsigned) kek->epoch);
    len = (size_t) n;
    len += pupil_hex_encode(kek->key.b, PUPIL_KEY_LEN,
                            (uint8_t *) out + len);
    out[len++] = '\n';

    pupil_stack_wipe();

    return len;
}


void
pupil_kek_fingerprint(const pupil_key_t *kek, uint8_t out[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, kek, "pupil.kek.fingerprint.v1", PUPIL_HASH_LEN);
    pupil_keyed_end(&hash, out);
    pupil_stack_wipe();
}


static pupil_rc_t
pupil_kek_check_file(int fd, const char *path, pupil_error_t *error)
{
    struct stat  st;

    if (fstat(fd, &st) != 0) {
        return pupil_kek_refuse(error, "cannot look at the key file \"%s\":"
                                " %s", path, strerror(errno));
    }

    if (!S_ISREG(st.st_mode)) {
        return pupil_kek_refuse(error, "the key file \"%s\" is not a regular"
                                " file" PUPIL_KEK_BACK, path);
    }

    if (st.st_uid != geteuid()) {
        return pupil_kek_refuse(error, "the key file \"%s\" belongs to user"
                                " %lu and not to its reader, user %lu:"
                                " chown it", path, (unsigned long) st.st_uid,
                                (unsigned long) geteuid());
    }

    if ((st.st_mode & 07777) != 0600 && (st.st_mode & 07777) != 0400) {
        return pupil_kek_refuse(error, "the key file \"%s\" has mode %04o,"
                                " so that others may read it or worse:"
                                " chmod 0400 it, and consider its keys"
                                " known", path,
                                (unsigned) (st.st_mode & 07777));
    }

    if (st.st_size > PUPIL_KEK_FILE_MAX) {
        return pupil_kek_refuse(error, "the key file \"%s\" is longer than"
                                " %d lines \"" PUPIL_KEK_LABEL "EPOCH HEX\""
                                " can be: remove the oldest, retired epochs,"
                                " or put a copy of the file back", path,
                                PUPIL_KEYRING_EPOCHS);
    }

    return PUPIL_OK;
}


/* "pupil-kek-v1 EPOCH HEX", without its newline. */
static pupil_rc_t
pupil_kek_parse_line(const uint8_t *s, size_t len, pupil_kek_t *kek,
    const char **what)
{
    size_t    written;
    uint64_t  epoch = 0;

    *what = "is not \"" PUPIL_KEK_LABEL "EPOCH HEX\"" PUPIL_KEK_BACK;

    if (len < PUPIL_KEK_LABEL_LEN
        || memcmp(s, PUPIL_KEK_LABEL, PUPIL_KEK_LABEL_LEN) != 0)
    {
        return PUPIL_INVALID;
    }

    s += PUPIL_KEK_LABEL_LEN;
    len -= PUPIL_KEK_LABEL_LEN;

    while (len != 0 && pupil_is_digit(*s)) {
        epoch = epoch * 10 + (uint64_t) (*s - '0');

        if (epoch == 0 || epoch > PUPIL_EPOCH_MAX) {
            *what = "has an epoch that is not 1 to 2147483647" PUPIL_KEK_BACK;
            return PUPIL_INVALID;
        }

        s++;
        len--;
    }

    if (epoch == 0 || len == 0 || *s != ' ') {
        return PUPIL_INVALID;
    }

    if (len - 1 != PUPIL_KEK_HEX_LEN
        || pupil_hex_decode(s + 1, len - 1, kek->key.b, PUPIL_KEY_LEN,
                            &written) != PUPIL_OK)
    {
        *what = "has a key that is not 64 hexadecimal digits" PUPIL_KEK_BACK;
        return PUPIL_INVALID;
    }

    kek->epoch = (uint32_t) epoch;

    return PUPIL_OK;
}


/* What is wrong with the key at index at, after those before it; or NULL. */
static const char *
pupil_kek_check_order(const pupil_kek_t *keks, uint32_t at)
{
    uint32_t  i;

    if (sodium_is_zero(keks[at].key.b, PUPIL_KEY_LEN)) {
        return "has a key of zeros: it is no key" PUPIL_KEK_BACK;
    }

    if (at != 0 && keks[at].epoch <= keks[at - 1].epoch) {
        return "has an epoch that is not higher than that of the line"
               " before: the newest stands last";
    }

    for (i = 0; i < at; i++) {
        if (sodium_memcmp(keks[i].key.b, keks[at].key.b, PUPIL_KEY_LEN)
            == 0)
        {
            return "repeats the key of another epoch: each has a key of its"
                   " own" PUPIL_KEK_BACK;
        }
    }

    return NULL;
}


static pupil_rc_t
pupil_kek_refuse(pupil_error_t *error, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);

    return PUPIL_FAILED;
}

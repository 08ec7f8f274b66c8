/*
 * Copyright (C) the Pupil authors
 *
 * The file of key-encryption keys: what is read, what is refused, and that a
 * refusal says what to do and nothing of a key.
 */

#include <fcntl.h>
#include <sys/stat.h>

#include <sodium.h>

#include "core/vault/kek.h"
#include "tap.h"


#define HEX1  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX2  "a00102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f"
#define ZERO  "0000000000000000000000000000000000000000000000000000000000000000"


static char           folder[] = "/tmp/pupil_kek_XXXXXX";
static char           path[64];
static pupil_kek_t    keks[PUPIL_KEYRING_EPOCHS];
static uint32_t       count;
static pupil_error_t  error;


static pupil_rc_t
parse(const char *text)
{
    size_t  len = strlen(text);

    memset(&error, 0, sizeof(error));

    return pupil_kek_parse(tap_guarded(text, len), len, "the/file", keks,
                           &count, &error);
}


static pupil_rc_t
read_file(const char *text, mode_t mode)
{
    int      fd;
    ssize_t  n;

    unlink(path);
    fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    n = write(fd, text, strlen(text));
    if (n != (ssize_t) strlen(text) || fchmod(fd, mode) != 0) {
        exit(2);
    }
    close(fd);

    return pupil_kek_read(path, keks, &count, &error);
}


static void
test_good(void)
{
    char     line[PUPIL_KEK_LINE_MAX], all[1024] = "";
    size_t   i, len;
    uint8_t  hash[32], want[32];

    ok(parse("pupil-kek-v1 1 " HEX1 "\n") == PUPIL_OK && count == 1
       && keks[0].epoch == 1 && keks[0].key.b[31] == 31, "a line");
    ok(parse("pupil-kek-v1 1 " HEX1) == PUPIL_OK && count == 1,
       "its newline may be missing");
    ok(parse("pupil-kek-v1 3 " HEX1 "\npupil-kek-v1 2147483647 " HEX2 "\n")
       == PUPIL_OK && count == 2 && keks[1].epoch == 2147483647
       && keks[1].key.b[0] == 0xa0, "two, digits of either case");

    len = pupil_kek_format(&keks[1], line);
    ok(len == 13 + 10 + 1 + 64 + 1 && line[len - 1] == '\n',
       "a line is written");
    line[len - 1] = '\0';
    ok(parse(line) == PUPIL_OK && keks[0].epoch == 2147483647
       && keks[0].key.b[0] == 0xa0, "and read again");

    for (i = 0; i < PUPIL_KEYRING_EPOCHS; i++) {
        keks[0].epoch = (uint32_t) i + 1;
        pupil_key_random(&keks[0].key);
        len = pupil_kek_format(&keks[0], line);
        strncat(all, line, len);
    }

    ok(parse(all) == PUPIL_OK && count == PUPIL_KEYRING_EPOCHS,
       "as many as a ring holds");
    strcat(all, "pupil-kek-v1 99 " HEX1 "\n");
    ok(parse(all) == PUPIL_FAILED && strstr(error.text, "line 9") != NULL
       && strstr(error.text, "remove") != NULL, "one more is refused");

    parse("pupil-kek-v1 1 " HEX1 "\n");
    pupil_kek_fingerprint(&keks[0].key, hash);
    sodium_hex2bin(want, sizeof(want), "cb4e7529f6c028121d6636fd3a4b06a507e2"
                   "a554527bb375304bae6091dfb940", 64, NULL, NULL, NULL);
    ok(memcmp(hash, want, sizeof(hash)) == 0,
       "known answer: a fingerprint");
}


static void
test_bad(void)
{
    size_t  i;

    static const struct {
        const char  *text, *says;
    } cases[] = {
        { "", "empty" },
        { "\n", "line 1" },
        { "pupil-kek-v2 1 " HEX1, "EPOCH HEX" },
        { "pupil-kek-v1  1 " HEX1, "EPOCH HEX" },
        { "pupil-kek-v1 " HEX1, "epoch" },
        { "pupil-kek-v1 0 " HEX1, "epoch" },
        { "pupil-kek-v1 01 " HEX1, "epoch" },
        { "pupil-kek-v1 -1 " HEX1, "EPOCH HEX" },
        { "pupil-kek-v1 2147483648 " HEX1, "epoch" },
        { "pupil-kek-v1 99999999999999999999999 " HEX1, "epoch" },
        { "pupil-kek-v1 1", "EPOCH HEX" },
        { "pupil-kek-v1 1 ", "64 hexadecimal" },
        { "pupil-kek-v1 1 " HEX1 "0", "64 hexadecimal" },
        { "pupil-kek-v1 1 " HEX1 " ", "64 hexadecimal" },
        { "pupil-kek-v1 1 " HEX1 "\r\n", "64 hexadecimal" },
        { "pupil-kek-v1 1 g00102030405060708090a0b0c0d0e0f1011121314151617"
          "18191a1b1c1d1e1f", "64 hexadecimal" },
        { "pupil-kek-v1 1 " ZERO, "zeros" },
        { "pupil-kek-v1 1 " HEX1 "\n\n", "line 2" },
        { "pupil-kek-v1 1 " HEX1 "\npupil-kek-v1 1 " HEX2, "higher" },
        { "pupil-kek-v1 2 " HEX1 "\npupil-kek-v1 1 " HEX2, "newest" },
        { "pupil-kek-v1 1 " HEX1 "\npupil-kek-v1 2 " HEX1, "repeats" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(keks, 0xee, sizeof(keks));
        ok(parse(cases[i].text) == PUPIL_FAILED && count == 0
           && strstr(error.text, cases[i].says) != NULL
           && strstr(error.text, "the/file") != NULL
           && strstr(error.text, "0405060708") == NULL
           && sodium_is_zero((uint8_t *) keks, sizeof(keks)),
           "I17: refused, nothing kept: %s", error.text);
    }
}


static void
test_file(void)
{
    size_t       i;
    char         big[2000];
    static char  good[] = "pupil-kek-v1 1 " HEX1 "\n";

    static const mode_t  modes[] = {
        0640, 0604, 0660, 0700, 0500, 0444, 04600, 0200, 01400
    };

    ok(read_file(good, 0600) == PUPIL_OK && count == 1, "mode 0600 is read");
    ok(read_file(good, 0400) == PUPIL_OK && count == 1, "mode 0400 is read");

    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (geteuid() != 0 && (modes[i] & 0400) == 0) {
            continue;
        }

        ok(read_file(good, modes[i]) == PUPIL_FAILED && count == 0
           && strstr(error.text, "chmod 0400") != NULL,
           "I17: mode %04o is refused", (unsigned) modes[i]);
    }

    if (geteuid() == 0) {
        read_file(good, 0600);
        ok(chown(path, 65534, 65534) == 0
           && pupil_kek_read(path, keks, &count, &error) == PUPIL_FAILED
           && strstr(error.text, "chown") != NULL,
           "I17: somebody else's file is refused");
    }

    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    ok(read_file(big, 0600) == PUPIL_FAILED
       && strstr(error.text, "longer") != NULL,
       "I17: a long file is refused");
    ok(read_file("", 0600) == PUPIL_FAILED
       && strstr(error.text, "pupilctl key generate") != NULL,
       "I17: an empty one, with what to do");

    unlink(path);
    ok(pupil_kek_read(path, keks, &count, &error) == PUPIL_FAILED
       && strstr(error.text, "pupilctl key generate") != NULL,
       "I17: a missing one, with what to do");
    ok(pupil_kek_read(folder, keks, &count, &error) == PUPIL_FAILED
       && strstr(error.text, "regular") != NULL, "I17: a folder is refused");
    ok(mkfifo(path, 0600) == 0
       && pupil_kek_read(path, keks, &count, &error) == PUPIL_FAILED
       && strstr(error.text, "regular") != NULL,
       "I17: a pipe is refused, and does not hang");
    unlink(path);
}


int
main(void)
{
    if (sodium_init() < 0 || mkdtemp(folder) == NULL) {
        return 2;
    }

    snprintf(path, sizeof(path), "%s/kek", folder);
    umask(0);

    test_good();
    test_bad();
    test_file();
    rmdir(folder);

    return tap_done();
}

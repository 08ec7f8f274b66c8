/*
 * Copyright (C) the Pupil authors
 *
 * Passwords: Argon2id with bounded parameters.
 */

#include <sys/resource.h>
#include <sys/wait.h>

#include <sodium.h>

#include "core/login/password.h"
#include "tap.h"


static const pupil_password_cost_t  low = { 19456, 2 };
static const pupil_password_cost_t  memory = { 19457, 2 };
static const pupil_password_cost_t  time_ = { 19456, 3 };


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_rc_t
verify(const char *password, const char *hash, int *weaker)
{
    return pupil_password_verify(str(password), hash, &low, weaker);
}


static void
test_known(void)
{
    int  weaker;

    /* Made by libargon2, salt 30 31 .. 3f. */

    static const char  known[] =
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OTo7PD0"
        "+Pw$Pbln3M3GIcQs0GrfcVMBZUe7HsHhw2qULGLm4F7UlUc";

    ok(verify("correct horse", known, &weaker) == PUPIL_OK && !weaker,
       "known answer: a hash made by libargon2");
    ok(verify("correct horsf", known, &weaker) == PUPIL_INVALID,
       "another password does not fit it");
}


static void
test_round(char hash[PUPIL_PASSWORD_HASH_LEN])
{
    int          weaker;
    char         other[PUPIL_PASSWORD_HASH_LEN];
    pupil_str_t  guarded;

    ok(pupil_password_hash(str("p\xc3\xa4ss"), &low, hash) == PUPIL_OK,
       "a password is hashed");
    ok(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0,
       "as Argon2id at the cost asked for");
    ok(verify("p\xc3\xa4ss", hash, &weaker) == PUPIL_OK && !weaker,
       "it fits");
    ok(verify("p\xc3\xa4s", hash, &weaker) == PUPIL_INVALID
       && verify("p\xc3\xa4sss", hash, &weaker) == PUPIL_INVALID
       && verify("", hash, &weaker) == PUPIL_INVALID, "nothing else does");

    guarded.data = tap_guarded("p\xc3\xa4ss", 5);
    guarded.len = 5;
    ok(pupil_password_verify(guarded, hash, &memory, &weaker) == PUPIL_OK
       && weaker, "less memory than wanted now is weaker; the password is"
       " not read behind its end");
    ok(pupil_password_verify(guarded, hash, &time_, &weaker) == PUPIL_OK
       && weaker, "so are fewer iterations");

    pupil_password_hash(str("p\xc3\xa4ss"), &low, other);
    ok(strcmp(hash, other) != 0, "the same password twice: another salt");

    guarded.len = 0;
    ok(pupil_password_hash(guarded, &low, other) == PUPIL_OK
       && pupil_password_verify(guarded, other, &low, &weaker) == PUPIL_OK,
       "an empty password is no special case");
}


static void
test_malformed(const char *good)
{
    int     weaker;
    char    text[PUPIL_PASSWORD_HASH_LEN + 16], long_[160];
    size_t  i, refused = 0, len = strlen(good);

    static const char  *bad[] = {
        "", "$", "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=1048577,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=4294967296,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$c2E$aa",
        "$argon2id$v=19$m=19456,t=11,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=19456,t=2,p=2$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=019456,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=0,t=2,p=1$c29tZXNhbHRzb21lc2E$aa",
        "$argon2id$v=19$m=19456,t=2,p=1$$",
        "$argon2id$v=19$m=19456,t=2,p=1$!!!!$????",
        "$2b$12$abcdefghijklmnopqrstuuvwxyzabcdefghijklmnopqrstuvwxyz",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(pupil_password_verify(str("x"), (char *) tap_guarded(bad[i],
                                 strlen(bad[i]) + 1), &low, &weaker)
           == PUPIL_INVALID, "refused: \"%s\"", bad[i]);
    }

    memset(long_, '1', sizeof(long_));
    memcpy(long_, good, len);
    ok(pupil_password_verify(str("p\xc3\xa4ss"), long_, &low, &weaker)
       == PUPIL_INVALID, "a hash without an end is refused");

    for (i = 0; i < len; i++) {
        memcpy(text, good, i);
        text[i] = '\0';
        refused += verify("p\xc3\xa4ss", text, &weaker) == PUPIL_INVALID;
    }

    ok(refused == len, "a hash cut at each byte is refused");
}


static void
test_cost(void)
{
    size_t  i;
    char    out[PUPIL_PASSWORD_HASH_LEN];

    static const pupil_password_cost_t  bad[] = {
        { 0, 2 }, { 7, 2 }, { 1048577, 2 }, { UINT32_MAX, 2 }, { 19456, 0 },
        { 19456, 11 }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(pupil_password_hash(str("x"), &bad[i], out) == PUPIL_INVALID,
           "a cost of %u KiB, %u iterations is refused",
           (unsigned) bad[i].memory, (unsigned) bad[i].iterations);
    }
}


/* A run at a lower cost and what is spent are as much as one at cost. */
static void
test_spend(const char *hash)
{
    size_t                 i;
    uint64_t               full, rest, done;
    pupil_password_cost_t  made_at;

    static const pupil_password_cost_t  costs[] = {
        { 19456, 3 }, { 19457, 2 }, { 32768, 3 }, { 40000, 2 }, { 19456, 4 }
    };

    ok(pupil_password_made_at(hash, &made_at) == PUPIL_OK
       && made_at.memory == 19456 && made_at.iterations == 2,
       "a hash tells its cost");
    ok(pupil_password_made_at("$argon2id$", &made_at) == PUPIL_INVALID,
       "what is none does not");

    for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        full = pupil_password_work(&costs[i]);
        rest = full - pupil_password_work(&low);

        ok(pupil_password_spend(rest, &costs[i], &done) == PUPIL_OK
           && (rest < 8 ? done == 0
                        : done <= rest && rest - done < costs[i].iterations),
           "the rest of %u KiB, %u iterations is spent",
           (unsigned) costs[i].memory, (unsigned) costs[i].iterations);
    }

    ok(pupil_password_spend(0, &low, &done) == PUPIL_OK && done == 0,
       "nothing is nothing");
}


/* In a child whose address space is too small for the memory asked for. */
static void
test_no_memory(const char *hash)
{
#if defined(__SANITIZE_ADDRESS__)
    (void) hash;
    ok(1, "no memory # SKIP under AddressSanitizer");
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    (void) hash;
    ok(1, "no memory # SKIP under AddressSanitizer");
#define SKIPPED
#endif
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(SKIPPED)
    int            status, weaker;
    char           out[PUPIL_PASSWORD_HASH_LEN];
    pid_t          pid;
    struct rlimit  limit = { 8 << 20, 8 << 20 };

    if (getenv("LD_PRELOAD") != NULL) {
        ok(1, "no memory # SKIP under valgrind");
        return;
    }

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_AS, &limit);
        _exit(pupil_password_hash(str("x"), &low, out) == PUPIL_NO_MEMORY
              && verify("x", hash, &weaker) == PUPIL_NO_MEMORY ? 0 : 1);
    }

    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
       "too little memory is told from a wrong password");
#endif
}


/* What is stored beside a hash comes back as it was. */
static void
test_stored(void)
{
    char                     out[PUPIL_PASSWORD_STORED_LEN];
    size_t                   i;
    pupil_str_t              text;
    pupil_password_stored_t  read;

    static const struct {
        pupil_password_stored_t   stored;
        const char               *text;
    } good[] = {
        { { .number = 0 }, "$a" },
        { { .number = UINT32_MAX }, "4294967295$a" },
        { { .first = 1 }, "!$a" },
        { { .number = 7, .first = 1 }, "7!$a" },
        { { .number = 7, .first = 1, .until = 1764190000 }, "7!1764190000$a" },
        { { .number = UINT32_MAX, .first = 1, .until = INT64_MAX },
          "4294967295!9223372036854775807$a" }
    };

    static const char *const  malformed[] = {
        "", "7", "7x$a", " 7$a", "-1$a", "4294967296$a",
        "99999999999999999999$a", "7!", "7!!$a", "7!-1$a", "!7x$a",
        "7!9223372036854775808$a", "7!99999999999999999999$a"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        read = good[i].stored;
        read.hash = str("$a");

        text.data = (uint8_t *) out;
        text.len = pupil_password_write(&read, out);
        ok(text.len == strlen(good[i].text)
           && memcmp(out, good[i].text, text.len) == 0, "stored: %s",
           good[i].text);

        memset(&read, 0xff, sizeof(read));
        ok(pupil_password_read(text, &read) == PUPIL_OK
           && read.number == good[i].stored.number
           && read.first == good[i].stored.first
           && read.until == good[i].stored.until && read.hash.len == 2
           && memcmp(read.hash.data, "$a", 2) == 0, "and read");
    }

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        ok(pupil_password_read(str(malformed[i]), &read) == PUPIL_INVALID,
           "not stored so: \"%s\"", malformed[i]);
    }
}


static void
test_code(void)
{
    char    code[PUPIL_PASSWORD_CODE_LEN], other[PUPIL_PASSWORD_CODE_LEN];
    size_t  i, dashes;

    pupil_password_code(code);
    pupil_password_code(other);

    for (i = 0, dashes = 0; code[i] != '\0'; i++) {
        dashes += code[i] == '-';
    }

    ok(i == PUPIL_PASSWORD_CODE_LEN - 1 && dashes == 2 && code[4] == '-'
       && code[9] == '-', "a code that can be read out");
    ok(strpbrk(code, "ilou") == NULL, "without what is taken for another");
    ok(strcmp(code, other) != 0, "and another each time");
}


int
main(void)
{
    char  hash[PUPIL_PASSWORD_HASH_LEN];

    if (sodium_init() < 0) {
        return 2;
    }

    test_known();
    test_round(hash);
    test_malformed(hash);
    test_cost();
    test_spend(hash);
    test_no_memory(hash);
    test_stored();
    test_code();

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * The second factor: codes by RFC 6238's own vectors, each once; what is
 * stored, and whatever somebody makes of that; the ticket in between.
 */

#include <sodium.h>

#include "tap.h"
#include "core/login/factor.h"
#include "core/login/ticket.h"


static const uint8_t  secret[] = "12345678901234567890";


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


/* The last six digits of appendix B, SHA-1. */
static void
test_codes(void)
{
    size_t    i;
    uint64_t  step;

    static const struct {
        int64_t      at;
        const char  *code;
    } known[] = {
        { 59, "287082" },
        { 1111111109, "081804" },
        { 1111111111, "050471" },
        { 1234567890, "005924" },
        { 2000000000, "279037" },
        { 20000000000, "353130" }
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        step = 0;

        ok(pupil_factor_code(secret, 0, known[i].at, str(known[i].code), &step)
           == PUPIL_OK && step == (uint64_t) known[i].at / 30,
           "the code of %lld", (long long) known[i].at);
    }

    ok(pupil_factor_code(secret, 0, 59 + 30, str("287082"), &step) == PUPIL_OK,
       "a step later it counts");
    ok(pupil_factor_code(secret, 0, 59 + 60, str("287082"), &step)
       == PUPIL_INVALID, "two steps later it does not");
    ok(pupil_factor_code(secret, 0, 1111111109 - 30, str("081804"), &step)
       == PUPIL_OK && step == 37037036, "a step before it counts");
    ok(pupil_factor_code(secret, 0, 1111111109 - 60, str("081804"), &step)
       == PUPIL_INVALID, "two steps before it does not");
    ok(pupil_factor_code(secret, 37037036, 1111111109, str("081804"), &step)
       == PUPIL_INVALID, "one whose step was used does not");
    ok(pupil_factor_code(secret, 37037035, 1111111109, str("081 804"), &step)
       == PUPIL_OK, "one of the next does, with a blank in it");
    ok(pupil_factor_code(secret, 0, 1111111109, str("81804"), &step)
       == PUPIL_INVALID, "five digits do not");
    ok(pupil_factor_code(secret, 0, 1111111109, str("0818040"), &step)
       == PUPIL_INVALID, "nor seven");
}


static void
test_uri(pupil_alloc_t *alloc)
{
    uint8_t      text[PUPIL_FACTOR_SECRET_TEXT];
    pupil_str_t  uri;

    static const char  want[] = "otpauth://totp/a-1.example%3A?secret="
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=a-1.example%3A";

    pupil_factor_base32(secret, text);

    ok(pupil_factor_uri(alloc, str("a-1.example:"), text, &uri) == PUPIL_OK
       && uri.len == sizeof(want) - 1 && memcmp(uri.data, want, uri.len) == 0,
       "what an authenticator reads");
}


static void
test_stored(pupil_alloc_t *alloc, const pupil_key_t *key)
{
    size_t           i, lost;
    uint8_t          hash[PUPIL_HASH_LEN], other[PUPIL_HASH_LEN];
    pupil_str_t      text, part;
    pupil_uuid_t     subject = { { 1 } }, another = { { 2 } };
    pupil_factor_t   factor, again;

    memset(&factor, 0, sizeof(factor));
    ok(pupil_factor_read(alloc, str(""), &again) == PUPIL_OK
       && !again.enrolled && again.until == 0, "nothing is nothing");

    memcpy(factor.secret, secret, PUPIL_FACTOR_SECRET_LEN);
    factor.enrolled = 1;
    factor.step = 37037036;
    factor.recovery_count = PUPIL_FACTOR_RECOVERY;
    randombytes_buf(factor.recovery, sizeof(factor.recovery));
    randombytes_buf(factor.token, sizeof(factor.token));
    factor.until = 1800000000;
    factor.number = 7;
    factor.mailed = 1700000000;

    ok(pupil_factor_hash(key, "recovery", &subject, str("7k2m-x9pd-4hqa"),
                         factor.recovery[3]) == PUPIL_OK, "a hash of a code");
    ok(pupil_factor_write(alloc, &factor, &text) == PUPIL_OK
       && text.len < 2048, "it fits into the field");
    ok(pupil_factor_read(alloc, text, &again) == PUPIL_OK
       && memcmp(&factor, &again, sizeof(factor)) == 0,
       "and is read as it was written");

    for (i = 1, lost = 0; i < text.len; i++) {
        part.data = tap_guarded(text.data, i);
        part.len = i;
        lost += pupil_factor_read(alloc, part, &again) != PUPIL_OK;
    }

    ok(lost == text.len - 1, "cut anywhere it is none");
    ok(pupil_factor_read(alloc, str("{\"secret\":\"AAAA\"}"), &again)
       == PUPIL_INVALID, "nor with another secret");
    ok(pupil_factor_read(alloc, str("[]"), &again) == PUPIL_INVALID,
       "nor an array");

    ok(pupil_factor_hash(key, "recovery", &subject, str("7K2M x9pd4HQA"), hash)
       == PUPIL_OK && memcmp(hash, factor.recovery[3], sizeof(hash)) == 0,
       "a code is the same however it is typed");
    ok(pupil_factor_hash(key, "token", &subject, str("7k2m-x9pd-4hqa"), other)
       == PUPIL_OK && memcmp(hash, other, sizeof(hash)) != 0,
       "but not as a token");
    ok(pupil_factor_hash(key, "recovery", &another, str("7k2m-x9pd-4hqa"),
                         other) == PUPIL_OK
       && memcmp(hash, other, sizeof(hash)) != 0, "nor somebody else's");
    ok(pupil_factor_hash(key, "recovery", &subject, str("--  --"), other)
       == PUPIL_INVALID, "marks alone are none");

    again = factor;
    ok(pupil_factor_recover(&again, hash) == PUPIL_OK
       && again.recovery_count == PUPIL_FACTOR_RECOVERY - 1
       && memcmp(again.recovery[3], factor.recovery[4], sizeof(hash)) == 0,
       "a code of recovery is taken out");
    ok(pupil_factor_recover(&again, hash) == PUPIL_NOT_FOUND, "once");

    ok(pupil_factor_token(&factor, factor.token, 1799999999, 7), "a token");
    ok(!pupil_factor_token(&factor, factor.token, 1800000000, 7),
       "counts until its end");
    ok(!pupil_factor_token(&factor, hash, 1799999999, 7), "and no other");
    ok(!pupil_factor_token(&factor, factor.token, 1799999999, 8),
       "nor once a later one was given");
}


/* The code of a mail is of whom it is to, of that mail, and of the key. */
static void
test_mailed(const pupil_key_t *key)
{
    size_t        i, same;
    char          code[PUPIL_FACTOR_DIGITS + 1], other[sizeof(code)];
    pupil_key_t   another;
    pupil_uuid_t  subject, mail, id;

    memset(subject.b, 1, PUPIL_UUID_LEN);
    memset(mail.b, 2, PUPIL_UUID_LEN);
    another = *key;
    another.b[0] ^= 1;
    pupil_factor_mailed(key, &subject, &mail, code);

    ok(strlen(code) == PUPIL_FACTOR_DIGITS
       && strspn(code, "0123456789") == PUPIL_FACTOR_DIGITS, "six digits");
    ok(pupil_factor_mailed_is(key, &subject, &mail, str(code)), "is the code");
    ok(!pupil_factor_mailed_is(key, &mail, &mail, str(code))
       && !pupil_factor_mailed_is(key, &subject, &subject, str(code))
       && !pupil_factor_mailed_is(&another, &subject, &mail, str(code)),
       "and of nobody else, no other mail, and no other key");

    code[5]--;
    ok(!pupil_factor_mailed_is(key, &subject, &mail, str(code))
       && !pupil_factor_mailed_is(key, &subject, &mail, str(""))
       && !pupil_factor_mailed_is(key, &subject, &mail, str("12345")),
       "what is none is none");
    code[5]++;

    for (i = 0, same = 0; i < 1000; i++) {
        id = mail;
        id.b[i % PUPIL_UUID_LEN] ^= (uint8_t) (1 + i / PUPIL_UUID_LEN);
        pupil_factor_mailed(key, &subject, &id, other);
        same += strcmp(code, other) == 0;
    }

    ok(same <= 1, "other mails have others");
}


/* By what a used code is known: of whom it was, and of the two steps before. */
static void
test_spent(const pupil_key_t *key)
{
    uint8_t       one[PUPIL_FACTOR_SPENT][PUPIL_HASH_LEN];
    uint8_t       next[PUPIL_FACTOR_SPENT][PUPIL_HASH_LEN];
    uint8_t       mailed[PUPIL_HASH_LEN], other[PUPIL_HASH_LEN];
    pupil_key_t   another;
    pupil_uuid_t  subject, mail;

    memset(subject.b, 1, PUPIL_UUID_LEN);
    memset(mail.b, 2, PUPIL_UUID_LEN);
    another = *key;
    another.b[0] ^= 1;

    pupil_factor_spent(key, &subject, 37037036, one);
    pupil_factor_spent(key, &subject, 37037037, next);
    ok(memcmp(next[1], one[0], 2 * PUPIL_HASH_LEN) == 0
       && memcmp(next[0], one[0], PUPIL_HASH_LEN) != 0,
       "a step that is used uses up those before it, and no later one");

    pupil_factor_spent(key, &mail, 37037036, next);
    ok(memcmp(next[0], one[0], PUPIL_HASH_LEN) != 0, "of nobody else");
    pupil_factor_spent(&another, &subject, 37037036, next);
    ok(memcmp(next[0], one[0], PUPIL_HASH_LEN) != 0, "by another key");

    pupil_factor_mailed_spent(key, &subject, &mail, mailed);
    pupil_factor_mailed_spent(key, &subject, &subject, other);
    ok(memcmp(mailed, other, PUPIL_HASH_LEN) != 0, "a code by mail is of one");
    pupil_factor_mailed_spent(key, &mail, &mail, other);
    ok(memcmp(mailed, other, PUPIL_HASH_LEN) != 0, "to one");
}


static void
test_ticket(const pupil_key_t *key)
{
    size_t          i, refused;
    uint8_t         text[PUPIL_TICKET_TEXT_LEN];
    pupil_str_t     sent;
    pupil_key_t     another;
    pupil_ticket_t  ticket, again;

    memset(&ticket, 0, sizeof(ticket));
    memset(&again, 0, sizeof(again));
    randombytes_buf(ticket.subject.b, PUPIL_UUID_LEN);
    randombytes_buf(ticket.bucket, sizeof(ticket.bucket));
    randombytes_buf(ticket.device, sizeof(ticket.device));
    memcpy(ticket.secret, secret, sizeof(ticket.secret));
    ticket.made = 5000000000;
    ticket.number = 7;

    pupil_ticket_seal(key, &ticket, text);
    sent.data = text;
    sent.len = sizeof(text);

    ok(pupil_ticket_open(key, sent, 5000000299, &again) == PUPIL_OK
       && memcmp(&ticket, &again, sizeof(ticket)) == 0,
       "a ticket is opened as it was made");
    ok(!pupil_ticket_enrols(&again), "by no token");
    ok(pupil_ticket_open(key, sent, 5000000300, &again) == PUPIL_INVALID,
       "not after its time");
    ok(pupil_ticket_open(key, sent, 4999999939, &again) == PUPIL_INVALID,
       "nor of a time to come");

    another = *key;
    another.b[0] ^= 1;
    ok(pupil_ticket_open(&another, sent, 5000000000, &again) == PUPIL_INVALID,
       "nor by another key");

    for (i = 0, refused = 0; i < sizeof(text); i++) {
        text[i] ^= 4;
        refused += pupil_ticket_open(key, sent, 5000000000, &again)
                   == PUPIL_INVALID;
        text[i] ^= 4;
    }

    ok(refused == sizeof(text), "nor changed anywhere");

    ok(!pupil_ticket_mailed(&ticket), "without a mail");
    randombytes_buf(ticket.mail.b, PUPIL_UUID_LEN);
    pupil_ticket_seal(key, &ticket, text);
    ok(pupil_ticket_open(key, sent, 5000000599, &again) == PUPIL_OK
       && memcmp(&ticket, &again, sizeof(ticket)) == 0
       && pupil_ticket_mailed(&again), "with one it has ten minutes");
    ok(pupil_ticket_open(key, sent, 5000000600, &again) == PUPIL_INVALID,
       "and no more");

    sent.len--;
    ok(pupil_ticket_open(key, sent, 5000000000, &again) == PUPIL_INVALID,
       "nor shorter");
}


int
main(void)
{
    pupil_key_t         key;
    static tap_arena_t  arena;
    pupil_alloc_t       alloc = { tap_arena_alloc, &arena };

    if (sodium_init() < 0) {
        return 2;
    }

    randombytes_buf(key.b, sizeof(key.b));

    test_codes();
    test_uri(&alloc);
    test_stored(&alloc, &key);
    test_mailed(&key);
    test_spent(&key);
    test_ticket(&key);

    tap_arena_reset(&arena);

    return tap_done();
}

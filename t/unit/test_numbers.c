/*
 * Copyright (C) the Pupil authors
 *
 * The numbers of audit records, how they are declared, and the MAC of a
 * record.
 */

#include <sodium.h>

#include "core/audit/audit.h"
#include "core/audit/declared.h"
#include "core/audit/record.h"
#include "tap.h"


static pupil_numbers_t  numbers;


/* What is open, as the note of a declaration says it. */
static const char *
said(int ended)
{
    uint8_t                *p;
    static uint8_t          text[512];
    pupil_numbers_range_t   range;

    p = pupil_declared_head(text, UINT64_C(0x00ff11ee22dd33cc));

    for (range.last = 0;
         pupil_numbers_find(&numbers, range.last + 1, &range) == PUPIL_OK;)
    {
        p = pupil_declared_range(p, &range);
    }

    if (ended) {
        p = pupil_declared_end(p, numbers.next - 1);
    }

    *p = '\0';

    return (const char *) text;
}


static void
says(const char *expected, const char *name)
{
    const char  *text = said(0);

    ok(strcmp(text + sizeof("writer 00ff11ee22dd33cc:") - 1, expected) == 0,
       "%s (%s)", name, text);
}


static void
test_numbers(void)
{
    uint64_t  n;

    pupil_numbers_init(&numbers);

    ok(pupil_numbers_take(&numbers, 3, 0) == 1
       && pupil_numbers_take(&numbers, 2, 0) == 4,
       "numbers begin with 1 and have no gap");
    says("", "what flies is not declared");

    pupil_numbers_settle(&numbers, 2);
    ok(numbers.base == 1, "an early end of a later number waits");
    pupil_numbers_settle(&numbers, 1);
    ok(numbers.base == 3, "and goes with those before it");

    pupil_numbers_absent(&numbers, 3);
    pupil_numbers_absent(&numbers, 4);
    pupil_numbers_chosen(&numbers, 5, 2);
    says(" 3-4 5=2", "what is not known, and what was chosen, is declared");
    ok(numbers.open == 3, "each counts");

    pupil_numbers_absent(&numbers, 5);
    says(" 3-4 5=2", "what is known stays known");

    ok(pupil_numbers_take(&numbers, 1, 0) == 6, "the next");
    pupil_numbers_chosen(&numbers, 6, 0);
    pupil_numbers_settle(&numbers, 3);
    pupil_numbers_settle(&numbers, 3);
    says(" 4 5=2", "what was declared is settled, also twice");
    pupil_numbers_settle(&numbers, 4);
    pupil_numbers_settle(&numbers, 5);
    ok(numbers.base == 7 && numbers.open == 0, "then all is");

    ok(pupil_numbers_take(&numbers, 4, 0) == 7, "more");
    pupil_numbers_unsent(&numbers, 7, 4);
    ok(pupil_numbers_take(&numbers, 2, 0) == 7,
       "the latest that were not sent come again");
    ok(pupil_numbers_take(&numbers, 1, 0) == 9, "another");
    pupil_numbers_unsent(&numbers, 7, 2);
    says(" 7-8", "others that were not sent are declared");

    pupil_numbers_end(&numbers);
    ok(strcmp(said(1), "writer 00ff11ee22dd33cc: 7-9 end 9") == 0,
       "of a dead writer all is, and where it ends (%s)", said(1));

    pupil_numbers_init(&numbers);
    n = PUPIL_NUMBERS_WINDOW - PUPIL_NUMBERS_RESERVE;
    ok(pupil_numbers_take(&numbers, (uint32_t) n, PUPIL_NUMBERS_RESERVE) == 1
       && pupil_numbers_take(&numbers, 1, PUPIL_NUMBERS_RESERVE) == 0
       && pupil_numbers_take(&numbers, PUPIL_NUMBERS_RESERVE, 0) == n + 1
       && pupil_numbers_take(&numbers, 1, 0) == 0,
       "no more are given than fit, the last for declarations");

    for (n = 1; n <= PUPIL_NUMBERS_WINDOW; n++) {
        pupil_numbers_settle(&numbers, n);
    }

    for (n = 0; n < PUPIL_NUMBERS_WINDOW; n++) {
        (void) pupil_numbers_take(&numbers, 1, 0);
    }

    pupil_numbers_end(&numbers);
    says(" 8193-16384", "a place is as new when it comes again");
}


static void
parsed(const char *text, const char *expected)
{
    int                     ended;
    char                    out[256] = "";
    size_t                  len = 0;
    uint64_t                writer;
    pupil_rc_t              rc;
    pupil_str_t             note;
    pupil_numbers_range_t   range;

    note.data = tap_guarded((const uint8_t *) text, strlen(text));
    note.len = strlen(text);

    rc = pupil_declared_parse(&note, &writer);

    if (rc == PUPIL_OK) {
        len = (size_t) snprintf(out, sizeof(out), "%llx",
                                (unsigned long long) writer);
    }

    while (rc == PUPIL_OK
           && (rc = pupil_declared_next(&note, &range, &ended)) == PUPIL_OK)
    {
        len += (size_t) snprintf(out + len, sizeof(out) - len, "%s%llu-%llu/%u",
                                 ended ? " end " : " ",
                                 (unsigned long long) range.first,
                                 (unsigned long long) range.last,
                                 range.choice);
    }

    if (rc == PUPIL_INVALID) {
        snprintf(out, sizeof(out), "invalid");
    }

    ok(strcmp(out, expected) == 0, "\"%s\" is %s (%s)", text, expected, out);
}


static void
test_declared(void)
{
    parsed("writer 00ff11ee22dd33cc:", "ff11ee22dd33cc");
    parsed("writer 00ff11ee22dd33cc: 5-7 9=1 end 12",
           "ff11ee22dd33cc 5-7/0 9-9/1 end 0-12/0");
    parsed("writer 00ff11ee22dd33cc: 5-7=3", "ff11ee22dd33cc 5-7/3");
    parsed("writer 00ff11ee22dd33c: 5", "invalid");
    parsed("writer 00ff11ee22dd33cx: 5", "invalid");
    parsed("reader 00ff11ee22dd33cc: 5", "invalid");
    parsed("writer 00ff11ee22dd33cc: 7-5", "invalid");
    parsed("writer 00ff11ee22dd33cc: 7=4", "invalid");
    parsed("writer 00ff11ee22dd33cc: 7-", "invalid");
    parsed("writer 00ff11ee22dd33cc: 7=", "invalid");
    parsed("writer 00ff11ee22dd33cc:7", "invalid");
    parsed("writer 00ff11ee22dd33cc: 7 ", "invalid");
    parsed("writer 00ff11ee22dd33cc: 9999999999999999999", "invalid");
    parsed("writer 00ff11ee22dd33cc: end", "invalid");
}


/* Any member that differs makes another MAC. */
static void
test_mac(void)
{
    size_t                i;
    uint8_t               mac[PUPIL_AUDIT_MAC_LEN], other[sizeof(mac)];
    pupil_key_t           key;
    pupil_str_t           text = pupil_str("x"), none = { NULL, 0 };
    pupil_audit_record_t  record, edited;

    memset(&key, 7, sizeof(key));
    memset(&record, 0, sizeof(record));
    pupil_audit_mac(&key, &record, mac);
    pupil_audit_mac(&key, &record, other);
    ok(memcmp(mac, other, sizeof(mac)) == 0, "a record has one MAC");

    for (i = 0; i < 15; i++) {
        pupil_str_t  *texts[] = { &edited.role, &edited.network,
                                  &edited.shape, &edited.policy,
                                  &edited.outcome, &edited.subjects,
                                  &edited.note };
        uint8_t      *bytes[] = { (uint8_t *) &edited.writer,
                                  (uint8_t *) &edited.number,
                                  (uint8_t *) &edited.choice,
                                  (uint8_t *) &edited.at, edited.tenant.b,
                                  edited.request.b, edited.actor.b,
                                  edited.institution.b };

        edited = record;

        if (i < 7) {
            *texts[i] = text;
        } else {
            bytes[i - 7][0] ^= 1;
        }

        pupil_audit_mac(&key, &edited, other);
        ok(memcmp(mac, other, sizeof(mac)) != 0, "I20: member %zu counts", i);
    }

    edited = record;
    edited.role = text;
    pupil_audit_mac(&key, &edited, mac);
    edited.role = none;
    edited.network = text;
    pupil_audit_mac(&key, &edited, other);
    ok(memcmp(mac, other, sizeof(mac)) != 0, "I20: and where it stands");
}


int
main(void)
{
    uint8_t  hash[PUPIL_HASH_LEN];

    if (sodium_init() < 0) {
        return 2;
    }

    crypto_hash_sha256(hash, (const uint8_t *) pupil_audit_nothing,
                       strlen(pupil_audit_nothing));
    ok(memcmp(hash, pupil_audit_nothing_shape, sizeof(hash)) == 0,
       "the shape of nothing is its hash");

    test_numbers();
    test_declared();
    test_mac();

    return tap_done();
}

/*
 * Copyright (C) the Pupil authors
 *
 * The text of a share of a key file.
 */

#include <sodium.h>
#include <stdio.h>

#include "core/vault/share.h"
#include "tap.h"


static const char  secret_text[] = "what is shared";

static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static void
share_make(pupil_share_t *share)
{
    memset(share, 0, sizeof(*share));
    memset(&share->set, 0x11, sizeof(share->set));
    share->needs = 3;
    share->of = 5;
    share->number = 2;
    share->len = sizeof(secret_text) - 1;
    memset(share->data, 0xa5, share->len);
    pupil_share_prove(share, str(secret_text), share->proof);
}


static void
test_text(void)
{
    char           text[PUPIL_SHARE_TEXT_MAX];
    size_t         i, len, opened;
    pupil_str_t    cut = { (const uint8_t *) text, 0 };
    pupil_share_t  share, read;

    share_make(&share);
    len = pupil_share_format(&share, text);

    memset(&read, 0, sizeof(read));
    ok(len == strlen(text)
       && pupil_share_parse(str(text), &read) == PUPIL_OK
       && memcmp(&read, &share, sizeof(read)) == 0,
       "what is written is read");

    for (i = 0, opened = 0; i < len; i++) {
        text[i] ^= 1;
        opened += pupil_share_parse(str(text), &read) == PUPIL_OK;
        text[i] ^= 1;
    }

    ok(opened == 0, "with any byte changed it is refused");

    for (i = 0; i < len; i++) {
        cut.len = i;
        opened += pupil_share_parse(cut, &read) == PUPIL_OK;
    }

    ok(opened == 0, "cut off anywhere, too");
    ok(pupil_share_parse(str("pupil-kek-share-v1\n"), &read) == PUPIL_INVALID,
       "a first line alone is none");

    share.len = PUPIL_SHARE_DATA_MAX;
    share.needs = share.of = share.number = PUPIL_SHARES_MAX;
    pupil_share_format(&share, text);
    ok(pupil_share_parse(str(text), &read) == PUPIL_OK
       && read.len == PUPIL_SHARE_DATA_MAX, "the longest is read");
}


static void
test_rules(void)
{
    char           text[PUPIL_SHARE_TEXT_MAX];
    size_t         i, refused;
    pupil_share_t  share, read;

    static const uint32_t  bad[][3] = {
        { 1, 5, 1 }, { 6, 5, 1 }, { 3, 256, 1 }, { 3, 5, 0 }, { 3, 5, 6 }
    };

    for (i = 0, refused = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        share_make(&share);
        share.needs = bad[i][0];
        share.of = bad[i][1];
        share.number = bad[i][2];
        pupil_share_format(&share, text);
        refused += pupil_share_parse(str(text), &read) == PUPIL_INVALID;
    }

    ok(refused == i, "numbers that cannot be are refused");
}


static void
test_proof(void)
{
    uint8_t        proof[PUPIL_HASH_LEN];
    pupil_share_t  share;

    share_make(&share);
    pupil_share_prove(&share, str("what is not"), proof);
    ok(memcmp(proof, share.proof, sizeof(proof)) != 0,
       "another secret has another proof");

    share.number++;
    pupil_share_prove(&share, str(secret_text), proof);
    ok(memcmp(proof, share.proof, sizeof(proof)) != 0,
       "as has another share of it");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_text();
    test_rules();
    test_proof();

    return tap_done();
}

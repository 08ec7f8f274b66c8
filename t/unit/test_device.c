/*
 * Copyright (C) the Pupil authors
 *
 * What a browser keeps of who has logged in at it.
 */

#include <string.h>

#include <sodium.h>

#include "tap.h"
#include "core/login/device.h"
#include "core/vault/keyed.h"


#define TODAY  20000


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


/* Zoe and the others have one account each; of all, of this number. */
static pupil_device_account_t
account_of(const char *who, uint32_t number)
{
    pupil_device_account_t  account;

    memset(&account, 0, sizeof(account));
    account.subject.b[0] = (uint8_t) who[0];
    account.number = number;

    return account;
}


/* Somebody logs in at it, as a worker sees it: by its cookie. */
static void
log_in(const pupil_key_t *key, pupil_device_t *device, const char *who,
    uint32_t today)
{
    uint8_t                 one[PUPIL_DEVICE_ONE_LEN];
    uint8_t                 text[PUPIL_DEVICE_TEXT_MAX];
    pupil_str_t             cookie = { text, 0 };
    pupil_device_account_t  account = account_of(who, 7);

    pupil_device_one(key, device, str(who), one);
    pupil_device_add(key, device, one, today, &account);

    cookie.len = pupil_device_text(device, text);
    (void) pupil_device_parse(cookie, device);
}


/* Before anybody is looked up, and once they are. */
static int32_t
age(const pupil_key_t *key, const pupil_device_t *device, const char *who,
    uint32_t today)
{
    uint8_t  one[PUPIL_DEVICE_ONE_LEN];

    pupil_device_one(key, device, str(who), one);

    return pupil_device_age(key, device, one, today, NULL);
}


static int32_t
age_of(const pupil_key_t *key, const pupil_device_t *device, const char *who,
    pupil_device_account_t account)
{
    uint8_t  one[PUPIL_DEVICE_ONE_LEN];

    pupil_device_one(key, device, str(who), one);

    return pupil_device_age(key, device, one, TODAY, &account);
}


static void
test_known(const pupil_key_t *key)
{
    pupil_key_t     other = *key;
    pupil_device_t  device, another;

    other.b[0] ^= 1;

    pupil_device_new(&device);
    ok(age(key, &device, "zoe", TODAY) == -1,
       "a new browser knows nobody");

    log_in(key, &device, "zoe", TODAY);
    another = device;
    ok(age(key, &device, "zoe", TODAY) == 0,
       "who has logged in is known");
    ok(age(key, &device, "zo", TODAY) == -1
       && age(key, &device, "", TODAY) == -1,
       "and nobody else");
    ok(age(&other, &device, "zoe", TODAY) == -1,
       "nor by another key");

    log_in(key, &device, "ann", TODAY + 1);
    ok(age(key, &device, "zoe", TODAY + 1) == 1
       && age(key, &device, "ann", TODAY + 1) == 0,
       "two accounts at one browser are known");
    ok(memcmp(device.bytes, another.bytes, PUPIL_DEVICE_ID_LEN) == 0,
       "which is the same");

    log_in(key, &device, "zoe", TODAY + 2);
    ok(device.count == 2
       && age(key, &device, "zoe", TODAY + 2) == 0,
       "who logs in again is known from then on, once");

    memcpy(device.bytes, another.bytes, PUPIL_DEVICE_ID_LEN);
    device.bytes[0] ^= 1;
    ok(age(key, &device, "zoe", TODAY + 2) == -1,
       "and not where it is another browser's");
}


static void
test_time(const pupil_key_t *key)
{
    pupil_device_t  device;

    pupil_device_new(&device);
    log_in(key, &device, "zoe", TODAY);

    ok(age(key, &device, "zoe", TODAY + 180) == 180,
       "for 180 days");
    ok(age(key, &device, "zoe", TODAY + 181) == -1,
       "and no longer");
    ok(age(key, &device, "zoe", TODAY - 1) == 0,
       "another host's clock may be a little ahead");
    ok(age(key, &device, "zoe", TODAY - 2) == -1
       && age(key, &device, "zoe", TODAY - 3650) == -1,
       "one that was far ahead makes it last no longer");

    pupil_u32_write(device.bytes + PUPIL_DEVICE_ID_LEN, TODAY + 100);
    ok(age(key, &device, "zoe", TODAY + 181) == -1,
       "nor whoever writes another day");
}


/* Of another password, or of who has the name now. */
static void
test_whose(const pupil_key_t *key)
{
    pupil_device_t  device;

    pupil_device_new(&device);
    log_in(key, &device, "zoe", TODAY);

    ok(age_of(key, &device, "zoe", account_of("zoe", 7)) == 0,
       "with the password that it was");
    ok(age_of(key, &device, "zoe", account_of("zoe", 8)) == -1
       && age_of(key, &device, "zoe", account_of("zoe", 6)) == -1,
       "and with no other");
    ok(age_of(key, &device, "zoe", account_of("ann", 7)) == -1,
       "nor for who else is called so");
    ok(age(key, &device, "zoe", TODAY) == 0,
       "which is known once they are looked up");

    device.bytes[PUPIL_DEVICE_ID_LEN + 4] ^= 1;
    ok(age(key, &device, "zoe", TODAY) == -1, "nobody writes another");
}


static void
test_many(const pupil_key_t *key)
{
    int             i;
    char            who[2] = "a";
    pupil_device_t  device;

    pupil_device_new(&device);

    for (i = 0; i <= PUPIL_DEVICE_MOST; i++) {
        who[0] = (char) ('a' + i);
        log_in(key, &device, who, TODAY);
    }

    ok(device.count == PUPIL_DEVICE_MOST
       && age(key, &device, "a", TODAY) == -1,
       "one more than there is room for: the longest ago is forgotten");

    for (i = 1; i <= PUPIL_DEVICE_MOST; i++) {
        who[0] = (char) ('a' + i);
        ok(age(key, &device, who, TODAY) == 0,
           "and %s is not", who);
    }

    log_in(key, &device, "e", TODAY + 1);
    ok(device.count == PUPIL_DEVICE_MOST
       && age(key, &device, "e", TODAY + 1) == 0
       && age(key, &device, "d", TODAY + 1) == 1
       && age(key, &device, "f", TODAY + 1) == 1
       && age(key, &device, "b", TODAY + 1) == 1,
       "who logs in again is the last, and the others stay");
}


/* Between the halves of a log-in the browser may have become another one. */
static void
test_another(const pupil_key_t *key)
{
    uint8_t                 one[PUPIL_DEVICE_ONE_LEN];
    pupil_device_t          device, another;
    pupil_device_account_t  zoe = account_of("zoe", 7);

    pupil_device_new(&device);
    pupil_device_new(&another);
    log_in(key, &another, "ann", TODAY);
    pupil_device_one(key, &device, str("zoe"), one);
    pupil_device_add(key, &another, one, TODAY, &zoe);

    ok(another.count == 1
       && age(key, &another, "zoe", TODAY) == 0
       && age(key, &another, "ann", TODAY) == -1,
       "what is of another browser is of that alone");
}


/* Somebody has two names, and says that others use the computer, too. */
static void
test_drop(const pupil_key_t *key)
{
    uint8_t                 one[PUPIL_DEVICE_ONE_LEN];
    pupil_device_t          device;
    pupil_device_account_t  zoe = account_of("zoe", 7);
    pupil_device_account_t  ann = account_of("ann", 7);

    pupil_device_new(&device);
    log_in(key, &device, "zoe", TODAY);
    log_in(key, &device, "ann", TODAY);
    pupil_device_one(key, &device, str("zoe@school"), one);
    pupil_device_add(key, &device, one, TODAY, &zoe);

    ok(pupil_device_drop(key, &device, &zoe) == 2 && device.count == 1
       && age(key, &device, "zoe", TODAY) == -1
       && age(key, &device, "zoe@school", TODAY) == -1,
       "whom it is to forget it knows by none of their names");
    ok(age_of(key, &device, "ann", ann) == 0, "while it knows the others");
    ok(pupil_device_drop(key, &device, &zoe) == 0, "once");

    log_in(key, &device, "zoe", TODAY);
    ok(pupil_device_drop(key, &device, &ann) == 1
       && age_of(key, &device, "zoe", zoe) == 0,
       "whichever came first");
    ok(pupil_device_drop(key, &device, &zoe) == 1 && device.count == 0,
       "and in the end nobody");
}


/* Each length, and each character changed to each other byte. */
static void
test_strict(const pupil_key_t *key)
{
    int             byte;
    size_t          i, len, bad = 0;
    uint8_t         text[PUPIL_DEVICE_TEXT_MAX + 2];
    pupil_str_t     s;
    pupil_device_t  device;

    pupil_device_new(&device);
    log_in(key, &device, "zoe", TODAY);
    memset(text, 'A', sizeof(text));
    len = pupil_device_text(&device, text);

    for (i = 0; i < sizeof(text); i++) {
        s.data = tap_guarded(text, i);
        s.len = i;

        if (i != len
            && (pupil_device_parse(s, &device), 1)
            && age(key, &device, "zoe", TODAY) != -1
            && (i < len || (i - len) % 64 != 0))
        {
            bad++;
        }
    }

    ok(bad == 0, "of any other length it knows nobody");

    s.data = text;
    s.len = len;

    for (i = 0; i < len; i++) {
        for (byte = 0; byte < 256; byte++) {
            uint8_t  was = text[i];

            text[i] = (uint8_t) byte;
            (void) pupil_device_parse(s, &device);

            if (byte != was
                && age(key, &device, "zoe", TODAY) != -1)
            {
                bad++;
            }

            text[i] = was;
        }
    }

    ok(bad == 0, "nor with any byte changed");
}


int
main(void)
{
    pupil_key_t  key;

    if (sodium_init() < 0) {
        return 2;
    }

    randombytes_buf(key.b, sizeof(key.b));

    test_known(&key);
    test_time(&key);
    test_whose(&key);
    test_many(&key);
    test_another(&key);
    test_drop(&key);
    test_strict(&key);

    return tap_done();
}

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


/* Somebody logs in at it, as a worker sees it: by its cookie. */
static void
log_in(const pupil_key_t *key, pupil_device_t *device, const char *who,
    uint32_t today)
{
    uint8_t      one[PUPIL_DEVICE_LEN(1)], text[PUPIL_DEVICE_TEXT_MAX];
    pupil_str_t  cookie = { text, 0 };

    pupil_device_forget(key, device, str(who));
    pupil_device_one(key, device, str(who), today, one);
    pupil_device_add(device, one);

    cookie.len = pupil_device_text(device, text);
    (void) pupil_device_parse(cookie, device);
}


static void
test_known(const pupil_key_t *key)
{
    pupil_key_t     other = *key;
    pupil_device_t  device, another;

    other.b[0] ^= 1;

    pupil_device_new(&device);
    ok(pupil_device_age(key, &device, str("zoe"), TODAY) == -1,
       "a new browser knows nobody");

    log_in(key, &device, "zoe", TODAY);
    another = device;
    ok(pupil_device_age(key, &device, str("zoe"), TODAY) == 0,
       "who has logged in is known");
    ok(pupil_device_age(key, &device, str("zo"), TODAY) == -1
       && pupil_device_age(key, &device, str(""), TODAY) == -1,
       "and nobody else");
    ok(pupil_device_age(&other, &device, str("zoe"), TODAY) == -1,
       "nor by another key");

    log_in(key, &device, "ann", TODAY + 1);
    ok(pupil_device_age(key, &device, str("zoe"), TODAY + 1) == 1
       && pupil_device_age(key, &device, str("ann"), TODAY + 1) == 0,
       "two accounts at one browser are known");
    ok(memcmp(device.bytes, another.bytes, PUPIL_DEVICE_ID_LEN) == 0,
       "which is the same");

    log_in(key, &device, "zoe", TODAY + 2);
    ok(device.count == 2
       && pupil_device_age(key, &device, str("zoe"), TODAY + 2) == 0,
       "who logs in again is known from then on, once");

    memcpy(device.bytes, another.bytes, PUPIL_DEVICE_ID_LEN);
    device.bytes[0] ^= 1;
    ok(pupil_device_age(key, &device, str("zoe"), TODAY + 2) == -1,
       "and not where it is another browser's");
}


static void
test_time(const pupil_key_t *key)
{
    pupil_device_t  device;

    pupil_device_new(&device);
    log_in(key, &device, "zoe", TODAY);

    ok(pupil_device_age(key, &device, str("zoe"), TODAY + 180) == 180,
       "for 180 days");
    ok(pupil_device_age(key, &device, str("zoe"), TODAY + 181) == -1,
       "and no longer");
    ok(pupil_device_age(key, &device, str("zoe"), TODAY - 1) == 0,
       "another host's clock may be a little ahead");
    ok(pupil_device_age(key, &device, str("zoe"), TODAY - 2) == -1
       && pupil_device_age(key, &device, str("zoe"), TODAY - 3650) == -1,
       "one that was far ahead makes it last no longer");

    pupil_u32_write(device.bytes + PUPIL_DEVICE_ID_LEN, TODAY + 100);
    ok(pupil_device_age(key, &device, str("zoe"), TODAY + 181) == -1,
       "nor whoever writes another day");
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
       && pupil_device_age(key, &device, str("a"), TODAY) == -1,
       "one more than there is room for: the longest ago is forgotten");

    for (i = 1; i <= PUPIL_DEVICE_MOST; i++) {
        who[0] = (char) ('a' + i);
        ok(pupil_device_age(key, &device, str(who), TODAY) == 0,
           "and %s is not", who);
    }

    pupil_device_forget(key, &device, str("e"));
    ok(device.count == PUPIL_DEVICE_MOST - 1
       && pupil_device_age(key, &device, str("e"), TODAY) == -1
       && pupil_device_age(key, &device, str("d"), TODAY) == 0
       && pupil_device_age(key, &device, str("f"), TODAY) == 0,
       "one is forgotten, its neighbours are not");
}


/* Between the halves of a log-in the browser may have become another one. */
static void
test_another(const pupil_key_t *key)
{
    uint8_t         one[PUPIL_DEVICE_LEN(1)];
    pupil_device_t  device, another;

    pupil_device_new(&device);
    pupil_device_new(&another);
    log_in(key, &another, "ann", TODAY);
    pupil_device_one(key, &device, str("zoe"), TODAY, one);
    pupil_device_add(&another, one);

    ok(another.count == 1
       && pupil_device_age(key, &another, str("zoe"), TODAY) == 0
       && pupil_device_age(key, &another, str("ann"), TODAY) == -1,
       "what is of another browser is of that alone");
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
            && pupil_device_age(key, &device, str("zoe"), TODAY) != -1
            && (i < len || (i - len) % 48 != 0))
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
                && pupil_device_age(key, &device, str("zoe"), TODAY) != -1)
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
    test_many(&key);
    test_another(&key);
    test_strict(&key);

    return tap_done();
}

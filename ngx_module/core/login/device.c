/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include <sodium.h>

#include "core/login/device.h"
#include "core/vault/keyed.h"


#define ENTRY_LEN  (PUPIL_DEVICE_LEN(1) - PUPIL_DEVICE_ID_LEN)
#define AHEAD      1    /* days that another host's clock may be */


static size_t device_find(const pupil_key_t *key, const pupil_device_t *device,
    const uint8_t *one);
static void device_entry(const pupil_key_t *key, const uint8_t *one,
    uint32_t day, const uint8_t *stamp, uint8_t entry[ENTRY_LEN]);
static void device_stamp(const pupil_key_t *key,
    const pupil_device_account_t *account, uint8_t stamp[PUPIL_DEVICE_STAMP]);


void
pupil_device_new(pupil_device_t *device)
{
    memset(device, 0, sizeof(pupil_device_t));
    randombytes_buf(device->bytes, PUPIL_DEVICE_ID_LEN);
}


pupil_rc_t
pupil_device_parse(pupil_str_t text, pupil_device_t *device)
{
    size_t  count, len;

    memset(device, 0, sizeof(pupil_device_t));

    for (count = 1; count <= PUPIL_DEVICE_MOST; count++) {
        if (text.len == PUPIL_BASE64URL_LEN(PUPIL_DEVICE_LEN(count))
            && pupil_base64url_decode(text.data, text.len, device->bytes,
                                      PUPIL_DEVICE_LEN(count), &len)
               == PUPIL_OK
            && len == PUPIL_DEVICE_LEN(count))
        {
            device->count = count;
            return PUPIL_OK;
        }
    }

    pupil_device_new(device);

    return PUPIL_INVALID;
}


void
pupil_device_one(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier, uint8_t one[PUPIL_DEVICE_ONE_LEN])
{
    pupil_keyed_t  hash;

    memcpy(one, device->bytes, PUPIL_DEVICE_ID_LEN);

    pupil_keyed_begin(&hash, key, "pupil.device.one.v1", PUPIL_HASH_LEN);
    pupil_keyed_bytes(&hash, one, PUPIL_DEVICE_ID_LEN);
    pupil_keyed_str(&hash, identifier);
    pupil_keyed_end(&hash, one + PUPIL_DEVICE_ID_LEN);
    pupil_stack_wipe();
}


int32_t
pupil_device_age(const pupil_key_t *key, const pupil_device_t *device,
    const uint8_t one[PUPIL_DEVICE_ONE_LEN], uint32_t today,
    const pupil_device_account_t *account)
{
    size_t          i;
    uint8_t         stamp[PUPIL_DEVICE_STAMP];
    uint32_t        day;
    const uint8_t  *entry;

    i = device_find(key, device, one);
    if (i == device->count) {
        return -1;
    }

    entry = device->bytes + PUPIL_DEVICE_LEN(i);
    day = pupil_u32_read(entry);

    if (account != NULL) {
        device_stamp(key, account, stamp);
        pupil_stack_wipe();

        if (sodium_memcmp(stamp, entry + 4, sizeof(stamp)) != 0) {
            return -1;
        }
    }

    if (day > today) {
        return day - today <= AHEAD ? 0 : -1;
    }

    return today - day <= PUPIL_DEVICE_DAYS ? (int32_t) (today - day) : -1;
}


void
pupil_device_add(const pupil_key_t *key, pupil_device_t *device,
    const uint8_t one[PUPIL_DEVICE_ONE_LEN], uint32_t today,
    const pupil_device_account_t *account)
{
    size_t   i;
    uint8_t  stamp[PUPIL_DEVICE_STAMP];

    if (sodium_memcmp(device->bytes, one, PUPIL_DEVICE_ID_LEN) != 0) {
        memset(device, 0, sizeof(pupil_device_t));
        memcpy(device->bytes, one, PUPIL_DEVICE_ID_LEN);
    }

    i = device_find(key, device, one);

    if (i == device->count && device->count < PUPIL_DEVICE_MOST) {
        device->count++;
    }

    if (i == PUPIL_DEVICE_MOST) {
        i--;                            /* the longest ago falls out */
    }

    memmove(device->bytes + PUPIL_DEVICE_LEN(1),
            device->bytes + PUPIL_DEVICE_LEN(0), i * ENTRY_LEN);

    device_stamp(key, account, stamp);
    device_entry(key, one, today, stamp,
                 device->bytes + PUPIL_DEVICE_LEN(0));
    pupil_stack_wipe();
}


/* A stamp that somebody has made up takes out what is theirs alone. */
size_t
pupil_device_drop(const pupil_key_t *key, pupil_device_t *device,
    const pupil_device_account_t *account)
{
    size_t    i, count;
    uint8_t   stamp[PUPIL_DEVICE_STAMP];
    uint8_t  *entry;

    device_stamp(key, account, stamp);
    pupil_stack_wipe();

    count = device->count;
    device->count = 0;

    for (i = 0; i < count; i++) {
        entry = device->bytes + PUPIL_DEVICE_LEN(i);

        if (sodium_memcmp(stamp, entry + 4, sizeof(stamp)) != 0) {
            memmove(device->bytes + PUPIL_DEVICE_LEN(device->count), entry,
                    ENTRY_LEN);
            device->count++;
        }
    }

    return count - device->count;
}


size_t
pupil_device_text(const pupil_device_t *device,
    uint8_t text[PUPIL_DEVICE_TEXT_MAX])
{
    pupil_base64url_encode(device->bytes, PUPIL_DEVICE_LEN(device->count),
                           text);

    return PUPIL_BASE64URL_LEN(PUPIL_DEVICE_LEN(device->count));
}


/* Which is of this one; count: none is. */
static size_t
device_find(const pupil_key_t *key, const pupil_device_t *device,
    const uint8_t *one)
{
    size_t          i;
    uint8_t         made[ENTRY_LEN];
    const uint8_t  *entry;

    if (sodium_memcmp(device->bytes, one, PUPIL_DEVICE_ID_LEN) != 0) {
        return device->count;
    }

    for (i = 0; i < device->count; i++) {
        entry = device->bytes + PUPIL_DEVICE_LEN(i);
        device_entry(key, one, pupil_u32_read(entry), entry + 4, made);

        if (sodium_memcmp(made, entry, sizeof(made)) == 0) {
            break;
        }
    }

    sodium_memzero(made, sizeof(made));
    pupil_stack_wipe();

    return i;
}


static void
device_entry(const pupil_key_t *key, const uint8_t *one, uint32_t day,
    const uint8_t *stamp, uint8_t entry[ENTRY_LEN])
{
    pupil_keyed_t  hash;

    pupil_u32_write(entry, day);
    memcpy(entry + 4, stamp, PUPIL_DEVICE_STAMP);

    pupil_keyed_begin(&hash, key, "pupil.device.v3", PUPIL_HASH_LEN);
    pupil_keyed_bytes(&hash, one, PUPIL_DEVICE_ONE_LEN);
    pupil_keyed_bytes(&hash, entry, 4 + PUPIL_DEVICE_STAMP);
    pupil_keyed_end(&hash, entry + 4 + PUPIL_DEVICE_STAMP);
}


static void
device_stamp(const pupil_key_t *key, const pupil_device_account_t *account,
    uint8_t stamp[PUPIL_DEVICE_STAMP])
{
    uint8_t        made[PUPIL_HASH_LEN];
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.device.stamp.v1", PUPIL_HASH_LEN);
    pupil_keyed_uuid(&hash, &account->subject);
    pupil_keyed_u32(&hash, account->number);
    pupil_keyed_end(&hash, made);
    memcpy(stamp, made, PUPIL_DEVICE_STAMP);
}

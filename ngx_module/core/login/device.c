/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include <sodium.h>

#include "core/login/device.h"
#include "core/vault/keyed.h"


#define ENTRY_LEN  (PUPIL_DEVICE_LEN(1) - PUPIL_DEVICE_ID_LEN)
#define AHEAD      1    /* days that another host's clock may be */


static void device_entry(const pupil_key_t *key, const uint8_t *id,
    pupil_str_t identifier, uint32_t day, uint8_t entry[ENTRY_LEN]);
static size_t device_find(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier);


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


int32_t
pupil_device_age(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier, uint32_t today)
{
    size_t    i;
    uint32_t  day;

    i = device_find(key, device, identifier);
    if (i == device->count) {
        return -1;
    }

    day = pupil_u32_read(device->bytes + PUPIL_DEVICE_LEN(i));

    if (day > today) {
        return day - today <= AHEAD ? 0 : -1;
    }

    return today - day <= PUPIL_DEVICE_DAYS ? (int32_t) (today - day) : -1;
}


void
pupil_device_one(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier, uint32_t today, uint8_t one[PUPIL_DEVICE_LEN(1)])
{
    memcpy(one, device->bytes, PUPIL_DEVICE_ID_LEN);
    device_entry(key, one, identifier, today, one + PUPIL_DEVICE_ID_LEN);
    pupil_stack_wipe();
}


void
pupil_device_add(pupil_device_t *device,
    const uint8_t one[PUPIL_DEVICE_LEN(1)])
{
    if (sodium_memcmp(device->bytes, one, PUPIL_DEVICE_ID_LEN) != 0) {
        memset(device, 0, sizeof(pupil_device_t));
        memcpy(device->bytes, one, PUPIL_DEVICE_ID_LEN);
    }

    if (device->count < PUPIL_DEVICE_MOST) {
        device->count++;
    }

    memmove(device->bytes + PUPIL_DEVICE_LEN(1),
            device->bytes + PUPIL_DEVICE_LEN(0),
            (device->count - 1) * ENTRY_LEN);
    memcpy(device->bytes + PUPIL_DEVICE_LEN(0), one + PUPIL_DEVICE_ID_LEN,
           ENTRY_LEN);
}


void
pupil_device_forget(const pupil_key_t *key, pupil_device_t *device,
    pupil_str_t identifier)
{
    size_t  i;

    while ((i = device_find(key, device, identifier)) < device->count) {
        device->count--;
        memmove(device->bytes + PUPIL_DEVICE_LEN(i),
                device->bytes + PUPIL_DEVICE_LEN(i + 1),
                (device->count - i) * ENTRY_LEN);
    }
}


size_t
pupil_device_text(const pupil_device_t *device,
    uint8_t text[PUPIL_DEVICE_TEXT_MAX])
{
    pupil_base64url_encode(device->bytes, PUPIL_DEVICE_LEN(device->count),
                           text);

    return PUPIL_BASE64URL_LEN(PUPIL_DEVICE_LEN(device->count));
}


/* The first that is of this identifier; count: none is. */
static size_t
device_find(const pupil_key_t *key, const pupil_device_t *device,
    pupil_str_t identifier)
{
    size_t          i;
    uint8_t         made[ENTRY_LEN];
    const uint8_t  *entry;

    for (i = 0; i < device->count; i++) {
        entry = device->bytes + PUPIL_DEVICE_LEN(i);
        device_entry(key, device->bytes, identifier, pupil_u32_read(entry),
                     made);

        if (sodium_memcmp(made, entry, sizeof(made)) == 0) {
            break;
        }
    }

    sodium_memzero(made, sizeof(made));
    pupil_stack_wipe();

    return i;
}


static void
device_entry(const pupil_key_t *key, const uint8_t *id, pupil_str_t identifier,
    uint32_t day, uint8_t entry[ENTRY_LEN])
{
    pupil_keyed_t  hash;

    pupil_u32_write(entry, day);

    pupil_keyed_begin(&hash, key, "pupil.device.v2", PUPIL_HASH_LEN);
    pupil_keyed_bytes(&hash, id, PUPIL_DEVICE_ID_LEN);
    pupil_keyed_u32(&hash, day);
    pupil_keyed_str(&hash, identifier);
    pupil_keyed_end(&hash, entry + 4);
}

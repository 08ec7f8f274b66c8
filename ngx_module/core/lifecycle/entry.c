/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/base/time.h"
#include "core/lifecycle/entry.h"


#define LINE_MAX_LEN  128
#define PLACE         "moved "


static void uuid_text(const pupil_uuid_t *uuid,
    char out[PUPIL_UUID_TEXT_LEN + 1]);
static int line_take(pupil_str_t *text, const char *name, pupil_str_t *value);
static int number_parse(pupil_str_t s, uint64_t *number);
static int place_parse(pupil_str_t *text, pupil_entry_t *entry);


static const char *const  kinds[PUPIL_ENTRY_KINDS] = {
    [PUPIL_ENTRY_ERASURE] = "erasure",
    [PUPIL_ENTRY_TENANT] = "tenant",
    [PUPIL_ENTRY_MOVED] = "moved"
};


const char *
pupil_entry_kind_name(pupil_entry_kind_t kind)
{
    return kinds[kind];
}


pupil_entry_kind_t
pupil_entry_kind_find(const char *name)
{
    pupil_entry_kind_t  kind;

    for (kind = 0; kind < PUPIL_ENTRY_KINDS; kind++) {
        if (strcmp(kinds[kind], name) == 0) {
            break;
        }
    }

    return kind;
}


int
pupil_entry_place(const char *place)
{
    size_t  len;

    len = strspn(place, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                 "0123456789._:-");

    return len != 0 && len < PUPIL_ENTRY_PLACE_SIZE && place[len] == '\0';
}


void
pupil_entry_hash(const uint8_t *previous, const pupil_entry_t *entry,
    uint8_t hash[PUPIL_HASH_LEN])
{
    int                       len;
    char                      text[512], tenant[PUPIL_UUID_TEXT_LEN + 1];
    char                      subject[PUPIL_UUID_TEXT_LEN + 1];
    crypto_hash_sha256_state  state;

    uuid_text(&entry->tenant, tenant);
    uuid_text(&entry->subject, subject);

    len = snprintf(text, sizeof(text), "%s %" PRIu64 " %s %s %" PRId64 "%s%s",
                   tenant, entry->number, kinds[entry->kind], subject,
                   entry->at, entry->place[0] != '\0' ? " " : "",
                   entry->place);

    crypto_hash_sha256_init(&state);

    if (previous != NULL) {
        crypto_hash_sha256_update(&state, previous, PUPIL_HASH_LEN);
    }

    crypto_hash_sha256_update(&state, (const uint8_t *) text, (size_t) len);
    crypto_hash_sha256_final(&state, hash);
}


static void
uuid_text(const pupil_uuid_t *uuid, char out[PUPIL_UUID_TEXT_LEN + 1])
{
    pupil_uuid_format(uuid, (uint8_t *) out);
    out[PUPIL_UUID_TEXT_LEN] = '\0';
}


void
pupil_entry_format(const pupil_entry_t *entry,
    char out[PUPIL_ENTRY_TEXT_SIZE])
{
    char    tenant[PUPIL_UUID_TEXT_LEN + 1], subject[PUPIL_UUID_TEXT_LEN + 1];
    char    at[PUPIL_TIME_TEXT_MAX + 1], hash[2 * PUPIL_HASH_LEN + 1];
    int     moved;
    size_t  len;

    uuid_text(&entry->tenant, tenant);
    uuid_text(&entry->subject, subject);
    len = pupil_time_format(entry->at, (uint8_t *) at);
    at[len] = '\0';
    sodium_bin2hex(hash, sizeof(hash), entry->hash, PUPIL_HASH_LEN);

    moved = entry->kind == PUPIL_ENTRY_MOVED;

    snprintf(out, PUPIL_ENTRY_TEXT_SIZE, PUPIL_ENTRY_HEAD "tenant %s\n"
             "number %" PRIu64 "\nsubject %s\n%s%s%sat %s\nhash %s\n", tenant,
             entry->number, subject, moved ? PLACE : "",
             moved ? entry->place : "", moved ? "\n" : "", at, hash);
}


pupil_rc_t
pupil_entry_parse(pupil_str_t text, pupil_entry_t *entry)
{
    char         again[PUPIL_ENTRY_TEXT_SIZE];
    size_t       len;
    pupil_str_t  rest, tenant, number, subject, at, hash;

    len = sizeof(PUPIL_ENTRY_HEAD) - 1;

    if (text.len < len || memcmp(text.data, PUPIL_ENTRY_HEAD, len) != 0) {
        return PUPIL_INVALID;
    }

    rest.data = text.data + len;
    rest.len = text.len - len;

    if (!line_take(&rest, "tenant ", &tenant)
        || !line_take(&rest, "number ", &number)
        || !line_take(&rest, "subject ", &subject)
        || !place_parse(&rest, entry)
        || !line_take(&rest, "at ", &at) || !line_take(&rest, "hash ", &hash)
        || pupil_uuid_parse(tenant.data, tenant.len, &entry->tenant)
           != PUPIL_OK
        || !number_parse(number, &entry->number)
        || pupil_uuid_parse(subject.data, subject.len, &entry->subject)
           != PUPIL_OK
        || pupil_time_parse(at.data, at.len, &entry->at) != PUPIL_OK
        || pupil_hex_decode(hash.data, hash.len, entry->hash, PUPIL_HASH_LEN,
                            &len) != PUPIL_OK
        || len != PUPIL_HASH_LEN)
    {
        return PUPIL_INVALID;
    }

    if (memcmp(&entry->subject, &entry->tenant, PUPIL_UUID_LEN) != 0) {

        if (entry->kind == PUPIL_ENTRY_MOVED) {
            return PUPIL_INVALID;
        }

    } else if (entry->kind == PUPIL_ENTRY_ERASURE) {
        entry->kind = PUPIL_ENTRY_TENANT;
    }

    /* one text for each: nothing behind it, no other way to write it */
    pupil_entry_format(entry, again);

    return strlen(again) == text.len && memcmp(again, text.data, text.len) == 0
           ? PUPIL_OK : PUPIL_INVALID;
}


/* Of a move alone there is such a line. */
static int
place_parse(pupil_str_t *text, pupil_entry_t *entry)
{
    pupil_str_t  place;

    entry->kind = PUPIL_ENTRY_ERASURE;
    entry->place[0] = '\0';

    if (!line_take(text, PLACE, &place)) {
        return 1;
    }

    if (place.len >= PUPIL_ENTRY_PLACE_SIZE) {
        return 0;
    }

    memcpy(entry->place, place.data, place.len);
    entry->place[place.len] = '\0';
    entry->kind = PUPIL_ENTRY_MOVED;

    return strlen(entry->place) == place.len
           && pupil_entry_place(entry->place);
}


/* Of "name value\n" at the beginning of text, which is then behind it. */
static int
line_take(pupil_str_t *text, const char *name, pupil_str_t *value)
{
    size_t          len;
    const uint8_t  *end;

    len = strlen(name);
    end = text->len != 0 ? memchr(text->data, '\n', text->len) : NULL;

    if (end == NULL || (size_t) (end - text->data) < len
        || end - text->data > LINE_MAX_LEN
        || memcmp(text->data, name, len) != 0)
    {
        return 0;
    }

    value->data = text->data + len;
    value->len = (size_t) (end - value->data);

    text->len -= (size_t) (end + 1 - text->data);
    text->data = end + 1;

    return 1;
}


static int
number_parse(pupil_str_t s, uint64_t *number)
{
    size_t  i;

    *number = 0;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return 0;
        }

        *number = *number * 10 + (uint64_t) (s.data[i] - '0');
    }

    return s.len != 0 && s.len < 19 && *number != 0;
}

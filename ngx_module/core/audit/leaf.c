/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/audit/leaf.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/vault/keyed.h"


#define SALT_LEN     16
#define SUBJECT_LEN  (PUPIL_UUID_TEXT_LEN + 1)      /* with a comma or brace */

/* Bytes of all but what is a string of the record's. */
#define FIXED_MAX    1024


static void line_str(pupil_leaf_t *leaf, const char *name, pupil_str_t value);
static void line_uuid(pupil_leaf_t *leaf, const char *name,
    const pupil_uuid_t *uuid);
static void line_number(pupil_leaf_t *leaf, const char *name, uint64_t value);
static void line_hex(pupil_leaf_t *leaf, const char *name, const uint8_t *data,
    size_t len);
static void line_salt(pupil_leaf_t *leaf, const pupil_key_t *key,
    uint64_t event, const pupil_uuid_t *tenant, const pupil_uuid_t *subject);
static void put(pupil_leaf_t *leaf, const void *data, size_t len);


static const pupil_str_t  head_record = pupil_str("pupil.audit.leaf.v1\n");
static const pupil_str_t  head_absent = pupil_str("pupil.audit.absent.v1\n");

/* By pupil_absent_t. */
static const pupil_str_t  absences[PUPIL_ABSENT_COUNT] = {
    [PUPIL_ABSENT_DECLARED] = pupil_str("declared"),
    [PUPIL_ABSENT_MISSING] = pupil_str("missing")
};


/* {uuid,uuid}, of which {} is the shortest. */
size_t
pupil_leaf_count(const pupil_audit_record_t *record)
{
    return record->subjects.len < SUBJECT_LEN
           ? 1 : (record->subjects.len - 1) / SUBJECT_LEN;
}


pupil_rc_t
pupil_leaf_subject(const pupil_audit_record_t *record, size_t place,
    pupil_uuid_t *subject)
{
    memset(subject, 0, sizeof(*subject));

    return record->subjects.len < SUBJECT_LEN
           ? PUPIL_OK
           : pupil_uuid_parse(record->subjects.data + 1 + place * SUBJECT_LEN,
                              PUPIL_UUID_TEXT_LEN, subject);
}


pupil_rc_t
pupil_leaf_find(const pupil_audit_record_t *record,
    const pupil_uuid_t *subject, size_t *place)
{
    pupil_uuid_t  whom;

    if (pupil_uuid_is_zero(subject)) {
        return PUPIL_NOT_FOUND;
    }

    for (*place = 0; *place < pupil_leaf_count(record); (*place)++) {
        if (pupil_leaf_subject(record, *place, &whom) == PUPIL_OK
            && pupil_uuid_compare(&whom, subject) == 0)
        {
            return PUPIL_OK;
        }
    }

    return PUPIL_NOT_FOUND;
}


pupil_rc_t
pupil_leaf_record(const pupil_key_t *key, uint64_t event,
    const pupil_audit_record_t *record,
    const uint8_t mac[PUPIL_AUDIT_MAC_LEN], size_t place, pupil_leaf_t *leaf)
{
    uint8_t       at[PUPIL_TIME_TEXT_MAX];
    pupil_str_t   time;
    pupil_uuid_t  subject;

    if (pupil_leaf_subject(record, place, &subject) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    if (record->role.len + record->network.len + record->outcome.len
        + 2 * (record->shape.len + record->policy.len)
        > PUPIL_LEAF_MAX - FIXED_MAX)
    {
        return PUPIL_INVALID;
    }

    time.data = at;
    time.len = pupil_time_format(record->at, at);

    leaf->len = 0;
    put(leaf, head_record.data, head_record.len);
    line_uuid(leaf, "tenant", &record->tenant);
    line_number(leaf, "event", event);
    line_str(leaf, "at", time);
    line_uuid(leaf, "request", &record->request);
    line_uuid(leaf, "actor", &record->actor);
    line_str(leaf, "role", record->role);
    line_uuid(leaf, "institution", &record->institution);
    line_str(leaf, "network", record->network);
    line_hex(leaf, "shape", record->shape.data, record->shape.len);
    line_hex(leaf, "policy", record->policy.data, record->policy.len);
    line_str(leaf, "outcome", record->outcome);
    line_number(leaf, "choice", record->choice);
    line_number(leaf, "writer", record->writer);
    line_number(leaf, "number", record->number);
    line_hex(leaf, "mac", mac, PUPIL_AUDIT_MAC_LEN);
    line_uuid(leaf, "subject", &subject);
    line_salt(leaf, key, event, &record->tenant, &subject);

    return PUPIL_OK;
}


void
pupil_leaf_absent(const pupil_key_t *key, uint64_t event,
    const pupil_audit_record_t *record, pupil_absent_t why,
    pupil_leaf_t *leaf)
{
    pupil_uuid_t  nobody;

    memset(&nobody, 0, sizeof(nobody));

    leaf->len = 0;
    put(leaf, head_absent.data, head_absent.len);
    line_uuid(leaf, "tenant", &record->tenant);
    line_number(leaf, "event", event);
    line_number(leaf, "writer", record->writer);
    line_number(leaf, "number", record->number);
    line_str(leaf, "absent", absences[why]);
    line_salt(leaf, key, event, &record->tenant, &nobody);
}


static void
line_salt(pupil_leaf_t *leaf, const pupil_key_t *key, uint64_t event,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject)
{
    uint8_t        salt[SALT_LEN];
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.leaf.salt.v1", SALT_LEN);
    pupil_keyed_uuid(&hash, tenant);
    pupil_keyed_u64(&hash, event);
    pupil_keyed_uuid(&hash, subject);
    pupil_keyed_end(&hash, salt);

    line_hex(leaf, "salt", salt, sizeof(salt));
}


/* A name, and a value where there is one. */
static void
line_str(pupil_leaf_t *leaf, const char *name, pupil_str_t value)
{
    put(leaf, name, strlen(name));

    if (value.len != 0) {
        put(leaf, " ", 1);
        put(leaf, value.data, value.len);
    }

    put(leaf, "\n", 1);
}


static void
line_uuid(pupil_leaf_t *leaf, const char *name, const pupil_uuid_t *uuid)
{
    uint8_t      text[PUPIL_UUID_TEXT_LEN];
    pupil_str_t  value;

    pupil_uuid_format(uuid, text);
    value.data = text;
    value.len = pupil_uuid_is_zero(uuid) ? 0 : sizeof(text);
    line_str(leaf, name, value);
}


static void
line_number(pupil_leaf_t *leaf, const char *name, uint64_t value)
{
    uint8_t      digits[20], *p;
    pupil_str_t  text;

    p = digits + sizeof(digits);

    do {
        *--p = (uint8_t) ('0' + value % 10);
        value /= 10;
    } while (value != 0);

    text.data = p;
    text.len = (size_t) (digits + sizeof(digits) - p);
    line_str(leaf, name, text);
}


static void
line_hex(pupil_leaf_t *leaf, const char *name, const uint8_t *data, size_t len)
{
    put(leaf, name, strlen(name));
    put(leaf, " ", 1);
    leaf->len += pupil_hex_encode(data, len, leaf->text + leaf->len);
    put(leaf, "\n", 1);
}


/* There is room: whoever puts a string has looked. */
static void
put(pupil_leaf_t *leaf, const void *data, size_t len)
{
    if (len != 0) {
        memcpy(leaf->text + leaf->len, data, len);
        leaf->len += len;
    }
}

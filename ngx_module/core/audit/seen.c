/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "core/audit/leaf.h"
#include "core/audit/seen.h"
#include "core/base/text.h"
#include "core/json/json_tree.h"


#define SEEN_DEPTH  4           /* of accesses, as statement.c writes them */
#define SEEN_NODES  8192


static const char *const  provables[] = {
    [PUPIL_PROOF_AVAILABLE] = "available",
    [PUPIL_PROOF_PENDING]   = "pending",
    [PUPIL_PROOF_NONE]      = "none"
};


static int seen_about(const pupil_seen_t *seen, const pupil_json_t *json,
    uint32_t access);
static int seen_actor(const pupil_seen_t *seen);
static void seen_event(const pupil_seen_t *seen, const pupil_uuid_t *id,
    const pupil_json_t *json, uint32_t access, pupil_writer_t *out);
static void seen_member(const pupil_json_t *json, uint32_t access,
    const char *name, pupil_writer_t *out);


pupil_rc_t
pupil_seen_check(const pupil_key_t *key, pupil_seen_t *seen)
{
    uint8_t  shape[PUPIL_HASH_LEN];

    if (seen->mac.len != PUPIL_AUDIT_MAC_LEN
        || !pupil_audit_authentic(key, &seen->record, seen->mac.data))
    {
        return PUPIL_TAMPERED;
    }

    crypto_hash_sha256(shape, seen->accesses.data, seen->accesses.len);

    return seen->record.shape.len == sizeof(shape)
           && memcmp(shape, seen->record.shape.data, sizeof(shape)) == 0
           ? PUPIL_OK : PUPIL_TAMPERED;
}


pupil_rc_t
pupil_seen_write(const pupil_seen_t *seen, const pupil_uuid_t *id,
    const pupil_alloc_t *alloc, pupil_writer_t *out)
{
    uint32_t      access;
    pupil_rc_t    rc;
    pupil_json_t  json;

    static const pupil_json_limits_t  limits = { SEEN_DEPTH, SEEN_NODES };

    rc = pupil_json_parse(alloc, seen->accesses.data, seen->accesses.len,
                          &limits, &json, NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    for (access = pupil_json_first(&json, 0); access != PUPIL_JSON_NONE;
         access = pupil_json_next(&json, access))
    {
        if (seen_about(seen, &json, access)) {
            seen_event(seen, id, &json, access, out);
        }
    }

    return PUPIL_OK;
}


/* Is this access of the record about who is shown it? */
static int
seen_about(const pupil_seen_t *seen, const pupil_json_t *json,
    uint32_t access)
{
    size_t       place;
    uint32_t     node;
    pupil_str_t  about;

    node = pupil_json_member(json, access, "about");
    if (node == PUPIL_JSON_NONE) {
        return 0;
    }

    about = pupil_json_raw(json, node);

    return pupil_str_is(about, "\"actor\"") ? seen_actor(seen)
           : pupil_str_is(about, "\"subjects\"")
             && pupil_leaf_find(&seen->record, &seen->subject, &place)
                == PUPIL_OK;
}


static int
seen_actor(const pupil_seen_t *seen)
{
    return pupil_uuid_compare(&seen->record.actor, &seen->subject) == 0;
}


static void
seen_event(const pupil_seen_t *seen, const pupil_uuid_t *id,
    const pupil_json_t *json, uint32_t access, pupil_writer_t *out)
{
    size_t                       place;
    const pupil_audit_record_t  *record;

    record = &seen->record;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, id);
    pupil_writer_key(out, "at");
    pupil_writer_time(out, record->at);

    pupil_writer_key(out, "actor");
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "role");
    pupil_writer_str(out, &record->role);
    pupil_writer_key(out, "unit");

    if (pupil_uuid_is_zero(&record->institution)) {
        pupil_writer_null(out);
    } else {
        pupil_writer_uuid(out, &record->institution);
    }

    pupil_writer_key(out, "self");
    pupil_writer_bool(out, seen_actor(seen));
    pupil_writer_object_end(out);

    seen_member(json, access, "category", out);
    seen_member(json, access, "fields", out);
    seen_member(json, access, "operation", out);
    seen_member(json, access, "purpose", out);

    pupil_writer_key(out, "outcome");
    pupil_writer_str(out, &record->outcome);
    pupil_writer_key(out, "proof");
    pupil_writer_cstr(out, provables[pupil_seen_provable(seen, &place)]);
    pupil_writer_object_end(out);
}


/* As it stands in the shape, which Pupil wrote. */
static void
seen_member(const pupil_json_t *json, uint32_t access, const char *name,
    pupil_writer_t *out)
{
    uint32_t     node;
    pupil_str_t  raw;

    pupil_writer_key(out, name);

    node = pupil_json_member(json, access, name);
    if (node == PUPIL_JSON_NONE) {
        pupil_writer_null(out);
        return;
    }

    raw = pupil_json_raw(json, node);
    pupil_writer_raw(out, raw.data, raw.len);
}


pupil_provable_t
pupil_seen_provable(const pupil_seen_t *seen, size_t *place)
{
    pupil_uuid_t  whom;

    if (pupil_leaf_find(&seen->record, &seen->subject, place) != PUPIL_OK) {

        /* an event of nobody beside its actor has one leaf, of nobody */
        if (!seen_actor(seen)
            || pupil_leaf_subject(&seen->record, 0, &whom) != PUPIL_OK
            || !pupil_uuid_is_zero(&whom))
        {
            return PUPIL_PROOF_NONE;
        }

        *place = 0;
    }

    return seen->event < 0 ? PUPIL_PROOF_PENDING
           : seen->leaf < 0 ? PUPIL_PROOF_NONE : PUPIL_PROOF_AVAILABLE;
}

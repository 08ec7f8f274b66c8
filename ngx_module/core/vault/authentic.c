/*
 * Copyright (C) the Pupil authors
 *
 * A label for each table, then its columns in order: UUIDs and numbers at
 * fixed width, texts preceded by their length.
 */

#include "core/vault/authentic.h"
#include "core/vault/keyed.h"


#define PUPIL_MAC_HASH_LEN  crypto_verify_32_BYTES
#define PUPIL_MAC_LIMITED   0x80000000u     /* of a session's number */
#define PUPIL_MAC_SECOND    0x40000000u


typedef struct {
    const char  *first;         /* of rows with number 0 */
    const char  *numbered;
} pupil_mac_label_t;


static void pupil_mac_indexed(const pupil_key_t *key,
    const pupil_mac_label_t *label, const pupil_index_row_t *row,
    uint32_t number, uint8_t mac[PUPIL_MAC_LEN]);
static void pupil_mac_begin(pupil_keyed_t *hash, const pupil_key_t *key,
    const pupil_mac_label_t *label, uint32_t number);
static void pupil_mac_end(pupil_keyed_t *hash, uint32_t number,
    uint8_t mac[PUPIL_MAC_LEN]);


static const pupil_mac_label_t  pupil_mac_of_subject = {
    "pupil.mac.subject.v1", "pupil.mac.subject.v2"
};

static const pupil_mac_label_t  pupil_mac_of_role = {
    "pupil.mac.role.v1", "pupil.mac.role.v2"
};

static const pupil_mac_label_t  pupil_mac_of_enrolment = {
    "pupil.mac.enrolment.v1", "pupil.mac.enrolment.v2"
};

static const pupil_mac_label_t  pupil_mac_of_index = {
    "pupil.mac.index.v1", NULL
};

static const pupil_mac_label_t  pupil_mac_of_address = {
    "pupil.mac.address.v1", "pupil.mac.address.v2"
};

static const pupil_mac_label_t  pupil_mac_of_session = {
    "pupil.mac.session.v1", "pupil.mac.session.v2"
};

static const pupil_mac_label_t  pupil_mac_of_proved = {
    "pupil.mac.session.v3", "pupil.mac.session.v4"
};

static const pupil_mac_label_t  pupil_mac_of_there = {
    "pupil.mac.session.v5", "pupil.mac.session.v6"
};

static const pupil_mac_label_t  pupil_mac_of_mail = {
    "pupil.mac.mail.v1", "pupil.mac.mail.v2"
};

static const pupil_mac_label_t  pupil_mac_of_link = {
    "pupil.mac.mail.v3", "pupil.mac.mail.v4"
};

static const pupil_mac_label_t  pupil_mac_of_mail_to = {
    "pupil.mac.mail.v5", "pupil.mac.mail.v6"
};

static const pupil_mac_label_t  pupil_mac_of_link_since = {
    "pupil.mac.mail.v7", "pupil.mac.mail.v8"
};

static const pupil_mac_label_t  pupil_mac_of_sign_up = {
    "pupil.mac.sign_up.v1", NULL
};

static const pupil_mac_label_t  pupil_mac_of_support = {
    "pupil.mac.support.v1", "pupil.mac.support.v2"
};

static const pupil_mac_label_t  pupil_mac_of_notice = {
    "pupil.mac.notice.v1", NULL
};

static const pupil_mac_label_t  pupil_mac_of_request = {
    "pupil.mac.request.v1", NULL
};

static const pupil_mac_label_t  pupil_mac_of_image = {
    "pupil.mac.image.v1", NULL
};

static const pupil_mac_label_t  pupil_mac_of_plan = {
    "pupil.mac.plan.v1", NULL
};

static const pupil_mac_label_t  pupil_mac_of_decision = {
    "pupil.mac.decision.v1", NULL
};


void
pupil_mac_subject(const pupil_key_t *key, const pupil_subject_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_subject, row->number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->status);
    pupil_keyed_str(&hash, row->source);
    pupil_mac_end(&hash, row->number, mac);
}


void
pupil_mac_role(const pupil_key_t *key, const pupil_role_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_role, row->number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_str(&hash, row->role);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_from);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_to);
    pupil_keyed_str(&hash, row->source);
    pupil_mac_end(&hash, row->number, mac);
}


void
pupil_mac_enrolment(const pupil_key_t *key, const pupil_enrolment_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_enrolment, row->number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->enrolment);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_uuid(&hash, &row->class_id);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_str(&hash, row->role);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_from);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_to);
    pupil_keyed_str(&hash, row->source);
    pupil_mac_end(&hash, row->number, mac);
}


void
pupil_mac_index(const pupil_key_t *key, const pupil_index_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_mac_indexed(key, &pupil_mac_of_index, row, 0, mac);
}


void
pupil_mac_address(const pupil_key_t *key, const pupil_index_row_t *row,
    uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_mac_indexed(key, &pupil_mac_of_address, row, number, mac);
}


static void
pupil_mac_indexed(const pupil_key_t *key, const pupil_mac_label_t *label,
    const pupil_index_row_t *row, uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, label, number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_str(&hash, row->category);
    pupil_keyed_str(&hash, row->field);
    pupil_keyed_str(&hash, row->term);
    pupil_keyed_uuid(&hash, &row->owner);
    pupil_keyed_uuid(&hash, &row->record);
    pupil_mac_end(&hash, number, mac);
}


void
pupil_mac_session(const pupil_key_t *key, const pupil_session_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    int                       there;
    uint32_t                  number;
    pupil_keyed_t             hash;
    const pupil_mac_label_t  *label;

    there = row->provider_session.len != 0 || row->provider_subject.len != 0;
    label = there ? &pupil_mac_of_there
            : row->proved_at != 0 ? &pupil_mac_of_proved
                                  : &pupil_mac_of_session;
    number = row->number | (row->limited ? PUPIL_MAC_LIMITED : 0)
                         | (row->second ? PUPIL_MAC_SECOND : 0);

    pupil_mac_begin(&hash, key, label, number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_str(&hash, row->token_hash);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->role);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_u64(&hash, (uint64_t) row->created_at);
    pupil_keyed_u64(&hash, (uint64_t) row->seen_at);
    pupil_keyed_u64(&hash, (uint64_t) row->expires_at);

    if (there || row->proved_at != 0) {
        pupil_keyed_u64(&hash, (uint64_t) row->proved_at);
    }

    if (there) {
        pupil_keyed_str(&hash, row->provider_session);
        pupil_keyed_str(&hash, row->provider_subject);
    }

    pupil_mac_end(&hash, number, mac);
}


void
pupil_mac_mail(const pupil_key_t *key, const pupil_mail_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t             hash;
    const pupil_mac_label_t  *label;

    label = row->floors != 0 ? &pupil_mac_of_link_since
            : row->sealed.len != 0 ? &pupil_mac_of_mail_to
            : row->link.len == 0 ? &pupil_mac_of_mail
                                 : &pupil_mac_of_link;

    pupil_mac_begin(&hash, key, label, row->number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->mail);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->kind);
    pupil_keyed_str(&hash, row->language);
    pupil_keyed_u64(&hash, (uint64_t) row->created_at);

    if (row->floors != 0 || row->sealed.len != 0 || row->link.len != 0) {
        pupil_keyed_str(&hash, row->link);
    }

    if (row->floors != 0 || row->sealed.len != 0) {
        pupil_keyed_str(&hash, row->sealed);
    }

    if (row->floors != 0) {
        pupil_keyed_u32(&hash, row->floors);
    }

    pupil_mac_end(&hash, row->number, mac);
}


void
pupil_mac_sign_up(const pupil_key_t *key, const pupil_sign_up_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_sign_up, 0);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_u32(&hash, row->trial);
    pupil_keyed_str(&hash, row->language);
    pupil_keyed_u64(&hash, (uint64_t) row->asked_at);
    pupil_keyed_u64(&hash, (uint64_t) row->confirmed_at);
    pupil_keyed_str(&hash, row->sealed);
    pupil_mac_end(&hash, 0, mac);
}


void
pupil_mac_support(const pupil_key_t *key, const pupil_support_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_support, row->number);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->grant);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->code);
    pupil_keyed_u64(&hash, (uint64_t) row->created_at);
    pupil_keyed_u64(&hash, (uint64_t) row->expires_at);
    pupil_keyed_u64(&hash, (uint64_t) row->redeemed_at);
    pupil_keyed_uuid(&hash, &row->actor);
    pupil_keyed_str(&hash, row->session);
    pupil_mac_end(&hash, row->number, mac);
}


void
pupil_mac_notice(const pupil_key_t *key, const pupil_notice_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_notice, 0);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->notice);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->kind);
    pupil_keyed_u64(&hash, (uint64_t) row->at);
    pupil_mac_end(&hash, 0, mac);
}


void
pupil_mac_request(const pupil_key_t *key, const pupil_request_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_mac_begin(&hash, key, &pupil_mac_of_request, 0);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->request);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->kind);
    pupil_keyed_str(&hash, row->state);
    pupil_keyed_str(&hash, row->condition);
    pupil_keyed_str(&hash, row->reference);
    pupil_keyed_u32(&hash, (uint32_t) row->received_on);
    pupil_keyed_u32(&hash, (uint32_t) row->due_on);
    pupil_keyed_u64(&hash, (uint64_t) row->created_at);
    pupil_keyed_u64(&hash, (uint64_t) row->changed_at);
    pupil_keyed_u64(&hash, row->erasure);
    pupil_mac_end(&hash, 0, mac);
}


void
pupil_mac_image(const pupil_key_t *key, const pupil_image_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, pupil_mac_of_image.first,
                      PUPIL_MAC_HASH_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->run);
    pupil_keyed_uuid(&hash, &row->record);
    pupil_keyed_uuid(&hash, &row->owner);
    pupil_keyed_str(&hash, row->image);
    pupil_mac_end(&hash, 0, mac);
}


void
pupil_mac_plan(const pupil_key_t *key, const pupil_plan_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, pupil_mac_of_plan.first, PUPIL_MAC_HASH_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->id);
    pupil_keyed_str(&hash, row->plan);
    pupil_keyed_str(&hash, row->note);
    pupil_mac_end(&hash, 0, mac);
}


void
pupil_mac_decision(const pupil_key_t *key, const pupil_decision_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, pupil_mac_of_decision.first,
                      PUPIL_MAC_HASH_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->id);
    pupil_keyed_uuid(&hash, &row->request);
    pupil_keyed_str(&hash, row->what);
    pupil_keyed_u64(&hash, (uint64_t) row->at);
    pupil_mac_end(&hash, 0, mac);
}


static void
pupil_mac_begin(pupil_keyed_t *hash, const pupil_key_t *key,
    const pupil_mac_label_t *label, uint32_t number)
{
    pupil_keyed_begin(hash, key, number == 0 ? label->first : label->numbered,
                      PUPIL_MAC_HASH_LEN);
    pupil_keyed_keep(hash);

    if (number != 0) {
        pupil_keyed_u32(hash, number);
    }
}


static void
pupil_mac_end(pupil_keyed_t *hash, uint32_t number,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_end(hash, mac);
    pupil_stack_wipe();

    pupil_u32_write(mac + PUPIL_MAC_HASH_LEN, number);
}


size_t
pupil_mac_len(const uint8_t mac[PUPIL_MAC_LEN])
{
    return pupil_u32_read(mac + PUPIL_MAC_HASH_LEN) == 0 ? PUPIL_MAC_HASH_LEN
                                                        : PUPIL_MAC_LEN;
}


uint32_t
pupil_mac_number(pupil_str_t stored)
{
    return stored.len == PUPIL_MAC_LEN
           ? pupil_u32_read(stored.data + PUPIL_MAC_HASH_LEN) : 0;
}


void
pupil_mac_session_read(pupil_str_t stored, pupil_session_row_t *row)
{
    uint32_t  number;

    number = pupil_mac_number(stored);

    row->number = number & ~(PUPIL_MAC_LIMITED|PUPIL_MAC_SECOND);
    row->limited = (number & PUPIL_MAC_LIMITED) != 0;
    row->second = (number & PUPIL_MAC_SECOND) != 0;
}


pupil_rc_t
pupil_mac_check(const uint8_t made[PUPIL_MAC_LEN], pupil_str_t stored)
{
    if (stored.len != pupil_mac_len(made)
        || crypto_verify_32(made, stored.data) != 0
        || pupil_mac_number(stored)
           != pupil_u32_read(made + PUPIL_MAC_HASH_LEN))
    {
        return PUPIL_TAMPERED;
    }

    return PUPIL_OK;
}

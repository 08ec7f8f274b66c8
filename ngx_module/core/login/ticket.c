/*
 * Copyright (C) the Pupil authors
 *
 * XChaCha20-Poly1305 under a key that is derived of the tenant's.
 */

#include <string.h>

#include <sodium.h>

#include "core/login/ticket.h"
#include "core/vault/keyed.h"


_Static_assert(PUPIL_TICKET_SEALED
               == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
                  + PUPIL_TICKET_LEN
                  + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "a nonce, the ticket, a tag");


/* Each part, in both directions. */
typedef struct {
    uint8_t  *at;
    int       out;
} ticket_walk_t;


static void ticket_key(const pupil_key_t *key,
    uint8_t derived[PUPIL_HASH_LEN]);
static void ticket_walk(pupil_ticket_t *ticket, uint8_t *bytes, int out);
static void ticket_part(ticket_walk_t *walk, void *part, size_t len);
static void ticket_number(ticket_walk_t *walk, uint32_t *number);


void
pupil_ticket_seal(const pupil_key_t *key, const pupil_ticket_t *ticket,
    uint8_t text[PUPIL_TICKET_TEXT_LEN])
{
    uint8_t         clear[PUPIL_TICKET_LEN], sealed[PUPIL_TICKET_SEALED];
    uint8_t         derived[PUPIL_HASH_LEN];
    pupil_ticket_t  copy;

    copy = *ticket;
    ticket_walk(&copy, clear, 1);
    ticket_key(key, derived);

    randombytes_buf(sealed, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, NULL, clear,
        sizeof(clear), NULL, 0, NULL, sealed, derived);
    pupil_base64url_encode(sealed, sizeof(sealed), text);

    sodium_memzero(derived, sizeof(derived));
    sodium_memzero(clear, sizeof(clear));
    pupil_ticket_wipe(&copy);
    pupil_stack_wipe();
}


pupil_rc_t
pupil_ticket_open(const pupil_key_t *key, pupil_str_t text, int64_t now,
    pupil_ticket_t *ticket)
{
    size_t      written;
    uint8_t     clear[PUPIL_TICKET_LEN], sealed[PUPIL_TICKET_SEALED];
    uint8_t     derived[PUPIL_HASH_LEN];
    pupil_rc_t  rc;

    if (text.len != PUPIL_TICKET_TEXT_LEN
        || pupil_base64url_decode(text.data, text.len, sealed, sizeof(sealed),
                                  &written) != PUPIL_OK
        || written != sizeof(sealed))
    {
        return PUPIL_INVALID;
    }

    ticket_key(key, derived);

    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(clear, NULL, NULL,
            sealed + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
            sizeof(sealed) - crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
            NULL, 0, sealed, derived) == 0 ? PUPIL_OK : PUPIL_INVALID;

    if (rc == PUPIL_OK) {
        ticket_walk(ticket, clear, 0);

        if (ticket->made > now + PUPIL_TICKET_SKEW
            || now - ticket->made >= PUPIL_TICKET_LIFETIME)
        {
            pupil_ticket_wipe(ticket);
            rc = PUPIL_INVALID;
        }
    }

    sodium_memzero(derived, sizeof(derived));
    sodium_memzero(clear, sizeof(clear));
    pupil_stack_wipe();

    return rc;
}


static void
ticket_key(const pupil_key_t *key, uint8_t derived[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.ticket.v1", PUPIL_HASH_LEN);
    pupil_keyed_end(&hash, derived);
}


static void
ticket_walk(pupil_ticket_t *ticket, uint8_t *bytes, int out)
{
    uint32_t       high, low;
    ticket_walk_t  walk;

    walk.at = bytes;
    walk.out = out;
    high = (uint32_t) ((uint64_t) ticket->made >> 32);
    low = (uint32_t) ticket->made;

    ticket_part(&walk, ticket->subject.b, PUPIL_UUID_LEN);
    ticket_number(&walk, &high);
    ticket_number(&walk, &low);
    ticket_number(&walk, &ticket->number);
    ticket_part(&walk, ticket->bucket, sizeof(ticket->bucket));
    ticket_part(&walk, ticket->device, sizeof(ticket->device));
    ticket_part(&walk, ticket->token, sizeof(ticket->token));
    ticket_part(&walk, ticket->secret, sizeof(ticket->secret));
    ticket_part(&walk, ticket->hash, sizeof(ticket->hash));

    ticket->made = (int64_t) ((uint64_t) high << 32 | low);
}


static void
ticket_part(ticket_walk_t *walk, void *part, size_t len)
{
    if (walk->out) {
        memcpy(walk->at, part, len);
    } else {
        memcpy(part, walk->at, len);
    }

    walk->at += len;
}


static void
ticket_number(ticket_walk_t *walk, uint32_t *number)
{
    if (walk->out) {
        pupil_u32_write(walk->at, *number);
    } else {
        *number = pupil_u32_read(walk->at);
    }

    walk->at += 4;
}


void
pupil_ticket_wipe(pupil_ticket_t *ticket)
{
    sodium_memzero(ticket, sizeof(pupil_ticket_t));
}


int
pupil_ticket_enrols(const pupil_ticket_t *ticket)
{
    return !sodium_is_zero(ticket->token, sizeof(ticket->token));
}

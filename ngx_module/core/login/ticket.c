/*
 * Copyright (C) the Pupil authors
 *
 * Sealed under a key that is derived of the tenant's.
 */

#include <string.h>

#include <sodium.h>

#include "core/login/ticket.h"


#define LABEL  "pupil.ticket.v4"


static void ticket_walk(pupil_ticket_t *ticket, uint8_t *bytes, int out);


void
pupil_ticket_seal(const pupil_key_t *key, const pupil_ticket_t *ticket,
    uint8_t text[PUPIL_TICKET_TEXT_LEN])
{
    uint8_t             clear[PUPIL_TICKET_LEN];
    uint8_t             sealed[PUPIL_CARRIED_SEALED(PUPIL_TICKET_LEN)];
    pupil_ticket_t      copy;
    pupil_carried_by_t  by = { key, LABEL, NULL };

    copy = *ticket;
    ticket_walk(&copy, clear, 1);
    pupil_carried_seal(&by, clear, sizeof(clear), sealed, text);

    sodium_memzero(clear, sizeof(clear));
    pupil_ticket_wipe(&copy);
    pupil_stack_wipe();
}


pupil_rc_t
pupil_ticket_open(const pupil_key_t *key, pupil_str_t text, int64_t now,
    pupil_ticket_t *ticket)
{
    uint8_t             clear[PUPIL_TICKET_LEN];
    uint8_t             sealed[PUPIL_CARRIED_SEALED(PUPIL_TICKET_LEN)];
    pupil_rc_t          rc;
    pupil_carried_by_t  by = { key, LABEL, NULL };

    rc = pupil_carried_open(&by, text, sealed, clear, sizeof(clear));

    if (rc == PUPIL_OK) {
        ticket_walk(ticket, clear, 0);

        if (ticket->made > now + PUPIL_TICKET_SKEW
            || now - ticket->made >= (pupil_ticket_mailed(ticket)
                                      ? PUPIL_TICKET_MAILED
                                      : PUPIL_TICKET_LIFETIME))
        {
            pupil_ticket_wipe(ticket);
            rc = PUPIL_INVALID;
        }
    }

    sodium_memzero(clear, sizeof(clear));
    pupil_stack_wipe();

    return rc;
}


static void
ticket_walk(pupil_ticket_t *ticket, uint8_t *bytes, int out)
{
    pupil_carried_t  walk;

    walk.at = bytes;
    walk.out = out;

    pupil_carried_part(&walk, ticket->subject.b, PUPIL_UUID_LEN);
    pupil_carried_time(&walk, &ticket->made);
    pupil_carried_part(&walk, ticket->mail.b, PUPIL_UUID_LEN);
    pupil_carried_number(&walk, &ticket->number);
    pupil_carried_part(&walk, ticket->bucket, sizeof(ticket->bucket));
    pupil_carried_number(&walk, &ticket->known);
    pupil_carried_part(&walk, ticket->device, sizeof(ticket->device));
    pupil_carried_part(&walk, ticket->token, sizeof(ticket->token));
    pupil_carried_part(&walk, ticket->secret, sizeof(ticket->secret));
    pupil_carried_part(&walk, ticket->hash, sizeof(ticket->hash));
}


void
pupil_ticket_wipe(pupil_ticket_t *ticket)
{
    sodium_memzero(ticket, sizeof(pupil_ticket_t));
}


int
pupil_ticket_mailed(const pupil_ticket_t *ticket)
{
    return !sodium_is_zero(ticket->mail.b, PUPIL_UUID_LEN);
}


int
pupil_ticket_enrols(const pupil_ticket_t *ticket)
{
    return !sodium_is_zero(ticket->token, sizeof(ticket->token));
}

/*
 * Copyright (C) the Pupil authors
 *
 * A flow is one log-in of one browser at a provider.  The browser has its
 * secret in a cookie; state, nonce and PKCE's verifier (RFC 7636) are derived
 * from it, so that an answer counts in no other browser.  Context: any.
 */

#ifndef PUPIL_FLOW_H
#define PUPIL_FLOW_H

#include "core/vault/vault.h"


#define PUPIL_FLOW_SECRET_LEN  32
#define PUPIL_FLOW_TEXT_LEN    54      /* base64url of secret and time */
#define PUPIL_FLOW_WORD_LEN    43      /* of state, nonce, verifier */
#define PUPIL_FLOW_LIFETIME    600     /* seconds */


typedef struct {
    uint8_t  secret[PUPIL_FLOW_SECRET_LEN];
    int64_t  begun;                    /* seconds since 1970 */
} pupil_flow_t;

typedef struct {
    uint8_t  state[PUPIL_FLOW_WORD_LEN];
    uint8_t  nonce[PUPIL_FLOW_WORD_LEN];
    uint8_t  verifier[PUPIL_FLOW_WORD_LEN];
} pupil_flow_words_t;


/* A new flow, and the text for its cookie. */
void pupil_flow_make(int64_t now, pupil_flow_t *flow,
    uint8_t text[PUPIL_FLOW_TEXT_LEN]);

/* PUPIL_INVALID: not such a text, or its time is over. */
pupil_rc_t pupil_flow_parse(pupil_str_t text, int64_t now, pupil_flow_t *flow);

/* key: the tenant's service key "token".  Bound to the provider as well. */
void pupil_flow_words(const pupil_key_t *key, pupil_str_t provider,
    const pupil_flow_t *flow, pupil_flow_words_t *words);

/* Is this answer's state the flow's?  In constant time. */
int pupil_flow_is(const pupil_flow_words_t *words, pupil_str_t state);

#endif /* PUPIL_FLOW_H */

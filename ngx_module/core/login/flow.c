/*
 * Copyright (C) the Pupil authors
 *
 * A flow is stored nowhere: all that must fit is derived from the secret that
 * the browser has, under a key that it does not have.
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/login/claims.h"
#include "core/login/flow.h"
#include "core/vault/keyed.h"


#define FLOW_TIME_LEN   8
#define FLOW_LEN        (PUPIL_FLOW_SECRET_LEN + FLOW_TIME_LEN)
#define FLOW_TIME_MAX   (INT64_C(1) << 40)


static void flow_word(const pupil_key_t *key, const char *label,
    pupil_str_t provider, const pupil_flow_t *flow,
    uint8_t out[PUPIL_FLOW_WORD_LEN]);


void
pupil_flow_make(int64_t now, pupil_flow_t *flow,
    uint8_t text[PUPIL_FLOW_TEXT_LEN])
{
    uint8_t  bytes[FLOW_LEN];

    randombytes_buf(flow->secret, PUPIL_FLOW_SECRET_LEN);
    flow->begun = now;

    memcpy(bytes, flow->secret, PUPIL_FLOW_SECRET_LEN);
    pupil_u32_write(bytes + PUPIL_FLOW_SECRET_LEN,
                    (uint32_t) ((uint64_t) now >> 32));
    pupil_u32_write(bytes + PUPIL_FLOW_SECRET_LEN + 4, (uint32_t) now);
    pupil_base64url_encode(bytes, FLOW_LEN, text);

    sodium_memzero(bytes, sizeof(bytes));
}


pupil_rc_t
pupil_flow_parse(pupil_str_t text, int64_t now, pupil_flow_t *flow)
{
    size_t    written;
    uint8_t   bytes[FLOW_LEN];
    uint64_t  begun;

    if (text.len != PUPIL_FLOW_TEXT_LEN
        || pupil_base64url_decode(text.data, text.len, bytes, FLOW_LEN,
                                  &written) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    begun = (uint64_t) pupil_u32_read(bytes + PUPIL_FLOW_SECRET_LEN) << 32
            | pupil_u32_read(bytes + PUPIL_FLOW_SECRET_LEN + 4);

    memcpy(flow->secret, bytes, PUPIL_FLOW_SECRET_LEN);
    sodium_memzero(bytes, sizeof(bytes));

    if (begun > (uint64_t) FLOW_TIME_MAX) {
        return PUPIL_INVALID;
    }

    flow->begun = (int64_t) begun;

    return flow->begun <= now + PUPIL_CLAIMS_SKEW
           && now - flow->begun <= PUPIL_FLOW_LIFETIME
           ? PUPIL_OK : PUPIL_INVALID;
}


void
pupil_flow_words(const pupil_key_t *key, pupil_str_t provider,
    const pupil_flow_t *flow, pupil_flow_words_t *words)
{
    flow_word(key, "pupil.flow.state.v1", provider, flow, words->state);
    flow_word(key, "pupil.flow.nonce.v1", provider, flow, words->nonce);
    flow_word(key, "pupil.flow.verifier.v1", provider, flow, words->verifier);
    pupil_stack_wipe();
}


static void
flow_word(const pupil_key_t *key, const char *label, pupil_str_t provider,
    const pupil_flow_t *flow, uint8_t out[PUPIL_FLOW_WORD_LEN])
{
    uint8_t        bytes[PUPIL_HASH_LEN];
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, label, PUPIL_HASH_LEN);
    pupil_keyed_bytes(&hash, flow->secret, PUPIL_FLOW_SECRET_LEN);
    pupil_keyed_u64(&hash, (uint64_t) flow->begun);
    pupil_keyed_str(&hash, provider);
    pupil_keyed_end(&hash, bytes);

    pupil_base64url_encode(bytes, sizeof(bytes), out);
    sodium_memzero(bytes, sizeof(bytes));
}


int
pupil_flow_is(const pupil_flow_words_t *words, pupil_str_t state)
{
    return state.len == PUPIL_FLOW_WORD_LEN
           && sodium_memcmp(words->state, state.data, PUPIL_FLOW_WORD_LEN)
              == 0;
}

/*
 * Copyright (C) the Pupil authors
 *
 * A log-in at a provider (OpenID Connect, authorization code with PKCE): what
 * is asked for, and what of its answers is believed.  Nothing here speaks to a
 * provider.  Context: any.
 */

#ifndef PUPIL_OIDC_H
#define PUPIL_OIDC_H

#include "core/login/flow.h"


#define PUPIL_CODE_MAX         2048    /* bytes of an authorization code */
#define PUPIL_ANSWER_MAX       2400    /* of an answer that is sealed */
#define PUPIL_TOKENS_MAX       65536   /* bytes of an answer with tokens */
#define PUPIL_DISCOVERY_MAX    65536


/* What a directive says of a provider. */
typedef struct {
    pupil_str_t  name;
    pupil_str_t  issuer;
    pupil_str_t  client;
    pupil_str_t  secret;               /* len 0: a public client */
    pupil_str_t  scope;
    pupil_str_t  acr;                  /* acr_values; len 0: none */
    pupil_str_t  prompt;               /* len 0: as the provider likes */
    int64_t      max_age;              /* seconds; 0: any */
    unsigned     form_post:1;          /* the answer comes as a form */
} pupil_oidc_client_t;

/* What a provider says of itself. */
typedef struct {
    pupil_str_t  authorize;            /* where browsers are sent */
    pupil_str_t  token, jwks;          /* paths behind the issuer's origin */
    pupil_str_t  end;                  /* where they log out; len 0: nowhere */
    unsigned     iss:1;                /* its answers say whose they are */
} pupil_discovery_t;

/* What comes back with the browser; len 0: not there. */
typedef struct {
    pupil_str_t  code, state, iss, error;
} pupil_oidc_answer_t;

/* What comes back for a code. */
typedef struct {
    pupil_str_t  id_token, access_token;
} pupil_tokens_t;


/* "https://host[:port]" that an https URL begins with; len 0: it is none. */
pupil_str_t pupil_oidc_origin(pupil_str_t url);

/* The path of an issuer's document, from alloc; data NULL: no memory. */
pupil_str_t pupil_oidc_well_known(const pupil_alloc_t *alloc,
    pupil_str_t issuer);

/*
 * The four functions that read: PUPIL_OK, PUPIL_INVALID with *why, static, or
 * PUPIL_NO_MEMORY; texts are alloc's or point into what was read.
 */

/* The document must be of this issuer, its other URLs at the same origin. */
pupil_rc_t pupil_oidc_discovery(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_str_t issuer, pupil_discovery_t *out, const char **why);

/* A query or a form; a parameter that is known must not be there twice. */
pupil_rc_t pupil_oidc_answer(const pupil_alloc_t *alloc, pupil_str_t form,
    pupil_oidc_answer_t *out, const char **why);

/* The same answer as a form again, of alloc; data NULL: no memory. */
pupil_str_t pupil_oidc_answer_form(const pupil_alloc_t *alloc,
    const pupil_oidc_answer_t *answer);

/*
 * A form as text for a URL, of alloc; data NULL: no memory.  key: "token" of
 * the address's tenant.  provider: its name.
 */
pupil_str_t pupil_oidc_answer_seal(const pupil_alloc_t *alloc,
    const pupil_key_t *key, pupil_str_t provider, pupil_str_t form);

/* PUPIL_INVALID: it is none of this provider's; or PUPIL_NO_MEMORY. */
pupil_rc_t pupil_oidc_answer_open(const pupil_alloc_t *alloc,
    const pupil_key_t *key, pupil_str_t provider, pupil_str_t text,
    pupil_str_t *form);

/* The form by which a provider logs somebody out. */
pupil_rc_t pupil_oidc_logout_form(const pupil_alloc_t *alloc, pupil_str_t form,
    pupil_str_t *token, const char **why);

pupil_rc_t pupil_oidc_tokens(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_tokens_t *out, const char **why);


/* What is sent, from alloc; data NULL: no memory. */

/* Where the browser is sent.  again: whoever is logged in there, too. */
pupil_str_t pupil_oidc_authorize(const pupil_alloc_t *alloc,
    const pupil_oidc_client_t *client, const pupil_discovery_t *provider,
    const pupil_flow_words_t *words, pupil_str_t redirect, int again);

/* Where the browser is sent to log out; redirect: where it comes back to. */
pupil_str_t pupil_oidc_logout(const pupil_alloc_t *alloc,
    const pupil_oidc_client_t *client, pupil_str_t end, pupil_str_t redirect);

/* The body of the request for tokens.  It holds secrets: wipe it. */
pupil_str_t pupil_oidc_token_request(const pupil_alloc_t *alloc,
    const pupil_oidc_client_t *client, const pupil_flow_words_t *words,
    pupil_str_t code, pupil_str_t redirect);

#endif /* PUPIL_OIDC_H */

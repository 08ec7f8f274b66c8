/*
 * Copyright (C) the Pupil authors
 *
 * Log-in at an OpenID provider: what its files share.  Requests to a provider
 * go through nginx's own upstream, by a subrequest to a location that the
 * operator has made for it: nothing here opens a connection, or waits.
 */

#ifndef _NGX_HTTP_PUPIL_OIDC_H_INCLUDED_
#define _NGX_HTTP_PUPIL_OIDC_H_INCLUDED_

#include "core/endpoints/words.h"
#include "core/login/choice.h"
#include "core/login/claims.h"
#include "core/login/jws.h"
#include "core/login/oidc.h"
#include "http/login/ngx_http_pupil_login.h"


/* An answer that came as a form, in the line of the page it goes on to. */
#define NGX_HTTP_PUPIL_OIDC_SEALED  "answer="


/* Something that a worker asks a provider for, now and then. */
typedef struct {
    ngx_msec_t               due;          /* until then nobody does again */
    ngx_msec_t               ends;         /* when what came is too old */
    ngx_uint_t               asking;       /* requests that do */
} ngx_http_pupil_learning_t;


/* pupil_login_provider, and what a worker knows of the provider. */
typedef struct {
    pupil_oidc_client_t      client;
    pupil_account_rules_t    account;      /* without the key */
    ngx_str_t                through;      /* "/idp/": its location */
    ngx_str_t                after;        /* where a browser goes then */
    ngx_str_t                failed;       /* or else; len 0: a problem */
    ngx_str_t                choose;       /* or to choose a tenant */
    pupil_words_t            words;        /* of the directive */

    /* a worker's own */
    ngx_pool_t              *known;        /* of discovery; NULL: not yet */
    pupil_discovery_t        discovery;
    ngx_http_pupil_learning_t
                             knowing;
    ngx_pool_t              *keyed;        /* of jwks; NULL: none yet */
    pupil_jwks_t             jwks;
    ngx_http_pupil_learning_t
                             keying;
    ngx_queue_t              waiting;      /* those that wait for either */
    ngx_msec_t               sought[2];    /* nor for newer keys: a log-in, a
                                              log-out token */
} ngx_http_pupil_provider_t;


/* One request to a provider.  Its memory is the client's request's. */
typedef struct {
    ngx_http_pupil_ctx_t    *ctx;          /* NULL: nobody waits any more */
    ngx_http_pupil_step_pt   next;
    ngx_http_post_subrequest_t
                             post;
    ngx_event_t              event;        /* goes on with ctx, soon */
    ngx_list_t               headers;      /* of the request, two at most */
    ngx_http_request_body_t  body;
    ngx_str_t                sent;         /* the body; wiped in the end */
    ngx_str_t                answer;       /* what came; wiped in the end */
    ngx_uint_t               status;       /* of it; 0: none came */
    const char              *why;          /* the way there is not to be
                                              trusted; NULL: it is */
    unsigned                 done:1;
} ngx_http_pupil_ask_t;


/* Under what the database has what a token names; data NULL: nothing. */
typedef struct {
    pupil_str_t              session, subject, token;
} ngx_http_pupil_there_t;


/* Sessions that a provider ends, by whose they are. */
typedef struct {
    ngx_http_pupil_session_t  *list;           /* no tokens */
    ngx_uint_t                 n, at;          /* those before it have ended */
    unsigned                   whole:1;        /* they are all, and no row is
                                                  in doubt */
    unsigned                   some:1;         /* by this token, some did */
    ngx_uint_t                 tenants;        /* of the address's, those that
                                                  were looked at */
    pupil_uuid_t               doubtful;       /* one with a row in doubt */
    unsigned                   doubt:1;        /* there is one */
    unsigned                   last:1;         /* which is looked at again */
} ngx_http_pupil_out_t;


/* Which key has signed is found: the payload, or why not. */
typedef ngx_int_t (*ngx_http_pupil_verified_pt)(ngx_http_pupil_ctx_t *ctx,
    pupil_rc_t rc, pupil_str_t payload, const char *why);


/* What such a log-in has beside what any has; in the log-in. */
struct ngx_http_pupil_oidc_s {
    ngx_http_pupil_provider_t  *provider;
    ngx_str_t                   redirect;      /* our callback's URL */
    pupil_str_t                 sealed;        /* what a page is to read */
    pupil_oidc_answer_t         answer;        /* what the browser brought */
    ngx_http_pupil_turn_t       turn;
    pupil_flow_t                flow;
    pupil_flow_words_t          words;
    pupil_tokens_t              tokens;
    pupil_str_t                 token;         /* that is verified */
    ngx_http_pupil_verified_pt  verified;
    pupil_claims_names_t        names;         /* that it names, in clear */
    ngx_http_pupil_there_t      there;
    ngx_http_pupil_out_t        out;
    pupil_time_t                proved_at;     /* who logs in was, there */
    pupil_str_t                 account;       /* whom they are about */
    pupil_choice_t             *choice;        /* of the tenants of which it
                                                  says they are; NULL: it says
                                                  of none, or of one address */
    pupil_uuid_t                home;          /* the address's own */
    pupil_uuid_t                from;          /* the tenant that the browser
                                                  comes with */
    const pupil_login_tenant_t *entered;       /* that it is logged in to */
    ngx_http_pupil_ask_t       *ask;           /* under way, or the last */
    ngx_http_pupil_step_pt      next;          /* once the provider is known */
    ngx_http_pupil_learning_t  *learning;      /* what it asks for, of that */
    ngx_queue_t                 link;          /* or, while another does: */
    ngx_event_t                 event;         /* that is over */
    ngx_http_pupil_step_pt      wakes;
    ngx_http_pupil_problem_e    refusal;       /* once it is on record */
    unsigned                    unlicensed:1;  /* who has to have a licence */
    unsigned                    sought:1;      /* newer keys were */
    unsigned                    again:1;       /* it asks whom it knows, too */
    unsigned                    by_provider:1; /* no browser asks */
    unsigned                    waits:1;       /* for another to be told */
    unsigned                    plain:1;       /* nor is it sent on */
    unsigned                    by_form:1;     /* the answer came, sealed */
    unsigned                    hung:1;        /* it was left while it waited
                                                  for the provider */
};

#define ngx_http_pupil_oidc_of(ctx)                                           \
    ((ngx_http_pupil_login_t *) (ctx)->data)->oidc


/* Of the routes below /{name}. */
ngx_int_t ngx_http_pupil_oidc_begin_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_begin(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_again(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_leave(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_query_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_form_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_form(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_callback(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_out_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_out(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_choice_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_choice(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_choose_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_oidc_choose(ngx_http_pupil_ctx_t *ctx);

/* And of /tenant: which tenant's credentials come next. */
ngx_int_t ngx_http_pupil_login_tenant_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_login_tenant(ngx_http_pupil_ctx_t *ctx);


/* The provider that the path names; NGX_OK, or what a parse answers. */
ngx_int_t ngx_http_pupil_oidc_create(ngx_http_pupil_ctx_t *ctx);

/* oidc->token is checked by the provider's keys, then oidc->verified runs. */
ngx_int_t ngx_http_pupil_oidc_verify(ngx_http_pupil_ctx_t *ctx);

/* What a token's claims name, into oidc->names and oidc->there. */
ngx_int_t ngx_http_pupil_oidc_there(ngx_http_pupil_ctx_t *ctx,
    const pupil_json_t *json);

/* oidc->there anew, of oidc->names, as the tenant knows it. */
ngx_int_t ngx_http_pupil_oidc_names(ngx_http_pupil_ctx_t *ctx);


/*
 * Asks the provider for path, behind its origin; body: of a POST, or NULL.
 * next(ctx) runs when oidc->ask has an answer, or none.  NGX_AGAIN or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_oidc_ask(ngx_http_pupil_ctx_t *ctx, pupil_str_t path,
    const pupil_str_t *body, ngx_http_pupil_step_pt next);

/* The client goes, or is answered: nobody waits for the provider. */
void ngx_http_pupil_oidc_left(ngx_http_pupil_ctx_t *ctx);

/* Its answer, when it has status 200; NGX_DECLINED, and the log says it. */
ngx_int_t ngx_http_pupil_oidc_answered(ngx_http_pupil_ctx_t *ctx,
    const char *what, pupil_str_t *text);

/* What the provider said is not believed: a line for the operator. */
void ngx_http_pupil_oidc_doubt(ngx_http_pupil_ctx_t *ctx, const char *what,
    const char *why);


/* The client goes: another asks in its place, and it waits for none. */
void ngx_http_pupil_oidc_unlearn(ngx_http_pupil_oidc_t *oidc);

/* The worker ends: what it knows of a provider (data). */
void ngx_http_pupil_oidc_forget(void *data);

/*
 * Makes sure that the worker knows the provider, then next(ctx): NGX_OK: it
 * does, and next is the caller's to run; NGX_AGAIN, or a problem.
 */
ngx_int_t ngx_http_pupil_oidc_know(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next);

/*
 * The same of its keys.  again: a token names one that is not among them;
 * NGX_DECLINED: they were asked for a moment ago, and Retry-After is set.
 */
ngx_int_t ngx_http_pupil_oidc_keys(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t again, ngx_http_pupil_step_pt next);


/* Sets the cookie of a new flow, and ends those that are too many. */
ngx_int_t ngx_http_pupil_oidc_flow_begin(ngx_http_pupil_ctx_t *ctx);

/* The flow that the answer's state is of.  NGX_DECLINED. */
ngx_int_t ngx_http_pupil_oidc_flow_find(ngx_http_pupil_ctx_t *ctx);

/* Its cookie ends. */
ngx_int_t ngx_http_pupil_oidc_flow_end(ngx_http_pupil_ctx_t *ctx);

/* Into oidc->answer.  NGX_OK, or a problem. */
ngx_int_t ngx_http_pupil_oidc_read(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t form);

/* Reads oidc->sealed, and goes back to the tenant that the browser chose. */
ngx_int_t ngx_http_pupil_oidc_open(ngx_http_pupil_ctx_t *ctx);

/* oidc->answer is there: whose log-in it is. */
ngx_int_t ngx_http_pupil_oidc_back(ngx_http_pupil_ctx_t *ctx);

/* The audit of a tenant that was entered has no hole.  NGX_OK, or a problem. */
ngx_int_t ngx_http_pupil_oidc_whole(ngx_http_pupil_ctx_t *ctx);


/* Ends a step: a problem, or the page that there is for it.  To pass on. */
ngx_int_t ngx_http_pupil_oidc_failed(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);

/* As ctx->failed. */
ngx_int_t ngx_http_pupil_oidc_unserved(ngx_http_pupil_ctx_t *ctx);

/* The session is made: the browser goes on. */
ngx_int_t ngx_http_pupil_oidc_welcome(ngx_http_pupil_ctx_t *ctx);

/* 303 to a URL, of which it keeps a copy. */
ngx_int_t ngx_http_pupil_oidc_onward(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t url);

/* oidc->account is who the provider says: a session, or a refusal. */
ngx_int_t ngx_http_pupil_oidc_account(ngx_http_pupil_ctx_t *ctx);

/* A refusal that is on record before it is told; the problem's choice. */
ngx_int_t ngx_http_pupil_oidc_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);


/*
 * An address of many tenants: what is begun at a provider that says of which
 * somebody is belongs to the address's own.  NGX_OK, or a problem.
 */
ngx_int_t ngx_http_pupil_oidc_share(ngx_http_pupil_ctx_t *ctx);

/* The request is of the address's own.  NGX_OK, or a problem. */
ngx_int_t ngx_http_pupil_oidc_at_home(ngx_http_pupil_ctx_t *ctx);

/* Which of them a token names, into oidc->choice. */
pupil_rc_t ngx_http_pupil_oidc_claimed(ngx_http_pupil_ctx_t *ctx,
    const pupil_json_t *json, const char **why);

/* The provider is believed: none, one, or a choice. */
ngx_int_t ngx_http_pupil_oidc_tenant(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_OIDC_H_INCLUDED_ */

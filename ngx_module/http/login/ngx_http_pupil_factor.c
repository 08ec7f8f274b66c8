/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/second-factor: a code, by whoever has a ticket.  The attempt
 * is reserved before anything is looked at (pitfall 31), in a bucket of its
 * own, so that guessing codes keeps nobody from trying a password, nor the
 * other way round.  That a code is used the key store knows first, and what it
 * changes is stored on the condition that nothing of the credential has changed
 * since it was read: so each counts once (pitfall 34, invariant I18).
 *
 * Enrolment and recovery revoke all that was before: the whole credential goes
 * under a new number, to which the floor rises (invariant I18).
 */

#include "core/login/qr.h"
#include "http/login/ngx_http_pupil_factor.h"


static ngx_int_t ngx_http_pupil_factor_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_read(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_judge(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_totp(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_mailed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_used(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_confirm(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_recover(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_token(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_shown(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_numbered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_renumber(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_rehashed(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt resume);
static ngx_int_t ngx_http_pupil_factor_written(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_risen(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_factor_pending(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_factor_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                 begun;
    pupil_rc_t                rc;
    pupil_fault_t             fault;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_factor_t  *factor;

    if (ctx->conf->factor == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_factor_t));
    if (begun != NGX_OK) {
        return begun;
    }

    factor = ctx->data;
    login = &factor->login;
    login->factor = factor;
    login->next = ngx_http_pupil_login_again;
    login->opened = ngx_http_pupil_factor_opened;
    login->failed = NGX_HTTP_PUPIL_INVALID_CREDENTIALS;

    rc = pupil_input_factor(&ctx->alloc, &ctx->body, &factor->input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_factor_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_factor_t  *factor;

    ngx_http_pupil_debug(ctx, "start");

    factor = ctx->data;
    login = &factor->login;

    rc = ngx_http_pupil_ticket_sent(ctx, &factor->ticket);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED
               ? ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION) : rc;
    }

    login->owner.id = factor->ticket.subject;
    login->device = factor->ticket.known != 0;
    login->conf->attempts++;
    ngx_http_pupil_login_comes(ctx, ngx_http_pupil_login_gone);

    ngx_http_pupil_login_code_taken(ctx, factor->ticket.bucket);

    return ngx_http_pupil_login_reserve(ctx);
}


static ngx_int_t
ngx_http_pupil_factor_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_pupil_factor_t  *factor;

    ngx_http_pupil_debug(ctx, "key fetched");

    factor = ctx->data;

    rc = ngx_http_pupil_factor_read(ctx) == NGX_OK
         ? ngx_http_pupil_factor_judge(ctx) : NGX_DECLINED;

    pupil_input_factor_wipe(&factor->input);

    return rc == NGX_DECLINED ? ngx_http_pupil_login_refuse(ctx) : rc;
}


/* The password is still the one that the ticket was made for. */
static ngx_int_t
ngx_http_pupil_factor_read(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_pupil_row_t      row;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    login = &factor->login;

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_AGAIN, &row);

    rc = ngx_http_pupil_login_hashed(ctx, &row, PUPIL_LF_CHANGED_AT,
                                     factor->hash);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_factor_stored(ctx, PUPIL_LOGIN_AGAIN, &factor->is);
    }

    if (factor->ticket.hash[0] != '\0') {
        ngx_memcpy(factor->hash, factor->ticket.hash, sizeof(factor->hash));
    }

    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    return rc == NGX_OK && ngx_http_pupil_login_current(ctx)
           && login->stored.number == factor->ticket.number
           ? NGX_OK : NGX_DECLINED;
}


/* NGX_DECLINED: it proves nothing. */
static ngx_int_t
ngx_http_pupil_factor_judge(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;

    switch (factor->input.method) {

    case PUPIL_METHOD_TOTP:
        return pupil_ticket_enrols(&factor->ticket)
               ? ngx_http_pupil_factor_confirm(ctx)
               : ngx_http_pupil_factor_totp(ctx);

    case PUPIL_METHOD_RECOVERY:
        return ngx_http_pupil_factor_recover(ctx);

    case PUPIL_METHOD_MAIL:
        return factor->input.code.data == NULL
               ? ngx_http_pupil_mailed_ask(ctx)
               : ngx_http_pupil_factor_mailed(ctx);

    default: /* PUPIL_METHOD_TOKEN */
        return ngx_http_pupil_factor_token(ctx);
    }
}


static ngx_int_t
ngx_http_pupil_factor_totp(ngx_http_pupil_ctx_t *ctx)
{
    pupil_factor_t           *is;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    is = &factor->is;

    if (!is->enrolled
        || pupil_factor_code(is->secret, is->step, ctx->now / PUPIL_TIME_SECOND,
                             factor->input.code, &is->step) != PUPIL_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_http_pupil_factor_spend(ctx, ngx_http_pupil_factor_used);
}


static ngx_int_t
ngx_http_pupil_factor_mailed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_mailed_judge(ctx);

    return rc == NGX_OK
           ? ngx_http_pupil_mailed_spend(ctx, ngx_http_pupil_factor_used) : rc;
}


/* What says so of the code is stored with the session, too. */
static ngx_int_t
ngx_http_pupil_factor_used(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_factor_t      *factor;
    const ngx_http_pupil_stmt_t  *stmt;

    static const pupil_str_t  same = { NULL, 0 };

    ngx_http_pupil_debug(ctx, "the key store knows");

    factor = ctx->data;
    stmt = ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_ENROL);

    if (!ctx->spend.fresh) {
        pupil_factor_wipe(&factor->is);
        return ngx_http_pupil_login_refuse(ctx);
    }

    if (factor->ticket.hash[0] != '\0'
        && stmt->statement.granted[PUPIL_LP_WANT_HASH])
    {
        return ngx_http_pupil_factor_rehashed(ctx,
                                              ngx_http_pupil_login_accepted);
    }

    return ngx_http_pupil_factor_store(ctx, same,
                                       ngx_http_pupil_login_accepted);
}


/* The first code of a new secret: this is the factor from now on. */
static ngx_int_t
ngx_http_pupil_factor_confirm(ngx_http_pupil_ctx_t *ctx)
{
    uint64_t                  step;
    pupil_factor_t           *is;
    const pupil_ticket_t     *ticket;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    ticket = &factor->ticket;
    is = &factor->is;

    if (!pupil_factor_token(is, ticket->token, ctx->now / PUPIL_TIME_SECOND,
                            ctx->floors.token)
        || pupil_factor_code(ticket->secret, 0, ctx->now / PUPIL_TIME_SECOND,
                             factor->input.code, &step) != PUPIL_OK)
    {
        return NGX_DECLINED;
    }

    pupil_factor_wipe(is);
    ngx_memcpy(is->secret, ticket->secret, PUPIL_FACTOR_SECRET_LEN);
    is->enrolled = 1;
    is->step = step;

    if (ngx_http_pupil_factor_codes(ctx, &ticket->subject) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_pupil_notice_add(&factor->login.telling,
                              PUPIL_NOTICE_FACTOR_CHANGED);
    ctx->session.subject = ticket->subject;

    return ngx_http_pupil_floors_take(ctx, ngx_http_pupil_factor_numbered);
}


static ngx_int_t
ngx_http_pupil_factor_recover(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                   hash[PUPIL_HASH_LEN];
    const pupil_key_t        *key;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (pupil_factor_hash(key, "recovery", &factor->ticket.subject,
                          factor->input.code, hash) != PUPIL_OK
        || pupil_factor_recover(&factor->is, hash) != PUPIL_OK)
    {
        return NGX_DECLINED;
    }

    ngx_http_pupil_notice_add(&factor->login.telling,
                              PUPIL_NOTICE_RECOVERY_USED);
    ctx->session.subject = factor->ticket.subject;

    return ngx_http_pupil_floors_take(ctx, ngx_http_pupil_factor_numbered);
}


/*
 * The secret goes into the ticket, and nothing is stored until its first code
 * shows that somebody has it: an answer that was lost can be asked for again.
 */
static ngx_int_t
ngx_http_pupil_factor_token(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                   hash[PUPIL_HASH_LEN];
    pupil_ticket_t           *ticket;
    const pupil_key_t        *key;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    ticket = &factor->ticket;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (pupil_factor_hash(key, "token", &ticket->subject, factor->input.code,
                          hash) != PUPIL_OK
        || !pupil_factor_token(&factor->is, hash,
                               ctx->now / PUPIL_TIME_SECOND,
                               ctx->floors.token))
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(ticket->token, hash, PUPIL_HASH_LEN);
    pupil_factor_secret(ticket->secret);

    return ngx_http_pupil_ticket_record(ctx, ticket,
                                        ngx_http_pupil_factor_shown);
}


static ngx_int_t
ngx_http_pupil_factor_shown(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                   secret[PUPIL_FACTOR_SECRET_TEXT];
    pupil_rc_t                rc;
    pupil_str_t               host, uri, qr;
    pupil_writer_t           *out;
    ngx_http_pupil_factor_t  *factor;

    ngx_http_pupil_debug(ctx, "the token is right");

    factor = ctx->data;
    out = &ctx->out;
    host.data = ctx->request->headers_in.server.data;
    host.len = ctx->request->headers_in.server.len;

    pupil_factor_base32(factor->ticket.secret, secret);
    rc = pupil_factor_uri(&ctx->alloc, host, secret, &uri);

    if (rc == PUPIL_OK) {
        rc = pupil_qr_svg(&ctx->alloc, uri, &qr);
    }

    if (rc == PUPIL_OK || rc == PUPIL_INVALID) {
        pupil_writer_object_begin(out);
        pupil_writer_key(out, "status");
        pupil_writer_cstr(out, "confirm");
        pupil_writer_key(out, "methods");
        pupil_writer_array_begin(out);
        pupil_writer_cstr(out, "totp");
        pupil_writer_array_end(out);
        pupil_writer_key(out, "secret");
        pupil_writer_string(out, secret, sizeof(secret));
        pupil_writer_key(out, "uri");
        pupil_writer_str(out, &uri);

        if (rc == PUPIL_OK) {   /* who has typed a longer name types a secret */
            pupil_writer_key(out, "qr");
            pupil_writer_str(out, &qr);
        }

        pupil_writer_object_end(out);
    }

    ngx_explicit_memzero(secret, sizeof(secret));

    return rc == PUPIL_OK || rc == PUPIL_INVALID
           ? ngx_http_pupil_ticket_give(ctx) : NGX_ERROR;
}


/* The key is fetched: who was first, of several, had it dropped. */
static ngx_int_t
ngx_http_pupil_factor_numbered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "numbers taken");

    login = ctx->data;

    if (ctx->floors.own.credential == 0) {
        ctx->response.retry_after = ngx_max(ctx->floors.own_after, 1);

        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
    }

    if (ngx_http_pupil_keys_missing(ctx, &login->owner.id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_factor_renumber);
}


/* The same password, under the number to which the floor will rise. */
static ngx_int_t
ngx_http_pupil_factor_renumber(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->stored.number = ctx->floors.own.credential;
    ctx->stored = ngx_http_pupil_factor_written;

    return ngx_http_pupil_factor_rehashed(ctx, ngx_http_pupil_factor_written);
}


static ngx_int_t
ngx_http_pupil_factor_rehashed(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt resume)
{
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_factor_t  *factor;
    ngx_http_pupil_hashed_t   made;

    factor = ctx->data;
    login = &factor->login;

    ngx_memcpy(login->renewed, factor->hash, PUPIL_PASSWORD_HASH_LEN);
    ngx_explicit_memzero(factor->hash, PUPIL_PASSWORD_HASH_LEN);

    if (ngx_http_pupil_login_seal(ctx, PUPIL_LOGIN_AGAIN, &login->stored,
                                  &made) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_factor_store(ctx, made.hash, resume);
}


static ngx_int_t
ngx_http_pupil_factor_written(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  made;

    ngx_http_pupil_debug(ctx, "written");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_LA_MADE, &made)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (made != 1) {
        return ngx_http_pupil_login_accepted(ctx);
    }

    /* it counts from here on, and its codes are shown but now */
    ctx->late = ngx_http_pupil_factor_pending;

    return ngx_http_pupil_floors_raise(ctx, ngx_http_pupil_factor_risen);
}


static ngx_int_t
ngx_http_pupil_factor_risen(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "the key store was told");

    if (!ctx->floors.told) {
        return ngx_http_pupil_factor_pending(ctx);
    }

    if (!ctx->floors.raised) {       /* by whoever was later, an operator */
        ctx->late = NULL;

        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    return ngx_http_pupil_login_accepted(ctx);
}


/* That nothing of before comes back is not acknowledged (invariant I18). */
static ngx_int_t
ngx_http_pupil_factor_pending(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    ctx->response.status = NGX_HTTP_ACCEPTED;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "pending");
    ngx_http_pupil_session_write(ctx);
    ngx_http_pupil_factor_recovery(ctx);
    pupil_writer_object_end(&ctx->out);

    return ngx_http_pupil_session_cookie(ctx, login->text,
                                         sizeof(login->text)) == NGX_OK
           ? ngx_http_pupil_ticket_end(ctx) : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_factor_codes(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject)
{
    ngx_uint_t                i;
    pupil_str_t               code;
    const pupil_key_t        *key;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < PUPIL_FACTOR_RECOVERY; i++) {
        pupil_password_code(factor->recovery[i]);
        code.data = (uint8_t *) factor->recovery[i];
        code.len = ngx_strlen(factor->recovery[i]);
        (void) pupil_factor_hash(key, "recovery", subject, code,
                                 factor->is.recovery[i]);
    }

    factor->is.recovery_count = PUPIL_FACTOR_RECOVERY;
    factor->fresh = 1;

    return NGX_OK;
}


/* They are shown once: nobody can make them of what is stored. */
void
ngx_http_pupil_factor_recovery(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                i;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;

    if (!factor->fresh) {
        return;
    }

    pupil_writer_key(&ctx->out, "recovery_codes");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; i < PUPIL_FACTOR_RECOVERY; i++) {
        pupil_writer_cstr(&ctx->out, factor->recovery[i]);
    }

    pupil_writer_array_end(&ctx->out);
}

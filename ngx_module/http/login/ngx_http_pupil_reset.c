/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/password: a new password, by the token of a link that a mail
 * had.  The token is opened before anybody is looked up, and says under which
 * number the password stood that was forgotten: the floor in the key store is
 * that number until there is another one, so it counts once, and whoever puts
 * rows back brings back nothing (invariant I18).  There is no session for it:
 * who logs in then is asked for the second factor like everybody.
 *
 * POST /v1/login/code: the same, by a code that a teacher has handed out, and
 * the name that it is for.  A guess is one at a password: it counts in the same
 * buckets, before anybody is looked up, and whatever is wrong, the same steps
 * run as at a log-in, one Argon2id among them (invariant I13).
 */

#include "core/endpoints/directive.h"
#include "http/login/ngx_http_pupil_forgotten.h"
#include "http/login/ngx_http_pupil_mail.h"
#include "http/login/ngx_http_pupil_password.h"


static ngx_int_t ngx_http_pupil_reset_begin(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *note);
static ngx_int_t ngx_http_pupil_reset_entered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_reset_none(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_reset_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_reset_broken(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_reset_counts(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);
static ngx_uint_t ngx_http_pupil_by_code_counts(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);
static ngx_uint_t ngx_http_pupil_by_code_current(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);
static ngx_int_t ngx_http_pupil_reset_hashed(ngx_http_pupil_ctx_t *ctx);


static const pupil_str_t  ngx_http_pupil_reset_note =
    pupil_str(PUPIL_LOGIN_NOTE_FORGOTTEN);
static const pupil_str_t  ngx_http_pupil_by_code_note =
    pupil_str(PUPIL_LOGIN_NOTE_CODE);


ngx_int_t
ngx_http_pupil_reset_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   begun;
    pupil_rc_t                  rc;
    pupil_fault_t               fault;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    if (ctx->conf->mail == NULL || ctx->conf->mail->forgotten.len == 0) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    begun = ngx_http_pupil_reset_begin(ctx, &ngx_http_pupil_reset_note);
    if (begun != NGX_OK) {
        return begun;
    }

    password = ctx->data;
    password->found = PUPIL_LOGIN_AGAIN;

    login = &password->login;
    login->next = ngx_http_pupil_login_again;

    rc = pupil_input_reset(&ctx->alloc, &ctx->body, &login->conf->chosen,
                           &password->input, &fault);

    login->fresh = password->input.fresh;

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_by_code_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   begun;
    pupil_rc_t                  rc;
    pupil_fault_t               fault;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    if (ctx->conf->login_password != PUPIL_PASSWORD_ALL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    begun = ngx_http_pupil_reset_begin(ctx, &ngx_http_pupil_by_code_note);
    if (begun != NGX_OK) {
        return begun;
    }

    password = ctx->data;
    password->anew.handed = 1;
    password->found = PUPIL_LOGIN_FIND;

    login = &password->login;
    login->next = ngx_http_pupil_login_look;

    rc = pupil_input_by_code(&ctx->alloc, &ctx->body, &login->conf->chosen,
                             &password->input, &fault);

    login->input.identifier = password->input.identifier;
    login->fresh = password->input.fresh;

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


static ngx_int_t
ngx_http_pupil_reset_begin(ngx_http_pupil_ctx_t *ctx, const pupil_str_t *note)
{
    ngx_int_t                   begun;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_password_t));
    if (begun != NGX_OK) {
        return begun;
    }

    password = ctx->data;
    password->anew.forgotten = 1;

    login = &password->login;
    login->anew = &password->anew;
    login->opened = ngx_http_pupil_reset_opened;
    login->failed = NGX_HTTP_PUPIL_INVALID_CREDENTIALS;
    login->note = *note;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_by_code_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    return ngx_http_pupil_login_counted(ctx);
}


/* What is no token, or not of these minutes, is nobody's: no record. */
ngx_int_t
ngx_http_pupil_reset_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "start");

    password = ctx->data;

    rc = ngx_http_pupil_mail_enter(ctx, &password->input.current,
                                   ngx_http_pupil_reset_entered);

    return rc == NGX_DECLINED ? ngx_http_pupil_reset_none(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_reset_entered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    const pupil_key_t          *key;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "the tenant is entered");

    password = ctx->data;
    login = &password->login;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (pupil_link_open(key, PUPIL_LINK_PASSWORD, password->input.current,
                        ctx->now / PUPIL_TIME_SECOND, &password->link)
        != PUPIL_OK)
    {
        return ngx_http_pupil_reset_none(ctx);
    }

    login->owner.id = password->link.subject;
    ngx_http_pupil_login_link_bucket(ctx, &password->link);

    rc = ngx_http_pupil_login_seat(ctx);

    return rc == NGX_OK ? ngx_http_pupil_login_reserve(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_reset_none(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->conf->failures++;

    return ngx_http_pupil_problem(ctx, login->failed);
}


static ngx_int_t
ngx_http_pupil_reset_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    const char                 *broken;
    ngx_uint_t                  counts;
    ngx_http_pupil_row_t        row;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "key fetched");

    password = ctx->data;
    login = &password->login;

    ngx_http_pupil_login_credential(ctx, password->found, &row);

    counts = password->anew.handed ? ngx_http_pupil_by_code_counts(ctx, &row)
                                   : ngx_http_pupil_reset_counts(ctx, &row);
    broken = counts ? ngx_http_pupil_password_named(ctx, &row) : NULL;

    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    if (password->anew.handed && ngx_http_pupil_login_device_over(ctx)) {
        return ngx_http_pupil_login_stranger(ctx);
    }

    login->eligible = counts;

    if (!counts && !password->anew.handed) {
        return ngx_http_pupil_login_refuse(ctx);
    }

    if (broken != NULL) {
        password->broken = broken;

        return ngx_http_pupil_login_record(ctx, ngx_http_pupil_reset_broken);
    }

    rc = ngx_http_pupil_hash_verify(ctx, "", login->renewed,
                                    ngx_http_pupil_reset_hashed);

    pupil_input_password_wipe(&password->input);

    return rc;
}


/* Who reads it knows that the link, or the code, is good. */
static ngx_int_t
ngx_http_pupil_reset_broken(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "the new password is refused");

    password = ctx->data;

    return ngx_http_pupil_problem_at(ctx, NGX_HTTP_PUPIL_INVALID, "/new",
                                     password->broken);
}


/*
 * The account is as it was when the link was asked for: of its own number, also
 * where the key store has not heard of a newer one yet; and nothing of it was
 * revoked since, by a lock, or another address.
 */
static ngx_uint_t
ngx_http_pupil_reset_counts(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    ngx_int_t                   rc;
    ngx_http_pupil_password_t  *password;

    password = ctx->data;

    rc = ngx_http_pupil_login_hashed(ctx, row, PUPIL_LF_CHANGED_AT,
                                     password->stored);
    ngx_explicit_memzero(password->stored, sizeof(password->stored));

    return rc == NGX_OK && ngx_http_pupil_login_mails(&password->login)
           && password->link.floors == ngx_http_pupil_forgotten_floors(ctx)
           && password->link.number == password->login.stored.number
           && password->link.number >= ctx->floors.are.credential;
}


/* All of it is looked at, whatever is found. */
static ngx_uint_t
ngx_http_pupil_by_code_counts(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    ngx_uint_t                  counts;
    pupil_handed_t              handed;
    const pupil_key_t          *key;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    password = ctx->data;
    login = &password->login;

    key = ngx_http_pupil_key(ctx, "token");

    if (key == NULL || !login->has_owner) {
        return 0;
    }

    counts = ngx_http_pupil_login_handed(ctx, &handed) == NGX_OK;
    counts &= ngx_http_pupil_by_code_current(ctx, row);
    counts &= ngx_http_pupil_login_named(ctx, row);
    counts &= pupil_handed_check(key, &handed, password->input.current,
                                 ctx->now / PUPIL_TIME_SECOND)
              == PUPIL_OK;

    return counts;
}


/*
 * The credential is as the floor says: no row from before it, and none of a new
 * password that the key store has not heard of yet, after which a code was
 * used.  Whoever has no password yet has no number, and no floor.
 */
static ngx_uint_t
ngx_http_pupil_by_code_current(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    ngx_int_t                   rc;
    pupil_str_t                 value;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    password = ctx->data;
    login = &password->login;

    rc = ngx_http_pupil_login_hashed(ctx, row, PUPIL_LF_CHANGED_AT,
                                     password->stored);
    ngx_explicit_memzero(password->stored, sizeof(password->stored));

    if (rc != NGX_OK
        && ngx_http_pupil_login_stored(ctx, row, PUPIL_LF_CHANGED_AT) == NGX_OK
        && ngx_http_pupil_value(ctx, row, PUPIL_LF_WANT_PASSWORD_HASH, &value)
           == PUPIL_NOT_FOUND)
    {
        ngx_memzero(&login->stored, sizeof(pupil_password_stored_t));
        rc = NGX_OK;
    }

    return rc == NGX_OK
           && login->stored.number == ctx->floors.are.credential;
}


/* From here on the request is the subject's. */
static ngx_int_t
ngx_http_pupil_reset_hashed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "password hashed");

    login = ctx->data;

    if (login->verified == PUPIL_NO_MEMORY) {
        return ngx_http_pupil_login_unmade(ctx);
    }

    if (!login->eligible) {
        return ngx_http_pupil_login_refuse(ctx);
    }

    login->keeps = 0;              /* but a browser that is known already */

    ctx->session.subject = login->owner.id;
    ctx->session.role = login->role;
    ctx->session.institution = login->institution;
    ctx->has_session = 1;

    return ngx_http_pupil_password_right(ctx);
}

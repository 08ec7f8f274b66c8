/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/step-up.  Who has a session proves anew who they are, by all
 * that a log-in asks of them: the session gets a new token, and the time of the
 * proof.  Nothing else of it changes.
 */

#include "core/endpoints/session.h"
#include "http/login/ngx_http_pupil_factor.h"


typedef struct {
    ngx_http_pupil_factor_t   factor;        /* first: its steps run */
    pupil_input_step_up_t     input;
    ngx_http_pupil_session_t  session;       /* in place of the one that asks */
    uint8_t                   text[PUPIL_TOKEN_TEXT_LEN];
} ngx_http_pupil_step_up_t;


static ngx_int_t ngx_http_pupil_step_up_look(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_floors(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_hash(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_fits(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_code(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_spent(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_write(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_proof_t *proof);
static void ngx_http_pupil_step_up_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const uint8_t mac[PUPIL_MAC_LEN],
    const ngx_http_pupil_proof_t *proof);
static ngx_int_t ngx_http_pupil_step_up_written(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_up_answer(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_step_up_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  begun;
    pupil_rc_t                 rc;
    pupil_fault_t              fault;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_step_up_t  *step;

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_step_up_t));
    if (begun != NGX_OK) {
        return begun;
    }

    step = ctx->data;
    login = &step->factor.login;
    login->next = ngx_http_pupil_step_up_look;
    login->fits = ngx_http_pupil_step_up_fits;
    login->failed = NGX_HTTP_PUPIL_NOT_PROVED;

    rc = pupil_input_step_up(&ctx->alloc, &ctx->body, &step->input, &fault);

    login->input.password = step->input.password;
    step->factor.input.code = step->input.code;

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


/* It counts before anything is looked at, or guesses would cost keys. */
ngx_int_t
ngx_http_pupil_step_up_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "start");

    ngx_http_pupil_login_own_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_PASSWORD);
    ngx_http_pupil_login_own_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_STEP_UP);

    rc = ngx_http_pupil_login_seat(ctx);

    return rc == NGX_OK ? ngx_http_pupil_login_reserve(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_step_up_look(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "attempt counted");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_AGAIN);
    ngx_libpq_param_uuid(ex, ctx->session.subject.b);

    ctx->resume = ngx_http_pupil_step_up_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_step_up_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "account looked up");

    return ngx_http_pupil_login_own(ctx, PUPIL_LF_OWNER,
                                    ngx_http_pupil_step_up_floors);
}


static ngx_int_t
ngx_http_pupil_step_up_floors(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "floors known");

    if (ngx_http_pupil_session_revoked(ctx)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION);
    }

    ngx_http_pupil_login_account(ctx);

    if (ngx_http_pupil_keys_missing(ctx, &ctx->session.subject) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_step_up_opened);
}


static ngx_int_t
ngx_http_pupil_step_up_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_row_t      row;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_factor_t  *factor;

    ngx_http_pupil_debug(ctx, "key fetched");

    factor = ctx->data;
    login = &factor->login;

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_AGAIN, &row);

    if (ngx_http_pupil_login_hashed(ctx, &row, PUPIL_LF_CHANGED_AT,
                                    factor->hash) != NGX_OK
        || !ngx_http_pupil_login_current(ctx))
    {
        /* who has none knows none */
        ngx_http_pupil_hash_nobody(&login->conf->cost, factor->hash);
        login->eligible = 0;
    }

    /* a damaged value is audited, and proves nothing */
    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    return ngx_http_pupil_step_up_hash(ctx);
}


static ngx_int_t
ngx_http_pupil_step_up_hash(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;

    rc = ngx_http_pupil_hash_verify(ctx, factor->hash, NULL,
                                    ngx_http_pupil_login_verified);

    ngx_explicit_memzero(factor->hash, sizeof(factor->hash));
    pupil_input_login_wipe(&factor->login.input);

    return rc;
}


static ngx_int_t
ngx_http_pupil_step_up_fits(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                 rc;
    pupil_factor_t           *is;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_proof_t    none;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    login = &factor->login;
    is = &factor->is;
    rc = NGX_OK;

    /* what both proved once, one alone does not prove anew */

    if (login->policy != PUPIL_FACTOR_OFF || ctx->session.second) {
        rc = ngx_http_pupil_factor_stored(ctx, PUPIL_LOGIN_AGAIN, is);

        if (rc == NGX_AGAIN) {
            return ngx_http_pupil_keys_owners(ctx,
                                              ngx_http_pupil_step_up_fits);
        }

        if (rc == NGX_OK
            && (is->enrolled || login->policy == PUPIL_FACTOR_REQUIRED))
        {
            rc = ngx_http_pupil_step_up_code(ctx);
            pupil_input_factor_wipe(&factor->input);

            if (rc == NGX_OK) {
                return ngx_http_pupil_factor_spend(ctx,
                                                 ngx_http_pupil_step_up_spent);
            }
        }
    }

    pupil_factor_wipe(is);
    pupil_input_factor_wipe(&factor->input);

    if (rc == NGX_OK) {
        ngx_memzero(&none, sizeof(ngx_http_pupil_proof_t));
        return ngx_http_pupil_step_up_write(ctx, &none);
    }

    return rc == NGX_DECLINED ? ngx_http_pupil_login_refuse(ctx) : rc;
}


/* NGX_DECLINED: there is none, or not the right one. */
static ngx_int_t
ngx_http_pupil_step_up_code(ngx_http_pupil_ctx_t *ctx)
{
    pupil_factor_t           *is;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    is = &factor->is;

    if (is->enrolled && factor->input.code.data == NULL) {
        factor->login.failed = NGX_HTTP_PUPIL_SECOND_FACTOR_REQUIRED;
        return NGX_DECLINED;
    }

    return is->enrolled
           && pupil_factor_code(is->secret, is->step,
                                ctx->now / PUPIL_TIME_SECOND,
                                factor->input.code, &is->step) == PUPIL_OK
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_pupil_step_up_spent(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_proof_t    proof;
    ngx_http_pupil_factor_t  *factor;

    static const pupil_str_t  same = { NULL, 0 };

    ngx_http_pupil_debug(ctx, "the key store knows of the code");

    factor = ctx->data;

    if (!ctx->spend.fresh) {
        pupil_factor_wipe(&factor->is);
        return ngx_http_pupil_login_refuse(ctx);
    }

    return ngx_http_pupil_factor_seal(ctx, PUPIL_LOGIN_AGAIN, same, &proof)
           == NGX_OK
           ? ngx_http_pupil_step_up_write(ctx, &proof) : NGX_ERROR;
}


static ngx_int_t
ngx_http_pupil_step_up_write(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_proof_t *proof)
{
    uint8_t                    mac[PUPIL_MAC_LEN];
    ngx_uint_t                 stmt, at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_step_up_t  *step;
    ngx_http_pupil_writing_t   what;

    step = ctx->data;

    step->session = ctx->session;
    step->session.seen_at = ctx->now;
    step->session.proved_at = ctx->now;
    step->session.second |= proof->factor.data != NULL;

    if (ngx_http_pupil_session_make(ctx, &step->session, step->text, mac)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    stmt = proof->factor.data != NULL ? PUPIL_LOGIN_STEP_UP_CODE
                                      : PUPIL_LOGIN_STEP_UP;
    at = ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_http_pupil_step_up_params(ctx, ex, mac, proof);

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_choices;
    what.n = PUPIL_LOGIN_CHOICES;
    what.numbers = 1;
    what.note.data = (uint8_t *) PUPIL_LOGIN_NOTE_STEP_UP;
    what.note.len = sizeof(PUPIL_LOGIN_NOTE_STEP_UP) - 1;
    ngx_http_pupil_audit_write(ctx, ex, at, ngx_http_pupil_stmt(ctx, stmt),
                               &what);

    return ngx_http_pupil_login_send(ctx, ex, ngx_http_pupil_step_up_written);
}


/* As core/endpoints/login.h tells them. */
static void
ngx_http_pupil_step_up_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const uint8_t mac[PUPIL_MAC_LEN],
    const ngx_http_pupil_proof_t *proof)
{
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_session_t  *session;

    login = ctx->data;
    session = &((ngx_http_pupil_step_up_t *) ctx->data)->session;

    ngx_libpq_param_bytea(ex, ctx->session.hash, 32);
    ngx_libpq_param_bytea(ex, session->hash, 32);
    ngx_libpq_param_timestamptz(ex, session->created_at);
    ngx_libpq_param_timestamptz(ex, session->seen_at);
    ngx_libpq_param_timestamptz(ex, session->expires_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_libpq_param_timestamptz(ex, session->proved_at);
    ngx_libpq_param_bytea(ex, login->bytes[0], sizeof(login->bytes[0]));
    ngx_libpq_param_bytea(ex, login->bytes[1], sizeof(login->bytes[1]));
    ngx_libpq_param_int4(ex, (int32_t) login->owner.version);
    ngx_libpq_param_bytea(ex, login->subject_mac.data, login->subject_mac.len);
    ngx_libpq_param_timestamptz(ex, login->changed_at);
    ngx_http_pupil_param_bytea(ex, &login->facts);
    ngx_http_pupil_param_bytea(ex, &proof->factor);
    ngx_http_pupil_param_bytea(ex, &proof->facts);
    ngx_http_pupil_session_params(ex, session);
}


static ngx_int_t
ngx_http_pupil_step_up_written(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  made;

    ngx_http_pupil_debug(ctx, "written");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_LT_MADE, &made)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (made != 1) {                 /* by whoever was first */
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    ngx_http_pupil_zone_remove(ctx->main, ctx->session.hash);

    return ngx_http_pupil_session_end(ctx, &ctx->session,
                                      ngx_http_pupil_step_up_answer);
}


static ngx_int_t
ngx_http_pupil_step_up_answer(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_step_up_t  *step;

    ngx_http_pupil_debug(ctx, "the key store knows");

    step = ctx->data;
    ctx->session = step->session;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "ok");
    ngx_http_pupil_session_write(ctx);
    pupil_writer_object_end(&ctx->out);

    return ngx_http_pupil_session_cookie(ctx, step->text, sizeof(step->text));
}

/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/sign-up.  Whose address it is is not asked here: the same
 * steps run, the same is written and answered, for whoever is named (invariant
 * I13).  pupilctl work, which alone reads the address, sends a link, or the
 * word that there is an account.
 */

#include "http/login/ngx_http_pupil_mail.h"
#include "http/login/ngx_http_pupil_sign_up.h"


static pupil_rc_t ngx_http_pupil_signing_address(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t *address, pupil_fault_t *fault);
static ngx_int_t ngx_http_pupil_sign_up_put(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_sign_up_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_sign_up_done(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_sign_up_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  begun;
    pupil_rc_t                 rc;
    pupil_fault_t              fault;
    ngx_http_pupil_signing_t  *signing;

    begun = ngx_http_pupil_signing_here(ctx)
            ? ngx_http_pupil_signing_begin(ctx)
            : ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    if (begun != NGX_OK) {
        return begun;
    }

    signing = ctx->data;
    signing->login.sign_up = 1;
    signing->login.next = ngx_http_pupil_sign_up_put;

    rc = pupil_input_sign_up(&ctx->alloc, &ctx->body, &signing->input, &fault);

    if (rc == PUPIL_OK) {
        rc = ngx_http_pupil_signing_address(ctx, &signing->input.email,
                                            &fault);
    }

    signing->login.input.identifier = signing->input.email;

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


/* It will be an address, and the name that they log in with. */
static pupil_rc_t
ngx_http_pupil_signing_address(ngx_http_pupil_ctx_t *ctx, pupil_str_t *address,
    pupil_fault_t *fault)
{
    pupil_rc_t   rc;
    pupil_str_t  name;

    rc = ngx_http_pupil_signing_value(ctx, "contact", "email", address, fault);

    if (rc == PUPIL_OK) {
        name = *address;
        rc = ngx_http_pupil_signing_value(ctx, "credential", "login_id", &name,
                                          fault);
    }

    return rc == PUPIL_INVALID
           ? pupil_fault_set(fault, fault->status, "/email", fault->rule) : rc;
}


ngx_int_t
ngx_http_pupil_sign_up_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    return ngx_http_pupil_login_terms(ctx) == NGX_OK
           ? ngx_http_pupil_login_reserve(ctx) : NGX_ERROR;
}


static ngx_int_t
ngx_http_pupil_sign_up_put(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                 at;
    ngx_libpq_exchange_t      *ex;
    pupil_sign_up_row_t       *row;
    ngx_http_pupil_signing_t  *signing;

    ngx_http_pupil_debug(ctx, "attempt reserved");

    signing = ctx->data;
    row = &signing->row;

    row->tenant = ctx->tenant;
    pupil_uuid_random(&row->subject);
    row->institution = ctx->conf->sign_up->institution;
    row->trial = (uint32_t) ctx->conf->sign_up->trial;
    row->language = signing->input.language;
    row->asked_at = ctx->now;
    row->confirmed_at = PUPIL_TIME_NONE;
    signing->said.email = signing->input.email;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_SIGN_UP);

    return ngx_http_pupil_sign_up_params(ctx, ex) == NGX_OK
           ? ngx_http_pupil_signing_write(ctx, ex, at, PUPIL_LOGIN_SIGN_UP,
                                          NULL, ngx_http_pupil_sign_up_done)
           : NGX_ERROR;
}


/* As core/endpoints/login.h tells them. */
static ngx_int_t
ngx_http_pupil_sign_up_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    uint8_t                     address[PUPIL_HASH_LEN], nobody[PUPIL_HASH_LEN];
    uint8_t                     mac[PUPIL_MAC_LEN], sent[PUPIL_MAC_LEN];
    pupil_mail_row_t            mail;
    const pupil_sign_up_row_t  *row;
    ngx_http_pupil_signing_t   *signing;

    signing = ctx->data;
    row = &signing->row;

    ngx_memzero(&mail, sizeof(pupil_mail_row_t));
    mail.tenant = ctx->tenant;
    mail.mail = ctx->id;
    mail.subject = row->subject;
    mail.kind.data = (const uint8_t *) PUPIL_MAIL_SIGN_UP;
    mail.kind.len = sizeof(PUPIL_MAIL_SIGN_UP) - 1;
    mail.language = row->language;
    mail.created_at = ctx->now;

    if (ngx_http_pupil_login_mail_buckets(ctx, NGX_HTTP_PUPIL_BUCKET_SIGN_UP,
                                          address, nobody) != NGX_OK
        || ngx_http_pupil_mail_link(ctx, ctx->conf->sign_up->page, &mail.link)
           != NGX_OK
        || ngx_http_pupil_mail_mac(ctx, &mail, sent) != NGX_OK
        || ngx_http_pupil_signing_seal(ctx, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_libpq_param_bytea(ex, address, sizeof(address));
    ngx_libpq_param_uuid(ex, row->subject.b);
    ngx_libpq_param_uuid(ex, row->institution.b);
    ngx_libpq_param_int4(ex, (int32_t) row->trial);
    ngx_libpq_param_text(ex, row->language.data, row->language.len);
    ngx_libpq_param_timestamptz(ex, row->asked_at);
    ngx_libpq_param_bytea(ex, row->sealed.data, row->sealed.len);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_libpq_param_text(ex, mail.link.data, mail.link.len);
    ngx_libpq_param_bytea(ex, sent, pupil_mac_len(sent));

    return NGX_OK;
}


/* Not whether there is a mail: either is on record. */
static ngx_int_t
ngx_http_pupil_sign_up_done(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "written");

    if (ctx->audit.recorded == 1 << 1) {
        ctx->audit.due = 1 << 1;
    }

    return ngx_http_pupil_signing_accepted(ctx, "accepted");
}


ngx_int_t
ngx_http_pupil_signing_begin(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_signing_can(ctx)
           ? ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_signing_t))
           : ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
}


ngx_uint_t
ngx_http_pupil_signing_can(ngx_http_pupil_ctx_t *ctx)
{
    const ngx_http_pupil_sign_up_t  *conf;

    conf = ctx->conf->sign_up;

    return conf != NULL && conf->trial != 0
           && pupil_policy_category(&ctx->conf->serves.policy,
                  (pupil_str_t) pupil_str("contact")) >= 0
           && pupil_policy_category(&ctx->conf->serves.policy,
                  (pupil_str_t) pupil_str("identity")) >= 0;
}


/* A server that is another tenant's may inherit the directive. */
ngx_uint_t
ngx_http_pupil_signing_here(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->conf->sign_up != NULL
           && pupil_uuid_compare(&ctx->conf->sign_up->tenant, &ctx->tenant)
              == 0;
}


pupil_rc_t
ngx_http_pupil_signing_value(ngx_http_pupil_ctx_t *ctx, const char *category,
    const char *field, pupil_str_t *value, pupil_fault_t *fault)
{
    int32_t            c, f;
    pupil_str_t        name;
    pupil_category_t  *of;

    name.data = (const uint8_t *) category;
    name.len = ngx_strlen(category);
    c = pupil_policy_category(&ctx->conf->serves.policy, name);
    of = ctx->conf->serves.policy.categories[c];

    name.data = (const uint8_t *) field;
    name.len = ngx_strlen(field);
    f = pupil_category_field(of, name);

    return f < 0 ? PUPIL_OK
           : pupil_value_accept_text(of, (uint32_t) f, *value, &ctx->alloc,
                                     value, fault);
}


ngx_int_t
ngx_http_pupil_signing_seal(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN])
{
    size_t                     len;
    const pupil_key_t         *token, *key;
    pupil_sign_up_row_t       *row;
    ngx_http_pupil_signing_t  *signing;

    signing = ctx->data;
    row = &signing->row;
    token = ngx_http_pupil_key(ctx, "token");
    key = ngx_http_pupil_key(ctx, "mac");

    if (token == NULL || key == NULL
        || pupil_sign_up_seal(token, &row->tenant, &row->subject,
                              &signing->said, signing->sealed, &len)
           != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    row->sealed.data = signing->sealed;
    row->sealed.len = len;
    pupil_mac_sign_up(key, row, mac);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_signing_write(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    const pupil_uuid_t *subject, ngx_http_pupil_step_pt resume)
{
    ngx_http_pupil_writing_t  what;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_choices;
    what.n = PUPIL_LOGIN_CHOICES;
    what.numbers = 1;
    what.subject = subject;
    what.note.data = (uint8_t *) PUPIL_LOGIN_NOTE_SIGN_UP;
    what.note.len = sizeof(PUPIL_LOGIN_NOTE_SIGN_UP) - 1;
    ngx_http_pupil_audit_write(ctx, ex, at, ngx_http_pupil_stmt(ctx, stmt),
                               &what);

    return ngx_http_pupil_login_send(ctx, ex, resume);
}


ngx_int_t
ngx_http_pupil_signing_accepted(ngx_http_pupil_ctx_t *ctx, const char *status)
{
    ctx->response.status = NGX_HTTP_ACCEPTED;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, status);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}

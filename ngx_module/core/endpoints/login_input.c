/*
 * Copyright (C) the Pupil authors
 *
 * What a client sends to /v1/login, with what goes on below it, and to
 * /v1/me/password.
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/endpoints/directive_login.h"
#include "core/endpoints/login.h"
#include "core/input/rule.h"
#include "core/login/handed.h"
#include "core/login/password.h"


#define METHOD_MAX  16      /* bytes, of any method's name */
#define TENANT_MAX  32      /* and of a tenant's */
#define NAME_MAX_LETTERS  200
#define TOKEN_MAX   160     /* bytes of a link's token, or what is none */


static pupil_rc_t input_chosen(pupil_body_t *in, const pupil_chosen_t *rules,
    pupil_str_t *fresh);
static pupil_rc_t input_form(const pupil_alloc_t *alloc,
    pupil_str_t *password);
static void input_wipe(pupil_str_t *password);


static const pupil_rule_t  login_rules[] = {
    { .name = "identifier", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_IDENTIFIER_MAX,
      .offset = offsetof(pupil_input_login_t, identifier) },
    { .name = "password", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_login_t, password) },
    { .name = "shared", .kind = RULE_BOOL,
      .offset = offsetof(pupil_input_login_t, shared) }
};

static const pupil_rule_t  password_rules[] = {
    { .name = "current", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_password_t, current) },
    { .name = "new", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_password_t, fresh) }
};

static const pupil_rule_t  forgotten_rules[] = {
    { .name = "identifier", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_IDENTIFIER_MAX,
      .offset = offsetof(pupil_input_login_t, identifier) }
};

static const pupil_rule_t  reset_rules[] = {
    { .name = "token", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = TOKEN_MAX,
      .offset = offsetof(pupil_input_password_t, current) },
    { .name = "new", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_password_t, fresh) }
};

static const pupil_rule_t  by_code_rules[] = {
    { .name = "identifier", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_IDENTIFIER_MAX,
      .offset = offsetof(pupil_input_password_t, identifier) },
    { .name = "code", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_HANDED_SENT_MAX,
      .offset = offsetof(pupil_input_password_t, current) },
    { .name = "new", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_password_t, fresh) }
};

static const pupil_rule_t  sign_up_rules[] = {
    { .name = "email", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_IDENTIFIER_MAX,
      .offset = offsetof(pupil_input_sign_up_t, email) },
    { .name = "language", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = METHOD_MAX,
      .offset = offsetof(pupil_input_sign_up_t, language) }
};

static const pupil_rule_t  confirm_rules[] = {
    { .name = "token", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = TOKEN_MAX,
      .offset = offsetof(pupil_input_sign_up_t, token) },
    { .name = "given_name", .kind = RULE_LINE, .flags = RULE_REQUIRED,
      .min = 1, .max = NAME_MAX_LETTERS,
      .offset = offsetof(pupil_input_sign_up_t, given_name) },
    { .name = "family_name", .kind = RULE_LINE,
      .min = 0, .max = NAME_MAX_LETTERS,
      .offset = offsetof(pupil_input_sign_up_t, family_name) },
    { .name = "new", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_sign_up_t, fresh) }
};

static const pupil_rule_t  factor_rules[] = {
    { .name = "method", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = METHOD_MAX,
      .offset = offsetof(pupil_input_factor_t, name) },
    { .name = "code", .kind = RULE_SECRET,
      .min = 1, .max = PUPIL_FACTOR_CODE_MAX,
      .offset = offsetof(pupil_input_factor_t, code) }
};

static const pupil_rule_t  step_up_rules[] = {
    { .name = "password", .kind = RULE_SECRET, .flags = RULE_REQUIRED,
      .min = 1, .max = PUPIL_INPUT_PASSWORD_MAX,
      .offset = offsetof(pupil_input_step_up_t, password) },
    { .name = "code", .kind = RULE_SECRET,
      .min = 1, .max = PUPIL_FACTOR_CODE_MAX,
      .offset = offsetof(pupil_input_step_up_t, code) }
};

static const pupil_rule_t  tenant_rules[] = {
    { .name = "tenant", .kind = RULE_NAME, .flags = RULE_REQUIRED,
      .min = 1, .max = TENANT_MAX,
      .offset = offsetof(pupil_input_tenant_t, tenant) }
};

/* By pupil_method_t. */
static const pupil_str_t  methods[] = {
    [PUPIL_METHOD_TOTP] = pupil_str("totp"),
    [PUPIL_METHOD_RECOVERY] = pupil_str("recovery"),
    [PUPIL_METHOD_TOKEN] = pupil_str("token"),
    [PUPIL_METHOD_MAIL] = pupil_str("email")
};


pupil_rc_t
pupil_input_login(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_login_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_login_t));

    rc = pupil_rule_body(&in, alloc, body, login_rules,
                         pupil_rule_count(login_rules), out, fault);

    return rc == PUPIL_OK ? input_form(alloc, &out->password) : rc;
}


pupil_rc_t
pupil_input_password(const pupil_alloc_t *alloc, const pupil_str_t *body,
    const pupil_chosen_t *rules, pupil_input_password_t *out,
    pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    const char   *broken;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_password_t));

    rc = pupil_rule_body(&in, alloc, body, password_rules,
                         pupil_rule_count(password_rules), out, fault);

    if (rc == PUPIL_OK) {
        rc = input_form(alloc, &out->current);
    }

    if (rc == PUPIL_OK) {
        rc = input_form(alloc, &out->fresh);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    broken = out->fresh.len == out->current.len
             && memcmp(out->fresh.data, out->current.data, out->fresh.len) == 0
             ? "different" : pupil_chosen_breaks(rules, out->fresh, NULL, 0);

    return broken == NULL
           ? PUPIL_OK : pupil_rule_refuse_member(&in, 0, "new", broken);
}


pupil_rc_t
pupil_input_forgotten(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_login_t *out, pupil_fault_t *fault)
{
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_login_t));

    return pupil_rule_body(&in, alloc, body, forgotten_rules,
                           pupil_rule_count(forgotten_rules), out, fault);
}


pupil_rc_t
pupil_input_reset(const pupil_alloc_t *alloc, const pupil_str_t *body,
    const pupil_chosen_t *rules, pupil_input_password_t *out,
    pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_password_t));

    rc = pupil_rule_body(&in, alloc, body, reset_rules,
                         pupil_rule_count(reset_rules), out, fault);

    return rc == PUPIL_OK ? input_chosen(&in, rules, &out->fresh) : rc;
}


pupil_rc_t
pupil_input_by_code(const pupil_alloc_t *alloc, const pupil_str_t *body,
    const pupil_chosen_t *rules, pupil_input_password_t *out,
    pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_password_t));

    rc = pupil_rule_body(&in, alloc, body, by_code_rules,
                         pupil_rule_count(by_code_rules), out, fault);

    return rc == PUPIL_OK ? input_chosen(&in, rules, &out->fresh) : rc;
}


pupil_rc_t
pupil_input_sign_up(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_sign_up_t *out, pupil_fault_t *fault)
{
    size_t               i;
    pupil_rc_t           rc;
    pupil_body_t         in;
    const char *const   *names;

    names = pupil_mail_words[PUPIL_MAIL_LANGUAGE].choices;
    memset(out, 0, sizeof(pupil_input_sign_up_t));

    rc = pupil_rule_body(&in, alloc, body, sign_up_rules,
                         pupil_rule_count(sign_up_rules), out, fault);

    if (rc != PUPIL_OK) {
        return rc;
    }

    for (i = PUPIL_MAIL_OFF + 1; names[i] != NULL; i++) {
        if (pupil_str_is(out->language, names[i])) {
            return PUPIL_OK;
        }
    }

    return pupil_rule_refuse_member(&in, 0, "language", "enum");
}


pupil_rc_t
pupil_input_confirm(const pupil_alloc_t *alloc, const pupil_str_t *body,
    const pupil_chosen_t *rules, pupil_input_sign_up_t *out,
    pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_sign_up_t));

    rc = pupil_rule_body(&in, alloc, body, confirm_rules,
                         pupil_rule_count(confirm_rules), out, fault);

    return rc == PUPIL_OK ? input_chosen(&in, rules, &out->fresh) : rc;
}


/* A new password, as it is hashed, by the rules of one. */
static pupil_rc_t
input_chosen(pupil_body_t *in, const pupil_chosen_t *rules, pupil_str_t *fresh)
{
    pupil_rc_t   rc;
    const char  *broken;

    rc = input_form(in->alloc, fresh);
    if (rc != PUPIL_OK) {
        return rc;
    }

    broken = pupil_chosen_breaks(rules, *fresh, NULL, 0);

    return broken == NULL
           ? PUPIL_OK : pupil_rule_refuse_member(in, 0, "new", broken);
}


/* As it is hashed; what it was made of is wiped. */
static pupil_rc_t
input_form(const pupil_alloc_t *alloc, pupil_str_t *password)
{
    pupil_rc_t   rc;
    pupil_str_t  sent;

    sent = *password;

    rc = pupil_password_form(sent, alloc, password);

    if (password->data != sent.data) {
        input_wipe(&sent);
    }

    return rc;
}


void
pupil_input_login_wipe(pupil_input_login_t *login)
{
    input_wipe(&login->password);
}


void
pupil_input_password_wipe(pupil_input_password_t *password)
{
    input_wipe(&password->current);
    input_wipe(&password->fresh);
}


void
pupil_input_sign_up_wipe(pupil_input_sign_up_t *said)
{
    input_wipe(&said->token);
    input_wipe(&said->fresh);
}


static void
input_wipe(pupil_str_t *password)
{
    if (password->data != NULL) {
        sodium_memzero((uint8_t *) password->data, password->len);
    }

    password->data = NULL;
    password->len = 0;
}


pupil_rc_t
pupil_input_tenant(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_tenant_t *out, pupil_fault_t *fault)
{
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_tenant_t));

    return pupil_rule_body(&in, alloc, body, tenant_rules,
                           pupil_rule_count(tenant_rules), out, fault);
}


pupil_rc_t
pupil_input_step_up(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_step_up_t *out, pupil_fault_t *fault)
{
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_step_up_t));

    rc = pupil_rule_body(&in, alloc, body, step_up_rules,
                         pupil_rule_count(step_up_rules), out, fault);

    return rc == PUPIL_OK ? input_form(alloc, &out->password) : rc;
}


pupil_rc_t
pupil_input_factor(const pupil_alloc_t *alloc, const pupil_str_t *body,
    pupil_input_factor_t *out, pupil_fault_t *fault)
{
    size_t        i;
    pupil_rc_t    rc;
    pupil_body_t  in;

    memset(out, 0, sizeof(pupil_input_factor_t));

    rc = pupil_rule_body(&in, alloc, body, factor_rules,
                         pupil_rule_count(factor_rules), out, fault);

    if (rc != PUPIL_OK) {
        return rc;
    }

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {

        if (out->name.len == methods[i].len
            && memcmp(out->name.data, methods[i].data, methods[i].len) == 0)
        {
            out->method = (pupil_method_t) i;

            return out->code.data != NULL || i == PUPIL_METHOD_MAIL
                   ? PUPIL_OK
                   : pupil_rule_refuse_member(&in, 0, "code", "required");
        }
    }

    return pupil_rule_refuse_member(&in, 0, "method", "enum");
}


void
pupil_input_factor_wipe(pupil_input_factor_t *factor)
{
    input_wipe(&factor->code);
}

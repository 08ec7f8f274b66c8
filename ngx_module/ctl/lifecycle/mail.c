/*
 * Copyright (C) the Pupil authors
 *
 * One mail after the other: it is claimed, put off to when it is tried again,
 * and put on record, all in one transaction; then it is sent; then its row
 * goes.  What is killed after the relay said yes and before the row is gone is
 * sent once more, under the same Message-ID.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/endpoints/directive.h"
#include "core/endpoints/login.h"
#include "core/login/factor.h"
#include "core/login/link.h"
#include "core/vault/authentic.h"
#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/smtp.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/letters.h"
#include "ctl/lifecycle/mail.h"
#include "ctl/people/account.h"
#include "ctl/people/sign_up.h"
#include "ctl/store/address.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/roles.h"
#include "ctl/store/subject.h"
#include "ctl/store/whom.h"


#define MAIL_ADDRESS    254             /* bytes at most */
#define MAIL_SECRET     (PUPIL_MAIL_LINK_MAX + 1 + PUPIL_LINK_TEXT_LEN + 1)
#define MAIL_AGAIN      300             /* seconds, of a relay that is away */


/* Texts: of the pool of one mail. */
typedef struct {
    pupil_mail_row_t     row;
    char                 id[PUPIL_UUID_TEXT_LEN + 1];
    const ctl_letter_t  *letter;
    char                *text;          /* with a link; NULL: the letter's */
    char                 to[MAIL_ADDRESS + 1];
} mail_t;


static int mail_forget(ctl_t *ctl);
static int mail_due(ctl_t *ctl);
static int mail_next(ctl_t *ctl, ctl_pool_t *pool, ctl_mail_turn_t *turn);
static int mail_claim(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    pupil_str_t *mac);
static pupil_str_t mail_text(ctl_pool_t *pool, const PGresult *res, int col);
static int mail_judge(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    pupil_str_t mac, const char **why);
static int mail_secret(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    const char **why);
static int mail_written(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    pupil_link_for_t what);
static void mail_link(const pupil_key_t *key, const pupil_mail_row_t *row,
    pupil_link_for_t what, char *secret);
static int mail_stranger(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    const char **why);
static int mail_addressee(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    const char **why);
static int staff(ctl_t *ctl, const pupil_uuid_t *subject);
static int address_open(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail,
    const char **why);
static const pupil_uuid_t *mail_whom(const mail_t *mail);
static int mail_refuse(ctl_t *ctl, const mail_t *mail, const char *why);
static int mail_send(ctl_t *ctl, mail_t *mail, ctl_mail_turn_t *turn);
static int mail_delete(ctl_t *ctl, const mail_t *mail);


static const ctl_access_t  mail_access = {
    .category = "contact",
    .fields = "email",
    .purpose = PUPIL_PURPOSE_AUTHENTICATION,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

/* None is put off for longer than that, but by a clock that was set back. */
#define DUE  "(o.due <= now() OR o.due > now() + interval '7 hours')"

/* It waits twice as long each time; longer than a relay is waited for. */
static const char  claim_sql[] =
    "WITH next AS MATERIALIZED ("
    "SELECT o.mail FROM pupil.outbox AS o WHERE o.tenant = $1::uuid"
    " AND " DUE " ORDER BY o.due, o.mail LIMIT 1"
    " FOR UPDATE SKIP LOCKED)"
    " UPDATE pupil.outbox AS o SET tries = o.tries + 1, due = now()"
    " + least(interval '5 minutes' * power(2, least(o.tries, 10)),"
    " interval '6 hours') FROM next AS n"
    " WHERE o.tenant = $1::uuid AND o.mail = n.mail"
    " RETURNING o.mail, o.subject, o.kind, o.language, o.link,"
    " (extract(epoch FROM o.created_at) * 1000000)::bigint, o.mac,"
    " o.sealed, o.floors";

enum {
    CLAIM_MAIL = 0,
    CLAIM_SUBJECT,
    CLAIM_KIND,
    CLAIM_LANGUAGE,
    CLAIM_LINK,
    CLAIM_CREATED_AT,           /* microseconds */
    CLAIM_MAC,
    CLAIM_SEALED,               /* NULL: to the address that is in force */
    CLAIM_FLOORS
};


int
ctl_mail_work(ctl_t *ctl, ctl_mail_turn_t *turn)
{
    int         rc, failed;
    ctl_pool_t  pool;

    if (mail_forget(ctl) != 0) {
        return -1;
    }

    if (ctl->opt.mail == NULL || ctl_seconds() < turn->again) {
        return 0;
    }

    rc = mail_due(ctl);
    failed = 0;

    if (rc == 1 && (ctl_plugins_open(ctl) != 0 || ctl_keys_open(ctl) != 0)) {
        return -1;
    }

    /* that one is refused keeps no other from being sent */
    while (rc > 0 && (turn->until == 0 || ctl_seconds() < turn->until)) {
        memset(&pool, 0, sizeof(ctl_pool_t));
        rc = mail_next(ctl, &pool, turn);
        ctl_pool_free(&pool);

        failed |= rc > 1;
    }

    return rc < 0 || failed ? -1 : 0;
}


/* By this database's clock: what is sent is judged by its MAC. */
static int
mail_forget(ctl_t *ctl)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    if (ctl_exec(ctl->data, "DELETE FROM pupil.outbox WHERE tenant ="
                 " $1::uuid AND created_at < now() - interval '3 days'", 1,
                 params) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return ctl_commit(ctl->data);
}


/* Keys are opened where there is something to send. */
static int
mail_due(ctl_t *ctl)
{
    int          due;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->data, "SELECT FROM pupil.outbox AS o WHERE"
                  " o.tenant = $1::uuid AND " DUE " LIMIT 1", 1, params);
    if (res == NULL) {
        return -1;
    }

    due = PQntuples(res);
    PQclear(res);

    return due;
}


/* 0: none is due; 1: done; 2: refused by the relay; -1: all others wait. */
static int
mail_next(ctl_t *ctl, ctl_pool_t *pool, ctl_mail_turn_t *turn)
{
    int          rc;
    mail_t       mail;
    const char  *why;
    pupil_str_t  mac;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    rc = mail_claim(ctl, pool, &mail, &mac);

    if (rc != 1) {
        ctl_rollback(ctl->data);
        return rc;
    }

    why = NULL;

    if (mail_judge(ctl, pool, &mail, mac, &why) != 0) {
        (void) ctl_commit(ctl->data);   /* it is put off, others are not */
        return -1;
    }

    if (why != NULL) {
        return mail_refuse(ctl, &mail, why);
    }

    return mail_send(ctl, &mail, turn);
}


static int
mail_claim(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, pupil_str_t *mac)
{
    int          rc;
    uint8_t     *stored;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_query(ctl->data, claim_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res);

    if (rc == 1) {
        memset(mail, 0, sizeof(mail_t));
        mail->row.tenant = ctl->tenant;

        if (ctl_get_uuid(res, 0, CLAIM_MAIL, &mail->row.mail) != 0
            || ctl_get_uuid(res, 0, CLAIM_SUBJECT, &mail->row.subject) != 0)
        {
            rc = -1;
        }

        ctl_uuid_text(&mail->row.mail, mail->id);
        mail->row.kind = mail_text(pool, res, CLAIM_KIND);
        mail->row.language = mail_text(pool, res, CLAIM_LANGUAGE);
        mail->row.link = mail_text(pool, res, CLAIM_LINK);
        mail->row.created_at =
            strtoll(PQgetvalue(res, 0, CLAIM_CREATED_AT), NULL, 10);

        stored = ctl_pool_alloc(pool, PUPIL_MAC_LEN);
        mac->data = stored;
        ctl_get_bytes(res, 0, CLAIM_MAC, stored, PUPIL_MAC_LEN, &mac->len);
        mail->row.number = pupil_mac_number(*mac);
        mail->row.floors = (uint32_t)
            strtoull(PQgetvalue(res, 0, CLAIM_FLOORS), NULL, 10);

        stored = ctl_pool_alloc(pool, CTL_ADDRESS_SEALED);
        mail->row.sealed.data = stored;
        ctl_get_bytes(res, 0, CLAIM_SEALED, stored, CTL_ADDRESS_SEALED,
                      &mail->row.sealed.len);
    }

    PQclear(res);

    return rc;
}


static pupil_str_t
mail_text(ctl_pool_t *pool, const PGresult *res, int col)
{
    const char  *value;

    value = PQgetvalue(res, 0, col);

    return ctl_str(ctl_pool_text(pool, value, strlen(value)));
}


/*
 * Whether it is a worker's, as it is, of these days, and to whom.  *why: it is
 * not to be sent.
 */
static int
mail_judge(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, pupil_str_t mac,
    const char **why)
{
    uint8_t             made[PUPIL_MAC_LEN];
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    pupil_mac_mail(key, &mail->row, made);

    if (pupil_mac_check(made, mac) != PUPIL_OK) {
        *why = "tampered";
        return 0;
    }

    mail->letter = ctl_letter_find(mail->row.kind, mail->row.language);

    if (mail->letter == NULL
        || (mail->row.sealed.len != 0) != mail->letter->old
        || ctl_now() - mail->row.created_at
           > mail->letter->seconds * PUPIL_TIME_SECOND
        /* of a clock that was set back: nobody takes its link or code */
        || ((mail->letter->link || mail->letter->code)
            && mail->row.created_at
               > ctl_now() + PUPIL_LINK_SKEW * PUPIL_TIME_SECOND))
    {
        *why = "refused";
        return 0;
    }

    if (pupil_str_is(mail->row.kind, PUPIL_MAIL_SIGN_UP)) {
        return mail_stranger(ctl, pool, mail, why);
    }

    if ((mail->letter->link || mail->letter->code)
        && mail_secret(ctl, pool, mail, why) != 0)
    {
        return -1;
    }

    return *why == NULL ? mail_addressee(ctl, pool, mail, why) : 0;
}


/*
 * To who signs up, of whom there is the row alone.  Whether there is an account
 * says the letter, to whoever reads the mail of that address, and to nobody
 * else (invariant I13).
 */
static int
mail_stranger(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, const char **why)
{
    int            rc, taken;
    ctl_sign_up_t  sign_up;

    memset(&sign_up, 0, sizeof(ctl_sign_up_t));

    rc = ctl_sign_up_read(ctl, pool, &mail->row.subject, &sign_up, why);

    if (rc == 1
        && (sign_up.row.confirmed_at != PUPIL_TIME_NONE
            || sign_up.row.asked_at != mail->row.created_at
            || sign_up.said.email.len > MAIL_ADDRESS))
    {
        rc = 0;
    }

    if (rc == 1) {
        memcpy(mail->to, sign_up.said.email.data, sign_up.said.email.len);
    }

    ctl_sign_up_wipe(&sign_up);

    if (rc != 1) {
        *why = rc == 0 && *why == NULL ? "refused" : *why;
        return rc;
    }

    taken = ctl_account_named(ctl, mail->to);

    if (taken == 1) {
        mail->letter = ctl_letter_find(ctl_str(PUPIL_MAIL_SIGN_UP_KNOWN),
                                       mail->row.language);
    }

    return taken == 0 ? mail_written(ctl, pool, mail, PUPIL_LINK_SIGN_UP)
                      : taken < 0 ? -1 : 0;
}


/*
 * None is for a password that there is not any more, by whatever row (I18).
 */
static int
mail_secret(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, const char **why)
{
    pupil_floors_t  floors;

    if (ctl_floors_read(ctl, &mail->row.subject, &floors) != 0) {
        return -1;
    }

    if ((mail->row.link.len != 0) != mail->letter->link
        || mail->row.number < floors.credential)
    {
        *why = "refused";
        return 0;
    }

    return mail_written(ctl, pool, mail, PUPIL_LINK_PASSWORD);
}


/*
 * What a link has behind its page, or a code, is made here, and nowhere stored.
 */
static int
mail_written(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, pupil_link_for_t what)
{
    char                secret[MAIL_SECRET];
    ctl_buf_t           text;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "token");
    if (key == NULL) {
        return -1;
    }

    if (mail->letter->link) {
        mail_link(key, &mail->row, what, secret);

    } else {
        pupil_factor_mailed(key, &mail->row.subject, &mail->row.mail, secret);
    }

    ctl_buf_init(&text);
    ctl_buf_printf(&text, "%s%s%s", mail->letter->text, secret,
                   mail->letter->after);
    mail->text = ctl_pool_text(pool, text.data, text.len);

    sodium_memzero(text.data, text.len);
    sodium_memzero(secret, sizeof(secret));
    ctl_buf_free(&text);

    return 0;
}


static void
mail_link(const pupil_key_t *key, const pupil_mail_row_t *row,
    pupil_link_for_t what, char *secret)
{
    size_t        len;
    uint8_t       token[PUPIL_LINK_TEXT_LEN];
    pupil_link_t  link;

    link.subject = row->subject;
    link.made = row->created_at / PUPIL_TIME_SECOND;
    link.number = row->number;
    link.floors = row->floors;
    len = pupil_link_seal(key, what, &link, token);

    /* where tenants share an address, there is the name of one behind # */
    (void) snprintf(secret, MAIL_SECRET, "%.*s%s%.*s", (int) row->link.len,
                    (const char *) row->link.data,
                    memchr(row->link.data, '#', row->link.len) == NULL
                    ? "#" : "", (int) len, (const char *) token);
    sodium_memzero(token, sizeof(token));
}


/* Whoever left, was restricted or became a pupil meanwhile gets none (M17). */
static int
mail_addressee(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, const char **why)
{
    int         rc;
    ctl_whom_t  whom;

    memset(&whom, 0, sizeof(ctl_whom_t));
    whom.id = mail->row.subject;
    ctl_uuid_text(&whom.id, whom.text);

    if (ctl_whom_read(ctl, &mail_access, &whom) != 0) {
        return -1;
    }

    rc = staff(ctl, &whom.id);
    if (rc < 0) {
        return -1;
    }

    if (rc == 0 || whom.revoked || strcmp(whom.status, "active") != 0
        || ctl_whom_state(&whom) != PUPIL_OWNER_STATE_ACTIVE
        || ctl_granted(ctl, "contact", "email", mail_access.purpose,
                       mail_access.operation, NULL)
           < 0)
    {
        *why = "refused";
        return 0;
    }

    return address_open(ctl, pool, mail, why);
}


/* By roles that count today, of which none is a pupil's, or may be. */
static int
staff(ctl_t *ctl, const pupil_uuid_t *subject)
{
    int          is;
    char         today[PUPIL_DATE_TEXT_LEN + 1];
    size_t       i, doubted;
    json_t      *roles, *role;
    const char  *from, *to;

    roles = ctl_roles(ctl, &mail_access, subject, &doubted);
    if (roles == NULL) {
        return -1;
    }

    today[pupil_date_format(ctl->today, (uint8_t *) today)] = '\0';
    is = 0;

    json_array_foreach(roles, i, role) {
        from = json_string_value(json_object_get(role, "from"));
        to = json_string_value(json_object_get(role, "to"));

        if (json_is_true(json_object_get(role, "revoked"))
            || strcmp(from, today) > 0 || (to != NULL && strcmp(to, today) < 0))
        {
            continue;
        }

        if (strcmp(json_string_value(json_object_get(role, "role")), "pupil")
            == 0)
        {
            is = 0;
            break;
        }

        is = 1;
    }

    json_decref(roles);

    return is && doubted == 0;
}


/*
 * One that was somebody's before gets nothing but the word that it is so no
 * more, for which it stands in the row, under its MAC.
 */
static int
address_open(ctl_t *ctl, ctl_pool_t *pool, mail_t *mail, const char **why)
{
    int           rc;
    uint8_t       sealed[CTL_ADDRESS_SEALED];
    ctl_owner_t   owner;
    ctl_place_t   place;
    pupil_str_t   stored, value;

    if (ctl_subject_owner(ctl, &mail->row.subject, &owner) != 0) {
        return -1;
    }

    stored = mail->row.sealed;

    if (stored.len == 0
        && ctl_address_read(ctl, &owner.id, sealed, &stored) != 0)
    {
        return -1;
    }

    if (stored.len == 0) {
        *why = "refused";           /* nobody knows an address */
        return 0;
    }

    place.owner = &owner;
    place.category = "contact";
    place.field = "email";
    place.record = &owner.id;

    if (ctl_open(ctl, pool, &place, stored, &value) != 0
        || value.len > MAIL_ADDRESS)
    {
        *why = mail->letter->old ? "refused" : "tampered";
        return 0;
    }

    memcpy(mail->to, value.data, value.len);

    rc = mail->letter->old ? 1 : ctl_address_counts(ctl, &owner.id, mail->to);

    if (rc == 0) {
        sodium_memzero(mail->to, sizeof(mail->to));
        *why = "tampered";
    }

    return rc < 0 ? -1 : 0;
}


/* Who signs up is nobody yet. */
static const pupil_uuid_t *
mail_whom(const mail_t *mail)
{
    return pupil_str_is(mail->row.kind, PUPIL_MAIL_SIGN_UP)
           ? NULL : &mail->row.subject;
}


/* It is on record, and goes. */
static int
mail_refuse(ctl_t *ctl, const mail_t *mail, const char *why)
{
    if (ctl_record_one(ctl, &mail_access, why, mail_whom(mail), "row=outbox")
        != 0
        || mail_delete(ctl, mail) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return ctl_commit(ctl->data) == 0 ? 1 : -1;
}


/* The record is committed before the address leaves (I1). */
static int
mail_send(ctl_t *ctl, mail_t *mail, ctl_mail_turn_t *turn)
{
    int              rc;
    char             detail[64];
    ctl_smtp_mail_t  message;

    snprintf(detail, sizeof(detail), "mail=%s", mail->letter->kind);

    if (ctl_record_one(ctl, &mail_access, "allowed", mail_whom(mail), detail)
        != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    if (ctl_commit(ctl->data) != 0) {
        return -1;
    }

    message.to = mail->to;
    message.id = mail->id;
    message.subject = mail->letter->subject;
    message.text = mail->text != NULL ? mail->text : mail->letter->text;

    rc = ctl_smtp_send(ctl, &message);
    sodium_memzero(mail->to, sizeof(mail->to));

    if (mail->text != NULL) {
        sodium_memzero(mail->text, strlen(mail->text));
    }

    if (rc > 0) {
        return 2;
    }

    if (rc < 0) {
        turn->again = ctl_seconds() + MAIL_AGAIN;
        return -1;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || mail_delete(ctl, mail) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return ctl_commit(ctl->data) == 0 ? 1 : -1;
}


static int
mail_delete(ctl_t *ctl, const mail_t *mail)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = mail->id;

    return ctl_exec(ctl->data, "DELETE FROM pupil.outbox WHERE tenant ="
                    " $1::uuid AND mail = $2::uuid", 2, params);
}

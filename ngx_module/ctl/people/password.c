/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user password: read from standard input, or made; and user reset,
 * for whoever has forgotten theirs.  What is made here is to be changed by
 * whoever logs in with it.
 */

#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/endpoints/login.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/people/password.h"
#include "ctl/people/user.h"
#include "ctl/store/credential.h"
#include "ctl/store/floors.h"
#include "ctl/store/notice.h"
#include "ctl/store/numbers.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"


#define PASSWORD_MIN   8        /* bytes */
#define RANDOM_BYTES   16
#define LINE_SIZE      (PUPIL_INPUT_PASSWORD_MAX + 1)
#define RESET_SECONDS  3600     /* a code counts */


/* note: of its record, or NULL. */
static int password_set(ctl_t *ctl, pupil_str_t password,
    const pupil_password_stored_t *beside, const char *note);
static void password_generate(char *line, size_t *len);
static int password_read(char *line, size_t *len);
static int password_ask(char *line, size_t *len);
static int line_read(char *line, size_t *len);


static const ctl_access_t  password_access = {
    .category = "credential",
    .fields = "password_hash",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_cmd_user_password(ctl_t *ctl)
{
    int                     rc;
    char                   *line;
    pupil_str_t             password, formed;
    pupil_password_cost_t   cost;
    pupil_password_stored_t beside = { .number = 0 };

    if (ctl_password_cost(ctl, &cost) != 0) {
        return CTL_USAGE;
    }

    line = ctl_pool_alloc(&ctl->pool, LINE_SIZE);
    memset(line, 0, LINE_SIZE);
    password.data = (uint8_t *) line;

    if (ctl->opt.generate) {
        password_generate(line, &password.len);
        beside.first = 1;
        rc = 0;
    } else {
        rc = password_read(line, &password.len);
    }

    if (rc == 0) {
        rc = pupil_password_form(password, &ctl->alloc, &formed) == PUPIL_OK
             ? password_set(ctl, formed, &beside,
                            beside.first ? "password=first" : NULL) : -1;

        if (formed.data != password.data) {
            sodium_memzero((uint8_t *) formed.data, formed.len);
        }
    }

    if (rc == 0) {
        puts(ctl->opt.generate ? line : "the password is set");
    }

    sodium_memzero(line, LINE_SIZE);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* One that is read out to whoever has forgotten theirs: it counts an hour. */
int
ctl_cmd_user_reset(ctl_t *ctl)
{
    int                      rc;
    char                     code[PUPIL_PASSWORD_CODE_LEN];
    pupil_password_cost_t    cost;
    pupil_password_stored_t  beside = { .first = 1 };

    if (ctl_password_cost(ctl, &cost) != 0) {
        return CTL_USAGE;
    }

    pupil_password_code(code);
    beside.until = (int64_t) time(NULL) + RESET_SECONDS;

    rc = password_set(ctl, ctl_str(code), &beside, "password=reset");

    if (rc == 0) {
        puts(code);
    }

    sodium_memzero(code, sizeof(code));

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/*
 * Whoever knew the old one, and used it, is logged out, and stays so when
 * somebody puts the old rows back.  The record is committed before the new one
 * is sealed, and whoever keeps that has it on record (invariant I19).
 */
static int
password_set(ctl_t *ctl, pupil_str_t password,
    const pupil_password_stored_t *beside, const char *note)
{
    ctl_owner_t              owner;
    pupil_floors_t           to = { 0 };
    pupil_password_stored_t  numbered;

    if (ctl_user_write(ctl) != 0
        || ctl_user_credential(ctl, &password_access, "password_hash", note,
                               &owner) != 0
        || ctl_revoke_begin(ctl, &owner.id) != 0
        || ctl_number_take(ctl, &owner.id, CTL_FLOOR_SESSION, &to) != 0
        || ctl_number_take(ctl, &owner.id, CTL_FLOOR_CREDENTIAL, &to) != 0)
    {
        return -1;
    }

    numbered = *beside;
    numbered.number = to.credential;

    return ctl_password_store(ctl, &owner, &numbered, password) == 0
           && ctl_notice(ctl, &owner.id, PUPIL_NOTICE_PASSWORD_CHANGED) == 0
           ? ctl_credential_end(ctl, &owner.id, &to) : -1;
}


/* line is zeroed, so that the text ends with a NUL. */
static void
password_generate(char *line, size_t *len)
{
    uint8_t  random[RANDOM_BYTES];

    randombytes_buf(random, sizeof(random));
    *len = pupil_base64url_encode(random, sizeof(random), (uint8_t *) line);
    sodium_memzero(random, sizeof(random));
}


/* From standard input; without echo when that is a terminal. */
static int
password_read(char *line, size_t *len)
{
    int  rc;

    *len = 0;

    rc = isatty(STDIN_FILENO) ? password_ask(line, len)
                              : line_read(line, len);
    if (rc != 0) {
        return -1;
    }

    if (*len < PASSWORD_MIN) {
        return ctl_error("a password has at least %d bytes", PASSWORD_MIN);
    }

    if (pupil_utf8_check((uint8_t *) line, *len, NULL) != PUPIL_OK
        || memchr(line, 0, *len) != NULL)
    {
        return ctl_error("the password is no UTF-8");
    }

    return 0;
}


static int
password_ask(char *line, size_t *len)
{
    int             rc;
    struct termios  old, quiet;

    fputs("Password: ", stderr);

    if (tcgetattr(STDIN_FILENO, &old) != 0) {
        return ctl_error("the terminal cannot be set");
    }

    quiet = old;
    quiet.c_lflag &= ~(tcflag_t) ECHO;

    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
        return ctl_error("the terminal cannot be set");
    }

    rc = line_read(line, len);

    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    fputc('\n', stderr);

    return rc;
}


/* By read(), as stdio would keep a copy that nobody wipes. */
static int
line_read(char *line, size_t *len)
{
    while (*len < LINE_SIZE && read(STDIN_FILENO, line + *len, 1) == 1) {
        if (line[*len] == '\n') {
            break;
        }

        (*len)++;
    }

    if (*len == LINE_SIZE) {
        return ctl_error("the password is longer than %d bytes",
                         PUPIL_INPUT_PASSWORD_MAX);
    }

    if (*len != 0 && line[*len - 1] == '\r') {
        (*len)--;
    }

    return 0;
}

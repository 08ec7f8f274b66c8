/*
 * Copyright (C) the Pupil authors
 *
 * What pupilctl is told: options first, then the environment, then the file
 * of --config.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/file.h"
#include "ctl/command/options.h"


typedef enum {
    OPTION_TEXT = 0,
    OPTION_FLAG,
    OPTION_LIST                 /* --plugin-sql */
} option_kind_t;

typedef struct {
    const char     *name;       /* on the line: --name; in a file: name */
    const char     *environment;
    size_t          offset;     /* in ctl_options_t */
    option_kind_t   kind;
} option_t;

#define OPT(member)  offsetof(ctl_options_t, member)


static int option_parse(ctl_t *ctl, const char *word, const char *behind);
static const option_t *option_find(const char *name, size_t len);
static int option_set(ctl_t *ctl, const option_t *option, const char *value);
static const char **option_text(ctl_options_t *opt, const option_t *option);
static int *option_flag(ctl_options_t *opt, const option_t *option);
static void environment_read(ctl_t *ctl);
static int config_read(ctl_t *ctl);
static int config_line(ctl_t *ctl, char *line, unsigned number);
static char *trim(char *text);


/* Those with an environment may be set in the file, too. */
static const option_t  options[] = {
    { "database", "PUPIL_DATABASE", OPT(database), OPTION_TEXT },
    { "keystore", "PUPIL_KEYSTORE", OPT(keystore), OPTION_TEXT },
    { "key", "PUPIL_MASTER_KEY", OPT(key), OPTION_TEXT },
    { "tenant", "PUPIL_TENANT", OPT(tenant), OPTION_TEXT },
    { "plugins", "PUPIL_PLUGINS", OPT(plugins), OPTION_TEXT },
    { "accepted", "PUPIL_ACCEPTED", OPT(accepted), OPTION_TEXT },
    { "sql", "PUPIL_SQL", OPT(sql), OPTION_TEXT },
    { "ticket", "PUPIL_TICKET", OPT(ticket), OPTION_TEXT },
    { "ledger", "PUPIL_LEDGER", OPT(ledger), OPTION_TEXT },
    { "mirror", "PUPIL_MIRROR", OPT(mirror), OPTION_TEXT },
    { "key-backup-days", "PUPIL_KEY_BACKUP_DAYS", OPT(key_backup_days),
      OPTION_TEXT },
    { "checkpoints", "PUPIL_CHECKPOINTS", OPT(checkpoints), OPTION_TEXT },
    { "ship", "PUPIL_SHIP", OPT(ship), OPTION_TEXT },
    { "vkey", "PUPIL_VKEY", OPT(vkey), OPTION_TEXT },
    { "mail", "PUPIL_MAIL", OPT(mail), OPTION_TEXT },
    { "mail-from", "PUPIL_MAIL_FROM", OPT(mail_from), OPTION_TEXT },
    { "mail-login", "PUPIL_MAIL_LOGIN", OPT(mail_login), OPTION_TEXT },
    { "mail-ca", "PUPIL_MAIL_CA", OPT(mail_ca), OPTION_TEXT },
    { "acceptance", "PUPIL_ACCEPTANCE", OPT(acceptance), OPTION_TEXT },
    { "config", "PUPIL_CONFIG", OPT(config), OPTION_TEXT },
    { "witness", NULL, OPT(witness), OPTION_TEXT },
    { "checkpoint", NULL, OPT(checkpoint), OPTION_TEXT },
    { "json", NULL, OPT(json), OPTION_FLAG },
    { "help", NULL, OPT(help), OPTION_FLAG },
    { "version", NULL, OPT(version), OPTION_FLAG },
    { "tenant-name", NULL, OPT(tenant_name), OPTION_TEXT },
    { "passfile", NULL, OPT(passfile), OPTION_TEXT },
    { "same-cluster", NULL, OPT(same_cluster), OPTION_FLAG },
    { "plugin-sql", NULL, 0, OPTION_LIST },
    { "source", NULL, OPT(source), OPTION_TEXT },
    { "dates", NULL, OPT(dates), OPTION_TEXT },
    { "close-absent", NULL, OPT(close_absent), OPTION_FLAG },
    { "confirm-removal", NULL, OPT(confirm_removal), OPTION_FLAG },
    { "pupil-login-email", NULL, OPT(pupil_login_email), OPTION_FLAG },
    { "accept", NULL, OPT(accept), OPTION_TEXT },
    { "plan", NULL, OPT(plan), OPTION_FLAG },
    { "mail-plain", NULL, OPT(mail_plain), OPTION_FLAG },
    { "schools", NULL, OPT(schools), OPTION_TEXT },
    { "classes", NULL, OPT(classes), OPTION_TEXT },
    { "apply", NULL, OPT(apply), OPTION_TEXT },
    { "credentials", NULL, OPT(credentials), OPTION_TEXT },
    { "ca", NULL, OPT(ca), OPTION_TEXT },
    { "state", NULL, OPT(state), OPTION_TEXT },
    { "report", NULL, OPT(report), OPTION_TEXT },
    { "html", NULL, OPT(html), OPTION_TEXT },
    { "generate", NULL, OPT(generate), OPTION_FLAG },
    { "dry-run", NULL, OPT(dry_run), OPTION_FLAG },
    { "follow", NULL, OPT(follow), OPTION_FLAG },
    { "offline", NULL, OPT(offline), OPTION_FLAG },
    { "from-copy", NULL, OPT(from_copy), OPTION_FLAG },
    { "without-export", NULL, OPT(without_export), OPTION_FLAG },
    { "end", NULL, OPT(end), OPTION_FLAG },
    { "password-hash", NULL, OPT(password_hash), OPTION_TEXT },
    { "class", NULL, OPT(class_id), OPTION_TEXT },
    { "role", NULL, OPT(role), OPTION_TEXT },
    { "institution", NULL, OPT(institution), OPTION_TEXT },
    { "subject", NULL, OPT(subject), OPTION_TEXT },
    { "actor", NULL, OPT(actor), OPTION_TEXT },
    { "category", NULL, OPT(category), OPTION_TEXT },
    { "outcome", NULL, OPT(outcome), OPTION_TEXT },
    { "since", NULL, OPT(since), OPTION_TEXT },
    { "until", NULL, OPT(until), OPTION_TEXT },
    { "limit", NULL, OPT(limit), OPTION_TEXT },
    { "shares", NULL, OPT(shares), OPTION_TEXT },
    { "threshold", NULL, OPT(threshold), OPTION_TEXT },
    { "login", NULL, OPT(login), OPTION_TEXT },
    { "reference", NULL, OPT(reference), OPTION_TEXT },
    { "to", NULL, OPT(to), OPTION_TEXT },
    { "recipients", NULL, OPT(recipients), OPTION_TEXT },
    { "signer", NULL, OPT(signer), OPTION_TEXT },
    { "text", NULL, OPT(text), OPTION_TEXT },
    { "behalf", NULL, OPT(behalf), OPTION_TEXT },
    { "received", NULL, OPT(received), OPTION_TEXT },
    { "condition", NULL, OPT(condition), OPTION_TEXT },
    { "waive", NULL, OPT(waive), OPTION_TEXT },
    { "noticed", NULL, OPT(noticed), OPTION_TEXT },
    { "sent", NULL, OPT(sent), OPTION_TEXT },
    { "reason", NULL, OPT(reason), OPTION_TEXT },
    { "drafts", NULL, OPT(drafts), OPTION_TEXT },
    { "tell", NULL, OPT(tell), OPTION_TEXT },
    { "account", NULL, OPT(account), OPTION_TEXT },
    { "worker", NULL, OPT(worker), OPTION_TEXT },
    { "host", NULL, OPT(host), OPTION_TEXT },
    { "epoch", NULL, OPT(epoch), OPTION_TEXT },
    { "backup", NULL, OPT(backup), OPTION_TEXT },
    { "title", NULL, OPT(title), OPTION_TEXT },
    { "kind", NULL, OPT(kind), OPTION_TEXT },
    { "country", NULL, OPT(country), OPTION_TEXT },
    { "transfer", NULL, OPT(transfer), OPTION_TEXT },
    { "fields", NULL, OPT(fields), OPTION_TEXT },
    { "why", NULL, OPT(why), OPTION_TEXT },
    { "applications", NULL, OPT(applications), OPTION_TEXT },
    { "evidence", NULL, OPT(evidence), OPTION_TEXT },
    { "evidence-date", NULL, OPT(evidence_date), OPTION_TEXT },
    { "date", NULL, OPT(date), OPTION_TEXT },
    { NULL, NULL, 0, OPTION_TEXT }
};


/* Options may stand anywhere; "--" ends them. */
int
ctl_options_parse(ctl_t *ctl, int argc, char **argv)
{
    int          i, used, only_words;
    const char  *word;

    only_words = 0;

    for (i = 1; i < argc; i++) {
        word = argv[i];

        if (only_words || word[0] != '-' || word[1] == '\0') {
            ctl->args[ctl->args_count++] = word;
            continue;
        }

        if (strcmp(word, "--") == 0) {
            only_words = 1;
            continue;
        }

        if (word[1] != '-') {
            return ctl_error("unknown option \"%s\"", word);
        }

        used = option_parse(ctl, word + 2, argv[i + 1]);
        if (used < 0) {
            return -1;
        }

        i += used;
    }

    return 0;
}


/*
 * name or name=value; behind: the word behind it, or NULL.  Returns how many
 * words behind it were its value.
 */
static int
option_parse(ctl_t *ctl, const char *word, const char *behind)
{
    size_t           len;
    const char      *value;
    const option_t  *option;

    len = strcspn(word, "=");

    option = option_find(word, len);
    if (option == NULL) {
        return ctl_error("unknown option \"--%.*s\"", (int) len, word);
    }

    value = word[len] == '=' ? word + len + 1 : NULL;

    if (option->kind == OPTION_FLAG) {
        if (value != NULL) {
            return ctl_error("--%s takes no value", option->name);
        }

        *option_flag(&ctl->opt, option) = 1;

        return 0;
    }

    if (value != NULL) {
        return option_set(ctl, option, value);
    }

    if (behind == NULL) {
        return ctl_error("--%s needs a value", option->name);
    }

    return option_set(ctl, option, behind) == 0 ? 1 : -1;
}


static const option_t *
option_find(const char *name, size_t len)
{
    const option_t  *option;

    for (option = options; option->name != NULL; option++) {
        if (strlen(option->name) == len
            && memcmp(option->name, name, len) == 0)
        {
            return option;
        }
    }

    return NULL;
}


static int
option_set(ctl_t *ctl, const option_t *option, const char *value)
{
    const char     **text;
    ctl_options_t   *opt;

    opt = &ctl->opt;

    if (option->kind == OPTION_LIST) {
        if (opt->plugin_sql_count == PUPIL_COUNT(opt->plugin_sql)) {
            return ctl_error("too many --plugin-sql");
        }

        opt->plugin_sql[opt->plugin_sql_count++] = value;

        return 0;
    }

    text = option_text(opt, option);

    if (*text != NULL) {
        return ctl_error("--%s is given twice", option->name);
    }

    *text = value;

    return 0;
}


static const char **
option_text(ctl_options_t *opt, const option_t *option)
{
    return (const char **) (void *) ((char *) opt + option->offset);
}


static int *
option_flag(ctl_options_t *opt, const option_t *option)
{
    return (int *) (void *) ((char *) opt + option->offset);
}


int
ctl_options_defaults(ctl_t *ctl)
{
    ctl->opt.line_database = ctl->opt.database;
    ctl->opt.line_keystore = ctl->opt.keystore;

    environment_read(ctl);

    if (ctl->opt.config != NULL && config_read(ctl) != 0) {
        return -1;
    }

    if (ctl->opt.sql == NULL) {
        ctl->opt.sql = PUPIL_SQL_DIR;
    }

    if (ctl->opt.plugins == NULL) {
        ctl->opt.plugins = PUPIL_PLUGIN_DIR;
    }

    return 0;
}


static void
environment_read(ctl_t *ctl)
{
    const char      *value, **text;
    const option_t  *option;

    for (option = options; option->name != NULL; option++) {
        if (option->environment == NULL) {
            continue;
        }

        text = option_text(&ctl->opt, option);
        value = getenv(option->environment);

        if (*text == NULL && value != NULL && value[0] != '\0') {
            *text = value;
        }
    }
}


static int
config_read(ctl_t *ctl)
{
    char      *line, *next;
    size_t     len;
    unsigned   number;

    line = ctl_file_read(&ctl->pool, ctl->opt.config, &len);
    if (line == NULL) {
        return -1;
    }

    for (number = 1; line != NULL; number++) {
        next = strchr(line, '\n');

        if (next != NULL) {
            *next++ = '\0';
        }

        if (config_line(ctl, line, number) != 0) {
            return -1;
        }

        line = next;
    }

    return 0;
}


/* name = value, a comment, or nothing. */
static int
config_line(ctl_t *ctl, char *line, unsigned number)
{
    char            *name, *value;
    const char     **text;
    const option_t  *option;

    name = trim(line);

    if (*name == '\0' || *name == '#') {
        return 0;
    }

    value = strchr(name, '=');
    if (value == NULL) {
        return ctl_error("%s:%u: not \"name = value\"", ctl->opt.config,
                         number);
    }

    *value++ = '\0';
    name = trim(name);
    value = trim(value);

    option = option_find(name, strlen(name));
    if (option == NULL || option->environment == NULL) {
        return ctl_error("%s:%u: \"%s\" cannot be set in a file",
                         ctl->opt.config, number, name);
    }

    text = option_text(&ctl->opt, option);

    if (*text == NULL) {
        *text = value;
    }

    return 0;
}


/* Without the white space around it; text is cut. */
static char *
trim(char *text)
{
    char  *end;

    while (isspace((unsigned char) *text)) {
        text++;
    }

    end = text + strlen(text);

    while (end > text && isspace((unsigned char) end[-1])) {
        end--;
    }

    *end = '\0';

    return text;
}


void
ctl_options_help(FILE *out)
{
    fputs("\nOptions of all commands, each also a line \"name = value\" of the"
          " file of\n--config, and in the environment:\n"
          "  --database CONNINFO  data database (PUPIL_DATABASE)\n"
          "  --keystore CONNINFO  key store (PUPIL_KEYSTORE)\n"
          "  --key FILE           key-encryption key (PUPIL_MASTER_KEY)\n"
          "  --tenant UUID        the controller (PUPIL_TENANT)\n"
          "  --plugins DIR        plugins (PUPIL_PLUGINS)\n"
          "  --sql DIR            migrations (PUPIL_SQL)\n"
          "  --ticket TEXT        why, for the audit (PUPIL_TICKET); import,\n"
          "                       user, subject, audit, source, recipient and\n"
          "                       restore need it\n"
          "  --config FILE        (PUPIL_CONFIG)\n"
          "  --json               answer in JSON\n"
          "  --help, --version\n\n"
          "Exit status: 0 done, 1 failed or found, 2 usage, 3 a roster"
          " is held,\n4 a database did not answer.  See pupilctl(1).\n", out);
}

/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl, the operator's command: the table of commands, help, and the
 * state that every command starts from.
 */

#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command/options.h"


typedef struct {
    const char  *words;         /* separated by single spaces */
    int          min, max;      /* words behind them */
    int          personal;      /* touches persons: only with a ticket (I19) */
    int        (*run)(ctl_t *ctl);
    const char  *arguments;
    const char  *summary;
} command_t;


static const command_t  commands[] = {
    { "init", 0, 0, 0, ctl_cmd_init,
      "--tenant-name NAME [--passfile FILE] [--same-cluster]",
      "roles, both databases, the first key, a tenant; repeatable" },
    { "migrate", 0, 0, 0, ctl_cmd_migrate, "[--plugin-sql FILE]...",
      "apply new migrations, add audit partitions" },
    { "check", 1, 1, 0, ctl_cmd_check, "NGINX.CONF",
      "what only the databases know, before a reload" },
    { "key generate", 0, 0, 0, ctl_cmd_key_generate, "",
      "append a new epoch to the key file" },
    { "key status", 0, 0, 0, ctl_cmd_key_status, "",
      "epochs of the key file and of the key store" },
    { "tenant add", 1, 1, 0, ctl_cmd_tenant_add, "NAME",
      "a controller with keys of its own" },
    { "tenant list", 0, 0, 0, ctl_cmd_tenant_list, "", "the controllers" },
    { "plugin list", 0, 0, 0, ctl_cmd_plugin_list, "",
      "plugins, versions, and whether their grants are accepted" },
    { "plugin show", 1, 1, 0, ctl_cmd_plugin_show, "CATEGORY",
      "the record of processing of a category" },
    { "plugin accept", 1, 1, 0, ctl_cmd_plugin_accept, "FILE",
      "accept the grants of a plugin" },
    { "import oneroster", 1, 1, 1, ctl_cmd_import_oneroster, "DIR|ZIP",
      "a roster in OneRoster or SDS 2.1 CSV" },
    { "import sds", 1, 1, 1, ctl_cmd_import_sds, "DIR|ZIP",
      "a roster in School Data Sync CSV" },
    { "user password", 1, 1, 1, ctl_cmd_user_password, "LOGIN [--generate]",
      "set a password, read from standard input" },
    { "user show", 1, 1, 1, ctl_cmd_user_show, "LOGIN", "id, state and roles" },
    { "user list", 0, 0, 1, ctl_cmd_user_list,
      "[--class ID] [--role ROLE] [--limit N]",
      "pseudonyms and roles" },
    { "user role add", 2, 2, 1, ctl_cmd_user_role_add,
      "LOGIN ROLE [--institution ID]", "give a role" },
    { "user role remove", 2, 2, 1, ctl_cmd_user_role_remove,
      "LOGIN ROLE [--institution ID]", "end a role" },
    { "audit list", 0, 0, 1, ctl_cmd_audit_list,
      "[--subject ID] [--actor ID] [--since TIME] [--limit N]",
      "who did what, newest first" },
    { NULL, 0, 0, 0, NULL, NULL, NULL }
};


static void
help(FILE *out)
{
    const command_t  *command;

    fputs("Usage: pupilctl [OPTION]... COMMAND\n\nCommands:\n", out);
    for (command = commands; command->words != NULL; command++) {
        fprintf(out, "  %s%s%s\n        %s\n", command->words,
                command->arguments[0] != '\0' ? " " : "",
                command->arguments, command->summary);
    }

    fputs("\nOptions of all commands, each also a line \"name = value\" of the"
          " file of\n--config, and in the environment:\n"
          "  --database CONNINFO  data database (PUPIL_DATABASE)\n"
          "  --keystore CONNINFO  key store (PUPIL_KEYSTORE)\n"
          "  --key FILE           key-encryption key (PUPIL_MASTER_KEY)\n"
          "  --tenant UUID        the controller (PUPIL_TENANT)\n"
          "  --plugins DIR        plugins (PUPIL_PLUGINS)\n"
          "  --sql DIR            migrations (PUPIL_SQL)\n"
          "  --ticket TEXT        why, for the audit (PUPIL_TICKET); import,\n"
          "                       user and audit need it\n"
          "  --config FILE        (PUPIL_CONFIG)\n"
          "  --json               answer in JSON\n"
          "  --help, --version\n\n"
          "Exit status: 0 done, 1 failed or found, 2 usage.  See"
          " pupilctl(1).\n", out);
}


/* The number of words of the command that args begin with, 0 for none. */
static int
command_words(const command_t *command, const char **args, int count)
{
    int          n = 0;
    size_t       len;
    const char  *p = command->words;

    for ( ;; ) {
        len = strcspn(p, " ");
        if (n == count || strlen(args[n]) != len
            || memcmp(args[n], p, len) != 0)
        {
            return 0;
        }
        n++;
        p += len;
        if (*p == '\0') {
            return n;
        }
        p++;
    }
}


static const command_t *
command_find(ctl_t *ctl)
{
    int               n;
    const command_t  *command;

    for (command = commands; command->words != NULL; command++) {
        n = command_words(command, ctl->args, ctl->args_count);
        if (n == 0) {
            continue;
        }

        ctl->args += n;
        ctl->args_count -= n;
        if (ctl->args_count < command->min || ctl->args_count > command->max) {
            ctl_error("usage: pupilctl %s %s", command->words,
                      command->arguments);
            return NULL;
        }
        return command;
    }

    if (ctl->args_count == 0) {
        ctl_error("no command");
    } else {
        ctl_error("unknown command \"%s\"", ctl->args[0]);
    }

    return NULL;
}


/* Who ran it: the account that logged in, also behind sudo (I19). */
static void
account_name(ctl_t *ctl)
{
    char            *end;
    long             id;
    FILE            *file;
    char             text[16];
    uid_t            uid = getuid();
    struct passwd   *pw;

    file = fopen("/proc/self/loginuid", "re");
    if (file != NULL) {
        if (fgets(text, sizeof(text), file) != NULL) {
            id = strtol(text, &end, 10);
            if (end != text && id > 0 && id < 0xffffffffL) {
                uid = (uid_t) id;
            }
        }
        fclose(file);
    }

    pw = getpwuid(uid);
    if (pw != NULL) {
        snprintf(ctl->account, sizeof(ctl->account), "%s", pw->pw_name);
    } else {
        snprintf(ctl->account, sizeof(ctl->account), "%u", (unsigned) uid);
    }
}


/* No core file, no debugger of the same account (I14). */
static int
harden(void)
{
    struct rlimit  none = { 0, 0 };

    umask(077);

    if (setrlimit(RLIMIT_CORE, &none) != 0
        || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    {
        return ctl_error("cannot switch core dumps off");
    }

    if (sodium_init() < 0) {
        return ctl_error("libsodium does not start");
    }

    return 0;
}


static void
finish(ctl_t *ctl)
{
    uint32_t  i;

    PQfinish(ctl->data);
    PQfinish(ctl->keys);
    for (i = 0; i < ctl->policy.count; i++) {
        pupil_category_unload(ctl->policy.categories[i]);
    }
    pupil_arena_destroy(ctl->arena);
    ctl_pool_free(&ctl->pool);
}


static int
run(ctl_t *ctl, int argc, char **argv)
{
    const command_t  *command;

    if (ctl_options_parse(ctl, argc, argv) != 0) {
        help(stderr);
        return CTL_USAGE;
    }

    if (ctl->opt.help) {
        help(stdout);
        return CTL_DONE;
    }

    if (ctl->opt.version) {
        puts("pupilctl " PUPIL_VERSION);
        return CTL_DONE;
    }

    command = command_find(ctl);
    if (command == NULL || ctl_options_defaults(ctl) != 0) {
        help(stderr);
        return CTL_USAGE;
    }

    if (ctl->opt.ticket != NULL && strlen(ctl->opt.ticket) > 200) {
        ctl_error("--ticket is longer than 200 bytes");
        return CTL_USAGE;
    }

    if (command->personal
        && (ctl->opt.ticket == NULL || ctl->opt.ticket[0] == '\0'))
    {
        ctl_error("%s touches personal data: say why with --ticket TEXT",
                  command->words);
        return CTL_USAGE;
    }

    account_name(ctl);

    return command->run(ctl);
}


int
main(int argc, char **argv)
{
    int           rc;
    ctl_t         ctl;
    const char  **args;

    if (harden() != 0) {
        return CTL_FAILED;
    }

    memset(&ctl, 0, sizeof(ctl_t));
    ctl.alloc.alloc = ctl_pool_alloc;
    ctl.alloc.ctx = &ctl.pool;
    args = ctl_pool_alloc(&ctl.pool, (size_t) argc * sizeof(char *));
    ctl.args = args;

    rc = run(&ctl, argc, argv);
    finish(&ctl);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        ctl_error("cannot write the answer");
        rc = rc == CTL_DONE ? CTL_FAILED : rc;
    }

    return rc < 0 ? CTL_FAILED : rc;
}

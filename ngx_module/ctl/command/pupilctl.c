/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl, the operator's command: which one it is, help, and the state that
 * every command starts from.
 */

#include <string.h>

#include "ctl/base/wait.h"
#include "ctl/command/commands.h"
#include "ctl/command/options.h"
#include "ctl/command/process.h"
#include "ctl/store/promises.h"
#include "ctl/store/revoked.h"


#define TICKET_MAX  200         /* bytes */


static int run(ctl_t *ctl, int argc, char **argv);
static const ctl_command_t *command_find(ctl_t *ctl);
static int command_words(const ctl_command_t *command, const char **args,
    int count);
static int ticket_check(const ctl_t *ctl, const ctl_command_t *command);
static int usage(void);
static void help(FILE *out);
static void finish(ctl_t *ctl);


int
main(int argc, char **argv)
{
    int    rc;
    ctl_t  ctl;

    if (ctl_process_harden() != 0) {
        return CTL_FAILED;
    }

    memset(&ctl, 0, sizeof(ctl_t));
    ctl.alloc.alloc = ctl_pool_alloc;
    ctl.alloc.ctx = &ctl.pool;
    ctl.args = ctl_pool_alloc(&ctl.pool, (size_t) argc * sizeof(char *));

    rc = run(&ctl, argc, argv);
    finish(&ctl);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        ctl_error("cannot write the answer");

        if (rc == CTL_DONE) {
            rc = CTL_FAILED;
        }
    }

    return rc;
}


static int
run(ctl_t *ctl, int argc, char **argv)
{
    int               rc;
    const ctl_command_t  *command;

    if (ctl_options_parse(ctl, argc, argv) != 0) {
        return usage();
    }

    if (ctl->opt.help) {
        help(stdout);
        return CTL_DONE;
    }

    if (ctl->opt.version) {
        puts("pupilctl " PUPIL_VERSION);
        return CTL_DONE;
    }

    if (ctl->args_count == 0) {
        ctl_error("no command");
        help(stderr);
        return CTL_USAGE;
    }

    command = command_find(ctl);

    if (command == NULL || ctl_options_defaults(ctl) != 0) {
        return usage();
    }

    if (ticket_check(ctl, command) != 0) {
        return CTL_USAGE;
    }

    ctl_process_account(ctl);

    ctl_wait_long(command->large);

    rc = command->run(ctl);

    return rc == CTL_FAILED && ctl_wait_lost() ? CTL_SILENT : rc;
}


/* Takes its words off args. */
static const ctl_command_t *
command_find(ctl_t *ctl)
{
    int               n;
    const ctl_command_t  *command;

    for (command = ctl_commands; command->words != NULL; command++) {
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

    ctl_error("unknown command \"%s\"", ctl->args[0]);

    return NULL;
}


/* What was wrong is said: the help would push it off the screen. */
static int
usage(void)
{
    fputs("Try \"pupilctl --help\".\n", stderr);

    return CTL_USAGE;
}


/* The number of words of the command that args begin with, 0 for none. */
static int
command_words(const ctl_command_t *command, const char **args, int count)
{
    int          n;
    size_t       len;
    const char  *p;

    n = 0;

    for (p = command->words; *p != '\0'; p += len) {
        if (*p == ' ') {
            p++;
        }

        len = strcspn(p, " ");

        if (n == count || strlen(args[n]) != len
            || memcmp(args[n], p, len) != 0)
        {
            return 0;
        }

        n++;
    }

    return n;
}


static int
ticket_check(const ctl_t *ctl, const ctl_command_t *command)
{
    const char  *ticket;

    ticket = ctl->opt.ticket;

    if (ticket != NULL && strlen(ticket) > TICKET_MAX) {
        return ctl_error("--ticket is longer than %d bytes", TICKET_MAX);
    }

    if (command->personal && (ticket == NULL || ticket[0] == '\0')) {
        return ctl_error("%s touches personal data: say why with --ticket"
                         " TEXT", command->words);
    }

    return 0;
}


static void
help(FILE *out)
{
    const ctl_command_t  *command;

    fputs("Usage: pupilctl [OPTION]... COMMAND\n\nCommands:\n", out);

    for (command = ctl_commands; command->words != NULL; command++) {
        fprintf(out, "  %s%s%s\n        %s\n", command->words,
                command->arguments[0] != '\0' ? " " : "",
                command->arguments, command->summary);
    }

    ctl_options_help(out);
}


static void
finish(ctl_t *ctl)
{
    uint32_t  i;

    PQfinish(ctl->data);
    PQfinish(ctl->keys);
    ctl_promises_forget(ctl);
    ctl_revoked_forget(ctl);

    for (i = 0; i < ctl->policy.count; i++) {
        pupil_category_unload(ctl->policy.categories[i]);
    }

    pupil_arena_destroy(ctl->arena);
    ctl_pool_free(&ctl->pool);
}

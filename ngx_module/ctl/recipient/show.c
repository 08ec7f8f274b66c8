/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl recipient list and show: what is in the register, of nobody who is a
 * person.
 */

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/recipient/recipient.h"
#include "ctl/recipient/register.h"
#include "ctl/recipient/terms.h"


static json_t *register_open(ctl_t *ctl);
static void entry_line(const json_t *entry);
static void entry_print(const json_t *entry);
static void where_add(ctl_buf_t *line, const json_t *entry);
static void member_print(const char *name, const char *text);
static void texts_print(const char *name, const json_t *list);
static void texts_add(ctl_buf_t *line, const json_t *list);


int
ctl_cmd_recipient_list(ctl_t *ctl)
{
    size_t   i;
    json_t  *all, *entry;

    all = register_open(ctl);
    if (all == NULL) {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "recipients", all));
        return CTL_DONE;
    }

    json_array_foreach(all, i, entry) {
        entry_line(entry);
    }

    json_decref(all);

    return CTL_DONE;
}


int
ctl_cmd_recipient_show(ctl_t *ctl)
{
    json_t  *all, *entry;

    all = register_open(ctl);
    if (all == NULL) {
        return CTL_FAILED;
    }

    entry = ctl_register_find(all, ctl->args[0]);

    if (entry == NULL) {
        (void) ctl_error("%s is not in the register", ctl->args[0]);

    } else if (ctl->opt.json) {
        ctl_json_print(json_incref(entry));

    } else {
        entry_print(entry);
    }

    json_decref(all);

    return entry != NULL ? CTL_DONE : CTL_FAILED;
}


static json_t *
register_open(ctl_t *ctl)
{
    return ctl_open_data(ctl) == 0 && ctl_open_tenant(ctl) == 0
           ? ctl_register_read(ctl) : NULL;
}


static void
entry_line(const json_t *entry)
{
    char       head[64];
    ctl_buf_t  line;

    ctl_buf_init(&line);
    snprintf(head, sizeof(head), "%s %d", ctl_register_text(entry, "recipient"),
             (int) json_integer_value(json_object_get(entry, "number")));
    ctl_buf_printf(&line, "%-16s  %-10s  %-11s  ", head,
                   ctl_register_state(entry),
                   ctl_register_text(entry, "kind"));
    texts_add(&line, json_object_get(entry, "countries"));
    ctl_buf_printf(&line, "  %s", ctl_register_text(entry, "title"));
    ctl_print_line(stdout, line.data);
    ctl_buf_free(&line);
}


static void
entry_print(const json_t *entry)
{
    size_t         i;
    json_t        *step;
    ctl_buf_t      line;
    const json_t  *evidence;

    ctl_buf_init(&line);
    ctl_buf_printf(&line, "%s %d, %s: %s",
                   ctl_register_text(entry, "recipient"),
                   (int) json_integer_value(json_object_get(entry, "number")),
                   ctl_register_state(entry),
                   ctl_register_text(entry, "title"));
    ctl_print_line(stdout, line.data);

    member_print("kind", ctl_register_text(entry, "kind"));
    ctl_buf_reset(&line);
    where_add(&line, entry);
    member_print("where", line.data);
    texts_print("fields", json_object_get(entry, "fields"));
    texts_print("applications", json_object_get(entry, "applications"));
    member_print("why", ctl_register_text(entry, "why"));

    evidence = json_object_get(entry, "evidence");
    ctl_buf_reset(&line);
    ctl_buf_printf(&line, "%s of %s, SHA-256 %s",
                   ctl_register_text(evidence, "file"),
                   ctl_register_text(evidence, "date"),
                   ctl_register_text(evidence, "sha256"));
    member_print("evidence", line.data);

    ctl_buf_reset(&line);
    ctl_buf_printf(&line, "%s, on record as %s",
                   ctl_register_text(entry, "added_at"),
                   ctl_register_text(entry, "sha256"));
    member_print("added", line.data);

    json_array_foreach(json_object_get(entry, "steps"), i, step) {
        ctl_buf_reset(&line);
        ctl_buf_printf(&line, "on %s by %s, on record as %s",
                       ctl_register_text(step, "date"),
                       ctl_register_text(step, "reference"),
                       ctl_register_text(step, "sha256"));
        member_print(ctl_register_text(step, "what"), line.data);
    }

    ctl_buf_free(&line);
}


static void
where_add(ctl_buf_t *line, const json_t *entry)
{
    const char  *transfer, *article;

    transfer = ctl_register_text(entry, "transfer");
    texts_add(line, json_object_get(entry, "countries"));

    if (transfer[0] == '\0') {
        ctl_buf_text(line, ", within the EEA");
        return;
    }

    article = ctl_transfer_article(transfer);
    ctl_buf_printf(line, ", by %s, article %s", transfer,
                   article != NULL ? article : "?");
}


static void
member_print(const char *name, const char *text)
{
    printf("  %-12s ", name);
    ctl_print_line(stdout, text);
}


static void
texts_print(const char *name, const json_t *list)
{
    ctl_buf_t  line;

    if (json_array_size(list) == 0) {
        return;
    }

    ctl_buf_init(&line);
    texts_add(&line, list);
    member_print(name, line.data);
    ctl_buf_free(&line);
}


static void
texts_add(ctl_buf_t *line, const json_t *list)
{
    size_t   i;
    json_t  *text;

    json_array_foreach(list, i, text) {
        ctl_buf_printf(line, "%s%s", i == 0 ? "" : " ",
                       json_string_value(text));
    }
}

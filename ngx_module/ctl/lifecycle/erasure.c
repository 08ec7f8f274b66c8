/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erasure.h"
#include "ctl/store/kek.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/signer.h"


int
ctl_cmd_erasure_key(ctl_t *ctl)
{
    char          text[PUPIL_NOTE_KEY_SIZE];
    ctl_signer_t  signer;

    if (ctl_kek_open(ctl) != 0 || ctl_signer_make(ctl) != 0
        || ctl_signer_open(ctl, &signer) != 0)
    {
        return CTL_FAILED;
    }

    pupil_note_key_format(&signer.key, text);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "signer", text));
    } else {
        puts(text);
    }

    return CTL_DONE;
}


/* Without a database: for whoever was handed the file. */
int
ctl_cmd_erasure_verify(ctl_t *ctl)
{
    size_t               len;
    pupil_str_t          text;
    pupil_note_key_t     key;
    pupil_ledger_t       notes;

    if (ctl->opt.signer == NULL
        || pupil_note_key_parse(ctl_str(ctl->opt.signer), &key) != PUPIL_OK)
    {
        ctl_error("--signer is what pupilctl erasure key has printed");
        return CTL_USAGE;
    }

    text.data = (const uint8_t *) ctl_file_read(&ctl->pool, ctl->args[0],
                                                &len);
    if (text.data == NULL) {
        return CTL_FAILED;
    }

    text.len = len;

    if (ctl_ledger_notes(ctl, ctl->args[0], text, &key, &notes) != 0) {
        return CTL_FAILED;
    }

    if (notes.notes == 0) {
        ctl_error("%s is empty", ctl->args[0]);
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:I,s:I}", "notes",
                                 (json_int_t) notes.notes, "entries",
                                 (json_int_t) notes.count));
    } else {
        printf("%zu note%s, %zu of them entr%s, signed by %s\n", notes.notes,
               ctl_plural(notes.notes), notes.count,
               notes.count == 1 ? "y" : "ies", key.name);
    }

    return CTL_DONE;
}

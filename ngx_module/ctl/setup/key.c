/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl key: the epochs of the key-encryption key.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/setup/key.h"
#include "ctl/store/kek.h"


#define NOT_IN_FILE     "not in the file"
#define NOT_REGISTERED  "not registered"
#define ANOTHER_KEY     "another key"


static json_t *epochs_read(ctl_t *ctl);
static int is_state(const json_t *entry, const char *state);
static void epochs_print(const ctl_t *ctl, json_t *list);
static json_t *epochs_json(ctl_t *ctl, const PGresult *res);
static int epoch_in_file(const ctl_t *ctl, int32_t epoch);
static const char *epoch_state(const pupil_kek_t *kek, const PGresult *res);
static int epoch_row(const pupil_kek_t *kek, const PGresult *res);


int
ctl_cmd_key_generate(ctl_t *ctl)
{
    uint32_t  epoch;

    if (ctl->opt.key == NULL) {
        ctl_error("--key is needed: the file to append to");
        return CTL_USAGE;
    }

    if (ctl_kek_append(ctl) != 0) {
        return CTL_FAILED;
    }

    epoch = ctl->keks[ctl->keks_count - 1].epoch;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i}", "epoch", (int) epoch));
        return CTL_DONE;
    }

    printf("epoch %u is in %s; keep a copy apart from every backup of the"
           " databases.  Copy the file to every host, reload nginx there, then"
           " run pupilctl key register\n", epoch, ctl->opt.key);

    return CTL_DONE;
}


int
ctl_cmd_key_register(ctl_t *ctl)
{
    size_t   n;
    json_t  *list, *entry;

    list = epochs_read(ctl);
    if (list == NULL) {
        return CTL_FAILED;
    }

    if (ctl_kek_register(ctl) != 0) {
        json_decref(list);
        return CTL_FAILED;
    }

    json_array_foreach(list, n, entry) {
        if (is_state(entry, NOT_REGISTERED)) {
            json_object_set_new(entry, "state", json_string("registered"));
        }
    }

    epochs_print(ctl, list);

    return CTL_DONE;
}


int
ctl_cmd_key_status(ctl_t *ctl)
{
    int      rc;
    size_t   n;
    json_t  *list, *entry;

    list = epochs_read(ctl);
    if (list == NULL) {
        return CTL_FAILED;
    }

    rc = CTL_DONE;

    json_array_foreach(list, n, entry) {
        if (is_state(entry, ANOTHER_KEY) || is_state(entry, NOT_IN_FILE)) {
            rc = CTL_FAILED;
        }
    }

    epochs_print(ctl, list);

    return rc;
}


/* Of both, the file and the key store; NULL with the error said. */
static json_t *
epochs_read(ctl_t *ctl)
{
    json_t    *list;
    PGresult  *res;

    if (ctl_kek_open(ctl) != 0 || ctl_open_keys(ctl) != 0) {
        return NULL;
    }

    res = ctl_query(ctl->keys, "SELECT epoch, fingerprint, retired_at FROM"
                    " keystore.kek_epoch ORDER BY epoch", 0, NULL);
    if (res == NULL) {
        return NULL;
    }

    list = epochs_json(ctl, res);
    PQclear(res);

    return list;
}


static int
is_state(const json_t *entry, const char *state)
{
    return strcmp(json_string_value(json_object_get(entry, "state")), state)
           == 0;
}


/* Ownership: takes the reference. */
static void
epochs_print(const ctl_t *ctl, json_t *list)
{
    size_t   n;
    json_t  *entry;

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:o}", "epochs", list));
        return;
    }

    json_array_foreach(list, n, entry) {
        printf("epoch %lld: %s\n", (long long)
               json_integer_value(json_object_get(entry, "epoch")),
               json_string_value(json_object_get(entry, "state")));
    }

    json_decref(list);
}


static json_t *
epochs_json(ctl_t *ctl, const PGresult *res)
{
    int                 row;
    json_t             *list;
    uint32_t            i;
    const pupil_kek_t  *kek;

    list = json_array();

    for (i = 0; i < ctl->keks_count; i++) {
        kek = &ctl->keks[i];
        json_array_append_new(list,
            json_pack("{s:i,s:s}", "epoch", (int) kek->epoch,
                      "state", epoch_state(kek, res)));
    }

    for (row = 0; row < PQntuples(res); row++) {
        if (!epoch_in_file(ctl, ctl_get_int(res, row, 0, 0))
            && PQgetisnull(res, row, 2))
        {
            json_array_append_new(list,
                json_pack("{s:i,s:s}", "epoch", ctl_get_int(res, row, 0, 0),
                          "state", NOT_IN_FILE));
        }
    }

    return list;
}


static int
epoch_in_file(const ctl_t *ctl, int32_t epoch)
{
    uint32_t  i;

    for (i = 0; i < ctl->keks_count; i++) {
        if ((int32_t) ctl->keks[i].epoch == epoch) {
            return 1;
        }
    }

    return 0;
}


/* What the key store knows of an epoch of the file. */
static const char *
epoch_state(const pupil_kek_t *kek, const PGresult *res)
{
    int      row;
    size_t   len;
    uint8_t  made[32], stored[32];

    row = epoch_row(kek, res);
    if (row < 0) {
        return NOT_REGISTERED;
    }

    pupil_kek_fingerprint(&kek->key, made);

    if (ctl_get_bytes(res, row, 1, stored, sizeof(stored), &len) != 0
        || len != sizeof(made) || memcmp(stored, made, sizeof(made)) != 0)
    {
        return ANOTHER_KEY;
    }

    return PQgetisnull(res, row, 2) ? "in force" : "retired";
}


static int
epoch_row(const pupil_kek_t *kek, const PGresult *res)
{
    int  row;

    for (row = 0; row < PQntuples(res); row++) {
        if (ctl_get_int(res, row, 0, 0) == (int) kek->epoch) {
            return row;
        }
    }

    return -1;
}

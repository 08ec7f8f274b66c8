/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/checkpoint.h"
#include "core/base/text.h"


#define BASE64        sodium_base64_VARIANT_ORIGINAL
#define DIGITS_MAX    20                /* of a number that has 64 bits */


static pupil_rc_t line_take(pupil_str_t *text, pupil_str_t *line);
static pupil_rc_t number_parse(pupil_str_t text, uint64_t *number);
static pupil_rc_t hash_parse(pupil_str_t line, pupil_node_t *node);
static size_t hash_line(const pupil_node_t *node,
    char out[PUPIL_HASH_LINE_LEN + 1]);


void
pupil_checkpoint_format(const char *origin, uint64_t size,
    const pupil_node_t *root, char out[PUPIL_CHECKPOINT_SIZE])
{
    char  hash[PUPIL_HASH_LINE_LEN + 1];

    hash_line(root, hash);
    snprintf(out, PUPIL_CHECKPOINT_SIZE, "%.*s\n%" PRIu64 "\n%s",
             PUPIL_NOTE_NAME_MAX, origin, size, hash);
}


pupil_rc_t
pupil_checkpoint_parse(pupil_str_t text, pupil_checkpoint_t *checkpoint)
{
    pupil_str_t  size, root, more;

    if (line_take(&text, &checkpoint->origin) != PUPIL_OK
        || checkpoint->origin.len == 0
        || line_take(&text, &size) != PUPIL_OK
        || number_parse(size, &checkpoint->size) != PUPIL_OK
        || line_take(&text, &root) != PUPIL_OK
        || hash_parse(root, &checkpoint->root) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    while (text.len != 0) {
        if (line_take(&text, &more) != PUPIL_OK || more.len == 0) {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


void
pupil_hashes_format(const pupil_proof_t *proof, char out[PUPIL_HASHES_SIZE])
{
    uint32_t  i;

    *out = '\0';

    for (i = 0; i < proof->count; i++) {
        out += hash_line(&proof->nodes[i], out);
    }
}


/* Returns how much it wrote, without the NUL. */
static size_t
hash_line(const pupil_node_t *node, char out[PUPIL_HASH_LINE_LEN + 1])
{
    sodium_bin2base64(out, PUPIL_HASH_LINE_LEN, node->b, sizeof(node->b),
                      BASE64);
    memcpy(out + PUPIL_HASH_LINE_LEN - 1, "\n", 2);

    return PUPIL_HASH_LINE_LEN;
}


pupil_rc_t
pupil_proof_format(const pupil_alloc_t *alloc, pupil_str_t leaf,
    uint64_t index, const pupil_proof_t *proof, pupil_str_t checkpoint,
    pupil_str_t *out)
{
    char    *text, *p;
    size_t   extra;

    extra = sodium_base64_encoded_len(leaf.len, BASE64);

    text = alloc->alloc(alloc->ctx,
                        sizeof(PUPIL_PROOF_MAGIC) + extra
                        + sizeof("extra \nindex \n\n") + DIGITS_MAX
                        + PUPIL_HASHES_SIZE + checkpoint.len);
    if (text == NULL) {
        return PUPIL_NO_MEMORY;
    }

    p = text + sprintf(text, PUPIL_PROOF_MAGIC "extra ");
    sodium_bin2base64(p, extra, leaf.data, leaf.len, BASE64);
    p += strlen(p);
    p += sprintf(p, "\nindex %" PRIu64 "\n", index);
    pupil_hashes_format(proof, p);
    p += strlen(p);
    *p++ = '\n';
    memcpy(p, checkpoint.data, checkpoint.len);
    p += checkpoint.len;

    out->data = (const uint8_t *) text;
    out->len = (size_t) (p - text);

    return PUPIL_OK;
}


pupil_rc_t
pupil_hashes_take(pupil_str_t *text, pupil_proof_t *proof)
{
    pupil_str_t  line;

    proof->count = 0;

    for ( ;; ) {
        if (line_take(text, &line) != PUPIL_OK) {
            return PUPIL_INVALID;
        }

        if (line.len == 0) {
            return PUPIL_OK;
        }

        if (proof->count == PUPIL_MERKLE_PROOF
            || hash_parse(line, &proof->nodes[proof->count++]) != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    }
}


pupil_rc_t
pupil_number_take(pupil_str_t *text, const char *word, uint64_t *number)
{
    size_t       len;
    pupil_str_t  line;

    len = strlen(word);

    if (line_take(text, &line) != PUPIL_OK || line.len < len + 1
        || memcmp(line.data, word, len) != 0 || line.data[len] != ' ')
    {
        return PUPIL_INVALID;
    }

    line.data += len + 1;
    line.len -= len + 1;

    return number_parse(line, number);
}


pupil_rc_t
pupil_proof_parse(pupil_str_t text, pupil_proof_text_t *proof)
{
    pupil_str_t  line, rest;

    static const pupil_str_t  magic = pupil_str(PUPIL_PROOF_MAGIC);
    static const pupil_str_t  extra = pupil_str("extra ");

    if (text.len < magic.len || memcmp(text.data, magic.data, magic.len) != 0)
    {
        return PUPIL_INVALID;
    }

    text.data += magic.len;
    text.len -= magic.len;

    memset(&proof->extra, 0, sizeof(proof->extra));
    rest = text;

    if (line_take(&rest, &line) == PUPIL_OK && line.len > extra.len
        && memcmp(line.data, extra.data, extra.len) == 0)
    {
        proof->extra.data = line.data + extra.len;
        proof->extra.len = line.len - extra.len;
        text = rest;
    }

    if (pupil_number_take(&text, "index", &proof->index) != PUPIL_OK
        || pupil_hashes_take(&text, &proof->proof) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    proof->checkpoint = text;

    return PUPIL_OK;
}


static pupil_rc_t
line_take(pupil_str_t *text, pupil_str_t *line)
{
    const uint8_t  *end;

    end = text->len != 0 ? memchr(text->data, '\n', text->len) : NULL;
    if (end == NULL) {
        return PUPIL_INVALID;
    }

    line->data = text->data;
    line->len = (size_t) (end - text->data);
    text->data += line->len + 1;
    text->len -= line->len + 1;

    return PUPIL_OK;
}


/* As it is written, in one way alone. */
static pupil_rc_t
number_parse(pupil_str_t text, uint64_t *number)
{
    size_t    i;
    uint64_t  digit;

    if (text.len == 0 || text.len > DIGITS_MAX
        || (text.data[0] == '0' && text.len > 1))
    {
        return PUPIL_INVALID;
    }

    *number = 0;

    for (i = 0; i < text.len; i++) {
        digit = (uint64_t) text.data[i] - '0';

        if (digit > 9 || *number > (UINT64_MAX - digit) / 10) {
            return PUPIL_INVALID;
        }

        *number = *number * 10 + digit;
    }

    return PUPIL_OK;
}


static pupil_rc_t
hash_parse(pupil_str_t line, pupil_node_t *node)
{
    size_t  len;

    return sodium_base642bin(node->b, sizeof(node->b),
                             (const char *) line.data, line.len, NULL, &len,
                             NULL, BASE64) == 0
           && len == sizeof(node->b)
           ? PUPIL_OK : PUPIL_INVALID;
}

/*
 * Copyright (C) the Pupil authors
 *
 * What a class owns of its homework: made ready from a row to be written, and
 * packed into one text that can be sealed and kept.  A text is of the process
 * that made it: numbers are in its own byte order.
 */

#include "http/homework/ngx_http_pupil_homework.h"


/* What a padded value begins with: see core/vault/vault.h. */
#define NGX_HTTP_PUPIL_LENGTH  4

/* A smaller piece is not worth another one. */
#define NGX_HTTP_PUPIL_PIECE   512


/* One definition in a text; what differs in length follows. */
typedef struct {
    pupil_uuid_t     record, assigned_by, version;
    pupil_time_t     assigned_at, due_at;
    pupil_decimal_t  max;
    uint32_t         head, text;               /* bytes */
    uint32_t         max_at, max_len;          /* in the text */
    uint32_t         exercises, scored;
    uint32_t         has_exercises;
} ngx_http_pupil_packed_t;

/* What a text begins with. */
typedef struct {
    uint32_t         definitions;
    uint32_t         exercises;                /* of all of them */
} ngx_http_pupil_pack_t;

typedef struct {
    const char      *name;
    ngx_uint_t       want;
} ngx_http_pupil_define_member_t;


static size_t ngx_http_pupil_definitions_piece(size_t left, ngx_uint_t n);
static void ngx_http_pupil_define_members(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row,
    const ngx_http_pupil_define_member_t *members,
    ngx_http_pupil_definition_t *definition);
static void ngx_http_pupil_define_class(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_definition_t *definition);
static void ngx_http_pupil_define_note(
    ngx_http_pupil_definition_t *definition, pupil_rc_t rc);
static u_char *ngx_http_pupil_definition_pack(u_char *p,
    const ngx_http_pupil_definition_t *definition);
static const uint8_t *ngx_http_pupil_definition_unpack(const uint8_t *p,
    const uint8_t *end, ngx_http_pupil_definition_t *definition,
    pupil_exercise_t **items, uint32_t *left);


/* Members of the homework itself: before and behind the class. */
static const ngx_http_pupil_define_member_t  ngx_http_pupil_define_text[] = {
    { "title", PUPIL_HL_WANT_TITLE },
    { "description", PUPIL_HL_WANT_DESCRIPTION },
    { NULL, 0 }
};

static const ngx_http_pupil_define_member_t  ngx_http_pupil_define_times[] = {
    { "assigned_at", PUPIL_HL_WANT_ASSIGNED_AT },
    { "due_at", PUPIL_HL_WANT_DUE_AT },
    { NULL, 0 }
};


/*
 * A sealed value is padded to a power of two.  In pieces of which only the
 * last is not full there is less to keep and to open.
 */
static const char *const  ngx_http_pupil_definitions_pieces[] = {
    "definitions", "definitions.2", "definitions.3", "definitions.4"
};

#define NGX_HTTP_PUPIL_PIECES                                                 \
    (sizeof(ngx_http_pupil_definitions_pieces) / sizeof(char *))


ngx_int_t
ngx_http_pupil_homework_define(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_definition_t *definition)
{
    pupil_str_t                 text;
    pupil_writer_t             *out;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    out = &data->scratch;

    if (data->has_scratch) {
        pupil_writer_reset(out);

    } else {
        pupil_writer_init(out, &ctx->alloc, 0);
        data->has_scratch = 1;
    }

    definition->whole = 1;
    ngx_http_pupil_facts_version(row, &definition->version);

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &definition->record);

    ngx_http_pupil_define_members(ctx, row, ngx_http_pupil_define_text,
                                  definition);
    ngx_http_pupil_define_class(ctx, row, definition);
    ngx_http_pupil_define_members(ctx, row, ngx_http_pupil_define_times,
                                  definition);

    pupil_writer_object_end(out);

    if (pupil_writer_flatten(out, &ctx->alloc, &text) != PUPIL_OK) {
        return NGX_ERROR;
    }

    /* without the braces */
    definition->head.data = text.data + 1;
    definition->head.len = text.len - 2;

    return ngx_http_pupil_define_exercises(ctx, row, PUPIL_HL_WANT_EXERCISES,
                                           definition);
}


static void
ngx_http_pupil_define_members(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row,
    const ngx_http_pupil_define_member_t *members,
    ngx_http_pupil_definition_t *definition)
{
    pupil_rc_t                  rc;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    for ( /* void */ ; members->name != NULL; members++) {
        rc = ngx_http_pupil_member_to(ctx, &data->scratch, row, members->want,
                                      members->name);
        ngx_http_pupil_define_note(definition, rc);
    }
}


static void
ngx_http_pupil_define_class(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_definition_t *definition)
{
    pupil_rc_t                  rc;
    pupil_writer_t             *out;
    ngx_http_pupil_row_t        class;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    out = &data->scratch;

    class = *row;
    class.record = &row->owner->id;

    pupil_writer_key(out, "class");
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &row->owner->id);
    rc = ngx_http_pupil_member_to(ctx, out, &class, PUPIL_HL_WANT_CLASS_TITLE,
                                  "title");
    pupil_writer_object_end(out);

    ngx_http_pupil_define_note(definition, rc);
}


ngx_int_t
ngx_http_pupil_define_exercises(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want,
    ngx_http_pupil_definition_t *definition)
{
    pupil_rc_t  rc;

    rc = ngx_http_pupil_value(ctx, row, want, &definition->text);
    ngx_http_pupil_define_note(definition, rc);

    if (rc != PUPIL_OK) {
        return NGX_OK;
    }

    if (pupil_exercises_read(&ctx->alloc, definition->text,
                             &definition->exercises)
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    definition->has_exercises = 1;

    return NGX_OK;
}


/* What did not open may open for somebody else: it is not to be kept. */
static void
ngx_http_pupil_define_note(ngx_http_pupil_definition_t *definition,
    pupil_rc_t rc)
{
    if (rc != PUPIL_OK && rc != PUPIL_NOT_FOUND) {
        definition->whole = 0;
    }
}


pupil_rc_t
ngx_http_pupil_definitions_pack(
    const ngx_http_pupil_definition_t *definitions, ngx_uint_t n,
    const pupil_alloc_t *alloc, pupil_str_t *text)
{
    size_t                  size;
    u_char                 *p;
    ngx_uint_t              i;
    ngx_http_pupil_pack_t   pack;

    ngx_memzero(&pack, sizeof(ngx_http_pupil_pack_t));
    pack.definitions = (uint32_t) n;
    size = sizeof(ngx_http_pupil_pack_t);

    for (i = 0; i < n; i++) {
        pack.exercises += definitions[i].exercises.count;
        size += sizeof(ngx_http_pupil_packed_t) + definitions[i].head.len
                + definitions[i].text.len
                + definitions[i].exercises.count * sizeof(pupil_uuid_t);
    }

    p = alloc->alloc(alloc->ctx, size);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    text->data = p;
    text->len = size;

    p = ngx_cpymem(p, &pack, sizeof(ngx_http_pupil_pack_t));

    for (i = 0; i < n; i++) {
        p = ngx_http_pupil_definition_pack(p, &definitions[i]);
    }

    return PUPIL_OK;
}


static u_char *
ngx_http_pupil_definition_pack(u_char *p,
    const ngx_http_pupil_definition_t *definition)
{
    uint32_t                  i;
    ngx_http_pupil_packed_t   packed;
    const pupil_exercises_t  *exercises;

    exercises = &definition->exercises;

    ngx_memzero(&packed, sizeof(ngx_http_pupil_packed_t));
    packed.record = definition->record;
    packed.assigned_by = definition->assigned_by;
    packed.version = definition->version;
    packed.assigned_at = definition->assigned_at;
    packed.due_at = definition->due_at;
    packed.head = (uint32_t) definition->head.len;
    packed.text = (uint32_t) definition->text.len;
    packed.has_exercises = definition->has_exercises;
    packed.exercises = exercises->count;
    packed.scored = exercises->scored;
    packed.max = exercises->max;

    if (exercises->scored != 0) {
        packed.max_at = (uint32_t) (exercises->max_raw.data
                                    - definition->text.data);
        packed.max_len = (uint32_t) exercises->max_raw.len;
    }

    p = ngx_cpymem(p, &packed, sizeof(ngx_http_pupil_packed_t));
    p = ngx_cpymem(p, definition->head.data, definition->head.len);

    if (definition->text.len != 0) {
        p = ngx_cpymem(p, definition->text.data, definition->text.len);
    }

    for (i = 0; i < exercises->count; i++) {
        p = ngx_cpymem(p, &exercises->items[i].id, sizeof(pupil_uuid_t));
    }

    return p;
}


pupil_rc_t
ngx_http_pupil_definitions_unpack(pupil_str_t text,
    const pupil_alloc_t *alloc, ngx_http_pupil_definition_t **definitions,
    ngx_uint_t *n)
{
    uint32_t                      i;
    const uint8_t                *p, *end;
    pupil_exercise_t             *items;
    ngx_http_pupil_pack_t         pack;
    ngx_http_pupil_definition_t  *d;

    if (text.len < sizeof(ngx_http_pupil_pack_t)) {
        return PUPIL_FAILED;
    }

    ngx_memcpy(&pack, text.data, sizeof(ngx_http_pupil_pack_t));
    p = text.data + sizeof(ngx_http_pupil_pack_t);
    end = text.data + text.len;

    if (pack.definitions > text.len / sizeof(ngx_http_pupil_packed_t)
        || pack.exercises > text.len / sizeof(pupil_uuid_t))
    {
        return PUPIL_FAILED;
    }

    d = alloc->alloc(alloc->ctx, pack.definitions
                                 * sizeof(ngx_http_pupil_definition_t)
                                 + pack.exercises * sizeof(pupil_exercise_t)
                                 + 1);
    if (d == NULL) {
        return PUPIL_NO_MEMORY;
    }

    *definitions = d;
    *n = pack.definitions;
    items = (pupil_exercise_t *) (d + pack.definitions);

    for (i = 0; i < pack.definitions; i++) {
        p = ngx_http_pupil_definition_unpack(p, end, &d[i], &items,
                                             &pack.exercises);
        if (p == NULL) {
            return PUPIL_FAILED;
        }
    }

    return PUPIL_OK;
}


/* NULL: the text is none. */
static const uint8_t *
ngx_http_pupil_definition_unpack(const uint8_t *p, const uint8_t *end,
    ngx_http_pupil_definition_t *definition, pupil_exercise_t **items,
    uint32_t *left)
{
    uint32_t                  i;
    pupil_exercises_t        *exercises;
    ngx_http_pupil_packed_t   packed;

    if ((size_t) (end - p) < sizeof(ngx_http_pupil_packed_t)) {
        return NULL;
    }

    ngx_memcpy(&packed, p, sizeof(ngx_http_pupil_packed_t));
    p += sizeof(ngx_http_pupil_packed_t);

    if (packed.exercises > *left
        || (size_t) (end - p) < (size_t) packed.head + packed.text
                                + packed.exercises * sizeof(pupil_uuid_t)
        || (size_t) packed.max_at + packed.max_len > packed.text)
    {
        return NULL;
    }

    *left -= packed.exercises;

    ngx_memzero(definition, sizeof(ngx_http_pupil_definition_t));
    definition->record = packed.record;
    definition->assigned_by = packed.assigned_by;
    definition->version = packed.version;
    definition->assigned_at = packed.assigned_at;
    definition->due_at = packed.due_at;
    definition->head.data = p;
    definition->head.len = packed.head;
    definition->text.data = p + packed.head;
    definition->text.len = packed.text;
    definition->has_exercises = packed.has_exercises != 0;
    definition->whole = 1;

    exercises = &definition->exercises;
    exercises->items = *items;
    exercises->count = packed.exercises;
    exercises->scored = packed.scored;
    exercises->max = packed.max;
    exercises->max_raw.data = definition->text.data + packed.max_at;
    exercises->max_raw.len = packed.max_len;

    p += packed.head + packed.text;

    for (i = 0; i < packed.exercises; i++) {
        ngx_memzero(&exercises->items[i], sizeof(pupil_exercise_t));
        ngx_memcpy(&exercises->items[i].id, p, sizeof(pupil_uuid_t));
        p += sizeof(pupil_uuid_t);
    }

    *items += packed.exercises;

    return p;
}


/* Bytes of the next piece, the n-th, of what is left. */
static size_t
ngx_http_pupil_definitions_piece(size_t left, ngx_uint_t n)
{
    size_t  padded;

    padded = pupil_seal_size(left) - PUPIL_SEAL_OVERHEAD;

    if (n + 1 == NGX_HTTP_PUPIL_PIECES || padded <= NGX_HTTP_PUPIL_PIECE
        || padded - left <= padded / 8)
    {
        return left;
    }

    return padded / 2 - NGX_HTTP_PUPIL_LENGTH;
}


pupil_rc_t
ngx_http_pupil_definitions_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *class, pupil_str_t text,
    pupil_str_t *sealed)
{
    size_t                   size;
    u_char                  *p;
    ngx_uint_t               i, n;
    pupil_rc_t               rc;
    pupil_str_t              rest, piece, part[NGX_HTTP_PUPIL_PIECES];
    ngx_http_pupil_place_t   place;

    size = 0;
    rest = text;

    place.category = "homework";
    place.owner = class;
    place.record = &class->id;

    for (n = 0; rest.len != 0; n++) {
        piece.data = rest.data;
        piece.len = ngx_http_pupil_definitions_piece(rest.len, n);

        place.field = ngx_http_pupil_definitions_pieces[n];

        rc = ngx_http_pupil_seal(ctx, &place, piece, &part[n]);
        if (rc != PUPIL_OK) {
            return rc;
        }

        size += part[n].len;
        rest.data += piece.len;
        rest.len -= piece.len;
    }

    p = ngx_pnalloc(ctx->request->pool, size);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    sealed->data = p;
    sealed->len = size;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, part[i].data, part[i].len);
    }

    return PUPIL_OK;
}


pupil_rc_t
ngx_http_pupil_definitions_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *class, pupil_str_t sealed, size_t text_len,
    pupil_str_t *text)
{
    size_t                   at, len;
    u_char                  *p, kept[NGX_HTTP_PUPIL_LENGTH];
    ngx_uint_t               n;
    pupil_rc_t               rc;
    pupil_str_t              part, value;
    ngx_http_pupil_place_t   place;

    place.category = "homework";
    place.owner = class;
    place.record = &class->id;

    /* padding is all that is more, and less than what the pieces are */
    p = ngx_http_pupil_alloc(ctx, sealed.len);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    text->data = p + NGX_HTTP_PUPIL_LENGTH;
    text->len = text_len;

    for (n = 0, at = 0; at < text_len; n++) {
        len = ngx_http_pupil_definitions_piece(text_len - at, n);
        part.data = sealed.data;
        part.len = pupil_seal_size(len);

        /* each begins with its length, over the end of the one before */
        ngx_memcpy(kept, p + at, NGX_HTTP_PUPIL_LENGTH);

        place.field = ngx_http_pupil_definitions_pieces[n];

        rc = ngx_http_pupil_unseal(ctx, &place, part, p + at, &value);
        if (rc != PUPIL_OK) {
            return rc;
        }

        if (n != 0) {
            ngx_memcpy(p + at, kept, NGX_HTTP_PUPIL_LENGTH);
        }

        sealed.data += part.len;
        at += len;
    }

    return PUPIL_OK;
}

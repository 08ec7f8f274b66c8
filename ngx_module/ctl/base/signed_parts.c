/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/ctl.h"
#include "ctl/base/map.h"
#include "ctl/base/signed.h"
#include "ctl/base/signed_parts.h"
#include "ctl/base/text.h"


#define ID_CHARS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"     \
                  "0123456789_.-"
#define ID_MOST   256

#define NS_XML  "http://www.w3.org/XML/1998/namespace"


static const char *envelope_find(xmlDocPtr doc, signed_parts_t *parts);
static const char *security_find(signed_parts_t *parts);
static const char *wrapped_find(const signed_parts_t *parts);
static const xmlNode *place_of(const signed_parts_t *parts,
    const xmlNode *node, int *known);
static xmlNodePtr walk(const xmlNode *node, const xmlNode *root);
static const char *ids_check(const xmlNode *root);
static const char *id_take(ctl_map_t *ids, const xmlAttr *attribute);
static const char *signature_read(signed_parts_t *parts);
static const char *info_read(signed_parts_t *parts, const xmlNode *info);
static const char *reference_read(signed_parts_t *parts,
    const xmlNode *reference);
static const char *how_check(const xmlNode *reference);
static const char *part_add(signed_parts_t *parts, const char *id);
static xmlNodePtr part_find(const signed_parts_t *parts, const char *id);
static const char *key_check(const signed_parts_t *parts,
    const xmlNode *info);
static int is_signed(const signed_parts_t *parts, const xmlNode *part);
static int is_canonical(const xmlNode *node);
static unsigned size_of(const xmlNode *parent);


const char *
signed_parts_find(xmlDocPtr doc, signed_parts_t *parts)
{
    const char  *reason;

    memset(parts, 0, sizeof(signed_parts_t));

    reason = envelope_find(doc, parts);

    if (reason == NULL) {
        reason = security_find(parts);
    }

    if (reason == NULL) {
        reason = wrapped_find(parts);
    }

    if (reason == NULL) {
        reason = ids_check(xmlDocGetRootElement(doc));
    }

    return reason != NULL ? reason : signature_read(parts);
}


static const char *
envelope_find(xmlDocPtr doc, signed_parts_t *parts)
{
    xmlNodePtr  root;

    root = xmlDocGetRootElement(doc);

    if (root == NULL || !ctl_xml_is(root, CTL_NS_SOAP, "Envelope")) {
        return "is no message of SOAP 1.2";
    }

    parts->header = ctl_xml_first(root);
    parts->body = parts->header != NULL ? ctl_xml_next(parts->header) : NULL;

    if (parts->body == NULL || ctl_xml_next(parts->body) != NULL
        || !ctl_xml_is(parts->header, CTL_NS_SOAP, "Header")
        || !ctl_xml_is(parts->body, CTL_NS_SOAP, "Body"))
    {
        return "has not one Header and one Body, and no more";
    }

    return NULL;
}


static const char *
security_find(signed_parts_t *parts)
{
    parts->security = ctl_xml_only(parts->header, CTL_NS_WSSE, "Security");
    if (parts->security == NULL) {
        return "has no Security, or several: it is not signed";
    }

    parts->signature = ctl_xml_only(parts->security, CTL_NS_DS, "Signature");
    if (parts->signature == NULL) {
        return "has no Signature, or several: it is not signed";
    }

    parts->timestamp = ctl_xml_only(parts->security, CTL_NS_WSU, "Timestamp");
    if (parts->timestamp == NULL) {
        return "has no Timestamp, or several";
    }

    parts->token = ctl_xml_only(parts->security, CTL_NS_WSSE,
                                "BinarySecurityToken");
    if (parts->token == NULL
        || !ctl_xml_says(parts->token, "ValueType", CTL_X509V3)
        || !ctl_xml_says(parts->token, "EncodingType", CTL_BASE64))
    {
        return "has not one token with a certificate";
    }

    parts->relates = ctl_xml_only(parts->header, CTL_NS_WSA, "RelatesTo");

    return parts->relates != NULL ? NULL
           : "does not say in RelatesTo what it is the answer to, or several"
             " times";
}


/* Wherever another one of a part stands, it may be the one that was signed. */
static const char *
wrapped_find(const signed_parts_t *parts)
{
    int             known;
    const xmlNode  *node, *place, *root;

    root = parts->header->parent;

    for (node = root; node != NULL; node = walk(node, root)) {
        place = place_of(parts, node, &known);

        if (known && place != node) {
            return "has a part of a signed message where none may be";
        }
    }

    return NULL;
}


/* Where an element of this name is the only one; of other names any may be. */
static const xmlNode *
place_of(const signed_parts_t *parts, const xmlNode *node, int *known)
{
    size_t  i;

    const struct {
        const char     *space, *name;
        const xmlNode  *place;
    } places[] = {
        { CTL_NS_SOAP, "Envelope", parts->header->parent },
        { CTL_NS_SOAP, "Header", parts->header },
        { CTL_NS_SOAP, "Body", parts->body },
        { CTL_NS_WSSE, "Security", parts->security },
        { CTL_NS_WSSE, "BinarySecurityToken", parts->token },
        { CTL_NS_WSU, "Timestamp", parts->timestamp },
        { CTL_NS_WSA, "RelatesTo", parts->relates },
        { CTL_NS_DS, "Signature", parts->signature }
    };

    *known = 0;

    for (i = 0; i < PUPIL_COUNT(places); i++) {
        if (ctl_xml_is(node, places[i].space, places[i].name)) {
            *known = 1;
            return places[i].place;
        }
    }

    return NULL;
}


/* The element behind it, in the order of the text. */
static xmlNodePtr
walk(const xmlNode *node, const xmlNode *root)
{
    xmlNodePtr  next;

    next = ctl_xml_first(node);

    while (next == NULL && node != root) {
        next = ctl_xml_next(node);
        node = node->parent;
    }

    return next;
}


static const char *
ids_check(const xmlNode *root)
{
    ctl_map_t       ids;
    const char     *reason;
    const xmlAttr  *attribute;
    const xmlNode  *node;

    memset(&ids, 0, sizeof(ctl_map_t));
    reason = NULL;

    for (node = root; node != NULL && reason == NULL; node = walk(node, root)) {
        for (attribute = node->properties;
             attribute != NULL && reason == NULL; attribute = attribute->next)
        {
            reason = id_take(&ids, attribute);
        }
    }

    ctl_map_free(&ids);

    return reason;
}


/* Whatever may be taken for an id, by whomever, is there once. */
static const char *
id_take(ctl_map_t *ids, const xmlAttr *attribute)
{
    int          fresh;
    const char  *space, *value;

    space = attribute->ns != NULL ? (const char *) attribute->ns->href : "";

    if (strcasecmp((const char *) attribute->name, "id") != 0
        || (space[0] != '\0' && strcmp(space, CTL_NS_WSU) != 0
            && strcmp(space, NS_XML) != 0))
    {
        return NULL;
    }

    if (strcmp(space, NS_XML) == 0) {
        return "has an xml:id";
    }

    value = attribute->children != NULL && attribute->children->next == NULL
            ? (const char *) attribute->children->content : "";
    (void) ctl_map_put(ids, ctl_str(value), &fresh);

    return fresh ? NULL : "has an id twice";
}


const char *
signed_parts_id(const xmlNode *part)
{
    size_t       len;
    const char  *id;

    id = ctl_xml_attribute(part, CTL_NS_WSU, "Id");
    len = id != NULL ? strlen(id) : 0;

    return len != 0 && len <= ID_MOST && strspn(id, ID_CHARS) == len
           ? id : NULL;
}


static const char *
signature_read(signed_parts_t *parts)
{
    const char     *reason;
    const xmlNode  *info, *value, *key;

    info = ctl_xml_first(parts->signature);
    value = info != NULL ? ctl_xml_next(info) : NULL;
    key = value != NULL ? ctl_xml_next(value) : NULL;

    if (key == NULL || ctl_xml_next(key) != NULL
        || !ctl_xml_is(info, CTL_NS_DS, "SignedInfo")
        || !ctl_xml_is(value, CTL_NS_DS, "SignatureValue")
        || !ctl_xml_is(key, CTL_NS_DS, "KeyInfo"))
    {
        return "has a Signature of other parts than SignedInfo,"
               " SignatureValue and KeyInfo";
    }

    reason = info_read(parts, info);

    if (reason == NULL) {
        reason = key_check(parts, key);
    }

    if (reason != NULL) {
        return reason;
    }

    return !is_signed(parts, parts->body) ? "has a Body that is not signed"
           : !is_signed(parts, parts->timestamp)
           ? "has a Timestamp that is not signed"
           : !is_signed(parts, parts->relates)
           ? "has a RelatesTo that is not signed" : NULL;
}


static const char *
info_read(signed_parts_t *parts, const xmlNode *info)
{
    const char     *reason;
    const xmlNode  *canonical, *method, *reference;

    canonical = ctl_xml_first(info);
    method = canonical != NULL ? ctl_xml_next(canonical) : NULL;

    if (method == NULL
        || !ctl_xml_is(canonical, CTL_NS_DS, "CanonicalizationMethod")
        || !ctl_xml_is(method, CTL_NS_DS, "SignatureMethod"))
    {
        return "has a SignedInfo that says not how it is signed";
    }

    if (!is_canonical(canonical)) {
        return "is canonicalised by another method than exclusive XML";
    }

    if (!ctl_xml_says(method, "Algorithm", CTL_RSA_SHA256)
        || ctl_xml_first(method) != NULL)
    {
        return "is signed by another algorithm than RSA with SHA-256";
    }

    reason = NULL;

    for (reference = ctl_xml_next(method);
         reference != NULL && reason == NULL;
         reference = ctl_xml_next(reference))
    {
        reason = reference_read(parts, reference);
    }

    return reason;
}


static const char *
reference_read(signed_parts_t *parts, const xmlNode *reference)
{
    const char  *uri, *reason;

    if (!ctl_xml_is(reference, CTL_NS_DS, "Reference")) {
        return "has a SignedInfo with more than references";
    }

    reason = how_check(reference);
    if (reason != NULL) {
        return reason;
    }

    uri = ctl_xml_attribute(reference, NULL, "URI");

    return uri == NULL || uri[0] != '#'
           ? "signs something that is not in it" : part_add(parts, uri + 1);
}


/* Whole, and by nothing that could leave something of it out. */
static const char *
how_check(const xmlNode *reference)
{
    const xmlNode  *transforms, *transform, *digest, *value;

    transforms = ctl_xml_first(reference);
    digest = transforms != NULL ? ctl_xml_next(transforms) : NULL;
    value = digest != NULL ? ctl_xml_next(digest) : NULL;

    if (value == NULL || ctl_xml_next(value) != NULL
        || !ctl_xml_is(transforms, CTL_NS_DS, "Transforms")
        || !ctl_xml_is(digest, CTL_NS_DS, "DigestMethod")
        || !ctl_xml_is(value, CTL_NS_DS, "DigestValue"))
    {
        return "has a Reference of other parts than Transforms, DigestMethod"
               " and DigestValue";
    }

    transform = ctl_xml_first(transforms);

    if (transform == NULL || ctl_xml_next(transform) != NULL
        || !ctl_xml_is(transform, CTL_NS_DS, "Transform")
        || !is_canonical(transform))
    {
        return "signs a part by another transform than exclusive XML";
    }

    return ctl_xml_says(digest, "Algorithm", CTL_SHA256)
           && ctl_xml_first(digest) == NULL
           ? NULL : "has a digest of another algorithm than SHA-256";
}


static const char *
part_add(signed_parts_t *parts, const char *id)
{
    xmlNodePtr  part;

    part = part_find(parts, id);

    if (part == NULL) {
        return "signs something else than its Body and headers";
    }

    if (is_signed(parts, part) || parts->count == SIGNED_PARTS_MOST) {
        return "signs a part twice, or too many";
    }

    parts->parts[parts->count++] = part;

    return NULL;
}


/* By where it stands: the Body, a header, or of Security what is read. */
static xmlNodePtr
part_find(const signed_parts_t *parts, const char *id)
{
    size_t       i;
    const char  *own;
    xmlNodePtr   node;

    const xmlNodePtr  others[] = {
        parts->body, parts->timestamp, parts->token
    };

    for (i = 0; i < PUPIL_COUNT(others); i++) {
        own = signed_parts_id(others[i]);

        if (own != NULL && strcmp(own, id) == 0) {
            return others[i];
        }
    }

    for (node = ctl_xml_first(parts->header); node != NULL;
         node = ctl_xml_next(node))
    {
        own = signed_parts_id(node);

        if (node != parts->security && own != NULL && strcmp(own, id) == 0) {
            return node;
        }
    }

    return NULL;
}


/* The token that is in the message, by its id. */
static const char *
key_check(const signed_parts_t *parts, const xmlNode *info)
{
    const char     *uri, *id;
    const xmlNode  *to, *reference;

    to = ctl_xml_only(info, CTL_NS_WSSE, "SecurityTokenReference");
    reference = to != NULL ? ctl_xml_only(to, CTL_NS_WSSE, "Reference") : NULL;
    uri = reference != NULL ? ctl_xml_attribute(reference, NULL, "URI") : NULL;
    id = signed_parts_id(parts->token);

    return uri == NULL || id == NULL || size_of(info) != 1 || size_of(to) != 1
           || uri[0] != '#' || strcmp(uri + 1, id) != 0
           ? "is signed by a key that is not its token" : NULL;
}


static int
is_signed(const signed_parts_t *parts, const xmlNode *part)
{
    unsigned  i;

    for (i = 0; i < parts->count; i++) {
        if (parts->parts[i] == part) {
            return 1;
        }
    }

    return 0;
}


/* A list of prefixes may be in it, and nothing else. */
static int
is_canonical(const xmlNode *node)
{
    const xmlNode  *list;

    list = ctl_xml_first(node);

    return ctl_xml_says(node, "Algorithm", CTL_EXC_C14N)
           && (list == NULL
               || (ctl_xml_is(list, CTL_EXC_C14N, "InclusiveNamespaces")
                   && ctl_xml_next(list) == NULL));
}


static unsigned
size_of(const xmlNode *parent)
{
    unsigned        size;
    const xmlNode  *node;

    size = 0;

    for (node = ctl_xml_first(parent); node != NULL; node = ctl_xml_next(node))
    {
        size++;
    }

    return size;
}

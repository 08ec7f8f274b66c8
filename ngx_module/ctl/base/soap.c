/*
 * Copyright (C) the Pupil authors
 *
 * A request is written as exclusive canonical XML (2002) would have each of
 * its signed parts, so that their digests are those of the text.
 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/ctl.h"
#include "ctl/base/file.h"
#include "ctl/base/http.h"
#include "ctl/base/signed.h"
#include "ctl/base/soap.h"
#include "ctl/base/text.h"


#define VALID_SECONDS  300      /* of a request */
#define ID_TEXT        64
#define PARTS          6
#define DIGEST         32

#define STATUS_OK  200

/* In the order of their prefixes, as canonical XML has them. */
#define XMLNS_WSA   " xmlns:wsa=\"" CTL_NS_WSA "\""
#define XMLNS_WSSE  " xmlns:wsse=\"" CTL_NS_WSSE "\""
#define XMLNS_WSU   " xmlns:wsu=\"" CTL_NS_WSU "\""


struct ctl_soap_s {
    ctl_pool_t                  pool;
    const ctl_soap_settings_t  *settings;
    ctl_http_t                 *http;
    ctl_signers_t              *signers;
    X509                       *certificate;
    EVP_PKEY                   *key;
};

/* A message being written: its parts that are signed, by their ids. */
typedef struct {
    ctl_buf_t    text;
    char         id[ID_TEXT];           /* of the message */
    int64_t      now;
    const char  *ids[PARTS];
    uint8_t      digests[PARTS][DIGEST];
    unsigned     count;
} message_t;


static int identity_read(ctl_soap_t *soap);
static int identity_take(ctl_soap_t *soap, const char *certificate,
    const char *key);
static int no_passphrase(char *text, int size, int writing, void *ctx);
static int message_make(const ctl_soap_t *soap,
    const ctl_soap_request_t *request, message_t *message);
static void header_add(message_t *message, const char *name,
    const char *value);
static void own_header_add(const ctl_soap_settings_t *settings,
    message_t *message);
static int token_add(const ctl_soap_t *soap, message_t *message);
static void timestamp_add(message_t *message);
static void body_add(const ctl_soap_request_t *request, message_t *message,
    ctl_buf_t *body);
static void part_add(message_t *message, const char *id,
    const ctl_buf_t *part);
static int signature_add(const ctl_soap_t *soap, message_t *message);
static void info_make(const message_t *message, ctl_buf_t *info);
static void base64_add(ctl_buf_t *text, const uint8_t *bytes, size_t len);
static int answer_take(const ctl_soap_t *soap,
    const ctl_soap_request_t *request, const message_t *message,
    const ctl_http_answer_t *from, ctl_soap_answer_t *answer);


ctl_soap_t *
ctl_soap_open(const ctl_soap_settings_t *settings)
{
    ctl_soap_t  *soap;

    soap = ctl_pool_owner(sizeof(ctl_soap_t), offsetof(ctl_soap_t, pool));
    soap->settings = settings;

    soap->signers = ctl_signers_open(settings->authorities,
                                     settings->signer);

    if (soap->signers == NULL
        || (soap->http = ctl_http_open(settings->ca)) == NULL
        || identity_read(soap) != 0)
    {
        ctl_soap_close(soap);
        return NULL;
    }

    return soap;
}


void
ctl_soap_close(ctl_soap_t *soap)
{
    ctl_pool_t  pool;

    if (soap == NULL) {
        return;
    }

    ctl_http_close(soap->http);
    ctl_signers_close(soap->signers);
    X509_free(soap->certificate);
    EVP_PKEY_free(soap->key);
    pool = soap->pool;
    ctl_pool_free(&pool);
}


static int
identity_read(ctl_soap_t *soap)
{
    int      rc;
    char    *certificate, *key;
    size_t   len;

    certificate = ctl_file_read(&soap->pool, soap->settings->certificate,
                                &len);
    if (certificate == NULL) {
        return -1;
    }

    key = ctl_file_secret(&soap->pool, soap->settings->key, &len);
    if (key == NULL) {
        return -1;
    }

    rc = identity_take(soap, certificate, key);
    ERR_clear_error();

    if (rc == 0) {
        ctl_http_identity(soap->http, certificate, key);
    }

    return rc;
}


static int
identity_take(ctl_soap_t *soap, const char *certificate, const char *key)
{
    BIO                        *bio;
    const ctl_soap_settings_t  *settings;

    settings = soap->settings;

    bio = BIO_new_mem_buf(certificate, -1);
    soap->certificate = bio != NULL
                        ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);

    if (soap->certificate == NULL) {
        return ctl_error("%s is no certificate in PEM",
                         settings->certificate);
    }

    bio = BIO_new_mem_buf(key, -1);
    soap->key = bio != NULL
                ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
                : NULL;
    BIO_free(bio);

    if (soap->key == NULL || EVP_PKEY_get_base_id(soap->key) != EVP_PKEY_RSA)
    {
        return ctl_error("%s is no RSA key in PEM, without a passphrase",
                         settings->key);
    }

    if (X509_check_private_key(soap->certificate, soap->key) != 1) {
        return ctl_error("%s is not the key of %s", settings->key,
                         settings->certificate);
    }

    return X509_cmp_current_time(X509_get0_notAfter(soap->certificate)) > 0
           ? 0 : ctl_error("%s is over: get another one",
                           settings->certificate);
}


/* A timer has nobody to ask. */
static int
no_passphrase(char *text, int size, int writing, void *ctx)
{
    (void) text;
    (void) size;
    (void) writing;
    (void) ctx;

    return -1;
}


int
ctl_soap_call(ctl_soap_t *soap, const ctl_soap_request_t *request,
    ctl_soap_answer_t *answer)
{
    int                 rc;
    ctl_buf_t           type;
    message_t           message;
    ctl_http_answer_t   from;
    ctl_http_request_t  to;

    memset(&message, 0, sizeof(message_t));
    memset(&to, 0, sizeof(ctl_http_request_t));
    ctl_buf_init(&type);
    ctl_buf_printf(&type, "Content-Type: application/soap+xml; charset=UTF-8;"
                   " action=\"%s/%s\"", request->space, request->operation);

    rc = message_make(soap, request, &message);

    if (rc == 0) {
        to.what = request->what;
        to.url = soap->settings->url;
        to.fields[0] = type.data;
        to.fields[1] = "Accept: application/soap+xml";
        to.form = message.text.data;
        to.most = request->most;

        rc = ctl_http_send(soap->http, &to, &from);
    }

    if (rc == 0) {
        rc = answer_take(soap, request, &message, &from, answer);
        ctl_buf_free(&from.body);
    }

    ctl_buf_free(&message.text);
    ctl_buf_free(&type);

    return rc;
}


/* Of another status nothing is signed for sure, so nothing of it is said. */
static int
answer_take(const ctl_soap_t *soap, const ctl_soap_request_t *request,
    const message_t *message, const ctl_http_answer_t *from,
    ctl_soap_answer_t *answer)
{
    const char    *reason;
    ctl_signed_t   expected;

    if (from->status != STATUS_OK) {
        return ctl_error("%s: status %ld", request->what, from->status);
    }

    answer->doc = ctl_xml_read(request->what, from->body.data,
                               from->body.len);
    if (answer->doc == NULL) {
        return -1;
    }

    expected.signers = soap->signers;
    expected.to = message->id;
    expected.asked = message->now;

    reason = ctl_signed_check(answer->doc, &expected, &answer->body);

    if (reason == NULL) {
        return 0;
    }

    ctl_xml_free(answer->doc);
    answer->doc = NULL;

    return ctl_error("%s: the answer %s", request->what, reason);
}


static int
message_make(const ctl_soap_t *soap, const ctl_soap_request_t *request,
    message_t *message)
{
    int           rc;
    char          uuid[PUPIL_UUID_TEXT_LEN + 1];
    ctl_buf_t     action, body;
    pupil_uuid_t  id;

    message->now = (int64_t) (ctl_now() / PUPIL_TIME_SECOND);
    pupil_uuid_random(&id);
    snprintf(message->id, sizeof(message->id), "urn:uuid:%s",
             ctl_uuid_text(&id, uuid));

    ctl_buf_init(&action);
    ctl_buf_init(&body);
    ctl_buf_printf(&action, "%s/%s", request->space, request->operation);

    ctl_buf_text(&message->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<soap:Envelope xmlns:soap=\"" CTL_NS_SOAP "\">"
                 "<soap:Header>");
    header_add(message, "Action", action.data);
    header_add(message, "MessageID", message->id);
    header_add(message, "To", soap->settings->url);
    ctl_buf_text(&message->text, "<wsa:ReplyTo" XMLNS_WSA "><wsa:Address>"
                 CTL_NS_WSA "/anonymous</wsa:Address></wsa:ReplyTo>");
    own_header_add(soap->settings, message);

    ctl_buf_text(&message->text, "<wsse:Security" XMLNS_WSSE
                 " soap:mustUnderstand=\"true\">");
    rc = token_add(soap, message);
    timestamp_add(message);
    body_add(request, message, &body);

    if (rc == 0) {
        rc = signature_add(soap, message);
    }

    ctl_buf_text(&message->text, "</wsse:Security></soap:Header>");
    ctl_buf_add(&message->text, body.data, body.len);
    ctl_buf_text(&message->text, "</soap:Envelope>");

    ctl_buf_free(&action);
    ctl_buf_free(&body);

    return rc;
}


/* Of addressing; an address has no sign that XML escapes: see url.h. */
static void
header_add(message_t *message, const char *name, const char *value)
{
    ctl_buf_t  part;

    ctl_buf_init(&part);
    ctl_buf_printf(&part, "<wsa:%s" XMLNS_WSA XMLNS_WSU " wsu:Id=\"%s\">%s"
                   "</wsa:%s>", name, name, value, name);
    part_add(message, name, &part);
    ctl_buf_add(&message->text, part.data, part.len);
    ctl_buf_free(&part);
}


static void
own_header_add(const ctl_soap_settings_t *settings, message_t *message)
{
    ctl_buf_t  part;

    ctl_buf_init(&part);
    ctl_buf_printf(&part, "<%s xmlns=\"%s\"" XMLNS_WSU " wsu:Id=\"%s\">%s"
                   "</%s>", settings->header, settings->space,
                   settings->header, settings->value, settings->header);
    part_add(message, settings->header, &part);
    ctl_buf_add(&message->text, part.data, part.len);
    ctl_buf_free(&part);
}


static int
token_add(const ctl_soap_t *soap, message_t *message)
{
    int             len;
    unsigned char  *der;

    der = NULL;
    len = i2d_X509(soap->certificate, &der);
    if (len <= 0) {
        return ctl_error("out of memory");
    }

    ctl_buf_text(&message->text, "<wsse:BinarySecurityToken" XMLNS_WSU
                 " EncodingType=\"" CTL_BASE64 "\" ValueType=\"" CTL_X509V3
                 "\" wsu:Id=\"Token\">");
    base64_add(&message->text, der, (size_t) len);
    ctl_buf_text(&message->text, "</wsse:BinarySecurityToken>");
    OPENSSL_free(der);

    return 0;
}


static void
timestamp_add(message_t *message)
{
    ctl_buf_t     part;
    size_t        created_len, expires_len;
    uint8_t       created[PUPIL_TIME_TEXT_MAX], expires[PUPIL_TIME_TEXT_MAX];
    pupil_time_t  time;

    time = message->now * PUPIL_TIME_SECOND;
    created_len = pupil_time_format(time, created);
    expires_len = pupil_time_format(time + VALID_SECONDS * PUPIL_TIME_SECOND,
                                    expires);

    ctl_buf_init(&part);
    ctl_buf_printf(&part, "<wsu:Timestamp" XMLNS_WSU " wsu:Id=\"Timestamp\">"
                   "<wsu:Created>%.*s</wsu:Created>"
                   "<wsu:Expires>%.*s</wsu:Expires></wsu:Timestamp>",
                   (int) created_len, (const char *) created,
                   (int) expires_len, (const char *) expires);
    part_add(message, "Timestamp", &part);
    ctl_buf_add(&message->text, part.data, part.len);
    ctl_buf_free(&part);
}


static void
body_add(const ctl_soap_request_t *request, message_t *message,
    ctl_buf_t *body)
{
    ctl_buf_printf(body, "<soap:Body xmlns:soap=\"" CTL_NS_SOAP "\"" XMLNS_WSU
                   " wsu:Id=\"Body\"><%s xmlns=\"%s\">", request->operation,
                   request->space);

    if (request->argument != NULL) {
        ctl_buf_printf(body, "<%s>%s</%s>", request->argument, request->value,
                       request->argument);
    }

    ctl_buf_printf(body, "</%s></soap:Body>", request->operation);
    part_add(message, "Body", body);
}


static void
part_add(message_t *message, const char *id, const ctl_buf_t *part)
{
    crypto_hash_sha256(message->digests[message->count],
                       (const uint8_t *) part->data, part->len);
    message->ids[message->count++] = id;
}


static int
signature_add(const ctl_soap_t *soap, message_t *message)
{
    int          rc;
    size_t       len;
    uint8_t      value[1024];
    ctl_buf_t    info;
    EVP_MD_CTX  *ctx;

    ctl_buf_init(&info);
    info_make(message, &info);
    ctx = EVP_MD_CTX_new();
    len = sizeof(value);

    rc = ctx != NULL
         && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, soap->key) == 1
         && EVP_DigestSign(ctx, value, &len, (const uint8_t *) info.data,
                           info.len) == 1
         ? 0 : ctl_error("%s does not sign", soap->settings->key);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();

    if (rc == 0) {
        ctl_buf_text(&message->text, "<ds:Signature xmlns:ds=\"" CTL_NS_DS
                     "\">");
        ctl_buf_add(&message->text, info.data, info.len);
        ctl_buf_text(&message->text, "<ds:SignatureValue>");
        base64_add(&message->text, value, len);
        ctl_buf_text(&message->text, "</ds:SignatureValue><ds:KeyInfo>"
                     "<wsse:SecurityTokenReference><wsse:Reference"
                     " URI=\"#Token\" ValueType=\"" CTL_X509V3 "\">"
                     "</wsse:Reference></wsse:SecurityTokenReference>"
                     "</ds:KeyInfo></ds:Signature>");
    }

    ctl_buf_free(&info);

    return rc;
}


static void
info_make(const message_t *message, ctl_buf_t *info)
{
    unsigned  i;

    ctl_buf_text(info, "<ds:SignedInfo xmlns:ds=\"" CTL_NS_DS "\">"
                 "<ds:CanonicalizationMethod Algorithm=\"" CTL_EXC_C14N "\">"
                 "</ds:CanonicalizationMethod><ds:SignatureMethod"
                 " Algorithm=\"" CTL_RSA_SHA256 "\"></ds:SignatureMethod>");

    for (i = 0; i < message->count; i++) {
        ctl_buf_printf(info, "<ds:Reference URI=\"#%s\"><ds:Transforms>"
                       "<ds:Transform Algorithm=\"" CTL_EXC_C14N "\">"
                       "</ds:Transform></ds:Transforms><ds:DigestMethod"
                       " Algorithm=\"" CTL_SHA256 "\"></ds:DigestMethod>"
                       "<ds:DigestValue>", message->ids[i]);
        base64_add(info, message->digests[i], DIGEST);
        ctl_buf_text(info, "</ds:DigestValue></ds:Reference>");
    }

    ctl_buf_text(info, "</ds:SignedInfo>");
}


static void
base64_add(ctl_buf_t *text, const uint8_t *bytes, size_t len)
{
    char        *base64;
    size_t       size;
    ctl_pool_t   pool;

    memset(&pool, 0, sizeof(ctl_pool_t));
    size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
    base64 = ctl_pool_alloc(&pool, size);
    sodium_bin2base64(base64, size, bytes, len,
                      sodium_base64_VARIANT_ORIGINAL);
    ctl_buf_text(text, base64);
    ctl_pool_free(&pool);
}

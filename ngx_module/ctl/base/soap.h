/*
 * Copyright (C) the Pupil authors
 *
 * A service of SOAP 1.2 that wants to know who asks, twice: by TLS, and by
 * WS-Security, with one certificate.  Its answers are signed as well, and are
 * believed by signed.h alone.
 */

#ifndef PUPIL_CTL_SOAP_H
#define PUPIL_CTL_SOAP_H

#include "ctl/base/memory.h"
#include "ctl/base/xml.h"


typedef struct ctl_soap_s  ctl_soap_t;

/* All but ca are needed; files are in PEM, the key its owner's alone. */
typedef struct {
    const char  *url, *ca;
    const char  *certificate, *key;
    const char  *authorities, *signer;      /* as signers.h has them */

    const char  *space, *header, *value;    /* one more header, signed; XML of
                                               it needs no escapes */
} ctl_soap_settings_t;

typedef struct {
    const char  *what;          /* is asked for, in errors */
    const char  *space;         /* of names in it */
    const char  *operation;
    const char  *argument;      /* an element in the operation's, or NULL; and
                                   its text, which needs no escapes */
    const char  *value;
    size_t       most;          /* bytes of an answer */
} ctl_soap_request_t;

typedef struct {
    xmlDocPtr    doc;           /* freed by the caller: ctl_xml_free() */
    xmlNodePtr   body;          /* the only element in its body */
} ctl_soap_answer_t;


/* The settings outlive it.  NULL with the error said. */
ctl_soap_t *ctl_soap_open(const ctl_soap_settings_t *settings);
void ctl_soap_close(ctl_soap_t *soap);

/* 0 with an answer that is believed; -1, said. */
int ctl_soap_call(ctl_soap_t *soap, const ctl_soap_request_t *request,
    ctl_soap_answer_t *answer);

#endif /* PUPIL_CTL_SOAP_H */

/*
 * Copyright (C) the Pupil authors
 *
 * A real OpenID provider, shaped as UNI-Login's broker, or as one of BankID:
 * whoever logs in there is who they say, with any password.
 */

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const realm = '/auth/realms/broker';
const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });

/* What each shape says of whoever typed that; acr: how it was proved. */
const SHAPES = {
  uni: (login, schools) => ({ uniid: login, aktoer_gruppe: 'Elev',
    unilogin_loa: 'ToFaktor', institution_ids: schools(login),
    has_license: 'true' }),
  bank: (login) => ({ ssn: login.split('@')[0], given_name: 'Anna',
    family_name: 'Bank', acr: login.split('@')[1] }),
};


/*
 * A server that does not listen yet.  names: of the pupil_login_provider that
 * use it, below path at url; after: where browsers go from a log-out;
 * schools(login): the institution_ids of somebody.
 */
export function broker({ port, key, cert, secret, url, names, after,
                         schools = () => [], shape = 'uni',
                         path = '/v1/login' }) {
  const claims = Object.keys(SHAPES[shape]('', schools));
  const provider = new Provider(`https://localhost:${port}${realm}`, {
    clients: [{
      client_id: 'pupil',
      client_secret: secret,
      redirect_uris: names.map((name) => `${url}${path}/${name}/callback`),
      post_logout_redirect_uris: [after].filter(Boolean),
      token_endpoint_auth_method: 'client_secret_post',
    }],
    claims: { openid: ['sub', ...claims] },
    acrValues: claims.includes('acr') ? ['urn:of:this:test'] : [],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['of this test'] },
    jwks: { keys: [{ ...signing.privateKey.export({ format: 'jwk' }),
                     kid: 'signing', use: 'sig', alg: 'RS256' }] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: `f:${id}`, ...SHAPES[shape](id, schools) }),
    }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      ctx.oidc.session.acr = SHAPES[shape](ctx.oidc.session.accountId,
                                           schools).acr;
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  const serve = provider.callback();

  return createServer({ key: readFileSync(key), cert: readFileSync(cert) },
    (req, res) => {
      req.originalUrl = req.url;
      req.url = req.url.slice(realm.length) || '/';
      serve(req, res);
    });
}

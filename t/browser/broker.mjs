/*
 * Copyright (C) the Pupil authors
 *
 * A real OpenID provider, shaped as UNI-Login's broker: whoever logs in there
 * is who they say, with any password.
 */

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const realm = '/auth/realms/broker';
const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });
const claims = ['uniid', 'aktoer_gruppe', 'unilogin_loa', 'institution_ids',
                'has_license'];


/*
 * A server that does not listen yet.  names: of the pupil_login_provider at
 * url that use it; after: where browsers go from a log-out; schools(login): the institution_ids of somebody.
 */
export function broker({ port, key, cert, secret, url, names, after,
                         schools }) {
  const provider = new Provider(`https://localhost:${port}${realm}`, {
    clients: [{
      client_id: 'pupil',
      client_secret: secret,
      redirect_uris: names.map((name) => `${url}/v1/login/${name}/callback`),
      post_logout_redirect_uris: [after].filter(Boolean),
      token_endpoint_auth_method: 'client_secret_post',
    }],
    claims: { openid: ['sub', ...claims] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['of this test'] },
    jwks: { keys: [{ ...signing.privateKey.export({ format: 'jwk' }),
                     kid: 'signing', use: 'sig', alg: 'RS256' }] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: `f:${id}`, uniid: id, aktoer_gruppe: 'Elev',
                       unilogin_loa: 'ToFaktor', institution_ids: schools(id),
                       has_license: 'true' }),
    }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
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

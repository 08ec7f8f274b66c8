// Copyright (C) the Pupil authors
//
// An OpenID provider that does as it is told, shaped as UNI-Login's broker:
//
//     node provider.mjs PORT KEY CERTIFICATE
//
// /control?mode=MODE&claims=JSON says what its next tokens are like, and
// answers what it has seen; /logout-token?mode=MODE&claims=JSON answers such a
// token (OpenID Connect Back-Channel Logout), without the claims that are null.
// A login_hint is whom it takes for logged in.

import { createHash, createHmac, constants, generateKeyPairSync, randomBytes,
         sign as signBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [port, key, cert] = process.argv.slice(2);
const origin = `https://localhost:${port}`;
const issuer = `${origin}/auth/realms/broker`;

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = { one: rsa(), stranger: rsa(),
               ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
let published = ['one', 'ec'];
let mode = 'good', claims = {}, rotations = 0;
let seen = { discovery: 0, jwks: 0, token: 0, userinfo: 0, headers: {} };
const codes = new Map();

const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';
const b64 = (data) => Buffer.from(data).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

function signed(header, text, name, alg) {
    const input = `${b64(JSON.stringify(header))}.${b64(text)}`;
    const pair = keys[name];
    if (alg === 'none') return `${input}.`;
    if (alg === 'HS256') {
        const secret = pair.publicKey.export({ type: 'spki', format: 'pem' });
        return `${input}.${createHmac('sha256', secret).update(input)
            .digest('base64url')}`;
    }
    const how = { key: pair.privateKey };
    if (alg === 'ES256') how.dsaEncoding = 'ieee-p1363';
    if (alg === 'PS256') {
        how.padding = constants.RSA_PKCS1_PSS_PADDING;
        how.saltLength = 32;
    }
    return `${input}.${b64(signBytes('sha256', Buffer.from(input), how))}`;
}

// What each mode changes: claims, header, the key that signs.
const modes = {
    good: {},
    es256: { alg: 'ES256', by: 'ec' },
    ps256: { alg: 'PS256' },
    bad_signature: { bent: true },
    bad_es256: { alg: 'ES256', by: 'ec', bent: true },
    no_kid: { kid: 'none' },
    another_key: { by: 'stranger', kid: 'own' },
    alg_none: { alg: 'none' },
    hs256: { alg: 'HS256' },
    unknown_kid: { kid: 'nobody' },
    wrong_alg: { alg: 'ES256', by: 'ec', kid: 'own' },
    no_iss: { claims: { iss: undefined } },
    no_aud: { claims: { aud: undefined } },
    wrong_iss: { claims: { iss: 'https://other.example' } },
    wrong_aud: { claims: { aud: 'another' } },
    no_azp: { claims: { aud: ['pupil', 'another'] } },
    wrong_azp: { claims: { aud: ['pupil', 'another'], azp: 'another' } },
    wrong_nonce: { claims: { nonce: 'x'.repeat(43) } },
    no_nonce: { claims: { nonce: undefined } },
    no_sub: { claims: { sub: undefined } },
    no_iat: { claims: { iat: undefined } },
    no_auth_time: { claims: { auth_time: undefined } },
    expired: { claims: { exp: now() - 3600 } },
    future: { claims: { iat: now() + 3600 } },
    stale: { claims: { iat: now() - 3600 } },
    wrong_at_hash: { claims: { at_hash: 'A'.repeat(22) } },
    contact: { claims: { aktoer_gruppe: 'Kontaktperson' } },
    no_group: { claims: { aktoer_gruppe: undefined } },
    no_uniid: { claims: { uniid: undefined } },
    no_license: { claims: { has_license: undefined } },
    weak: { claims: { unilogin_loa: 'EnFaktor' } },
};

function idToken({ nonce, hint }, access) {
    const how = modes[mode] ?? {};
    const half = createHash('sha256').update(access).digest().subarray(0, 16);
    const all = { iss: issuer, aud: 'pupil', sub: 'f:1', iat: now(),
                  exp: now() + 300, auth_time: now(), nonce,
                  at_hash: b64(half), aktoer_gruppe: 'Elev',
                  unilogin_loa: 'ToFaktor', institution_ids: ['101001'],
                  has_license: 'true', ...hint, ...claims, ...how.claims };
    let text = JSON.stringify(all);
    if (mode === 'escaped') text = text.replaceAll('/', '\\/');
    if (mode === 'twice') text = text.replace('{', '{"uniid":"somebody",');
    return tokenOf(mode, 'JWT', text);
}

function tokenOf(mode, typ, text) {
    const how = modes[mode] ?? {};
    const by = how.by ?? published[0];
    const alg = how.alg ?? 'RS256';
    const kid = how.kid === 'own' ? published[0] : how.kid ?? by;
    const header = kid === 'none' ? { alg, typ } : { alg, kid, typ };
    let token = signed(header, text, by, alg);
    if (mode === 'padding') token = token.replace(/\.e/, '.e=');
    if (how.bent) {
        const at = token.length - 30;
        token = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A')
            + token.slice(at + 1);
    }
    return token;
}

function logoutToken(mode, claims) {
    const all = { iss: issuer, aud: 'pupil', iat: now(), exp: now() + 120,
                  jti: randomBytes(16).toString('hex'),
                  events: { [LOGOUT]: {} }, ...claims };
    for (const name in all) if (all[name] === null) delete all[name];
    let text = JSON.stringify(all);
    if (mode === 'twice') text = text.replace('{', '{"sid":"else",');
    return tokenOf(mode, 'logout+jwt', text);
}

function answer(res, status, body, header = {}) {
    res.writeHead(status, { 'Content-Type': 'application/json', ...header });
    res.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function token(res, form) {
    const code = codes.get(form.get('code'));
    const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '').digest('base64url');
    if (!code || code.redirect !== form.get('redirect_uri')
        || code.challenge !== challenge || form.get('client_id') !== 'pupil'
        || form.get('client_secret') !== 'a secret of ours & theirs'
        || form.get('grant_type') !== 'authorization_code') {
        return answer(res, 400, { error: 'invalid_grant' });
    }
    if (mode !== 'again') codes.delete(form.get('code'));
    if (mode === 'status') return answer(res, 500, {});
    if (mode === 'no_json') return answer(res, 200, 'hello');
    if (mode === 'large') return answer(res, 200, '{"a":"' + 'a'.repeat(1e6));
    if (mode === 'hang') return undefined;
    if (mode === 'cut') return res.socket.destroy();
    const access = randomBytes(32).toString('base64url');
    const all = { access_token: access, token_type: 'Bearer',
                  id_token: idToken(code, access) };
    seen.given = [access, all.id_token];
    if (mode === 'no_id_token') delete all.id_token;
    return answer(res, 200, all);
}

const routes = {
    '/control'(res, query) {
        mode = query.get('mode') ?? mode;
        if (query.has('claims')) claims = JSON.parse(query.get('claims'));
        if (query.has('rotate')) {
            const name = `rotated${++rotations}`;
            keys[name] = rsa();
            published = [name, 'ec'];
        }
        if (query.has('alone')) published = [published[0]];
        answer(res, 200, seen);
    },
    '/logout-token'(res, query) {
        const token = logoutToken(query.get('mode') ?? 'good',
                                  JSON.parse(query.get('claims')));
        answer(res, 200, { token });
    },
    '/auth/realms/broker/.well-known/openid-configuration'(res) {
        seen.discovery++;
        if (mode === 'page') return answer(res, 200, 'Soon back');
        if (mode === 'down') return answer(res, 503, {});
        answer(res, 200, { issuer,
            authorization_endpoint: `${issuer}/auth`,
            token_endpoint: `${issuer}/token`,
            end_session_endpoint: `${issuer}/end`,
            userinfo_endpoint: `${issuer}/userinfo`,
            jwks_uri: `${issuer}/certs` });
    },
    '/auth/realms/broker/deaf/.well-known/openid-configuration'() {},
    '/auth/realms/broker/certs'(res) {
        seen.jwks++;
        if (mode === 'page' || mode === 'no_keys') {
            return answer(res, 200, 'Soon back');
        }
        if (mode === 'down') return answer(res, 503, {});
        answer(res, 200, { keys: published.map((name) => ({
            ...keys[name].publicKey.export({ format: 'jwk' }),
            kid: name, use: 'sig' })) });
    },
    '/auth/realms/broker/userinfo'(res) {
        seen.userinfo++;
        answer(res, 200, { sub: 'somebody else' });
    },
    '/auth/realms/broker/auth'(res, query) {
        const code = randomBytes(16).toString('hex');
        const hint = query.has('login_hint')
            ? { uniid: query.get('login_hint') } : {};
        codes.set(code, { nonce: query.get('nonce'), hint,
            challenge: query.get('code_challenge'),
            redirect: query.get('redirect_uri') });
        const back = new URLSearchParams({ code, state: query.get('state'),
                                           session_state: 'x' });
        answer(res, 302, {}, {
            Location: `${query.get('redirect_uri')}?${back}` });
    },
};

createServer({ key: readFileSync(key), cert: readFileSync(cert) },
    (req, res) => {
        const url = new URL(req.url, origin);
        if (req.method === 'POST') {
            let body = '';
            req.on('data', (part) => { body += part; });
            req.on('end', () => {
                seen.token++;
                seen.headers = req.headers;
                token(res, new URLSearchParams(body));
            });
            return;
        }
        (routes[url.pathname] ?? ((r) => answer(r, 404, {})))
            (res, url.searchParams);
    }).listen(Number(port), '127.0.0.1');

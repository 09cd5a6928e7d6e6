// Every way in that needs no browser, what the org says about who is in, an ended session that is renewed, and out again.
import { connection, given, jsforce, refusal, tell } from './scenario.mjs';

const oauth2 = { loginUrl: given.url, clientId: given.client, clientSecret: given.secret };
const loggedIn = (more = {}) => new jsforce.Connection({ loginUrl: given.url, version: given.version, logLevel: 'NONE', ...more });
const seen = {};

const soap = loggedIn();
seen.soap = await soap.login(given.username, given.password);
seen.soapToken = soap.accessToken.slice(0, 3);
seen.soapInstance = soap.instanceUrl;

const password = loggedIn({ oauth2 });
seen.password = await password.login(given.username, given.password);

const credentials = loggedIn({ oauth2 });
seen.credentials = await credentials.authorize({ grant_type: 'client_credentials' });
seen.instance = credentials.instanceUrl;
const identity = await credentials.identity();
seen.identity = { user: identity.user_id, org: identity.organization_id, name: identity.username, url: identity.urls.rest };

const refreshing = new jsforce.Connection({
  oauth2, instanceUrl: given.url, accessToken: '00Dx!ended', refreshToken: given.refresh, version: given.version,
});
seen.refreshed = (await refreshing.query('SELECT Id FROM User')).totalSize;
seen.newToken = refreshing.accessToken !== '00Dx!ended';

seen.wrongPassword = await refusal(loggedIn().login(given.username, 'wrong'));
seen.wrongClient = await refusal(loggedIn({ oauth2: { ...oauth2, clientId: 'wrong' } }).authorize({ grant_type: 'client_credentials' }));
seen.ended = await refusal(connection({ accessToken: '00Dx!ended' }).query('SELECT Id FROM User'));
seen.limit = credentials.limitInfo.apiUsage ?? null;

const token = credentials.accessToken;
await credentials.logout();
seen.afterLogout = await refusal(connection({ accessToken: token }).query('SELECT Id FROM User'));
tell(seen);

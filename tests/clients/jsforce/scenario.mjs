// What each scenario needs: jsforce as npm installed it, its input, a connection, and a way to hand back what it saw.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.LEADGATE_PEERS}/package.json`);
export const jsforce = require('jsforce');
export const given = JSON.parse(readFileSync(0, 'utf8'));

export const connection = (more = {}) =>
  new jsforce.Connection({ instanceUrl: given.url, accessToken: given.token, version: given.version, ...more });

// How a promise was refused, as jsforce tells it.
export const refusal = async (promise) => {
  try {
    return { unexpected: await promise };
  } catch (error) {
    return { name: error.name, code: error.errorCode, message: error.message };
  }
};

export const tell = (seen) => process.stdout.write(JSON.stringify(seen));

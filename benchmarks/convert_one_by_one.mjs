// jsforce as its documentation shows conversion: one lead, one call, one after the other. Prints the seconds it took.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.LEADGATE_PEERS}/package.json`);
const jsforce = require('jsforce');
const given = JSON.parse(readFileSync(0, 'utf8'));
const conn = new jsforce.Connection({ instanceUrl: given.url, accessToken: given.token, version: given.version });

const began = performance.now();
for (const leadId of given.leads) {
  const done = await conn.soap.convertLead({ leadId, convertedStatus: given.status });
  if (done.success !== true && done.success !== 'true') throw new Error(JSON.stringify(done.errors));
}
process.stdout.write(String((performance.now() - began) / 1000));

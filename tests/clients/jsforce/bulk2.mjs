// Bulk API 2.0: a query over several result pages, ingest with failures, upsert, deletion, an aborted job.
import { connection, given, refusal, tell } from './scenario.mjs';

const conn = connection();
conn.bulk2.pollInterval = 20;
conn.bulk2.pollTimeout = 30000;
const seen = {};

const rows = Array.from({ length: 1200 }, (_, n) => ({ LastName: `Lead ${n}`, Company: n === 7 ? '' : 'Say "hi",\nLtd', Rating: 'Hot' }));
const made = await conn.bulk2.loadAndWaitForResults({ object: 'Lead', operation: 'insert', input: rows });
seen.made = [made.successfulResults.length, made.failedResults.length, made.unprocessedRecords.length];
seen.success = made.successfulResults[0];
seen.failure = made.failedResults[0];

const [one, two] = made.successfulResults.map((each) => each.sf__Id);
const changed = await conn.bulk2.loadAndWaitForResults({
  object: 'Lead', operation: 'update', lineEnding: 'CRLF',
  input: `Id,Rating\r\n${one},Cold\r\n${two},#N/A\r\n00Q000000000000AAA,Hot\r\n`,
});
seen.changed = [changed.successfulResults.map((each) => each.sf__Id).sort(), changed.failedResults];
seen.ids = [one, two].sort();

const upserted = await conn.bulk2.loadAndWaitForResults({
  object: 'Lead', operation: 'upsert', externalIdFieldName: 'Key__c',
  input: [{ Key__c: 'k-1', LastName: 'Keyed', Company: 'Acme' }],
});
seen.upserted = upserted.successfulResults;

const everything = await (await conn.bulk2.query('SELECT Id, Company, Rating, Owner.Name FROM Lead WHERE Key__c = null')).toArray();
seen.everything = { count: everything.length, first: everything[0], ratings: [...new Set(everything.map((row) => row.Rating))].sort() };
seen.none = await (await conn.bulk2.query("SELECT Id FROM Lead WHERE LastName = 'nobody'")).toArray();

const removed = await conn.bulk2.loadAndWaitForResults({ object: 'Lead', operation: 'delete', input: [{ Id: one }] });
seen.removed = removed.successfulResults.length;
seen.scanned = (await (await conn.bulk2.query('SELECT Id FROM Lead WHERE IsDeleted = true', { scanAll: true })).toArray()).length;

const job = conn.bulk2.createJob({ object: 'Lead', operation: 'insert' });
await job.open();
seen.opened = job.getInfo();
await job.uploadData('LastName,Company\nDoe,Acme\n');
await job.abort();
seen.aborted = (await job.check()).state;
await job.delete();
seen.deleted = await refusal(job.check());
seen.badQuery = await refusal(conn.bulk2.query('SELECT COUNT(Id) FROM Lead GROUP BY Rating'));
seen.badObject = await refusal(conn.bulk2.loadAndWaitForResults({ object: 'Nonsense__c', operation: 'insert', input: 'A\n1\n' }));
tell(seen);

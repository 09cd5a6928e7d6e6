// Rows one by one and in collections, with failures among them.
import { connection, refusal, tell } from './scenario.mjs';

const conn = connection();
const Lead = conn.sobject('Lead');
const seen = {};

seen.created = await Lead.create({ LastName: 'Straße', Company: 'Acme' });
const id = seen.created.id;
seen.updated = await Lead.update({ Id: id, Rating: 'Hot', Email: null });
seen.read = await Lead.retrieve(id);
seen.upserted = await Lead.upsert({ Key__c: 'k-1', LastName: 'Upserted', Company: 'Acme' }, 'Key__c');
seen.upsertedAgain = await Lead.upsert({ Key__c: 'k-1', LastName: 'Again', Company: 'Acme' }, 'Key__c');
seen.destroyed = await Lead.destroy(id);
seen.unknown = await refusal(Lead.retrieve('00Q000000000000AAA'));
seen.incomplete = await refusal(Lead.create({ LastName: 'Doe' }));

const many = Array.from({ length: 250 }, (_, n) => ({ LastName: `Lead ${n}`, Company: n === 7 ? '' : 'Acme' }));
const made = await Lead.create(many, { allowRecursive: true });
seen.made = { count: made.length, failed: made.flatMap((each, n) => (each.success ? [] : [n])), failure: made[7] };
const [one, two] = made.map((each) => each.id);
seen.changed = await Lead.update([{ Id: one, Rating: 'Hot' }, { Id: two, AnnualRevenue: 'much' }]);
seen.undone = await Lead.update([{ Id: one, Rating: 'Cold' }, { Id: two, AnnualRevenue: 'much' }], { allOrNone: true });
seen.fetched = (await Lead.retrieve([two, one], { fields: ['Id', 'Rating'] })).map((each) => [each.Id === one, each.Rating]);
seen.merged = await Lead.upsert(
  [{ Key__c: 'k-1', LastName: 'Known', Company: 'Acme' }, { Key__c: 'k-2', LastName: 'New', Company: 'Acme' }], 'Key__c',
);
seen.removed = (await Lead.destroy([one, two])).map((each) => each.success);
seen.condition = await refusal(
  Lead.update({ Id: made[2].id, Rating: 'Hot' }, { headers: { 'If-Unmodified-Since': 'Mon, 01 Jan 2001 00:00:00 GMT' } }),
);
tell(seen);

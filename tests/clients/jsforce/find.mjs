// Queries as jsforce builds and pages them: find, sort, autoFetch, subqueries, scanAll, errors.
import { connection, given, jsforce, refusal, tell } from './scenario.mjs';

const conn = connection();
const Lead = conn.sobject('Lead');
const seen = {};

const auto = Lead.find({}, ['Id', 'LastName']).sort({ Id: 1 });
seen.autoFetched = (await auto.execute({ autoFetch: true, maxFetch: 10000, headers: { 'Sforce-Query-Options': 'batchSize=200' } })).length;
seen.total = auto.totalSize;

const first = await conn.query('SELECT Id FROM Lead ORDER BY Id', { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
const second = await conn.queryMore(first.nextRecordsUrl);
seen.pages = [first, second].map((page) => [page.records.length, page.done, page.totalSize]);
seen.ids = [...first.records, ...second.records].map((each) => each.Id);

seen.found = await Lead.find(
  { LastName: { $like: 'lead 1%' }, Rating: { $in: ['Hot', 'Warm'] }, $or: [{ Company: 'Acme' }, { Company: null }] },
  { Id: 0, LastName: 1, 'Owner.Name': 1 },
).sort('-LastName').limit(3).skip(1);
seen.since = (await Lead.find({ CreatedDate: { $gte: jsforce.Date.YESTERDAY } }, 'Id')).length;
seen.before = (await Lead.find({ CreatedDate: { $lt: jsforce.Date.toDateTimeLiteral('2001-01-01T00:00:00Z') } }, 'Id')).length;
seen.one = await Lead.findOne({ LastName: "O'Brien & Söhne" }, ['LastName']);
seen.count = await Lead.count({ Rating: 'Hot' });
seen.all = (await Lead.find({ Company: 'Acme' }).limit(1))[0];
seen.select = await Lead.select('LastName, IsConverted').where("LastName = 'Lead 1'").limit(1);

seen.children = await conn.sobject('Account').find({}, 'Id, Name')
  .include('Contacts', {}, 'LastName').sort('LastName').end().sort('Name');
seen.scanned = (await conn.query('SELECT Id FROM Lead WHERE IsDeleted = true', { scanAll: true })).totalSize;
seen.streamed = await new Promise((resolve, reject) => {
  const names = [];
  conn.query(given.soql).on('record', (row) => names.push(row.LastName)).on('error', reject)
    .on('end', () => resolve(names)).run({ autoFetch: true, maxFetch: 5 });
});
seen.badField = await refusal(conn.query('SELECT Nope FROM Lead'));
seen.badSyntax = await refusal(conn.query('SELECT Id FROM Lead WHERE'));
seen.badLocator = await refusal(conn.queryMore('/services/data/v66.0/query/0r8000000000000AAA-2000'));
tell(seen);

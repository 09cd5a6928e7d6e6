// What the org says about itself: objects, fields, versions, limits.
import { connection, refusal, tell } from './scenario.mjs';

const conn = connection();
const lead = await conn.sobject('Lead').describe();
const everything = await conn.describeGlobal();
const task = await conn.describe('Task');
tell({
  lead: { name: lead.name, keyPrefix: lead.keyPrefix, urls: lead.urls },
  key: lead.fields.find((field) => field.name === 'Key__c'),
  converted: lead.fields.find((field) => field.name === 'IsConverted'),
  childRelationships: lead.childRelationships.map((each) => each.relationshipName),
  objects: everything.sobjects.map((each) => each.name),
  who: task.fields.find((field) => field.name === 'WhoId'),
  limits: await conn.limits(),
  usage: conn.limitInfo,
  versions: await conn.request('/services/data'),
  unknown: await refusal(conn.describe('Nonsense__c')),
});

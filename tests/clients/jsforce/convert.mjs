// Lead conversion over SOAP, alone and several at once, and the other SOAP calls that jsforce has for a session.
import { connection, given, refusal, tell } from './scenario.mjs';

const conn = connection();
const seen = {};
const lead = async (values = {}) => (await conn.sobject('Lead').create({ LastName: 'Doe', FirstName: 'Jane', Company: 'Acme', ...values })).id;
const convertedStatus = 'Closed - Converted';

const single = await lead();
seen.single = await conn.soap.convertLead({ leadId: single, convertedStatus });
seen.lead = await conn.sobject('Lead').retrieve(single);
seen.opportunity = await conn.sobject('Opportunity').retrieve(seen.single.opportunityId);

const { accountId, contactId } = seen.single;
const batch = [
  { leadId: await lead({ Phone: '1' }), convertedStatus, accountId, contactId, doNotCreateOpportunity: true },
  { leadId: single, convertedStatus },
  { leadId: await lead({ Company: 'Other' }), convertedStatus, opportunityName: 'Big & bold', sendNotificationEmail: false },
  { leadId: await lead(), convertedStatus: 'Open - Not Contacted' },
];
seen.leads = batch.map((each) => each.leadId);
seen.batch = await conn.soap.convertLead(batch);
seen.phone = (await conn.sobject('Contact').retrieve(contactId)).Phone;
seen.tooMany = await refusal(conn.soap.convertLead(Array.from({ length: 101 }, () => ({ leadId: single, convertedStatus }))));

seen.userInfo = await conn.soap.getUserInfo();
seen.timestamp = await conn.soap.getServerTimestamp();
seen.overRest = await refusal(conn.requestPost(`/services/data/v${given.version}/actions/standard/convertLead`, { inputs: [] }));
seen.ended = await refusal(connection({ accessToken: '00Dx!ended' }).soap.convertLead({ leadId: single, convertedStatus }));
tell(seen);

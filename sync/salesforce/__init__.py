"""The one door to Salesforce: sessions, transport, and every call, in our own words."""

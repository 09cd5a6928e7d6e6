"""SOQL: text to syntax tree, tree to SQL over the store's tables, rows to Salesforce's answer shapes."""

"""The SOAP API of the mock org: envelopes, the partner operations, and records as XML."""

"""Protocols of the two sides: what the engine asks of a mailbox and of Salesforce. Imports domain only."""

"""LDAP on the wire: messages, filters, sessions and the server in front of the directory."""

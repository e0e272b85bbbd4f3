"""A directory spoken to by LDAP, always read-only. Only `connection` imports bonsai, when a source is opened."""

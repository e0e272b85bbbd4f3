"""The LDAP backend: read-only, pure filters, connections made safe."""

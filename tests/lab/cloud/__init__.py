"""Microsoft's side: the tenant, Graph over it, the token endpoint, and the HTTPS server of both."""

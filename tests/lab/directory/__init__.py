"""Active Directory as data: objects, security descriptors, searches and changes with their access checks."""

"""DNS: zones, queries, dynamic updates and the servers that answer for them."""

"""Tables in PostgreSQL, shared by the stores that use them. Only `tables` can be imported without psycopg."""

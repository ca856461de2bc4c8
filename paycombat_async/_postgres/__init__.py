"""Tables in PostgreSQL, which several stores use. Only `tables` and `scripts` can be imported without psycopg."""

"""The PostgreSQL code that intents stores, webhook inboxes, journals and limiters share.

Only the modules `tables` and `scripts` can be imported without psycopg.
"""

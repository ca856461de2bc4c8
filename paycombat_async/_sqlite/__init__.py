"""The SQLite files of stores and inboxes."""

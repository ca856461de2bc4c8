"""Inboxes store each webhook once, and give it to one worker at a time until the work for it is done."""

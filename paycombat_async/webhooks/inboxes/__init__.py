"""Inboxes: they keep each webhook once, and give it to one worker at a time until its work is done."""

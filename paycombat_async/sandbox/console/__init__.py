"""The console: a web page on which a person watches and controls a running sandbox."""

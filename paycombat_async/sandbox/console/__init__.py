"""The console: a page in the browser that shows and steers a running sandbox by its control interface."""

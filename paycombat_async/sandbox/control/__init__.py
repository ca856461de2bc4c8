"""The control interface under `/_sandbox/`: another process sees and steers a running sandbox by HTTP and JSON."""

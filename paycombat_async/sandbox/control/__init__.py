"""The control interface: HTTP paths under `/_sandbox/` with which another process watches and controls the sandbox."""

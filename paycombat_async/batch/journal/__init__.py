"""The journal: a file that records the state of each row, so that a later run can resume after a crash."""

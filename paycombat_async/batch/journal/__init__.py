"""The journal of a run, from which a later run resumes after a crash."""

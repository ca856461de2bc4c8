"""One run over all rows: who sends, how fast, what is noted, and when to give up."""

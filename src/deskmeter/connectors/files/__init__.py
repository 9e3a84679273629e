"""Turns any file into raw rows: `sniff` says what a file is, `read_rows` reads it, `read_known` reads what was sniffed."""

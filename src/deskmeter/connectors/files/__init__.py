"""Turns any file into raw rows: `sniff` tells what a file is, `read_rows` reads it (both in `read`)."""

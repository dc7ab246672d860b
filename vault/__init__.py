"""What we know: files taken in, facts kept, snapshots as of a day; the only room with SQL."""

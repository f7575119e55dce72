"""From snapshots to stored readings: which probe measures what, when, traced once, packed on the device, read by the host."""

"""What pages and reports show, read from the stores: plain values, no markup."""

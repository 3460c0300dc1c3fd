"""What people see: views over the stores, the live page, reports, the demonstration."""

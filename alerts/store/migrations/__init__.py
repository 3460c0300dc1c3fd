"""The steps that bring an incident store up to date, one file each."""

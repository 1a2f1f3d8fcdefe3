"""An Exchange organization: its state, and the cmdlets that read and change it."""

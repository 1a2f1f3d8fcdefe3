"""An Entra Connect server: its state, and the cmdlets of ADSync and AdSyncConfig."""

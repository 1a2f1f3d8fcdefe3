"""PowerShell as the endpoints share it: objects, parameter binding, conversion of arguments, a few built-in cmdlets."""

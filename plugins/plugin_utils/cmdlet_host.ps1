# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The far end of the transport "winrm": runs cmdlets for the control node, one request after another. The protocol is
# described in docs/connection.md. Works with Windows PowerShell 4.0 (Exchange 2013 on Windows Server 2012 R2) and newer.
#
# Nothing that arrives is evaluated: a request names cmdlets or functions, and values are bound to their parameters.

# How cmdlets behave in a session that nobody looks at; the defaults of powershell.exe otherwise.
$ErrorActionPreference = 'Continue'
$ProgressPreference = 'SilentlyContinue'

# Straight to the pipe, because the host's own writer is shared with whatever cmdlets print.
$HostOutput = New-Object -TypeName System.IO.StreamWriter -ArgumentList ([Console]::OpenStandardOutput())
$HostOutput.AutoFlush = $true

function Write-HostRecord {
    # One JSON text of a sequence (RFC 7464), in ASCII, so that no code page on the way matters.
    param([hashtable] $Record)

    $json = ConvertTo-Json -InputObject $Record -Compress -Depth 4
    $ascii = [regex]::Replace($json, '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int][char]$match.Value })
    $HostOutput.Write([char]0x1e + $ascii + "`n")
}

function Write-HostObject {
    # As remoting sends it: depth 1, what is nested as its text.
    param([long] $Id, $Value)

    Write-HostRecord -Record @{ id = $Id; object = [System.Management.Automation.PSSerializer]::Serialize($Value) }
}

function Write-HostError {
    param([long] $Id, [System.Management.Automation.ErrorRecord] $ErrorRecord)

    $message = $ErrorRecord.Exception.Message
    if ($ErrorRecord.ErrorDetails -and $ErrorRecord.ErrorDetails.Message) {
        $message = $ErrorRecord.ErrorDetails.Message
    }
    $detail = @{
        message                  = "$message"
        fully_qualified_error_id = "$($ErrorRecord.FullyQualifiedErrorId)"
        category                 = "$($ErrorRecord.CategoryInfo.Category)"
        exception                = "$($ErrorRecord.CategoryInfo.Reason)"
        target                   = "$($ErrorRecord.CategoryInfo.TargetName)"
        activity                 = "$($ErrorRecord.CategoryInfo.Activity)"
    }
    Write-HostRecord -Record @{ id = $Id; error = $detail }
}

function ConvertTo-HostSecret {
    param([string] $Text)

    $secret = New-Object -TypeName System.Security.SecureString
    foreach ($character in $Text.ToCharArray()) {
        $secret.AppendChar($character)
    }
    $secret.MakeReadOnly()
    return $secret
}

function ConvertFrom-HostValue {
    # Texts begin with "=", so that no reader of JSON takes one for a date; what is not JSON's own is an object of one member
    # that says its type.
    param($Value)

    if ($null -eq $Value) {
        return $null
    }
    if ($Value -is [string]) {
        return $Value.Substring(1)
    }
    if ($Value -is [ValueType]) {
        return $Value
    }
    if ($Value -is [array]) {
        $list = New-Object -TypeName System.Collections.ArrayList
        foreach ($item in $Value) {
            [void]$list.Add((ConvertFrom-HostValue -Value $item))
        }
        return , $list.ToArray()
    }
    $member = @($Value.PSObject.Properties)[0]
    if ($member.Name -eq 'hashtable') {
        $table = @{}
        foreach ($entry in $member.Value.PSObject.Properties) {
            $table[$entry.Name] = ConvertFrom-HostValue -Value $entry.Value
        }
        return $table
    }
    if ($member.Name -eq 'secret') {
        return ConvertTo-HostSecret -Text (ConvertFrom-HostValue -Value $member.Value)
    }
    if ($member.Name -eq 'credential') {
        $user = ConvertFrom-HostValue -Value $member.Value.username
        $password = ConvertTo-HostSecret -Text (ConvertFrom-HostValue -Value $member.Value.password)
        return New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList $user, $password
    }
    throw "cmdlet_host: unknown type of value '$($member.Name)'"
}

function Get-HostCommand {
    # A cmdlet or function by its whole name: no wildcard, path, alias or script.
    param([string] $Name)

    $command = $null
    if ($Name -match '\A[A-Za-z]+-[A-Za-z0-9]+\z' -and $Name -ne 'Invoke-Expression') {
        $types = [System.Management.Automation.CommandTypes]'Cmdlet, Function'
        $command = $ExecutionContext.InvokeCommand.GetCommand($Name, $types)
    }
    if ($null -eq $command) {
        $exception = New-Object -TypeName System.Management.Automation.CommandNotFoundException -ArgumentList (
            "The term '$Name' is not recognized as the name of a cmdlet or function.")
        throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList (
                $exception, 'CommandNotFoundException', 'ObjectNotFound', $Name))
    }
    return $command
}

function Invoke-HostPipeline {
    # Each cmdlet is fed what the one before has written. Errors and warnings are written as they come.
    param([long] $Id, [array] $Pipeline)

    $calls = New-Object -TypeName System.Collections.ArrayList
    foreach ($stage in $Pipeline) {
        $parameters = @{}
        foreach ($entry in $stage.parameters.PSObject.Properties) {
            $parameters[$entry.Name] = ConvertFrom-HostValue -Value $entry.Value
        }
        [void]$calls.Add(@{ Command = (Get-HostCommand -Name $stage.cmdlet); Parameters = $parameters })
    }
    $objects = $null
    for ($number = 0; $number -lt $calls.Count; $number++) {
        $command = $calls[$number].Command
        $parameters = $calls[$number].Parameters
        $last = $number -eq $calls.Count - 1
        $written = New-Object -TypeName System.Collections.ArrayList
        $sort = {
            if ($_ -is [System.Management.Automation.ErrorRecord]) {
                Write-HostError -Id $Id -ErrorRecord $_
            } elseif ($_ -is [System.Management.Automation.WarningRecord]) {
                Write-HostRecord -Record @{ id = $Id; warning = "$($_.Message)" }
            } elseif ($last) {
                Write-HostObject -Id $Id -Value $_
            } else {
                [void]$written.Add($_)
            }
        }
        if ($number -eq 0) {
            & $command @parameters 2>&1 3>&1 | ForEach-Object -Process $sort
        } else {
            $objects | & $command @parameters 2>&1 3>&1 | ForEach-Object -Process $sort
        }
        $objects = $written
    }
}

# The first line says what to load. Dot-sourced here, because the Exchange Management Shell defines its functions where it
# is loaded.
$HostLoadError = ''
try {
    $HostStart = ConvertFrom-Json -InputObject ([Console]::In.ReadLine())
    if ($HostStart.load -eq 'exchange') {
        if (-not $env:ExchangeInstallPath) {
            throw 'the Exchange management tools are not installed on this server'
        }
        . (Join-Path -Path $env:ExchangeInstallPath -ChildPath 'bin\RemoteExchange.ps1') *> $null
        Connect-ExchangeServer -auto -ClientApplication:ManagementShell *> $null
        if (-not (Get-Command -Name Get-ExchangeServer -ErrorAction SilentlyContinue)) {
            throw 'the Exchange Management Shell did not connect; the account needs a role, and a logon that can be passed on'
        }
    }
} catch {
    $HostLoadError = "$($_.Exception.Message)"
}
Write-HostRecord -Record @{ ready = "$($PSVersionTable.PSVersion)"; language_mode = "$($ExecutionContext.SessionState.LanguageMode)"; problem = $HostLoadError }

while ($null -ne ($HostLine = [Console]::In.ReadLine())) {
    $HostRequest = ConvertFrom-Json -InputObject $HostLine
    $HostLine = $null
    try {
        Invoke-HostPipeline -Id $HostRequest.id -Pipeline $HostRequest.pipeline
    } catch {
        Write-HostError -Id $HostRequest.id -ErrorRecord $_
    }
    Write-HostRecord -Record @{ id = $HostRequest.id; done = $true }
    # Secrets of the request are not kept longer than it.
    $HostRequest = $null
}

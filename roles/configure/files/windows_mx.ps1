# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes the MX records of one name exactly those given; none: takes them away. Run by ansible.windows.win_powershell.
# Cmdlets: "DnsServer" module reference, Get-DnsServerResourceRecord, Add-DnsServerResourceRecordMX, Remove-DnsServerResourceRecord.
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [string] $Zone,
    [Parameter(Mandatory)] [string] $Name,
    [Parameter(Mandatory)] [int] $Ttl,
    # Each "<preference> <host>."
    [AllowEmptyCollection()] [string[]] $Records = @()
)

$Ansible.Changed = $false
$lifetime = New-TimeSpan -Seconds $Ttl
$found = @(Get-DnsServerResourceRecord -ZoneName $Zone -Name $Name -RRType Mx -Node -ErrorAction SilentlyContinue)
$right = @()
$stale = @()
foreach ($record in $found) {
    $text = '{0} {1}' -f $record.RecordData.Preference, $record.RecordData.MailExchange
    if ($Records -contains $text -and $record.TimeToLive -eq $lifetime) { $right += $text } else { $stale += $record }
}

# Stale ones first: the server does not take the same host twice, only with another time to live.
foreach ($record in $stale) {
    $Ansible.Changed = $true
    if ($PSCmdlet.ShouldProcess($Name, 'Remove MX')) {
        Remove-DnsServerResourceRecord -ZoneName $Zone -InputObject $record -Force
    }
}
foreach ($text in $Records) {
    if ($right -contains $text) { continue }
    $preference, $mailExchange = $text -split ' ', 2
    $Ansible.Changed = $true
    if ($PSCmdlet.ShouldProcess($Name, "Add MX $text")) {
        Add-DnsServerResourceRecordMX -ZoneName $Zone -Name $Name -MailExchange $mailExchange -Preference $preference -TimeToLive $lifetime
    }
}

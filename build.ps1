#!/usr/bin/env pwsh
# All build logic is MSBuild's; this only spares its command lines.
[CmdletBinding()]
param (
    [ValidateSet('Build', 'Test', 'Pack', 'Clean')]
    [string] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$solution = Join-Path $PSScriptRoot 'Sealer.PowerShell.sln'
switch ($Task) {
    'Build' { dotnet build $solution -c $Configuration -nologo }
    'Test' { dotnet msbuild (Join-Path $PSScriptRoot 'tests' 'Tests.proj') -nologo }
    'Pack' { dotnet pack $solution -c $Configuration -nologo }
    'Clean' { dotnet clean $solution -c $Configuration -nologo }
}
exit $LASTEXITCODE

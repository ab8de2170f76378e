# Runs the suite against the built module; Tests.proj calls it.
[CmdletBinding()]
param (
    # Where the results go, in NUnit's format.
    [string] $ResultPath
)

$ErrorActionPreference = 'Stop'
Import-Module Pester -MinimumVersion 5.0
$env:SEALER_HOME = Join-Path ([System.IO.Path]::GetTempPath()) "sealer-pester-$PID"
try {
    $configuration = New-PesterConfiguration
    $configuration.Run.Path = $PSScriptRoot
    $configuration.Run.PassThru = $true
    $configuration.Output.Verbosity = 'Normal'
    if ($ResultPath) {
        $null = New-Item -ItemType Directory -Force -Path (Split-Path $ResultPath)
        $configuration.TestResult.Enabled = $true
        $configuration.TestResult.OutputFormat = 'NUnitXml'
        $configuration.TestResult.OutputPath = $ResultPath
    }
    $result = Invoke-Pester -Configuration $configuration
}
finally {
    Remove-Item $env:SEALER_HOME -Recurse -Force -ErrorAction Ignore
}
exit [int]($result.Result -ne 'Passed')

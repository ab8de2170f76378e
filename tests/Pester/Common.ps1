# The newest module that the build has made.
$script:Root = Resolve-Path (Join-Path $PSScriptRoot '..' '..')
$script:Manifest = Get-ChildItem (Join-Path $Root 'output' 'Sealer' '*' 'Sealer.psd1') |
    Sort-Object LastWriteTime | Select-Object -Last 1 -ExpandProperty FullName
if (-not $Manifest) { throw "There is no built module below '$Root/output'. Run dotnet build first." }
Import-Module $Manifest

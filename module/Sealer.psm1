# Imports the cmdlets out of a load context of their own, so that the module's assemblies never meet other modules' copies.

$folder = [System.IO.Path]::Combine($PSScriptRoot, 'bin', 'net8.0')
try {
    $null = [System.Reflection.Assembly]::LoadFrom([System.IO.Path]::Combine($folder, 'Sealer.Loader.dll'))
}
catch [System.IO.FileLoadException] {
    throw "This session has another version of Sealer loaded. Start a new PowerShell to use the one in '$PSScriptRoot'."
}
$cmdlets = [Sealer.Loader.SealerModule]::Import($folder, [runspace]::DefaultRunspace)
$others = Get-Module
$inner = Import-Module -Assembly $cmdlets -PassThru

# PowerShell exports nothing of an assembly that it imports a second time: Import-Module -Force, and importing again after
# Remove-Module, would leave the module empty (PowerShell issue 20710). So the cmdlets are added by hand.
$internal = [System.Reflection.BindingFlags]'Instance, Public, NonPublic'
$add = [System.Management.Automation.PSModuleInfo].GetMethod('AddExportedCmdlet', $internal)
foreach ($cmdlet in $inner.ExportedCmdlets.Values) {
    $null = $add.Invoke($ExecutionContext.SessionState.Module, @(, $cmdlet))
}

$ExecutionContext.SessionState.Module.OnRemove = { [Sealer.Loader.SealerModule]::Remove([runspace]::DefaultRunspace) }

# Commands of one name: a cmdlet of ours hides another module's cmdlet, another module's function or alias hides ours.
$clashes = foreach ($other in $others) {
    if ($other.Name -eq 'Sealer') { continue }
    foreach ($name in $inner.ExportedCmdlets.Keys) {
        $command = $other.ExportedCommands[$name]
        if ($command -is [System.Management.Automation.CmdletInfo]) { "$name hides $($other.Name)\$name." }
        elseif ($command) { "$name is hidden by $($other.Name)\$name; call Sealer\$name." }
    }
}
if ($clashes) {
    # With -Prefix or -NoClobber nothing is hidden. Only the running Import-Module knows, and only its internals say so.
    $import = try {
        $context = $ExecutionContext.GetType().GetField('_context', $internal).GetValue($ExecutionContext)
        $running = $context.GetType().GetProperty('CurrentCommandProcessor', $internal).GetValue($context)
        $running.GetType().GetProperty('Command', $internal).GetValue($running)
    }
    catch { $null }
    if (-not $import.Prefix -and -not $import.NoClobber) {
        # Write-Warning is not part of the engine alone, and hosts without the rest of PowerShell run this too.
        & {
            [CmdletBinding()] param ($message)
            $PSCmdlet.WriteWarning($message)
        } "$clashes Import Sealer with -Prefix to have both by a name of their own."
    }
}

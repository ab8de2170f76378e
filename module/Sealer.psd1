@{
    RootModule             = 'Sealer.psm1'
    # The build writes the version of Directory.Build.props here.
    ModuleVersion          = '0.0.0'
    GUID                   = '899a77f9-bbe7-42e7-850f-391912fdc00f'
    Author                 = 'Sealer contributors'
    CompanyName            = 'Sealer contributors'
    Copyright              = 'Copyright Sealer contributors. Apache License 2.0.'
    Description            = 'Packs Kubernetes, applications and every container image they need into one OCI image, ships it by registry or by file, verifies it, and makes a cluster of bare Linux hosts with it, by a plan. Reads and writes the formats of CNCF sealer.'
    PowerShellVersion      = '7.4'
    CompatiblePSEditions   = @('Core')
    FormatsToProcess       = @('Sealer.Format.ps1xml')
    TypesToProcess         = @('Sealer.Types.ps1xml')
    # The build fails where this list and the cmdlets differ.
    CmdletsToExport        = @(
        'Get-Cluster'
        'Get-ClusterCert'
        'Update-ClusterCert'
        'Test-Cluster'
        'Invoke-ClusterApply'
        'New-Cluster'
        'Remove-Cluster'
        'Get-ClusterHost'
        'Get-Clusterfile'
        'New-Clusterfile'
        'Test-Clusterfile'
        'Test-ClusterHost'
        'Invoke-ClusterCommand'
        'Copy-ClusterItem'
        'Add-ClusterHostAlias'
        'Remove-ClusterHostAlias'
        'Get-ClusterLab'
        'New-ClusterLab'
        'Remove-ClusterLab'
        'New-ClusterBaseImage'
        'Build-ClusterImage'
        'Compare-ClusterImage'
        'Copy-ClusterImage'
        'Dismount-ClusterImage'
        'Export-ClusterImage'
        'Find-ClusterImage'
        'Get-ClusterImage'
        'Import-ClusterImage'
        'Merge-ClusterImage'
        'Mount-ClusterImage'
        'Publish-ClusterImage'
        'Receive-ClusterImage'
        'Remove-ClusterImage'
        'Test-ClusterImage'
        'New-ClusterImageIndex'
        'Optimize-ClusterImageStore'
        'Add-ClusterNode'
        'Get-ClusterNode'
        'Remove-ClusterNode'
        'Export-ClusterPlan'
        'Get-ClusterPlan'
        'Import-ClusterPlan'
        'Invoke-ClusterPlan'
        'Connect-ClusterRegistry'
        'Disconnect-ClusterRegistry'
    )
    FunctionsToExport      = @()
    VariablesToExport      = @()
    AliasesToExport        = @()
    PrivateData            = @{
        PSData = @{
            Tags         = @('Kubernetes', 'OCI', 'Container', 'Image', 'Offline', 'AirGap', 'Sealer', 'PSEdition_Core', 'Linux', 'MacOS', 'Windows')
            LicenseUri   = 'https://www.apache.org/licenses/LICENSE-2.0'
        }
    }
}

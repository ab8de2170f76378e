using System.Management.Automation;
using Sealer.Registries;

namespace Sealer.PowerShell;

/// <summary>Forgets user name and password of registries (sealer logout).</summary>
/// <remarks>
/// <para>Forgets what Connect-ClusterRegistry has kept. What Docker and podman know stays theirs.</para>
/// </remarks>
/// <example>
/// <code>Disconnect-ClusterRegistry registry.example.com</code>
/// Forgets one registry.
/// </example>
/// <returns>Nothing; with -PassThru the registries that were forgotten.</returns>
/// <seealso cref="ConnectClusterRegistry"/>
[Cmdlet(VerbsCommunications.Disconnect, "ClusterRegistry", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class DisconnectClusterRegistry : ImageCmdlet
{
    /// <summary>Registries as they were connected: <c>host</c> or <c>host:port</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Registry { get; set; } = [];

    /// <summary>Returns the registries that were forgotten.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override Task ProcessAsync(CancellationToken cancellationToken) => ForEachAsync(
        Registry,
        async registry =>
        {
            if (!await ShouldProcessAsync(registry, "Forget credentials"))
                return;
            var credentials = CredentialStore.Open(SealerHome.FromEnvironment(), Engine);
            if (!await credentials.RemoveAsync(registry, cancellationToken))
            {
                throw new SealerException(
                    "NotConnected", ErrorKind.NotFound, $"No user name is kept for {registry}. Name the registry as it was connected.", registry);
            }

            if (PassThru)
                await WriteAsync(registry);
        },
        cancellationToken);
}

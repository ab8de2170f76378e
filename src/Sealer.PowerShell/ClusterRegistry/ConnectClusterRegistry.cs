using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>Tries user name and password on a registry and keeps them for later commands (sealer login).</summary>
/// <remarks>
/// <para>
/// They are kept in auth.json in $env:SEALER_HOME, which only its owner can read, or in the credential helper that the file
/// names. What Docker and podman know is used too, and not touched.
/// </para>
/// <para>Nothing is kept where the registry refuses them.</para>
/// </remarks>
/// <example>
/// <code>Connect-ClusterRegistry registry.example.com -Credential robot</code>
/// Asks for the password of the user robot.
/// </example>
/// <example>
/// <code pwsh="true">
/// $password = ConvertTo-SecureString $env:REGISTRY_TOKEN -AsPlainText -Force
/// Connect-ClusterRegistry registry.example.com -Credential ([pscredential]::new('robot', $password))
/// </code>
/// In a pipeline of Azure DevOps or Jenkins, with the token in a secret variable.
/// </example>
/// <returns>Nothing; with -PassThru the registry, the user, and whether the registry has verified them.</returns>
/// <seealso cref="DisconnectClusterRegistry"/>
[Cmdlet(VerbsCommunications.Connect, "ClusterRegistry", SupportsShouldProcess = true)]
[OutputType(typeof(ClusterRegistryLogin))]
public sealed class ConnectClusterRegistry : RegistryCmdlet
{
    /// <summary>The registry: <c>host</c> or <c>host:port</c>, as in the names of its images.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    [ValidateNotNullOrEmpty]
    public string Registry { get; set; } = "";

    /// <summary>Returns what was connected.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (!await ShouldProcessAsync(Registry, "Try user name and password and keep them"))
            return;
        var given = await OnPipeline(() => Credential is null || Credential == PSCredential.Empty
            ? Host.UI.PromptForCredential($"Log on to {Registry}", "User name and password, or an access token in its place.", "", Registry)
            : Credential);
        if (given is null)
            throw new SealerException("NoCredential", ErrorKind.Authentication, $"No user name was given for {Registry}. Give -Credential.", Registry);
        var secret = Secret.Of(given.GetNetworkCredential().Password);
        var isVerified = await Registries.Login(Registry).LoginAsync(Registry, given.UserName, secret, cancellationToken);
        if (!isVerified)
            await WarnAsync($"{Registry} lets everybody in, so that the password of '{given.UserName}' could not be tried. It is kept all the same.");
        if (PassThru)
            await WriteAsync(new ClusterRegistryLogin(Registry, given.UserName, isVerified));
    }
}
